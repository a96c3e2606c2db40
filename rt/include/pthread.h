/* SPDX-License-Identifier: MIT
 *
 * POSIX threads: each is an executor with a stack, thread-local storage and what is
 * declared here.  rt/doc/threads.md lists what is supported and what is refused, and with
 * which error; mutexes, condition variables and their like are in <hartleaf/posix_sync.h>.
 *
 * Executors made by <hartleaf/exec.h>, and main's, are threads as well: all of this may be
 * used in them, and pthread_self() there is what others join.
 */
#ifndef HARTLEAF_PTHREAD_H
#define HARTLEAF_PTHREAD_H

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#define __HL_NORETURN [[noreturn]]
#else
#define __HL_NORETURN _Noreturn
#endif

/* POSIX has them in <limits.h>, too. */
#ifndef PTHREAD_KEYS_MAX
#define PTHREAD_KEYS_MAX 128
#endif
#ifndef PTHREAD_DESTRUCTOR_ITERATIONS
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#endif
#ifndef PTHREAD_STACK_MIN
#define PTHREAD_STACK_MIN 8192
#endif

struct rt_thread;
typedef struct rt_thread *pthread_t;
typedef unsigned pthread_key_t;

typedef struct {
	unsigned __magic; /* of one that has been initialised */
	int __detached;
	int __inherit;
	size_t __guard_size;
	size_t __stack_size;
	void *__stack; /* NULL: made for the thread */
	cpu_set_t __harts;
} pthread_attr_t;

#define PTHREAD_CREATE_JOINABLE 0
#define PTHREAD_CREATE_DETACHED 1

#define PTHREAD_SCOPE_SYSTEM  0
#define PTHREAD_SCOPE_PROCESS 1

#define PTHREAD_INHERIT_SCHED  0
#define PTHREAD_EXPLICIT_SCHED 1

#define PTHREAD_CANCEL_ENABLE       0
#define PTHREAD_CANCEL_DISABLE      1
#define PTHREAD_CANCEL_DEFERRED     0
#define PTHREAD_CANCEL_ASYNCHRONOUS 1
#define PTHREAD_CANCELED            ((void *)-1)

int pthread_create(pthread_t *thread, const pthread_attr_t *__restrict attr, void *(*start)(void *),
		   void *arg);
int pthread_join(pthread_t thread, void **value);
int pthread_tryjoin_np(pthread_t thread, void **value);
/* until then, by CLOCK_REALTIME or the clock that is named */
int pthread_timedjoin_np(pthread_t thread, void **value, const struct timespec *until);
int pthread_clockjoin_np(pthread_t thread, void **value, clockid_t clock,
			 const struct timespec *until);
int pthread_detach(pthread_t thread);
__HL_NORETURN void pthread_exit(void *value);
pthread_t pthread_self(void);
int pthread_equal(pthread_t a, pthread_t b);

int pthread_attr_init(pthread_attr_t *attr);
int pthread_attr_destroy(pthread_attr_t *attr);
int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state);
int pthread_attr_setdetachstate(pthread_attr_t *attr, int state);
int pthread_attr_getguardsize(const pthread_attr_t *__restrict attr, size_t *__restrict size);
int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size);
int pthread_attr_getstack(const pthread_attr_t *__restrict attr, void **__restrict stack,
			  size_t *__restrict size);
int pthread_attr_setstack(pthread_attr_t *attr, void *stack, size_t size);
int pthread_attr_getstacksize(const pthread_attr_t *__restrict attr, size_t *__restrict size);
int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size);
int pthread_attr_getscope(const pthread_attr_t *__restrict attr, int *__restrict scope);
int pthread_attr_setscope(pthread_attr_t *attr, int scope);
int pthread_attr_getinheritsched(const pthread_attr_t *__restrict attr, int *__restrict inherit);
int pthread_attr_setinheritsched(pthread_attr_t *attr, int inherit);
int pthread_attr_getschedpolicy(const pthread_attr_t *__restrict attr, int *__restrict policy);
int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy);
int pthread_attr_getschedparam(const pthread_attr_t *__restrict attr,
			       struct sched_param *__restrict param);
int pthread_attr_setschedparam(pthread_attr_t *__restrict attr,
			       const struct sched_param *__restrict param);
int pthread_attr_getaffinity_np(const pthread_attr_t *attr, size_t size, cpu_set_t *set);
int pthread_attr_setaffinity_np(pthread_attr_t *attr, size_t size, const cpu_set_t *set);
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr);

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *));
int pthread_key_delete(pthread_key_t key);
void *pthread_getspecific(pthread_key_t key);
int pthread_setspecific(pthread_key_t key, const void *value);

int pthread_cancel(pthread_t thread);
int pthread_setcancelstate(int state, int *old);
int pthread_setcanceltype(int type, int *old);
void pthread_testcancel(void);

struct __hl_cleanup {
	struct __hl_cleanup *__outer;
	void (*__routine)(void *);
	void *__arg;
};

void __hl_cleanup_push(struct __hl_cleanup *node, void (*routine)(void *), void *arg);
void __hl_cleanup_pop(struct __hl_cleanup *node, int execute);

/* Both in one block. */
/* clang-format off */
#define pthread_cleanup_push(routine, arg)                                                         \
	do {                                                                                       \
		struct __hl_cleanup __hl_node;                                                     \
		__hl_cleanup_push(&__hl_node, routine, arg)
#define pthread_cleanup_pop(execute)                                                               \
		__hl_cleanup_pop(&__hl_node, execute);                                             \
	} while (0)
/* clang-format on */

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int pthread_setname_np(pthread_t thread, const char *name);
int pthread_getname_np(pthread_t thread, char *name, size_t size);
int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set);
int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set);
int pthread_getschedparam(pthread_t thread, int *__restrict policy,
			  struct sched_param *__restrict param);
int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param);
int pthread_setschedprio(pthread_t thread, int priority);
int pthread_getconcurrency(void);
int pthread_setconcurrency(int level);
int pthread_getcpuclockid(pthread_t thread, clockid_t *clock);
int pthread_kill(pthread_t thread, int signal);
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old);

#ifdef __cplusplus
}
#endif

#include <hartleaf/posix_sync.h>

#endif

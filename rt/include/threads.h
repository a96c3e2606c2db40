/* SPDX-License-Identifier: MIT
 *
 * C11 threads: those of <pthread.h> under other names, so both may be used in one program.
 * mtx_*, cnd_* and call_once are in <hartleaf/c11_sync.h>.
 */
#ifndef HARTLEAF_THREADS_H
#define HARTLEAF_THREADS_H

#include <time.h>

#ifdef __cplusplus
extern "C" {
#define __HL_THRD_NORETURN [[noreturn]]
#else
#define __HL_THRD_NORETURN _Noreturn
#if __STDC_VERSION__ < 202311L && !defined(thread_local)
#define thread_local _Thread_local
#endif
#endif

struct rt_thread;
typedef struct rt_thread *thrd_t;
typedef int (*thrd_start_t)(void *);
typedef unsigned tss_t;
typedef void (*tss_dtor_t)(void *);

enum {
	thrd_success,
	thrd_busy,
	thrd_error,
	thrd_nomem,
	thrd_timedout,
};

#define TSS_DTOR_ITERATIONS 4

int thrd_create(thrd_t *thread, thrd_start_t start, void *arg);
int thrd_equal(thrd_t a, thrd_t b);
thrd_t thrd_current(void);
/* 0; -1: woken before the time (doesn't happen here); else another negative number */
int thrd_sleep(const struct timespec *duration, struct timespec *remaining);
void thrd_yield(void);
__HL_THRD_NORETURN void thrd_exit(int result);
int thrd_detach(thrd_t thread);
int thrd_join(thrd_t thread, int *result);

int tss_create(tss_t *key, tss_dtor_t destructor);
void *tss_get(tss_t key);
int tss_set(tss_t key, void *value);
void tss_delete(tss_t key);

#ifdef __cplusplus
}
#endif

#include <hartleaf/c11_sync.h>

#endif

/* SPDX-License-Identifier: MIT
 *
 * Of pthread.h: mutex, condition variable, read-write lock, barrier, spin lock, once.
 * doc/sync.md says what is supported and what is refused.
 *
 * Uncontended, pthread_mutex_lock and unlock of a mutex of the default type are inline,
 * without a call.
 */
#ifndef HARTLEAF_POSIX_SYNC_H
#define HARTLEAF_POSIX_SYNC_H

#include <sys/types.h>
#include <time.h>

#include <hartleaf/atomic.h>
#include <hartleaf/sync_types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hl_pmutex pthread_mutex_t;
typedef struct hl_pcond pthread_cond_t;
typedef struct hl_once pthread_once_t;
typedef struct hl_rwlock pthread_rwlock_t;
typedef struct hl_barrier pthread_barrier_t;
typedef struct hl_spin pthread_spinlock_t;

typedef struct {
	unsigned kind; /* HL_PMUTEX_* */
	unsigned valid;
} pthread_mutexattr_t;

typedef struct {
	clockid_t clock;
	unsigned valid;
} pthread_condattr_t;

typedef struct {
	unsigned valid;
} pthread_rwlockattr_t;

typedef struct {
	unsigned valid;
} pthread_barrierattr_t;

#define PTHREAD_PROCESS_PRIVATE 0
#define PTHREAD_PROCESS_SHARED  1 /* refused: ENOTSUP */

#define PTHREAD_MUTEX_NORMAL     HL_PMUTEX_NORMAL
#define PTHREAD_MUTEX_RECURSIVE  HL_PMUTEX_RECURSIVE
#define PTHREAD_MUTEX_ERRORCHECK HL_PMUTEX_ERRORCHECK
#define PTHREAD_MUTEX_DEFAULT    PTHREAD_MUTEX_NORMAL

#define PTHREAD_MUTEX_STALLED 0
#define PTHREAD_MUTEX_ROBUST  1

#define PTHREAD_PRIO_NONE    0
#define PTHREAD_PRIO_INHERIT 1 /* refused: ENOTSUP */
#define PTHREAD_PRIO_PROTECT 2 /* refused: ENOTSUP */

#define PTHREAD_BARRIER_SERIAL_THREAD (-1)

/* clang-format off */
#define PTHREAD_MUTEX_INITIALIZER  { .kind = PTHREAD_MUTEX_DEFAULT }
#define PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP  { .kind = PTHREAD_MUTEX_RECURSIVE }
#define PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP { .kind = PTHREAD_MUTEX_ERRORCHECK }
#define PTHREAD_COND_INITIALIZER   { .clock = 0 }
#define PTHREAD_RWLOCK_INITIALIZER { .word = 0 }
#define PTHREAD_ONCE_INIT          { .done = 0 }
/* clang-format on */

int pthread_mutexattr_init(pthread_mutexattr_t *attr);
int pthread_mutexattr_destroy(pthread_mutexattr_t *attr);
int pthread_mutexattr_gettype(const pthread_mutexattr_t *__restrict attr, int *__restrict type);
int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type);
int pthread_mutexattr_getrobust(const pthread_mutexattr_t *__restrict attr, int *__restrict robust);
int pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust);
int pthread_mutexattr_getpshared(const pthread_mutexattr_t *__restrict attr,
				 int *__restrict pshared);
int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int pshared);
int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *__restrict attr,
				  int *__restrict protocol);
int pthread_mutexattr_setprotocol(pthread_mutexattr_t *attr, int protocol);

int pthread_mutex_init(pthread_mutex_t *__restrict m, const pthread_mutexattr_t *__restrict attr);
int pthread_mutex_destroy(pthread_mutex_t *m);
int pthread_mutex_lock(pthread_mutex_t *m);
int pthread_mutex_trylock(pthread_mutex_t *m);
int pthread_mutex_timedlock(pthread_mutex_t *__restrict m,
			    const struct timespec *__restrict abstime);
int pthread_mutex_clocklock(pthread_mutex_t *__restrict m, clockid_t clock,
			    const struct timespec *__restrict abstime);
int pthread_mutex_unlock(pthread_mutex_t *m);
int pthread_mutex_consistent(pthread_mutex_t *m);

int pthread_condattr_init(pthread_condattr_t *attr);
int pthread_condattr_destroy(pthread_condattr_t *attr);
int pthread_condattr_getclock(const pthread_condattr_t *__restrict attr,
			      clockid_t *__restrict clock);
int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock);
int pthread_condattr_getpshared(const pthread_condattr_t *__restrict attr, int *__restrict pshared);
int pthread_condattr_setpshared(pthread_condattr_t *attr, int pshared);

int pthread_cond_init(pthread_cond_t *__restrict c, const pthread_condattr_t *__restrict attr);
int pthread_cond_destroy(pthread_cond_t *c);
int pthread_cond_wait(pthread_cond_t *__restrict c, pthread_mutex_t *__restrict m);
int pthread_cond_timedwait(pthread_cond_t *__restrict c, pthread_mutex_t *__restrict m,
			   const struct timespec *__restrict abstime);
int pthread_cond_clockwait(pthread_cond_t *__restrict c, pthread_mutex_t *__restrict m,
			   clockid_t clock, const struct timespec *__restrict abstime);
int pthread_cond_signal(pthread_cond_t *c);
int pthread_cond_broadcast(pthread_cond_t *c);

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr);
int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr);
int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *__restrict attr,
				  int *__restrict pshared);
int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attr, int pshared);

int pthread_rwlock_init(pthread_rwlock_t *__restrict l,
			const pthread_rwlockattr_t *__restrict attr);
int pthread_rwlock_destroy(pthread_rwlock_t *l);
int pthread_rwlock_rdlock(pthread_rwlock_t *l);
int pthread_rwlock_tryrdlock(pthread_rwlock_t *l);
int pthread_rwlock_timedrdlock(pthread_rwlock_t *__restrict l,
			       const struct timespec *__restrict abstime);
int pthread_rwlock_clockrdlock(pthread_rwlock_t *__restrict l, clockid_t clock,
			       const struct timespec *__restrict abstime);
int pthread_rwlock_wrlock(pthread_rwlock_t *l);
int pthread_rwlock_trywrlock(pthread_rwlock_t *l);
int pthread_rwlock_timedwrlock(pthread_rwlock_t *__restrict l,
			       const struct timespec *__restrict abstime);
int pthread_rwlock_clockwrlock(pthread_rwlock_t *__restrict l, clockid_t clock,
			       const struct timespec *__restrict abstime);
int pthread_rwlock_unlock(pthread_rwlock_t *l);

int pthread_barrierattr_init(pthread_barrierattr_t *attr);
int pthread_barrierattr_destroy(pthread_barrierattr_t *attr);
int pthread_barrierattr_getpshared(const pthread_barrierattr_t *__restrict attr,
				   int *__restrict pshared);
int pthread_barrierattr_setpshared(pthread_barrierattr_t *attr, int pshared);

int pthread_barrier_init(pthread_barrier_t *__restrict b,
			 const pthread_barrierattr_t *__restrict attr, unsigned count);
int pthread_barrier_destroy(pthread_barrier_t *b);
int pthread_barrier_wait(pthread_barrier_t *b);

int pthread_spin_init(pthread_spinlock_t *s, int pshared);
int pthread_spin_destroy(pthread_spinlock_t *s);
int pthread_spin_lock(pthread_spinlock_t *s);
int pthread_spin_trylock(pthread_spinlock_t *s);
int pthread_spin_unlock(pthread_spinlock_t *s);

int pthread_once(pthread_once_t *once, void (*init)(void));

int hl_pmutex_lock(pthread_mutex_t *m);
int hl_pmutex_unlock(pthread_mutex_t *m);

/* GNU's inline, so that it is never the definition, in any standard: that one is in the
 * library.  HL_NO_INLINE: there, and who wants it. */
#if !defined(HL_NO_INLINE) && !defined(__cplusplus)
extern __inline__ __attribute__((__gnu_inline__)) int pthread_mutex_lock(pthread_mutex_t *m)
{
	uint64_t unheld = 0;

	/* acquire: pairs with the release in pthread_mutex_unlock and in mutex.c */
	if (m->kind == HL_PMUTEX_NORMAL && hl_cas_acquire(&m->lock.mutex.word, &unheld, 1))
		return 0;
	return hl_pmutex_lock(m);
}

extern __inline__ __attribute__((__gnu_inline__)) int pthread_mutex_unlock(pthread_mutex_t *m)
{
	uint64_t held = 1;

	if (m->kind == HL_PMUTEX_NORMAL && hl_cas_release(&m->lock.mutex.word, &held, 0))
		return 0;
	return hl_pmutex_unlock(m);
}
#endif

#ifdef __cplusplus
}
#endif

#endif

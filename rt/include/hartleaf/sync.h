/* SPDX-License-Identifier: MIT
 *
 * Mutex, condition variable and semaphore for the executors of one address
 * space.  All waiting is done in queues in user memory: a waiter puts a node that
 * lies on its stack into the queue and parks on a word of it; the kernel knows of
 * no queue.  Uncontended operations make no call.  A release wakes at most one
 * waiter.
 *
 * All zero is the initial state; there is nothing to destroy.  An object must not
 * go away while somebody waits on it, but may as soon as the last one has come
 * back from it.  Use needs hl_self(), so no bare executors.
 *
 * Deadlines are in ticks of hl_time(); <hartleaf/time.h> makes them.  A wait that has
 * one returns 0, or -HL_ETIMEDOUT when the time has come and nothing was given to
 * the waiter: what it was given is never lost, even if it came late.
 *
 * Ordering: unlock, post and signal release; lock and wait acquire.
 */
#ifndef HARTLEAF_SYNC_H
#define HARTLEAF_SYNC_H

#include <hartleaf/atomic.h>
#include <hartleaf/sync_types.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Not recursive.  Waiters are woken in order.  A running executor may get the mutex before
 * one that was woken for it and is not running yet; a waiter that has found it
 * taken a few times when it came is handed it by the next unlock. */

/* clang-format off */
#define HL_MUTEX_INIT { .word = 0 }
/* clang-format on */

void hl_mutex_lock_slow(struct hl_mutex *m);
int hl_mutex_lock_until_slow(struct hl_mutex *m, uint64_t deadline);
void hl_mutex_unlock_slow(struct hl_mutex *m);

static inline void hl_mutex_lock(struct hl_mutex *m)
{
	uint64_t unheld = 0;

	/* acquire: pairs with the release in hl_mutex_unlock */
	if (!hl_cas_acquire(&m->word, &unheld, 1))
		hl_mutex_lock_slow(m);
}

static inline int hl_mutex_lock_until(struct hl_mutex *m, uint64_t deadline)
{
	uint64_t unheld = 0;

	if (hl_cas_acquire(&m->word, &unheld, 1))
		return 0;
	return hl_mutex_lock_until_slow(m, deadline);
}

static inline bool hl_mutex_trylock(struct hl_mutex *m)
{
	uint64_t word = hl_load_relaxed(&m->word);

	while (!(word & 1))
		if (hl_cas_acquire(&m->word, &word, word | 1))
			return true;
	return false;
}

static inline void hl_mutex_unlock(struct hl_mutex *m)
{
	uint64_t held = 1;

	/* release: pairs with the acquire in hl_mutex_lock and in mutex.c */
	if (!hl_cas_release(&m->word, &held, 0))
		hl_mutex_unlock_slow(m);
}

/* A waiter holds the mutex when it comes back, and looks at its condition again.
 * Signal and broadcast may be called with or without the mutex; waiters that it
 * can't go to at once are moved to the mutex's queue instead of woken. */

/* clang-format off */
#define HL_COND_INIT { .head = 0 }
/* clang-format on */

void hl_cond_wait(struct hl_cond *c, struct hl_mutex *m);
/* The mutex is had on return either way, which may be later than the deadline. */
int hl_cond_wait_until(struct hl_cond *c, struct hl_mutex *m, uint64_t deadline);
void hl_cond_signal(struct hl_cond *c);
void hl_cond_broadcast(struct hl_cond *c);

/* Counting semaphore; waiters get their turn in order. */

/* clang-format off */
#define HL_SEM_INIT(n) { .count = (n) }
/* clang-format on */

void hl_sem_wait_slow(struct hl_sem *s);
int hl_sem_wait_until_slow(struct hl_sem *s, uint64_t deadline);
void hl_sem_post_slow(struct hl_sem *s);

static inline void hl_sem_wait(struct hl_sem *s)
{
	/* acquire: pairs with the release in hl_sem_post */
	if (atomic_fetch_sub_explicit(&s->count, 1, memory_order_acquire) <= 0)
		hl_sem_wait_slow(s);
}

static inline int hl_sem_wait_until(struct hl_sem *s, uint64_t deadline)
{
	if (atomic_fetch_sub_explicit(&s->count, 1, memory_order_acquire) > 0)
		return 0;
	return hl_sem_wait_until_slow(s, deadline);
}

static inline bool hl_sem_trywait(struct hl_sem *s)
{
	int64_t n = hl_load_relaxed(&s->count);

	while (n > 0)
		if (hl_cas_acquire(&s->count, &n, n - 1))
			return true;
	return false;
}

static inline void hl_sem_post(struct hl_sem *s)
{
	/* release: pairs with the acquire in hl_sem_wait */
	if (atomic_fetch_add_explicit(&s->count, 1, memory_order_release) < 0)
		hl_sem_post_slow(s);
}

#endif

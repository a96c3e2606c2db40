/* SPDX-License-Identifier: MIT
 *
 * What condition variables need of the mutex.  mutex.c says what the bits are.
 */
#ifndef RT_SYNC_MUTEX_H
#define RT_SYNC_MUTEX_H

#include "waiter.h"

#define HELD   1
#define WOKEN  2
#define HEIR   4
#define QUEUED 8
#define LEFT   ((uint64_t)1 << 62) /* no address of a program's has these bits */
#define BUSY   ((uint64_t)1 << 63)
#define STACK  (~(HELD | WOKEN | HEIR | QUEUED | LEFT | BUSY))

_Static_assert(_Alignof(struct hl_waiter) > QUEUED, "its address leaves the bits free");

/* Puts w into the queue if somebody has the mutex.  False: nobody has. */
static inline bool rt_mutex_queue(struct hl_mutex *m, struct hl_waiter *w)
{
	uint64_t word = hl_load_relaxed(&m->word);

	while (word & HELD) {
		w->next = (struct hl_waiter *)(word & STACK);
		/* release: pairs with the acquire in stack_take */
		if (hl_cas_release(&m->word, &word, (word & ~STACK) | (uint64_t)w))
			return true;
	}
	return false;
}

/* `drop` is WOKEN if the caller was woken for it, else 0.  False: somebody has it. */
static inline bool rt_mutex_take(struct hl_mutex *m, uint64_t drop)
{
	uint64_t word = hl_load_relaxed(&m->word);

	while (!(word & HELD))
		/* acquire: pairs with the releases in unlock */
		if (hl_cas_acquire(&m->word, &word, (word | HELD) & ~drop))
			return true;
	return false;
}

/* Locks with a node that may be used again and again.  `go` is what it was last released
 * by, WAIT if it is new.  0, or -HL_ETIMEDOUT. */
int rt_mutex_lock_with(struct hl_mutex *m, struct hl_waiter *w, uint64_t go, uint64_t deadline);

#endif

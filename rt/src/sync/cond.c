/* SPDX-License-Identifier: MIT
 *
 * Condition variable: a queue under a lock.  A signal takes waiters out of it, and
 * moves those that can't have their mutex at once to the mutex's queue.
 *
 * A wait with a deadline ends by a step on its node's `place`: LEAVING, and no signal is for it
 * any more: it takes itself out of the queue.  If a signal was faster, which made it TAKEN,
 * that signal is ours however late it is: the wait goes on until it is released, and
 * doesn't touch the condition variable again, which may be gone by then.
 */
#include <hartleaf/rt.h>

#include "cond.h"

/* Which node to go on from: its predecessor, or NULL for the head. */
static struct hl_waiter *after(struct hl_cond *c, struct hl_waiter *before)
{
	return before ? before->next : hl_load_relaxed(&c->head);
}

/* Out of the queue, whose lock is held. */
static void unlink_after(struct hl_cond *c, struct hl_waiter *before, struct hl_waiter *w)
{
	if (before)
		before->next = w->next;
	else
		hl_store_relaxed(&c->head, w->next);
	if (c->tail == w)
		c->tail = before;
}

bool rt_cond_leave(struct hl_cond *c, struct hl_waiter *w)
{
	struct hl_waiter *before = NULL, *at;
	uint64_t place = IN_QUEUE;

	/* Relaxed, here and in claim: it decides between the two, and nothing else. */
	if (!hl_cas_relaxed(&w->place, &place, LEAVING))
		return false;
	hl_mutex_lock(&c->lock);
	while ((at = after(c, before)) != w)
		before = at;
	unlink_after(c, before, w);
	hl_mutex_unlock(&c->lock);
	return true;
}

static bool claim(struct hl_waiter *w)
{
	uint64_t place = IN_QUEUE;

	return hl_cas_relaxed(&w->place, &place, TAKEN);
}

/* Takes one waiter out of the queue, or all; those that are leaving stay. */
static inline __attribute__((always_inline)) struct hl_waiter *take(struct hl_cond *c, bool all)
{
	struct hl_waiter *before = NULL, *w, *taken = NULL, **end = &taken;

	hl_mutex_lock(&c->lock);
	while ((w = after(c, before)) && (all || !taken)) {
		if (!claim(w)) {
			before = w;
			continue;
		}
		unlink_after(c, before, w);
		*end = w;
		end = &w->next;
	}
	*end = NULL;
	hl_mutex_unlock(&c->lock);
	return taken;
}

bool rt_cond_is_empty(struct hl_cond *c)
{
	struct hl_waiter *w;
	bool leaving;

	do {
		hl_mutex_lock(&c->lock);
		w = hl_load_relaxed(&c->head);
		leaving = w && hl_load_relaxed(&w->place) == LEAVING;
		hl_mutex_unlock(&c->lock);
		/* It has only the lock to get, as we had. */
		if (leaving)
			sys_yield();
	} while (leaving);
	return !w;
}

void hl_cond_wait(struct hl_cond *c, struct hl_mutex *m)
{
	rt_cond_wait(c, m, HL_NEVER, false);
}

int hl_cond_wait_until(struct hl_cond *c, struct hl_mutex *m, uint64_t deadline)
{
	return rt_cond_wait(c, m, deadline, false);
}

/* Lets a waiter go on to its mutex: wakes it, or, if the mutex is held, moves it to the
 * mutex's queue, whose holder will wake it in its turn. */
static inline void move(struct hl_waiter *w)
{
	if (!rt_mutex_queue(w->mutex, w))
		rt_waiter_release(w, GO);
}

int rt_cond_signal(struct hl_cond *c)
{
	struct hl_waiter *w;

	/* Relaxed is enough: a waiter that this signal is for has queued before it
	 * let go of the mutex under which its condition was made true. */
	if (!hl_load_relaxed(&c->head))
		return 0;
	w = take(c, false);
	if (w)
		move(w);
	return 0;
}

void hl_cond_signal(struct hl_cond *c)
{
	rt_cond_signal(c);
}

void hl_cond_broadcast(struct hl_cond *c)
{
	struct hl_waiter *w;
	struct hl_mutex *m = NULL;

	if (!hl_load_relaxed(&c->head))
		return;
	w = take(c, true);
	/* With the mutex free all of them would be woken, to queue at it at once.
	 * Holding it ourselves meanwhile makes them go to its queue instead. */
	if (w && hl_mutex_trylock(w->mutex))
		m = w->mutex;
	while (w) {
		struct hl_waiter *next = w->next;

		move(w);
		w = next;
	}
	if (m)
		hl_mutex_unlock(m);
}

/* SPDX-License-Identifier: MIT
 *
 * The wait for a condition variable, in line in what <hartleaf/sync.h> and pthread.h make of
 * it.  cond.c tells how it works.
 */
#ifndef RT_SYNC_COND_H
#define RT_SYNC_COND_H

#include "mutex.h"

/* Takes w out of the queue.  False: a signal has taken it, and will release it. */
bool rt_cond_leave(struct hl_cond *c, struct hl_waiter *w);

/* True: nobody waits.  Those about to leave are waited for. */
bool rt_cond_is_empty(struct hl_cond *c);

/* hl_cond_signal, and 0 for its caller to return. */
int rt_cond_signal(struct hl_cond *c);

static inline void rt_cond_put(struct hl_cond *c, struct hl_waiter *w)
{
	hl_mutex_lock(&c->lock);
	if (hl_load_relaxed(&c->head))
		c->tail->next = w;
	else
		hl_store_relaxed(&c->head, w);
	c->tail = w;
	hl_mutex_unlock(&c->lock);
}

/* As hl_cond_wait_until, and given up for a pending cancel as well. */
static inline __attribute__((always_inline)) int rt_cond_wait(struct hl_cond *c, struct hl_mutex *m,
							      uint64_t deadline, bool cancellable)
{
	struct hl_waiter w;
	int result = 0;
	uint64_t go;

	rt_waiter_init(&w, m);
	rt_cond_put(c, &w);
	/* Who signals after this unlock sees us in the queue. */
	hl_mutex_unlock(m);
	go = rt_waiter_wait_until(&w, deadline, cancellable);
	if (go == WAIT && rt_cond_leave(c, &w))
		result = -HL_ETIMEDOUT;
	else if (go == WAIT)
		go = rt_waiter_wait(&w);
	/* The first is what mostly happens, spelt out. */
	if (go != GO_WOKEN || !rt_mutex_take(m, WOKEN))
		rt_mutex_lock_with(m, &w, go, HL_NEVER);
	return result;
}

#endif

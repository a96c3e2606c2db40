/* SPDX-License-Identifier: MIT
 *
 * Semaphore.  A post that finds count negative goes to one of those who wait: the
 * first in the queue, or, if they are not there yet, it is granted to the next that
 * comes.  So there are always as many waiters as such posts and -count, and no post
 * waits for a waiter.
 *
 * A wait with a deadline ends under the lock: the node leaves the queue, and the 1 that
 * it took goes back into count; or else a post is on its way, which is waited for.
 */
#include "waiter.h"

/* False: there was a post for it already. */
static bool sem_queue(struct hl_sem *s, struct hl_waiter *w)
{
	bool queued = false;

	rt_waiter_init(w, NULL);
	hl_mutex_lock(&s->lock);
	if (s->granted > 0) {
		s->granted--;
	} else {
		rt_queue_put(&s->head, &s->tail, w);
		queued = true;
	}
	hl_mutex_unlock(&s->lock);
	return queued;
}

/* False: there is a post for w, here or on its way.  While count < 0 more wait than have
 * one, and w may be one that hasn't.  Else all have: did w leave then, its post would
 * be granted to nobody, beside the 1 in count. */
static bool sem_leave(struct hl_sem *s, struct hl_waiter *w)
{
	int64_t count;
	bool left = false;

	hl_mutex_lock(&s->lock);
	if (rt_queue_has(s->head, w)) {
		count = hl_load_relaxed(&s->count);
		while (count < 0 && !left)
			left = hl_cas_relaxed(&s->count, &count, count + 1);
		if (left)
			rt_queue_remove(&s->head, &s->tail, w);
	}
	hl_mutex_unlock(&s->lock);
	return left;
}

/* The caller has found no more than 0 in count, and taken 1. */
static int wait_slow(struct hl_sem *s, uint64_t deadline, bool cancellable)
{
	struct hl_waiter w;

	if (sem_queue(s, &w) && rt_waiter_wait_until(&w, deadline, cancellable) == WAIT) {
		if (sem_leave(s, &w))
			return -HL_ETIMEDOUT;
		rt_waiter_wait(&w);
	}
	return 0;
}

int rt_sem_wait_until(struct hl_sem *s, uint64_t deadline, bool cancellable)
{
	if (atomic_fetch_sub_explicit(&s->count, 1, memory_order_acquire) > 0)
		return 0;
	return wait_slow(s, deadline, cancellable);
}

void hl_sem_wait_slow(struct hl_sem *s)
{
	wait_slow(s, HL_NEVER, false);
}

int hl_sem_wait_until_slow(struct hl_sem *s, uint64_t deadline)
{
	return wait_slow(s, deadline, false);
}

/* count was negative: there is a waiter for this post, in the queue or about to be. */
void hl_sem_post_slow(struct hl_sem *s)
{
	struct hl_waiter *w;

	hl_mutex_lock(&s->lock);
	w = s->head;
	if (w)
		s->head = w->next;
	else
		s->granted++;
	hl_mutex_unlock(&s->lock);
	if (w)
		rt_waiter_release(w, GO);
}

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

	waiter_init(w, NULL);
	hl_mutex_lock(&s->lock);
	if (s->granted > 0) {
		s->granted--;
	} else {
		queue_put(&s->head, &s->tail, w);
		queued = true;
	}
	hl_mutex_unlock(&s->lock);
	return queued;
}

void hl_sem_wait_slow(struct hl_sem *s)
{
	struct hl_waiter w;

	if (sem_queue(s, &w))
		waiter_wait(&w);
}

/* False: there is a post for w, here or on its way.  While count < 0 more wait than have
 * one, and w may be one that hasn't.  Else all have: did w leave then, its post would
 * be granted to nobody, beside the 1 in count. */
static bool sem_leave(struct hl_sem *s, struct hl_waiter *w)
{
	int64_t count;
	bool left = false;

	hl_mutex_lock(&s->lock);
	if (queue_has(s->head, w)) {
		count = atomic_load_explicit(&s->count, memory_order_relaxed);
		while (count < 0 && !left)
			left = atomic_compare_exchange_weak_explicit(&s->count, &count, count + 1,
								     memory_order_relaxed,
								     memory_order_relaxed);
		if (left)
			queue_remove(&s->head, &s->tail, w);
	}
	hl_mutex_unlock(&s->lock);
	return left;
}

int hl_sem_wait_until_slow(struct hl_sem *s, uint64_t deadline)
{
	struct hl_waiter w;

	if (sem_queue(s, &w) && waiter_wait_until(&w, deadline) == WAIT) {
		if (sem_leave(s, &w))
			return -HL_ETIMEDOUT;
		waiter_wait(&w);
	}
	return 0;
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
		waiter_release(w, GO);
}

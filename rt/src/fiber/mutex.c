/* SPDX-License-Identifier: MIT
 *
 * Mutexes and groups.
 *
 * A mutex's word: FREE, HELD, or WANTED, held and somebody is in the list or about to be.
 * Between HELD and FREE it goes without the lock; to WANTED, and from there on, only with
 * it.  One that is WANTED is handed over, so it never becomes free in between and who
 * waits longest has it next.
 */
#include "worker.h"

#define FREE   0
#define HELD   1
#define WANTED 2

void hl_fiber_mutex_lock_slow(struct hl_fiber_mutex *m)
{
	struct rt_fiber_waiter n;
	uint64_t word;

	hl_mutex_lock(&m->lock);
	word = atomic_load_explicit(&m->word, memory_order_relaxed);
	while (word != WANTED) {
		/* acquire: pairs with the release in hl_fiber_mutex_unlock; of no use
		 * where it becomes WANTED */
		if (hl_cas_acquire(&m->word, &word, word + 1)) {
			if (word == HELD)
				break;
			hl_mutex_unlock(&m->lock);
			return;
		}
	}
	rt_fiber_wait(&n, &m->list, &m->lock, HL_NEVER);
}

void hl_fiber_mutex_unlock_slow(struct hl_fiber_mutex *m)
{
	struct rt_fiber_waiter *n;
	struct hl_fiber *f;

	hl_mutex_lock(&m->lock);
	n = rt_fiber_give(&m->list, GIVEN_IT);
	f = n->fiber;
	/* One less: WANTED stays while others wait. */
	if (!m->list.first)
		atomic_store_explicit(&m->word, HELD, memory_order_relaxed);
	hl_mutex_unlock(&m->lock);
	rt_fiber_ready(rt_worker_self(), f);
}

void hl_fiber_group_add(struct hl_fiber_group *g, int64_t count)
{
	hl_mutex_lock(&g->lock);
	g->count += count;
	hl_mutex_unlock(&g->lock);
}

void hl_fiber_group_done(struct hl_fiber_group *g)
{
	struct rt_worker *w = rt_worker_self();
	struct rt_fiber_waiter *all = NULL, *n;

	hl_mutex_lock(&g->lock);
	if (--g->count == 0)
		while ((n = rt_fiber_give(&g->list, GIVEN_IT))) {
			n->next = all;
			all = n;
		}
	hl_mutex_unlock(&g->lock);
	while ((n = all)) {
		all = n->next;
		rt_fiber_ready(w, n->fiber);
	}
}

void hl_fiber_group_wait(struct hl_fiber_group *g)
{
	struct rt_fiber_waiter n;

	hl_mutex_lock(&g->lock);
	if (g->count > 0)
		rt_fiber_wait(&n, &g->list, &g->lock, HL_NEVER);
	else
		hl_mutex_unlock(&g->lock);
}

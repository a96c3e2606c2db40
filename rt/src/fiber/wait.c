/* SPDX-License-Identifier: MIT
 *
 * A fiber that waits: a node on its stack, in the list of an object, in the heap of
 * deadlines, or in both.  `given` says who was first; who comes second leaves it alone.
 * The list belongs to the object's lock.  A giver takes the node out, gives, lets the
 * lock go, and makes the fiber ready last: from there on node and object may be gone.
 */
#include <stddef.h>

#include "worker.h"

_Static_assert(offsetof(struct rt_fiber_waiter, timer) == 0, "timer.c takes one for the other");

static void list_put(struct rt_fiber_list *list, struct rt_fiber_waiter *n)
{
	n->listed = true;
	n->next = NULL;
	n->prev = list->last;
	if (list->last)
		list->last->next = n;
	else
		list->first = n;
	list->last = n;
}

static void list_remove(struct rt_fiber_list *list, struct rt_fiber_waiter *n)
{
	n->listed = false;
	if (n->prev)
		n->prev->next = n->next;
	else
		list->first = n->next;
	if (n->next)
		n->next->prev = n->prev;
	else
		list->last = n->prev;
}

/* The fiber is saved: now whoever ends its wait may come. */
static void waits(struct rt_worker *w, void *arg)
{
	struct rt_fiber_waiter *n = arg;
	struct hl_mutex *lock = n->lock;

	(void)w;
	/* The node may go with its time, but not the object: its fiber wants our lock
	 * before it goes on. */
	if (n->timer.deadline != HL_NEVER)
		rt_fiber_timer_put(&n->timer);
	if (lock)
		hl_mutex_unlock(lock);
}

uint64_t rt_fiber_wait(struct rt_fiber_waiter *n, struct rt_fiber_list *list, struct hl_mutex *lock,
		       uint64_t deadline)
{
	uint64_t given;

	n->fiber = hl_fiber_self();
	n->lock = lock;
	n->timer.deadline = deadline;
	n->timer.queued = false;
	atomic_store_explicit(&n->given, GIVEN_NOT, memory_order_relaxed);
	if (list)
		list_put(list, n);
	rt_fiber_leave(waits, n);
	/* relaxed: stored before the fiber was made ready */
	given = atomic_load_explicit(&n->given, memory_order_relaxed);
	if (given != GIVEN_TIME) {
		if (deadline != HL_NEVER)
			rt_fiber_timer_drop(&n->timer);
	} else if (list) {
		hl_mutex_lock(lock);
		if (n->listed)
			list_remove(list, n);
		hl_mutex_unlock(lock);
	}
	return given;
}

struct rt_fiber_waiter *rt_fiber_give(struct rt_fiber_list *list, uint64_t how)
{
	struct rt_fiber_waiter *n;

	while ((n = list->first)) {
		list_remove(list, n);
		if (rt_fiber_claim(n, how))
			break;
	}
	return n;
}

void hl_fiber_sleep_until(uint64_t deadline)
{
	struct rt_fiber_waiter n;

	rt_fiber_wait(&n, NULL, NULL, deadline);
}

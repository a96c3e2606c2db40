/* SPDX-License-Identifier: MIT
 *
 * Deadlines of all fibers: a pairing heap, whose nodes lie on the stacks of those that wait.
 * Busy workers look at the earliest one now and then, sleeping ones park until then.
 *
 * A node in the heap belongs to the lock.  Its fiber takes it out, under the lock, before it
 * goes on for another reason; so whoever has the lock may touch what is in the heap.
 */
#include "worker.h"

static struct hl_mutex lock;
static struct rt_fiber_timer *root;

static struct rt_fiber_timer *meld(struct rt_fiber_timer *a, struct rt_fiber_timer *b)
{
	struct rt_fiber_timer *t = a;

	if (!a)
		return b;
	if (!b)
		return a;
	if (b->deadline < a->deadline) {
		a = b;
		b = t;
	}
	b->next = a->child;
	if (a->child)
		a->child->prev = b;
	b->prev = a;
	a->child = b;
	return a;
}

/* What is left of t's part of the heap without t: its children, in pairs and then
 * from the last pair on. */
static struct rt_fiber_timer *without(struct rt_fiber_timer *t)
{
	struct rt_fiber_timer *list = t->child, *pairs = NULL, *all = NULL;

	while (list) {
		struct rt_fiber_timer *a = list, *b = a->next;

		list = b ? b->next : NULL;
		a->next = NULL;
		if (b)
			b->next = NULL;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct rt_fiber_timer *a = pairs;

		pairs = a->next;
		a->next = NULL;
		all = meld(all, a);
	}
	if (all)
		all->prev = NULL;
	return all;
}

static void changed(void)
{
	atomic_store_explicit(&rt_fibers.earliest, root ? root->deadline : HL_NEVER,
			      memory_order_relaxed);
}

void rt_fiber_timer_put(struct rt_fiber_timer *t)
{
	bool first;

	t->child = t->next = t->prev = NULL;
	hl_mutex_lock(&lock);
	t->queued = true;
	root = meld(root, t);
	first = root == t;
	changed();
	hl_mutex_unlock(&lock);
	/* t may be gone */
	if (first)
		rt_fiber_kick(); /* somebody who sleeps for longer */
}

void rt_fiber_timer_drop(struct rt_fiber_timer *t)
{
	hl_mutex_lock(&lock);
	if (t->queued) {
		if (t == root) {
			root = without(t);
		} else {
			if (t->prev->child == t)
				t->prev->child = t->next;
			else
				t->prev->next = t->next;
			if (t->next)
				t->next->prev = t->prev;
			root = meld(root, without(t));
		}
		changed();
	}
	hl_mutex_unlock(&lock);
}

void rt_fiber_timer_expire(struct rt_worker *w)
{
	uint64_t earliest = atomic_load_explicit(&rt_fibers.earliest, memory_order_relaxed), now;
	bool told = false;

	/* reading the time may take a trap */
	if (earliest == HL_NEVER)
		return;
	now = hl_time();
	if (earliest > now)
		return;
	hl_mutex_lock(&lock);
	while (root && root->deadline <= now) {
		struct rt_fiber_waiter *n = (struct rt_fiber_waiter *)root;
		struct hl_fiber *f = n->fiber;

		n->timer.queued = false;
		root = without(root);
		/* If it was the first to come, the node is gone with the next step; else
		 * its fiber is going to ask for our lock. */
		if (rt_fiber_claim(n, GIVEN_TIME)) {
			rt_fiber_ready(w, f);
			told = true;
		}
	}
	changed();
	hl_mutex_unlock(&lock);
	/* Who sleeps may know of the next one only when called up, as rt_fiber_ready does;
	 * if he looks before the change, he finds a time that has come, and looks again. */
	if (!told)
		rt_fiber_kick();
}

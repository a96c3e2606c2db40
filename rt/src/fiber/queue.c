/* SPDX-License-Identifier: MIT
 *
 * Where fibers that are ready wait: a ring for each worker, first in, first out, and an
 * overflow for all.  A worker whose ring is full puts everybody there until it is
 * empty, so that those in it have their turn in order, too.
 *
 * A ring has one producer, its worker, and anybody takes from it: the worker one at its
 * head, a thief half of it, both by a compare-and-swap of the head.  head and tail only
 * rise, 64 bits don't come round, and so a head that is unchanged means that none of the
 * slots behind it was filled anew.
 *
 * Memory order (RVWMO; ci/model/fiber.pml):
 *  - tail, release in push, acquire in steal: the slot, and all that the fiber and
 *    who made it ready have done before, its saved registers first of all;
 *  - head, release in steal, in push a branch on it before the store of the slot, which is
 *    a control dependency: a thief has read its slots before the owner fills them anew.
 *    What the owner takes itself it reads in program order.
 */
#include "worker.h"

#define SLOT(n) ((n) & (RT_RING - 1))

static struct hl_mutex lock;
static struct hl_fiber *first, *last; /* of the overflow */

/* From here on all of this worker's go there, behind this one, until it is empty. */
static __attribute__((noinline)) void overflow_put(struct rt_worker *w, struct hl_fiber *f)
{
	w->limit = 0;
	f->next = NULL;
	hl_mutex_lock(&lock);
	if (first)
		last->next = f;
	else
		first = f;
	last = f;
	atomic_fetch_add_explicit(&rt_fibers.overflow, 1, memory_order_relaxed);
	hl_mutex_unlock(&lock);
}

void rt_fiber_ready(struct rt_worker *w, struct hl_fiber *f)
{
	uint64_t tail = atomic_load_explicit(&w->tail, memory_order_relaxed);

	if (tail - atomic_load_explicit(&w->head, memory_order_relaxed) >= w->limit) {
		overflow_put(w, f);
	} else {
		/* after the load of the head, on which it depends */
		rt_store_relaxed(&w->slot[SLOT(tail)], f);
		/* release: pairs with the acquire in rt_fiber_steal */
		rt_store_release(&w->tail, tail + 1);
	}
	rt_fiber_kick();
}

/* Fills the ring to its half from the overflow: the rest is for other workers, or the next
 * time. */
static void refill(struct rt_worker *w)
{
	uint64_t tail = atomic_load_explicit(&w->tail, memory_order_relaxed), used;
	struct hl_fiber *f;

	if (atomic_load_explicit(&rt_fibers.overflow, memory_order_relaxed) == 0) {
		w->limit = RT_RING;
		return;
	}
	used = tail - atomic_load_explicit(&w->head, memory_order_relaxed);
	hl_mutex_lock(&lock);
	for (; used < RT_RING / 2 && first; used++) {
		f = first;
		first = f->next;
		atomic_fetch_sub_explicit(&rt_fibers.overflow, 1, memory_order_relaxed);
		/* after the load of the head, as above */
		rt_store_relaxed(&w->slot[SLOT(tail)], f);
		tail++;
	}
	hl_mutex_unlock(&lock);
	/* release: as in rt_fiber_ready */
	rt_store_release(&w->tail, tail);
	rt_fiber_kick();
}

void rt_fiber_look(struct rt_worker *w)
{
	w->turn = RT_TURN;
	rt_fiber_timer_expire(w);
	refill(w);
}

struct hl_fiber *rt_fiber_next(struct rt_worker *w)
{
	uint64_t head, tail;
	struct hl_fiber *f;

	/* Also while the ring never gets empty, others have their turn. */
	if (--w->turn == 0)
		rt_fiber_look(w);
	head = atomic_load_explicit(&w->head, memory_order_relaxed);
	tail = atomic_load_explicit(&w->tail, memory_order_relaxed);
	do {
		if (head == tail)
			return NULL;
		f = atomic_load_explicit(&w->slot[SLOT(head)], memory_order_relaxed);
	} while (!atomic_compare_exchange_strong_explicit(
		&w->head, &head, head + 1, memory_order_relaxed, memory_order_relaxed));
	return f;
}

struct hl_fiber *rt_fiber_steal(struct rt_worker *w, struct rt_worker *v)
{
	uint64_t tail = atomic_load_explicit(&w->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&v->head, memory_order_acquire), n;
	struct hl_fiber *f, *one;

	do {
		/* acquire: pairs with the release in rt_fiber_ready */
		n = atomic_load_explicit(&v->tail, memory_order_acquire) - head;
		n -= n / 2;
		if (n == 0 || n > RT_RING / 2) /* or the head has moved far since */
			return NULL;
		f = atomic_load_explicit(&v->slot[SLOT(head)], memory_order_relaxed);
		for (uint64_t i = 1; i < n; i++) {
			one = atomic_load_explicit(&v->slot[SLOT(head + i)], memory_order_relaxed);
			rt_store_relaxed(&w->slot[SLOT(tail + i - 1)], one);
		}
		/* release: pairs with the control dependency in rt_fiber_ready */
	} while (!hl_cas_release(&v->head, &head, head + n));
	/* release: pairs with the acquire above, of who steals from us */
	if (n > 1) {
		rt_store_release(&w->tail, tail + n - 1);
		rt_fiber_kick(); /* who has looked for it while nobody had it */
	}
	return f;
}

/* SPDX-License-Identifier: MIT
 *
 * Workers without work.
 *
 * No fiber waits in a queue while a worker sleeps that nobody has called.  Whoever makes
 * one ready stores it, and then looks for a bit in `idle`; a worker sets its bit and
 * then looks at all queues.  Between store and look both have a full fence, so one of
 * them sees the other (ci/model/fiber.pml).  The same goes for an earlier deadline, and for the
 * end.
 *
 * A kick takes one bit away and sets SEARCHING, so that a burst of fibers doesn't wake all
 * workers for one fiber.  In return the one that was woken, when it has found something,
 * clears SEARCHING, and then looks whether there is more for which somebody is to
 * be kicked; when it has found nothing, it clears it in the step in which it sets its bit.
 *
 * A worker parks on the whole of `idle`: any change of it before sends it round once
 * more, and once it is parked only who has taken its bit wakes it.  A wake that comes late
 * leaves a token, and the next park returns for nothing.
 */
#include "worker.h"

#define SEARCHING (1ull << 63)

static bool work_waits(void)
{
	if (atomic_load_explicit(&rt_fibers.overflow, memory_order_relaxed))
		return true;
	for (unsigned i = 0; i < rt_fibers.workers; i++) {
		struct rt_worker *v = &rt_fibers.worker[i];

		if (atomic_load_explicit(&v->head, memory_order_relaxed) !=
		    atomic_load_explicit(&v->tail, memory_order_relaxed))
			return true;
	}
	return false;
}

void rt_fiber_kick_slow(void)
{
	uint64_t idle = atomic_load_explicit(&rt_fibers.idle, memory_order_relaxed), bit;

	do {
		if ((int64_t)idle <= 0) /* SEARCHING, or nobody sleeps */
			return;
		bit = idle & -idle;
	} while (!atomic_compare_exchange_strong_explicit(
		&rt_fibers.idle, &idle, (idle & ~bit) | SEARCHING, memory_order_relaxed,
		memory_order_relaxed));
	sys_wake(rt_fibers.worker[__builtin_ctzll(bit)].handle);
}

/* Somebody else may be wanted for what is left, or for the next deadline. */
static void search_ends(struct rt_worker *w)
{
	w->searching = false;
	atomic_fetch_and_explicit(&rt_fibers.idle, ~SEARCHING, memory_order_relaxed);
	/* fence: pairs with that in rt_fiber_kick: who left it to us to look stored
	 * before; and the look in front of its own kick is a second one */
	atomic_thread_fence(memory_order_seq_cst);
	if (work_waits() ||
	    atomic_load_explicit(&rt_fibers.earliest, memory_order_relaxed) != HL_NEVER)
		rt_fiber_kick();
}

static void nap(struct rt_worker *w)
{
	const uint64_t bit = 1ull << w->id;
	uint64_t idle, deadline;
	long result = 0;

	atomic_fetch_add_explicit(&rt_fibers.idle, w->searching ? bit - SEARCHING : bit,
				  memory_order_relaxed);
	/* fence: pairs with that in rt_fiber_kick */
	atomic_thread_fence(memory_order_seq_cst);
	deadline = atomic_load_explicit(&rt_fibers.earliest, memory_order_relaxed);
	if (!work_waits() && !atomic_load_explicit(&rt_fibers.stopping, memory_order_relaxed))
		while (result != -HL_ETIMEDOUT) {
			idle = atomic_load_explicit(&rt_fibers.idle, memory_order_relaxed);
			if (!(idle & bit))
				break;
			if (deadline == HL_NEVER)
				result = sys_park(&rt_fibers.idle, idle);
			else
				result = sys_park_until(&rt_fibers.idle, idle, deadline);
		}
	/* Its bit gone: it was kicked, and is the one that searches.  acquire: pairs with the
	 * fence in rt_fiber_kick, what that was for is seen by the search */
	idle = atomic_fetch_and_explicit(&rt_fibers.idle, ~bit, memory_order_acquire);
	w->searching = !(idle & bit);
}

struct hl_fiber *rt_fiber_find(struct rt_worker *w)
{
	struct hl_fiber *f;

	for (;;) {
		f = rt_fiber_next(w);
		if (!f) {
			rt_fiber_look(w);
			f = rt_fiber_next(w);
		}
		for (unsigned i = 0; !f && i < rt_fibers.workers; i++) {
			f = rt_fiber_steal(w, &rt_fibers.worker[w->victim]);
			if (!f && ++w->victim == rt_fibers.workers)
				w->victim = 0;
		}
		if (f)
			break;
		/* acquire: pairs with the release in rt_fiber_stop_all */
		if (atomic_load_explicit(&rt_fibers.stopping, memory_order_acquire))
			return NULL;
		nap(w);
	}
	if (w->searching)
		search_ends(w);
	return f;
}

void rt_fiber_stop_all(void)
{
	uint64_t idle;

	/* release: what the last fiber did is seen by those that end now */
	atomic_store_explicit(&rt_fibers.stopping, 1, memory_order_release);
	/* fence: pairs with that in nap, as in rt_fiber_kick */
	atomic_thread_fence(memory_order_seq_cst);
	idle = atomic_exchange_explicit(&rt_fibers.idle, 0, memory_order_relaxed);
	for (unsigned i = 0; i < rt_fibers.workers; i++)
		if (idle >> i & 1)
			sys_wake(rt_fibers.worker[i].handle);
}

/* SPDX-License-Identifier: MIT
 *
 * A hart whose ring is empty: what it runs next, and how it sleeps.
 *
 * Sleeping loses no wakeup: a hart sets its idle bit, then looks at all queues
 * once more; whoever queues looks at the idle bits after that.  With a full fence
 * on either side at least one of them sees the other.  What a sleeping hart may
 * not take, because it is bound or stands behind one that is, the tick of the hart
 * that has it sees to.
 */
#include "atomic.h"
#include "check.h"
#include "machine.h"
#include "queue.h"
#include "reclaim.h"
#include "runq.h"
#include "sched.h"
#include "timer.h"

#define FROM_FIFO 32 /* taken in one hold of the lock */

/* Half of another hart's ring, the neighbour's first. The first of these comes
 * back, so that no two thieves can go on stealing it from each other. */
static struct executor *steal(void)
{
	uint64_t at = this_hart->id ^ 1, next = sched_random_hart(), count = sched_harts(), rest;

	this_hart->blocked = 0;
	for (uint64_t n = 0; n <= count; n++) {
		if (at < count && at != this_hart->id) {
			struct executor *ex = runq_steal(global->hart[at], &rest);
			if (ex != NULL) {
				sched_adopt(ex);
				for (uint64_t i = 0; i < rest; i++)
					sched_adopt(*runq_slot(this_hart,
							       this_hart->rq_tail + i * RQ_STEP));
				runq_publish(rest);
				return ex;
			}
		}
		at = next++;
		if (next >= count)
			next = 0;
	}
	return NULL;
}

/* Heads only: a hart with its idle bit set follows no pointer. */
static bool work_waits(void)
{
	if (queue_fifo_waits() || atomic_load(&this_hart->inbox) != NULL ||
	    atomic_load(&this_hart->timer_inbox) != NULL || reclaim_ready())
		return true;
	for (uint64_t i = 0, count = sched_harts(); i < count; i++) {
		struct hart *h = global->hart[i];
		/* Acquire: a head that is new with a tail that is old would look empty;
		 * pairs with the release of who takes. */
		uint64_t head = atomic_load_acquire(&h->rq_head);
		if (!(this_hart->blocked >> i & 1) && head != atomic_load(&h->rq_tail))
			return true;
	}
	return false;
}

/* In the kernel's own space already.  True: somebody has woken this hart for work that
 * waits elsewhere. */
static bool sched_sleep(void)
{
	bool kicked;
	uint64_t self = 1UL << this_hart->id;

	this_hart->tickless = 1;
	timer_program();
	/* Store of the bit -> loads of queues and of the reclaimer's words, by .aq; pairs
	 * with the fences in sched_kick, wake and reclaim_step. */
	atomic_or(&global->idle, self);
	for (;;) {
		/* What comes after this ends the sleep; then look.  A grace period
		 * that began before the bit was set waits for an answer, too. */
		hart_interrupt_clear();
		check_point(NULL);
		if (work_waits() || hart_timer_due() ||
		    (atomic_load(&global->grace_harts) & self) != 0 ||
		    (atomic_load(&global->idle) & self) == 0)
			break;
		hart_wait();
	}
	/* Leave idle before anything is looked up, by .aq; pairs with the reclaimer's
	 * fences: it either saw the bit clear and waits for this hart, or this hart sees
	 * its unlinking from here on.  The count comes after the bit, and before lookups. */
	kicked = !(atomic_and(&global->idle, ~self) & self);
	atomic_store(&this_hart->quiesced, this_hart->quiesced + 1);
	fence_full();
	reclaim_answered();
	reclaim_poll(NULL);
	return kicked;
}

_Noreturn void sched_find(void)
{
	struct executor *ex;
	bool kicked = false;

	for (;;) {
		bool due = hart_timer_due();
		if (due || atomic_load(&this_hart->timer_inbox) != NULL)
			sched_timers(due);
		queue_drain();
		if (runq_bytes() == 0 && queue_fifo_waits())
			queue_exchange(0, FROM_FIFO);
		ex = runq_take();
		if (ex != NULL)
			break;
		ex = steal();
		kicked = kicked && ex == NULL;
		if (ex != NULL)
			break;
		/* Before this hart counts as one that uses no VAS. */
		hart_use_kernel_space();
		if (!reclaim_wanted() || !reclaim_step(NULL))
			kicked = sched_sleep();
	}
	if (runq_bytes() != 0)
		sched_pushed();
	if (kicked)
		sched_kick(); /* for what was meant; this hart has found something of its own */
	dispatch_to(ex);
}

/* SPDX-License-Identifier: MIT
 *
 * The queue for C, waking and sleeping harts, interrupts.
 *
 * Sleeping loses no wakeup: a hart sets its idle bit, then looks at the queue
 * once more; whoever queues looks at the idle bits after that.  With a full
 * fence on either side at least one of them sees the other.
 */
#include "sched.h"
#include "atomic.h"
#include "executor.h"
#include "machine.h"
#include "reclaim.h"

void sched_enqueue(struct executor *ex)
{
	ex->next = NULL;
	mcs_lock(&global->sched_mcs_lock);
	if (global->sched_head == NULL)
		atomic_store(&global->sched_head, ex);
	else
		global->sched_tail->next = ex;
	global->sched_tail = ex;
	mcs_unlock(&global->sched_mcs_lock);
	sched_kick();
}

void sched_kick(void)
{
	/* Store of the queue head -> load of the idle bits; pairs with the
	 * fence in sched_idle. */
	fence_full();
	uint64_t idle = atomic_load(&global->idle);
	while (idle != 0) {
		uint64_t hart = idle & -idle;
		/* The interrupt is owed by who cleared the bit, by nobody else. */
		if (atomic_and(&global->idle, ~hart) & hart) {
			hart_interrupt(hart);
			return;
		}
		idle = atomic_load(&global->idle);
	}
}

void sched_idle(void)
{
	uint64_t self = 1UL << this_hart->id;

	/* Before the bit says that this hart uses no VAS. */
	hart_use_kernel_space();
	while (atomic_load(&global->sched_head) == NULL && reclaim_wanted() && reclaim_step())
		;
	atomic_or(&global->idle, self);
	/* Store of the bit -> loads of the queue and of the reclaimer's words;
	 * pairs with the fences in sched_kick and reclaim_step. */
	fence_full();
	for (;;) {
		/* What comes after this ends the sleep; then look.  A grace period
		 * that began before the bit was set waits for an answer, too. */
		hart_interrupt_clear();
		if (atomic_load(&global->sched_head) != NULL || reclaim_ready() ||
		    (atomic_load(&global->grace_harts) & self) != 0 ||
		    (atomic_load(&global->idle) & self) == 0)
			break;
		hart_wait();
	}
	/* Leave idle before anything is looked up.  Aqrl, and a full fence:
	 * pairs with the reclaimer's, which either saw the bit clear and waits
	 * for this hart, or whose unlinking this hart sees from here on. */
	atomic_and(&global->idle, ~self);
	fence_full();
	atomic_store(&this_hart->quiesced, this_hart->quiesced + 1);
	fence_full();
	reclaim_answered();
	reclaim_poll();
}

void sched_interrupt(struct executor *ex)
{
	/* Cleared first: what is asked for after this interrupts again. */
	hart_interrupt_clear();
	/* This hart holds no pointer that it has looked up.  The fences order
	 * its earlier lookups before the count, and the count before later
	 * ones; pairs with the reclaimer's. */
	fence_full();
	atomic_store(&this_hart->quiesced, this_hart->quiesced + 1);
	fence_full();
	reclaim_answered();
	reclaim_poll();
	/* Asked for elsewhere, or by that step. */
	if (atomic_load(&ex->state) & EX_STOPREQ)
		executor_end_asked(ex);
}

/* SPDX-License-Identifier: MIT */
#include "sched.h"
#include "atomic.h"
#include "check.h"
#include "executor.h"
#include "machine.h"
#include "queue.h"
#include "reclaim.h"
#include "runq.h"
#include "timer.h"
#include "vas.h"

#define TICK_STEPS 4                       /* of the reclaimer, at most */
#define HALF       (RQ_FULL / RQ_STEP / 2) /* of a ring: what a tick moves at most */

bool sched_adopt(struct executor *ex)
{
	if (ex->affinity != EX_HART_ANY && ex->affinity != this_hart->id)
		return false;
	if (ex->hart != this_hart) {
		ex->migrated += ex->hart != NULL;
		atomic_store(&ex->hart, this_hart);
		vas_join(ex->vas);
		/* Store of the hart -> load of the state, which whoever runs it
		 * does; pairs with the fence in executor_stop. */
		fence_full();
	}
	return true;
}

bool sched_accept(struct executor *ex)
{
	if (sched_adopt(ex))
		return true;
	executor_give_back(ex);
	return false;
}

/* Somebody waits for this hart, or for any. */
static bool tick_needed(void)
{
	return runq_bytes() != 0 || this_hart->backlog_first != NULL || queue_fifo_waits() ||
	       reclaim_wanted();
}

static void tick_set(uint64_t now)
{
	this_hart->tickless = 0;
	this_hart->tick_at = now + global->slice;
	this_hart->slice_head = atomic_load(&this_hart->rq_head);
	this_hart->slice_tail = this_hart->rq_tail;
}

bool sched_kick(void)
{
	/* Store of what there is to do -> load of the idle bits; pairs with the
	 * fence in sched_sleep. */
	fence_full();
	uint64_t idle = atomic_load(&global->idle);
	while (idle != 0) {
		uint64_t hart = idle & -idle;
		/* The interrupt is owed by who cleared the bit, by nobody else. */
		if (atomic_and(&global->idle, ~hart) & hart) {
			hart_interrupt(hart);
			return true;
		}
		idle = atomic_load(&global->idle);
	}
	return false;
}

/* A thief would find something: it stops at one that is bound.  The first may be taken
 * and run meanwhile; it is still an executor. */
static bool stealable(void)
{
	uint64_t head = atomic_load(&this_hart->rq_head);

	return head != this_hart->rq_tail &&
	       atomic_load(&(*runq_slot(this_hart, head))->affinity) == EX_HART_ANY;
}

/* A hart sleeps, and here the first is bound: no thief takes it, nor what is behind it.  So
 * this stays true, whatever others do, until this hart takes it itself. */
static bool hidden(void)
{
	uint64_t head = atomic_load(&this_hart->rq_head);

	if (atomic_load(&global->idle) == 0 || head == this_hart->rq_tail ||
	    atomic_load(&(*runq_slot(this_hart, head))->affinity) == EX_HART_ANY)
		return false;
	/* Affinity -> head: the first may have been taken, have ended and been bound since.
	 * Pairs with the release of who takes.  If it is still the first, it was bound when it
	 * was pushed. */
	fence_acquire();
	return head == atomic_load(&this_hart->rq_head);
}

void sched_pushed(void)
{
	if (this_hart->tickless) {
		tick_set(hart_time());
		timer_program();
	}
	if (hidden()) {
		/* So what was pushed last can be taken back, without a word to anybody. */
		struct executor *ex = *runq_slot(this_hart, this_hart->rq_tail - RQ_STEP);
		if (ex->affinity == EX_HART_ANY) {
			atomic_store(&this_hart->rq_tail, this_hart->rq_tail - RQ_STEP);
			ex->next = NULL;
			queue_fifo(ex, ex, 0);
		}
	}
	if (stealable() || queue_fifo_waits())
		sched_kick();
}

void sched_relay(void)
{
	if (this_hart->tickless) {
		tick_set(hart_time());
		timer_program();
	}
}

void sched_later(uint64_t at)
{
	if (at < this_hart->later_at) {
		this_hart->later_at = at;
		timer_program();
	}
}

void sched_enqueue(struct executor *ex)
{
	if (!sched_adopt(ex)) {
		queue_send(global->hart[ex->affinity], ex);
		return;
	}
	if (!runq_full()) {
		runq_push(ex);
	} else if (ex->affinity == EX_HART_ANY) {
		ex->next = NULL;
		queue_fifo(ex, ex, 0);
	} else {
		queue_behind(ex);
	}
	sched_pushed();
}

void sched_return(struct executor *ex)
{
	if (ex->hart != this_hart)
		queue_send(ex->hart, ex);
	else
		sched_enqueue(ex);
}

uint64_t sched_harts(void)
{
	return atomic_load_acquire(&global->harts);
}

uint64_t sched_random_hart(void)
{
	uint64_t n = this_hart->random, count = sched_harts(), range = 1;

	/* xorshift, Marsaglia 2003 */
	n ^= n << 13;
	n ^= n >> 7;
	n ^= n << 17;
	this_hart->random = n;
	while (range < count)
		range <<= 1;
	n &= range - 1;
	return n < count ? n : n - count;
}

/* Harts that are all busy take nothing from each other.  So ex, who has had its slice, goes to
 * the end of this ring, or of another, any one, that isn't longer without it: who spins in a
 * crowd gets as much in the end as who spins alone. */
static void push_or_send(struct executor *ex)
{
	struct hart *h = global->hart[sched_random_hart()];
	uint64_t there = atomic_load(&h->rq_tail) - atomic_load(&h->rq_head);

	if (h != this_hart && runq_bytes() >= there && ex->affinity == EX_HART_ANY)
		queue_send(h, ex);
	else
		runq_push(ex);
}

/* ex gives way to who waits behind the ring, FIFO and backlog by turns, and goes to the
 * end of that, or of the ring if nobody does. */
static void requeue(struct executor *ex)
{
	bool fifo = queue_fifo_waits(), backlog = this_hart->backlog_first != NULL;

	if (fifo && backlog)
		fifo = this_hart->turn = !this_hart->turn;
	if (!fifo && !backlog) {
		push_or_send(ex);
	} else if (fifo && ex->affinity == EX_HART_ANY) {
		ex->next = NULL;
		ex = queue_fifo(ex, ex, 1);
		sched_adopt(ex);
		runq_push(ex);
	} else {
		if (fifo)
			queue_exchange(0, 1);
		queue_behind(ex);
		queue_drain();
	}
}

/* Of a hidden ring: those that aren't bound go to the FIFO, the others stay in their order.  No
 * thief gets past the first, so the slots behind it are this hart's to fill anew. */
static void show_unbound(void)
{
	uint64_t to = atomic_load(&this_hart->rq_head);
	struct executor *first = NULL, *last = NULL;

	for (uint64_t at = to; at != this_hart->rq_tail; at += RQ_STEP) {
		struct executor *ex = *runq_slot(this_hart, at);
		if (ex->affinity != EX_HART_ANY) {
			*runq_slot(this_hart, to) = ex;
			to += RQ_STEP;
			continue;
		}
		ex->next = NULL;
		if (first == NULL)
			first = ex;
		else
			last->next = ex;
		last = ex;
	}
	if (first == NULL)
		return;
	atomic_store(&this_hart->rq_tail, to);
	queue_fifo(first, last, 0);
}

/* ex runs on, or isn't the caller's any more and the one returned is to run. */
static struct executor *tick(struct executor *ex)
{
	uint64_t head = atomic_load(&this_hart->rq_head);
	bool moved = head != this_hart->slice_head;
	bool behind = queue_fifo_waits() || this_hart->backlog_first != NULL;
	struct executor *next = NULL;

	ex->time += global->slice;
	if (moved && behind && head >= this_hart->slice_tail) {
		/* All in the ring have had a turn since the last tick: half of them
		 * make room. */
		queue_exchange(runq_bytes() / RQ_STEP / 2, HALF - 1);
		queue_drain();
	} else {
		/* The first in the ring has waited for a slice; or those behind it
		 * have, and its others won't let them in. */
		if (!moved || (behind && runq_full()))
			next = runq_take();
		if (next == NULL && behind)
			queue_exchange(0, 1);
	}
	if (next != NULL) {
		ex->preempted++;
		fp_keep(ex);
		atomic_or(&ex->state, EX_FULL);
		requeue(ex);
	}
	if (hidden())
		show_unbound();
	if (tick_needed()) {
		/* From now: the lock may have taken long. */
		tick_set(hart_time());
		if (stealable() || queue_fifo_waits() || reclaim_wanted())
			sched_kick();
	} else {
		this_hart->tickless = 1;
	}
	return next;
}

uint64_t sched_timers(bool due)
{
	uint64_t now = hart_time();

	/* It is over, whatever it was set to.  Set it anew even to that: QEMU 7.2 may
	 * raise the old one once more just after it was moved. */
	if (due)
		this_hart->timer_at = 0;
	if (now >= this_hart->later_at) {
		this_hart->later_at = UINT64_MAX;
		reclaim_event();
	}
	timer_expire(now);
	timer_program();
	return now;
}

void sched_interrupt(struct executor *ex, bool timer)
{
	struct executor *next = NULL;
	uint64_t now = 0;

	/* Cleared first: what is asked for after this interrupts again. */
	hart_interrupt_clear();
	check_point(ex);
	/* This hart holds no pointer that it has looked up.  The fence of
	 * hart_interrupt_clear orders its earlier lookups before the count, this one the
	 * count before later ones; pairs with the reclaimer's. */
	atomic_store(&this_hart->quiesced, this_hart->quiesced + 1);
	fence_full();
	reclaim_answered();
	if (queue_drain())
		sched_pushed();
	if (timer || atomic_load(&this_hart->timer_inbox) != NULL)
		now = sched_timers(timer);
	for (unsigned n = timer ? TICK_STEPS : 1; n != 0 && reclaim_wanted(); n--)
		reclaim_poll(NULL);
	/* Asked for elsewhere, or by that step.  Not before all is taken in that this
	 * interrupt was sent for: nobody sends another. */
	if (atomic_load(&ex->state) & EX_STOPREQ)
		executor_end_asked(ex);
	if (timer && !this_hart->tickless && now >= this_hart->tick_at) {
		next = tick(ex);
		timer_program();
	}
	if (next != NULL)
		dispatch_to(next);
}

/* SPDX-License-Identifier: MIT
 *
 * Sleeping loses no wakeup: a hart sets its idle bit, then looks at all queues
 * once more; whoever queues looks at the idle bits after that.  With a full fence
 * on either side at least one of them sees the other.  What a sleeping hart may
 * not take, because it is bound or stands behind one that is, the tick of the hart
 * that has it sees to.
 */
#include "sched.h"
#include "atomic.h"
#include "check.h"
#include "executor.h"
#include "machine.h"
#include "reclaim.h"
#include "runq.h"
#include "timer.h"
#include "vas.h"

#define HALF (RQ_FULL / RQ_STEP / 2) /* of a ring: what a tick moves at most */

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

static void inbox_push(struct hart *to, struct executor *ex)
{
	struct executor *first = atomic_load(&to->inbox);

	do
		ex->next = first;
	while (!atomic_cas(&to->inbox, &first, ex));
	/* Who finds others there leaves it to the interrupt that the first of them
	 * was sent with: it isn't cleared before all are taken. */
	if (first == NULL)
		hart_interrupt(1UL << to->id);
}

static void backlog_append(struct executor *ex)
{
	ex->next = NULL;
	if (this_hart->backlog_first == NULL)
		this_hart->backlog_first = ex;
	else
		this_hart->backlog_last->next = ex;
	this_hart->backlog_last = ex;
}

/* What has come by the inbox, in its order; then as much as there is room for goes
 * into the ring.  True: something did. */
static bool drain(void)
{
	struct executor *ex, *next, *list = NULL;
	uint64_t tail = this_hart->rq_tail;

	if (atomic_load(&this_hart->inbox) != NULL)
		for (ex = atomic_swap(&this_hart->inbox, NULL); ex != NULL; ex = next) {
			next = ex->next;
			ex->next = list;
			list = ex;
		}
	for (; list != NULL; list = next) {
		next = list->next;
		backlog_append(list);
	}
	while ((ex = this_hart->backlog_first) != NULL && !runq_full()) {
		this_hart->backlog_first = ex->next;
		sched_adopt(ex);
		runq_push(ex);
	}
	return this_hart->rq_tail != tail;
}

/* In one hold of the lock: the list first..last goes to the FIFO's end, up to n from
 * its head come back. */
static struct executor *fifo_exchange(struct executor *first, struct executor *last, uint64_t n)
{
	struct executor *out, *end = NULL;

	mcs_lock(&global->sched_mcs_lock);
	if (first != NULL) {
		if (global->sched_head == NULL)
			atomic_store(&global->sched_head, first);
		else
			global->sched_tail->next = first;
		global->sched_tail = last;
	}
	out = global->sched_head;
	for (struct executor *ex = out; ex != NULL && n != 0; ex = ex->next, n--)
		end = ex;
	if (end != NULL) {
		atomic_store(&global->sched_head, end->next);
		end->next = NULL;
	}
	mcs_unlock(&global->sched_mcs_lock);
	return end != NULL ? out : NULL;
}

/* `out` from the ring's head to the FIFO, up to `in` of that into the ring, which has
 * room for them. */
static void exchange(uint64_t out, uint64_t in)
{
	struct executor *ex, *first = NULL, *last = NULL;

	for (; out != 0 && (ex = runq_take()) != NULL; out--) {
		if (ex->affinity != EX_HART_ANY) {
			backlog_append(ex);
			continue;
		}
		ex->next = NULL;
		if (first == NULL)
			first = ex;
		else
			last->next = ex;
		last = ex;
	}
	for (ex = fifo_exchange(first, last, in); ex != NULL; ex = first) {
		first = ex->next;
		sched_adopt(ex);
		runq_push(ex);
	}
}

static bool fifo_waits(void)
{
	return atomic_load(&global->sched_head) != NULL;
}

/* Somebody waits for this hart, or for any. */
static bool tick_needed(void)
{
	return runq_bytes() != 0 || this_hart->backlog_first != NULL || fifo_waits() ||
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

void sched_pushed(void)
{
	if (this_hart->tickless) {
		tick_set(hart_time());
		timer_program();
	}
	if (stealable() || fifo_waits())
		sched_kick();
}

void sched_relay(void)
{
	if (!sched_kick() && this_hart->tickless) {
		tick_set(hart_time());
		timer_program();
	}
}

void sched_enqueue(struct executor *ex)
{
	if (!sched_adopt(ex)) {
		inbox_push(global->hart[ex->affinity], ex);
		return;
	}
	if (!runq_full()) {
		runq_push(ex);
	} else if (ex->affinity == EX_HART_ANY) {
		ex->next = NULL;
		fifo_exchange(ex, ex, 0);
	} else {
		backlog_append(ex);
	}
	sched_pushed();
}

void sched_return(struct executor *ex)
{
	if (ex->hart != this_hart)
		inbox_push(ex->hart, ex);
	else
		sched_enqueue(ex);
}

/* ex gives way to who waits behind the ring, FIFO and backlog by turns, and goes to the
 * end of that, or of the ring if nobody does. */
static void requeue(struct executor *ex)
{
	bool fifo = fifo_waits(), backlog = this_hart->backlog_first != NULL;

	if (fifo && backlog)
		fifo = this_hart->turn = !this_hart->turn;
	if (!fifo && !backlog) {
		runq_push(ex);
	} else if (fifo && ex->affinity == EX_HART_ANY) {
		ex->next = NULL;
		ex = fifo_exchange(ex, ex, 1);
		sched_adopt(ex);
		runq_push(ex);
	} else {
		if (fifo)
			exchange(0, 1);
		backlog_append(ex);
		drain();
	}
}

/* While harts are started others may look already.  Acquire: pairs with the release
 * in start_harts, for the pages of those counted. */
static uint64_t harts(void)
{
	return atomic_load_acquire(&global->harts);
}

static uint64_t random_hart(void)
{
	uint64_t n = this_hart->random, count = harts();

	/* xorshift, Marsaglia 2003 */
	n ^= n << 13;
	n ^= n >> 7;
	n ^= n << 17;
	this_hart->random = n;
	for (n %= HART_MAX; n >= count; n -= count)
		;
	return n;
}

/* Harts that are all busy take nothing from each other.  So one whose ring is longer
 * than that of another, any one, sends it half of the difference: who spins in a crowd
 * gets as much in the end as who spins alone. */
static void share_out(void)
{
	uint64_t to = random_hart(), mine = runq_bytes() / RQ_STEP;
	struct hart *h = global->hart[to];
	int64_t theirs = (int64_t)(atomic_load(&h->rq_tail) - atomic_load(&h->rq_head)) / RQ_STEP;

	if (h == this_hart || (int64_t)mine <= theirs)
		return;
	/* As a thief, not past a bound one: those keep their places. */
	for (uint64_t n = (mine - theirs + 1) / 2; n != 0 && stealable(); n--) {
		struct executor *ex = runq_take();
		if (ex != NULL && ex->affinity == EX_HART_ANY)
			inbox_push(h, ex);
		else if (ex != NULL)
			runq_push(ex);
	}
}

/* ex runs on, or isn't the caller's any more and the one returned is to run. */
static struct executor *tick(struct executor *ex, uint64_t now)
{
	uint64_t head = atomic_load(&this_hart->rq_head);
	bool moved = head != this_hart->slice_head;
	bool behind = fifo_waits() || this_hart->backlog_first != NULL;
	struct executor *next = NULL;

	ex->time += global->slice;
	if (moved && behind && head >= this_hart->slice_tail) {
		/* All in the ring have had a turn since the last tick: half of them
		 * make room. */
		exchange(runq_bytes() / RQ_STEP / 2, HALF - 1);
		drain();
	} else {
		/* The first in the ring has waited for a slice; or those behind it
		 * have, and its others won't let them in. */
		if (!moved || (behind && runq_full()))
			next = runq_take();
		if (next == NULL && behind)
			exchange(0, 1);
	}
	if (next != NULL) {
		ex->preempted++;
		fp_keep(ex);
		atomic_or(&ex->state, EX_FULL);
		requeue(ex);
	}
	share_out();
	if (tick_needed()) {
		tick_set(now);
		if (stealable())
			sched_kick();
	} else {
		this_hart->tickless = 1;
	}
	return next;
}

/* due: an interrupt is pending. Returns the time. */
static uint64_t look_at_timers(bool due)
{
	uint64_t now = hart_time();

	/* It is over, whatever it was set to.  Set it anew even to that: QEMU 7.2 may
	 * raise the old one once more just after it was moved. */
	if (due)
		this_hart->timer_at = 0;
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
	/* This hart holds no pointer that it has looked up.  The fences order
	 * its earlier lookups before the count, and the count before later
	 * ones; pairs with the reclaimer's. */
	fence_full();
	atomic_store(&this_hart->quiesced, this_hart->quiesced + 1);
	fence_full();
	reclaim_answered();
	reclaim_poll();
	if (drain())
		sched_pushed();
	if (timer || atomic_load(&this_hart->timer_inbox) != NULL)
		now = look_at_timers(timer);
	/* Asked for elsewhere, or by that step.  Not before all is taken in that this
	 * interrupt was sent for: nobody sends another. */
	if (atomic_load(&ex->state) & EX_STOPREQ)
		executor_end_asked(ex);
	if (timer && !this_hart->tickless && now >= this_hart->tick_at) {
		next = tick(ex, now);
		timer_program();
	}
	if (next != NULL)
		dispatch_to(next);
}

/* Half of another hart's ring, the neighbour's first. The first of these comes
 * back, so that no two thieves can go on stealing it from each other. */
static struct executor *steal(void)
{
	uint64_t at = this_hart->id ^ 1, next = random_hart(), count = harts(), rest;

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
	if (fifo_waits() || atomic_load(&this_hart->inbox) != NULL ||
	    atomic_load(&this_hart->timer_inbox) != NULL || reclaim_ready())
		return true;
	for (uint64_t i = 0, count = harts(); i < count; i++) {
		struct hart *h = global->hart[i];
		if (!(this_hart->blocked >> i & 1) &&
		    atomic_load(&h->rq_head) != atomic_load(&h->rq_tail))
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
	atomic_or(&global->idle, self);
	/* Store of the bit -> loads of queues and of the reclaimer's words; pairs
	 * with the fences in sched_kick, wake and reclaim_step. */
	fence_full();
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
	/* Leave idle before anything is looked up.  Aqrl, and a full fence:
	 * pairs with the reclaimer's, which either saw the bit clear and waits
	 * for this hart, or whose unlinking this hart sees from here on. */
	kicked = !(atomic_and(&global->idle, ~self) & self);
	fence_full();
	atomic_store(&this_hart->quiesced, this_hart->quiesced + 1);
	fence_full();
	reclaim_answered();
	reclaim_poll();
	return kicked;
}

_Noreturn void sched_find(void)
{
	struct executor *ex;
	bool kicked = false;

	for (;;) {
		bool due = hart_timer_due();
		if (due || atomic_load(&this_hart->timer_inbox) != NULL)
			look_at_timers(due);
		drain();
		if (runq_bytes() == 0 && fifo_waits())
			exchange(0, HALF / 2);
		ex = runq_take();
		if (ex != NULL)
			break;
		ex = steal();
		kicked = kicked && ex == NULL;
		if (ex != NULL)
			break;
		/* Before this hart counts as one that uses no VAS. */
		hart_use_kernel_space();
		if (!reclaim_wanted() || !reclaim_step())
			kicked = sched_sleep();
	}
	if (runq_bytes() != 0)
		sched_pushed();
	if (kicked)
		sched_kick(); /* for what was meant; this hart has found something of its own */
	dispatch_to(ex);
}

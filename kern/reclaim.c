/* SPDX-License-Identifier: MIT
 *
 * See reclaim.h.  Everything here but the two pushes runs under reclaim_lock,
 * which is only ever tried, never waited for.
 *
 * Grace periods are numbered; one runs at a time.  A ticket names the first
 * that begins after now: the next one, or the one after that if one is running.
 */
#include "reclaim.h"
#include "executor.h"
#include "frame.h"
#include "machine.h"
#include "table.h"
#include "vas.h"

#include <hartleaf/leaf.h>

#define FREE_BATCH     16 /* pages a step */
#define EXECUTOR_BATCH 16
#define OWED           (4 * VAS_ONE) /* steps; a period begins, ends, and something is freed */

/* Phases of a takedown; even numbers, they live in a root slot. */
#define ACTIVE  0x10 /* on that list: there are steps to be done */
#define WAITING 0x20 /* on that list, for a grace period */
enum {
	DYING_NEW = 0,
	DYING_GRACE = WAITING | 2, /* calls that looked before DYING come to their end */
	DYING_CHILDREN = ACTIVE | 2,
	DYING_EXECUTORS = ACTIVE | 4,
	DYING_RUNS = 2,
	DYING_SPACE = WAITING | 4, /* no hart uses its tables any more */
	DYING_TABLES = ACTIVE | 6,
	DYING_BURIED = 4,
};

/* Who pays for a page does a few steps by its calls, and some more each time that something
 * of its own has made progress. */
static void owe(struct vas *payer)
{
	struct vas *v = vas_debtor(payer);

	if (v != NULL)
		atomic_store(&v->owes, OWED);
}

void reclaim_defer(uint64_t frame)
{
	uint64_t *d = frame_desc(frame);
	uint64_t head = atomic_load(&global->limbo);
	do
		/* Its only user now: the count field is the link. */
		atomic_store(d, (atomic_load(d) & ~FRAME_COUNT) | head << FRAME_COUNT_SHIFT);
	while (!atomic_cas(&global->limbo, &head, frame));
	owe(direct(frame_payer(frame) << PAGE_SHIFT));
	reclaim_event();
}

void reclaim_vas(struct vas *v)
{
	struct vas *head = atomic_load(&global->doomed);
	do
		v->reclaim_next = head;
	while (!atomic_cas(&global->doomed, &head, v));
	owe(v->payer);
	reclaim_event();
}

static uint64_t grace_ticket(void)
{
	return global->grace_done + (global->grace_running ? 2 : 1);
}

static bool grace_passed(uint64_t ticket)
{
	return global->grace_done >= ticket;
}

/* A period costs each hart that runs a program an interrupt: so many a second at most. */
static bool grace_may_begin(void)
{
	uint64_t all = (2UL << (global->harts - 1)) - 1, self = 1UL << this_hart->id, now;

	if ((atomic_load(&global->idle) | self) == all)
		return true;
	now = hart_time();
	if (now < global->grace_next) {
		sched_later(global->grace_next);
		return false;
	}
	global->grace_next = now + global->grace_gap;
	return true;
}

/* All that waits for a grace period was unlinked before this. */
static void grace_begin(void)
{
	atomic_store(&global->grace_running, true);
	/* Unlinking -> loads of idle bits and counts; pairs with the fences at
	 * sched_sleep's end and in sched_interrupt. */
	fence_full();
	uint64_t idle = atomic_load(&global->idle), wait = 0;
	for (uint64_t i = 0; i < global->harts; i++) {
		struct hart *h = global->hart[i];
		if (h == this_hart || (idle >> i & 1))
			continue;
		h->quiesced_seen = atomic_load(&h->quiesced);
		wait |= 1UL << i;
	}
	atomic_store(&global->grace_harts, wait);
	hart_interrupt(wait);
}

static bool grace_end(void)
{
	uint64_t idle = atomic_load(&global->idle), wait = global->grace_harts;
	for (uint64_t i = 0; i < global->harts; i++)
		if ((wait >> i & 1) &&
		    ((idle >> i & 1) ||
		     atomic_load(&global->hart[i]->quiesced) != global->hart[i]->quiesced_seen))
			wait &= ~(1UL << i);
	atomic_store(&global->grace_harts, wait);
	if (wait != 0)
		return false;
	/* Loads of counts -> whatever is done to the pages. */
	fence_full();
	global->grace_done++;
	atomic_store(&global->grace_running, false);
	return true;
}

/* Pages whose grace period has passed. */
static bool free_some(void)
{
	for (unsigned n = 0; n < FREE_BATCH; n++) {
		uint64_t frame = global->limbo_waiting;
		if (frame == 0)
			return n != 0;
		global->limbo_waiting =
			(atomic_load(frame_desc(frame)) & FRAME_COUNT) >> FRAME_COUNT_SHIFT;
		owe(direct(frame_payer(frame) << PAGE_SHIFT));
		if (frame_type(frame) == FRAME_EXECUTOR)
			executor_retire(executor_at(frame));
		else
			frame_free(frame);
	}
	return true;
}

/* Lists are rings, and named by their first. */
static void append(struct vas **list, struct vas *v)
{
	struct vas *first = *list;

	if (first == NULL) {
		*list = v->reclaim_next = v->reclaim_prev = v;
		return;
	}
	v->reclaim_next = first;
	v->reclaim_prev = first->reclaim_prev;
	v->reclaim_prev->reclaim_next = v;
	first->reclaim_prev = v;
}

static void take_out(struct vas **list, struct vas *v)
{
	struct vas *next = v->reclaim_next;

	v->reclaim_prev->reclaim_next = next;
	next->reclaim_prev = v->reclaim_prev;
	if (*list == v)
		*list = next != v ? next : NULL;
}

static void wait_for_grace(struct vas *v, uint64_t phase)
{
	v->phase = phase;
	v->ticket = grace_ticket() << 1;
	append(&global->waiting, v);
}

static bool waited(const struct vas *v)
{
	return grace_passed(v->ticket >> 1);
}

static void go_on(struct vas *v)
{
	take_out(&global->waiting, v);
	append(&global->active, v);
	v->phase = v->phase == DYING_GRACE ? DYING_CHILDREN : DYING_TABLES;
	v->walk = v->executors;
}

/* One step towards the end of v, one of the active; it leaves those to wait, or when it is
 * done. */
static void takedown_step(struct vas *v)
{
	struct vas *child;

	switch (v->phase) {
	case DYING_CHILDREN:
		child = vas_pop_child(v);
		if (child != NULL)
			vas_kill(child, (int64_t)v->code >> 1);
		else
			v->phase = DYING_EXECUTORS;
		break;
	case DYING_EXECUTORS:
		for (unsigned n = 0; n < EXECUTOR_BATCH && v->walk != NULL; n++) {
			struct executor *ex = v->walk;
			v->walk = ex->list_next;
			executor_stop(ex, (int64_t)v->code >> 1);
		}
		if (v->walk != NULL)
			break;
		v->phase = DYING_RUNS;
		take_out(&global->active, v);
		if (vas_await_end(v))
			wait_for_grace(v, DYING_SPACE);
		break;
	case DYING_TABLES:
		v->cursor = table_sweep(v, v->cursor);
		if (v->cursor != global->user_top)
			break;
		v->phase = DYING_BURIED;
		take_out(&global->active, v);
		vas_bury(v);
		break;
	}
	owe(v->payer);
}

/* A step for one that has begun to die, and one for `v`, or for whose turn it is.  No list is
 * searched: this costs the same however many die. */
static bool takedowns_step(struct vas *v)
{
	struct vas *new = global->arrivals;

	if (new == NULL)
		new = atomic_swap(&global->doomed, NULL);
	if (new != NULL) {
		global->arrivals = new->reclaim_next;
		if (new->phase == DYING_BURIED)
			vas_settled(new);
		else
			wait_for_grace(new, new->phase == DYING_RUNS ? DYING_SPACE : DYING_GRACE);
	}
	if (global->waiting != NULL && waited(global->waiting))
		go_on(global->waiting);
	if (v != NULL && (v->phase & WAITING) && waited(v))
		go_on(v);
	if (v == NULL || !(v->phase & ACTIVE)) {
		v = global->active;
		if (v == NULL)
			return new != NULL;
		global->active = v->reclaim_next;
	}
	takedown_step(v);
	return true;
}

/* Somebody waits for a grace period that hasn't begun. */
static bool grace_needed(void)
{
	return (global->limbo_waiting != 0 && !grace_passed(global->limbo_ticket)) ||
	       (global->waiting != NULL && !waited(global->waiting->reclaim_prev));
}

/* Grace periods begin before anything else is done: who waits for one waits for no work. */
static bool unit(struct vas *v)
{
	bool more = global->grace_running && grace_end();

	if (global->limbo_waiting == 0) {
		global->limbo_waiting = atomic_swap(&global->limbo, 0);
		global->limbo_ticket = grace_ticket();
	}
	if (!global->grace_running && grace_needed() && grace_may_begin()) {
		grace_begin();
		return true;
	}
	if (global->limbo_waiting != 0 && grace_passed(global->limbo_ticket))
		more |= free_some();
	return takedowns_step(v) || more;
}

bool reclaim_step(struct vas *v)
{
	if (atomic_swap(&global->reclaim_lock, 1) != 0)
		return false;
	uint64_t events = atomic_load_acquire(&global->reclaim_events);
	bool more = unit(v);
	/* Wanted again if this step left something: another one may have seen these
	 * events already, when there was nothing to do. */
	atomic_store(&global->reclaim_seen, more ? events - 1 : events);
	atomic_store_release(&global->reclaim_lock, 0);
	/* Store of the lock -> load of the events: who found the lock taken
	 * had counted its event before.  Also the waker's side of sched_sleep. */
	fence_full();
	return reclaim_wanted();
}

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

/* Phases of a takedown; even numbers, they live in a root slot. */
enum {
	DYING_NEW = 0,
	DYING_GRACE = 2, /* calls that looked before DYING come to their end */
	DYING_CHILDREN = 4,
	DYING_EXECUTORS = 6,
	DYING_RUNS = 8,
	DYING_SPACE = 10, /* no hart uses its tables any more */
	DYING_TABLES = 12,
	DYING_LIST = 14,
};

void reclaim_defer(uint64_t frame)
{
	uint64_t *d = frame_desc(frame);
	uint64_t head = atomic_load(&global->limbo);
	do
		/* Its only user now: the count field is the link. */
		atomic_store(d, (atomic_load(d) & ~FRAME_COUNT) | head << FRAME_COUNT_SHIFT);
	while (!atomic_cas(&global->limbo, &head, frame));
	reclaim_event();
}

void reclaim_vas(struct vas *v)
{
	struct vas *head = atomic_load(&global->doomed);
	do
		v->reclaim_next = head;
	while (!atomic_cas(&global->doomed, &head, v));
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
		if (frame_type(frame) == FRAME_EXECUTOR)
			executor_retire(executor_at(frame));
		else
			frame_free(frame);
	}
	return true;
}

/* FIFOs are rings; the list names the last one. */
static void append(struct vas **list, struct vas *v)
{
	struct vas *last = *list != NULL ? *list : v;

	v->reclaim_next = v != last ? last->reclaim_next : v;
	last->reclaim_next = v;
	*list = v;
}

static struct vas *take_first(struct vas **list)
{
	struct vas *first = (*list)->reclaim_next;

	(*list)->reclaim_next = first->reclaim_next;
	if (*list == first)
		*list = NULL;
	return first;
}

static void wait_for_grace(struct vas *v, uint64_t phase)
{
	v->phase = phase;
	v->ticket = grace_ticket() << 1;
	append(&global->waiting, v);
}

/* One step towards the end of v, the first of active; it leaves that to wait, or
 * when it is done. */
static void takedown_step(struct vas *v)
{
	struct vas *child;

	switch (v->phase) {
	case DYING_GRACE:
		v->walk = v->executors;
		v->phase = DYING_CHILDREN;
		break;
	case DYING_CHILDREN:
		child = vas_pop_child(v);
		if (child != NULL)
			vas_kill(child, (int64_t)v->code >> 1);
		else
			v->phase = DYING_EXECUTORS;
		break;
	case DYING_EXECUTORS:
		/* The list only ever grew at its head, and no longer does. */
		for (unsigned n = 0; n < EXECUTOR_BATCH && v->walk != NULL; n++) {
			struct executor *ex = v->walk;
			v->walk = ex->list_next;
			executor_stop(ex, (int64_t)v->code >> 1);
		}
		if (v->walk != NULL)
			break;
		v->phase = DYING_RUNS;
		take_first(&global->active);
		if (vas_await_end(v))
			wait_for_grace(v, DYING_SPACE);
		break;
	case DYING_SPACE:
		v->cursor = 0;
		v->phase = DYING_TABLES;
		break;
	case DYING_TABLES:
		v->cursor = table_sweep(v, v->cursor);
		if (v->cursor == global->user_top)
			v->phase = DYING_LIST;
		break;
	case DYING_LIST:
		for (unsigned n = 0; n < EXECUTOR_BATCH && v->executors != NULL; n++)
			executor_unlist(v->executors);
		if (v->executors != NULL)
			break;
		take_first(&global->active);
		vas_bury(v);
		break;
	}
}

static bool waiting_passed(void)
{
	return grace_passed(global->waiting->reclaim_next->ticket >> 1);
}

/* No list is searched: a step costs the same however many die. */
static bool takedowns_step(void)
{
	struct vas *v = global->arrivals;

	if (v == NULL)
		v = atomic_swap(&global->doomed, NULL);
	if (v != NULL) {
		global->arrivals = v->reclaim_next;
		wait_for_grace(v, v->phase == DYING_RUNS ? DYING_SPACE : DYING_GRACE);
	}
	if (global->waiting != NULL && waiting_passed())
		append(&global->active, take_first(&global->waiting));
	if (global->active == NULL)
		return v != NULL;
	takedown_step(global->active->reclaim_next);
	return true;
}

/* Somebody waits for a grace period that hasn't begun. */
static bool grace_needed(void)
{
	return (global->limbo_waiting != 0 && !grace_passed(global->limbo_ticket)) ||
	       (global->waiting != NULL && !waiting_passed());
}

static bool unit(void)
{
	if (global->grace_running && grace_end())
		return true;
	if (global->limbo_waiting == 0) {
		global->limbo_waiting = atomic_swap(&global->limbo, 0);
		global->limbo_ticket = grace_ticket();
	}
	if (global->limbo_waiting != 0 && grace_passed(global->limbo_ticket) && free_some())
		return true;
	if (takedowns_step())
		return true;
	if (!global->grace_running && grace_needed()) {
		grace_begin();
		return true;
	}
	return false;
}

bool reclaim_step(void)
{
	if (atomic_swap(&global->reclaim_lock, 1) != 0)
		return false;
	uint64_t events = atomic_load_acquire(&global->reclaim_events);
	bool more = unit();
	/* Wanted again if this step left something: another one may have seen these
	 * events already, when there was nothing to do. */
	atomic_store(&global->reclaim_seen, more ? events - 1 : events);
	atomic_store_release(&global->reclaim_lock, 0);
	/* Store of the lock -> load of the events: who found the lock taken
	 * had counted its event before.  Also the waker's side of sched_sleep. */
	fence_full();
	return reclaim_wanted();
}

/* SPDX-License-Identifier: MIT
 *
 * See check.h.  First what is queued: an executor is marked where it is found, so
 * that it is found once.  Then what is counted: every count is taken back by one for
 * each reason that it has, and 0 must be left.  Nothing is in order after that.
 *
 * At the end of the first executor this hart may be in a call, in an interrupt or
 * without anything current; no lock is held but perhaps reclaim_lock.
 */
#include "check_parts.h"
#include "atomic.h"
#include "runq.h"

#define HALT_SHIFT  5     /* 32 s for a hart to come */
#define AGAIN_SHIFT 6     /* 1/64 s */
#define MARK        0xff0 /* in an executor's page, which has this word to spare */

static uint64_t halting;
static struct {
	uint64_t here;
	struct executor *current;
} halted[HART_MAX];

/* --- saying so ----------------------------------------------------------------- */

static void print(const char *s)
{
	while (*s != 0)
		console_putc(*s++);
}

static void print_hex(uint64_t value)
{
	print(" 0x");
	for (int shift = 60; shift >= 0; shift -= 4)
		console_putc("0123456789abcdef"[value >> shift & 15]);
}

void demand(bool ok, const char *what, const void *where, uint64_t value)
{
	if (ok)
		return;
	print("hartleaf: check: ");
	print(what);
	print(":");
	print_hex((uint64_t)where);
	print_hex(value);
	print("\n");
	machine_stop(true);
}

/* --- halting -------------------------------------------------------------------- */

void check_point(struct executor *current)
{
	if (atomic_load(&halting) == 0)
		return;
	halted[this_hart->id].current = current;
	/* Release: pairs with the acquire in halt_others. */
	atomic_store_release(&halted[this_hart->id].here, 1);
	hart_timer(UINT64_MAX);
	for (;;) {
		hart_interrupt_clear();
		hart_wait();
	}
}

static void halt_others(void)
{
	uint64_t since = hart_time(), asked = 0;

	atomic_store(&halting, 1);
	for (uint64_t i = 0; i < global->harts; i++)
		while (i != this_hart->id && !atomic_load_acquire(&halted[i].here)) {
			uint64_t now = hart_time();
			demand(now - since < global->info->timebase << HALT_SHIFT,
			       "a hart doesn't answer", global->hart[i], i);
			if (asked != 0 && now - asked < global->info->timebase >> AGAIN_SHIFT)
				continue;
			asked = now;
			hart_interrupt(1UL << i);
		}
}

/* --- frames ----------------------------------------------------------------------- */

bool is_ram(uint64_t frame)
{
	for (uint64_t i = 0; i < global->ram_ranges; i++)
		if (frame >= global->ram[i].first && frame < global->ram[i].end &&
		    global->ram[i].node != NO_MEMORY)
			return true;
	return false;
}

uint64_t next_ram(uint64_t frame)
{
	uint64_t next = 0;

	if (is_ram(frame))
		return frame;
	for (uint64_t i = 0; i < global->ram_ranges; i++) {
		uint64_t first = global->ram[i].first;
		if (first > frame && is_ram(first) && (next == 0 || first < next))
			next = first;
	}
	return next;
}

void demand_frame(const void *p, uint64_t type, const char *what)
{
	uint64_t frame = physical(p) >> PAGE_SHIFT;

	demand(is_ram(frame) && frame_type(frame) == type, what, p, frame);
	demand(type == FRAME_EXECUTOR ? p == executor_at(frame) : p == vas_at(frame), what, p,
	       frame);
}

uint64_t *marks(struct executor *ex)
{
	return (uint64_t *)(((uint64_t)ex & -PAGE_SIZE) + MARK);
}

void mark(uint64_t *word, uint64_t bit, const char *what, const void *where)
{
	demand((*word & bit) == 0, what, where, *word);
	*word |= bit;
}

/* --- queues ------------------------------------------------------------------------ */

/* h: only there it may run; NULL: anywhere. */
static void check_ready(struct executor *ex, const struct hart *h)
{
	demand_frame(ex, FRAME_EXECUTOR, "queued, no executor");
	demand(life(ex) == EX_READY, "queued, not ready", ex, ex->state);
	demand((ex->state & EX_TIMED) == 0, "queued with a deadline", ex, ex->state);
	demand(ex->affinity == EX_HART_ANY || (h != NULL && ex->affinity == h->id),
	       "queued, bound elsewhere", ex, ex->affinity);
	mark(marks(ex), QUEUED, "queued twice", ex);
}

/* A list by `next`; returns its last. */
static struct executor *check_list(struct executor *ex, const struct hart *h)
{
	struct executor *last = NULL;

	for (; ex != NULL; ex = ex->next) {
		check_ready(ex, h);
		last = ex;
	}
	return last;
}

static void check_queues(struct hart *h)
{
	uint64_t bytes = h->rq_tail - h->rq_head;

	demand(bytes <= RQ_MASK + RQ_STEP && bytes % RQ_STEP == 0, "ring's counters", h, bytes);
	for (uint64_t at = h->rq_head; at != h->rq_tail; at += RQ_STEP) {
		struct executor *ex = *runq_slot(h, at);
		check_ready(ex, h);
		demand(ex->hart == h, "in another's ring", ex, h->id);
	}
	check_list(h->inbox, h);
	struct executor *last = check_list(h->backlog_first, h);
	demand(h->backlog_first == NULL || last == h->backlog_last, "backlog's end",
	       h->backlog_last, h->id);
	if (h == this_hart)
		return;
	struct executor *current = halted[h->id].current;
	if (current == NULL)
		return;
	check_ready(current, h);
	demand(current->hart == h, "runs, and not there", current, h->id);
	demand(vas_harts(current->vas) >> h->id & 1, "runs, and its VAS doesn't know", current,
	       h->id);
	demand((global->idle >> h->id & 1) == 0, "runs, and is idle", current, h->id);
	demand((bytes == 0 && h->backlog_first == NULL) || !h->tickless, "waits without a tick", h,
	       bytes);
}

static void check_fifo(void)
{
	struct executor *last = check_list(global->sched_head, NULL);

	demand(last == NULL || last == global->sched_tail, "FIFO's end", global->sched_tail, 0);
	demand(global->sched_mcs_lock == NULL, "FIFO is locked", global->sched_mcs_lock, 0);
	demand(global->vas_mcs_lock == NULL, "lists are locked", global->vas_mcs_lock, 0);
}

/* --- deadlines ------------------------------------------------------------------------ */

static uint64_t rank(const struct executor *n)
{
	return n != NULL ? n->timer_rank : 0;
}

static void check_node(struct executor *n, struct executor *up, struct hart *h)
{
	struct executor *left = n->timer_left, *right = n->timer_right;

	if (left != NULL)
		demand_frame(left, FRAME_EXECUTOR, "in a heap, no executor");
	if (right != NULL)
		demand_frame(right, FRAME_EXECUTOR, "in a heap, no executor");
	mark(marks(n), HEAPED, "in heaps twice", n);
	demand(n->timer_hart == h, "in another's heap", n, h->id);
	demand(n->timer_up == up, "heap's way up", n, (uint64_t)n->timer_up);
	demand(up == NULL || up->timer_key <= n->timer_key, "heap's order", n, n->timer_key);
	demand(rank(left) >= rank(right) && n->timer_rank == rank(right) + 1, "heap's ranks", n,
	       n->timer_rank);
	demand(n->refs != 0, "in a heap, not counted", n, n->refs);
	n->refs--;
}

static void check_timers(struct hart *h)
{
	struct executor *n = h->timers, *from;

	demand(n == NULL || h->timer_at <= n->timer_key, "timer set too late", h, h->timer_at);
	demand(h->tickless || h->timer_at <= h->tick_at, "tick set too late", h, h->timer_at);
	if (n != NULL) {
		demand_frame(n, FRAME_EXECUTOR, "in a heap, no executor");
		check_node(n, NULL, h);
	}
	/* Down to the left, then the right; up where neither is left. */
	while (n != NULL) {
		struct executor *next = n->timer_left != NULL ? n->timer_left : n->timer_right;
		for (from = n; next == NULL && (n = n->timer_up) != NULL; from = n)
			if (n->timer_right != from)
				next = n->timer_right;
		if (next != NULL)
			check_node(next, n, h);
		n = next;
	}
	for (n = h->timer_inbox; n != NULL; n = n->timer_next) {
		demand_frame(n, FRAME_EXECUTOR, "in a timer inbox, no executor");
		mark(marks(n), ASKED, "in timer inboxes twice", n);
		demand(n->refs != 0, "in a timer inbox, not counted", n, n->refs);
		n->refs--;
	}
}

static void check_deadline(struct executor *ex)
{
	uint64_t found = *marks(ex);

	demand((ex->timer_hart != NULL) == ((found & HEAPED) != 0), "not in its timer's heap", ex,
	       (uint64_t)ex->timer_hart);
	demand(ex->timer_queued == ((found & ASKED) != 0), "not in a timer inbox", ex,
	       ex->timer_queued);
	if ((ex->state & EX_TIMED) == 0 || ex == global->first)
		return;
	demand(life(ex) == EX_PARKED, "a deadline, not parked", ex, ex->state);
	demand(ex->timer_hart != NULL, "a deadline and no timer", ex, ex->deadline);
	demand(ex->timer_key <= ex->deadline || ex->timer_queued, "a deadline looked at too late",
	       ex, ex->timer_key);
}

/* --- all -------------------------------------------------------------------------- */

static void check_executor(struct executor *ex)
{
	uint64_t found = *marks(ex);

	if (life(ex) == EX_READY)
		demand((found & QUEUED) || ex == global->first || ex == this_hart->current,
		       "ready, and nobody has it", ex, ex->state);
	if (life(ex) == EX_STOPPED)
		demand(ex->state == EX_STOPPED, "stopped, with flags", ex, ex->state);
	demand(ex->refs != 0 || (found & LIMBO), "named by nobody", ex, ex->state);
	demand(found & LISTED, "not on its VAS's list", ex, found);
	check_deadline(ex);
}

void check_machine(void)
{
	halt_others();
	check_fifo();
	for (uint64_t i = 0; i < global->harts; i++) {
		check_queues(global->hart[i]);
		check_timers(global->hart[i]);
	}
	check_lists();
	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1))
		if (frame_type(f) == FRAME_EXECUTOR)
			check_executor(executor_at(f));
	check_counts();
}

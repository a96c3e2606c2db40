/* SPDX-License-Identifier: MIT
 *
 * The heap is leftist: of two children the left one has the longer way down on the
 * right, so every right spine is logarithmic, and so is whatever walks one.
 *
 * timer_hart says whose heap an executor is in.  It changes by CAS from NULL, and
 * by the owner to NULL.  A node holds a reference, and so does an entry of a
 * timer inbox, by which other harts ask for a new look at the deadline.
 */
#include "timer.h"
#include "atomic.h"
#include "executor.h"
#include "machine.h"
#include "sched.h"

#include <hartleaf/call.h>

#define NEVER        UINT64_MAX
#define EXPIRE_BATCH 32 /* an interrupt; what is left interrupts again */
#define SOON_SHIFT   7  /* of a slice: when to look again at one about to park */

static uint64_t rank(const struct executor *n)
{
	return n != NULL ? n->timer_rank : 0;
}

static void mend(struct executor *n)
{
	struct executor *left = n->timer_left, *right = n->timer_right;

	if (rank(left) < rank(right)) {
		n->timer_left = right;
		n->timer_right = left;
	}
	n->timer_rank = rank(n->timer_right) + 1;
}

/* Of two heaps one.  The root's timer_up is the caller's to set. */
static struct executor *merge(struct executor *a, struct executor *b)
{
	struct executor *root = NULL, *up = NULL, **link = &root;

	while (a != NULL && b != NULL) {
		if (b->timer_key < a->timer_key) {
			struct executor *other = a;
			a = b;
			b = other;
		}
		*link = a;
		a->timer_up = up;
		up = a;
		link = &a->timer_right;
		a = a->timer_right;
	}
	*link = a != NULL ? a : b;
	if (*link != NULL)
		(*link)->timer_up = up;
	for (; up != NULL; up = up->timer_up)
		mend(up);
	return root;
}

static void insert(struct executor *ex, uint64_t key)
{
	atomic_store(&ex->timer_key, key);
	ex->timer_left = ex->timer_right = NULL;
	ex->timer_rank = 1;
	this_hart->timers = merge(this_hart->timers, ex);
	this_hart->timers->timer_up = NULL;
}

static void take_out(struct executor *ex)
{
	struct executor *up = ex->timer_up, *below = merge(ex->timer_left, ex->timer_right);

	if (below != NULL)
		below->timer_up = up;
	if (up == NULL) {
		this_hart->timers = below;
		return;
	}
	if (up->timer_left == ex)
		up->timer_left = below;
	else
		up->timer_right = below;
	for (uint64_t before; up != NULL; up = up->timer_up) {
		before = up->timer_rank;
		mend(up);
		if (up->timer_rank == before)
			break;
	}
}

/* Into this hart's heap, by its deadline. */
static void place(struct executor *ex)
{
	uint64_t key;

	/* Store of the key -> load of the deadline; pairs with the fence in
	 * timer_set: either it sees this key, or this the new deadline. */
	do {
		key = atomic_load(&ex->deadline);
		atomic_store(&ex->timer_key, key);
		fence_full();
	} while (key != atomic_load(&ex->deadline));
	insert(ex, key);
}

/* Out of this hart's heap, and of its hands, unless it is about to be needed. */
static void drop(struct executor *ex)
{
	do {
		struct hart *none = NULL;
		/* Release: this hart's use of the links before that of the next one,
		 * whose CAS in timer_set is an acquire. */
		atomic_store_release(&ex->timer_hart, NULL);
		/* Store of NULL -> load of the flag; pairs with the fence in
		 * timer_set: one that relies on this hart is seen here. */
		fence_full();
		if (!(atomic_load(&ex->state) & EX_TIMED) ||
		    !atomic_cas(&ex->timer_hart, &none, this_hart)) {
			executor_put(ex);
			return;
		}
		/* Store of the hart -> load of the flag; pairs with the fence in
		 * timer_forget, which may have found NULL. */
		fence_full();
	} while (!(atomic_load(&ex->state) & EX_TIMED));
	place(ex);
}

/* Have h look at ex, which the caller knows to be referenced. */
static void ask(struct hart *h, struct executor *ex)
{
	/* Acquire and release: if it is queued already, who takes it from there
	 * sees what the caller has stored. */
	if (atomic_swap(&ex->timer_queued, 1) != 0)
		return;
	atomic_add(&ex->refs, 1); /* not the first, see above */
	struct executor *first = atomic_load(&h->timer_inbox);
	do
		ex->timer_next = first;
	/* Release: the link; pairs with the acquire of the swap in timer_expire. */
	while (!atomic_cas(&h->timer_inbox, &first, ex));
	if (first == NULL)
		hart_interrupt(1UL << h->id);
}

void timer_set(struct executor *ex)
{
	uint64_t deadline = ex->deadline;
	struct hart *h = NULL;

	/* Stores of deadline and flag -> loads of hart and key, by .aqrl; pairs with the
	 * fences in drop and place. */
	atomic_or(&ex->state, EX_TIMED);
	if (atomic_cas(&ex->timer_hart, &h, this_hart)) {
		atomic_add(&ex->refs, 1); /* it lives, so this isn't the first */
		place(ex);
	} else if (atomic_load(&ex->timer_key) <= deadline) {
		return; /* in time to see that it is to be later */
	} else if (h == this_hart) {
		take_out(ex);
		place(ex);
	} else {
		ask(h, ex);
		return;
	}
	timer_program();
}

void timer_forget(struct executor *ex)
{
	struct hart *h;

	/* Swapped to and not run since, it may have the flag.  The flag -> load of the
	 * hart, by .aq; pairs with the fences in drop. */
	atomic_and(&ex->state, ~(uint64_t)EX_TIMED);
	h = atomic_load(&ex->timer_hart);
	if (h == this_hart) {
		take_out(ex);
		drop(ex);
	} else if (h != NULL) {
		ask(h, ex);
	}
}

static void asked(struct executor *ex)
{
	struct hart *h;

	/* Before anything is looked at, by .aq: who asks from here on is queued anew. */
	atomic_swap(&ex->timer_queued, 0);
	h = atomic_load(&ex->timer_hart);
	if (h == this_hart) {
		take_out(ex);
		if (atomic_load(&ex->state) & EX_TIMED)
			place(ex);
		else
			drop(ex);
	} else if (h != NULL) {
		ask(h, ex); /* another hart's by now */
	}
	executor_put(ex);
}

/* Its time has come, or what was its time once. */
static void expire(struct executor *ex, uint64_t now)
{
	uint64_t state = atomic_load(&ex->state);

	do {
		if (!(state & EX_TIMED)) {
			drop(ex);
			return;
		}
		if ((state & EX_LIFE) != EX_PARKED) {
			insert(ex, now + (global->slice >> SOON_SHIFT) + 1);
			return;
		}
		if (atomic_load(&ex->deadline) > now) {
			place(ex);
			return;
		}
		/* Only if it parked with a deadline; acquire: its frame. */
	} while (!atomic_cas(&ex->state, &state, state & ~(uint64_t)(EX_LIFE | EX_TIMED)));
	/* The claimed park may be a later one than that whose deadline was read. */
	executor_give_result(ex, atomic_load(&ex->deadline) <= now ? -HL_ETIMEDOUT : 0);
	drop(ex);
	sched_return(ex);
}

void timer_expire(uint64_t now)
{
	struct executor *ex, *next;

	if (atomic_load(&this_hart->timer_inbox) != NULL)
		for (ex = atomic_swap(&this_hart->timer_inbox, NULL); ex != NULL; ex = next) {
			next = ex->timer_next;
			asked(ex);
		}
	for (unsigned n = 0; n < EXPIRE_BATCH; n++) {
		ex = this_hart->timers;
		if (ex == NULL || ex->timer_key > now)
			break;
		take_out(ex);
		expire(ex, now);
	}
}

void timer_program(void)
{
	uint64_t at = this_hart->tickless ? NEVER : this_hart->tick_at;

	if (this_hart->later_at < at)
		at = this_hart->later_at;
	if (this_hart->timers != NULL && this_hart->timers->timer_key < at)
		at = this_hart->timers->timer_key;
	if (at != this_hart->timer_at)
		hart_timer(at);
	this_hart->timer_at = at;
}

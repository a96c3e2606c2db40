/* SPDX-License-Identifier: MIT
 *
 * Faulters fault with all registers in use; their keepers know of it by badges only,
 * and resume them behind the instruction.  They end, too, and are started again.
 * Holders hold registers while they are preempted, yield and sleep.
 */
#include "soak.h"
#include "soak_hold.h"

#define KEEPERS  2
#define FAULTERS 3 /* of each; the badge is 1 << n */
#define HOLDERS  4
#define END_CODE 0

#define LOAD_FAULT 13
#define LOAD_T1_T0 0x0002b303 /* ld t1, (t0) */

/* Register numbers */
#define T0 5
#define A0 10
#define A6 16
#define A7 17

static struct actor *keepers[KEEPERS];
static struct actor *faulters[KEEPERS][FAULTERS];
static char stacks[KEEPERS * (FAULTERS + 1) + HOLDERS][STACK_SIZE] __attribute__((aligned(16)));

static bool preserved(int n)
{
	return n < T0 || n == 8 || n == 9 || (n >= 18 && n < 28);
}

/* A call is done: what it may change is as it was, or 0. */
static void check_call(const struct hold *h)
{
	for (int n = 1; n < 32; n++) {
		uint64_t is = h->after[n], was = h->before[n];

		test_note("register", n);
		if (n == A0)
			CHECK(is == 0 || is == (uint64_t)-HL_ETIMEDOUT);
		else if (n != 4 && (preserved(n) || is != 0))
			CHECK_EQ(is, was);
	}
}

static void check_all(const struct hold *h)
{
	for (int n = 1; n < 32; n++) {
		test_note("register", n);
		if (n != 4)
			CHECK_EQ(h->after[n], h->before[n]);
	}
}

void soak_hold(struct actor *a, unsigned what, bool fp)
{
	struct hold h;

	for (int n = 1; n < 32; n++)
		h.before[n] = random_next(&a->dice);
	for (int n = 0; fp && n < 32; n++)
		h.f[n] = random_next(&a->dice);
	h.fcsr = random_below(&a->dice, 5) << 5 | random_below(&a->dice, 32);
	if (what == HOLD_SPIN) {
		/* Now and then longer than a slice. */
		h.before[T0] = 1 + (random_next(&a->dice) >> (random_below(&a->dice, 8) ? 54 : 46));
	} else if (what == HOLD_FAULT) {
		h.before[T0] = SOAK_HOLE;
	} else {
		h.before[A0] = PARK_NO_WORD;
		h.before[A6] = HL_SELF;
		h.before[A7] = what == HOLD_YIELD ? CALL_YIELD : CALL_PARK | PARK_HAS_DEADLINE;
		h.before[T0] = test_time() + random_below(&a->dice, 20000);
	}
	soak_enter(a);
	if (what == HOLD_SPIN)
		(fp ? hold_spin_fp : hold_spin)(&h);
	else if (what == HOLD_FAULT)
		(fp ? hold_load_fp : hold_load)(&h);
	else
		(fp ? hold_call_fp : hold_call)(&h);
	soak_leave(a);
	if (what == HOLD_SPIN)
		h.before[T0] = 0;
	if (what == HOLD_YIELD || what == HOLD_SLEEP)
		check_call(&h);
	else
		check_all(&h);
	if (fp) {
		test_note("fcsr", h.fcsr);
		CHECK_EQ(h.fcsr_after, h.fcsr);
		for (int n = 0; n < 32; n++) {
			test_note("f register", n);
			CHECK_EQ(h.f_after[n], h.f[n]);
		}
	}
	count(fp ? HELD_FP : HELD);
}

static void hold(struct actor *a)
{
	while (!over) {
		soak_hold(a, random_below(&a->dice, HOLD_SLEEP + 1), a->flags & START_FP);
		a->steps++;
	}
}

static void fault(struct actor *a)
{
	/* Some end now and then. */
	while (!over && random_below(&a->dice, 8) != 0) {
		soak_hold(a, HOLD_FAULT, a->fp);
		a->steps++;
		if (random_bit(&a->dice))
			soak_pause(a, 200);
	}
	a->steps++;
}

static void begin(struct actor *a, unsigned n)
{
	struct actor *f = faulters[a->number][n];
	uint64_t flags = START_SET_KEEPER | HL_BADGE(1 << n) | random_affinity(&a->dice);

	f->fp = random_bit(&a->dice);
	if (f->fp)
		flags |= START_FP;
	soak_enter(a);
	CHECK_EQ(actor_start(f, 0, a->handle, flags), 0);
	soak_leave(a);
}

static void mend(struct actor *a, struct actor *f)
{
	uint64_t flags = START_RESUME;

	CHECK_EQ(f->view->scause, LOAD_FAULT);
	CHECK_EQ(f->view->stval, SOAK_HOLE);
	CHECK_EQ(*(uint32_t *)f->view->pc, LOAD_T1_T0);
	if (random_bit(&a->dice))
		flags |= random_affinity(&a->dice);
	soak_enter(a);
	CHECK_EQ(sys_start(f->handle, f->view->pc + 4, 0, 0, HL_SELF, flags), 0);
	soak_leave(a);
	count(MENDED);
}

/* Words come only if the keeper was parked; they say the same as the page. */
static void check_words(struct actor *a, struct hl_words r)
{
	if (r.w[0] == 0)
		return;
	CHECK(r.badge != 0 && (r.badge & (r.badge - 1)) == 0 && r.badge < 1 << FAULTERS);
	for (unsigned n = 0; n < FAULTERS; n++)
		if (r.badge == 1U << n)
			CHECK_EQ(life(faulters[a->number][n]),
				 r.w[0] == TELL_FAULT ? EX_FAULTED : EX_STOPPED);
	if (r.w[0] == TELL_FAULT) {
		CHECK_EQ(r.w[1], LOAD_FAULT);
		CHECK_EQ(r.w[2], SOAK_HOLE);
		CHECK_EQ(*(uint32_t *)r.w[3], LOAD_T1_T0);
	} else {
		CHECK_EQ(r.w[0], TELL_ENDED);
		CHECK_EQ(r.w[1], END_CODE);
	}
}

static bool all_ended(struct actor *a)
{
	for (unsigned n = 0; n < FAULTERS; n++)
		if (life(faulters[a->number][n]) != EX_STOPPED)
			return false;
	return true;
}

static void keep(struct actor *a)
{
	for (unsigned n = 0; n < FAULTERS; n++)
		begin(a, n);
	while (!over || !all_ended(a)) {
		struct hl_words r = soak_park_any(a, (struct park){0});

		CHECK(r.result == 0 || r.result == -HL_ETIMEDOUT);
		if (r.result == 0)
			check_words(a, r);
		for (unsigned n = 0; r.result == 0 && n < FAULTERS; n++) {
			struct actor *f = faulters[a->number][n];

			if (!(r.badge & 1 << n))
				continue;
			if (life(f) == EX_FAULTED) {
				mend(a, f);
			} else {
				CHECK_EQ(f->view->state, EX_STOPPED);
				CHECK_EQ(f->view->exit, END_CODE);
				count(TOLD);
				if (!over)
					begin(a, n);
			}
		}
		a->steps++;
	}
}

void keep_init(void)
{
	char(*stack)[STACK_SIZE] = stacks;

	for (unsigned i = 0; i < KEEPERS; i++) {
		keepers[i] = actor_new("keeper", i, keep, i ? bound(3) : 0, *stack++, STACK_SIZE);
		for (unsigned n = 0; n < FAULTERS; n++) {
			struct actor *f =
				actor_new("faulter", i << 4 | n, fault, 0, *stack++, STACK_SIZE);

			faulters[i][n] = f;
			f->kept = f->watched = true;
		}
	}
	for (unsigned i = 0; i < HOLDERS; i++)
		actor_new("holder", i, hold, (i % 2 ? START_FP : 0) | (i / 2 ? bound(i) : 0),
			  *stack++, STACK_SIZE)
			->watched = true;
}

/* The other one is woken by tidings alone. */
hl_handle woken_keeper(void)
{
	return keepers[0]->handle;
}

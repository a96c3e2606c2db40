/* SPDX-License-Identifier: MIT
 *
 * Floating-point registers survive every kind of switch, and nobody sees another's.
 */
#include "fptest.h"

#define FLOATERS 4

/* What one holds, checked after each step; the steps change all, one, or none. */
struct holder {
	struct fpregs want;
	unsigned step;
};

static void hold(struct holder *h, uint64_t salt)
{
	fill(&h->want, salt);
	fp_load(&h->want);
	h->step = (unsigned)salt;
}

static void check_and_change(struct holder *h)
{
	check_holds(&h->want);
	switch (h->step++ % 4) {
	case 0:
		fp_touch();
		h->want.f[31]++;
		break;
	case 1: {
		uint64_t last = h->want.f[31];

		fp_rotate();
		for (unsigned n = 31; n > 0; n--)
			h->want.f[n] = h->want.f[n - 1];
		h->want.f[0] = last;
		break;
	}
	default: /* as they are: perhaps not saved again */
		break;
	}
}

/* --- by calls --------------------------------------------------------------------- */

static uint64_t float_and_yield(uint64_t salt)
{
	struct holder h;

	hold(&h, salt);
	for (unsigned i = 0; i < rounds(200); i++) {
		yield();
		check_and_change(&h);
	}
	return 3;
}

static uint64_t yield_often(uint64_t arg)
{
	for (unsigned i = 0; i < rounds(200); i++)
		yield();
	return arg;
}

FP_TEST(they_survive_yields)
{
	for (unsigned i = 0; i < FLOATERS; i++)
		run_with(&pool[i], float_and_yield, i, START_FP);
	for (unsigned i = FLOATERS; i < FLOATERS + 3; i++)
		run(&pool[i], yield_often, 3);
	for (unsigned i = 0; i < FLOATERS + 3; i++)
		CHECK_EQ(join(&pool[i]), 3);
}

FP_TEST(they_survive_yields_on_one_hart)
{
	for (unsigned i = 0; i < FLOATERS; i++)
		run_with(&pool[i], float_and_yield, i, START_FP | ON_HART(harts() - 1));
	run_with(&pool[FLOATERS], yield_often, 3, ON_HART(harts() - 1));
	for (unsigned i = 0; i < FLOATERS + 1; i++)
		CHECK_EQ(join(&pool[i]), 3);
}

FP_TEST(they_survive_yields_between_spaces)
{
	struct worker *w[FLOATERS];

	for (unsigned i = 0; i < FLOATERS; i++)
		w[i] = worker_new(space_new(100));
	for (unsigned i = 0; i < FLOATERS; i++)
		run_with(w[i], float_and_yield, i, START_FP);
	for (unsigned i = 0; i < FLOATERS; i++)
		CHECK_EQ(join(w[i]), 3);
}

static volatile uint64_t parks[FLOATERS];

static uint64_t float_and_park(uint64_t n)
{
	struct holder h;

	hold(&h, n);
	for (unsigned i = 0; i < rounds(200); i++) {
		parks[n]++;
		/* The last of them by time. */
		if (n == FLOATERS - 1)
			park_until(test_time() + 100);
		else
			park();
		check_and_change(&h);
	}
	return 4;
}

static bool wake_floaters(void)
{
	bool all = true;

	for (unsigned i = 0; i < FLOATERS - 1; i++) {
		if (life(&pool[i]) != EX_STOPPED) {
			wake(pool[i].handle);
			all = false;
		}
	}
	return all;
}

FP_TEST(they_survive_parks_and_wakes)
{
	for (unsigned i = 0; i < FLOATERS; i++)
		run_with(&pool[i], float_and_park, i, START_FP);
	AWAIT(wake_floaters());
	for (unsigned i = 0; i < FLOATERS; i++)
		CHECK_EQ(join(&pool[i]), 4);
}

#define SWAPS rounds(400)

static uint64_t swap_target[2];

/* Odd ones hold nothing unless they may. */
static uint64_t float_and_swap(uint64_t arg)
{
	uint64_t which = arg & 1;
	bool floats = arg >> 1;
	struct holder h;
	struct result r;

	if (floats)
		hold(&h, arg);
	if (which)
		park();
	for (unsigned i = 0; i < SWAPS; i++) {
		while ((r = swap(swap_target[which], 1, 2, 3, 4)).a0 == -HL_EBUSY)
			yield();
		CHECK_EQ(r.a0, 0);
		if (floats)
			check_and_change(&h);
	}
	return 7;
}

static void check_swaps(bool a_floats, bool b_floats)
{
	swap_target[0] = pool[1].handle;
	swap_target[1] = pool[0].handle;
	run_with(&pool[1], float_and_swap, 1 | b_floats << 1, b_floats ? START_FP : 0);
	AWAIT(life(&pool[1]) == EX_PARKED);
	run_with(&pool[0], float_and_swap, 0 | a_floats << 1, a_floats ? START_FP : 0);
	CHECK_EQ(join(&pool[0]), 7);
	halt(&pool[1]);
}

FP_TEST(they_survive_swaps)
{
	check_swaps(true, true);
}

FP_TEST(they_survive_swaps_with_one_that_has_none)
{
	check_swaps(true, false);
	check_swaps(false, true);
}

/* --- from hart to hart --------------------------------------------------------------- */

static uint64_t float_and_travel(uint64_t salt)
{
	struct holder h;

	hold(&h, salt);
	for (unsigned i = 0; i < rounds(80); i++) {
		/* 4 bytes, also where there are shorter ones */
		__asm__ volatile(".option push; .option norvc; ebreak; .option pop" ::: "memory");
		check_and_change(&h);
		park_until(test_time() + 50);
		check_and_change(&h);
	}
	return 5;
}

static bool all_travelled(unsigned *hart)
{
	unsigned gone = 0;

	for (unsigned i = 0; i < FLOATERS; i++) {
		if (life(&pool[i]) == EX_STOPPED)
			gone++;
		if (life(&pool[i]) != EX_FAULTED)
			continue;
		CHECK_EQ(pool[i].view->scause, 3);
		CHECK_EQ(CALL(CALL_START, pool[i].handle, pool[i].view->pc + 4, 0, 0, 0,
			      START_RESUME | ON_HART(++*hart % harts())),
			 0);
	}
	return gone == FLOATERS;
}

FP_TEST(they_travel_from_hart_to_hart)
{
	unsigned hart = 0;

	for (unsigned i = 0; i < FLOATERS; i++)
		run_with(&pool[i], float_and_travel, i, START_FP);
	AWAIT(all_travelled(&hart));
	for (unsigned i = 0; i < FLOATERS; i++)
		CHECK_EQ(join(&pool[i]), 5);
}

/* --- slices ---------------------------------------------------------------------------- */

static volatile uint64_t enough;

static uint64_t float_and_spin(uint64_t salt)
{
	struct holder h;

	hold(&h, salt);
	while (!enough)
		check_and_change(&h);
	return 6;
}

static bool had_slices(const uint64_t *before, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (pool[i].view->preempted - before[i] < 20)
			return false;
	return true;
}

FP_TEST(they_survive_the_end_of_a_slice)
{
	uint64_t before[FLOATERS];

	enough = 0;
	for (unsigned i = 0; i < FLOATERS; i++) {
		before[i] = pool[i].view->preempted;
		run_with(&pool[i], float_and_spin, i, START_FP | ON_HART(harts() - 1));
	}
	run_with(&pool[FLOATERS], work_spin, 0, ON_HART(harts() - 1));
	AWAIT(had_slices(before, FLOATERS));
	enough = 1;
	for (unsigned i = 0; i < FLOATERS; i++)
		CHECK_EQ(join(&pool[i]), 6);
}

/* --- fcsr -------------------------------------------------------------------------------- */

static uint64_t divide_and_yield(uint64_t mode)
{
	const struct fpregs start = {.fcsr = mode << 5};

	for (unsigned i = 0; i < rounds(100); i++) {
		fp_load(&start);
		yield();
		CHECK_EQ(fp_fcsr(), mode << 5);
		fp_divide();
		yield();
		CHECK_EQ(fp_fcsr(), mode << 5 | FP_DZ | FP_NX);
	}
	return 2;
}

FP_TEST(rounding_mode_and_flags_are_ones_own)
{
	for (uint64_t mode = 0; mode < 5; mode++)
		run_with(&pool[mode], divide_and_yield, mode, START_FP | ON_HART(0));
	for (uint64_t mode = 0; mode < 5; mode++)
		CHECK_EQ(join(&pool[mode]), 2);
}

/* --- nothing leaks -------------------------------------------------------------------------- */

/* Start, look, fill, end; next to others who do the same. */
static uint64_t start_clean(uint64_t salt)
{
	struct fpregs is;

	fp_store(&is);
	check_zeroes(&is);
	return fill_and_end(salt);
}

FP_TEST(nothing_is_left_for_those_who_come_after)
{
	for (unsigned i = 0; i < rounds(200); i++)
		run_with(&pool[i % POOL], start_clean, join(&pool[i % POOL]) + 1, START_FP);
	for (unsigned i = 0; i < POOL; i++)
		join(&pool[i]);
	for (unsigned i = 0; i < POOL; i++)
		CHECK(pool[i].view->exit != WORKER_FAILED);
}

/* Tries to look at what others hold: faults each time. */
FP_TEST(those_without_never_see_any)
{
	for (unsigned i = 0; i < FLOATERS; i++)
		run_with(&pool[i], float_and_yield, i, START_FP | ON_HART(harts() - 1));
	while (life(&pool[0]) != EX_STOPPED) {
		CHECK_EQ(CALL(CALL_START, pool[FLOATERS].handle, (uint64_t)fp_entry_move, 0, 0, 0,
			      ON_HART(harts() - 1)),
			 0);
		AWAIT(life(&pool[FLOATERS]) == EX_FAULTED || life(&pool[FLOATERS]) == EX_STOPPED);
		CHECK_EQ(life(&pool[FLOATERS]), EX_FAULTED);
		CHECK_EQ(pool[FLOATERS].view->scause, ILLEGAL);
		halt(&pool[FLOATERS]);
	}
	for (unsigned i = 0; i < FLOATERS; i++)
		CHECK_EQ(join(&pool[i]), 3);
}

static uint64_t park_then_look(uint64_t arg)
{
	park();
	return fp_f31() + arg;
}

enum way { SWAP, PARK, TIMED_PARK, YIELD, FAULT, SPIN, END, WAYS };

/* Leave the hart to the one that looks. */
static uint64_t leave(uint64_t way)
{
	struct holder h;

	hold(&h, way);
	if (way == SWAP)
		swap(pool[1].handle, 1, 2, 3, 4);
	else
		wake(pool[1].handle);
	switch (way) {
	case PARK:
		park();
		break;
	case TIMED_PARK:
		park_until(test_time() + 1000);
		break;
	case YIELD:
		yield();
		break;
	case FAULT:
		work_fault(FAR_HOLE);
		break;
	case SPIN:
		work_spin(0);
		break;
	}
	return 0;
}

/* The very next on the hart, in most rounds. */
FP_TEST(those_without_see_none_however_others_leave)
{
	for (unsigned i = 0; i < rounds(8); i++) {
		for (unsigned way = 0; way < WAYS; way++) {
			unsigned h = i % harts();

			test_note("way", way);
			run_with(&pool[1], park_then_look, 0, ON_HART(h));
			AWAIT(life(&pool[1]) == EX_PARKED);
			run_with(&pool[0], leave, way, START_FP | ON_HART(h));
			AWAIT(life(&pool[1]) == EX_FAULTED || life(&pool[1]) == EX_STOPPED);
			CHECK_EQ(life(&pool[1]), EX_FAULTED);
			CHECK_EQ(pool[1].view->scause, ILLEGAL);
			halt(&pool[0]);
			halt(&pool[1]);
		}
	}
}

/* Stopped, faulted or parked at any point, and used again. */
FP_TEST(a_stop_at_any_point_leaves_nothing)
{
	struct random dice = {8};

	for (unsigned i = 0; i < rounds(200); i++) {
		static work *const works[] = {float_and_yield, fill_and_park, fill_and_fault,
					      float_and_spin};
		struct worker *w = &pool[i % 3];

		enough = 0;
		run_with(w, works[random_below(&dice, 4)], i, START_FP);
		for (unsigned n = random_below(&dice, 4); n; n--)
			yield();
		CHECK(stop(w->handle, 0) >= 0);
		join(w);
		run_with(w, start_clean, 5, START_FP);
		CHECK_EQ(join(w), 5);
	}
}

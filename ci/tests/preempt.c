/* SPDX-License-Identifier: MIT
 *
 * Executors that make no calls share a hart with others.  Shares are counted in
 * slices, as the views show them: no result depends on how long one takes.
 */
#include "kit.h"

#include <hartleaf/fdt.h>
#include <stdlib.h>
#include <string.h>

static volatile uint64_t begun, done;
static volatile uint64_t progress[CROWD];

static uint64_t us(uint64_t n)
{
	return n * INFO->timebase / 1000000;
}

static uint64_t say_and_spin(uint64_t arg)
{
	begun = 1;
	return work_spin(arg);
}

static uint64_t spin_and_count(uint64_t n)
{
	for (;;)
		progress[n]++;
	return 0;
}

static uint64_t spin_till_done(uint64_t arg)
{
	begun = 1;
	while (!done)
		;
	return arg;
}

static uint64_t finish(uint64_t arg)
{
	done = 1;
	return arg;
}

TEST(the_info_page_shows_the_slice)
{
	static const char word_wanted[] = "hartleaf.slice_us=";
	const void *fdt = (const void *)INFO->dt_va;
	uint64_t want = 10000;
	struct fdt_node n;

	if (fdt_find(fdt, "/chosen", &n) > 0 && fdt_string(&n, "bootargs")) {
		const char *at = strstr(fdt_string(&n, "bootargs"), word_wanted);

		if (at)
			want = strtoul(at + sizeof(word_wanted) - 1, NULL, 10);
	}
	CHECK_EQ(INFO->slice_ns, want * 1000);
}

/* --- nobody starves -------------------------------------------------------------- */

TEST(spinners_do_not_keep_others_from_running)
{
	unsigned n = POOL - 1;

	for (unsigned i = 1; i <= n; i++)
		run(&pool[i], work_spin, 0);
	for (unsigned i = 0; i < 3; i++) {
		run(&pool[0], work_park, 0);
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(wake(pool[0].handle), 1);
		CHECK_EQ(join(&pool[0]), 0);
	}
	for (unsigned i = 1; i <= n; i++)
		CHECK_EQ(life(&pool[i]), EX_READY);
}

TEST(all_spinners_make_progress)
{
	for (unsigned i = 0; i < POOL; i++) {
		progress[i] = 0;
		run(&pool[i], spin_and_count, i);
	}
	for (unsigned i = 0; i < POOL; i++)
		AWAIT(progress[i]);
	/* And again: it wasn't only their first turn. */
	for (unsigned i = 0; i < POOL; i++) {
		uint64_t now = progress[i];

		AWAIT(progress[i] != now);
	}
}

/* More than a hart's queue of its own holds. */
static void check_crowd_of_spinners(unsigned n, uint64_t flags)
{
	crowd_new(n);
	for (unsigned i = 0; i < n; i++) {
		progress[i] = 0;
		run_with(&crowd[i], spin_and_count, i, flags);
	}
	for (int round = 0; round < 2; round++) {
		static uint64_t seen[CROWD];

		for (unsigned i = 0; i < n; i++)
			seen[i] = round ? progress[i] : 0;
		for (unsigned i = 0; i < n; i++) {
			test_note("spinner", i);
			AWAIT(progress[i] != seen[i]);
		}
	}
}

TEST(a_crowd_of_spinners_makes_progress)
{
	check_crowd_of_spinners(150, 0);
}

TEST(a_crowd_of_spinners_bound_to_one_hart_makes_progress)
{
	check_crowd_of_spinners(150, ON_HART(harts() - 1));
}

static uint64_t yield_and_count(uint64_t n)
{
	for (;;) {
		progress[n]++;
		yield();
	}
	return 0;
}

static uint64_t wake_often(uint64_t slices)
{
	for (;;)
		park_until(test_time() + slices * INFO->slice_ns * INFO->timebase / 1000000000);
	return 0;
}

/* Each time that somebody wakes the queue is full. */
static void check_crowd_beside_a_waker(uint64_t slices)
{
	run_with(&pool[0], wake_often, slices, ON_HART(harts() - 1));
	check_crowd_of_spinners(140, ON_HART(harts() - 1));
}

TEST(one_that_wakes_often_throws_nobody_back)
{
	check_crowd_beside_a_waker(20);
}

TEST(one_that_wakes_now_and_then_throws_nobody_back)
{
	check_crowd_beside_a_waker(43);
}

/* Those who yield never use up a slice; there are more than the queue holds. */
static void check_crowd_of_yielders(unsigned n, uint64_t flags)
{
	crowd_new(n);
	for (unsigned i = 0; i < n; i++) {
		progress[i] = 0;
		run_with(&crowd[i], yield_and_count, i, flags);
	}
	for (unsigned i = 0; i < n; i++) {
		test_note("yielder", i);
		AWAIT(progress[i] >= 3);
	}
}

TEST(a_crowd_that_yields_makes_progress)
{
	check_crowd_of_yielders(300, 0);
}

TEST(a_crowd_that_yields_bound_to_one_hart_makes_progress)
{
	check_crowd_of_yielders(300, ON_HART(harts() - 1));
}

/* Of each kind more than half a queue; `flags` for every other pair. */
static void check_mixed_crowd(uint64_t flags)
{
	crowd_new(160);
	for (unsigned i = 0; i < 160; i++) {
		progress[i] = 0;
		run_with(&crowd[i], i % 2 ? yield_and_count : spin_and_count, i, i & 2 ? flags : 0);
	}
	for (unsigned i = 0; i < 160; i++) {
		test_note("one", i);
		AWAIT(progress[i] >= 2);
	}
}

TEST(spinners_and_yielders_make_progress)
{
	check_mixed_crowd(0);
}

TEST(bound_and_free_ones_make_progress)
{
	check_mixed_crowd(ON_HART(0));
}

/* Those who are bound could fill the hart's queue, with no room for others. */
TEST(a_crowd_of_bound_spinners_keeps_no_free_ones_from_running)
{
	crowd_new(160);
	for (unsigned i = 0; i < 160; i++) {
		progress[i] = 0;
		run_with(&crowd[i], spin_and_count, i, i < 140 ? ON_HART(0) : 0);
	}
	for (unsigned i = 0; i < 160; i++) {
		test_note("spinner", i);
		AWAIT(progress[i]);
	}
}

/* --- what a spinner does before it spins ---------------------------------------------- */

static uint64_t wake_and_spin(uint64_t handle)
{
	CHECK_EQ(wake(handle), 1);
	return spin_till_done(1);
}

static uint64_t park_and_finish(uint64_t arg)
{
	park();
	return finish(arg);
}

/* The runner sleeps: nothing but the wake itself can make the hart look. */
TEST(a_wake_by_a_spinner_takes_effect)
{
	for (unsigned i = 0; i < rounds(20) || i < harts(); i++) {
		unsigned h = i % harts();

		done = 0;
		run_with(&pool[0], park_and_finish, 3, ON_HART(h));
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(quietly(wake_and_spin, pool[0].handle, h), 1);
		CHECK_EQ(join(&pool[0]), 3);
	}
}

static uint64_t start_and_spin(uint64_t hart)
{
	run_with(&pool[0], finish, 4, ON_HART(hart));
	return spin_till_done(2);
}

TEST(a_start_by_a_spinner_takes_effect)
{
	for (unsigned i = 0; i < rounds(20) || i < harts(); i++) {
		done = 0;
		CHECK_EQ(quietly(start_and_spin, i % harts(), i % harts()), 2);
		CHECK_EQ(join(&pool[0]), 4);
	}
}

/* By one that has the hart for itself, after it had that for long. */
static uint64_t spin_wake_and_spin(uint64_t handle)
{
	uint64_t until = test_time() + us(5000);

	while (test_time() < until)
		;
	return wake_and_spin(handle);
}

TEST(a_wake_takes_effect_on_a_hart_without_ticks)
{
	for (unsigned h = 0; h < harts(); h++) {
		done = 0;
		run_with(&pool[0], park_and_finish, 3, ON_HART(h));
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(quietly(spin_wake_and_spin, pool[0].handle, h), 1);
		CHECK_EQ(join(&pool[0]), 3);
	}
}

/* Tidings make a keeper ready while its hart spins. */
static uint64_t keep_and_finish(uint64_t arg)
{
	struct result r = park();

	CHECK_EQ(r.a2, TELL_FAULT);
	return finish(arg);
}

TEST(a_keeper_is_told_on_a_hart_that_spins)
{
	unsigned last = harts() - 1;

	for (unsigned i = 0; i < rounds(20); i++) {
		done = begun = 0;
		run_with(&pool[0], keep_and_finish, 5, ON_HART(last));
		AWAIT(life(&pool[0]) == EX_PARKED);
		run_with(&pool[1], spin_till_done, 6, ON_HART(last));
		AWAIT(begun);
		run_kept(&pool[2], work_fault, FAR_HOLE, pool[0].handle, 7);
		CHECK_EQ(join(&pool[0]), 5);
		CHECK_EQ(join(&pool[1]), 6);
		halt(&pool[2]);
	}
}

static uint64_t time_out_and_finish(uint64_t ticks)
{
	CHECK_EQ(park_until(test_time() + ticks), -HL_ETIMEDOUT);
	return finish(ticks);
}

TEST(a_deadline_comes_on_a_hart_that_spins)
{
	for (unsigned i = 0; i < rounds(20) || i < harts(); i++) {
		unsigned h = i % harts();

		done = begun = 0;
		run_with(&pool[0], time_out_and_finish, us(100 * i), ON_HART(h));
		CHECK_EQ(quietly(spin_till_done, 9, h), 9);
		join(&pool[0]);
	}
}

/* --- stop ------------------------------------------------------------------------------ */

TEST(a_spinner_can_be_stopped_on_any_hart)
{
	for (unsigned i = 0; i < rounds(30) || i < harts(); i++) {
		begun = 0;
		run_with(&pool[0], say_and_spin, 0, i % 2 ? ON_HART(i % harts()) : 0);
		if (i % 4)
			AWAIT(begun);
		CHECK(stop(pool[0].handle, i) >= 0);
		CHECK_EQ(join(&pool[0]), i);
		if (i % 2) {
			run_with(&pool[0], work_nothing, 0, ON_HART(START_HART_ANY));
			join(&pool[0]);
		}
	}
}

/* None can make a call, so another space must be able to end them. */
TEST(a_space_of_spinners_can_be_taken_down)
{
	uint64_t before = INFO->free_pages;

	for (int round = 0; round < 3; round++) {
		uint64_t vas = space_new(200);

		for (unsigned i = 0; i < 12; i++)
			run(worker_new(vas), work_spin, 0);
		for (int i = 0; i < 5 * round; i++)
			yield();
		vas_stop(vas);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

/* --- swaps ------------------------------------------------------------------------------ */

static uint64_t swap_for_ever(uint64_t peer)
{
	for (;;) {
		struct result r = swap(peer, 1, 2, 3, 4);

		CHECK(r.a0 == 0 || r.a0 == -HL_EBUSY);
		if (r.a0 == 0)
			progress[peer == pool[0].handle]++;
	}
	return 0;
}

static uint64_t park_and_swap(uint64_t peer)
{
	park();
	return swap_for_ever(peer);
}

/* Hand the hart to each other and to nobody else. */
TEST(two_that_swap_for_ever_do_not_keep_others_from_running)
{
	for (unsigned i = 0; i < 2 * harts(); i++) {
		unsigned h = i % harts();

		progress[0] = progress[1] = 0;
		run_with(&pool[0], park_and_swap, pool[1].handle, ON_HART(h));
		AWAIT(life(&pool[0]) == EX_PARKED);
		run_with(&pool[1], swap_for_ever, pool[0].handle, ON_HART(h));
		for (int n = 0; n < 3; n++) {
			run_with(&pool[2], work_park, 0, ON_HART(h));
			AWAIT(life(&pool[2]) == EX_PARKED);
			CHECK_EQ(wake(pool[2].handle), 1);
			CHECK_EQ(join(&pool[2]), 0);
		}
		AWAIT(progress[0] && progress[1]);
		halt(&pool[0]);
		halt(&pool[1]);
	}
}

static uint64_t swap_with_clients(uint64_t arg)
{
	struct result r = park();

	for (;;) {
		progress[5]++;
		r = swap(pool[1 + arg % 2].handle, 0, 0, 0, 0);
		if (r.a0 == -HL_EBUSY)
			yield();
		arg++;
	}
	return 0;
}

/* Their turns start with a yield, or a swap, or end by one. */
TEST(swaps_and_spins_share_a_hart)
{
	run_with(&pool[0], swap_with_clients, 0, ON_HART(0));
	AWAIT(life(&pool[0]) == EX_PARKED);
	progress[5] = progress[3] = progress[4] = 0;
	run_with(&pool[1], swap_for_ever, pool[0].handle, ON_HART(0));
	run_with(&pool[2], swap_for_ever, pool[0].handle, ON_HART(0));
	run_with(&pool[3], spin_and_count, 3, ON_HART(0));
	run_with(&pool[4], yield_and_count, 4, ON_HART(0));
	for (int n = 0; n < 3; n++) {
		uint64_t swaps = progress[5], spins = progress[3], yields = progress[4];

		AWAIT(progress[3] != spins && progress[4] != yields && progress[5] != swaps);
	}
}

/* SPDX-License-Identifier: MIT
 *
 * Slices are handed out fairly: Jain's index over the number of turns, (sum x)^2 / (n *
 * sum x^2), is 1 when all have the same.
 */
#include "kit.h"

#include <stdio.h>

#define TURNS 100 /* a spinner, on average */

static uint64_t at_start[CROWD];

static uint64_t turns(const struct worker *w)
{
	return w->view->preempted;
}

static uint64_t total(const struct worker *w, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += turns(&w[i]) - at_start[i];
	return sum;
}

/* At least `percent` hundredths. */
static void check_fair(const struct worker *w, unsigned n, unsigned percent)
{
	uint64_t sum = 0, squares = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t x = turns(&w[i]) - at_start[i];

		sum += x;
		squares += x * x;
	}
	test_note("Jain's index, in thousandths", 1000 * sum * sum / (n * squares));
	if (100 * sum * sum < percent * n * squares)
		for (unsigned i = 0; i < n; i++)
			printf(" %lu%s", turns(&w[i]) - at_start[i], i + 1 < n ? "" : "\n");
	CHECK(100 * sum * sum >= percent * n * squares);
}

static void wait_for_turns(const struct worker *w, unsigned n, uint64_t each)
{
	uint64_t since = test_time();

	/* Hardly ever there, so that the turns are theirs. */
	while (total(w, n) < n * each) {
		uint64_t slices = n * each - total(w, n) + 20;

		CHECK(test_time() - since < PATIENCE * INFO->timebase);
		park_until(test_time() + slices * INFO->slice_ns * INFO->timebase / 1000000000);
	}
}

static void check_spinners(struct worker *w, unsigned n, uint64_t flags, uint64_t each,
			   unsigned percent)
{
	for (unsigned i = 0; i < n; i++) {
		at_start[i] = turns(&w[i]);
		run_with(&w[i], work_spin, 0, flags);
	}
	/* All have begun; then they are counted. */
	for (unsigned i = 0; i < n; i++)
		AWAIT(turns(&w[i]) != at_start[i]);
	for (unsigned i = 0; i < n; i++)
		at_start[i] = turns(&w[i]);
	wait_for_turns(w, n, each);
	check_fair(w, n, percent);
}

TEST(two_spinners_on_a_hart_get_the_same)
{
	check_spinners(pool, 2, ON_HART(harts() - 1), TURNS, 99);
}

TEST(seven_spinners_on_a_hart_get_the_same)
{
	check_spinners(pool, 7, ON_HART(0), TURNS, 99);
}

/* Around and beyond the size of a hart's queue. */
TEST(a_hundred_and_thirty_spinners_on_a_hart_get_the_same)
{
	crowd_new(130);
	check_spinners(crowd, 130, ON_HART(harts() - 1), 6, 99);
}

TEST_ON(two_hundred_free_spinners_on_a_hart_get_the_same, 1, 1)
{
	crowd_new(200);
	check_spinners(crowd, 200, 0, 6, 99);
}

TEST_ON(seven_free_spinners_on_a_hart_get_the_same, 1, 1)
{
	check_spinners(pool, 7, 0, TURNS, 99);
}

static uint64_t yield_between(uint64_t arg)
{
	for (;;) {
		yield();
		for (unsigned i = 0; i < 100; i++)
			__asm__ volatile("");
	}
	return arg;
}

/* More of either kind than a hart's queue holds. */
TEST_ON(bound_and_free_spinners_on_a_hart_get_the_same, 1, 1)
{
	crowd_new(280);
	for (unsigned i = 0; i < 140; i++)
		run_with(&crowd[140 + i], work_spin, 0, ON_HART(0));
	check_spinners(crowd, 140, 0, 6, 99);
}

/* None has a hart for itself, where its slices wouldn't end, while others crowd. */
TEST_ON(free_spinners_share_all_harts, 2, 64)
{
	unsigned n = 4 * harts() < CROWD ? 4 * harts() : CROWD;

	crowd_new(n);
	for (unsigned i = 0; i < n; i++)
		run(&crowd[i], work_spin, 0);
	for (unsigned i = 0; i < n; i++) {
		test_note("spinner", i);
		AWAIT(turns(&crowd[i]) >= 20);
	}
}

/* One that yields all the time neither gains nor costs the others their turns. */
TEST(spinners_beside_one_that_yields_get_the_same)
{
	run_with(&pool[10], yield_between, 0, ON_HART(0));
	check_spinners(pool, 5, ON_HART(0), TURNS / 2, 99);
}

/* SPDX-License-Identifier: MIT
 *
 * Others' time and frames: what a space does that dies, asks for what it can't have, or binds
 * its executors to a hart, costs strangers next to nothing.  Counted in calls and turns, not
 * in time.
 */
#include "hostile.h"

/* --- the dead ------------------------------------------------------------------- */

#define LARGE_TABLES 400 /* of the large space, with a page in each */
#define FEW          8   /* calls more that somebody else's end may cost */

/* A large space is on its way down when this returns. */
static void let_a_large_one_die(void)
{
	uint64_t vas = slot();

	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	CHECK_EQ(vas_new(vas, LARGE_TABLES + 300), 1);
	for (uint64_t i = 0; i < LARGE_TABLES; i++)
		CHECK_EQ(share(vas, (i + 1) * LARGE_SIZE, page(0), 1, RW), 1);
	CHECK_EQ(stop(vas, 0), -HL_EAGAIN);
	CHECK_EQ(unmap(0, vas, 1), 1);
}

static uint64_t calls_to_take_one_down(void)
{
	uint64_t vas = slot(), n = 1;

	CHECK_EQ(vas_new(vas, 20), 1);
	while (stop(vas, 0) == -HL_EAGAIN)
		n++;
	CHECK_EQ(unmap(0, vas, 1), 1);
	return n;
}

/* Elsewhere other harts do some of the work. */
TEST_ON(a_small_space_waits_for_no_large_one, 1, 1)
{
	uint64_t before = INFO->free_pages, alone, behind;

	alone = calls_to_take_one_down();
	let_a_large_one_die();
	behind = calls_to_take_one_down();
	test_note("calls", behind);
	CHECK(behind <= alone + FEW);
	CHECK_EQ(unmap(0, page(0), 1), 1);
	CHECK_FRAMES(before);
}

/* At worst, for one that is made and dropped at the edge of the budget. */
static uint64_t calls_to_make_one(void)
{
	uint64_t worst = 0;

	for (unsigned i = 0; i < 100; i++) {
		uint64_t n = 1;

		while (executor_new(0, page(1), MAP_RIGHTS) == -HL_ENOMEM)
			n++;
		CHECK_EQ(unmap(0, page(1), 1), 1);
		if (n > worst)
			worst = n;
	}
	return worst;
}

TEST_ON(who_makes_and_drops_waits_for_no_large_one, 1, 1)
{
	uint64_t before = INFO->free_pages, hoard = slot(), alone, behind;

	CHECK_EQ(vas_new(hoard, INFO->free_pages - LARGE_TABLES - 320), 1);
	let_a_large_one_die();
	behind = calls_to_make_one();
	AWAIT(stop(FAR_HOLE, 0) == -HL_EBADF && INFO->free_pages >= before - 4);
	alone = calls_to_make_one();
	test_note("calls", behind);
	CHECK(behind <= alone + FEW);
	vas_stop(hoard);
	CHECK_EQ(unmap(0, hoard, 1), 1);
	CHECK_EQ(unmap(0, page(0), 1), 1);
	CHECK_FRAMES(before);
}

/* --- large leaves ----------------------------------------------------------------- */

static uint64_t ask_for_much(uint64_t arg)
{
	int64_t r;

	while ((r = large_new(0, large(1), 1, RW)) == -HL_ENOMEM)
		;
	CHECK_EQ(r, -HL_ESRCH); /* it goes down */
	return arg;
}

TEST_ON(who_has_no_budget_keeps_no_memory_from_others, 2, 64)
{
	uint64_t vas[4], n = 0;

	for (unsigned i = 0; i < 4; i++) {
		vas[i] = space_new(40);
		run_with(worker_new(vas[i]), ask_for_much, 0, ON_HART(i % (harts() - 1) + 1));
	}
	/* There is one left, and it is in demand. */
	while (n < 8 * LARGE_MAX && large_new(0, large(0) + n * LARGE_SIZE, 1, RW) == 1)
		n++;
	CHECK(n > 1);
	n--;
	for (unsigned i = 0; i < 500; i++) {
		CHECK_EQ(large_unmap(0, large(0) + n * LARGE_SIZE, 1), 1);
		CHECK_EQ(large_new(0, large(0) + n * LARGE_SIZE, 1, RW), 1);
	}
	CHECK_EQ(large_unmap(0, large(0), n + 1), n + 1);
	for (unsigned i = 0; i < 4; i++)
		vas_stop(vas[i]);
}

/* --- bound ones --------------------------------------------------------------------- */

#define SPINNERS 16
#define ROUNDS   20

static volatile uint64_t ran;

static uint64_t note_wakes(uint64_t arg)
{
	for (;;) {
		park();
		ran = ran + 1;
	}
	return arg;
}

static uint64_t turns(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < SPINNERS; i++)
		sum += pool[i].view->preempted;
	return sum;
}

/* On hart 0, as those who spin: how often most of them had a turn before it ran. */
static uint64_t wake_beside(uint64_t handle)
{
	uint64_t late = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t before = turns(), done = ran;

		CHECK(wake(handle) >= 0);
		while (ran == done)
			;
		late += turns() - before >= SPINNERS / 2;
	}
	return late;
}

TEST_ON(bound_ones_hide_nobody_from_a_sleeping_hart, 2, 64)
{
	ran = 0;
	run(&pool[SPINNERS], note_wakes, 0);
	AWAIT(life(&pool[SPINNERS]) == EX_PARKED);
	for (unsigned i = 0; i < SPINNERS; i++)
		run_with(&pool[i], work_spin, 0, ON_HART(0));
	CHECK(quietly(wake_beside, pool[SPINNERS].handle, 0) < ROUNDS / 2);
}

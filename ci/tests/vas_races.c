/* SPDX-License-Identifier: MIT
 *
 * Spaces are taken down while others use them.
 */
#include "kit.h"

static uint64_t churn_map(uint64_t vas)
{
	int64_t r;

	do {
		r = map_new(vas, page(5), 3, RW);
		CHECK(r == 3 || r == -HL_EEXIST || r == -HL_ESRCH || r == 1 || r == 2);
		r = unmap(vas, page(5), 3);
		CHECK(r == 3 || r == -HL_ESRCH);
		yield();
	} while (r != -HL_ESRCH);
	return 0;
}

static uint64_t churn_start(uint64_t n)
{
	struct worker *w = (struct worker *)n;
	int64_t r;

	while ((r = try_run(w, work_nothing, 0)) != -HL_ESRCH) {
		CHECK(r == 0 || r == -HL_EBUSY);
		yield();
	}
	return 0;
}

static uint64_t churn_inside(uint64_t arg)
{
	for (;;) {
		map_new(0, page(9), 5, RW);
		unmap(0, page(9), 5);
		yield();
	}
	return arg;
}

static uint64_t stop_vas(uint64_t vas)
{
	while (stop(vas, 0) != 0)
		yield();
	return 0;
}

TEST(takedown_races_with_those_who_use_it)
{
	for (unsigned round = 0; round < rounds(20); round++) {
		uint64_t before = INFO->free_pages, vas = space_new(1000);
		struct worker *inside = worker_new(vas), *victim = worker_new(vas);

		run(&pool[0], churn_map, vas);
		run(&pool[1], churn_map, vas);
		run(&pool[2], churn_start, (uint64_t)victim);
		run(inside, churn_inside, 0);
		for (unsigned i = 0; i < 20 * round; i++)
			yield();
		run(&pool[3], stop_vas, vas);
		run(&pool[4], stop_vas, vas);
		for (int i = 0; i < 5; i++)
			CHECK_EQ(join(&pool[i]), 0);
		CHECK_EQ(stop(vas, 0), 0);
		CHECK_EQ(life(inside), EX_STOPPED);
		CHECK_EQ(life(victim), EX_STOPPED);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

/* --- what runs in it --------------------------------------------------------- */

static volatile uint64_t going;

static uint64_t call_on(uint64_t number)
{
	going = 1;
	for (;;)
		CALL(number, FAR_HOLE, 0, 0, 1, MAP_UNMAP);
	return 0;
}

/* Every call of its may be the one that does a step of its own takedown. */
TEST(a_child_that_only_calls_is_taken_down)
{
	for (unsigned round = 0; round < rounds(20); round++) {
		static const uint64_t calls[] = {CALL_YIELD, CALL_WAKE, CALL_MAP, CALL_START,
						 CALL_STOP};
		uint64_t number = calls[round % 5], vas = space_new(1000);
		struct worker *child = worker_new(vas);

		test_note("call", number);
		going = 0;
		run(child, call_on, number);
		AWAIT(going);
		vas_stop(vas);
		CHECK_EQ(life(child), EX_STOPPED);
		kit_reset();
	}
}

TEST(a_child_that_only_spins_is_taken_down)
{
	for (unsigned round = 0; round < rounds(20); round++) {
		uint64_t vas = space_new(1000);
		struct worker *child = worker_new(vas);

		run(child, work_spin, 0);
		for (unsigned i = 0; i < round; i++)
			yield();
		vas_stop(vas);
		CHECK_EQ(life(child), EX_STOPPED);
		kit_reset();
	}
}

/* --- who names it from outside -------------------------------------------------- */

static uint64_t fault_on(uint64_t arg)
{
	for (;;)
		(void)*word(FAR_HOLE);
	return arg;
}

static uint64_t keep_on(uint64_t child)
{
	for (;;) {
		park();
		resume(child, 0);
	}
	return 0;
}

/* A keeper in a space that goes, whose child outside faults all the time; and
 * a child in it, kept from outside. */
TEST(takedown_races_with_keepers)
{
	for (unsigned round = 0; round < rounds(30); round++) {
		uint64_t before = INFO->free_pages, vas = space_new(1000), va = slot();
		struct worker *inside = worker_new(vas), *child = worker_new(vas);

		CHECK_EQ(share(vas, va, pool[0].handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
		run(inside, keep_on, va);
		run_kept(&pool[0], fault_on, 0, inside->handle, 1);
		run(&pool[1], keep_on, child->handle);
		run_kept(child, fault_on, 0, pool[1].handle, 2);
		for (unsigned i = 0; i < 10 * round; i++)
			yield();
		vas_stop(vas);
		CHECK_EQ(life(inside), EX_STOPPED);
		CHECK_EQ(life(child), EX_STOPPED);
		/* Nobody resumes it any more. */
		AWAIT(life(&pool[0]) == EX_FAULTED);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

static uint64_t copy_caps(uint64_t vas)
{
	uint64_t to = CAPS + 400 * PAGE_SIZE;

	/* The space, and its executor, which lies in the slot behind. */
	for (;;) {
		int64_t a = share(0, to, vas, 1, MAP_VAS | MAP_RIGHTS);
		int64_t b = share(0, to + PAGE_SIZE, vas + PAGE_SIZE, 1, MAP_EXECUTOR | MAP_RIGHTS);
		int64_t c = view(to + 2 * PAGE_SIZE, vas + PAGE_SIZE);
		int64_t d =
			start_kept(pool[5].handle, (uint64_t)entry_work, 0, 0, vas + PAGE_SIZE, 1);

		CHECK(a == 1 || a == -HL_EFAULT);
		CHECK(b == 1 || b == -HL_EFAULT);
		CHECK(c == 1 || c == -HL_EBADF || c == -HL_ESRCH);
		CHECK(d == 0 || d == -HL_EBADF || d == -HL_EBUSY || d == -HL_ESRCH);
		CHECK_EQ(unmap(0, to, 3), 3);
		stop(pool[5].handle, 0);
		if (a == -HL_EFAULT && b == -HL_EFAULT)
			return 0;
		yield();
	}
}

/* References are made while the last ones go. */
TEST(references_race_with_the_end)
{
	for (unsigned round = 0; round < rounds(30); round++) {
		uint64_t before = INFO->free_pages, vas = slot(), exec = slot();

		CHECK_EQ(vas_new(vas, 50), 1);
		CHECK_EQ(map_new(vas, page(0), 5, RW), 5);
		CHECK_EQ(executor_new(vas, exec, MAP_RIGHTS), 1);
		run(&pool[0], copy_caps, vas);
		for (unsigned i = 0; i < 5 * round; i++)
			yield();
		if (round % 2)
			stop(vas, 0);
		CHECK_EQ(unmap(0, vas, 2), 2);
		CHECK_EQ(join(&pool[0]), 0);
		CHECK_FRAMES(before);
		kit_reset();
	}
}

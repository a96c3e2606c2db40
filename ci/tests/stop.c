/* SPDX-License-Identifier: MIT
 *
 * stop of executors in each state of their life.
 */
#include "kit.h"

static volatile uint64_t counter;
static uint64_t word_to_park_on;

TEST(the_exit_code_shows_in_the_view)
{
	static const uint64_t codes[] = {0, 1, 255, 0x123456789, ~(uint64_t)0, 1UL << 63};

	for (int i = 0; i < 6; i++) {
		run(&pool[0], work_nothing, codes[i]);
		CHECK_EQ(join(&pool[0]), codes[i]);
	}
}

static uint64_t stop_self_by_handle(uint64_t handle)
{
	stop(handle, 0x5e1f);
	return 1;
}

TEST(one_can_stop_itself_by_its_handle)
{
	run(&pool[0], stop_self_by_handle, pool[0].handle);
	CHECK_EQ(join(&pool[0]), 0x5e1f);
}

TEST(stop_of_one_parked_ends_it_at_once)
{
	run(&pool[0], work_park_forever, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(stop(pool[0].handle, 17), 0);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
	CHECK_EQ(pool[0].view->exit, 17);
	CHECK_EQ(wake(pool[0].handle), 0);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

static uint64_t park_on_word(uint64_t arg)
{
	return (uint64_t)park_if((volatile uint64_t *)&word_to_park_on, arg);
}

TEST(stop_of_one_parked_on_a_word_ends_it)
{
	word_to_park_on = 3;
	run(&pool[0], park_on_word, 3);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(stop(pool[0].handle, 18), 0);
	CHECK_EQ(join(&pool[0]), 18);
}

TEST(stop_of_one_faulted_ends_it_at_once)
{
	run(&pool[0], work_fault, FAR_HOLE);
	AWAIT(life(&pool[0]) == EX_FAULTED);
	CHECK_EQ(stop(pool[0].handle, 19), 0);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
	CHECK_EQ(pool[0].view->exit, 19);
	CHECK_EQ(resume(pool[0].handle, 0), -HL_EBUSY);
}

TEST(stop_twice_changes_nothing)
{
	run(&pool[0], work_nothing, 5);
	join(&pool[0]);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(stop(pool[0].handle, 6), 0);
	CHECK_EQ(pool[0].view->exit, 5);
	CHECK_EQ(pool[0].view->state, EX_STOPPED);
	/* It didn't keep a request either. */
	run(&pool[0], work_nothing, 7);
	CHECK_EQ(join(&pool[0]), 7);
}

static uint64_t count(uint64_t arg)
{
	counter++;
	return arg;
}

static uint64_t start_and_stop(uint64_t arg)
{
	run(&pool[0], count, 1);
	run(&pool[1], work_nothing, 2);
	CHECK_EQ(stop(pool[0].handle, 20), 1);
	return arg;
}

/* With one hart it hasn't run, as who started it did not yield; unless a slice ended. */
TEST_ON(one_stopped_while_queued_never_runs, 1, 1)
{
	uint64_t slices;

	do {
		counter = 0;
		slices = pool[2].view->preempted;
		run(&pool[2], start_and_stop, 3);
		CHECK_EQ(join(&pool[2]), 3);
		join(&pool[0]);
		CHECK_EQ(join(&pool[1]), 2);
	} while (pool[2].view->preempted != slices);
	CHECK_EQ(pool[0].view->exit, 20);
	CHECK_EQ(counter, 0);
}

TEST(stop_of_one_queued_ends_it)
{
	for (uint64_t i = 0; i < rounds(100); i++) {
		int64_t r;

		run(&pool[0], work_yield_forever, 0);
		r = stop(pool[0].handle, i);
		CHECK(r == 0 || r == 1);
		CHECK_EQ(join(&pool[0]), i);
		CHECK_EQ(stop(pool[0].handle, 0), 0);
	}
}

TEST(stop_of_many_queued_ends_all)
{
	for (unsigned round = 0; round < rounds(10); round++) {
		for (uint64_t i = 0; i < POOL; i++)
			run(&pool[i], work_yield_forever, i);
		for (unsigned i = 0; i < round; i++)
			yield();
		for (uint64_t i = 0; i < POOL; i++)
			CHECK(stop(pool[i].handle, i) >= 0);
		for (uint64_t i = 0; i < POOL; i++)
			CHECK_EQ(join(&pool[i]), i);
	}
}

static uint64_t say_and_spin(uint64_t arg)
{
	counter = 1;
	return work_spin(arg);
}

/* It never enters the kernel by itself. */
TEST(stop_of_one_that_spins_ends_it)
{
	for (uint64_t i = 0; i < rounds(50); i++) {
		counter = 0;
		run(&pool[0], say_and_spin, 0);
		AWAIT(counter);
		CHECK_EQ(stop(pool[0].handle, i), 1);
		CHECK_EQ(join(&pool[0]), i);
	}
}

TEST(stop_ends_spinners_on_all_harts)
{
	unsigned n = harts() < POOL ? harts() : POOL;

	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < n; i++)
			run(&pool[i], work_spin, 0);
		for (int i = 0; i < 5 * round; i++)
			yield();
		for (unsigned i = 0; i < n; i++)
			CHECK(stop(pool[i].handle, i) >= 0);
		for (unsigned i = 0; i < n; i++)
			CHECK_EQ(join(&pool[i]), i);
	}
}

static uint64_t busy(uint64_t arg)
{
	for (;;) {
		wake(0);
		park();
		yield();
		if (arg)
			swap(pool[1].handle, 1, 2, 3, 4);
		counter++;
	}
	return 0;
}

/* Stopped at a random point of parking, waking, yielding, swapping. */
TEST(stop_meets_every_state)
{
	struct random r = {1};

	for (uint64_t i = 0; i < rounds(300); i++) {
		if (i % 2) {
			run(&pool[1], work_park_forever, 0);
			AWAIT(life(&pool[1]) == EX_PARKED);
		}
		run(&pool[0], busy, i % 2);
		for (unsigned n = random_below(&r, 20); n; n--) {
			yield();
			if (i % 2)
				wake(pool[0].handle);
		}
		CHECK(stop(pool[0].handle, i) >= 0);
		CHECK_EQ(join(&pool[0]), i);
		CHECK_EQ(pool[0].view->state, EX_STOPPED);
		halt(&pool[1]);
	}
}

static uint64_t stop_until_stopped(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		while (stop(pool[0].handle, 1 + i) != 0)
			yield();
	}
	return 0;
}

/* Many who stop, one who starts. */
TEST(stops_may_race)
{
	for (int i = 1; i < 4; i++)
		run(&pool[i], stop_until_stopped, rounds(200));
	for (unsigned i = 0; i < rounds(200); i++) {
		int64_t r = try_run(&pool[0], i % 2 ? work_yield_forever : work_park_forever, 0);

		CHECK(r == 0 || r == -HL_EBUSY);
		yield();
	}
	for (int i = 1; i < 4; i++)
		CHECK_EQ(join(&pool[i]), 0);
	halt(&pool[0]);
}

static uint64_t stop_each_other(uint64_t me)
{
	__atomic_fetch_add(&counter, 1, __ATOMIC_ACQ_REL);
	while (counter < 2)
		yield();
	stop(pool[!me].handle, 100 + me);
	return me;
}

TEST(two_may_stop_each_other)
{
	for (unsigned i = 0; i < rounds(200); i++) {
		counter = 0;
		run(&pool[0], stop_each_other, 0);
		run(&pool[1], stop_each_other, 1);
		uint64_t a = join(&pool[0]), b = join(&pool[1]);
		CHECK(a == 0 || a == 101);
		CHECK(b == 1 || b == 100);
		CHECK(a == 0 || b == 1 || harts() > 1);
	}
}

TEST(stop_in_another_space_ends_it)
{
	uint64_t vas = space_new(1000);
	struct worker *child = worker_new(vas);

	for (uint64_t i = 0; i < 20; i++) {
		run(child, i % 2 ? work_yield_forever : work_park_forever, 0);
		yield();
		CHECK(stop(child->handle, i) >= 0);
		CHECK_EQ(join(child), i);
	}
}

/* SPDX-License-Identifier: MIT
 *
 * How start binds executors to a hart, and lets them go.
 */
#include "kit.h"

static uint64_t stay(uint64_t hart)
{
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(here(), place[hart]);
		yield();
	}
	return hart;
}

static int64_t start_with(uint64_t flags)
{
	return CALL(CALL_START, pool[0].handle, (uint64_t)entry_load, 0, (uint64_t)pool, 0, flags);
}

TEST(start_refuses_harts_that_are_not_there)
{
	for (uint64_t h = harts(); h < START_HART_ANY; h = h < 300 ? h + 1 : 2 * h + 1) {
		test_note("hart", h);
		CHECK_EQ(start_with(ON_HART(h)), -HL_EINVAL);
	}
	for (int bit = 0; bit < 16; bit++)
		if (1U << bit >= harts())
			CHECK_EQ(start_with(ON_HART(1U << bit)), -HL_EINVAL);
	CHECK_EQ(start_with(ON_HART(START_HART_ANY - 1)), -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
	CHECK_EQ(pool[0].view->affinity, EX_HART_ANY);
}

TEST(start_keeps_the_affinity_unless_told)
{
	unsigned last = harts() - 1;

	find_places();
	run_with(&pool[0], work_nothing, 0, ON_HART(last));
	join(&pool[0]);
	for (int i = 0; i < 10; i++) {
		run(&pool[0], stay, last);
		CHECK_EQ(join(&pool[0]), last);
		CHECK_EQ(pool[0].view->affinity, last);
	}
	run_with(&pool[0], stay, 0, ON_HART(0));
	CHECK_EQ(join(&pool[0]), 0);
	CHECK_EQ(pool[0].view->affinity, 0);
}

TEST(a_start_that_is_refused_leaves_the_affinity)
{
	run_with(&pool[0], work_nothing, 0, ON_HART(0));
	join(&pool[0]);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, 1, 0, 0, 0, ON_HART(START_HART_ANY)), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 0, 0, 0,
		      START_RESUME | ON_HART(START_HART_ANY)),
		 -HL_EBUSY);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 0, 0, FAR_HOLE,
		      START_SET_KEEPER | ON_HART(START_HART_ANY)),
		 -HL_EBADF);
	CHECK_EQ(pool[0].view->affinity, 0);
	run(&pool[0], work_park, 0);
	CHECK_EQ(start_with(ON_HART(START_HART_ANY)), -HL_EBUSY);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(start_with(ON_HART(START_HART_ANY)), -HL_EBUSY);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 0, 0, 0,
		      START_RESUME | ON_HART(START_HART_ANY)),
		 -HL_EBUSY);
	CHECK_EQ(pool[0].view->affinity, 0);
}

static uint64_t here_after_a_fault(uint64_t va)
{
	uint64_t before = here();

	CHECK_EQ(*word(va), 9);
	return before == here() ? 1 : here();
}

TEST(resume_may_bind_to_another_hart)
{
	unsigned last = harts() - 1;

	find_places();
	for (unsigned i = 0; i < 20; i++) {
		unsigned from = i % 2 ? 0 : last, to = last - from;

		run_with(&pool[0], here_after_a_fault, page(0), ON_HART(from));
		AWAIT(life(&pool[0]) == EX_FAULTED);
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		*word(page(0)) = 9;
		CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 0, 0, 0, START_RESUME | ON_HART(to)),
			 0);
		CHECK_EQ(pool[0].view->affinity, to);
		CHECK_EQ(join(&pool[0]), from == to ? 1 : place[to]);
		CHECK_EQ(unmap(0, page(0), 1), 1);
	}
}

TEST(resume_keeps_the_affinity_unless_told)
{
	unsigned last = harts() - 1;

	run_with(&pool[0], here_after_a_fault, page(0), ON_HART(last));
	AWAIT(life(&pool[0]) == EX_FAULTED);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 0, 0, 0, START_RESUME | ON_HART(harts())),
		 -HL_EINVAL);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 0, 0, 0, START_RESUME | 1 << START_HART_SHIFT),
		 -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_FAULTED);
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	*word(page(0)) = 9;
	CHECK_EQ(resume(pool[0].handle, 0), 0);
	CHECK_EQ(join(&pool[0]), 1);
	CHECK_EQ(pool[0].view->affinity, last);
}

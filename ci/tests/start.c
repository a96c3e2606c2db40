/* SPDX-License-Identifier: MIT
 *
 * start: what it refuses, and what it does.
 */
#include "kit.h"

static int64_t start_with(uint64_t flags, uint64_t keeper, uint64_t a6)
{
	return CALL(CALL_START, pool[0].handle, (uint64_t)entry_load, 0, (uint64_t)pool, keeper,
		    flags, a6);
}

TEST(start_refuses_unknown_flags)
{
	for (int bit = 0; bit < 8; bit++) {
		uint64_t flag = 1UL << bit;

		if (flag & (START_RESUME | START_FP | START_SET_KEEPER | START_SET_AFFINITY))
			continue;
		test_note("flag", flag);
		CHECK_EQ(start_with(flag, 0, 0), -HL_EINVAL);
		CHECK_EQ(start_with(flag | START_SET_KEEPER, 0, 0), -HL_EINVAL);
	}
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(start_refuses_a_hart_without_the_flag)
{
	for (int bit = 0; bit < 16; bit++)
		CHECK_EQ(start_with(1UL << (START_HART_SHIFT + bit), 0, 0), -HL_EINVAL);
	CHECK_EQ(start_with((uint64_t)START_HART_ANY << START_HART_SHIFT, 0, 0), -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(start_refuses_a_keeper_or_badge_without_the_flag)
{
	CHECK_EQ(start_with(0, pool[1].handle, 0), -HL_EINVAL);
	for (int bit = 0; bit < START_BADGE_BITS; bit++)
		CHECK_EQ(start_with(1UL << (START_BADGE_SHIFT + bit), 0, 0), -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(start_refuses_a_register_block)
{
	for (int bit = 0; bit < 64; bit++)
		CHECK_EQ(start_with(0, 0, 1UL << bit), -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(start_refuses_an_odd_pc)
{
	CHECK_EQ(start(pool[0].handle, (uint64_t)entry_load + 1, 0, 0), -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(start_refuses_one_that_is_not_stopped)
{
	run(&pool[0], work_park_forever, 0);
	CHECK_EQ(start(pool[0].handle, (uint64_t)entry_load, 0, 0), -HL_EBUSY);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(start(pool[0].handle, (uint64_t)entry_load, 0, 0), -HL_EBUSY);
	CHECK_EQ(life(&pool[0]), EX_PARKED);
	run(&pool[1], work_fault, FAR_HOLE);
	AWAIT(life(&pool[1]) == EX_FAULTED);
	CHECK_EQ(start(pool[1].handle, (uint64_t)entry_load, 0, 0), -HL_EBUSY);
	CHECK_EQ(pool[1].view->stval, FAR_HOLE);
}

TEST(start_of_oneself_is_refused)
{
	CHECK_EQ(start(0, (uint64_t)entry_load, 0, 0), -HL_EBUSY);
	CHECK_EQ(resume(0, 0), -HL_EBUSY);
	CHECK_EQ(CALL_IN(&pool[0], CALL_START, pool[0].handle, (uint64_t)entry_load), -HL_EBUSY);
}

TEST(resume_refuses_one_that_is_not_faulted)
{
	CHECK_EQ(resume(pool[0].handle, 0), -HL_EBUSY);
	CHECK_EQ(resume(pool[0].handle, (uint64_t)entry_load), -HL_EBUSY);
	run(&pool[0], work_park_forever, 0);
	CHECK_EQ(resume(pool[0].handle, 0), -HL_EBUSY);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(resume(pool[0].handle, 0), -HL_EBUSY);
}

TEST(resume_refuses_stack_and_argument)
{
	run(&pool[0], work_fault, FAR_HOLE);
	AWAIT(life(&pool[0]) == EX_FAULTED);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 8, 0, 0, START_RESUME), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 0, 8, 0, START_RESUME), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, 1, 0, 0, 0, START_RESUME), -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_FAULTED);
}

TEST(nobody_keeps_oneself)
{
	CHECK_EQ(start_kept(pool[0].handle, (uint64_t)entry_load, 0, 0, pool[0].handle, 1),
		 -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(set_keeper_without_a_keeper_means_none)
{
	CHECK_EQ(start_with(START_SET_KEEPER, 0, 0), 0);
	join(&pool[0]);
	CHECK_EQ(pool[0].view->keeper, NULL);
}

TEST(start_runs_the_function_with_its_argument)
{
	static const uint64_t arguments[] = {0, 1, 1UL << 63, ~(uint64_t)0, 0x123456789abcdef0};

	for (int i = 0; i < 5; i++) {
		run(&pool[0], work_nothing, arguments[i]);
		CHECK_EQ(join(&pool[0]), arguments[i]);
	}
}

TEST(one_can_be_started_again_and_again)
{
	for (uint64_t i = 0; i < rounds(500); i++) {
		run(&pool[i % 3], work_nothing, i);
		CHECK_EQ(join(&pool[i % 3]), i);
	}
}

/* Where it begins is its own matter: it faults there, not the kernel. */
TEST(start_at_a_bad_pc_faults)
{
	const uint64_t bad[] = {
		0,
		2,
		FAR_HOLE,
		TOP_OF_USER,
		TOP_OF_USER - 2,
		1UL << 39,
		1UL << 63,
		INFO_VA,
		KERNEL_TEXT,
		KERNEL_WINDOW,
		0xffffffffffffffe,
		0xfffffffffffffffe,
		KERNEL_RAM,
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		test_note("pc", bad[i]);
		CHECK_EQ(start(pool[0].handle, bad[i], 0, 0), 0);
		AWAIT(life(&pool[0]) == EX_FAULTED);
		CHECK_EQ(pool[0].view->scause, FETCH_FAULT);
		CHECK_EQ(stop(pool[0].handle, 0), 0);
	}
}

TEST(any_stack_pointer_will_do)
{
	static const uint64_t odd[] = {0, 1, 7, ~(uint64_t)0, 1UL << 63, INFO_VA, KERNEL_RAM};
	static uint64_t cell = 0x77;

	for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		CHECK_EQ(start(pool[0].handle, (uint64_t)entry_load, odd[i], (uint64_t)&cell), 0);
		CHECK_EQ(join(&pool[0]), 0x77);
	}
}

TEST(start_in_another_space_runs_there)
{
	uint64_t vas = space_new(1000);
	struct worker *child = worker_new(vas);

	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	*word(page(0)) = 1;
	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(probe_store(child, page(0), 2).cause, NO_FAULT);
	CHECK_EQ(*word(page(0)), 1);
	CHECK_EQ(probe_load(child, page(0)).value, 2);
	CHECK_EQ(probe_load(&pool[0], page(0)).value, 1);
	CHECK(child->view->satp != pool[0].view->satp);
}

TEST(a_dead_space_starts_nothing)
{
	uint64_t vas = space_new(1000);
	struct worker *child = worker_new(vas);

	run(child, work_nothing, 0);
	join(child);
	vas_stop(vas);
	CHECK_EQ(try_run(child, work_nothing, 0), -HL_ESRCH);
	CHECK_EQ(life(child), EX_STOPPED);
}

/* Two who start the same one: exactly one wins each time. */
static volatile uint64_t gate, wins, bodies;

static uint64_t body(uint64_t arg)
{
	__atomic_fetch_add(&bodies, 1, __ATOMIC_RELAXED);
	return arg;
}

#define RACES rounds(300)

static uint64_t race_to_start(uint64_t racers)
{
	for (uint64_t n = 0; n < RACES; n++) {
		int64_t r;

		__atomic_fetch_add(&gate, 1, __ATOMIC_ACQ_REL);
		while (gate < (n + 1) * racers)
			yield();
		r = try_run(&pool[5], body, n);
		CHECK(r == 0 || r == -HL_EBUSY);
		if (r == 0)
			__atomic_fetch_add(&wins, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

TEST(every_start_that_succeeds_runs_once)
{
	gate = wins = bodies = 0;
	for (int i = 0; i < 3; i++)
		run(&pool[i], race_to_start, 3);
	for (int i = 0; i < 3; i++)
		join(&pool[i]);
	join(&pool[5]);
	CHECK(wins >= 1);
	CHECK_EQ(bodies, wins);
}

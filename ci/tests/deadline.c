/* SPDX-License-Identifier: MIT
 *
 * park with a deadline: what it returns, and in which order it looks at things.
 * That it returns not before the deadline is a fact; that it returns at all is
 * left to the hang detector.
 */
#include "kit.h"

static volatile uint64_t cell __attribute__((aligned(8)));

/* Microseconds in ticks. */
static uint64_t us(uint64_t n)
{
	return n * INFO->timebase / 1000000;
}

#define HOUR (3600 * INFO->timebase)

/* Park until then; what it returned, and not too early. */
static int64_t park_and_look(uint64_t deadline)
{
	int64_t r = park_until(deadline);

	if (r == -HL_ETIMEDOUT)
		CHECK(test_time() >= deadline);
	return r;
}

static uint64_t work_park_until(uint64_t deadline)
{
	return (uint64_t)park_and_look(deadline);
}

static uint64_t work_park_for(uint64_t ticks)
{
	return work_park_until(test_time() + ticks);
}

/* Until the clock shows it; others may run. */
static void pass(uint64_t until)
{
	AWAIT(test_time() > until);
}

/* --- time ------------------------------------------------------------------- */

TEST(park_times_out_not_before_its_deadline)
{
	for (uint64_t ticks = 0; ticks < us(20000); ticks = 2 * ticks + 1) {
		test_note("ticks", ticks);
		CHECK_EQ(park_and_look(test_time() + ticks), -HL_ETIMEDOUT);
	}
}

/* All harts but for a timer have nothing to do. */
TEST(a_machine_that_sleeps_is_woken_by_its_timer)
{
	for (unsigned i = 0; i < rounds(40); i++)
		CHECK_EQ(park_and_look(test_time() + us(1000)), -HL_ETIMEDOUT);
}

static uint64_t time_out_often(uint64_t ticks)
{
	for (unsigned i = 0; i < rounds(40); i++)
		CHECK_EQ(park_and_look(test_time() + ticks), -HL_ETIMEDOUT);
	return 4;
}

/* Each by its own timer, while the others sleep. */
TEST(each_hart_wakes_itself)
{
	for (unsigned h = 0; h < harts(); h++)
		CHECK_EQ(quietly(time_out_often, us(300), h), 4);
}

TEST(harts_wake_themselves_side_by_side)
{
	for (unsigned i = 0; i < POOL; i++)
		run_with(&pool[i], time_out_often, us(100 + 37 * i), ON_HART(i % harts()));
	for (unsigned i = 0; i < POOL; i++)
		CHECK_EQ(join(&pool[i]), 4);
}

TEST(a_deadline_that_has_passed_ends_park_at_once)
{
	static const uint64_t past[] = {0, 1, 1000};

	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(park_until(past[i]), -HL_ETIMEDOUT);
		CHECK_EQ(park_until(test_time() - past[i]), -HL_ETIMEDOUT);
	}
}

TEST(a_deadline_that_never_comes_ends_nothing)
{
	static const uint64_t never[] = {~(uint64_t)0, ~(uint64_t)0 - 1, 1UL << 63, (1UL << 63) - 1,
					 1UL << 62};

	for (unsigned i = 0; i < 5; i++) {
		test_note("deadline", never[i]);
		run(&pool[0], work_park_until, never[i]);
		AWAIT(life(&pool[0]) == EX_PARKED);
		pass(test_time() + us(3000));
		CHECK_EQ(life(&pool[0]), EX_PARKED);
		CHECK_EQ(pool[0].view->deadline, never[i]);
		CHECK_EQ(wake(pool[0].handle), 1);
		CHECK_EQ(join(&pool[0]), 0);
	}
}

TEST(a_wake_before_the_deadline_returns_zero)
{
	for (unsigned i = 0; i < rounds(100); i++) {
		run(&pool[0], work_park_for, HOUR);
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(wake(pool[0].handle), 1);
		CHECK_EQ(join(&pool[0]), 0);
	}
}

TEST(a_park_that_timed_out_leaves_no_token)
{
	CHECK_EQ(park_until(test_time() + us(500)), -HL_ETIMEDOUT);
	CHECK_EQ(park_until(test_time() + us(500)), -HL_ETIMEDOUT);
	run(&pool[0], work_park_for, us(500));
	CHECK_EQ(join(&pool[0]), -HL_ETIMEDOUT);
	CHECK_EQ(pool[0].view->state, EX_STOPPED);
	/* A wake after it does. */
	CHECK_EQ(wake(0), 0);
	CHECK_EQ(park_until(test_time() + HOUR), 0);
}

TEST(a_park_that_timed_out_brings_no_words)
{
	struct result r = PARK_TIMED(0, test_time() + us(500), 0, 0, 1, 2, 3, 4);

	CHECK_EQ(r.a0, -HL_ETIMEDOUT);
	CHECK_EQ(r.a1, 0);
	CHECK(r.a2 == 0 || r.a2 == 1);
	CHECK(r.a5 == 0 || r.a5 == 4);
}

/* --- the order of checks ------------------------------------------------------- */

TEST(a_token_beats_a_deadline_that_has_passed)
{
	CHECK_EQ(wake(0), 0);
	CHECK_EQ(park_until(0), 0);
	CHECK_EQ(park_until(0), -HL_ETIMEDOUT);
	CHECK_EQ(wake(0), 0);
	CHECK_EQ(park_until(~(uint64_t)0), 0);
}

static int64_t park_on(uint64_t addr, uint64_t expected, uint64_t flags, uint64_t time)
{
	return PARK_TIMED(flags, time, addr, expected).a0;
}

TEST(the_word_is_looked_at_before_the_deadline)
{
	uint64_t addr = (uint64_t)&cell;
	uint64_t times[] = {0, test_time() + HOUR};

	cell = 0x1122334455667788;
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(park_on(addr, 1, 0, times[i]), -HL_EAGAIN);
		CHECK_EQ(park_on(addr + 1, cell, 0, times[i]), -HL_EINVAL);
		CHECK_EQ(park_on(addr + 4, cell, 0, times[i]), -HL_EINVAL);
		CHECK_EQ(park_on(FAR_HOLE, 0, 0, times[i]), -HL_EFAULT);
		CHECK_EQ(park_on(addr, 1, PARK_WORD32, times[i]), -HL_EAGAIN);
		CHECK_EQ(park_on(addr + 2, 0x33445566, PARK_WORD32, times[i]), -HL_EINVAL);
		CHECK_EQ(park_on(FAR_HOLE + 4, 0, PARK_WORD32, times[i]), -HL_EFAULT);
		CHECK_EQ(park_on(PARK_IRQ, 0, 0, times[i]), -HL_EINVAL);
		for (int bit = 10; bit < 64; bit++)
			CHECK_EQ(park_on(addr, cell, 1UL << bit, times[i]), -HL_EINVAL);
	}
	CHECK_EQ(park_on(addr, cell, 0, 0), -HL_ETIMEDOUT);
	CHECK_EQ(park_on(addr, 0x55667788, PARK_WORD32, 0), -HL_ETIMEDOUT);
	CHECK_EQ(park_on(addr + 4, 0x11223344, PARK_WORD32, 0), -HL_ETIMEDOUT);
	CHECK_EQ(park_on(addr, cell, 0, test_time() + us(500)), -HL_ETIMEDOUT);
	CHECK_EQ(park_on(addr, 0xffffffff55667788, PARK_WORD32, test_time() + us(500)),
		 -HL_ETIMEDOUT);
	/* A token is not taken by what is refused. */
	CHECK_EQ(wake(0), 0);
	CHECK_EQ(park_on(addr, 1, 0, 0), -HL_EAGAIN);
	CHECK_EQ(park_on(FAR_HOLE, 0, 0, 0), -HL_EFAULT);
	CHECK_EQ(park_on(addr, cell, 0, 0), 0);
}

static uint64_t park_on_cell(uint64_t flags)
{
	return (uint64_t)park_on((uint64_t)&cell, 7, flags, test_time() + HOUR);
}

TEST(one_on_a_word_with_a_deadline_is_woken)
{
	cell = 7;
	for (uint64_t flags = 0; flags <= PARK_WORD32; flags += PARK_WORD32) {
		run(&pool[0], park_on_cell, flags);
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(wake(pool[0].handle), 1);
		CHECK_EQ(join(&pool[0]), 0);
	}
}

/* t0 means nothing without the flag. */
static uint64_t park_with_t0(uint64_t time)
{
	return (uint64_t)call_timed(CALL_PARK, time, (const uint64_t[7]){0}).a0;
}

TEST(without_the_flag_there_is_no_deadline)
{
	run(&pool[0], park_with_t0, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	pass(test_time() + us(2000));
	CHECK_EQ(wake(pool[0].handle), 1);
	CHECK_EQ(join(&pool[0]), 0);
}

/* --- what is left of an earlier one ---------------------------------------------- */

/* arg: ticks of the first, which a wake is to end; then `second`, or none if 0 */
static uint64_t second;
static volatile int64_t first_result;

static uint64_t park_twice(uint64_t ticks)
{
	first_result = park_and_look(test_time() + ticks);
	if (first_result)
		return 0;
	if (!second)
		return (uint64_t)park().a0;
	return work_park_for(second);
}

/* Until the wake has come in time. */
static void woken_once(uint64_t first, uint64_t then)
{
	second = then;
	for (;;) {
		first_result = 1;
		run(&pool[0], park_twice, first);
		AWAIT(life(&pool[0]) == EX_PARKED || life(&pool[0]) == EX_STOPPED);
		wake(pool[0].handle);
		AWAIT(first_result != 1);
		if (!first_result)
			return;
		join(&pool[0]);
	}
}

TEST(an_earlier_deadline_after_a_later_one)
{
	for (unsigned i = 0; i < rounds(30); i++) {
		woken_once(HOUR, us(100 + 50 * i));
		CHECK_EQ(join(&pool[0]), -HL_ETIMEDOUT);
	}
}

/* park_and_look sees it if the first one's time ends the second. */
TEST(a_later_deadline_after_an_earlier_one)
{
	for (unsigned i = 0; i < rounds(20); i++) {
		woken_once(us(20000), us(30000));
		CHECK_EQ(join(&pool[0]), -HL_ETIMEDOUT);
	}
}

TEST(a_deadline_does_not_end_the_next_park)
{
	woken_once(us(20000), 0);
	pass(test_time() + us(25000));
	AWAIT(life(&pool[0]) == EX_PARKED);
	pass(test_time() + us(2000));
	CHECK_EQ(life(&pool[0]), EX_PARKED);
	CHECK_EQ(wake(pool[0].handle), 1);
	CHECK_EQ(join(&pool[0]), 0);
}

/* --- stop ------------------------------------------------------------------------ */

TEST(one_with_a_deadline_can_be_stopped)
{
	for (unsigned i = 0; i < rounds(60); i++) {
		run(&pool[0], work_park_for, i % 2 ? HOUR : us(5000));
		AWAIT(life(&pool[0]) == EX_PARKED || life(&pool[0]) == EX_STOPPED);
		CHECK_EQ(stop(pool[0].handle, 9), 0);
		CHECK_EQ(life(&pool[0]), EX_STOPPED);
		CHECK_EQ(pool[0].view->state, EX_STOPPED);
	}
}

/* Its old timer, if that is still there, belongs to another life. */
TEST(one_stopped_with_a_deadline_can_be_started)
{
	for (unsigned i = 0; i < rounds(30); i++) {
		uint64_t until = test_time() + us(6000);

		run(&pool[0], work_park_until, until);
		AWAIT(life(&pool[0]) == EX_PARKED || test_time() > until);
		halt(&pool[0]);
		switch (i % 3) {
		case 0:
			run(&pool[0], work_park, 0);
			pass(until + us(500));
			AWAIT(life(&pool[0]) == EX_PARKED);
			CHECK_EQ(wake(pool[0].handle), 1);
			CHECK_EQ(join(&pool[0]), 0);
			break;
		case 1:
			run(&pool[0], work_park_for, us(300));
			CHECK_EQ(join(&pool[0]), -HL_ETIMEDOUT);
			break;
		default:
			run(&pool[0], work_park_until, until + us(3000));
			CHECK_EQ(join(&pool[0]), -HL_ETIMEDOUT);
		}
	}
}

/* Woken, and ended, long before it is due: no frame waits for that. */
TEST(one_that_ended_leaves_no_timer)
{
	uint64_t before = INFO->free_pages;

	for (unsigned i = 0; i < 10; i++) {
		uint64_t vas = space_new(100);

		for (unsigned n = 0; n < 4; n++) {
			struct worker *w = worker_new(vas);

			run_with(w, work_park_for, HOUR, ON_HART(n % harts()));
			AWAIT(life(w) == EX_PARKED);
			if ((i + n) % 2) {
				CHECK_EQ(wake(w->handle), 1);
				CHECK_EQ(join(w), 0);
			}
		}
		if (i % 3 == 0) /* else by the space's end */
			CHECK(stop(vas, 0) <= 0);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

static volatile uint64_t begun;

static uint64_t say_and_spin(uint64_t arg)
{
	begun = 1;
	return work_spin(arg);
}

/* The timer's hart has to be asked for that while it spins. */
TEST(one_that_ended_leaves_no_timer_on_a_hart_that_spins)
{
	uint64_t before = INFO->free_pages;

	for (unsigned h = 0; h < harts(); h++) {
		uint64_t vas = space_new(100);
		struct worker *w = worker_new(vas);

		run_with(w, work_park_for, HOUR, ON_HART(h));
		AWAIT(life(w) == EX_PARKED);
		begun = 0;
		run_with(&pool[0], say_and_spin, 0, ON_HART(h));
		AWAIT(begun);
		CHECK_EQ(stop(w->handle, 0), 0);
		CHECK_EQ(unmap(0, w->handle, 1), 1);
		CHECK_EQ(unmap(0, (uint64_t)w->view & -PAGE_SIZE, 1), 1);
		vas_stop(vas);
		CHECK_EQ(unmap(0, vas, 1), 1);
		CHECK_FRAMES(before);
		kit_reset();
	}
}

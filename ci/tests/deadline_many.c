/* SPDX-License-Identifier: MIT
 *
 * Many deadlines at once, and those of executors that change harts, are woken
 * or stopped as their time comes.
 */
#include "kit.h"

static uint64_t us(uint64_t n)
{
	return n * INFO->timebase / 1000000;
}

#define HOUR (3600 * INFO->timebase)

static int64_t park_and_look(uint64_t deadline)
{
	int64_t r = park_until(deadline);

	CHECK(r == 0 || r == -HL_ETIMEDOUT);
	if (r)
		CHECK(test_time() >= deadline);
	return r;
}

/* --- a crowd --------------------------------------------------------------------- */

#define MANY 300

static uint64_t random_deadlines(uint64_t seed)
{
	struct random dice = {seed};

	for (int i = 0; i < 3; i++)
		CHECK_EQ(park_and_look(test_time() + us(random_below(&dice, 20000))),
			 -HL_ETIMEDOUT);
	return 3;
}

TEST(many_deadlines_all_come)
{
	crowd_new(MANY);
	for (unsigned i = 0; i < MANY; i++)
		run(&crowd[i], random_deadlines, i);
	crowd_join(MANY, 3);
}

/* Inserted on one hart, in every order. */
TEST(many_deadlines_on_one_hart_all_come)
{
	crowd_new(MANY);
	for (unsigned i = 0; i < MANY; i++)
		run_with(&crowd[i], random_deadlines, i, ON_HART(harts() - 1));
	crowd_join(MANY, 3);
}

static uint64_t random_or_never(uint64_t seed)
{
	if (seed % 3)
		return random_deadlines(seed);
	return (uint64_t)park_and_look(test_time() + HOUR + seed);
}

/* Those in between are not waited for. */
TEST(far_deadlines_delay_no_near_ones)
{
	crowd_new(90);
	for (unsigned i = 0; i < 90; i++)
		run_with(&crowd[i], random_or_never, i, ON_HART(i & 64 ? 0 : harts() - 1));
	for (unsigned i = 0; i < 90; i++) {
		test_note("of the crowd", i);
		if (i % 3) {
			CHECK_EQ(join(&crowd[i]), 3);
		} else {
			AWAIT(life(&crowd[i]) == EX_PARKED);
			CHECK_EQ(wake(crowd[i].handle), 1);
			CHECK_EQ(join(&crowd[i]), 0);
		}
	}
}

static uint64_t common;
static volatile uint64_t arrived;

static uint64_t park_until_common(uint64_t arg)
{
	uint64_t deadline = common + (arg & 1 ? us(arg) : 0);

	__atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED);
	while (park_and_look(deadline) == 0)
		;
	return 5;
}

/* Half of them for the very same moment. */
TEST(equal_deadlines_all_come)
{
	crowd_new(MANY);
	common = test_time() + us(30000);
	for (unsigned i = 0; i < MANY; i++)
		run(&crowd[i], park_until_common, i);
	crowd_join(MANY, 5);
}

/* Most are gone before their time, in some order; the rest time out. */
TEST(a_heap_of_deadlines_that_are_woken_or_stopped)
{
	struct random dice = {4};

	crowd_new(MANY);
	for (int round = 0; round < 2; round++) {
		arrived = 0;
		common = test_time() + us(40000);
		for (unsigned i = 0; i < MANY; i++)
			run(&crowd[i], park_until_common, i);
		for (unsigned n = 0; n < MANY; n++) {
			unsigned i = random_below(&dice, MANY);

			if (n % 2)
				wake(crowd[i].handle); /* it parks again */
			else
				stop(crowd[i].handle, 5);
		}
		crowd_join(MANY, 5);
	}
}

/* --- from hart to hart ------------------------------------------------------------ */

/* The worker asks by a breakpoint, the runner resumes it on another hart. */
static void ask_for_hart(void)
{
	/* 4 bytes, also where there are shorter ones */
	__asm__ volatile(".option push; .option norvc; ebreak; .option pop" ::: "memory");
}

static void hop(struct worker *w, unsigned hart)
{
	AWAIT(life(w) == EX_FAULTED);
	CHECK_EQ(w->view->scause, 3);
	CHECK_EQ(
		CALL(CALL_START, w->handle, w->view->pc + 4, 0, 0, 0, START_RESUME | ON_HART(hart)),
		0);
}

static struct {
	uint64_t ticks; /* 0: no deadline */
} parks[2];
static uint64_t delay; /* before the second */

static uint64_t park_here_and_there(uint64_t arg)
{
	int64_t r;

	(void)arg;
	park_and_look(test_time() + parks[0].ticks);
	ask_for_hart();
	for (uint64_t until = test_time() + delay; test_time() < until;)
		;
	if (parks[1].ticks)
		r = park_and_look(test_time() + parks[1].ticks);
	else
		r = park().a0;
	return (uint64_t)r;
}

static void here_and_there(unsigned from, unsigned to, uint64_t first, uint64_t then)
{
	delay = 0;
	parks[0].ticks = first;
	parks[1].ticks = then;
	run_with(&pool[0], park_here_and_there, 0, ON_HART(from));
	AWAIT(life(&pool[0]) == EX_PARKED || life(&pool[0]) == EX_FAULTED);
	if (life(&pool[0]) == EX_PARKED)
		wake(pool[0].handle); /* may leave a token, if it is late */
	hop(&pool[0], to);
}

#define ALL_PAIRS(from, to)                                                                        \
	for (unsigned from = 0; from < harts(); from++)                                            \
		for (unsigned to = 0; to < harts(); to++)                                          \
			if (harts() <= 4 || (from * 3 + to) % 5 == 0)

/* The first hart holds a timer that is far away; that the executor has a
 * nearer deadline now has to reach it. */
TEST(an_earlier_deadline_after_a_later_one_elsewhere)
{
	ALL_PAIRS(from, to)
	{
		here_and_there(from, to, HOUR, us(2000));
		CHECK_EQ(join(&pool[0]), -HL_ETIMEDOUT);
	}
}

TEST(a_later_deadline_after_an_earlier_one_elsewhere)
{
	ALL_PAIRS(from, to)
	{
		uint64_t r;

		here_and_there(from, to, us(10000), us(15000));
		r = join(&pool[0]);
		/* 0 by a token, if the wake was late. */
		CHECK(r == (uint64_t)-HL_ETIMEDOUT || r == 0);
	}
}

TEST(a_deadline_does_not_end_the_next_park_elsewhere)
{
	ALL_PAIRS(from, to)
	{
		here_and_there(from, to, HOUR, 0);
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(wake(pool[0].handle), 1);
		CHECK_EQ(join(&pool[0]), 0);
	}
}

static volatile uint64_t begun;

static uint64_t say_and_spin(uint64_t arg)
{
	begun = 1;
	return work_spin(arg);
}

static uint64_t park_there_and_tell(uint64_t arg)
{
	uint64_t result = park_here_and_there(arg);

	arrived = 1;
	wake(pool[POOL - 1].handle);
	return result;
}

/* The runner sleeps meanwhile, which could bring a hart some interrupt. */
static uint64_t send_it_on(uint64_t to)
{
	arrived = 0;
	CHECK_EQ(wake(pool[0].handle), 1);
	while (life(&pool[0]) != EX_FAULTED)
		;
	hop(&pool[0], (unsigned)to);
	while (!arrived)
		park();
	return to;
}

/* That hart makes no call, and has no ticks by then: it must be interrupted. */
TEST(an_earlier_deadline_reaches_a_hart_that_spins)
{
	ALL_PAIRS(from, to)
	{
		delay = from != to ? us(3 * INFO->slice_ns / 1000) : 0;
		parks[0].ticks = HOUR;
		parks[1].ticks = us(2000);
		run_with(&pool[0], park_there_and_tell, 0, ON_HART(from));
		AWAIT(life(&pool[0]) == EX_PARKED);
		begun = 0;
		run_with(&pool[1], say_and_spin, 0, ON_HART(from));
		AWAIT(begun);
		CHECK_EQ(quietly(send_it_on, to, to), to);
		CHECK_EQ(join(&pool[0]), -HL_ETIMEDOUT);
		halt(&pool[1]);
	}
}

#define TRAVELLERS 8

static uint64_t travel(uint64_t seed)
{
	struct random dice = {seed};

	for (unsigned i = 0; i < rounds(120); i++) {
		uint64_t ticks = us(random_below(&dice, 4) ? random_below(&dice, 1500) : 100000);

		if (random_below(&dice, 2))
			ask_for_hart();
		if (random_below(&dice, 8))
			park_and_look(test_time() + ticks);
		else
			park(); /* the runner wakes all now and then */
	}
	return 6;
}

/* Send on who asks for it; true when all have ended. */
static bool all_travelled(struct random *dice)
{
	unsigned gone = 0;

	for (unsigned i = 0; i < TRAVELLERS; i++) {
		if (life(&pool[i]) == EX_FAULTED)
			hop(&pool[i],
			    random_below(dice, 4) ? random_below(dice, harts()) : START_HART_ANY);
		else if (life(&pool[i]) == EX_STOPPED)
			gone++;
	}
	if (random_below(dice, 4) == 0)
		wake(pool[random_below(dice, TRAVELLERS)].handle);
	return gone == TRAVELLERS;
}

/* Everybody goes everywhere, with some timer left somewhere. */
TEST(deadlines_are_kept_by_those_who_travel)
{
	struct random dice = {5};

	for (unsigned i = 0; i < TRAVELLERS; i++)
		run(&pool[i], travel, i);
	AWAIT(all_travelled(&dice));
	for (unsigned i = 0; i < TRAVELLERS; i++)
		CHECK_EQ(join(&pool[i]), 6);
}

/* --- races --------------------------------------------------------------------------- */

static volatile uint64_t zeros;

static uint64_t park_shortly(uint64_t n)
{
	struct random dice = {n};

	for (uint64_t i = 0; i < n; i++)
		if (park_and_look(test_time() + us(random_below(&dice, 200))) == 0)
			zeros++;
	return 2;
}

static struct {
	uint64_t made;
	uint64_t ended; /* said that they ended a park */
} wakes;

static bool wake_now_and_then(struct worker *w, struct random *dice)
{
	int64_t r = wake(w->handle);

	CHECK(r == 0 || r == 1);
	wakes.ended += (uint64_t)r;
	wakes.made++;
	if (random_below(dice, 2))
		park_until(test_time() + us(random_below(dice, 300)));
	return life(w) == EX_STOPPED;
}

/* Each wake that says it ended a park did, and nothing else does. */
TEST(wakes_race_with_deadlines)
{
	struct random dice = {6};

	zeros = wakes.made = wakes.ended = 0;
	run(&pool[0], park_shortly, rounds(600));
	AWAIT(wake_now_and_then(&pool[0], &dice));
	CHECK_EQ(join(&pool[0]), 2);
	CHECK(wakes.ended <= zeros);
	CHECK(zeros <= wakes.made);
}

static uint64_t wake_at_random(uint64_t n)
{
	struct random dice = {n};

	for (;;) {
		wake(pool[random_below(&dice, 4)].handle);
		for (unsigned i = random_below(&dice, 2000); i; i--)
			__asm__ volatile("");
	}
	return 0;
}

TEST_ON(many_wake_those_whose_time_comes, 2, 64)
{
	for (unsigned i = 0; i < 4; i++)
		run(&pool[i], park_shortly, rounds(300));
	for (unsigned i = 4; i < 4 + harts() / 2; i++)
		run(&pool[i], wake_at_random, i);
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(join(&pool[i]), 2);
}

static uint64_t park_for_ever_shortly(uint64_t n)
{
	struct random dice = {n};

	for (;;)
		park_and_look(test_time() + us(random_below(&dice, 300)));
	return 0;
}

/* Stopped, and started again, as its time comes. */
TEST(stops_race_with_deadlines)
{
	struct random dice = {7};

	for (unsigned i = 0; i < rounds(200); i++) {
		run(&pool[i % 3], park_for_ever_shortly, i);
		if (random_below(&dice, 2))
			park_until(test_time() + us(random_below(&dice, 500)));
		CHECK(stop(pool[i % 3].handle, i) >= 0);
		CHECK_EQ(join(&pool[i % 3]), i);
		CHECK_EQ(pool[i % 3].view->state, EX_STOPPED);
	}
}

/* A whole space goes, with timers of all its executors on all harts. */
TEST(spaces_go_while_their_deadlines_come)
{
	uint64_t before = INFO->free_pages;

	for (unsigned i = 0; i < rounds(20); i++) {
		uint64_t vas = space_new(200);

		for (unsigned n = 0; n < 12; n++)
			run_with(worker_new(vas), park_for_ever_shortly, n,
				 n % 3 ? 0 : ON_HART(n % harts()));
		park_until(test_time() + us(100 * i));
		vas_stop(vas);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

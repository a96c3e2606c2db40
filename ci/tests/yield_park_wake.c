/* SPDX-License-Identifier: MIT
 *
 * yield, park and wake between executors of one space.
 */
#include "kit.h"

static volatile uint64_t counter;
static volatile uint64_t turns[64];
static volatile uint64_t cell __attribute__((aligned(8)));

static uint64_t add(volatile uint64_t *where, uint64_t n)
{
	return __atomic_fetch_add(where, n, __ATOMIC_ACQ_REL);
}

TEST(yield_returns_zero)
{
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(yield(), 0);
}

TEST(yield_takes_no_arguments)
{
	for (uint64_t a = 1; a; a <<= 1)
		CHECK_EQ(CALL(CALL_YIELD, a, a, a, a, a, a, a), 0);
}

static uint64_t take_turns(uint64_t me)
{
	for (int i = 0; i < 10; i++) {
		uint64_t turn = add(&counter, 1);

		if (turn < 64)
			turns[turn] = me;
		yield();
	}
	return 0;
}

static uint64_t slices_ended(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < POOL; i++)
		sum += pool[i].view->preempted;
	return sum;
}

/* First in, first out: nobody runs twice before the others ran once.  (A slice that
 * ends would be another turn; then it is done again.) */
TEST_ON(yield_goes_to_the_back_of_the_queue, 1, 1)
{
	uint64_t slices;

	do {
		slices = slices_ended();
		counter = 0;
		for (uint64_t i = 0; i < 4; i++)
			run(&pool[i], take_turns, i);
		for (uint64_t i = 0; i < 4; i++)
			join(&pool[i]);
	} while (slices_ended() != slices);
	CHECK_EQ(counter, 40);
	for (uint64_t i = 0; i < 40; i++) {
		test_note("turn", i);
		CHECK_EQ(turns[i], i % 4);
	}
}

static uint64_t count_and_yield(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		add(&counter, 1);
		yield();
	}
	return n;
}

TEST(every_ready_executor_gets_to_run)
{
	counter = 0;
	for (int i = 0; i < POOL; i++)
		run(&pool[i], count_and_yield, rounds(50));
	for (int i = 0; i < POOL; i++)
		CHECK_EQ(join(&pool[i]), rounds(50));
	CHECK_EQ(counter, rounds(50) * POOL);
}

static uint64_t wait_for_all(uint64_t n)
{
	add(&counter, 1);
	/* No call in here: all are to run at once. */
	while (counter < n)
		;
	return 0;
}

TEST_ON(all_harts_run_executors_at_once, 2, 64)
{
	counter = 0;
	for (unsigned i = 0; i < harts() - 1 && i < POOL; i++)
		run(&pool[i], wait_for_all, harts() - 1);
	for (unsigned i = 0; i < harts() - 1 && i < POOL; i++)
		join(&pool[i]);
}

TEST(a_parked_executor_stays_parked)
{
	run(&pool[0], work_park, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	for (int i = 0; i < 200; i++) {
		yield();
		CHECK_EQ(life(&pool[0]), EX_PARKED);
	}
	CHECK_EQ(wake(pool[0].handle), 1);
	CHECK_EQ(join(&pool[0]), 0);
}

static uint64_t park_and_tell(uint64_t arg)
{
	struct result r = CALL_ALL(CALL_PARK, 0, arg, arg, arg, arg, arg);

	CHECK_EQ(r.a0, 0);
	CHECK_EQ(r.a1, 0);
	return 7;
}

TEST(park_returns_zero_and_no_badges_on_wake)
{
	run(&pool[0], park_and_tell, 99);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(wake(pool[0].handle), 1);
	CHECK_EQ(join(&pool[0]), 7);
}

static uint64_t wake_self_and_park(uint64_t wakes)
{
	for (uint64_t i = 0; i < wakes; i++)
		CHECK_EQ(wake(0), 0);
	for (counter = 0; counter < 10; add(&counter, 1))
		CHECK_EQ(park().a0, 0);
	return 0;
}

TEST(wake_before_park_leaves_a_token)
{
	run(&pool[0], wake_self_and_park, 1);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(counter, 1);
}

TEST(tokens_do_not_add_up)
{
	run(&pool[0], wake_self_and_park, 5);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(counter, 1);
}

static uint64_t wait_then_park(uint64_t arg)
{
	while (!cell)
		yield();
	CHECK_EQ(park().a0, 0);
	add(&counter, 1);
	park();
	return arg;
}

TEST(wake_from_another_leaves_a_token)
{
	counter = cell = 0;
	run(&pool[0], wait_then_park, 0);
	CHECK_EQ(wake(pool[0].handle), 0);
	CHECK_EQ(wake(pool[0].handle), 0);
	cell = 1;
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(counter, 1);
}

static uint64_t spin_then_park(uint64_t arg)
{
	counter = 1;
	while (!cell)
		;
	return (uint64_t)park().a0 + arg;
}

TEST(wake_of_one_that_spins_leaves_a_token)
{
	counter = cell = 0;
	run(&pool[0], spin_then_park, 3);
	AWAIT(counter);
	CHECK_EQ(wake(pool[0].handle), 0);
	cell = 1;
	CHECK_EQ(join(&pool[0]), 3);
}

TEST(wake_of_one_stopped_does_nothing)
{
	for (int i = 0; i < 3; i++)
		CHECK_EQ(wake(pool[0].handle), 0);
	CHECK_EQ(pool[0].view->state, EX_STOPPED);
	/* It didn't get a token for later. */
	run(&pool[0], wake_self_and_park, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(counter, 0);
}

static uint64_t fault_then_park(uint64_t addr)
{
	*word(addr) = 1;
	counter = 0;
	park();
	add(&counter, 1);
	park();
	return 0;
}

TEST(wake_of_one_faulted_is_not_lost)
{
	run(&pool[0], fault_then_park, page(0));
	AWAIT(life(&pool[0]) == EX_FAULTED);
	CHECK_EQ(wake(pool[0].handle), 0);
	CHECK_EQ(life(&pool[0]), EX_FAULTED);
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	CHECK_EQ(resume(pool[0].handle, 0), 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(counter, 1);
}

static uint64_t wake_then_fault(uint64_t addr)
{
	wake(0);
	return fault_then_park(addr);
}

TEST(a_fault_keeps_the_token)
{
	run(&pool[0], wake_then_fault, page(0));
	AWAIT(life(&pool[0]) == EX_FAULTED);
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	CHECK_EQ(resume(pool[0].handle, 0), 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(counter, 1);
}

TEST(wake_says_whether_it_made_it_ready)
{
	run(&pool[0], work_park_forever, 0);
	for (int i = 0; i < 100; i++) {
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(wake(pool[0].handle), 1);
	}
}

/* --- waking for ever ----------------------------------------------------- */

struct baton {
	volatile uint64_t value __attribute__((aligned(64)));
};
static struct baton baton;

#define ROUNDS 2000

static uint64_t pass_baton(uint64_t me)
{
	for (uint64_t i = me; i < rounds(ROUNDS); i += 2) {
		uint64_t seen;

		while ((seen = baton.value) != i)
			park_if(&baton.value, seen);
		baton.value = i + 1;
		CHECK(wake(pool[!me].handle) >= 0);
	}
	return 0;
}

/* A lost wakeup leaves both parked. */
TEST(no_wakeup_is_lost)
{
	baton.value = 0;
	run(&pool[0], pass_baton, 0);
	run(&pool[1], pass_baton, 1);
	join(&pool[0]);
	join(&pool[1]);
	CHECK(baton.value >= rounds(ROUNDS));
}

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

/* First in, first out: nobody runs twice before the others ran once. */
TEST_ON(yield_goes_to_the_back_of_the_queue, 1, 1)
{
	counter = 0;
	for (uint64_t i = 0; i < 4; i++)
		run(&pool[i], take_turns, i);
	for (uint64_t i = 0; i < 4; i++)
		join(&pool[i]);
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
		run(&pool[i], count_and_yield, 50);
	for (int i = 0; i < POOL; i++)
		CHECK_EQ(join(&pool[i]), 50);
	CHECK_EQ(counter, 50 * POOL);
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

TEST_ON(wake_of_one_running_elsewhere_leaves_a_token, 2, 64)
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

TEST(wake_says_whether_it_made_it_ready)
{
	run(&pool[0], work_park_forever, 0);
	for (int i = 0; i < 100; i++) {
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(wake(pool[0].handle), 1);
	}
}

/* --- park's word --------------------------------------------------------- */

TEST(park_refuses_a_value_that_differs)
{
	cell = 0x1122334455667788;
	CHECK_EQ(park_if(&cell, 0), -HL_EAGAIN);
	for (int bit = 0; bit < 64; bit++)
		CHECK_EQ(park_if(&cell, cell ^ 1UL << bit), -HL_EAGAIN);
}

static uint64_t park_on_cell(uint64_t arg)
{
	return (uint64_t)park_if(&cell, arg);
}

TEST(park_sleeps_on_a_value_that_is_equal)
{
	cell = 0x1122334455667788;
	run(&pool[0], park_on_cell, cell);
	AWAIT(life(&pool[0]) == EX_PARKED);
	/* Only a wake ends it. */
	cell = 0;
	for (int i = 0; i < 50; i++)
		yield();
	CHECK_EQ(life(&pool[0]), EX_PARKED);
	CHECK_EQ(wake(pool[0].handle), 1);
	CHECK_EQ(join(&pool[0]), 0);
}

static int64_t park32(uint64_t addr, uint64_t expected)
{
	return CALL(CALL_PARK | PARK_WORD32, addr, expected);
}

TEST(park_compares_a_word_of_four_bytes)
{
	uint64_t low = (uint64_t)&cell, high = low + 4;

	cell = 0x8122334495667788;
	for (int bit = 0; bit < 32; bit++) {
		CHECK_EQ(park32(low, 0x95667788 ^ 1UL << bit), -HL_EAGAIN);
		CHECK_EQ(park32(high, 0x81223344 ^ 1UL << bit), -HL_EAGAIN);
	}
	/* The upper half of the argument is not looked at, however extended. */
	static const uint64_t upper[] = {0, 0xffffffff00000000, 0x1234567800000000};
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(wake(0), 0);
		CHECK_EQ(park32(low, 0x95667788 | upper[i]), 0);
		CHECK_EQ(wake(0), 0);
		CHECK_EQ(park32(high, 0x81223344 | upper[i]), 0);
	}
}

TEST(park_refuses_a_misaligned_word)
{
	uint64_t addr = (uint64_t)&cell;

	CHECK_EQ(addr % 8, 0);
	for (uint64_t i = 1; i < 8; i++) {
		test_note("offset", i);
		CHECK_EQ(CALL(CALL_PARK, addr + i, cell), -HL_EINVAL);
		if (i % 4)
			CHECK_EQ(park32(addr + i, cell), -HL_EINVAL);
	}
	for (uint64_t i = 2; i < 8; i++)
		CHECK_EQ(CALL(CALL_PARK, i, 0), -HL_EINVAL);
}

TEST(park_refuses_a_word_that_is_not_readable_memory)
{
	uint64_t va = page(0);
	static const uint64_t bad[] = {
		FAR_HOLE,	    USER_TOP,	 USER_TOP - 8,	     1UL << 39,
		1UL << 63,	    INFO_VA,	 0xffffffc000000000, 0xffffffff80000000,
		0xfffffffffffffff8, 0x8000000008, 0xffffffc080200000,
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		test_note("addr", bad[i]);
		CHECK_EQ(CALL(CALL_PARK, bad[i], 0), -HL_EFAULT);
		CHECK_EQ(park32(bad[i] + 4, 0), -HL_EFAULT);
	}
	test_note("a hole", va);
	CHECK_EQ(CALL(CALL_PARK, va, 0), -HL_EFAULT);
	test_note("a capability", va);
	CHECK_EQ(CALL(CALL_PARK, pool[0].handle, 0), -HL_EFAULT);
	test_note("a device", va);
	CHECK_EQ(CALL(CALL_MAP, 0, va, 0x10000000, 1, MAP_IO | MAP_DEVICE | RW), 1);
	CHECK_EQ(CALL(CALL_PARK, va, 0), -HL_EFAULT);
	test_note("execute only", va);
	CHECK_EQ(map_new(0, page(1), 1, MAP_X), 1);
	CHECK_EQ(CALL(CALL_PARK, page(1), 0), -HL_EFAULT);
	/* The high bits of a good address must not be ignored. */
	for (int bit = 38; bit < 64; bit++) {
		test_note("bit", bit);
		CHECK_EQ(CALL(CALL_PARK, (uint64_t)&cell ^ 1UL << bit, cell), -HL_EFAULT);
	}
}

TEST(park_reads_to_the_end_of_a_page)
{
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	*word(page(1) - 8) = 5;
	CHECK_EQ(CALL(CALL_PARK, page(1) - 8, 4), -HL_EAGAIN);
	CHECK_EQ(park32(page(1) - 4, 1), -HL_EAGAIN);
	CHECK_EQ(CALL(CALL_PARK, page(1), 0), -HL_EFAULT);
}

/* The kernel may cache where a word is: it must notice another mapping. */
TEST(park_follows_the_mapping_of_its_word)
{
	for (uint64_t i = 0; i < 20; i++) {
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		*word(page(0)) = i;
		CHECK_EQ(CALL(CALL_PARK, page(0), i + 1), -HL_EAGAIN);
		wake(0);
		CHECK_EQ(CALL(CALL_PARK, page(0), i), 0);
		CHECK_EQ(protect(0, page(0), 1, MAP_R), 1);
		CHECK_EQ(CALL(CALL_PARK, page(0), i + 1), -HL_EAGAIN);
		CHECK_EQ(unmap(0, page(0), 1), 1);
		CHECK_EQ(CALL(CALL_PARK, page(0), i + 1), -HL_EFAULT);
	}
}

TEST(a_refused_park_keeps_the_token)
{
	cell = 1;
	CHECK_EQ(wake(0), 0);
	CHECK_EQ(park_if(&cell, 0), -HL_EAGAIN);
	CHECK_EQ(CALL(CALL_PARK, FAR_HOLE), -HL_EFAULT);
	CHECK_EQ(CALL(CALL_PARK, PARK_IRQ), -HL_EINVAL);
	CHECK_EQ(swap(FAR_HOLE, 0, 0, 0, 0).a0, -HL_EBADF);
	/* Would hang without it. */
	CHECK_EQ(park_if(&cell, 1), 0);
}

/* --- waking for ever ----------------------------------------------------- */

struct baton {
	volatile uint64_t value __attribute__((aligned(64)));
};
static struct baton baton;

#define ROUNDS 2000

static uint64_t pass_baton(uint64_t me)
{
	for (uint64_t i = me; i < ROUNDS; i += 2) {
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
	CHECK_EQ(baton.value, ROUNDS);
}

/* SPDX-License-Identifier: MIT
 *
 * Once map has returned, no hart uses the old mapping any more.  Executors
 * that never enter the kernel read or write a page on all other harts
 * meanwhile: each looks whether the change is done, then touches the page.
 */
#include "kit.h"

#define READERS 8
#define ROUNDS  rounds(20)

static volatile uint64_t changed;
static volatile uint64_t touches[READERS];
static uint64_t expect; /* what may be read after the change */

static unsigned readers(void)
{
	unsigned n = harts() - 1;

	return n < READERS ? n : READERS;
}

static bool is_changed(void)
{
	return __atomic_load_n(&changed, __ATOMIC_SEQ_CST);
}

/* Exit code 1: touched after the change what was there before. */
static uint64_t read_on(uint64_t me)
{
	for (;;) {
		bool after = is_changed();
		uint64_t value = *word(page(0));

		touches[me]++;
		if (after && value != expect)
			return 1;
		if (after)
			return 0;
	}
}

static uint64_t write_on(uint64_t me)
{
	for (;;) {
		bool after = is_changed();

		*word(page(0)) = me;
		touches[me]++;
		if (after)
			return 1;
	}
}

static uint64_t run_on(uint64_t me)
{
	for (;;) {
		bool after = is_changed();

		((void (*)(void))page(0))();
		touches[me]++;
		if (after)
			return 1;
	}
}

static void begin(struct worker **w, work *fn)
{
	changed = 0;
	for (unsigned i = 0; i < readers(); i++) {
		touches[i] = 0;
		run(w[i], fn, i);
	}
	for (unsigned i = 0; i < readers(); i++)
		AWAIT(touches[i] > 10);
}

static void expect_faults(struct worker **w, uint64_t cause)
{
	__atomic_store_n(&changed, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < readers(); i++) {
		AWAIT(life(w[i]) != EX_READY);
		CHECK_EQ(life(w[i]), EX_FAULTED);
		CHECK_EQ(w[i]->view->scause, cause);
		halt(w[i]);
	}
}

static struct worker *own[READERS];

static void use_own(void)
{
	for (unsigned i = 0; i < READERS; i++)
		own[i] = &pool[i];
}

TEST_ON(unmap_takes_effect_on_all_harts, 2, 64)
{
	use_own();
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		begin(own, read_on);
		CHECK_EQ(unmap(0, page(0), 1), 1);
		expect_faults(own, LOAD_FAULT);
	}
}

TEST_ON(unmap_of_many_takes_effect_on_all_harts, 2, 64)
{
	use_own();
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK_EQ(map_new(0, page(0), 200, RW), 200);
		begin(own, read_on);
		CHECK_EQ(unmap(0, page(0), 200), 200);
		expect_faults(own, LOAD_FAULT);
	}
}

TEST_ON(protect_takes_effect_on_all_harts, 2, 64)
{
	use_own();
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		begin(own, write_on);
		CHECK_EQ(protect(0, page(0), 1, MAP_R), 1);
		expect_faults(own, STORE_FAULT);
		CHECK_EQ(unmap(0, page(0), 1), 1);
	}
}

TEST_ON(protect_of_code_takes_effect_on_all_harts, 2, 64)
{
	use_own();
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK_EQ(map_new(0, page(0), 1, RW | MAP_X | MAP_WX), 1);
		*(volatile uint32_t *)page(0) = CODE_RETURN;
		begin(own, run_on);
		CHECK_EQ(protect(0, page(0), 1, RW), 1);
		expect_faults(own, FETCH_FAULT);
		CHECK_EQ(unmap(0, page(0), 1), 1);
	}
}

TEST_ON(move_takes_effect_on_all_harts, 2, 64)
{
	use_own();
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		begin(own, write_on);
		CHECK_EQ(move(0, page(1), page(0), 1, RW), 1);
		expect_faults(own, STORE_FAULT);
		CHECK_EQ(unmap(0, page(1), 1), 1);
	}
}

static void expect_value(struct worker **w)
{
	__atomic_store_n(&changed, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < readers(); i++)
		CHECK_EQ(join(w[i]), 0);
}

TEST_ON(replace_takes_effect_on_all_harts, 2, 64)
{
	use_own();
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK_EQ(map_new(0, page(0), 2, RW), 2);
		*word(page(0)) = 1;
		*word(page(1)) = expect = 2;
		begin(own, read_on);
		CHECK_EQ(share(0, page(0), page(1), 1, RW | MAP_REPLACE), 1);
		expect_value(own);
		expect = 0;
		begin(own, read_on);
		CHECK_EQ(map_new(0, page(0), 1, RW | MAP_REPLACE), 1);
		expect_value(own);
		CHECK_EQ(unmap(0, page(0), 2), 2);
	}
}

/* The same from outside the space that runs. */
TEST_ON(unmap_in_another_space_takes_effect_on_all_harts, 2, 64)
{
	uint64_t vas = space_new(1000);
	struct worker *w[READERS];

	for (unsigned i = 0; i < readers(); i++)
		w[i] = worker_new(vas);
	for (unsigned i = 0; i < ROUNDS; i++) {
		CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
		begin(w, i % 2 ? read_on : write_on);
		CHECK_EQ(unmap(vas, page(0), 1), 1);
		expect_faults(w, i % 2 ? LOAD_FAULT : STORE_FAULT);
	}
}

/* A hart that ran a space once, and comes back to it, sees no old mapping. */
TEST(no_hart_comes_back_to_an_old_mapping)
{
	uint64_t vas = space_new(1000);
	struct worker *w[4];

	for (unsigned i = 0; i < 4; i++)
		w[i] = worker_new(vas);
	for (uint64_t round = 0; round < rounds(20); round++) {
		CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
		CHECK_EQ(probe_load(w[round % 4], page(0)).value, 0);
		CHECK_EQ(probe_store(w[(round + 1) % 4], page(0), round + 1).cause, NO_FAULT);
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(probe_load(w[i], page(0)).value, round + 1);
		CHECK_EQ(unmap(vas, page(0), 1), 1);
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(probe_load(w[i], page(0)).cause, LOAD_FAULT);
	}
}

/* Frames wander between executors on all harts; each finds zeroes, and keeps
 * what it wrote. */
static uint64_t churn(uint64_t me)
{
	uint64_t base = page(64 * (unsigned)me);
	struct random r = {me};

	for (unsigned i = 0; i < rounds(50); i++) {
		uint64_t n = 1 + random_below(&r, 16);

		CHECK_EQ(map_new(0, base, n, RW), (int64_t)n);
		for (uint64_t p = 0; p < n; p++) {
			CHECK_EQ(*word(base + p * PAGE_SIZE), 0);
			CHECK_EQ(*word(base + p * PAGE_SIZE + 4088), 0);
			*word(base + p * PAGE_SIZE) = me << 32 | p;
			*word(base + p * PAGE_SIZE + 4088) = 1;
		}
		CHECK_EQ(share(0, base + 32 * PAGE_SIZE, base, n, MAP_R), (int64_t)n);
		if (i % 3 == 0)
			yield();
		for (uint64_t p = 0; p < n; p++)
			CHECK_EQ(*word(base + (32 + p) * PAGE_SIZE), me << 32 | p);
		CHECK_EQ(unmap(0, base, n), (int64_t)n);
		CHECK_EQ(move(0, base, base + 32 * PAGE_SIZE, n, MAP_R), (int64_t)n);
		for (uint64_t p = 0; p < n; p++)
			CHECK_EQ(*word(base + p * PAGE_SIZE), me << 32 | p);
		CHECK_EQ(unmap(0, base, n), (int64_t)n);
	}
	return 0;
}

TEST(frames_go_round_among_all_harts)
{
	unsigned n = harts() < 8 ? harts() + 1 : 8;

	for (unsigned i = 0; i < n; i++)
		run(&pool[i], churn, i);
	for (unsigned i = 0; i < n; i++)
		CHECK_EQ(join(&pool[i]), 0);
}

/* Several map at one place: each page is won by one of them. */
static volatile uint64_t won[READERS];

static uint64_t grab(uint64_t me)
{
	for (unsigned i = 0; i < 512; i++) {
		int64_t r = map_new(0, page(i), 1, RW);

		CHECK(r == 1 || r == -HL_EEXIST);
		if (r == 1) {
			won[me]++;
			*word(page(i)) = me;
		}
		if (i % 32 == 0)
			yield();
	}
	return 0;
}

TEST(one_wins_each_page)
{
	uint64_t before = INFO->free_pages, sum = 0;

	for (uint64_t i = 0; i < READERS; i++) {
		won[i] = 0;
		run(&pool[i], grab, i);
	}
	for (uint64_t i = 0; i < READERS; i++) {
		CHECK_EQ(join(&pool[i]), 0);
		sum += won[i];
	}
	CHECK_EQ(sum, 512);
	CHECK_FRAMES(before - 512);
}

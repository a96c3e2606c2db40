/* SPDX-License-Identifier: MIT
 *
 * Several executors change the same entries at once.  Who wins is open; that
 * there is one winner, that no frame is lost, used twice or seen by others, is
 * not.
 */
#include "kit.h"

#define OURS   0x6f757273
#define THEIRS 0x746865697273

static volatile uint64_t gate, wins, over;

/* All of n executors arrive here before any goes on. */
static void meet(uint64_t round, uint64_t n)
{
	__atomic_fetch_add(&gate, 1, __ATOMIC_ACQ_REL);
	AWAIT(gate >= (round + 1) * n);
}

static void won(void)
{
	__atomic_fetch_add(&wins, 1, __ATOMIC_RELAXED);
}

static void begin(void)
{
	gate = wins = over = 0;
}

/* --- one winner -------------------------------------------------------------- */

#define ROUNDS rounds(100)

static uint64_t move_it(uint64_t me)
{
	for (uint64_t i = 0; i < ROUNDS; i++) {
		int64_t r;

		meet(2 * i, 3);
		r = move(0, page(10 + (unsigned)me), page(0), 1, RW);
		CHECK(r == 1 || r == -HL_EFAULT);
		if (r == 1) {
			won();
			CHECK_EQ(*word(page(10 + (unsigned)me)), OURS + i);
			CHECK_EQ(unmap(0, page(10 + (unsigned)me), 1), 1);
		}
		meet(2 * i + 1, 3);
	}
	return 0;
}

TEST(one_of_two_movers_wins)
{
	begin();
	for (uint64_t i = 0; i < 2; i++)
		run(&pool[i], move_it, i);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		*word(page(0)) = OURS + i;
		meet(2 * i, 3);
		meet(2 * i + 1, 3);
		CHECK_EQ(wins, i + 1);
	}
	for (uint64_t i = 0; i < 2; i++)
		CHECK_EQ(join(&pool[i]), 0);
}

static uint64_t replace_it(uint64_t me)
{
	for (uint64_t i = 0; i < ROUNDS; i++) {
		meet(i, 3);
		CHECK_EQ(map_new(0, page(0), 1, RW | MAP_REPLACE), 1);
		if (me == 0)
			CHECK_EQ(share(0, page(0), page(1), 1, RW | MAP_REPLACE), 1);
		else
			CHECK_EQ(unmap(0, page(0), 1), 1);
	}
	return 0;
}

TEST(replacing_at_once_loses_nothing)
{
	uint64_t before = INFO->free_pages;

	begin();
	CHECK_EQ(map_new(0, page(1), 1, RW), 1);
	for (uint64_t i = 0; i < 3; i++)
		run(&pool[i], replace_it, i);
	for (uint64_t i = 0; i < 3; i++)
		CHECK_EQ(join(&pool[i]), 0);
	CHECK_EQ(unmap(0, page(0), 2), 2);
	CHECK_FRAMES(before);
}

/* --- use after free ----------------------------------------------------------- */

/* The owner's page comes and goes ... */
static uint64_t own(uint64_t arg)
{
	for (uint64_t i = 0; i < rounds(600); i++) {
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		*word(page(0)) = OURS;
		if (i % 4 == 0)
			yield();
		CHECK_EQ(unmap(0, page(0), 1), 1);
	}
	over = 1;
	return arg;
}

/* ... others take frames meanwhile, and write into them ... */
static uint64_t use_others(uint64_t arg)
{
	while (!over) {
		CHECK_EQ(map_new(0, page(100), 4, RW), 4);
		for (unsigned i = 0; i < 4; i++)
			*word(page(100 + i)) = THEIRS;
		yield();
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(*word(page(100 + i)), THEIRS);
		CHECK_EQ(unmap(0, page(100), 4), 4);
	}
	return arg;
}

/* ... and who shares the page in the right moment gets it, never another. */
static uint64_t share_it(uint64_t at)
{
	while (!over) {
		int64_t r = share(0, at, page(0), 1, MAP_R);

		CHECK(r == 1 || r == -HL_EFAULT);
		if (r == 1) {
			uint64_t value = *word(at);

			won();
			CHECK(value == OURS || value == 0);
			yield();
			value = *word(at);
			CHECK(value == OURS || value == 0);
			CHECK_EQ(unmap(0, at, 1), 1);
		} else {
			yield();
		}
	}
	return 0;
}

TEST(sharing_races_with_unmapping)
{
	uint64_t before = INFO->free_pages;

	begin();
	run(&pool[0], own, 0);
	run(&pool[1], use_others, 0);
	run(&pool[2], share_it, page(50));
	run(&pool[3], share_it, page(51));
	for (int i = 0; i < 4; i++)
		CHECK_EQ(join(&pool[i]), 0);
	CHECK_FRAMES(before);
}

/* The same with capabilities: a slot that holds now this, now that one. */
static uint64_t change_slot(uint64_t at)
{
	for (uint64_t i = 0; i < rounds(600); i++) {
		CHECK_EQ(share(0, at, pool[10 + i % 2].handle, 1, MAP_EXECUTOR | MAP_X), 1);
		if (i % 4 == 0)
			yield();
		CHECK_EQ(unmap(0, at, 1), 1);
	}
	over = 1;
	return 0;
}

static uint64_t use_slot(uint64_t at)
{
	while (!over) {
		int64_t r = wake(at);

		CHECK(r == 0 || r == 1 || r == -HL_EBADF);
		r = CALL(CALL_PARK, 0, 0, 0, 0, 0, 0, at);
		CHECK(r == -HL_EBUSY || r == -HL_EBADF || r == -HL_EAGAIN);
		r = stop(at, 0);
		CHECK(r == -HL_EPERM || r == -HL_EBADF);
		yield();
	}
	return 0;
}

/* 10 is stopped, so that nobody can swap to it; 11 never parks. */
TEST(a_slot_may_change_while_it_is_used)
{
	uint64_t at = slot();

	begin();
	run(&pool[11], work_yield_forever, 0);
	run(&pool[0], change_slot, at);
	run(&pool[1], use_slot, at);
	run(&pool[2], use_slot, at);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(join(&pool[i]), 0);
	CHECK_EQ(life(&pool[10]), EX_STOPPED);
	CHECK(life(&pool[11]) != EX_STOPPED);
}

/* --- budgets ------------------------------------------------------------------- */

static uint64_t scarce;

static uint64_t fill(uint64_t va)
{
	uint64_t pages = 0;
	int64_t r;

	meet(0, 4);
	while ((r = map_new(scarce, va + pages * PAGE_SIZE, 1 + pages % 3, RW)) > 0)
		pages += (uint64_t)r;
	CHECK_EQ(r, -HL_ENOMEM);
	return pages;
}

/* Whoever gets them: all frames of the budget, and no more. */
TEST(a_budget_is_exact_for_many_at_once)
{
	for (unsigned round = 0; round < rounds(10); round++) {
		uint64_t before = INFO->free_pages, pages = 0;

		begin();
		scarce = slot();
		CHECK_EQ(vas_new(scarce, 120), 1);
		for (uint64_t i = 0; i < 4; i++)
			run(&pool[i], fill, page(125 * (unsigned)i));
		for (int i = 0; i < 4; i++)
			pages += join(&pool[i]);
		CHECK_EQ(pages, 120 - TABLES_DEEP);
		CHECK_EQ(INFO->free_pages, before - 121);
		vas_stop(scarce);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

/* Runs of frames for the same holes: what finds its place taken goes back. */
static uint64_t fill_holes(uint64_t seed)
{
	struct random dice = {seed};

	for (unsigned i = 0; i < rounds(1000); i++) {
		unsigned first = random_below(&dice, 16), n = 1 + random_below(&dice, 100);

		if (random_below(&dice, 2)) {
			CHECK_EQ(unmap(0, page(first), n), n);
		} else {
			int64_t r = map_new(0, page(first), n, RW);
			CHECK(r > 0 || r == -HL_EEXIST);
		}
	}
	return 0;
}

TEST(runs_for_the_same_holes_lose_nothing)
{
	uint64_t before = INFO->free_pages;

	for (uint64_t i = 0; i < 4; i++)
		run(&pool[i], fill_holes, i);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(join(&pool[i]), 0);
	kit_reset();
	CHECK_FRAMES(before);
}

/* SPDX-License-Identifier: MIT
 *
 * Many spaces, side by side and in each other.
 */
#include "limits.h"

#define SPACES 1000
#define CHAIN  200

/* --- spaces ---------------------------------------------------------------------- */

/* In each: a page at page(0), and the code of entry.S behind it. */
static void run_in_spaces(void (*entry)(void), uint64_t sp)
{
	uint64_t pc = page(1) + ((uint64_t)entry & (PAGE_SIZE - 1));

	for (uint64_t i = 0; i < SPACES; i++) {
		test_note("space", i);
		CHECK_EQ(start(handle(i), pc, sp + i, page(0)), 0);
	}
	for (uint64_t i = 0; i < SPACES; i++) {
		test_note("space", i);
		AWAIT(life_of(i) == EX_STOPPED);
	}
}

static uint64_t host_spaces(uint64_t arg)
{
	uint64_t before, code = (uint64_t)entry_load & -PAGE_SIZE;

	CHECK_EQ((uint64_t)entry_store & -PAGE_SIZE, code);
	make_tables(SPACES, SPACES);
	before = INFO->free_pages;
	for (uint64_t i = 0; i < SPACES; i++) {
		test_note("space", i);
		CHECK_EQ(vas_new(vas_at(i), TABLES_DEEP + 2), 1);
		CHECK_EQ(map_new(vas_at(i), page(0), 1, RW), 1);
		CHECK_EQ(share(vas_at(i), page(1), code, 1, RX), 1);
		CHECK_EQ(share(vas_at(i), page(2), code + PAGE_SIZE, 1, RX), 1);
		make_executor(vas_at(i), i);
		CHECK_EQ(map_new(vas_at(i), page(3), 1, RW), -HL_ENOMEM);
	}
	run_in_spaces(entry_store, 0x5eed);
	run_in_spaces(entry_load, 0);
	for (uint64_t i = 0; i < SPACES; i++) {
		test_note("space", i);
		CHECK_EQ(seen(i)->exit, 0x5eed + i);
	}
	/* Every other is told to go; the rest go when nothing names them. */
	for (uint64_t i = 0; i < SPACES; i += 2)
		vas_stop(vas_at(i));
	let_go(SPACES, SPACES);
	CHECK_FRAMES(before);
	return arg;
}

TEST(a_thousand_spaces)
{
	in_host(host_spaces);
}

/* --- spaces in spaces ------------------------------------------------------------ */

#define CHAIN_STACK 1024

static char stacks[CHAIN][CHAIN_STACK] __attribute__((aligned(16)));
static volatile uint64_t deepest;

/* Each makes a space with an executor that does the same, and waits in it. */
static uint64_t descend(uint64_t level)
{
	struct entry_frame *entry = (struct entry_frame *)(stacks[level] + CHAIN_STACK) - 1;
	/* Two areas with tables, the page of the executor, that of the next space. */
	uint64_t level_costs = IMAGE_TABLES + TABLES_DEEP + 2;

	if (level < CHAIN) {
		test_note("level", level);
		entry->work = descend;
		entry->tp = stacks[level];
		CHECK_EQ(vas_new(page(0), (CHAIN - level) * level_costs), 1);
		space_fill(page(0));
		CHECK_EQ(executor_new(page(0), page(1), MAP_RIGHTS), 1);
		CHECK_EQ(start(page(1), (uint64_t)entry_work, (uint64_t)entry, level + 1), 0);
	} else {
		deepest = level;
	}
	return work_park_forever(0);
}

TEST(two_hundred_spaces_in_each_other)
{
	for (int round = 0; round < 3; round++) {
		uint64_t before = INFO->free_pages;
		uint64_t vas = space_new((CHAIN + 1) * (IMAGE_TABLES + TABLES_DEEP + 2));
		struct worker *w = worker_new(vas);

		deepest = 0;
		run(w, descend, 0);
		AWAIT(deepest == CHAIN);
		if (round == 1)
			halt(w); /* nothing runs in the outermost */
		vas_stop(vas);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

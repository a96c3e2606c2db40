/* SPDX-License-Identifier: MIT
 *
 * map NEW and UNMAP: fresh memory, its contents, where it may go, who pays.
 */
#include "kit.h"

static void fill(uint64_t va, unsigned pages, uint64_t with)
{
	for (uint64_t i = 0; i < pages * (PAGE_SIZE / 8); i++)
		word(va)[i] = with;
}

static void check_filled(uint64_t va, unsigned pages, uint64_t with)
{
	for (uint64_t i = 0; i < pages * (PAGE_SIZE / 8); i++)
		CHECK_EQ(word(va)[i], with);
}

TEST(new_memory_is_zeroed)
{
	for (int round = 0; round < 3; round++) {
		CHECK_EQ(map_new(0, page(0), 300, RW), 300);
		check_filled(page(0), 300, 0);
		/* What follows gets the same frames, dirty. */
		fill(page(0), 300, 0xdeadbeef00c0ffee);
		CHECK_EQ(unmap(0, page(0), 300), 300);
	}
}

TEST(new_memory_of_another_space_is_zeroed)
{
	CHECK_EQ(map_new(0, page(0), 200, RW), 200);
	fill(page(0), 200, 0xdeadbeef00c0ffee);
	CHECK_EQ(unmap(0, page(0), 200), 200);
	for (int i = 0; i < 3; i++) {
		uint64_t vas = space_new(1000);

		CHECK_EQ(map_new(vas, page(0), 200, RW), 200);
		CHECK_EQ(share(0, page(0), page(0), 1, RW), -HL_EFAULT);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), page(0), 200, MAP_SHARE | RW, 0, vas), 200);
		check_filled(page(0), 200, 0);
		fill(page(0), 200, 0x5ec2e7);
		CHECK_EQ(unmap(0, page(0), 200), 200);
		vas_stop(vas);
	}
}

TEST(every_page_gets_a_frame_of_its_own)
{
	CHECK_EQ(map_new(0, page(0), 512, RW), 512);
	for (unsigned i = 0; i < 512; i++)
		fill(page(i), 1, i);
	for (unsigned i = 0; i < 512; i++)
		check_filled(page(i), 1, i);
}

TEST(unmap_gives_the_frames_back)
{
	uint64_t before = INFO->free_pages;

	CHECK_EQ(map_new(0, page(0), 100, RW), 100);
	CHECK_FRAMES(before - 100);
	CHECK_EQ(unmap(0, page(0), 40), 40);
	CHECK_FRAMES(before - 60);
	CHECK_EQ(unmap(0, page(0), 100), 100); /* holes count */
	CHECK_FRAMES(before);
}

TEST(unmap_of_holes_counts_them)
{
	CHECK_EQ(unmap(0, page(0), 1), 1);
	CHECK_EQ(unmap(0, page(0), 512), 512);
	CHECK_EQ(unmap(0, FAR_HOLE, 512), 512);
	CHECK_EQ(unmap(0, FAR_HOLE + 0x1ff000, 2), 2);
	CHECK_EQ(unmap(0, TOP_OF_USER - PAGE_SIZE, 1), 1);
}

/* Also where nothing is mapped unmapping makes no table. */
TEST(unmap_costs_nothing)
{
	uint64_t before = INFO->free_pages;

	for (uint64_t va = 1UL << 30; va < TOP_OF_USER; va += TOP_OF_USER >> 6)
		unmap(0, va, 1);
	CHECK_FRAMES(before);
}

TEST(unmapped_memory_faults)
{
	CHECK_EQ(map_new(0, page(0), 2, RW), 2);
	CHECK_EQ(probe_rights(&pool[0], page(0)), RW);
	CHECK_EQ(unmap(0, page(0), 1), 1);
	CHECK_EQ(probe_rights(&pool[0], page(0)), 0);
	CHECK_EQ(probe_load(&pool[0], page(1)).cause, NO_FAULT);
}

/* Fresh memory is zeroes, which are no code: fetching them is another fault
 * than fetching what may not be executed. */
#define ILLEGAL 2

TEST(memory_has_the_rights_asked_for)
{
	static const uint64_t asked[] = {MAP_R, RW, RX, MAP_X, RW | MAP_WX, RW | MAP_X | MAP_WX};

	for (unsigned i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		test_note("rights", asked[i]);
		CHECK_EQ(map_new(0, page(0), 1, asked[i]), 1);
		CHECK_EQ(probe_load(&pool[0], page(0)).cause,
			 asked[i] & MAP_R ? NO_FAULT : LOAD_FAULT);
		CHECK_EQ(probe_store(&pool[0], page(0), 0).cause,
			 asked[i] & MAP_W ? NO_FAULT : STORE_FAULT);
		CHECK_EQ(probe_fetch(&pool[0], page(0)).cause,
			 asked[i] & MAP_X ? ILLEGAL : FETCH_FAULT);
		CHECK_EQ(unmap(0, page(0), 1), 1);
	}
}

TEST(code_can_be_written_and_run)
{
	CHECK_EQ(map_new(0, page(0), 1, RW | MAP_X | MAP_WX), 1);
	*(volatile uint32_t *)page(0) = CODE_RETURN;
	CHECK_EQ(probe_rights(&pool[0], page(0)), MAP_RIGHTS);
	/* As one should: write, then make it executable. */
	CHECK_EQ(map_new(0, page(1), 1, RW | MAP_X | MAP_WX), 1);
	*(volatile uint32_t *)page(1) = CODE_RETURN;
	CHECK_EQ(protect(0, page(1), 1, RX), 1);
	CHECK_EQ(probe_rights(&pool[0], page(1)), RX);
}

TEST(one_call_maps_up_to_512)
{
	CHECK_EQ(map_new(0, page(0), 512, RW), 512);
	CHECK_EQ(unmap(0, page(0), 512), 512);
	/* Across a table's end. */
	CHECK_EQ(map_new(0, page(256), 512, RW), 512);
	*word(page(256)) = 1;
	*word(page(767)) = 2;
	CHECK_EQ(*word(page(256)), 1);
	CHECK_EQ(map_new(0, page(255), 1, RW), 1);
	CHECK_EQ(map_new(0, page(768), 1, RW), 1);
}

TEST(a_map_stops_at_what_is_in_its_way)
{
	CHECK_EQ(map_new(0, page(3), 1, RW), 1);
	*word(page(3)) = 33;
	CHECK_EQ(map_new(0, page(0), 6, RW), 3);
	CHECK_EQ(map_new(0, page(3), 1, RW), -HL_EEXIST);
	CHECK_EQ(map_new(0, page(3), 3, RW), -HL_EEXIST);
	CHECK_EQ(*word(page(3)), 33);
	CHECK_EQ(probe_load(&pool[0], page(2)).cause, NO_FAULT);
	CHECK_EQ(probe_load(&pool[0], page(4)).cause, LOAD_FAULT);
}

TEST(capabilities_and_memory_are_in_each_others_way)
{
	uint64_t at = slot();

	CHECK_EQ(executor_new(0, at, MAP_RIGHTS), 1);
	CHECK_EQ(map_new(0, at, 1, RW), -HL_EEXIST);
	CHECK_EQ(executor_new(0, at, MAP_RIGHTS), -HL_EEXIST);
	CHECK_EQ(vas_new(at, 10), -HL_EEXIST);
	CHECK_EQ(view(at, at), -HL_EEXIST);
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	CHECK_EQ(executor_new(0, page(0), MAP_RIGHTS), -HL_EEXIST);
	CHECK_EQ(vas_new(page(0), 10), -HL_EEXIST);
	CHECK_EQ(view(page(0), at), -HL_EEXIST);
	CHECK_EQ(share(0, page(0), at, 1, MAP_EXECUTOR | MAP_X), -HL_EEXIST);
}

TEST(replace_swaps_in_fresh_memory)
{
	uint64_t before = INFO->free_pages;

	CHECK_EQ(map_new(0, page(0), 4, RW), 4);
	fill(page(0), 4, 4);
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(map_new(0, page(1), 2, RW | MAP_REPLACE), 2);
		check_filled(page(0), 1, 4);
		check_filled(page(1), 2, 0);
		check_filled(page(3), 1, 4);
		fill(page(1), 2, i + 9);
	}
	CHECK_FRAMES(before - 4);
}

TEST(replace_puts_memory_in_place_of_a_capability)
{
	uint64_t at = slot();

	CHECK_EQ(share(0, at, pool[0].handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	CHECK_EQ(wake(at), 0);
	CHECK_EQ(map_new(0, at, 1, RW | MAP_REPLACE), 1);
	CHECK_EQ(wake(at), -HL_EBADF);
	*word(at) = 1;
	CHECK_EQ(CALL(CALL_MAP, 0, at, pool[0].handle, 1,
		      MAP_SHARE | MAP_REPLACE | MAP_EXECUTOR | MAP_X),
		 1);
	CHECK_EQ(wake(at), 0);
	CHECK_EQ(probe_load(&pool[0], at).cause, LOAD_FAULT);
}

/* --- budgets ------------------------------------------------------------- */

/* How many pages fit, from page(0) on. */
static unsigned fit(uint64_t vas)
{
	unsigned n = 0;
	int64_t r;

	while ((r = map_new(vas, page(n), 1, RW)) == 1)
		n++;
	CHECK_EQ(r, -HL_ENOMEM);
	return n;
}

TEST(a_space_is_charged_for_every_frame)
{
	for (unsigned budget = TABLES_DEEP + 1; budget < 20; budget++) {
		uint64_t vas = slot();

		test_note("budget", budget);
		CHECK_EQ(vas_new(vas, budget), 1);
		CHECK_EQ(fit(vas), budget - TABLES_DEEP);
		/* What goes comes back to the budget. */
		CHECK_EQ(unmap(vas, page(0), 1), 1);
		AWAIT(map_new(vas, page(0), 1, RW) == 1);
		CHECK_EQ(map_new(vas, page(100), 1, RW), -HL_ENOMEM);
		vas_stop(vas);
	}
}

TEST(a_map_stops_where_the_budget_ends)
{
	uint64_t vas = slot();

	CHECK_EQ(vas_new(vas, 10 + TABLES_DEEP), 1);
	CHECK_EQ(map_new(vas, page(0), 100, RW), 10);
	CHECK_EQ(map_new(vas, page(10), 100, RW), -HL_ENOMEM);
	CHECK_EQ(executor_new(vas, slot(), MAP_RIGHTS), -HL_ENOMEM);
}

TEST(a_space_without_budget_gets_nothing)
{
	uint64_t vas = slot(), before = INFO->free_pages;

	CHECK_EQ(vas_new(vas, 0), 1);
	CHECK_FRAMES(before - 1);
	CHECK_EQ(map_new(vas, page(0), 1, RW), -HL_ENOMEM);
	CHECK_EQ(executor_new(vas, slot(), MAP_RIGHTS), -HL_ENOMEM);
	/* Sharing needs tables, too. */
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	CHECK_EQ(share(vas, page(0), page(0), 1, RW), -HL_ENOMEM);
	CHECK_FRAMES(before - 2);
}

TEST(shared_memory_costs_only_tables)
{
	uint64_t vas = slot();

	CHECK_EQ(map_new(0, page(0), 100, RW), 100);
	CHECK_EQ(vas_new(vas, TABLES_DEEP), 1);
	CHECK_EQ(share(vas, page(0), page(0), 100, RW), 100);
	CHECK_EQ(map_new(vas, page(200), 1, RW), -HL_ENOMEM);
}

TEST(executors_are_charged_to_their_space)
{
	uint64_t vas = slot();

	CHECK_EQ(vas_new(vas, 3), 1);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(executor_new(vas, slot(), MAP_RIGHTS), 1);
	CHECK_EQ(executor_new(vas, slot(), MAP_RIGHTS), -HL_ENOMEM);
}

TEST(no_more_budget_can_be_given_than_there_is)
{
	uint64_t at = slot(), before = INFO->free_pages;
	static const uint64_t too_much[] = {
		1UL << 32,         1UL << 52, 1UL << 63, ~(uint64_t)0, -(uint64_t)PAGE_SIZE,
		~(uint64_t)0 >> 1,
	};

	for (unsigned i = 0; i < sizeof(too_much) / sizeof(too_much[0]); i++) {
		test_note("budget", too_much[i]);
		CHECK_EQ(vas_new(at, too_much[i]), -HL_ENOMEM);
	}
	CHECK_EQ(vas_new(at, INFO->memory_pages + 1), -HL_ENOMEM);
	CHECK_FRAMES(before);
}

/* A space that has run out of frames can be cleared and filled again. */
TEST(everything_can_be_used_up_and_comes_back)
{
	uint64_t vas = slot(), before = INFO->free_pages;

	for (int round = 0; round < 2; round++) {
		uint64_t va = ARENA, total = 0;
		int64_t r;

		CHECK_EQ(vas_new(vas, 3000), 1);
		while ((r = map_new(vas, va, MAP_COUNT_MAX, RW)) > 0) {
			va += (uint64_t)r * PAGE_SIZE;
			total += (uint64_t)r;
		}
		CHECK_EQ(r, -HL_ENOMEM);
		CHECK_EQ(total, 3000 - (TABLES_DEEP - 1) - (total + 511) / 512);
		CHECK_FRAMES(before - 3001);
		vas_stop(vas);
		CHECK_EQ(unmap(0, vas, 1), 1);
		CHECK_FRAMES(before);
	}
}

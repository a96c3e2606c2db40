/* SPDX-License-Identifier: MIT
 *
 * What spaces pay for: other spaces, memory that outlives them, executor pages
 * that are named for longer.
 */
#include "kit.h"

/* --- spaces in spaces ------------------------------------------------------ */

/* Run in a space: makes one inside, with memory and an executor in it. */
static uint64_t make_inner(uint64_t budget)
{
	if (vas_new(page(50), budget) != 1)
		return 1;
	if (map_new(page(50), page(0), 10, RW) != 10)
		return 2;
	if (executor_new(page(50), page(51), MAP_RIGHTS) != 1)
		return 3;
	if (start(page(51), FAR_HOLE, 0, 0) != 0)
		return 4;
	return 0;
}

TEST(a_space_goes_with_those_it_made)
{
	for (int round = 0; round < 5; round++) {
		uint64_t before = INFO->free_pages, vas = space_new(1000);
		struct worker *w = worker_new(vas);

		run(w, make_inner, 100);
		CHECK_EQ(join(w), 0);
		vas_stop(vas);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

/* So many pages fit; if fewer do, none is left behind. */
static bool fills(struct worker *w, uint64_t pages)
{
	if (CALL_IN(w, CALL_MAP, 0, page(0), 0, pages, MAP_NEW | RW) == (int64_t)pages)
		return true;
	CALL_IN(w, CALL_MAP, 0, page(0), 0, pages, MAP_UNMAP);
	return false;
}

TEST(budgets_nest)
{
	uint64_t vas = space_new(100);
	struct worker *w = worker_new(vas);
	/* Spent: image tables, tables of page(), executor.  vas_new costs a page
	 * beside the budget that goes with it. */
	uint64_t left = 100 - IMAGE_TABLES - 1, at = page(300);

	/* The slot's tables come first, and stay. */
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, at, 0, 1, MAP_NEW | RW), 1);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, at, 0, 1, MAP_UNMAP), 1);
	left -= 2;
	const uint64_t attr = MAP_NEW | MAP_VAS | MAP_RIGHTS;

	AWAIT(CALL_IN(w, CALL_MAP, 0, at, 0, 1, attr, left - 1) == 1);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(0), 0, 1, MAP_NEW | RW), -HL_ENOMEM);
	AWAIT(CALL_IN(w, CALL_STOP, at) == 0);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, at, 0, 1, MAP_UNMAP), 1);
	/* It is back, and no more than it. */
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, at, 0, 1, attr, left), -HL_ENOMEM);
	AWAIT(CALL_IN(w, CALL_MAP, 0, at, 0, 1, attr, left - 1) == 1);
	AWAIT(CALL_IN(w, CALL_STOP, at) == 0);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, at, 0, 1, MAP_UNMAP), 1);
	AWAIT(fills(w, left));
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(200), 0, 1, MAP_NEW | RW), -HL_ENOMEM);
}

TEST(an_inner_space_may_outlive_its_capability)
{
	uint64_t before = INFO->free_pages, vas = space_new(1000), inner = slot();
	struct worker *w = worker_new(vas);

	run(w, make_inner, 100);
	CHECK_EQ(join(w), 0);
	/* We take the inner one over; its maker pays on. */
	CHECK_EQ(CALL(CALL_MAP, 0, inner, page(50), 1, MAP_MOVE | MAP_VAS | MAP_RIGHTS, 0, vas), 1);
	CHECK_EQ(map_new(inner, page(20), 1, RW), 1);
	vas_stop(vas);
	/* Who pays for it is gone, and so is it, or will be. */
	AWAIT(map_new(inner, page(21), 1, RW) == -HL_ESRCH);
	vas_stop(inner);
	kit_reset();
	CHECK_FRAMES(before);
}

/* --- memory that outlives its space ----------------------------------------- */

TEST(memory_of_a_dead_space_stays_where_it_is_shared)
{
	uint64_t before = INFO->free_pages, vas = space_new(1000);
	uint64_t shared = INFO->free_pages;

	CHECK_EQ(map_new(vas, page(0), 50, RW), 50);
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), page(0), 50, MAP_SHARE | RW, 0, vas), 50);
	for (unsigned i = 0; i < 50; i++)
		*word(page(i)) = 500 + i;
	vas_stop(vas);
	CHECK_EQ(unmap(0, vas, 1), 1);
	/* Others get fresh frames meanwhile, not these. */
	CHECK_EQ(map_new(0, page(100), 200, RW), 200);
	for (unsigned i = 100; i < 300; i++)
		CHECK_EQ(*word(page(i)), 0);
	for (unsigned i = 100; i < 300; i++)
		*word(page(i)) = 1;
	for (unsigned i = 0; i < 50; i++)
		CHECK_EQ(*word(page(i)), 500 + i);
	CHECK_EQ(unmap(0, page(100), 200), 200);
	CHECK(INFO->free_pages < before && shared < before);
	CHECK_EQ(unmap(0, page(0), 50), 50);
	CHECK_FRAMES(before);
}

TEST(memory_shared_into_a_dead_space_stays_ours)
{
	uint64_t vas = space_new(1000), before = 0;

	CHECK_EQ(map_new(0, page(0), 50, RW), 50);
	for (unsigned i = 0; i < 50; i++)
		*word(page(i)) = 500 + i;
	before = INFO->free_pages;
	CHECK_EQ(share(vas, page(0), page(0), 50, RW), 50);
	vas_stop(vas);
	for (unsigned i = 0; i < 50; i++)
		CHECK_EQ(*word(page(i)), 500 + i);
	CHECK(INFO->free_pages >= before);
}

/* Who made a frame pays until the last mapping goes, wherever that is. */
TEST(the_maker_pays_for_what_others_still_map)
{
	uint64_t vas = slot();

	CHECK_EQ(vas_new(vas, 10 + TABLES_DEEP), 1);
	CHECK_EQ(map_new(vas, page(0), 10, RW), 10);
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), page(0), 4, MAP_SHARE | RW, 0, vas), 4);
	CHECK_EQ(unmap(vas, page(0), 4), 4);
	CHECK_EQ(map_new(vas, page(0), 1, RW), -HL_ENOMEM);
	CHECK_EQ(unmap(0, page(0), 1), 1);
	AWAIT(map_new(vas, page(0), 1, RW) == 1);
	CHECK_EQ(map_new(vas, page(1), 1, RW), -HL_ENOMEM);
	/* Moving doesn't change who pays. */
	CHECK_EQ(CALL(CALL_MAP, 0, page(20), page(4), 3, MAP_MOVE | RW, 0, vas), 3);
	CHECK_EQ(map_new(vas, page(1), 1, RW), -HL_ENOMEM);
	CHECK_EQ(unmap(0, page(20), 3), 3);
	AWAIT(map_new(vas, page(1), 3, RW) > 0);
}

/* --- names that stay ------------------------------------------------------- */

TEST(pages_that_are_named_stay_until_the_last_name_goes)
{
	uint64_t before = INFO->free_pages, vas = space_new(1000);
	struct worker *w = worker_new(vas);

	run(w, work_nothing, 0x1234);
	join(w);
	vas_stop(vas);
	CHECK_EQ(unmap(0, vas, 1), 1);
	/* Only the executor page and its dead space are left. */
	CHECK_FRAMES(before - 2);
	CHECK_EQ(w->view->exit, 0x1234);
	CHECK_EQ(stop(w->handle, 0), 0);
	CHECK_EQ(unmap(0, w->handle, 1), 1);
	for (int i = 0; i < 50; i++)
		yield();
	CHECK_EQ(w->view->state, EX_STOPPED);
	CHECK_EQ(w->view->exit, 0x1234);
	CHECK_EQ(unmap(0, (uint64_t)w->view & -PAGE_SIZE, 1), 1);
	CHECK_FRAMES(before);
}

TEST(an_executor_page_is_used_again_in_its_space)
{
	uint64_t vas = slot(), at = slot();

	/* Room for two executors, and many are made. */
	CHECK_EQ(vas_new(vas, 2), 1);
	for (int i = 0; i < 30; i++) {
		AWAIT(executor_new(vas, at, MAP_RIGHTS) == 1);
		CHECK_EQ(start(at, FAR_HOLE, 0, 0), 0);
		AWAIT(stop(at, 0) == 0);
		CHECK_EQ(unmap(0, at, 1), 1);
	}
}

TEST(a_reused_executor_page_is_like_new)
{
	uint64_t vas = space_new(IMAGE_TABLES + 2), at = slot(), seen = slot();

	for (int i = 0; i < 10; i++) {
		const volatile struct executor *ex;

		AWAIT(executor_new(vas, at, MAP_RIGHTS) == 1);
		CHECK_EQ(view(seen, at), 1);
		ex = executor_of(seen);
		CHECK_EQ(ex->state, EX_STOPPED);
		CHECK_EQ(ex->scause | ex->stval | (uint64_t)ex->exit | ex->pending | ex->pc, 0);
		for (int r = 0; r < 31; r++)
			CHECK_EQ(ex->x[r], 0);
		CHECK_EQ(ex->keeper, NULL);
		CHECK_EQ(start(at, (uint64_t)entry_store, 0x5ec2e7, FAR_HOLE), 0);
		AWAIT((ex->state & EX_LIFE) == EX_FAULTED);
		CHECK_EQ(stop(at, 7), 0);
		CHECK_EQ(unmap(0, at, 1), 1);
		CHECK_EQ(unmap(0, seen, 1), 1);
	}
}

/* SPDX-License-Identifier: MIT
 *
 * map VIEW of the tables of a space.
 */
#include "kit.h"

#define LEVELS TABLES_DEEP /* of tables that can be seen: all but the root */
#define TABLE  page(900)
#define MORE   page(901)

static unsigned index_of(uint64_t va, unsigned level)
{
	return va >> (PAGE_SHIFT + 9 * level) & 511;
}

static uint64_t entry(uint64_t table, uint64_t va, unsigned level)
{
	return word(table)[index_of(va, level)];
}

static uint64_t frame_of(uint64_t leaf)
{
	return leaf << (64 - LEAF_BADGE_SHIFT) >> (64 - LEAF_BADGE_SHIFT + LEAF_PPN_SHIFT);
}

TEST(a_table_shows_its_leaves)
{
	uint64_t vas = space_new(1000), at = page(5);

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(view_table(TABLE, vas, page(0), 0), 1);
	CHECK_EQ(map_new(vas, page(1), 1, MAP_R), 1);
	CHECK_EQ(CALL(CALL_MAP, vas, page(2), page(0), 1, MAP_SHARE | MAP_R, 0, vas), 1);
	CHECK_EQ(share(vas, at, pool[0].handle, 1, MAP_EXECUTOR | MAP_W), 1);
	for (unsigned i = 0; i < 512; i++) {
		uint64_t leaf = word(TABLE)[i], rights = leaf & LEAF_RIGHTS;

		test_note("entry", i);
		CHECK_EQ(leaf != 0, i < 3 || i == 5);
		CHECK_EQ(leaf & LEAF_V, i < 3);
		if (i < 3)
			CHECK_EQ(rights, i == 0 ? LEAF_R | LEAF_W : LEAF_R);
	}
	CHECK_EQ(frame_of(word(TABLE)[0]), frame_of(word(TABLE)[2]));
	CHECK(frame_of(word(TABLE)[0]) != frame_of(word(TABLE)[1]));
	CHECK_EQ((entry(TABLE, at, 0) & LEAF_TAG) >> LEAF_TAG_SHIFT, TAG_EXECUTOR);
	CHECK_EQ(unmap(vas, page(0), 2), 2);
	CHECK_EQ(word(TABLE)[0] | word(TABLE)[1], 0);
	CHECK(word(TABLE)[2] != 0);
}

TEST(each_level_but_the_root_can_be_seen)
{
	uint64_t vas = space_new(2000);

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(large_new(vas, large(0), 1, RW), 1);
	for (unsigned level = 0; level < LEVELS; level++)
		CHECK_EQ(view_table(page(900 + level), vas, page(0), level), 1);
	for (uint64_t level = LEVELS; level < PAGE_SIZE; level++)
		CHECK_EQ(view_table(page(910), vas, page(0), (unsigned)level), -HL_EINVAL);
	/* Pointers have no rights; a large leaf stands among them. */
	for (unsigned level = 1; level < LEVELS; level++) {
		CHECK_EQ(entry(page(900 + level), page(0), level) & (LEAF_V | LEAF_RIGHTS), LEAF_V);
		/* The table below shows itself to be the one that is named: its view, seen in
		 * this space's own table, would; here, that two views are of one frame. */
	}
	CHECK_EQ(entry(MORE, large(0), 1) & (LEAF_V | LEAF_RIGHTS), LEAF_V | LEAF_R | LEAF_W);
	CHECK_EQ(frame_of(entry(MORE, large(0), 1)) % 512, 0);
}

/* A space that sees its own tables knows by their frames which is which. */
TEST(the_table_that_is_named_is_shown)
{
	uint64_t vas = space_new(2000);

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	for (unsigned level = 0; level < LEVELS; level++) {
		CHECK_EQ(view_table(page(900 + level), vas, page(0), level), 1);
		CHECK_EQ(share(vas, page(10 + level), page(900 + level), 1, MAP_R), 1);
	}
	for (unsigned level = 0; level + 1 < LEVELS; level++)
		CHECK_EQ(frame_of(word(TABLE)[10 + level]),
			 frame_of(entry(page(901 + level), page(0), level + 1)));
	CHECK_EQ(probe_load(worker_new(vas), page(10) + 80).value, word(TABLE)[10]);
}

TEST(the_own_tables_can_be_seen)
{
	uint64_t tagged = MAP_NEW | RW | MAP_TRACK;

	CHECK_EQ(CALL(CALL_MAP, 0, page(3), 0, 1, tagged), 1);
	CHECK_EQ(view_table(TABLE, 0, page(0), 0), 1);
	CHECK_EQ(entry(TABLE, page(3), 0) & (LEAF_V | LEAF_A | LEAF_D), LEAF_V);
	CHECK_EQ(*word(page(3)), 0);
	CHECK_EQ(entry(TABLE, page(3), 0) & (LEAF_A | LEAF_D), LEAF_A);
	*word(page(3)) = 1;
	CHECK_EQ(entry(TABLE, page(3), 0) & (LEAF_A | LEAF_D), LEAF_A | LEAF_D);
	CHECK_EQ(entry(TABLE, page(4), 0), 0);
	CHECK_EQ(view_table(MORE, 0, FAR_HOLE, 0), -HL_EFAULT);
	CHECK_EQ(view_table(MORE, 0, page(0), LEVELS), -HL_EINVAL);
	CHECK_EQ(probe_store(&pool[0], TABLE, 0).cause, STORE_FAULT);
}

TEST(tables_that_are_not_there_cannot_be_seen)
{
	uint64_t vas = slot();

	CHECK_EQ(vas_new(vas, 1000), 1);
	for (unsigned level = 0; level < LEVELS; level++)
		CHECK_EQ(view_table(TABLE, vas, page(0), level), -HL_EFAULT);
	CHECK_EQ(large_new(vas, large(0), 1, RW), 1);
	CHECK_EQ(view_table(TABLE, vas, large(0), 0), -HL_EFAULT);
	CHECK_EQ(view_table(TABLE, vas, large(0) + 0x5000, 0), -HL_EFAULT);
	CHECK_EQ(view_table(TABLE, vas, large(1), 0), -HL_EFAULT);
	CHECK_EQ(view_table(TABLE, vas, large(1), 1), 1);
	CHECK_EQ(view_table(TABLE, vas, FAR_HOLE, 0), -HL_EFAULT);
}

TEST(addresses_of_tables_are_checked)
{
	const uint64_t vas = space_new(100), top = TOP_OF_USER;
	const uint64_t bad[] = {top,       top + page(0),       1UL << 55,  1UL << 62,
				1UL << 63, page(0) | 1UL << 63, -PAGE_SIZE, 0xffffffc000000000};

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		test_note("address", bad[i]);
		CHECK_EQ(view_table(TABLE, vas, bad[i], 0), -HL_EINVAL);
		CHECK_EQ(view_table(TABLE, vas, bad[i], 1), -HL_EINVAL);
	}
	CHECK_EQ(view_table(TABLE, vas, top - PAGE_SIZE, 0), -HL_EFAULT);
	CHECK_EQ(CALL(CALL_MAP, 0, TABLE, pool[0].handle, 1, MAP_VIEW | MAP_R, page(0)),
		 -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, TABLE, vas, 2, MAP_VIEW | MAP_R, page(0)), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, TABLE, vas, 1, MAP_VIEW | MAP_R | MAP_REPLACE, page(0)),
		 -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, TABLE, vas, 1, MAP_VIEW | RW, page(0)), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, TABLE, vas + 8, 1, MAP_VIEW | MAP_R, page(0)), -HL_EBADF);
}

TEST(seeing_tables_needs_the_right)
{
	uint64_t vas = space_new(100), less = slot();

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(share(0, less, vas, 1, MAP_VAS | MAP_W | MAP_X), 1);
	CHECK_EQ(view_table(TABLE, less, page(0), 0), -HL_EPERM);
	CHECK_EQ(view_table(TABLE, less, FAR_HOLE, 0), -HL_EPERM);
	less = slot();
	CHECK_EQ(share(0, less, vas, 1, MAP_VAS | MAP_R), 1);
	CHECK_EQ(view_table(TABLE, less, page(0), 0), 1);
}

TEST(tables_cannot_be_written_or_run)
{
	uint64_t vas = space_new(100);

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(view_table(TABLE, vas, page(0), 0), 1);
	const uint64_t leaf = word(TABLE)[0];

	CHECK_EQ(probe_store(&pool[1], TABLE, 0).cause, STORE_FAULT);
	CHECK_EQ(probe_fetch(&pool[1], TABLE).cause, FETCH_FAULT);
	for (uint64_t rights = 2; rights <= MAP_RIGHTS; rights++) {
		test_note("rights", rights);
		if (rights & 1 || rights == MAP_X) {
			CHECK_EQ(protect(0, TABLE, 1, rights | MAP_WX), -HL_EPERM);
			CHECK_EQ(share(0, MORE, TABLE, 1, rights | MAP_WX), -HL_EPERM);
			CHECK_EQ(move(0, MORE, TABLE, 1, rights | MAP_WX), -HL_EPERM);
		}
	}
	CHECK_EQ(share(0, MORE, TABLE, 1, MAP_R), 1);
	CHECK_EQ(move(0, page(902), MORE, 1, MAP_R | MAP_TRACK), 1);
	CHECK_EQ(protect(0, page(902), 1, MAP_R), 1);
	CHECK_EQ(probe_store(&pool[1], page(902), 0).cause, STORE_FAULT);
	CHECK_EQ(word(page(902))[0], leaf);
	/* It is no handle, and words in it are no capabilities. */
	CHECK_EQ(map_new(TABLE, page(0), 1, RW), -HL_EBADF);
	CHECK_EQ(park_if(word(TABLE), 0), -HL_EAGAIN);
}

TEST(views_of_tables_cost_nothing)
{
	uint64_t vas = space_new(100), before;

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	before = INFO->free_pages;
	for (unsigned i = 0; i < 100; i++)
		CHECK_EQ(view_table(page(i), vas, page(0), i % LEVELS), 1);
	CHECK_EQ(INFO->free_pages, before);
	CHECK_EQ(unmap(0, page(0), 100), 100);
	CHECK_FRAMES(before);
	CHECK_EQ(map_new(vas, page(1), 1, RW), 1);
	CHECK_EQ(probe_load(worker_new(vas), page(1)).cause, NO_FAULT);
}

/* --- the end of the space ---------------------------------------------------- */

TEST(a_view_of_a_table_outlives_the_space)
{
	uint64_t before = INFO->free_pages, vas = space_new(1000);

	CHECK_EQ(map_new(vas, page(0), 400, RW), 400);
	CHECK_EQ(view_table(TABLE, vas, page(0), 0), 1);
	CHECK_EQ(view_table(MORE, vas, page(0), 1), 1);
	CHECK_EQ(share(0, page(902), TABLE, 1, MAP_R), 1);
	vas_stop(vas);
	CHECK_EQ(view_table(page(903), vas, page(0), 0), -HL_ESRCH);
	/* Nothing is in them any more, and nothing else ever will be. */
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 512; i++)
			CHECK_EQ(word(TABLE)[i] | word(MORE)[i] | word(page(902))[i], 0);
		CHECK_EQ(map_new(0, page(0), 512, RW), 512);
		for (unsigned i = 0; i < 512; i++)
			*word(page(i)) = ~(uint64_t)0;
		CHECK_EQ(unmap(0, page(0), 512), 512);
	}
	CHECK_EQ(unmap(0, vas, 1), 1);
	CHECK_FRAMES(before - 3); /* the two, and the space's own page */
	CHECK_EQ(unmap(0, MORE, 1), 1);
	CHECK_EQ(unmap(0, page(902), 1), 1);
	CHECK_FRAMES(before - 2);
	CHECK_EQ(unmap(0, TABLE, 1), 1);
	CHECK_FRAMES(before);
}

/* A view in the very table that it shows. */
TEST(spaces_that_see_their_own_tables_go_down)
{
	uint64_t before = INFO->free_pages;

	for (int i = 0; i < 5; i++) {
		uint64_t vas = space_new(1000), other = space_new(1000);

		CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
		CHECK_EQ(map_new(other, page(0), 1, RW), 1);
		for (unsigned level = 0; level < LEVELS; level++) {
			CHECK_EQ(view_table(TABLE, vas, page(0), level), 1);
			CHECK_EQ(share(vas, page(7 + level), TABLE, 1, MAP_R), 1);
			CHECK_EQ(move(other, page(7 + level), TABLE, 1, MAP_R), 1);
			CHECK_EQ(view_table(TABLE, other, page(0), level), 1);
			CHECK_EQ(move(vas, page(17 + level), TABLE, 1, MAP_R), 1);
		}
		vas_stop(i % 2 ? vas : other);
		vas_stop(i % 2 ? other : vas);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

static uint64_t seen_space;
static volatile uint64_t views, over;

static uint64_t look(uint64_t n)
{
	uint64_t at = page(600 + (unsigned)n);

	while (!over) {
		int64_t r = view_table(at, seen_space, page(0), (unsigned)n % LEVELS);

		CHECK(r == 1 || r == -HL_EFAULT || r == -HL_ESRCH || r == -HL_EBADF);
		if (r != 1)
			continue;
		CHECK((word(at)[0] & ~(uint64_t)0x3fffffffffffff) == 0);
		CHECK_EQ(unmap(0, at, 1), 1);
		__atomic_add_fetch(&views, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

TEST(views_come_and_go_while_spaces_do)
{
	uint64_t before = INFO->free_pages;

	seen_space = slot();
	over = views = 0;
	for (unsigned i = 0; i < 4; i++)
		run(&pool[i], look, i);
	for (unsigned i = 0; i < rounds(60); i++) {
		uint64_t some = views;

		CHECK_EQ(vas_new(seen_space, 100), 1);
		CHECK_EQ(map_new(seen_space, page(0), 50, RW), 50);
		AWAIT(views > some + 3);
		vas_stop(seen_space);
		CHECK_EQ(unmap(0, seen_space, 1), 1);
	}
	over = 1;
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(join(&pool[i]), 0);
	CHECK_FRAMES(before);
}

/* SPDX-License-Identifier: MIT
 *
 * Leaves of 2 MiB: whole ones, never split, never in place of a table.
 */
#include "kit.h"

#define LAST    (LARGE_SIZE - sizeof(uint64_t))
#define LSHARE  (MAP_SHARE | MAP_LARGE)
#define LMOVE   (MAP_MOVE | MAP_LARGE)
#define LTABLES (TABLES_DEEP - 1) /* that lead to a large leaf */
#define UART    0x10000000
#define RAM     0x80000000

static int64_t large_protect(uint64_t vas, uint64_t va, uint64_t count, uint64_t rights)
{
	return protect(vas, va, count, rights | MAP_LARGE);
}

/* A word of each of its pages. */
static void fill(uint64_t va, uint64_t with)
{
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		*word(va + i * PAGE_SIZE + 8 * i) = with + i;
}

static void check_filled(uint64_t va, uint64_t with)
{
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		CHECK_EQ(*word(va + i * PAGE_SIZE + 8 * i), with + i);
}

static void check_zero(uint64_t va)
{
	for (uint64_t off = 0; off < LARGE_SIZE; off += 8)
		CHECK_EQ(*word(va + off), 0);
}

TEST(a_large_leaf_is_512_frames_of_zeroes)
{
	uint64_t before = INFO->free_pages;

	for (int round = 0; round < 3; round++) {
		CHECK_EQ(large_new(0, large(0), 1, RW), 1);
		CHECK_EQ(INFO->free_pages, before - LARGE_PAGES);
		check_zero(large(0));
		for (uint64_t off = 0; off < LARGE_SIZE; off += 8)
			*word(large(0) + off) = ~off;
		CHECK_EQ(probe_rights(&pool[0], large(0)), RW);
		CHECK_EQ(probe_rights(&pool[0], large(0) + LARGE_SIZE - PAGE_SIZE), RW);
		CHECK_EQ(probe_load(&pool[0], large(1)).cause, LOAD_FAULT);
		CHECK_EQ(probe_load(&pool[0], large(0) - 8).cause, LOAD_FAULT);
		CHECK_EQ(large_unmap(0, large(0), 1), 1);
		CHECK_FRAMES(before);
		CHECK_EQ(probe_load(&pool[0], large(0)).cause, LOAD_FAULT);
		CHECK_EQ(probe_load(&pool[0], large(0) + LAST).cause, LOAD_FAULT);
	}
}

TEST(large_leaves_come_in_numbers)
{
	uint64_t before = INFO->free_pages;

	for (unsigned n = 0; n < 5;) {
		int64_t r = large_new(0, large(n), 5 - n, RW);
		CHECK(r > 0); /* may be short: much is to be zeroed */
		n += (unsigned)r;
	}
	CHECK_EQ(INFO->free_pages, before - 5 * LARGE_PAGES);
	for (unsigned i = 0; i < 5; i++)
		fill(large(i), i << 16);
	for (unsigned i = 0; i < 5; i++)
		check_filled(large(i), i << 16);
	CHECK_EQ(large_new(0, large(4), 3, RW), -HL_EEXIST);
	CHECK_EQ(large_unmap(0, large(3), 1), 1);
	CHECK_EQ(large_new(0, large(3), 2, RW), 1);
	check_zero(large(3));
	/* Holes count. */
	CHECK_EQ(large_unmap(0, large(0), 20), 20);
	CHECK_FRAMES(before);
}

TEST(large_leaves_have_the_rights_asked_for)
{
	static const uint64_t asked[] = {MAP_R, RW, RX, RW | MAP_X | MAP_WX};
	static const uint64_t bad[] = {0, MAP_W, MAP_W | MAP_X, RW | MAP_X, MAP_WX};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(large_new(0, large(0), 1, bad[i]), -HL_EINVAL);
	for (unsigned i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		test_note("rights", asked[i]);
		CHECK_EQ(large_new(0, large(0), 1, asked[i]), 1);
		if (asked[i] & MAP_W)
			*(volatile uint32_t *)(large(0) + 0x5000) = CODE_RETURN;
		CHECK_EQ(probe_rights(&pool[0], large(0) + 0x5000), asked[i] & MAP_RIGHTS);
		CHECK_EQ(large_unmap(0, large(0), 1), 1);
	}
}

TEST(addresses_of_large_leaves_are_aligned)
{
	CHECK_EQ(large_new(0, large(0), 1, RW), 1);
	for (int bit = 0; bit < 21; bit++) {
		uint64_t off = 1UL << bit, to = large(4) + off;

		test_note("bit", bit);
		CHECK_EQ(large_new(0, to, 1, RW), -HL_EINVAL);
		CHECK_EQ(CALL(CALL_MAP, 0, to, large(0), 1, LSHARE | RW), -HL_EINVAL);
		CHECK_EQ(CALL(CALL_MAP, 0, to, large(0), 1, LMOVE | RW), -HL_EINVAL);
		CHECK_EQ(CALL(CALL_MAP, 0, large(4), large(0) + off, 1, LSHARE | RW), -HL_EINVAL);
		CHECK_EQ(CALL(CALL_MAP, 0, large(4), large(0) + off, 1, LMOVE | RW), -HL_EINVAL);
		CHECK_EQ(large_protect(0, large(0) + off, 1, MAP_R), -HL_EINVAL);
		CHECK_EQ(large_unmap(0, large(0) + off, 1), -HL_EINVAL);
		CHECK_EQ(CALL(CALL_MAP, 0, large(4), UART + off, 1,
			      MAP_IO | MAP_DEVICE | RW | MAP_LARGE),
			 -HL_EINVAL);
	}
	CHECK_EQ(probe_rights(&pool[0], large(0)), RW);
}

TEST(large_leaves_end_where_the_user_half_does)
{
	uint64_t vas = space_new(2000), last = TOP_OF_USER - LARGE_SIZE;

	CHECK_EQ(large_new(vas, TOP_OF_USER, 1, RW), -HL_EINVAL);
	CHECK_EQ(large_new(vas, last, 2, RW), -HL_EINVAL);
	CHECK_EQ(large_new(vas, last - 510 * LARGE_SIZE, 512, RW), -HL_EINVAL);
	CHECK_EQ(large_unmap(vas, last, 2), -HL_EINVAL);
	CHECK_EQ(large_new(vas, last, 1, RW), 1);
	CHECK_EQ(probe_load(worker_new(vas), last + LAST).cause, NO_FAULT);
	CHECK_EQ(large_unmap(vas, last - 511 * LARGE_SIZE, 512), 512);
}

TEST(only_memory_and_devices_are_large)
{
	const uint64_t h = pool[0].handle, to = large(0), vas = space_new(100);

	CHECK_EQ(CALL(CALL_MAP, 0, to, 0, 1, MAP_NEW | MAP_EXECUTOR | MAP_R | MAP_LARGE),
		 -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, to, 0, 1, MAP_NEW | MAP_VAS | MAP_R | MAP_LARGE, 1), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, to, h & -LARGE_SIZE, 1, LSHARE | MAP_EXECUTOR | MAP_R),
		 -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, to, vas & -LARGE_SIZE, 1, LMOVE | MAP_VAS | MAP_R), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, to, h, 1, MAP_VIEW | MAP_R | MAP_LARGE), -HL_EINVAL);
	CHECK_EQ(protect(0, h & -LARGE_SIZE, 1, MAP_EXECUTOR | MAP_R | MAP_LARGE), -HL_EINVAL);
	CHECK_EQ(large_unmap(0, h & -LARGE_SIZE, 1), -HL_EEXIST);
	CHECK_EQ(large_new(0, large(0), 1, RW | 0x80), -HL_EINVAL);
	CHECK_EQ(wake(h), 0);
}

/* --- the other size ------------------------------------------------------- */

TEST(small_leaves_leave_large_ones_alone)
{
	const uint64_t va = large(0) + 5 * PAGE_SIZE;

	CHECK_EQ(large_new(0, large(0), 1, RW), 1);
	fill(large(0), 77);
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	CHECK_EQ(map_new(0, va, 1, RW), -HL_EEXIST);
	CHECK_EQ(map_new(0, va, 1, RW | MAP_REPLACE), -HL_EEXIST);
	CHECK_EQ(share(0, va, page(0), 1, RW), -HL_EEXIST);
	CHECK_EQ(share(0, va, page(0), 1, RW | MAP_REPLACE), -HL_EEXIST);
	CHECK_EQ(move(0, va, page(0), 1, RW | MAP_REPLACE), -HL_EEXIST);
	CHECK_EQ(share(0, page(1), va, 1, RW), -HL_EEXIST);
	CHECK_EQ(move(0, page(1), va, 1, RW), -HL_EEXIST);
	CHECK_EQ(unmap(0, va, 1), -HL_EEXIST);
	CHECK_EQ(unmap(0, large(0), 512), -HL_EEXIST);
	CHECK_EQ(protect(0, va, 1, MAP_R), -HL_EEXIST);
	CHECK_EQ(view(va, pool[0].handle), -HL_EEXIST);
	CHECK_EQ(executor_new(0, va, MAP_RIGHTS), -HL_EEXIST);
	CHECK_EQ(vas_new(va, 1), -HL_EEXIST);
	CHECK_EQ(CALL(CALL_MAP, 0, va, UART, 1, MAP_IO | MAP_DEVICE | RW), -HL_EEXIST);
	/* Up to it holes are holes. */
	CHECK_EQ(unmap(0, large(0) - PAGE_SIZE, 2), 1);
	check_filled(large(0), 77);
	CHECK_EQ(*word(page(0)), 0);
}

TEST(large_leaves_leave_tables_alone)
{
	uint64_t before = INFO->free_pages;

	/* Also a table without leaves stands. */
	for (int full = 0; full < 2; full++) {
		CHECK_EQ(large_new(0, ARENA, 1, RW), -HL_EEXIST);
		CHECK_EQ(large_new(0, ARENA, 1, RW | MAP_REPLACE), -HL_EEXIST);
		CHECK_EQ(large_protect(0, ARENA, 1, MAP_R), -HL_EEXIST);
		CHECK_EQ(large_unmap(0, ARENA, 1), -HL_EEXIST);
		CHECK_EQ(CALL(CALL_MAP, 0, large(0), ARENA, 1, LSHARE | RW), -HL_EEXIST);
		CHECK_EQ(CALL(CALL_MAP, 0, large(0), ARENA, 1, LMOVE | RW), -HL_EEXIST);
		CHECK_EQ(CALL(CALL_MAP, 0, ARENA, UART, 1,
			      MAP_IO | MAP_DEVICE | MAP_R | MAP_LARGE | MAP_REPLACE),
			 -HL_EEXIST);
		CHECK_FRAMES(before - (full ? 1 : 0));
		if (!full)
			CHECK_EQ(map_new(0, page(3), 1, RW), 1);
	}
	*word(page(3)) = 1;
	CHECK_EQ(large_new(0, large(0), 1, RW), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, ARENA, large(0), 1, LSHARE | RW), -HL_EEXIST);
	CHECK_EQ(CALL(CALL_MAP, 0, ARENA, large(0), 1, LSHARE | RW | MAP_REPLACE), -HL_EEXIST);
	CHECK_EQ(CALL(CALL_MAP, 0, ARENA, large(0), 1, LMOVE | RW | MAP_REPLACE), -HL_EEXIST);
	CHECK_EQ(probe_rights(&pool[0], large(0)), RW);
	CHECK_EQ(*word(page(3)), 1);
	/* Short counts: two are done, then comes a table. */
	CHECK_EQ(large_new(0, CAPS - 2 * LARGE_SIZE, 1, RW), 1);
	CHECK_EQ(large_unmap(0, CAPS - 2 * LARGE_SIZE, 3), 2);
}

/* --- sharing, moving, restricting ------------------------------------------ */

TEST(a_large_leaf_is_shared)
{
	uint64_t before = INFO->free_pages, vas = space_new(100);
	struct worker *child = worker_new(vas);

	CHECK_EQ(large_new(0, large(0), 1, RW), 1);
	fill(large(0), 9);
	CHECK_EQ(CALL(CALL_MAP, vas, large(7), large(0), 1, LSHARE | MAP_R), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, large(2), large(0), 1, LSHARE | RW), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, large(2), large(0), 1, LSHARE | RW), -HL_EEXIST);
	CHECK_EQ(CALL(CALL_MAP, 0, large(3), large(0), 1, LSHARE | RX), -HL_EPERM);
	CHECK_EQ(CALL(CALL_MAP, 0, large(3), large(0), 1, LSHARE | MAP_DEVICE | RW), -HL_EBADF);
	CHECK_EQ(CALL(CALL_MAP, 0, large(3), large(1), 1, LSHARE | RW), -HL_EFAULT);
	*word(large(2) + LARGE_SIZE - 16) = 1234;
	CHECK_EQ(probe_load(child, large(7) + LARGE_SIZE - 16).value, 1234);
	CHECK_EQ(probe_store(child, large(7), 1).cause, STORE_FAULT);
	/* Back out of there, with what it has there. */
	CHECK_EQ(CALL(CALL_MAP, 0, large(3), large(7), 1, LSHARE | RW, 0, vas), -HL_EPERM);
	CHECK_EQ(CALL(CALL_MAP, 0, large(3), large(7), 1, LSHARE | MAP_R, 0, vas), 1);
	CHECK_EQ(large_unmap(0, large(0), 1), 1);
	CHECK_EQ(large_unmap(0, large(2), 1), 1);
	check_filled(large(3), 9);
	vas_stop(vas);
	check_filled(large(3), 9);
	CHECK_EQ(large_unmap(0, large(3), 1), 1);
	kit_reset();
	CHECK_FRAMES(before);
}

TEST(a_large_leaf_outlives_the_space_that_pays)
{
	uint64_t before = INFO->free_pages, vas = slot();

	CHECK_EQ(vas_new(vas, LARGE_PAGES + LTABLES), 1);
	CHECK_EQ(large_new(vas, large(0), 1, RW), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, large(0), large(0), 1, LSHARE | RW, 0, vas), 1);
	fill(large(0), 5);
	AWAIT(stop(vas, 0) == 0);
	CHECK_EQ(unmap(0, vas, 1), 1);
	check_filled(large(0), 5);
	CHECK_FRAMES(before - LARGE_PAGES - 1); /* and the page of who pays */
	CHECK_EQ(large_unmap(0, large(0), 1), 1);
	CHECK_FRAMES(before);
}

TEST(a_large_leaf_moves)
{
	uint64_t vas = space_new(100), before = INFO->free_pages;

	CHECK_EQ(large_new(0, large(0), 1, RW), 1);
	fill(large(0), 3);
	CHECK_EQ(CALL(CALL_MAP, 0, large(0), large(0), 1, LMOVE | RW), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, large(0), large(0), 1, LMOVE | RW | MAP_REPLACE), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, large(1), large(0), 1, LMOVE | RW), 1);
	CHECK_EQ(probe_load(&pool[0], large(0)).cause, LOAD_FAULT);
	check_filled(large(1), 3);
	CHECK_EQ(CALL(CALL_MAP, vas, large(5), large(1), 1, LMOVE | RW), 1);
	CHECK_EQ(probe_load(&pool[0], large(1)).cause, LOAD_FAULT);
	CHECK_EQ(CALL(CALL_MAP, 0, large(2), large(5), 1, LMOVE | MAP_R, 0, vas), 1);
	check_filled(large(2), 3);
	CHECK_EQ(probe_rights(&pool[0], large(2)), MAP_R);
	CHECK_EQ(CALL(CALL_MAP, 0, large(3), large(5), 1, LMOVE | MAP_R, 0, vas), -HL_EFAULT);
	/* Onto another, which goes. */
	CHECK_EQ(large_new(0, large(4), 1, RW), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, large(4), large(2), 1, LMOVE | MAP_R), -HL_EEXIST);
	CHECK_EQ(CALL(CALL_MAP, 0, large(4), large(2), 1, LMOVE | MAP_R | MAP_REPLACE), 1);
	check_filled(large(4), 3);
	CHECK_EQ(large_unmap(0, large(4), 1), 1);
	/* A table for large leaves is left in the other space. */
	CHECK(INFO->free_pages + LTABLES >= before);
}

TEST(a_large_leaf_is_restricted)
{
	CHECK_EQ(large_new(0, large(0), 1, RW | MAP_X | MAP_WX), 1);
	*(volatile uint32_t *)(large(0) + 0x8000) = CODE_RETURN;
	CHECK_EQ(large_protect(0, large(1), 1, MAP_R), -HL_EFAULT);
	CHECK_EQ(large_protect(0, large(0), 1, RX), 1);
	CHECK_EQ(probe_rights(&pool[0], large(0) + 0x8000), RX);
	CHECK_EQ(large_protect(0, large(0), 1, RW), -HL_EPERM);
	CHECK_EQ(large_protect(0, large(0), 2, MAP_R), 1);
	CHECK_EQ(probe_rights(&pool[0], large(0) + 0x8000), MAP_R);
	CHECK_EQ(large_protect(0, large(0), 1, MAP_R | MAP_DEVICE), -HL_EBADF);
}

TEST(replace_swaps_large_leaves)
{
	uint64_t before = INFO->free_pages;

	CHECK_EQ(large_new(0, large(0), 1, RW), 1);
	for (int i = 0; i < 4; i++) {
		fill(large(0), 1);
		CHECK_EQ(large_new(0, large(0), 1, RW | MAP_REPLACE), 1);
		check_zero(large(0));
		CHECK_FRAMES(before - LARGE_PAGES);
	}
	/* A device in its place, and memory in place of that. */
	CHECK_EQ(CALL(CALL_MAP, 0, large(0), UART, 1,
		      MAP_IO | MAP_DEVICE | RW | MAP_LARGE | MAP_REPLACE),
		 1);
	CHECK_FRAMES(before);
	CHECK_EQ(large_new(0, large(0), 1, RW | MAP_REPLACE), 1);
	check_zero(large(0));
}

TEST(devices_can_be_large)
{
	const uint64_t io = MAP_IO | MAP_DEVICE | MAP_LARGE;
	uint64_t before = INFO->free_pages;

	CHECK_EQ(CALL(CALL_MAP, 0, large(0), UART, 1, io | RW), 1);
	AWAIT(*(volatile uint8_t *)(large(0) + 5) & 0x20); /* line status: empty */
	CHECK_EQ(CALL(CALL_MAP, 0, large(1), large(0), 1, LSHARE | MAP_DEVICE | MAP_R), 1);
	AWAIT(*(volatile uint8_t *)(large(1) + 5) & 0x20);
	CHECK_EQ(probe_store(&pool[0], large(1), 0).cause, STORE_FAULT);
	CHECK_EQ(CALL(CALL_MAP, 0, large(2), RAM, 1, io | RW), -HL_EPERM);
	CHECK_EQ(CALL(CALL_MAP, 0, large(2), RAM - LARGE_SIZE, 2, io | RW), -HL_EPERM);
	CHECK_EQ(CALL(CALL_MAP, 0, large(2), (1UL << 56) - LARGE_SIZE, 2, io | RW), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, large(2), UART, 1, io | RX), -HL_EINVAL);
	CHECK_EQ(large_unmap(0, large(0), 2), 2);
	CHECK_FRAMES(before);
}

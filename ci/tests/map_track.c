/* SPDX-License-Identifier: MIT
 *
 * map TRACK: leaves whose A and D bits begin clear, and tell who looks at the table
 * (VIEW) that memory was read or written.
 */
#include "kit.h"

#define AD    (LEAF_A | LEAF_D)
#define TABLE page(900) /* where the child's table is seen */

static uint64_t vas;
static struct worker *child;

/* A space, a worker of it, and its table for page(0..511) at TABLE. */
static void setup(void)
{
	vas = space_new(3000);
	child = worker_new(vas);
	CHECK_EQ(map_new(vas, page(511), 1, RW), 1);
	CHECK_EQ(view_table(TABLE, vas, page(0), 0), 1);
}

static uint64_t leaf(unsigned n)
{
	return word(TABLE)[n];
}

#define CHECK_AD(n, want) CHECK_EQ(leaf(n) & AD, want)

TEST(leaves_are_born_used_unless_tracked)
{
	setup();
	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(map_new(vas, page(1), 2, RW | MAP_TRACK), 2);
	CHECK_AD(0, AD);
	CHECK_AD(1, 0);
	CHECK_AD(2, 0);
	CHECK_EQ(leaf(1) & (LEAF_V | LEAF_U | LEAF_RIGHTS), LEAF_V | LEAF_U | LEAF_R | LEAF_W);
	CHECK_EQ(leaf(3), 0);
}

TEST(a_tracked_leaf_tells_what_was_done)
{
	setup();
	CHECK_EQ(map_new(vas, page(0), 3, RW | MAP_TRACK), 3);
	CHECK_EQ(map_new(vas, page(3), 1, RW | MAP_X | MAP_WX | MAP_TRACK), 1);
	CHECK_EQ(probe_load(child, page(0)).value, 0);
	CHECK_AD(0, LEAF_A);
	CHECK_AD(1, 0);
	CHECK_EQ(probe_store(child, page(1), 7).cause, NO_FAULT);
	CHECK_AD(1, AD);
	CHECK_AD(2, 0);
	/* Fetching zeroes is a fault of another kind, and a fetch. */
	CHECK_EQ(probe_fetch(child, page(3)).cause, 2);
	CHECK_AD(3, LEAF_A);
	CHECK_EQ(probe_store(child, page(0), 7).cause, NO_FAULT);
	CHECK_AD(0, AD);
}

TEST(what_is_refused_leaves_no_trace)
{
	setup();
	CHECK_EQ(map_new(vas, page(0), 1, MAP_R | MAP_TRACK), 1);
	CHECK_EQ(probe_store(child, page(0), 7).cause, STORE_FAULT);
	CHECK_EQ(leaf(0) & LEAF_D, 0);
	CHECK_EQ(probe_fetch(child, page(0)).cause, FETCH_FAULT);
	CHECK_EQ(leaf(0) & LEAF_RIGHTS, LEAF_R);
	CHECK_EQ(probe_load(child, page(0)).cause, NO_FAULT);
	CHECK_AD(0, LEAF_A);
}

/* Parking on a word looks at it by another way. */
TEST(tracked_memory_can_be_parked_on)
{
	setup();
	CHECK_EQ(map_new(vas, page(0), 1, RW | MAP_TRACK), 1);
	CHECK_EQ(CALL_IN(child, CALL_PARK, page(0), 1), -HL_EAGAIN);
	CHECK_AD(0, 0);
}

TEST(protect_makes_it_clean_again)
{
	setup();
	CHECK_EQ(map_new(vas, page(0), 2, RW | MAP_TRACK), 2);
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(probe_store(child, page(0), 7).cause, NO_FAULT);
		CHECK_AD(0, AD);
		CHECK_EQ(protect(vas, page(0), 2, RW | MAP_TRACK), 2);
		CHECK_AD(0, 0);
		CHECK_EQ(probe_load(child, page(0)).value, 7);
		CHECK_AD(0, LEAF_A);
	}
	CHECK_AD(1, 0);
	/* And without TRACK it is tracked no more. */
	CHECK_EQ(protect(vas, page(0), 2, RW), 2);
	CHECK_AD(0, AD);
	CHECK_AD(1, AD);
	/* One that wasn't can be. */
	CHECK_EQ(map_new(vas, page(2), 1, RW), 1);
	CHECK_EQ(protect(vas, page(2), 1, RW | MAP_TRACK), 1);
	CHECK_AD(2, 0);
	CHECK_EQ(probe_store(child, page(2), 7).cause, NO_FAULT);
	CHECK_AD(2, AD);
	/* Rights still only shrink. */
	CHECK_EQ(protect(vas, page(2), 1, MAP_R | MAP_TRACK), 1);
	CHECK_EQ(protect(vas, page(2), 1, RW | MAP_TRACK), -HL_EPERM);
	CHECK_EQ(probe_store(child, page(2), 7).cause, STORE_FAULT);
}

TEST(copies_of_a_leaf_are_tracked_by_themselves)
{
	setup();
	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(map_new(vas, page(1), 1, RW | MAP_TRACK), 1);
	CHECK_EQ(probe_store(child, page(1), 1).cause, NO_FAULT);
	const uint64_t shr = MAP_SHARE | RW;

	CHECK_EQ(CALL(CALL_MAP, vas, page(2), page(0), 1, shr | MAP_TRACK, 0, vas), 1);
	CHECK_EQ(CALL(CALL_MAP, vas, page(3), page(1), 1, shr | MAP_TRACK, 0, vas), 1);
	CHECK_EQ(CALL(CALL_MAP, vas, page(4), page(2), 1, shr, 0, vas), 1);
	CHECK_AD(0, AD);
	CHECK_AD(1, AD);
	CHECK_AD(2, 0);
	CHECK_AD(3, 0);
	CHECK_AD(4, AD);
	CHECK_EQ(protect(vas, page(1), 1, RW | MAP_TRACK), 1);
	CHECK_EQ(probe_store(child, page(3), 2).cause, NO_FAULT);
	CHECK_AD(3, AD);
	CHECK_AD(1, 0);
	const uint64_t mv = MAP_MOVE | RW;

	CHECK_EQ(CALL(CALL_MAP, vas, page(5), page(3), 1, mv | MAP_TRACK, 0, vas), 1);
	CHECK_AD(5, 0);
	CHECK_EQ(leaf(3), 0);
	CHECK_EQ(CALL(CALL_MAP, vas, page(6), page(5), 1, mv, 0, vas), 1);
	CHECK_AD(6, AD);
	CHECK_EQ(probe_load(child, page(6)).value, 2);
	CHECK_EQ(unmap(vas, page(0), 511), 511);
}

TEST(large_leaves_are_tracked)
{
	setup();
	unsigned i = large(0) >> 21 & 511;

	CHECK_EQ(large_new(vas, large(0), 1, RW | MAP_TRACK), 1);
	CHECK_EQ(view_table(page(901), vas, large(0), 1), 1);
	CHECK_EQ(word(page(901))[i] & AD, 0);
	CHECK_EQ(probe_load(child, large(0) + 0x12340).cause, NO_FAULT);
	CHECK_EQ(word(page(901))[i] & AD, LEAF_A);
	CHECK_EQ(probe_store(child, large(0) + 0x12340, 1).cause, NO_FAULT);
	CHECK_EQ(word(page(901))[i] & AD, AD);
	CHECK_EQ(protect(vas, large(0), 1, RW | MAP_LARGE | MAP_TRACK), 1);
	CHECK_EQ(word(page(901))[i] & AD, 0);
	CHECK_EQ(probe_load(child, large(0) + 0x12340).value, 1);
	CHECK_EQ(CALL(CALL_MAP, vas, large(1), large(0), 1, MAP_MOVE | RW | MAP_LARGE | MAP_TRACK,
		      0, vas),
		 1);
	CHECK_EQ(word(page(901))[i], 0);
	CHECK_EQ(word(page(901))[i + 1] & (AD | LEAF_V), LEAF_V);
}

TEST(only_memory_is_tracked)
{
	const uint64_t h = pool[0].handle, t = MAP_TRACK;

	setup();
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0x10000000, 1, MAP_IO | MAP_DEVICE | RW), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, page(1), 0x10000000, 1, MAP_IO | MAP_DEVICE | RW | t),
		 -HL_EINVAL);
	CHECK_EQ(share(0, page(1), page(0), 1, MAP_DEVICE | RW | t), -HL_EINVAL);
	CHECK_EQ(protect(0, page(0), 1, MAP_DEVICE | RW | t), -HL_EINVAL);
	CHECK_EQ(share(0, page(1), h, 1, MAP_EXECUTOR | MAP_R | t), -HL_EINVAL);
	CHECK_EQ(protect(0, h, 1, MAP_EXECUTOR | MAP_R | t), -HL_EINVAL);
	CHECK_EQ(executor_new(0, page(1), MAP_R | t), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, page(1), h, 1, MAP_VIEW | MAP_R | t), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0, 1, MAP_UNMAP | t), -HL_EINVAL);
	CHECK_EQ(wake(h), 0);
}

/* --- while others use it ---------------------------------------------------- */

static uint64_t count_on(uint64_t va)
{
	for (uint64_t n = 1;; n++)
		*word(va) = n;
	return va;
}

/* A store after the bits were cleared sets them again, wherever it is done: no hart goes
 * on with what it knew. */
TEST_ON(no_store_goes_unnoticed, 2, 64)
{
	setup();
	CHECK_EQ(map_new(0, page(0), 1, RW), 1); /* the same memory, to read it here */
	CHECK_EQ(CALL(CALL_MAP, vas, page(0), page(0), 1, MAP_SHARE | RW | MAP_TRACK), 1);
	run(child, count_on, page(0));
	for (unsigned i = 0; i < rounds(300); i++) {
		CHECK_EQ(protect(vas, page(0), 1, RW | MAP_TRACK), 1);
		uint64_t n = *word(page(0));
		AWAIT(*word(page(0)) > n + 1);
		CHECK_AD(0, AD);
	}
	halt(child);
}

/* Bits set by hardware between the kernel's look at a leaf and its change. */
TEST_ON(leaves_change_while_they_are_used, 2, 64)
{
	uint64_t before = INFO->free_pages;

	setup();
	CHECK_EQ(map_new(vas, page(0), 1, RW | MAP_TRACK), 1);
	const uint64_t ppn = leaf(0) >> LEAF_PPN_SHIFT;

	run(child, count_on, page(0));
	for (unsigned i = 0; i < rounds(2000); i++) {
		CHECK_EQ(protect(vas, page(0), 1, RW | MAP_TRACK), 1);
		CHECK_EQ(CALL(CALL_MAP, 0, page(i % 300), page(0), 1, MAP_SHARE | RW | MAP_REPLACE,
			      0, vas),
			 1);
		CHECK_EQ(leaf(0) >> LEAF_PPN_SHIFT, ppn);
		CHECK_EQ(leaf(0) & LEAF_RIGHTS, LEAF_R | LEAF_W);
	}
	/* Taken away for a moment: a fault, and then it goes on. */
	for (unsigned i = 0; i < rounds(1000); i++) {
		CHECK_EQ(protect(vas, page(0), 1, RW | MAP_TRACK), 1);
		CHECK_EQ(
			CALL(CALL_MAP, vas, page(1), page(0), 1, MAP_MOVE | RW | MAP_TRACK, 0, vas),
			1);
		CHECK_EQ(leaf(0), 0);
		CHECK_EQ(
			CALL(CALL_MAP, vas, page(0), page(1), 1, MAP_MOVE | RW | MAP_TRACK, 0, vas),
			1);
		CHECK(life(child) == EX_READY || life(child) == EX_FAULTED);
		if (life(child) == EX_FAULTED)
			CHECK_EQ(resume(child->handle, 0), 0);
	}
	halt(child);
	CHECK_EQ(leaf(0) >> LEAF_PPN_SHIFT, ppn);
	kit_reset();
	CHECK_FRAMES(before);
}

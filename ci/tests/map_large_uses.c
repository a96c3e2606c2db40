/* SPDX-License-Identifier: MIT
 *
 * Leaves of 2 MiB where they are used: budgets, words to park on, addresses that
 * are no handles, several harts, the end of a space.
 */
#include "kit.h"

#define LTABLES (TABLES_DEEP - 1)
#define LAST    (LARGE_SIZE - sizeof(uint64_t))

TEST(a_large_leaf_is_charged_as_512_frames)
{
	for (uint64_t budget = LARGE_PAGES; budget < LARGE_PAGES + 6; budget++) {
		uint64_t vas = slot();
		bool fits = budget >= LARGE_PAGES + LTABLES;

		test_note("budget", budget);
		CHECK_EQ(vas_new(vas, budget), 1);
		CHECK_EQ(large_new(vas, large(0), 1, RW), fits ? 1 : -HL_ENOMEM);
		/* What was charged for nothing is back. */
		if (!fits)
			CHECK_EQ(map_new(vas, large(1), budget - LTABLES - 1, RW),
				 budget - LTABLES - 1);
		vas_stop(vas);
	}
}

TEST(large_leaves_stop_where_the_budget_ends)
{
	uint64_t vas = slot(), before = INFO->free_pages, n = 0;
	int64_t r;

	CHECK_EQ(vas_new(vas, 3 * LARGE_PAGES + LTABLES + 100), 1);
	while ((r = large_new(vas, large((unsigned)n), 10, RW)) > 0)
		n += (uint64_t)r;
	CHECK_EQ(r, -HL_ENOMEM);
	CHECK_EQ(n, 3);
	CHECK_EQ(map_new(vas, large(5), 200, RW), 99);
	CHECK_EQ(map_new(vas, large(5) + 99 * PAGE_SIZE, 1, RW), -HL_ENOMEM);
	CHECK_EQ(large_unmap(vas, large(1), 1), 1);
	AWAIT(map_new(vas, large(5) + 99 * PAGE_SIZE, 1, RW) == 1);
	CHECK_EQ(large_new(vas, large(1), 1, RW), -HL_ENOMEM);
	vas_stop(vas);
	CHECK_EQ(unmap(0, vas, 1), 1);
	CHECK_FRAMES(before);
}

TEST(words_of_large_leaves_can_be_parked_on)
{
	static const uint64_t offs[] = {0, 8, 0xff8, 0x1000, 0x100008, 0x1ff000, LAST};

	CHECK_EQ(large_new(0, large(0), 1, RW), 1);
	for (unsigned i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		volatile uint64_t *w = word(large(0) + offs[i]);

		test_note("offset", offs[i]);
		*w = 0xabcdef00 + i;
		CHECK_EQ(park_if(w, 0xabcdef00 + i + 1), -HL_EAGAIN);
		CHECK_EQ(park_if(w, 0), -HL_EAGAIN);
		CHECK_EQ(wake(0), 0); /* a token: it returns at once if they are equal */
		CHECK_EQ(park_if(w, 0xabcdef00 + i), 0);
		CHECK_EQ(wake(0), 0);
		CHECK_EQ(CALL(CALL_PARK | PARK_WORD32, (uint64_t)w + 4, 0), 0);
	}
	CHECK_EQ(park_if(word(large(0) + LARGE_SIZE), 0), -HL_EFAULT);
	CHECK_EQ(protect(0, large(0), 1, MAP_X | MAP_LARGE), -HL_EPERM);
	CHECK_EQ(large_new(0, large(1), 1, MAP_X), 1);
	CHECK_EQ(park_if(word(large(1)), 0), -HL_EFAULT);
	CHECK_EQ(
		CALL(CALL_MAP, 0, large(2), 0x10000000, 1, MAP_IO | MAP_DEVICE | MAP_R | MAP_LARGE),
		1);
	CHECK_EQ(park_if(word(large(2)), 0), -HL_EFAULT);
}

/* Whatever its words look like. */
TEST(no_address_in_a_large_leaf_is_a_handle)
{
	CHECK_EQ(large_new(0, large(0), 1, RW), 1);
	for (uint64_t off = 0; off < LARGE_SIZE; off += 8)
		*word(large(0) + off) =
			0x80000 << LEAF_PPN_SHIFT | TAG_EXECUTOR << LEAF_TAG_SHIFT | LEAF_RIGHTS;
	for (uint64_t off = 0; off < LARGE_SIZE; off += 37 * PAGE_SIZE) {
		uint64_t h = large(0) + off;

		test_note("offset", off);
		CHECK_EQ(wake(h), -HL_EBADF);
		CHECK_EQ(swap(h, 0, 0, 0, 0).a0, -HL_EBADF);
		CHECK_EQ(start(h, 0, 0, 0), -HL_EBADF);
		CHECK_EQ(stop(h, 0), -HL_EBADF);
		CHECK_EQ(view(page(0), h), -HL_EBADF);
		CHECK_EQ(map_new(h, page(0), 1, RW), -HL_EBADF);
		CHECK_EQ(start_kept(pool[0].handle, 0, 0, 0, h, 0), -HL_EBADF);
	}
}

/* An entry for one size, then for the other: what was cached is not used. */
TEST(sizes_take_turns_at_an_address)
{
	for (int i = 0; i < 10; i++) {
		uint64_t vas = space_new(2000);
		struct worker *child = worker_new(vas);

		CHECK_EQ(large_new(vas, large(0), 1, RW), 1);
		CHECK_EQ(probe_store(child, large(0) + 0x3008, 1).cause, NO_FAULT);
		CHECK_EQ(large_unmap(vas, large(0), 1), 1);
		CHECK_EQ(probe_load(child, large(0) + 0x3008).cause, LOAD_FAULT);
		CHECK_EQ(map_new(vas, large(0) + 0x3000, 1, RW), 1);
		CHECK_EQ(probe_load(child, large(0) + 0x3008).value, 0);
		CHECK_EQ(probe_load(child, large(0) + 0x2008).cause, LOAD_FAULT);
		CHECK_EQ(large_new(vas, large(0), 1, RW), -HL_EEXIST);
		vas_stop(vas);
		kit_reset();
	}
}

TEST(a_space_full_of_large_leaves_goes_down)
{
	uint64_t before = INFO->free_pages;

	for (unsigned i = 0; i < rounds(10); i++) {
		uint64_t vas = space_new(5000);
		struct worker *child = worker_new(vas);

		for (unsigned n = 0; n < 4; n++)
			CHECK_EQ(large_new(vas, large(5 * n), 1, RW), 1);
		CHECK_EQ(large_new(vas, TOP_OF_USER - LARGE_SIZE, 1, RW), 1);
		CHECK_EQ(map_new(vas, large(1), 3, RW), 3);
		CHECK_EQ(large_new(0, large(0), 1, RW), 1);
		CHECK_EQ(CALL(CALL_MAP, vas, 0x40000000, large(0), 1, MAP_SHARE | MAP_LARGE | RW),
			 1);
		run(child, work_yield_forever, 0);
		vas_stop(vas);
		*word(large(0)) = 1;
		kit_reset();
		CHECK_FRAMES(before);
	}
}

/* --- other harts ------------------------------------------------------------ */

static volatile uint64_t stores;

static uint64_t store_on(uint64_t va)
{
	for (uint64_t n = 1;; n++) {
		*word(va) = n;
		stores = n;
	}
	return va;
}

static void begin(uint64_t va)
{
	stores = 0;
	run(&pool[0], store_on, va);
	AWAIT(stores > 100);
}

static void expect_fault(void)
{
	AWAIT(life(&pool[0]) == EX_FAULTED);
	CHECK_EQ(pool[0].view->scause, STORE_FAULT);
	halt(&pool[0]);
}

TEST_ON(changes_of_a_large_leaf_take_effect_on_all_harts, 2, 64)
{
	for (unsigned i = 0; i < rounds(20); i++) {
		uint64_t va = large(0) + i * 0x18008, value, old;

		CHECK_EQ(large_new(0, large(0), 1, RW), 1);
		begin(va);
		CHECK_EQ(protect(0, large(0), 1, MAP_R | MAP_LARGE), 1);
		value = *word(va);
		expect_fault();
		CHECK_EQ(*word(va), value);
		CHECK_EQ(large_new(0, large(0), 1, RW | MAP_REPLACE), 1);

		begin(va);
		CHECK_EQ(CALL(CALL_MAP, 0, large(1), large(0), 1, MAP_MOVE | MAP_LARGE | RW), 1);
		value = *word(va + LARGE_SIZE);
		expect_fault();
		CHECK_EQ(*word(va + LARGE_SIZE), value);
		CHECK_EQ(CALL(CALL_MAP, 0, large(0), large(1), 1, MAP_MOVE | MAP_LARGE | RW), 1);

		begin(va);
		CHECK_EQ(CALL(CALL_MAP, 0, large(2), large(0), 1, MAP_SHARE | MAP_LARGE | RW), 1);
		CHECK_EQ(large_new(0, large(0), 1, RW | MAP_REPLACE), 1);
		old = *word(va + 2 * LARGE_SIZE);
		value = stores;
		AWAIT(stores > value + 10);
		CHECK_EQ(*word(va + 2 * LARGE_SIZE), old);
		CHECK_EQ(large_unmap(0, large(0), 3), 3);
		expect_fault();
	}
}

/* Several put leaves of both sizes at the same addresses of a space and take them away:
 * each address has one or the other, and in the end all frames are there. */
static uint64_t contested;

static uint64_t contend(uint64_t seed)
{
	struct random dice = {seed};

	for (unsigned i = 0; i < rounds(400); i++) {
		uint64_t at = large(random_below(&dice, 4)), small = at + 0x7000;
		int64_t r;

		switch (random_below(&dice, 6)) {
		case 0:
			r = large_new(contested, at, 1 + random_below(&dice, 2), RW);
			CHECK(r > 0 || r == -HL_EEXIST || r == -HL_ENOMEM);
			break;
		case 1:
			r = large_new(contested, at, 1, RW | MAP_REPLACE);
			CHECK(r == 1 || r == -HL_EEXIST || r == -HL_ENOMEM);
			break;
		case 2:
			r = large_unmap(contested, at, 2);
			CHECK(r > 0 || r == -HL_EEXIST);
			break;
		case 3:
			r = CALL(CALL_MAP, contested, at, large(random_below(&dice, 4)), 1,
				 MAP_MOVE | MAP_LARGE | RW | MAP_REPLACE, 0, contested);
			CHECK(r == 1 || r == -HL_EFAULT || r == -HL_EINVAL || r == -HL_EEXIST);
			break;
		case 4:
			r = random_below(&dice, 40) ? unmap(contested, small, 3)
						    : map_new(contested, small, 3, RW);
			CHECK(r > 0 || r == -HL_EEXIST || r == -HL_ENOMEM);
			break;
		default:
			r = CALL(CALL_MAP, contested, at, large(random_below(&dice, 4)), 1,
				 MAP_SHARE | MAP_LARGE | RW, 0, contested);
			CHECK(r == 1 || r == -HL_EFAULT || r == -HL_EEXIST);
			break;
		}
	}
	return 0;
}

TEST(both_sizes_contend_for_addresses)
{
	uint64_t before = INFO->free_pages;

	for (unsigned round = 0; round < 4; round++) {
		contested = slot();
		CHECK_EQ(vas_new(contested, 6 * LARGE_PAGES), 1);
		for (unsigned i = 0; i < 4; i++)
			run(&pool[i], contend, round * 16 + i);
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(join(&pool[i]), 0);
		vas_stop(contested);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

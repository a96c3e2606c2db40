/* SPDX-License-Identifier: MIT
 *
 * The word that park compares.
 */
#include "kit.h"

static volatile uint64_t cell __attribute__((aligned(8)));

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
	const uint64_t bad[] = {
		FAR_HOLE,           TOP_OF_USER,  TOP_OF_USER - 8,    1UL << 39,
		1UL << 63,          INFO_VA,      0xffffffc000000000, KERNEL_WINDOW,
		0xfffffffffffffff8, 0x8000000008, KERNEL_RAM,
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

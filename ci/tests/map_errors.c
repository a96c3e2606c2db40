/* SPDX-License-Identifier: MIT
 *
 * Arguments that map refuses.  Nothing is mapped afterwards, and no frame is
 * gone: the runner looks at that after each case.
 */
#include "kit.h"

#define MEM   (MAP_NEW | RW)
#define TOP   (TOP_OF_USER - PAGE_SIZE)
#define ERROR (-HL_EINVAL)

static uint64_t source; /* a page of memory, RW */
static uint64_t vas;    /* another space */

struct row {
	const char *what;
	int64_t want;
	uint64_t a[7]; /* vas, va, source, count, attr, aux, source's vas */
};

static void setup(void)
{
	source = page(500);
	CHECK_EQ(map_new(0, source, 3, RW), 3);
	vas = slot();
	CHECK_EQ(vas_new(vas, 100), 1);
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void check_rows(const struct row *rows, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		test_note(rows[i].what, i);
		CHECK_EQ(call_a0(CALL_MAP, rows[i].a), rows[i].want);
	}
}

static const uint64_t bad_va[] = {
	1UL << 47,          (1UL << 47) + PAGE_SIZE,
	1UL << 48,          1UL << 55,
	1UL << 62,          1UL << 63,
	ARENA | 1UL << 63,  ARENA | 1UL << 47,
	0xffffffbffffff000, 0xffffffc000000000,
	0xffffffff00000000, INFO_VA,
	KERNEL_WINDOW,      -(uint64_t)PAGE_SIZE,
};

TEST(a_target_out_of_the_user_half_is_refused)
{
	setup();
	for (unsigned i = 0; i < sizeof(bad_va) / sizeof(bad_va[0]); i++) {
		for (int other = 0; other < 2; other++) {
			uint64_t v = other ? vas : 0;

			test_note("va", bad_va[i]);
			CHECK_EQ(map_new(v, bad_va[i], 1, RW), ERROR);
			CHECK_EQ(CALL(CALL_MAP, v, bad_va[i], 0, 1, MEM | MAP_REPLACE), ERROR);
			CHECK_EQ(share(v, bad_va[i], source, 1, MAP_R), ERROR);
			CHECK_EQ(move(v, bad_va[i], source, 1, MAP_R), ERROR);
			CHECK_EQ(unmap(v, bad_va[i], 1), ERROR);
			CHECK_EQ(protect(v, bad_va[i], 1, MAP_R), ERROR);
			CHECK_EQ(CALL(CALL_MAP, v, bad_va[i], pool[0].handle, 1, MAP_VIEW | MAP_R),
				 ERROR);
			CHECK_EQ(CALL(CALL_MAP, v, bad_va[i], 0x10000000, 1,
				      MAP_IO | MAP_DEVICE | MAP_R),
				 ERROR);
			CHECK_EQ(executor_new(v, bad_va[i], MAP_RIGHTS), ERROR);
		}
		CHECK_EQ(vas_new(bad_va[i], 1), ERROR);
	}
	CHECK_EQ(*word(source), 0);
}

TEST(a_source_out_of_the_user_half_is_refused)
{
	setup();
	for (unsigned i = 0; i < sizeof(bad_va) / sizeof(bad_va[0]); i++) {
		for (int other = 0; other < 2; other++) {
			uint64_t v = other ? vas : 0;

			test_note("source", bad_va[i]);
			CHECK_EQ(CALL(CALL_MAP, 0, page(0), bad_va[i], 1, MAP_SHARE | MAP_R, 0, v),
				 -HL_EFAULT);
			CHECK_EQ(CALL(CALL_MAP, 0, page(0), bad_va[i], 1, MAP_MOVE | MAP_R, 0, v),
				 -HL_EFAULT);
			CHECK_EQ(CALL(CALL_MAP, 0, page(0), bad_va[i], 1,
				      MAP_SHARE | MAP_EXECUTOR | MAP_R, 0, v),
				 -HL_EFAULT);
		}
	}
}

TEST(a_misaligned_address_is_refused)
{
	setup();
	for (int bit = 0; bit < PAGE_SHIFT; bit++) {
		uint64_t off = 1UL << bit, va = page(0) + off;

		test_note("bit", bit);
		CHECK_EQ(map_new(0, va, 1, RW), ERROR);
		CHECK_EQ(share(0, va, source, 1, MAP_R), ERROR);
		CHECK_EQ(share(0, page(0), source + off, 1, MAP_R), ERROR);
		CHECK_EQ(move(0, va, source, 1, MAP_R), ERROR);
		CHECK_EQ(move(0, page(0), source + off, 1, MAP_R), ERROR);
		CHECK_EQ(unmap(0, source + off, 1), ERROR);
		CHECK_EQ(protect(0, source + off, 1, MAP_R), ERROR);
		CHECK_EQ(view(va, pool[0].handle), ERROR);
		CHECK_EQ(view(page(0), pool[0].handle + off), -HL_EBADF);
		CHECK_EQ(executor_new(0, va, MAP_RIGHTS), ERROR);
		CHECK_EQ(vas_new(va, 1), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, va, 0x10000000, 1, MAP_IO | MAP_DEVICE | RW), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0x10000000 + off, 1, MAP_IO | MAP_DEVICE | RW),
			 ERROR);
	}
	CHECK_EQ(probe_load(&pool[0], source).cause, NO_FAULT);
}

/* Counts that are 0, too large, or wrap when they become bytes or an end. */
TEST(a_bad_count_is_refused)
{
	static const uint64_t counts[] = {
		0,
		513,
		514,
		1024,
		1UL << 31,
		1UL << 32,
		(1UL << 32) + 1,
		1UL << 51,
		1UL << 52,
		(1UL << 52) + 1,
		1UL << 63,
		(1UL << 63) + 1,
		~(uint64_t)0,
		-(uint64_t)512,
	};

	setup();
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t n = counts[i];

		test_note("count", n);
		CHECK_EQ(map_new(0, page(0), n, RW), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, source, 0, n, MEM | MAP_REPLACE), ERROR);
		CHECK_EQ(share(0, page(0), source, n, MAP_R), ERROR);
		CHECK_EQ(move(0, page(0), source, n, MAP_R), ERROR);
		CHECK_EQ(unmap(0, source, n), ERROR);
		CHECK_EQ(protect(0, source, n, MAP_R), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), pool[0].handle, n, MAP_VIEW | MAP_R), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0x10000000, n, MAP_IO | MAP_DEVICE | RW),
			 ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0, n, MAP_NEW | MAP_EXECUTOR | MAP_X), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0, n, MAP_NEW | MAP_VAS | MAP_X, 1), ERROR);
	}
	*word(source) = 1;
	CHECK_EQ(*word(source), 1);
}

TEST(executors_spaces_and_views_come_one_at_a_time)
{
	setup();
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0, 2, MAP_NEW | MAP_EXECUTOR | MAP_X), ERROR);
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0, 2, MAP_NEW | MAP_VAS | MAP_X, 1), ERROR);
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), pool[0].handle, 2, MAP_VIEW | MAP_R), ERROR);
}

TEST(a_range_that_leaves_the_user_half_is_refused)
{
	setup();
	CHECK_EQ(map_new(0, TOP, 2, RW), ERROR);
	CHECK_EQ(map_new(vas, TOP, 512, RW), ERROR);
	CHECK_EQ(map_new(vas, TOP_OF_USER - 511 * PAGE_SIZE, 512, RW), ERROR);
	CHECK_EQ(unmap(0, TOP, 2), ERROR);
	CHECK_EQ(protect(0, TOP, 2, MAP_R), ERROR);
	CHECK_EQ(share(0, TOP, source, 2, MAP_R), ERROR);
	CHECK_EQ(map_new(vas, TOP_OF_USER, 1, RW), ERROR);
	CHECK_EQ(unmap(vas, TOP_OF_USER, 1), ERROR);
	CHECK_EQ(share(0, page(0), TOP_OF_USER, 1, MAP_R), -HL_EFAULT);
	/* The last page itself is an address as good as any, and so is 0. */
	CHECK_EQ(map_new(vas, TOP, 1, RW), 1);
	CHECK_EQ(map_new(vas, 0, 1, RW), 1);
	/* A source that runs out of it is found out at the page or before. */
	int64_t r = CALL(CALL_MAP, 0, page(0), TOP, 2, MAP_SHARE | MAP_R, 0, vas);
	CHECK(r == 1 || r == -HL_EFAULT);
}

TEST(unknown_operations_and_bits_are_refused)
{
	setup();
	for (uint64_t op = 7; op < 16; op++) {
		test_note("operation", op);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0, 1, op << MAP_OP_SHIFT | RW), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), source, 1, op << MAP_OP_SHIFT), ERROR);
	}
	for (int bit = 14; bit < 64; bit++) {
		uint64_t unknown = 1UL << bit;

		test_note("bit", bit);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0, 1, MEM | unknown), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), source, 1, MAP_SHARE | MAP_R | unknown), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), source, 1, MAP_MOVE | MAP_R | unknown), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, source, 0, 1, MAP_UNMAP | unknown), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, source, 0, 1, MAP_PROTECT | MAP_R | unknown), ERROR);
	}
	CHECK_EQ(probe_store(&pool[0], source, 1).cause, NO_FAULT);
}

/* Hardware would take these for a pointer to a table, or a reserved code. */
TEST(rights_that_hardware_reserves_are_refused)
{
	static const uint64_t bad[] = {
		0, MAP_W, MAP_W | MAP_X, MAP_W | MAP_WX, MAP_W | MAP_X | MAP_WX, MAP_WX};

	setup();
	CHECK_EQ(CALL(CALL_MAP, 0, page(501), 0x10000000, 1, MAP_IO | MAP_DEVICE | RW), -HL_EEXIST);
	CHECK_EQ(CALL(CALL_MAP, 0, page(510), 0x10000000, 1, MAP_IO | MAP_DEVICE | RW), 1);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		test_note("rights", bad[i]);
		CHECK_EQ(map_new(0, page(0), 1, bad[i]), ERROR);
		CHECK_EQ(share(0, page(0), source, 1, bad[i]), ERROR);
		CHECK_EQ(move(0, page(0), source, 1, bad[i]), ERROR);
		CHECK_EQ(protect(0, source, 1, bad[i]), ERROR);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), 0x10000000, 1, MAP_IO | MAP_DEVICE | bad[i]),
			 ERROR);
		CHECK_EQ(share(0, page(0), page(510), 1, MAP_DEVICE | bad[i]), ERROR);
		CHECK_EQ(move(0, page(0), page(510), 1, MAP_DEVICE | bad[i]), ERROR);
		CHECK_EQ(protect(0, page(510), 1, MAP_DEVICE | bad[i]), ERROR);
	}
}

TEST(writable_and_executable_must_be_meant)
{
	setup();
	CHECK_EQ(map_new(0, page(0), 1, RW | MAP_X), ERROR);
	CHECK_EQ(share(0, page(0), source, 1, RW | MAP_X), ERROR);
	CHECK_EQ(map_new(0, page(1), 1, RW | MAP_X | MAP_WX), 1);
	CHECK_EQ(share(0, page(0), page(1), 1, RW | MAP_X), ERROR);
	CHECK_EQ(move(0, page(0), page(1), 1, RW | MAP_X), ERROR);
	CHECK_EQ(protect(0, page(1), 1, RW | MAP_X), ERROR);
	CHECK_EQ(share(0, page(0), page(1), 1, RW | MAP_X | MAP_WX), 1);
	/* The flag is for memory. */
	CHECK_EQ(executor_new(0, page(2), MAP_RIGHTS | MAP_WX), ERROR);
	CHECK_EQ(CALL(CALL_MAP, 0, page(2), 0, 1, MAP_NEW | MAP_VAS | MAP_RIGHTS | MAP_WX, 1),
		 ERROR);
	CHECK_EQ(share(0, page(2), pool[0].handle, 1, MAP_EXECUTOR | MAP_RIGHTS | MAP_WX), ERROR);
	CHECK_EQ(CALL(CALL_MAP, 0, page(2), 0x10000000, 1, MAP_IO | MAP_DEVICE | RW | MAP_WX),
		 ERROR);
}

TEST(arguments_that_mean_nothing_must_be_zero)
{
	setup();
	const uint64_t h = pool[0].handle, p = page(0);
	const struct row rows[] = {
		{"NEW source", ERROR, {0, p, source, 1, MEM}},
		{"NEW source vas", ERROR, {0, p, 0, 1, MEM, 0, vas}},
		{"NEW aux", ERROR, {0, p, 0, 1, MEM, 1}},
		{"NEW executor source", ERROR, {0, p, h, 1, MAP_NEW | MAP_EXECUTOR}},
		{"NEW executor aux", ERROR, {0, p, 0, 1, MAP_NEW | MAP_EXECUTOR, 1}},
		{"NEW executor source vas", ERROR, {0, p, 0, 1, MAP_NEW | MAP_EXECUTOR, 0, vas}},
		{"NEW vas in a vas", ERROR, {vas, p, 0, 1, MAP_NEW | MAP_VAS, 1}},
		{"NEW vas source", ERROR, {0, p, h, 1, MAP_NEW | MAP_VAS, 1}},
		{"NEW vas source vas", ERROR, {0, p, 0, 1, MAP_NEW | MAP_VAS, 1, vas}},
		{"SHARE aux", ERROR, {0, p, source, 1, MAP_SHARE | MAP_R, 1}},
		{"MOVE aux", ERROR, {0, p, source, 1, MAP_MOVE | MAP_R, 1}},
		{"UNMAP source", ERROR, {0, source, p, 1, MAP_UNMAP}},
		{"UNMAP aux", ERROR, {0, source, 0, 1, MAP_UNMAP, 1}},
		{"UNMAP source vas", ERROR, {0, source, 0, 1, MAP_UNMAP, 0, vas}},
		{"UNMAP rights", ERROR, {0, source, 0, 1, MAP_UNMAP | MAP_R}},
		{"UNMAP tag", ERROR, {0, source, 0, 1, MAP_UNMAP | MAP_EXECUTOR}},
		{"PROTECT source", ERROR, {0, source, p, 1, MAP_PROTECT | MAP_R}},
		{"PROTECT aux", ERROR, {0, source, 0, 1, MAP_PROTECT | MAP_R, 1}},
		{"PROTECT source vas", ERROR, {0, source, 0, 1, MAP_PROTECT | MAP_R, 0, vas}},
		{"VIEW source vas", ERROR, {0, p, h, 1, MAP_VIEW | MAP_R, 0, vas}},
		{"VIEW of an executor, aux", ERROR, {0, p, h, 1, MAP_VIEW | MAP_R, 1}},
		{"IO source vas", ERROR, {0, p, 0x10000000, 1, MAP_IO | MAP_DEVICE | RW, 0, vas}},
		{"IO aux", ERROR, {0, p, 0x10000000, 1, MAP_IO | MAP_DEVICE | RW, 1}},
		{"badge of 11 bits", ERROR, {0, p, h, 1, MAP_SHARE | MAP_EXECUTOR, 1 << 10}},
		{"badge with the top bit",
		 ERROR,
		 {0, p, h, 1, MAP_SHARE | MAP_EXECUTOR, 1UL << 63}},
	};

	CHECK_ROWS(rows);
	CHECK_EQ(probe_load(&pool[0], source).cause, NO_FAULT);
}

TEST(replace_goes_only_with_operations_that_put_something_there)
{
	setup();
	const uint64_t h = pool[0].handle, p = page(0);
	const struct row rows[] = {
		{"NEW executor", ERROR, {0, p, 0, 1, MAP_NEW | MAP_EXECUTOR | MAP_REPLACE}},
		{"NEW vas", ERROR, {0, p, 0, 1, MAP_NEW | MAP_VAS | MAP_REPLACE, 1}},
		{"VIEW", ERROR, {0, p, h, 1, MAP_VIEW | MAP_R | MAP_REPLACE}},
		{"UNMAP", ERROR, {0, source, 0, 1, MAP_UNMAP | MAP_REPLACE}},
		{"PROTECT", ERROR, {0, source, 0, 1, MAP_PROTECT | MAP_R | MAP_REPLACE}},
	};

	CHECK_ROWS(rows);
}

TEST(the_tag_must_be_that_of_the_entry)
{
	setup();
	const uint64_t h = pool[0].handle, p = page(0);
	const struct row rows[] = {
		{"NEW device", ERROR, {0, p, 0, 1, MAP_NEW | MAP_DEVICE | RW}},
		{"IO memory", ERROR, {0, p, 0x10000000, 1, MAP_IO | RW}},
		{"IO executor", ERROR, {0, p, 0x10000000, 1, MAP_IO | MAP_EXECUTOR | RW}},
		{"IO vas", ERROR, {0, p, 0x10000000, 1, MAP_IO | MAP_VAS | RW}},
		{"IO executable", ERROR, {0, p, 0x10000000, 1, MAP_IO | MAP_DEVICE | RX}},
		{"VIEW as device", ERROR, {0, p, h, 1, MAP_VIEW | MAP_DEVICE | MAP_R}},
		{"VIEW as executor", ERROR, {0, p, h, 1, MAP_VIEW | MAP_EXECUTOR | MAP_R}},
		{"VIEW without R", ERROR, {0, p, h, 1, MAP_VIEW}},
		{"VIEW W", ERROR, {0, p, h, 1, MAP_VIEW | RW}},
		{"VIEW X", ERROR, {0, p, h, 1, MAP_VIEW | RX}},
		{"VIEW W X", ERROR, {0, p, h, 1, MAP_VIEW | RW | MAP_X | MAP_WX}},
		{"SHARE memory as device",
		 -HL_EBADF,
		 {0, p, source, 1, MAP_SHARE | MAP_DEVICE | MAP_R}},
		{"SHARE memory as executor",
		 -HL_EBADF,
		 {0, p, source, 1, MAP_SHARE | MAP_EXECUTOR | MAP_R}},
		{"SHARE memory as vas", -HL_EBADF, {0, p, source, 1, MAP_SHARE | MAP_VAS | MAP_R}},
		{"MOVE memory as vas", -HL_EBADF, {0, p, source, 1, MAP_MOVE | MAP_VAS | MAP_R}},
		{"SHARE executor as memory", -HL_EBADF, {0, p, h, 1, MAP_SHARE | MAP_R}},
		{"SHARE executor as vas", -HL_EBADF, {0, p, h, 1, MAP_SHARE | MAP_VAS | MAP_R}},
		{"MOVE executor as memory", -HL_EBADF, {0, p, h, 1, MAP_MOVE | MAP_R}},
		{"SHARE vas as executor",
		 -HL_EBADF,
		 {0, p, vas, 1, MAP_SHARE | MAP_EXECUTOR | MAP_R}},
		{"SHARE vas as memory", -HL_EBADF, {0, p, vas, 1, MAP_SHARE | MAP_R}},
		{"PROTECT memory as device",
		 -HL_EBADF,
		 {0, source, 0, 1, MAP_PROTECT | MAP_DEVICE | MAP_R}},
		{"PROTECT memory as executor",
		 -HL_EBADF,
		 {0, source, 0, 1, MAP_PROTECT | MAP_EXECUTOR}},
		{"PROTECT executor as memory", -HL_EBADF, {0, h, 0, 1, MAP_PROTECT | MAP_R}},
		{"PROTECT vas as executor", -HL_EBADF, {0, vas, 0, 1, MAP_PROTECT | MAP_EXECUTOR}},
		{"VIEW of memory", -HL_EBADF, {0, p, source, 1, MAP_VIEW | MAP_R}},
	};

	CHECK_ROWS(rows);
	CHECK_EQ(wake(h), 0);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(more_rights_than_the_source_has_are_refused)
{
	setup();
	CHECK_EQ(map_new(0, page(1), 1, MAP_R), 1);
	CHECK_EQ(map_new(0, page(2), 1, MAP_X), 1);
	const uint64_t ro = page(1), xo = page(2), p = page(0);
	const struct row rows[] = {
		{"SHARE R as RW", -HL_EPERM, {0, p, ro, 1, MAP_SHARE | RW}},
		{"SHARE R as X", -HL_EPERM, {0, p, ro, 1, MAP_SHARE | MAP_X}},
		{"SHARE R as RX", -HL_EPERM, {0, p, ro, 1, MAP_SHARE | RX}},
		{"SHARE RW as RX", -HL_EPERM, {0, p, source, 1, MAP_SHARE | RX}},
		{"SHARE RW as RWX", -HL_EPERM, {0, p, source, 1, MAP_SHARE | RW | MAP_X | MAP_WX}},
		{"SHARE X as R", -HL_EPERM, {0, p, xo, 1, MAP_SHARE | MAP_R}},
		{"MOVE R as RW", -HL_EPERM, {0, p, ro, 1, MAP_MOVE | RW}},
		{"MOVE RW as X", -HL_EPERM, {0, p, source, 1, MAP_MOVE | MAP_X}},
		{"PROTECT R to RW", -HL_EPERM, {0, ro, 0, 1, MAP_PROTECT | RW}},
		{"PROTECT R to X", -HL_EPERM, {0, ro, 0, 1, MAP_PROTECT | MAP_X}},
		{"PROTECT RW to RX", -HL_EPERM, {0, source, 0, 1, MAP_PROTECT | RX}},
		{"PROTECT X to RX", -HL_EPERM, {0, xo, 0, 1, MAP_PROTECT | RX}},
	};

	CHECK_ROWS(rows);
	CHECK_EQ(probe_rights(&pool[0], ro), MAP_R);
	CHECK_EQ(probe_load(&pool[0], xo).cause, LOAD_FAULT);
}

TEST(holes_are_no_source)
{
	setup();
	const struct row rows[] = {
		{"SHARE", -HL_EFAULT, {0, page(0), page(1), 1, MAP_SHARE | MAP_R}},
		{"SHARE no table", -HL_EFAULT, {0, page(0), FAR_HOLE, 1, MAP_SHARE | MAP_R}},
		{"SHARE executor", -HL_EFAULT, {0, page(0), page(1), 1, MAP_SHARE | MAP_EXECUTOR}},
		{"SHARE from another",
		 -HL_EFAULT,
		 {0, page(0), page(1), 1, MAP_SHARE | MAP_R, 0, vas}},
		{"MOVE", -HL_EFAULT, {0, page(0), page(1), 1, MAP_MOVE | MAP_R}},
		{"MOVE from another",
		 -HL_EFAULT,
		 {0, page(0), page(1), 1, MAP_MOVE | MAP_R, 0, vas}},
		{"PROTECT", -HL_EFAULT, {0, page(1), 0, 1, MAP_PROTECT | MAP_R}},
		{"PROTECT no table", -HL_EFAULT, {0, FAR_HOLE, 0, 1, MAP_PROTECT | MAP_R}},
		{"PROTECT another's", -HL_EFAULT, {vas, page(1), 0, 1, MAP_PROTECT | MAP_R}},
	};

	CHECK_ROWS(rows);
}

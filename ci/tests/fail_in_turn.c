/* SPDX-License-Identifier: MIT
 *
 * Each allocation fails in turn.  A frame is charged to a budget before it is taken, so a
 * space with a budget of n is an allocator that fails at the n + 1st.  For n from 0 on until
 * it succeeds: each operation that allocates does exactly as much as that allows, undoes
 * the rest, and what it then leaves of the budget can be had to the last frame.
 * stay where they are: tables, as long as their space.
 */
#include "kit.h"

extern char _start[], _end[];

/* Spaces have this program's image, and so these tables. */
#define IMAGE     ((uint64_t)_start)
#define REST      (RT_PROGRAM_LOW & -LARGE_SIZE) /* before the image, in its table */
#define GIGA      (1UL << 30)
#define TERA_HALF (1UL << 39)

#define BUDGET 5 /* of a space that is made in a space */

enum kind {
	MEMORY,
	LARGE,
	SHARED,
	MOVED,
	CAP,
	SPACE_CAP,
	VIEW,
	TABLE_VIEW,
	DEVICE,
	EXECUTOR,
	SPACE
};

static struct {
	uint64_t vas;
	struct worker *w; /* in it */
	uint64_t va, count;
	enum kind kind;
} op;

/* --- what it takes ----------------------------------------------------------------- */

static unsigned leaf_shift(void)
{
	return op.kind == LARGE ? 21 : 12;
}

/* Tables that the leaf at va needs and the one before it, in the image or below, doesn't. */
static uint64_t tables(uint64_t va, uint64_t before)
{
	uint64_t n = 0;

	for (unsigned shift = leaf_shift() + 9; shift <= (SV48 ? 39 : 30); shift += 9)
		n += va >> shift != IMAGE >> shift && va >> shift != before >> shift;
	return n;
}

static uint64_t leaf_frames(void)
{
	return op.kind == MEMORY ? 1 : op.kind == LARGE ? LARGE_PAGES : 0;
}

struct outcome {
	int64_t result;
	uint64_t left; /* of the budget */
};

static struct outcome expected(uint64_t n)
{
	uint64_t first = op.kind == EXECUTOR ? 1 : op.kind == SPACE ? 1 + BUDGET : 0;
	uint64_t left = n, before = IMAGE;

	if (left < first)
		return (struct outcome){-HL_ENOMEM, left};
	left -= first;
	for (uint64_t i = 0; i < op.count; i++) {
		uint64_t va = op.va + (i << leaf_shift()), need = tables(va, before);
		int64_t result = i != 0 ? (int64_t)i : -HL_ENOMEM;

		if (left < need) /* those that were made stay */
			return (struct outcome){result, first};
		left -= need;
		if (left < leaf_frames())
			return (struct outcome){result, left};
		left -= leaf_frames();
		before = va;
	}
	return (struct outcome){(int64_t)op.count, left};
}

/* --- doing it ---------------------------------------------------------------------- */

#define MAP_IN_IT(va, attr, aux) CALL_IN(op.w, CALL_MAP, 0, va, 0, 1, attr, aux)
#define MAP_INTO(src, attr, aux) CALL(CALL_MAP, op.vas, op.va, src, op.count, attr, aux)

static int64_t doit(void)
{
	switch (op.kind) {
	case MEMORY:
		return map_new(op.vas, op.va, op.count, RW);
	case LARGE:
		return large_new(op.vas, op.va, op.count, RW);
	case SHARED:
		return MAP_INTO(page(0), MAP_SHARE | RW, 0);
	case MOVED:
		return MAP_INTO(page(0), MAP_MOVE | RW, 0);
	case CAP:
		return MAP_INTO(pool[0].handle, MAP_SHARE | MAP_EXECUTOR | MAP_X, 7);
	case SPACE_CAP:
		return MAP_INTO(page(600), MAP_SHARE | MAP_VAS | MAP_W, 0);
	case VIEW:
		return MAP_INTO(pool[0].handle, MAP_VIEW | MAP_R, 0);
	case TABLE_VIEW:
		return MAP_INTO(0, MAP_VIEW | MAP_R, ARENA);
	case DEVICE:
		return MAP_INTO(0x10000000, MAP_IO | MAP_DEVICE | RW, 0);
	case EXECUTOR:
		return MAP_IN_IT(op.va, MAP_NEW | MAP_EXECUTOR | MAP_RIGHTS, 0);
	case SPACE:
		return MAP_IN_IT(op.va, MAP_NEW | MAP_VAS | MAP_RIGHTS, BUDGET);
	}
	return 0;
}

/* Is anything there?  Nothing has all these rights, so nothing changes. */
static bool is_hole(uint64_t vas, uint64_t va)
{
	uint64_t attr = MAP_RIGHTS | MAP_WX | (op.kind == LARGE ? MAP_LARGE : 0);

	return protect(vas, va, 1, attr) == -HL_EFAULT;
}

/* What is left in the space's budget; page by page, as any other user would. */
static uint64_t budget_left(void)
{
	uint64_t n = 0;
	int64_t r;

	while ((r = map_new(op.vas, REST + n * PAGE_SIZE, 120 - n, RW)) > 0)
		n += (uint64_t)r;
	CHECK(n == 120 || r == -HL_ENOMEM);
	CHECK_EQ(unmap(op.vas, REST, 120), 120);
	return n;
}

/* What has to wait for a grace period comes back in calls like this. */
static bool budget_left_is(uint64_t want)
{
	stop(pool[0].handle, 0);
	return budget_left() == want;
}

static void check_undone(uint64_t done)
{
	for (uint64_t i = 0; i < op.count; i++) {
		CHECK_EQ(is_hole(op.vas, op.va + (i << leaf_shift())), i >= done);
		if (op.kind == MOVED)
			CHECK_EQ(is_hole(0, page((unsigned)i)), i < done);
		if (op.kind == SHARED)
			CHECK(!is_hole(0, page((unsigned)i)));
	}
	/* The one that failed to get a place, or whose place was taken. */
	if (op.kind == EXECUTOR && done == 0)
		AWAIT(MAP_IN_IT(REST, MAP_NEW | MAP_EXECUTOR | MAP_RIGHTS, 0) == 1);
}

static bool with_budget(uint64_t n)
{
	uint64_t before = INFO->free_pages;
	struct outcome want = expected(n);
	int64_t got;

	op.vas = space_new(IMAGE_TABLES + 1 + n);
	op.w = worker_new(op.vas);
	if (op.kind == SHARED || op.kind == MOVED)
		CHECK_EQ(map_new(0, page(0), op.count, RW), op.count);
	if (op.kind == SPACE_CAP)
		CHECK_EQ(vas_new(page(600), 3), 1);
	test_note("budget", n);
	CHECK_EQ(got = doit(), want.result);
	AWAIT(budget_left_is(want.left > 120 ? 120 : want.left));
	if (op.kind != EXECUTOR || n != 0)
		check_undone(got > 0 ? (uint64_t)got : 0);
	/* It starts and ends with whatever there is. */
	run(op.w, work_nothing, 5);
	CHECK_EQ(join(op.w), 5);
	vas_stop(op.vas);
	kit_reset();
	CHECK_FRAMES(before);
	return got == (int64_t)op.count;
}

/* Every budget from `from` on, until all of it is done; once more with too much. */
static void in_turn(enum kind kind, uint64_t va, uint64_t count, uint64_t from)
{
	uint64_t n = from;

	CHECK((uint64_t)_end <= REST + LARGE_SIZE);
	op.kind = kind;
	op.va = va;
	op.count = count;
	while (!with_budget(n))
		n++;
	CHECK(with_budget(n + 1));
}

/* Places with fewer and fewer tables on their way, the last with none below the root. */
static void in_places(enum kind kind)
{
	in_turn(kind, REST + 124 * PAGE_SIZE, 1, 0);
	in_turn(kind, IMAGE + 4 * LARGE_SIZE, 1, 0);
	in_turn(kind, ARENA + GIGA, 1, 0);
	in_turn(kind, TOP_OF_USER - PAGE_SIZE, 1, 0);
}

/* The first few leaves are before the border of tables, the others behind it. */
static void over_borders(enum kind kind, uint64_t count)
{
	uint64_t back = count / 2 * PAGE_SIZE;

	in_turn(kind, ARENA + LARGE_SIZE - back, count, 0);
	in_turn(kind, ARENA + GIGA - back, count, 0);
	if (SV48)
		in_turn(kind, 3 * TERA_HALF - back, count, 0);
}

/* --- cases --------------------------------------------------------------------------- */

TEST(new_memory_takes_what_there_is)
{
	in_places(MEMORY);
	over_borders(MEMORY, 2);
	over_borders(MEMORY, 11);
}

TEST(much_new_memory_takes_what_there_is)
{
	/* Runs of frames: of 64, and what halves of them are. */
	for (uint64_t n = 0; n < 120; n += 17) {
		op.kind = MEMORY;
		op.va = ARENA + LARGE_SIZE - 256 * PAGE_SIZE;
		op.count = 512;
		CHECK(!with_budget(n));
	}
	in_turn(MEMORY, ARENA + LARGE_SIZE - 256 * PAGE_SIZE, 512, 511);
}

/* Large leaves that there are frames for. */
static uint64_t all_large(void)
{
	uint64_t n = 0;

	while (large_new(0, LARGE_AREA + n * LARGE_SIZE, 1, RW) == 1)
		n++;
	CHECK_EQ(large_unmap(0, LARGE_AREA, n), n);
	return n;
}

TEST(large_memory_is_all_or_nothing)
{
	static const uint64_t at[] = {4 * GIGA, 8 * LARGE_SIZE};
	uint64_t before = all_large();

	for (unsigned i = 0; i < 3; i++) {
		op.kind = LARGE;
		op.va = i < 2 ? at[i] : TOP_OF_USER - LARGE_SIZE;
		op.count = 1;
		for (uint64_t n = 0; n < 5; n++)
			CHECK(!with_budget(n));
		in_turn(LARGE, op.va, 1, 511);
	}
	/* Blocks aren't lost.  A few may have a hart's frames in them by now. */
	CHECK(all_large() + harts() >= before);
}

TEST(shared_memory_needs_tables_only)
{
	in_places(SHARED);
	over_borders(SHARED, 6);
}

TEST(moved_memory_is_on_one_side)
{
	in_places(MOVED);
	over_borders(MOVED, 6);
}

TEST(capabilities_need_tables_only)
{
	in_places(CAP);
	in_places(SPACE_CAP);
}

TEST(views_need_tables_only)
{
	in_places(VIEW);
	in_places(TABLE_VIEW);
}

TEST(devices_need_tables_only)
{
	in_places(DEVICE);
	over_borders(DEVICE, 4);
}

TEST(a_new_executor_without_a_place_is_there_for_the_next)
{
	in_places(EXECUTOR);
}

TEST(a_new_space_without_a_place_gives_back_its_budget)
{
	in_places(SPACE);
}

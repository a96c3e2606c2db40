/* SPDX-License-Identifier: MIT
 *
 * Families of spaces, each made and paid for by the one above it, in which everybody has
 * capabilities on everybody else, on their executors, and views of those and of their
 * tables; and their executors keep each other in a ring.  When the first one goes, all of
 * it does.
 */
#include "kit.h"

#define MEMBERS     15
#define EACH        70 /* budget, for itself */
#define STACK_SIZE  1024
#define AT_CHILD(n) page(50 + 2 * ((n)&1)) /* in its parent; then its executor */
#define AT_SPACE(n) page(100 + (n))
#define AT_EXEC(n)  page(150 + (n))
#define AT_VIEW(n)  page(200 + (n))
#define AT_TABLE(n) page(250 + (n))
#define SEEN        page(900)

static char stacks[MEMBERS + 1][STACK_SIZE] __attribute__((aligned(16)));
static unsigned members, fan; /* how many a member has below it: 1 or 2 */
static volatile uint64_t born;
static uint64_t space[MEMBERS + 1], exec[MEMBERS + 1]; /* handles in the first VAS; from 1 */
static const volatile struct executor *seen[MEMBERS + 1];

static unsigned parent(unsigned n)
{
	return fan == 1 ? n - 1 : n / 2;
}

static uint64_t budget(unsigned n)
{
	uint64_t sum = EACH;

	for (unsigned child = n + 1; child <= members; child++)
		if (parent(child) == n)
			sum += budget(child);
	return sum;
}

static int64_t start_in(uint64_t handle, unsigned n, work *fn, uint64_t keeper)
{
	struct entry_frame *entry = (struct entry_frame *)(stacks[n] + STACK_SIZE) - 1;

	*entry = (struct entry_frame){fn, NULL};
	return start_kept(handle, (uint64_t)entry_work, (uint64_t)entry, n, keeper, 1UL << n);
}

/* Runs in member n's space: makes those below it, and they theirs. */
static uint64_t grow(uint64_t n)
{
	CHECK_EQ(map_new(0, page(0), 20, RW), 20);
	for (unsigned child = (unsigned)n + 1; child <= members; child++) {
		uint64_t at = AT_CHILD(child);

		if (parent(child) != n)
			continue;
		CHECK_EQ(vas_new(at, budget(child)), 1);
		space_fill(at);
		CHECK_EQ(executor_new(at, at + PAGE_SIZE, MAP_RIGHTS), 1);
		CHECK_EQ(start_in(at + PAGE_SIZE, child, grow, 0), 0);
	}
	__atomic_add_fetch(&born, 1, __ATOMIC_RELEASE);
	return 0;
}

static int64_t take_from(uint64_t vas, uint64_t at, uint64_t from, uint64_t tag)
{
	return CALL(CALL_MAP, 0, at, from, 1, MAP_SHARE | MAP_RIGHTS | tag, 0, vas);
}

static void family(unsigned n, unsigned below)
{
	members = n;
	fan = below;
	born = 0;
	for (unsigned i = 1; i <= members; i++) {
		space[i] = slot();
		exec[i] = slot();
	}
	CHECK_EQ(vas_new(space[1], budget(1)), 1);
	space_fill(space[1]);
	CHECK_EQ(executor_new(space[1], exec[1], MAP_RIGHTS), 1);
	CHECK_EQ(start_in(exec[1], 1, grow, 0), 0);
	AWAIT(born == members);
	for (unsigned i = 1; i <= members; i++) {
		uint64_t view_va = slot();

		if (i > 1) {
			CHECK_EQ(take_from(space[parent(i)], space[i], AT_CHILD(i), MAP_VAS), 1);
			CHECK_EQ(take_from(space[parent(i)], exec[i], AT_CHILD(i) + PAGE_SIZE,
					   MAP_EXECUTOR),
				 1);
		}
		CHECK_EQ(view(view_va, exec[i]), 1);
		seen[i] = executor_of(view_va);
		AWAIT(seen[i]->state == EX_STOPPED);
	}
}

/* What n is and has, for i. */
static void introduce(unsigned n, unsigned i)
{
	CHECK_EQ(share(space[i], AT_EXEC(n), exec[n], 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	CHECK_EQ(view(SEEN, exec[n]), 1);
	CHECK_EQ(move(space[i], AT_VIEW(n), SEEN, 1, MAP_R), 1);
	CHECK_EQ(view_table(SEEN, space[n], page(0), i % TABLES_DEEP), 1);
	CHECK_EQ(move(space[i], AT_TABLE(n), SEEN, 1, MAP_R), 1);
	CHECK_EQ(CALL(CALL_MAP, space[i], page(300 + n), page(n), 1, MAP_SHARE | RW, 0, space[n]),
		 1);
	if (i != n)
		CHECK_EQ(share(space[i], AT_SPACE(n), space[n], 1, MAP_VAS | MAP_RIGHTS), 1);
}

static uint64_t take_own_space_down(uint64_t code)
{
	park();
	CALL(CALL_STOP | STOP_VAS, 0, code);
	return 0;
}

/* All know all, and each is the keeper of the one before it. */
static void entangle(work *then)
{
	for (unsigned n = 1; n <= members; n++)
		for (unsigned i = 1; i <= members; i++)
			introduce(n, i);
	for (unsigned n = 1; n <= members; n++)
		CHECK_EQ(start_in(exec[n], n, then, exec[n % members + 1]), 0);
	for (unsigned n = 1; n <= members; n++)
		AWAIT((seen[n]->state & EX_LIFE) == EX_PARKED);
}

/* The first VAS keeps only its capability on the first one. */
static void forget_the_rest(void)
{
	for (uint64_t at = CAPS; at <= ((uint64_t)seen[members] & -PAGE_SIZE); at += PAGE_SIZE)
		if (at != space[1])
			CHECK_EQ(unmap(0, at, 1), 1);
}

static void check_gone(uint64_t before)
{
	for (unsigned n = 1; n <= members; n++) {
		int64_t r = stop(space[n], 0);

		CHECK(r == 0 || r == -HL_EAGAIN || r == -HL_EBADF);
	}
	kit_reset();
	CHECK_FRAMES(before);
}

#define FAMILIES(n, below)                                                                         \
	for (unsigned n = 2, below = 1; n <= MEMBERS; n += below == 2 ? 5 : 0, below = 3 - below)

TEST(families_go_with_the_first)
{
	FAMILIES(n, below)
	{
		uint64_t before = INFO->free_pages;

		test_note("members", n);
		family(n, below);
		entangle(work_park_forever);
		forget_the_rest();
		vas_stop(space[1]);
		check_gone(before);
	}
}

/* Those below it only know each other: nobody can reach them. */
TEST(families_that_nobody_knows_go_with_the_first)
{
	FAMILIES(n, below)
	{
		uint64_t before = INFO->free_pages;

		test_note("members", n);
		family(n, below);
		entangle(work_park_forever);
		for (unsigned i = 1; i <= members; i++)
			AWAIT(stop(exec[i], 0) == 0);
		CHECK_EQ(unmap(space[1], page(50), 4), 4);
		CHECK_EQ(unmap(space[1], page(100), 200), 200);
		forget_the_rest();
		vas_stop(space[1]);
		check_gone(before);
	}
}

TEST(families_go_from_the_middle)
{
	FAMILIES(n, below)
	{
		uint64_t before = INFO->free_pages;

		test_note("members", n);
		family(n, below);
		entangle(work_park_forever);
		for (unsigned i = n / 2 + 1; i >= 1; i--)
			vas_stop(space[i]);
		check_gone(before);
	}
}

/* Each takes itself down, all at once. */
TEST(families_end_themselves)
{
	FAMILIES(n, below)
	{
		uint64_t before = INFO->free_pages;

		test_note("members", n);
		family(n, below);
		entangle(take_own_space_down);
		for (unsigned i = 1; i <= n; i++)
			wake(exec[i]);
		for (unsigned i = 1; i <= n; i++)
			AWAIT(seen[i]->state == EX_STOPPED);
		forget_the_rest();
		vas_stop(space[1]);
		check_gone(before);
	}
}

static uint64_t stop_some(uint64_t me)
{
	for (unsigned i = 1; i <= members; i++) {
		unsigned n = me % 2 ? i : members + 1 - i;

		while (stop(space[n], 0) != 0)
			yield();
	}
	return 0;
}

/* And all are taken down by several, from both ends. */
TEST(families_are_taken_down_by_several)
{
	FAMILIES(n, below)
	{
		uint64_t before = INFO->free_pages;

		test_note("members", n);
		family(n, below);
		entangle(work_park_forever);
		for (unsigned i = 0; i < 4; i++)
			run_on_hart(&pool[i], stop_some, i, i % harts());
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(join(&pool[i]), 0);
		check_gone(before);
	}
}

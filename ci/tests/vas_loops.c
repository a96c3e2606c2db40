/* SPDX-License-Identifier: MIT
 *
 * Several executors, on all harts, make spaces, give each other everything that can be had
 * of them, and drop or stop them, all in a space of their own.  What each call finds is
 * open; that nothing is left when that space goes, is not.
 */
#include "kit.h"

#include <stdio.h>

#define LOOPERS    6
#define BUDGET     40
#define OF(n)      page(600 + 8 * (n)) /* the space that looper n has made */
#define EXEC_OF(n) (OF(n) + PAGE_SIZE)
#define SEEN_OF(n) (OF(n) + 2 * PAGE_SIZE)
#define INSIDE     64 /* pages, in each, of what comes from others */

static volatile uint64_t made, seen, shared;
static uint64_t seed;

static void count(volatile uint64_t *what, int64_t result)
{
	if (result > 0)
		__atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

/* It may have been there or not, and may be dying. */
static int64_t try_map(uint64_t vas, uint64_t va, uint64_t src, uint64_t attr, uint64_t aux,
		       uint64_t from)
{
	int64_t r = CALL(CALL_MAP, vas, va, src, 1, attr, aux, from);

	CHECK(r == 1 || r == -HL_EEXIST || r == -HL_EFAULT || r == -HL_EBADF || r == -HL_ESRCH ||
	      r == -HL_ENOMEM || r == -HL_EINVAL);
	return r;
}

static void give(struct random *dice, unsigned me)
{
	unsigned other = random_below(dice, LOOPERS), n = random_below(dice, INSIDE);
	uint64_t to = page(32 + n), seen_at = SEEN_OF(me), level = random_below(dice, TABLES_DEEP);

	switch (random_below(dice, 7)) {
	case 0:
		count(&shared,
		      try_map(OF(other), to, OF(me), MAP_SHARE | MAP_VAS | MAP_RIGHTS, 0, 0));
		break;
	case 1:
		count(&shared, try_map(OF(me), to, EXEC_OF(other),
				       MAP_SHARE | MAP_EXECUTOR | MAP_RIGHTS, 0, 0));
		break;
	case 2:
		/* A table, seen from another space, and from here. */
		count(&seen, try_map(OF(me), to, OF(other), MAP_VIEW | MAP_R, page(0) | level, 0));
		count(&seen, try_map(0, seen_at, OF(other), MAP_VIEW | MAP_R, page(0) | level, 0));
		break;
	case 3:
		/* Whatever of memory or views is there, out of one into another. */
		count(&shared, try_map(OF(me), to, page(random_below(dice, 32 + INSIDE)),
				       MAP_SHARE | MAP_R, 0, OF(other)));
		break;
	case 4:
		count(&shared, try_map(0, seen_at, page(random_below(dice, 32 + INSIDE)),
				       MAP_SHARE | MAP_R | MAP_REPLACE, 0, OF(other)));
		break;
	case 5:
		count(&shared, try_map(OF(me), to, page(random_below(dice, 32)),
				       MAP_MOVE | MAP_R | MAP_REPLACE, 0, OF(other)));
		break;
	default:
		try_map(OF(other), to, EXEC_OF(me), MAP_VIEW | MAP_R, 0, 0);
		start_kept(EXEC_OF(me), FAR_HOLE, 0, 0, EXEC_OF(other), 1);
	}
}

static uint64_t loop(uint64_t me)
{
	struct random dice = {seed + me * 0x9e3779b97f4a7c15};

	for (unsigned round = 0; round < rounds(160); round++) {
		int64_t r = vas_new(OF(me), BUDGET);

		if (r != 1) {
			CHECK_EQ(r, -HL_ENOMEM); /* too many that only name each other */
			return 0;
		}
		count(&made, r);
		r = map_new(OF(me), page(0), 16, RW);
		CHECK(r == 16 || r == -HL_ENOMEM);
		try_map(OF(me), EXEC_OF(me), 0, MAP_NEW | MAP_EXECUTOR | MAP_RIGHTS, 0, 0);
		for (unsigned i = random_below(&dice, 30); i != 0; i--)
			give(&dice, (unsigned)me);
		if (random_below(&dice, 4) != 0)
			stop(OF(me), 0);
		if (random_below(&dice, 4) == 0)
			yield();
		CHECK_EQ(unmap(0, OF(me), 3), 3);
	}
	return 0;
}

TEST(nothing_is_left_of_spaces_made_in_loops)
{
	uint64_t before = INFO->free_pages, vas = space_new(12000);
	struct worker *w[LOOPERS];

	seed = test_setting("seed", test_time() & 0xffffff);
	printf("  seed=%lu\n", seed);
	made = seen = shared = 0;
	for (unsigned i = 0; i < LOOPERS; i++)
		w[i] = worker_new(vas);
	for (unsigned i = 0; i < LOOPERS; i++)
		run_on_hart(w[i], loop, i, i % harts());
	for (unsigned i = 0; i < LOOPERS; i++)
		CHECK_EQ(join(w[i]), 0);
	CHECK(made > 0 && seen > 0 && shared > 0);
	vas_stop(vas);
	kit_reset();
	CHECK_FRAMES(before);
}

/* --- while it dies ---------------------------------------------------------------------- */

static uint64_t victim;
static volatile bool over;

/* Takes what it can out of the victim: its tables, views of them that are in it, and its
 * memory; and drops it, in another order. */
static uint64_t rob(uint64_t me)
{
	unsigned at = 500 + 16 * (unsigned)me;

	while (!over) {
		int64_t r = 0;

		for (unsigned i = 0; i < 4; i++) {
			r = try_map(0, page(at + i), victim, MAP_VIEW | MAP_R,
				    page(0) | i % TABLES_DEEP, 0);
			count(&seen, r);
			count(&shared, try_map(0, page(at + 4 + i), page(40 + i), MAP_SHARE | MAP_R,
					       0, victim));
			count(&shared,
			      try_map(0, page(at + 8 + i), page(i), MAP_MOVE | RW, 0, victim));
		}
		if (r == -HL_ESRCH || r == -HL_EBADF)
			yield();
		CHECK_EQ(unmap(0, page(at + 8), 4), 4);
		CHECK_EQ(unmap(0, page(at), 8), 8);
	}
	return 0;
}

TEST(a_dying_space_is_robbed)
{
	uint64_t before = INFO->free_pages;

	victim = slot();
	over = false;
	seen = shared = 0;
	for (unsigned i = 0; i < 4; i++)
		run_on_hart(&pool[i], rob, i, i % harts());
	for (unsigned round = 0; round < rounds(100); round++) {
		uint64_t some = seen;

		CHECK_EQ(vas_new(victim, 100), 1);
		CHECK_EQ(map_new(victim, page(0), 30, RW), 30);
		/* Views in the space that they show. */
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ(CALL(CALL_MAP, victim, page(40 + i), victim, 1, MAP_VIEW | MAP_R,
				      page(0) | i % TABLES_DEEP),
				 1);
		AWAIT(seen > some + 2);
		if (round % 3 == 0)
			vas_stop(victim); /* else it goes with its last name */
		CHECK_EQ(unmap(0, victim, 1), 1);
	}
	over = true;
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(join(&pool[i]), 0);
	CHECK(shared > 0);
	kit_reset();
	CHECK_FRAMES(before);
}

/* SPDX-License-Identifier: MIT
 *
 * Each resource is used up by a space that goes on then, with what it has, and in the end
 * gives all of it back; the bystander notices nothing.
 */
#include "hostile.h"

#define BUDGET 80
#define AREA   (ARENA + 0x40000000) /* of the hostile space */
#define HELD   512                  /* slots for what it makes */

static uint64_t held(uint64_t i)
{
	return AREA + i * PAGE_SIZE;
}

/* Nothing more can be had, of whatever kind. */
static void check_nothing_left(uint64_t n)
{
	CHECK_EQ(map_new(0, held(n), 1, RW), -HL_ENOMEM);
	CHECK_EQ(map_new(0, held(n), 7, RW), -HL_ENOMEM);
	CHECK_EQ(executor_new(0, held(n), MAP_RIGHTS), -HL_ENOMEM);
	CHECK_EQ(vas_new(held(n), 0), -HL_ENOMEM);
	CHECK_EQ(large_new(0, large(0), 1, RW), -HL_ENOMEM);
	/* A share needs a table there, for which there is nothing. */
	CHECK_EQ(share(0, FAR_HOLE, (uint64_t)entry_work & -PAGE_SIZE, 1, MAP_R), -HL_ENOMEM);
}

/* One frame more, and it is one that works. */
static void check_one_left(uint64_t n)
{
	AWAIT(map_new(0, held(n), 1, RW) == 1);
	CHECK_EQ(word(held(n))[5], 0);
	word(held(n))[5] = n;
	CHECK_EQ(word(held(n))[5], n);
	CHECK_EQ(unmap(0, held(n), 1), 1);
}

static uint64_t eat_memory(uint64_t arg)
{
	uint64_t n = 0;

	while (map_new(0, held(n), 1, RW) == 1)
		n++;
	CHECK(n > BUDGET / 2);
	check_nothing_left(n);
	CHECK_EQ(unmap(0, held(n - 1), 1), 1);
	check_one_left(n - 1);
	CHECK_EQ(unmap(0, held(0), HELD), HELD);
	return arg;
}

/* They come again when all that named them are gone, and somebody has done the work. */
static void give_back(void)
{
	CHECK_EQ(unmap(0, held(0), HELD - 1), HELD - 1);
	for (unsigned i = 0; i < 100; i++) {
		stop(FAR_HOLE, 0);
		yield();
	}
}

/* No stack: parks for ever. */
__attribute__((naked)) static void sit(void)
{
	__asm__("1:	li	a0, 0\n\t"
		"li	a6, 0\n\t"
		"li	a7, %0\n\t"
		"ecall\n\t"
		"j	1b"
		:
		: "i"(CALL_PARK));
}

static uint64_t eat_executors(uint64_t arg)
{
	uint64_t n = 0;

	CHECK_EQ(map_new(0, held(HELD - 1), 1, RW), 1);
	while (executor_new(0, held(n), MAP_RIGHTS) == 1)
		n++;
	CHECK(n > BUDGET / 2);
	CHECK_EQ(executor_new(0, held(n), MAP_RIGHTS), -HL_ENOMEM);
	CHECK_EQ(map_new(0, held(n), 1, RW), -HL_ENOMEM);
	for (uint64_t i = 0; i < n; i++)
		CHECK_EQ(start(held(i), (uint64_t)sit, 0, 0), 0);
	for (unsigned round = 0; round < 10; round++)
		for (uint64_t i = 0; i < n; i++)
			CHECK(wake(held(i)) >= 0);
	for (uint64_t i = 0; i < n; i++)
		AWAIT(stop(held(i), i) == 0);
	give_back();
	/* Its page is for whatever comes next. */
	for (uint64_t i = 0; i < n; i++)
		AWAIT(i % 2 ? executor_new(0, held(i), MAP_RIGHTS) == 1
			    : map_new(0, held(i), 1, RW) == 1);
	CHECK_EQ(executor_new(0, held(n), MAP_RIGHTS), -HL_ENOMEM);
	give_back();
	CHECK_EQ(unmap(0, held(HELD - 1), 1), 1);
	check_one_left(0);
	return arg;
}

static uint64_t eat_spaces(uint64_t arg)
{
	uint64_t n = 0;

	CHECK_EQ(vas_new(held(0), ~(uint64_t)0), -HL_ENOMEM);
	CHECK_EQ(vas_new(held(0), 1UL << 63), -HL_ENOMEM);
	CHECK_EQ(vas_new(held(0), 1UL << 52), -HL_ENOMEM);
	CHECK_EQ(vas_new(held(0), (1UL << 52) - 1), -HL_ENOMEM);
	CHECK_EQ(vas_new(held(0), BUDGET), -HL_ENOMEM);
	CHECK_EQ(map_new(0, held(0), 1, RW), 1);
	CHECK_EQ(unmap(0, held(0), 1), 1);
	for (unsigned round = 0; round < 3; round++) {
		for (n = 0; vas_new(held(n), 0) == 1; n++) {
			CHECK_EQ(map_new(held(n), page(0), 1, RW), -HL_ENOMEM);
			CHECK_EQ(executor_new(held(n), held(n + 1), MAP_RIGHTS), -HL_ENOMEM);
		}
		test_note("spaces", n);
		CHECK(n > BUDGET / 2);
		check_nothing_left(n);
		for (uint64_t i = 0; i < n; i += 2)
			AWAIT(stop(held(i), 0) == 0);
		give_back();
		/* One call may get some of it. */
		AWAIT(map_new(0, held(0), n, RW) == (int64_t)n || unmap(0, held(0), n) < 0);
		CHECK_EQ(unmap(0, held(0), n), n);
	}
	return arg;
}

/* The last: tables stay. */
static uint64_t eat_tables(uint64_t arg)
{
	uint64_t n = 0, last;

	CHECK_EQ(map_new(0, held(0), 1, RW), 1);
	CHECK_EQ(map_new(0, held(1), 1, RW), 1);
	for (last = AREA; share(0, last + LARGE_SIZE, held(0), 1, RW) == 1; last += LARGE_SIZE)
		n++;
	CHECK(n > BUDGET / 2);
	check_nothing_left(2);
	CHECK_EQ(unmap(0, held(1), 1), 1);
	check_one_left(1);
	/* One page, in as many places. */
	*word(held(0)) = 0x1357;
	for (uint64_t va = AREA; va <= last; va += LARGE_SIZE)
		CHECK_EQ(*word(va), 0x1357);
	for (uint64_t va = AREA; va <= last; va += LARGE_SIZE)
		CHECK_EQ(unmap(0, va, 1), 1);
	return arg;
}

/* As many leaves on one frame, and views of one executor, as there is room for. */
static uint64_t eat_counts(uint64_t executor)
{
	uint64_t tables = BUDGET / 2, n = 512 * tables;

	CHECK_EQ(map_new(0, held(0), 1, RW), 1);
	*word(held(0)) = 0x2468;
	CHECK_EQ(executor_new(0, executor, MAP_RIGHTS), 1);
	/* Each share doubles what there is, 512 at most. */
	for (uint64_t done = 1; done < n;) {
		uint64_t some = done < 512 - done % 512 ? done : 512 - done % 512;

		CHECK_EQ(share(0, held(done), held(0), some, RW), some);
		done += some;
	}
	CHECK_EQ(*word(held(n - 1)), 0x2468);
	for (uint64_t i = n - 512; i < n; i++)
		CHECK_EQ(CALL(CALL_MAP, 0, held(i), executor, 1,
			      MAP_SHARE | MAP_EXECUTOR | MAP_REPLACE, i & 0x3ff),
			 1);
	for (uint64_t i = n - 1024; i < n - 512; i++) {
		CHECK_EQ(unmap(0, held(i), 1), 1);
		CHECK_EQ(view(held(i), executor), 1);
	}
	for (uint64_t i = 0; i < n; i += 512)
		CHECK_EQ(unmap(0, held(i), 512), 512);
	return 0;
}

static void feed(work *fn)
{
	uint64_t before = INFO->free_pages, vas;
	struct worker *w;

	bystander_start();
	vas = space_new(BUDGET);
	w = worker_new(vas);
	/* Executors of its own, if it makes some, are reached from there only. */
	run(w, fn, CAPS + 1000 * PAGE_SIZE);
	join(w);
	CHECK(w->view->exit != WORKER_FAILED);
	bystander_check();
	vas_stop(vas);
	bystander_check();
	kit_reset();
	CHECK_FRAMES(before);
}

TEST(who_has_no_memory_left_goes_on)
{
	feed(eat_memory);
}

TEST(who_has_no_executor_left_goes_on)
{
	feed(eat_executors);
}

TEST(who_has_no_space_left_goes_on)
{
	feed(eat_spaces);
}

TEST(who_has_no_table_left_goes_on)
{
	feed(eat_tables);
}

TEST(one_frame_and_one_executor_have_very_many_names)
{
	feed(eat_counts);
}

/* All that the machine has is one space's: others live from what is theirs. */
TEST(budgets_hold_when_the_machine_is_full)
{
	uint64_t before = INFO->free_pages, hog, at = AREA;
	int64_t got;

	bystander_start();
	hog = slot();
	CHECK_EQ(vas_new(hog, INFO->free_pages - 150), 1);
	while ((got = map_new(hog, at, 512, RW)) > 0)
		at += (uint64_t)got * PAGE_SIZE;
	CHECK_EQ(got, -HL_ENOMEM);
	for (unsigned i = 0; i < 20; i++) {
		bystander_check();
		CHECK_EQ(unmap(hog, AREA, 64), 64);
		CHECK_EQ(map_new(hog, AREA, 64, RW), 64);
		CHECK_EQ(map_new(hog, at, 1, RW), -HL_ENOMEM);
	}
	vas_stop(hog);
	bystander_check();
	kit_reset();
	CHECK_FRAMES(before);
}

/* --- queues ------------------------------------------------------------------------------- */

#define MANY 300
#define SOME 30

static uint64_t sleep_often(uint64_t arg)
{
	struct random dice = {arg};

	for (;;) {
		uint64_t time = test_time(), n = random_next(&dice);

		/* Passed, soon, far, never. */
		park_until(n % 4 == 0   ? time - n % 1000
			   : n % 4 == 1 ? time + n % 100000
			   : n % 4 == 2 ? time + (1UL << 40)
					: ~0UL);
	}
	return arg;
}

/* More than there are slots in a ring; all of them on the bystander's hart, and none. */
static void crowd_in(work *fn, unsigned n, bool bound)
{
	bystander_start();
	crowd_new(n);
	for (unsigned i = 0; i < n; i++)
		run_with(&crowd[i], fn, i, bound ? ON_HART(BYSTANDERS_HART) : 0);
	bystander_check();
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < n; i++)
			CHECK(wake(crowd[i].handle) >= 0);
		bystander_check();
	}
}

TEST(a_crowd_that_yields_leaves_room_for_others)
{
	crowd_in(work_yield_forever, MANY, true);
}

TEST(a_crowd_that_parks_leaves_room_for_others)
{
	crowd_in(work_park_forever, MANY, true);
}

TEST(a_crowd_with_deadlines_leaves_room_for_others)
{
	crowd_in(sleep_often, MANY, true);
}

TEST(a_crowd_with_deadlines_anywhere_leaves_room_for_others)
{
	crowd_in(sleep_often, MANY, false);
}

TEST(spinners_leave_room_for_others)
{
	crowd_in(work_spin, SOME, true);
}

/* More spaces than ASIDs, where the boot arguments say so. */
TEST(spaces_without_an_asid_of_their_own_stay_apart)
{
	struct worker *w[8];

	bystander_start();
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t vas = space_new(40);

		w[i] = worker_new(vas);
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		*word(page(0)) = 1000 + i;
		CHECK_EQ(move(vas, page(1), page(0), 1, RW), 1);
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		CHECK_EQ(move(vas, page(2 + i), page(0), 1, RW), 1);
	}
	for (unsigned round = 0; round < 20; round++) {
		for (uint64_t i = 0; i < 8; i++) {
			uint64_t next = (i + 1) % 8;

			CHECK_EQ(probe_load(w[i], page(1)).value, 1000 + i);
			CHECK_EQ(probe_store(w[i], page(2 + i), 1000 + i).cause, NO_FAULT);
			CHECK_EQ(probe_load(w[i], page(2 + i)).value, 1000 + i);
			CHECK_EQ(probe_load(w[i], page(2 + next)).cause, LOAD_FAULT);
		}
		bystander_check();
	}
}

/* SPDX-License-Identifier: MIT
 *
 * Spaces are taken down under the feet of all that they do: loops of every kind on all harts,
 * among one another and with others, while what they hold goes from hand to hand.
 */
#include "hostile.h"

#define KINDS   8
#define WORKERS 12
#define AT      page(0x40) /* where they have capabilities, on one another by number */
#define FRIEND  page(0x60) /* on a space outside, */
#define KEEPER  page(0x61) /* an executor there, */
#define OUTSIDE page(0x62) /* and what they put there */

static struct worker *w[WORKERS];
static volatile uint64_t loops[WORKERS];

static uint64_t number_of(uint64_t n)
{
	return AT + n % WORKERS * PAGE_SIZE;
}

static void do_map(uint64_t n)
{
	uint64_t va = page(0x80) + n * 16 * PAGE_SIZE;

	map_new(0, va, 4, RW);
	share(0, va + 8 * PAGE_SIZE, va, 4, MAP_R);
	map_new(0, va, 4, RW | MAP_REPLACE);
	executor_new(0, va + 4 * PAGE_SIZE, MAP_RIGHTS);
	vas_new(va + 5 * PAGE_SIZE, 2);
	view(va + 6 * PAGE_SIZE, va + 4 * PAGE_SIZE);
	view_table(va + 7 * PAGE_SIZE, 0, va, 0);
	start(va + 4 * PAGE_SIZE, FAR_HOLE, 0, 0);
	unmap(0, va, 16);
}

static void do_move(uint64_t n)
{
	uint64_t va = OUTSIDE + 4 * n * PAGE_SIZE;

	/* To and fro between this space and the friend. */
	map_new(0, va, 2, RW);
	move(FRIEND, va, va, 2, RW);
	CALL(CALL_MAP, 0, va, va, 2, MAP_MOVE | RW, 0, FRIEND);
	share(FRIEND, va + 2 * PAGE_SIZE, number_of(n + 1), 1, MAP_EXECUTOR | MAP_RIGHTS);
	view(va + 3 * PAGE_SIZE, number_of(n + 1));
	move(FRIEND, va + 3 * PAGE_SIZE, va + 3 * PAGE_SIZE, 1, MAP_R);
	unmap(0, va, 4);
	unmap(FRIEND, va, 4);
}

static uint64_t loop_of(uint64_t n)
{
	for (;; loops[n]++) {
		switch (n % KINDS) {
		case 0: /* a spinner: no call at all */
			break;
		case 1:
			yield();
			break;
		case 2:
			(void)*word(FAR_HOLE);
			break;
		case 3:
			park_until(test_time() + 200);
			wake(number_of(n + 1));
			break;
		case 4:
			swap(number_of(n + KINDS - 1), 1, 2, 3, 4);
			wake(number_of(n + 1));
			break;
		case 5:
			do_map(n);
			break;
		case 6:
			do_move(n);
			break;
		default:
			/* Its fellows, among them who is running. */
			stop(number_of(n + 1), 3);
			start(number_of(n + 1), FAR_HOLE, 0, 0);
			resume(number_of(n + 2), 0);
			break;
		}
	}
	return n;
}

/* From outside: mends whatever faults, and is mended by none. */
static uint64_t keep_all(uint64_t arg)
{
	for (;;) {
		park_until(test_time() + 300);
		for (unsigned i = 0; i < WORKERS; i++)
			resume(w[i]->handle, (uint64_t)entry_load);
	}
	return arg;
}

/* What stands in the friend's space, taken from it and put back. */
static uint64_t pass_on(uint64_t friend)
{
	for (uint64_t n = 0;; n++) {
		uint64_t va = OUTSIDE + n % (4 * WORKERS) * PAGE_SIZE, copy = page(0x200);

		CALL(CALL_MAP, 0, copy, va, 1, MAP_SHARE | MAP_EXECUTOR | MAP_W | MAP_X, 0, friend);
		wake(copy);
		start(copy, FAR_HOLE, 0, 0);
		unmap(0, copy, 1);
		CALL(CALL_MAP, 0, copy, va, 1, MAP_MOVE | MAP_R, 0, friend);
		unmap(0, copy, 1);
	}
	return friend;
}

static void take_down(uint64_t patience)
{
	uint64_t before = INFO->free_pages, friend, vas;
	struct worker *keeper;

	bystander_start();
	friend = space_new(200);
	vas = space_new(1000);
	keeper = worker_new(friend);
	CHECK_EQ(share(vas, FRIEND, friend, 1, MAP_VAS | MAP_RIGHTS), 1);
	CHECK_EQ(share(vas, KEEPER, keeper->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	run(keeper, work_park_forever, 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i] = worker_new(vas);
		CHECK_EQ(share(vas, number_of(i), w[i]->handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	}
	run(&pool[4], keep_all, 0);
	run(&pool[5], pass_on, friend);
	for (unsigned i = 0; i < WORKERS; i++) {
		uint64_t kept = i % 3 ? keeper->handle : 0;
		uint64_t flags = i % 2 ? ON_HART(i % harts()) : 0;

		/* Another of them may have been quicker. */
		CALL(CALL_START, w[i]->handle, (uint64_t)entry_work, worker_stack(w[i], loop_of), i,
		     kept, flags | (kept ? START_SET_KEEPER | 5UL << START_BADGE_SHIFT : 0));
	}
	for (uint64_t i = 0; i < patience; i++)
		yield();
	vas_stop(vas);
	for (unsigned i = 0; i < WORKERS; i++)
		CHECK_EQ(life(w[i]), EX_STOPPED);
	CHECK_EQ(CALL(CALL_START, w[0]->handle, FAR_HOLE), -HL_ESRCH);
	bystander_check();
	kit_reset();
	CHECK_FRAMES(before);
}

TEST(a_space_that_does_everything_goes_down)
{
	for (uint64_t round = 0; round < rounds(8); round++) {
		test_note("round", round);
		take_down(round * round * 5);
	}
}

/* All loops of one kind, each hart has one at least. */
static void all_of_kind(uint64_t kind)
{
	uint64_t before = INFO->free_pages, vas, friend;

	bystander_start();
	friend = space_new(200);
	vas = space_new(1000);
	CHECK_EQ(share(vas, FRIEND, friend, 1, MAP_VAS | MAP_RIGHTS), 1);
	for (unsigned i = 0; i < WORKERS; i++) {
		w[i] = worker_new(vas);
		CHECK_EQ(share(vas, number_of(i), w[i]->handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		CALL(CALL_START, w[i]->handle, (uint64_t)entry_work, worker_stack(w[i], loop_of),
		     kind, 0, ON_HART(i % harts()));
	bystander_check();
	vas_stop(vas);
	for (unsigned i = 0; i < WORKERS; i++)
		CHECK_EQ(life(w[i]), EX_STOPPED);
	bystander_check();
	kit_reset();
	CHECK_FRAMES(before);
}

TEST(loops_of_every_kind_on_all_harts_go_down)
{
	for (uint64_t kind = 0; kind < KINDS; kind++) {
		test_note("kind", kind);
		all_of_kind(kind);
	}
}

/* SPDX-License-Identifier: MIT
 *
 * All of the machine's memory: every last frame can be had by whoever has budget, on
 * any hart, and all of it comes back.
 */
#include "kit.h"

#define WORKERS 8
#define WINDOW  64

static uint64_t target[WORKERS]; /* the space that each worker fills */
static uint64_t mapped[WORKERS];
static uint64_t pages_a_call;

static unsigned workers(void)
{
	return harts() < WORKERS ? harts() : WORKERS;
}

static void run_all(work *fn)
{
	for (unsigned i = 0; i < workers(); i++)
		run_on_hart(&pool[i], fn, i, i);
	for (unsigned i = 0; i < workers(); i++)
		CHECK_EQ(join(&pool[i]), 0);
}

/* A gigabyte of addresses for each. */
static uint64_t area(uint64_t n)
{
	return ARENA + ((n + 1) << 30);
}

static uint64_t fill(uint64_t me)
{
	uint64_t va = area(me) + (mapped[me] << PAGE_SHIFT);
	int64_t r;

	while ((r = map_new(target[me], va, pages_a_call, RW)) > 0) {
		va += (uint64_t)r << PAGE_SHIFT;
		mapped[me] += (uint64_t)r;
	}
	CHECK_EQ(r, -HL_ENOMEM);
	return 0;
}

static uint64_t clear(uint64_t me)
{
	for (uint64_t n = 0; n < mapped[me]; n += MAP_COUNT_MAX)
		CHECK_EQ(unmap(target[me], area(me) + (n << PAGE_SHIFT), MAP_COUNT_MAX),
			 MAP_COUNT_MAX);
	mapped[me] = 0;
	return 0;
}

/* One space with all the budget there is. */
static void take_all_budget(void)
{
	uint64_t vas = slot();

	CHECK_EQ(vas_new(vas, INFO->free_pages - 1), 1);
	for (unsigned i = 0; i < WORKERS; i++) {
		target[i] = vas;
		mapped[i] = 0;
	}
}

TEST(every_last_frame_can_be_had)
{
	static const uint64_t sizes[] = {1, 7, 64, 512};
	uint64_t before = INFO->free_pages;

	take_all_budget();
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t again = INFO->free_pages, total = 0;

		test_note("pages a call", sizes[i]);
		pages_a_call = sizes[i];
		run_all(fill);
		CHECK_EQ(INFO->free_pages, 0);
		for (unsigned w = 0; w < workers(); w++)
			total += mapped[w];
		CHECK(total <= again && total > again - again / 256 - 4 * WORKERS);
		CHECK_EQ(map_new(0, page(0), 1, RW), -HL_ENOMEM);
		run_all(clear);
		CHECK(INFO->free_pages >= total); /* tables stay */
	}
	vas_stop(target[0]);
	CHECK_EQ(unmap(0, target[0], 1), 1);
	CHECK_FRAMES(before);
}

/* Each hart fills its own; no budget is short of frames. */
TEST(every_budget_finds_its_frames)
{
	uint64_t before = INFO->free_pages, each = before / workers() - 1;

	for (unsigned i = 0; i < workers(); i++) {
		target[i] = slot();
		mapped[i] = 0;
		CHECK_EQ(vas_new(target[i], each), 1);
	}
	for (int round = 0; round < 3; round++) {
		pages_a_call = 512 >> (3 * round);
		run_all(fill);
		for (unsigned i = 0; i < workers(); i++)
			CHECK_EQ(mapped[i], each - (TABLES_DEEP - 1) - (mapped[i] + 511) / 512);
		CHECK_EQ(INFO->free_pages, before - workers() * (each + 1));
		run_all(clear);
	}
	kit_reset();
	CHECK_FRAMES(before);
}

/* Maps and unmaps pieces of a window for which the budget is just enough. */
static uint64_t churn(uint64_t me)
{
	struct random dice = {me};

	for (unsigned i = 0; i < rounds(3000); i++) {
		unsigned first = random_below(&dice, WINDOW);
		unsigned n = 1 + random_below(&dice, WINDOW - first);
		uint64_t va = area(me) + first * PAGE_SIZE;

		if (random_below(&dice, 2)) {
			CHECK_EQ(unmap(target[me], va, n), n);
		} else {
			int64_t r = map_new(target[me], va, n, RW);
			CHECK(r > 0 || r == -HL_EEXIST);
		}
	}
	CHECK_EQ(unmap(target[me], area(me), WINDOW), WINDOW);
	CHECK_EQ(map_new(target[me], area(me), WINDOW, RW), WINDOW);
	return 0;
}

/* Nothing is left but that, and its frames are scattered. */
TEST(harts_pass_the_last_frames_around)
{
	uint64_t before = INFO->free_pages, hog = slot(), at = area(WORKERS), n = 0;
	int64_t r;

	for (unsigned i = 0; i < workers(); i++) {
		target[i] = slot();
		CHECK_EQ(vas_new(target[i], TABLES_DEEP + WINDOW), 1);
	}
	CHECK_EQ(vas_new(hog, INFO->free_pages - workers() * (TABLES_DEEP + WINDOW) - 1), 1);
	while ((r = map_new(hog, at + (n << PAGE_SHIFT), 512, RW)) > 0)
		n += (uint64_t)r;
	CHECK_EQ(r, -HL_ENOMEM);
	CHECK_EQ(INFO->free_pages, workers() * (TABLES_DEEP + WINDOW));
	run_all(churn);
	CHECK_EQ(INFO->free_pages, 0);
	/* Scatter: these take what the hog leaves here and there. */
	for (unsigned round = 0; round < 3; round++) {
		uint64_t given = 0;

		for (unsigned i = 0; i < workers(); i++)
			CHECK_EQ(unmap(target[i], area(i), WINDOW), WINDOW);
		for (uint64_t i = round; i < n; i += 331, given++)
			CHECK_EQ(unmap(hog, at + (i << PAGE_SHIFT), 1), 1);
		run_all(churn);
		CHECK_EQ(INFO->free_pages, given);
		for (uint64_t i = round; i < n; i += 331)
			CHECK_EQ(map_new(hog, at + (i << PAGE_SHIFT), 1, RW), 1);
		CHECK_EQ(INFO->free_pages, 0);
	}
	kit_reset();
	CHECK_FRAMES(before);
}

/* One frame for each, and they are neighbours: all harts reach for the same bits. */
static uint64_t reach(uint64_t me)
{
	for (unsigned i = 0; i < rounds(20000); i++) {
		CHECK_EQ(map_new(target[me], area(me), 1, RW), 1);
		CHECK_EQ(unmap(target[me], area(me), 1), 1);
	}
	CHECK_EQ(map_new(target[me], area(me), 1, RW), 1);
	return 0;
}

TEST(harts_reach_for_the_same_frames)
{
	uint64_t before = INFO->free_pages, hog = slot(), at = area(WORKERS), n = 0;
	int64_t r;

	for (unsigned i = 0; i < workers(); i++) {
		target[i] = slot();
		CHECK_EQ(vas_new(target[i], TABLES_DEEP + 1), 1);
		CHECK_EQ(map_new(target[i], area(i), 1, RW), 1);
	}
	CHECK_EQ(vas_new(hog, INFO->free_pages - 1), 1);
	while ((r = map_new(hog, at + (n << PAGE_SHIFT), 512, RW)) > 0)
		n += (uint64_t)r;
	CHECK_EQ(INFO->free_pages, 0);
	for (unsigned i = 0; i < workers(); i++)
		CHECK_EQ(unmap(target[i], area(i), 1), 1);
	run_all(reach);
	CHECK_EQ(INFO->free_pages, 0);
	kit_reset();
	CHECK_FRAMES(before);
}

/* --- large leaves ------------------------------------------------------------- */

static uint64_t large_of[WORKERS];

static uint64_t large_at(uint64_t me, uint64_t n)
{
	return area(WORKERS + me) + n * LARGE_SIZE;
}

static uint64_t fill_large(uint64_t me)
{
	int64_t r;

	while ((r = large_new(target[me], large_at(me, large_of[me]), 3, RW)) > 0)
		large_of[me] += (uint64_t)r;
	CHECK_EQ(r, -HL_ENOMEM);
	return 0;
}

static uint64_t clear_large(uint64_t me)
{
	if (large_of[me] != 0)
		CHECK_EQ(large_unmap(target[me], large_at(me, 0), large_of[me]), large_of[me]);
	large_of[me] = 0;
	return 0;
}

static uint64_t all_large(void)
{
	uint64_t total = 0;

	run_all(fill_large);
	fill_large(0); /* who was in the others' way for a moment no longer is */
	for (unsigned i = 0; i < workers(); i++)
		total += large_of[i];
	return total;
}

TEST(blocks_become_whole_again)
{
	uint64_t before = INFO->free_pages, first;

	take_all_budget();
	first = all_large();
	CHECK(first >= before / 512 - workers() - 8);
	for (int round = 0; round < 2; round++) {
		pages_a_call = 64;
		run_all(fill);
		CHECK_EQ(INFO->free_pages, 0);
		if (round == 1)
			run_all(clear); /* what is small first */
		run_all(clear_large);
		run_all(clear);
		CHECK_EQ(all_large(), first);
	}
	kit_reset();
	CHECK_FRAMES(before);
}

/* --- whose frame it is ---------------------------------------------------------- */

#define OWN_PAGES 128

/* Marks each page that it gets; nobody else may have it. */
static uint64_t own(uint64_t me)
{
	struct random dice = {me};
	static volatile uint64_t tags[WORKERS][OWN_PAGES];
	volatile uint64_t *tag = tags[me];

	for (unsigned i = 0; i < OWN_PAGES; i++)
		tag[i] = 0;
	for (unsigned i = 0; i < rounds(200); i++) {
		unsigned first = random_below(&dice, OWN_PAGES);
		unsigned n = 1 + random_below(&dice, OWN_PAGES - first);
		uint64_t va = area(me) + first * PAGE_SIZE;

		if (tag[first] == 0) {
			int64_t r = map_new(0, va, n, RW);
			CHECK(r > 0);
			for (unsigned p = first; p < first + r; p++) {
				tag[p] = me << 32 | i << 8 | 1;
				CHECK_EQ(*word(area(me) + p * PAGE_SIZE + 8 * me), 0);
				*word(area(me) + p * PAGE_SIZE + 8 * me) = tag[p];
			}
			continue;
		}
		for (unsigned p = first; p < first + n; p++) {
			if (tag[p] == 0)
				continue;
			CHECK_EQ(*word(area(me) + p * PAGE_SIZE + 8 * me), tag[p]);
			for (unsigned w = 0; w < WORKERS; w++)
				CHECK(w == me || *word(area(me) + p * PAGE_SIZE + 8 * w) == 0);
			tag[p] = 0;
		}
		CHECK_EQ(unmap(0, va, n), n);
	}
	CHECK_EQ(unmap(0, area(me), OWN_PAGES), OWN_PAGES);
	return 0;
}

TEST(no_frame_is_given_out_twice)
{
	uint64_t vas = space_new(4000);
	struct worker *w[WORKERS];

	for (unsigned i = 0; i < WORKERS; i++)
		w[i] = worker_new(vas);
	for (unsigned i = 0; i < WORKERS; i++)
		run(w[i], own, i);
	for (unsigned i = 0; i < WORKERS; i++)
		CHECK_EQ(join(w[i]), 0);
}

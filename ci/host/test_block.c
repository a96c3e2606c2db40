/* SPDX-License-Identifier: MIT
 *
 * kern/block.c beside a map of what is free: one call at a time by several harts, and one
 * call with others in its midst.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void point(void);
#define atomic_point() point()

#include "blocks.h"
#include "mutate.h"

static bool taken[FRAMES];
static uint64_t left; /* frames that are free */

static unsigned fuse; /* atomics until others do something */
static bool meanwhile;
static uint64_t in_hand; /* of the interrupted one, at most */

static void take(uint64_t first, uint64_t n)
{
	assert_true(first != 0 && n != 0);
	for (uint64_t f = first; f < first + n; f++) {
		assert_true(in_memory(f) && !taken[f]);
		taken[f] = true;
	}
}

static void take_some(uint64_t want)
{
	uint64_t got = 1, first;

	/* Who is interrupted may have some in hand that it is about to put back: those
	 * can't be waited for here. */
	if (left < want + (meanwhile ? in_hand : 0))
		return; /* no budget */
	left -= want;
	first = want > 1 || mutate_random() % 2 ? block_take(want, &got) : block_take_one();
	assert_in_range(got, 1, want);
	assert_int_equal(first / 64, (first + got - 1) / 64);
	take(first, got);
	left += want - got;
}

/* A run from somewhere on, as long as it may be or shorter. */
static void give_some(void)
{
	uint64_t first = mutate_random() % FRAMES, most = mutate_random() % 64 + 1, n = 0;

	while (first + n < FRAMES && n < most && taken[first + n] && (first + n) / 64 == first / 64)
		n++;
	if (n == 0)
		return;
	memset(taken + first, 0, n);
	block_give(first, n);
	left += n;
}

static bool all_are(uint64_t block, bool want)
{
	for (uint64_t f = block * BLOCK_FRAMES; f < (block + 1) * BLOCK_FRAMES; f++)
		if (!in_memory(f) || taken[f] != want)
			return false;
	return true;
}

static void take_or_give_whole(void)
{
	uint64_t block = mutate_random() % BLOCKS_N, first;
	bool there_is = false;

	if (all_are(block, true)) {
		memset(taken + block * BLOCK_FRAMES, 0, BLOCK_FRAMES);
		block_give_whole(block * BLOCK_FRAMES);
		left += BLOCK_FRAMES;
		return;
	}
	for (block = 0; block < BLOCKS_N; block++)
		there_is |= all_are(block, false);
	bool alone = fuse == 0 && !meanwhile;
	if (!meanwhile)
		in_hand = BLOCK_FRAMES;
	first = block_take_whole();
	if (alone)
		assert_int_equal(first != 0, there_is);
	if (first == 0)
		return;
	if (left < BLOCK_FRAMES) { /* is charged to who was interrupted */
		block_give_whole(first);
		return;
	}
	left -= BLOCK_FRAMES;
	assert_true(first % BLOCK_FRAMES == 0);
	take(first, BLOCK_FRAMES);
}

static void do_something(bool taking)
{
	if (mutate_random() % 32 == 0)
		take_or_give_whole();
	else if (taking)
		take_some(mutate_random() % 4 ? 1 : mutate_random() % 64 + 1);
	else
		give_some();
}

/* Harts 1 to 3 do things while hart 0 is where it is. */
static void point(void)
{
	if (fuse == 0 || --fuse != 0)
		return;
	meanwhile = true;
	unsigned taking = mutate_random() % 16;
	for (unsigned n = mutate_random() % 24 + 1; n; n--) {
		be_hart(mutate_random() % (HARTS - 1) + 1);
		do_something(mutate_random() % 16 < taking);
	}
	be_hart(0);
	meanwhile = false;
}

static void check_blocks(void)
{
	uint64_t n = 0;

	assert_int_equal(blocks_wrong(&n), 0);
	assert_int_equal(n, left);
	for (uint64_t f = 0; f < FRAMES; f++)
		assert_int_equal(blocks[f / BLOCK_FRAMES].free[f / 64 % WORDS] >> f % 64 & 1,
				 in_memory(f) && !taken[f]);
}

static void begin(void)
{
	memset(taken, 0, sizeof(taken));
	left = blocks_begin();
}

static void boot_makes_free_what_it_is_told(void **state)
{
	uint64_t n = 0;

	(void)state;
	begin();
	for (uint64_t f = 0; f < FRAMES; f++)
		n += in_memory(f);
	assert_int_equal(n, left);
	check_blocks();
}

static void every_last_frame_can_be_had_by_any_hart(void **state)
{
	(void)state;
	for (unsigned hart = 0; hart < HARTS; hart++) {
		begin();
		for (unsigned i = 0; i < HARTS; i++) { /* each owns a block */
			be_hart(i);
			take_some(1);
		}
		be_hart(hart);
		while (left != 0)
			take_some(1);
		check_blocks();
		assert_int_equal(block_take_whole(), 0);
	}
}

static void memory_of_the_own_node_comes_first(void **state)
{
	uint64_t own[2] = {0}, got;

	(void)state;
	for (unsigned i = 0; i < MEMORY_N; i++)
		own[memory[i].node] += memory[i].end - memory[i].first;
	for (unsigned node = 0; node < 2; node++) {
		begin();
		be_hart(node);
		for (uint64_t n = 0; n < own[node]; n++) {
			uint64_t first = block_take(1, &got);

			assert_int_equal(blocks[first / BLOCK_FRAMES].node, node);
			take(first, got);
			left -= got;
		}
		check_blocks();
	}
}

static void whatever_is_done_nothing_is_lost_or_given_twice(void **state)
{
	const unsigned rounds = 400000;

	(void)state;
	begin();
	mutate_seed = 0x626c6f636b62696e;
	for (unsigned i = 0; i < rounds; i++) {
		/* by turns more is taken, or given */
		bool taking = mutate_random() % 16 < (i >> 14 & 1 ? 5 : 11);

		be_hart(mutate_random() % HARTS);
		do_something(taking);
		if (i % 64 == 0)
			check_blocks();
	}
}

static void a_call_that_others_come_between_is_right(void **state)
{
	const unsigned rounds = 300000;

	(void)state;
	begin();
	mutate_seed = 0x6d65616e77686c65;
	for (unsigned i = 0; i < rounds; i++) {
		bool taking = mutate_random() % 16 < (i >> 13 & 1 ? 6 : 13);

		be_hart(0);
		fuse = mutate_random() % 24 + 1;
		in_hand = 64;
		do_something(taking);
		fuse = 0;
		if (i % 8 == 0)
			check_blocks();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_makes_free_what_it_is_told),
		cmocka_unit_test(every_last_frame_can_be_had_by_any_hart),
		cmocka_unit_test(memory_of_the_own_node_comes_first),
		cmocka_unit_test(whatever_is_done_nothing_is_lost_or_given_twice),
		cmocka_unit_test(a_call_that_others_come_between_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

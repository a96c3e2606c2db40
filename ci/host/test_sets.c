/* SPDX-License-Identifier: MIT
 *
 * How the page-table entries that a switch walks through, and the other lines that it is
 * known to touch, spread over the sets of an L1 data cache: 64 sets of 64 bytes, that is
 * 16 KiB in 4 ways or 32 KiB in 8.  Every table is a frame of its own, so which set an
 * entry falls into follows from its index alone, and that from the address.
 *
 * A switch is a yield, swap or wake and park between two spaces that have the same
 * addresses, as all that rt loads have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <hartleaf/info.h>
#include <hartleaf/layout.h>
#include <hartleaf/leaf.h>

#include "kern.h"

#include "../../kern/executor.h"
#include "../../kern/layout.h"
#include "../tests/kernel_half.h"

#define WAYS   4
#define SETS   64
#define LINE_  64
#define SPACES 2
#define KERNEL SPACES /* owns tables, too */

#define RAM    0x80000000 /* where it begins on most machines */
#define FRAMES (RAM >> PAGE_SHIFT)

enum depth { PAGES, GIGAPAGE, ENTRY };

/* What is hot of an area, and the address that somebody who likes round ones had for it. */
struct area {
	const char *name;
	uint64_t at, round;
	uint64_t pages;
	enum depth depth; /* ENTRY: the last table alone, by the handle cache */
};

static const struct area areas[] = {
	{"program", RT_PROGRAM_LOW, 0x400000, 64, PAGES},
	{"stack", RT_STACK_TOP - 8 * PAGE_SIZE, 0x1f0000 - 8 * PAGE_SIZE, 8, PAGES},
	{"meet", RT_MEET_VA, 0x1800000000, 16, PAGES},
	{"alloc", RT_VA_LOW, 0x2000000000, 32, PAGES},
	{"heap", RT_HEAP_LOW, 0x400000000, 16, PAGES},
	{"self", BOOT_SELF_VA, BOOT_SELF_VA, 1, ENTRY},
	{"text", IMAGE_VA + IMAGE_TEXT, 0xffffffffc0200000 + IMAGE_TEXT,
	 (IMAGE_DATA - IMAGE_TEXT) / PAGE_SIZE, PAGES},
	{"data", IMAGE_VA + IMAGE_DATA, 0xffffffffc0200000 + IMAGE_DATA,
	 (IMAGE_DATA - IMAGE_TEXT) / PAGE_SIZE, PAGES},
	{"window", WINDOWS, 0xffffffff00000000, 3, PAGES},
	{"frames", VMEMMAP + FRAMES * 8, 0xffffffff80000000 + FRAMES * 8, 8, PAGES},
	{"blocks", BLOCKS_VA + FRAMES / 512 * 128, 0xffffffffa0000000 + FRAMES / 512 * 128, 1,
	 PAGES},
	{"info", INFO_VA, 0xffffffff40000000, 1, PAGES},
	{"direct", DIRECT_MAP + RAM, DIRECT_MAP + RAM, 1, GIGAPAGE},
};
#define AREAS (sizeof(areas) / sizeof(areas[0]))

/* A line of a table: whose, its level (0: last), what it maps. */
struct line_of_table {
	unsigned owner, level;
	uint64_t first;
};

struct set {
	unsigned n;
	struct line_of_table lines[64];
	char names[1024];
};

static struct set sets[SETS];

static void touch(const char *name, unsigned space, unsigned level, bool top, uint64_t va)
{
	static const char *const levels[] = {"last", "middle", "root", "top"};
	const unsigned shift = PAGE_SHIFT + 9 * level;
	struct line_of_table line = {top || va < 1UL << 63 ? space : KERNEL, level,
				     va >> shift >> 3};
	struct set *s = &sets[(va >> shift & 511) / (LINE_ / 8)];

	for (unsigned i = 0; i < s->n; i++)
		if (s->lines[i].owner == line.owner && s->lines[i].level == level &&
		    s->lines[i].first == line.first)
			return;
	assert_in_range(s->n, 0, sizeof(s->lines) / sizeof(s->lines[0]) - 1);
	s->lines[s->n++] = line;
	if (space == 0)
		snprintf(s->names + strlen(s->names), sizeof(s->names) - strlen(s->names),
			 ", %s (%s)", name, levels[level]);
}

/* The lines of all areas, area `moved` at its round address (AREAS: none is, or all). */
static void count(unsigned levels, uint64_t hart, size_t moved, bool all)
{
	memset(sets, 0, sizeof(sets));
	for (unsigned space = 0; space < SPACES; space++)
		for (size_t i = 0; i < AREAS; i++) {
			const struct area *a = &areas[i];
			uint64_t va = all || i == moved ? a->round : a->at;

			if (!strcmp(a->name, "window"))
				va += hart * WINDOW_PAGES * PAGE_SIZE;
			for (uint64_t n = 0; n < a->pages; n++, va += PAGE_SIZE) {
				unsigned to = a->depth == GIGAPAGE ? 2 : 0;
				unsigned from = a->depth == ENTRY ? 1 : levels;

				for (unsigned level = from; level-- > to;)
					touch(a->name, space, level, level == levels - 1, va);
			}
		}
}

/* --- other lines ----------------------------------------------------------------------- */

static bool in_line(unsigned set, uint64_t offset)
{
	return offset / LINE_ == set;
}

/* Lines of executors, two of different colours, that may fall into a set. */
static unsigned executors(unsigned set)
{
	static const unsigned hot[] = {EX_PC,       EX_X(8), EX_X(16), EX_X(24),
				       EX_SWITCHES, EX_SATP, EX_HC_VA, EX_STATE};
	unsigned colours = 0;

	for (unsigned c = 0; c < COLOURS; c++)
		for (size_t i = 0; i < sizeof(hot) / sizeof(hot[0]); i++)
			if (in_line(set, hot[i] + c * LINE_)) {
				colours++;
				break;
			}
	return colours < SPACES ? colours : SPACES;
}

/* Those of the hart page, one of its ring, and of the global page. */
static unsigned pages(unsigned set)
{
	unsigned n = in_line(set, HT_STACK) + in_line(set, HT_RQ_TAIL) + in_line(set, HT_RQ_HEAD) +
		     in_line(set, GL_IDLE) + in_line(set, GL_TOP_SHIFT);

	return n + (set >= HT_RING / LINE_ && set <= (HT_RING + RQ_MASK) / LINE_);
}

/* --- cases ----------------------------------------------------------------------------- */

static void print(const char *title)
{
	printf("%s\nset  tables  with the rest  whose tables (each in %d spaces, or the "
	       "kernel's)\n",
	       title, SPACES);
	for (unsigned s = 0; s < SETS; s++)
		if (sets[s].n)
			printf("%3u  %6u  %13u  %s\n", s, sets[s].n,
			       sets[s].n + executors(s) + pages(s), sets[s].names + 2);
}

/* The set with too many, or SETS. */
static unsigned overfull(bool rest)
{
	for (unsigned s = 0; s < SETS; s++)
		if (sets[s].n + (rest ? executors(s) + pages(s) : 0) > WAYS)
			return s;
	return SETS;
}

static bool fits(size_t moved)
{
	for (uint64_t hart = 0; hart < HART_MAX; hart++) {
		count(3, hart, moved, false);
		if (overfull(true) != SETS)
			return false;
	}
	/* Sv48 has a level more, and its tables alone. */
	count(4, 0, moved, false);
	return overfull(false) == SETS;
}

static void no_set_gets_more_lines_than_it_has_ways(void **state)
{
	(void)state;
	count(3, 0, AREAS, false);
	print("Sv39, hart 0:");
	for (uint64_t hart = 0; hart < HART_MAX; hart++) {
		count(3, hart, AREAS, false);
		assert_int_equal(overfull(false), SETS);
		assert_int_equal(overfull(true), SETS);
	}
	count(4, 0, AREAS, false);
	assert_int_equal(overfull(false), SETS);
}

static void round_addresses_fall_into_set_0(void **state)
{
	(void)state;
	count(3, 0, AREAS, true);
	print("What it would be with round addresses:");
	assert_in_range(sets[0].n, 3 * WAYS, 64);
}

static void no_area_may_go_back_to_a_round_address(void **state)
{
	(void)state;
	assert_true(fits(AREAS));
	for (size_t i = 0; i < AREAS; i++)
		if (areas[i].at != areas[i].round && fits(i))
			fail_msg("with the %s at 0x%llx it would fit, too", areas[i].name,
				 (unsigned long long)areas[i].round);
}

#define SLOT(va) ((va) >> 30 & 511)

static void areas_keep_out_of_each_others_way(void **state)
{
	(void)state;
	assert_in_range(BOOT_SELF_VA, BOOT_STACK_TOP, 0x200000 - PAGE_SIZE);
	assert_in_range(RT_STACK_TOP, 0x200000 + RT_STACK_PAGES * PAGE_SIZE,
			RT_PROGRAM_LOW - PAGE_SIZE);
	assert_in_range(RT_PROGRAM_LOW, 0, (1UL << 31) - 1);
	assert_in_range(RT_PROGRAM_TOP, RT_PROGRAM_LOW, RT_MEET_VA);
	assert_in_range(RT_MEET_GIGA, RT_MEET_VA, RT_MEET_TOP);
	assert_int_equal(RT_MEET_GIGA % (1UL << 30), 0);
	assert_in_range(RT_MEET_TOP, RT_MEET_VA, RT_HEAP_LOW);
	assert_int_equal(RT_HEAP_LOW % 0x10000, 0);
	assert_in_range(RT_HEAP_TOP, RT_HEAP_LOW, BOOT_DT_VA);
	assert_in_range(BOOT_INITRD_VA, BOOT_DT_VA, RT_VA_LOW);
	assert_in_range(RT_VA_TOP, RT_VA_LOW, RT_MAPS_LOW);
	assert_in_range(RT_MAPS_TOP, RT_MAPS_LOW, USER_TOP);

	assert_int_equal(SLOT(DIRECT_MAP), SLOT_DIRECT);
	assert_int_equal(SLOT(DIRECT_MAP + DIRECT_TOP), SLOT_WORDS);
	assert_int_equal(SLOT(BLOCKS_VA), SLOT_VMEMMAP);
	assert_in_range(BLOCKS_VA + (DIRECT_TOP >> (PAGE_SHIFT + 9)) * 128, BLOCKS_VA, VMEMMAP);
	assert_int_equal(SLOT(VMEMMAP + (DIRECT_TOP >> PAGE_SHIFT) * 8 - 1), SLOT_VMEMMAP);
	assert_int_equal(SLOT(INFO_VA), SLOT_INFO);
	assert_int_equal(SLOT(WINDOWS), SLOT_WINDOWS);
	assert_int_equal(SLOT(WINDOWS + HART_MAX * WINDOW_PAGES * PAGE_SIZE), SLOT_WINDOWS);
	assert_int_equal(SLOT(IMAGE_VA), SLOT_IMAGE);
	/* its leaf in boot.S's early root */
	assert_in_range(IMAGE_VA >> 21 & 511, SLOT_WORDS, SLOT_WINDOWS - 1);
	assert_int_equal(IMAGE_VA % 0x200000, 0);
}

static void programs_that_attack_know_where(void **state)
{
	(void)state;
	assert_true(KERNEL_RAM == DIRECT_MAP + RAM);
	assert_true(KERNEL_FRAMES == VMEMMAP + FRAMES * 8);
	assert_true(KERNEL_BLOCKS == BLOCKS_VA + FRAMES / 512 * 128);
	assert_true(KERNEL_WINDOW == WINDOWS);
	assert_true(KERNEL_IMAGE == IMAGE_VA);
	assert_true(KERNEL_TEXT == IMAGE_VA + IMAGE_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_set_gets_more_lines_than_it_has_ways),
		cmocka_unit_test(round_addresses_fall_into_set_0),
		cmocka_unit_test(no_area_may_go_back_to_a_round_address),
		cmocka_unit_test(areas_keep_out_of_each_others_way),
		cmocka_unit_test(programs_that_attack_know_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * Which frames there are: the ranges of the info page against the device tree, page by
 * page, and the frames that are given out against those ranges.
 */
#include "kit.h"

#include <hartleaf/fdt.h>
#include <string.h>

#define AREAS     64
#define PAGES_MAX 0x10000 /* that the machine may have */
#define TABLE     page(1000)
#define RUN       512 /* pages at page(0) */

/* What lies above it is left out. */
#define DIRECT_TOP 0x3000000000

/* In bytes, as the tree says. */
struct area {
	uint64_t base, end, node;
};

static struct area ram[AREAS], used[AREAS];
static unsigned rams, useds;

static void add(struct area *list, unsigned *n, uint64_t base, uint64_t size, uint64_t node)
{
	/* What wraps goes up to the top. */
	uint64_t end = base + size < base ? UINT64_MAX : base + size;

	CHECK(*n < AREAS);
	list[(*n)++] = (struct area){base, end, node};
}

static uint64_t frame_of(uint64_t leaf)
{
	return leaf << (64 - LEAF_BADGE_SHIFT) >> (64 - LEAF_BADGE_SHIFT + LEAF_PPN_SHIFT);
}

/* What boot left at va: where that is. */
static void add_found(uint64_t va, uint64_t size)
{
	CHECK_EQ(view_table(TABLE, 0, va, 0), 1);
	uint64_t leaf = word(TABLE)[va >> PAGE_SHIFT & 511];
	CHECK(leaf & LEAF_V);
	CHECK_EQ(unmap(0, TABLE, 1), 1);
	add(used, &useds, (frame_of(leaf) << PAGE_SHIFT) + va % PAGE_SIZE, size, 0);
}

static void read_tree(void)
{
	const void *tree = (const void *)INFO->dt_va;
	uint64_t base, size, node;
	struct fdt_node n;
	bool reserved = false;

	rams = useds = 0;
	for (unsigned i = 0; fdt_reserved(tree, i, &base, &size) > 0; i++)
		add(used, &useds, base, size, 0);
	for (int got = fdt_root(tree, &n); got > 0; got = fdt_next(&n)) {
		const char *type = fdt_string(&n, "device_type");

		if (n.depth == 1)
			reserved = fdt_name_is(&n, "reserved-memory");
		if (!fdt_enabled(&n))
			continue;
		if (!fdt_number(&n, "numa-node-id", &node))
			node = 0;
		for (unsigned i = 0; fdt_reg(&n, i, &base, &size) > 0; i++)
			if (n.depth == 1 && base < DIRECT_TOP &&
			    (fdt_name_is(&n, "memory") || (type && !strcmp(type, "memory"))))
				add(ram, &rams, base,
				    size < DIRECT_TOP - base ? size : DIRECT_TOP - base, node);
			else if (n.depth == 2 && reserved)
				add(used, &useds, base, size, 0);
	}
	add_found(INFO->dt_va, INFO->dt_size);
	add_found(INFO->initrd_va, INFO->initrd_size);
}

/* Nobody may have it: some of it is in use. */
static bool is_used(uint64_t frame)
{
	for (unsigned i = 0; i < useds; i++)
		if (used[i].base < (frame + 1) << PAGE_SHIFT && used[i].end > frame << PAGE_SHIFT &&
		    used[i].base != used[i].end)
			return true;
	return false;
}

/* Another bank, which comes first in the tree, has it, too. */
static bool is_again(uint64_t frame, unsigned i)
{
	while (i-- > 0)
		if (frame >= (ram[i].base + PAGE_SIZE - 1) >> PAGE_SHIFT &&
		    frame < ram[i].end >> PAGE_SHIFT)
			return true;
	return false;
}

/* The range of the info page that has it, or -1. */
static int range_of(uint64_t frame)
{
	for (unsigned i = 0; i < INFO->ranges; i++)
		if (frame - INFO->memory[i].first < INFO->memory[i].pages)
			return (int)i;
	return -1;
}

static int64_t map_io(uint64_t frame)
{
	return CALL(CALL_MAP, 0, page(0), frame << PAGE_SHIFT, 1, MAP_IO | MAP_DEVICE | RW);
}

TEST(the_ranges_are_what_the_tree_says)
{
	uint64_t found = 0, image = 0, image_pages = 0;

	read_tree();
	for (unsigned i = 0; i < rams; i++) {
		uint64_t first = (ram[i].base + PAGE_SIZE - 1) >> PAGE_SHIFT;

		for (uint64_t f = first; f < ram[i].end >> PAGE_SHIFT; f++) {
			int range = range_of(f);

			if (is_again(f, i))
				continue;
			test_note("frame", f);
			CHECK_EQ(map_io(f), -HL_EPERM);
			if (range >= 0) {
				found++;
				CHECK(!is_used(f));
				CHECK_EQ(INFO->memory[range].node, ram[i].node);
			} else if (!is_used(f)) {
				/* The kernel, in one piece. */
				if (image_pages++ == 0)
					image = f;
				CHECK_EQ(f, image + image_pages - 1);
			}
		}
	}
	test_note("pages of the image", image_pages);
	CHECK(image_pages > 0 && image_pages < 512);
	CHECK_EQ(found, INFO->memory_pages);
	/* None outside of the memory, none twice. */
	for (unsigned i = 0; i < INFO->ranges; i++)
		found -= INFO->memory[i].pages;
	CHECK_EQ(found, 0);
	for (unsigned i = 0; i < useds; i++) {
		test_note("in use", used[i].base);
		CHECK_EQ(map_io(used[i].base >> PAGE_SHIFT), -HL_EPERM);
		if (used[i].end < 1UL << 56)
			CHECK_EQ(map_io((used[i].end - 1) >> PAGE_SHIFT), -HL_EPERM);
	}
}

/* But for what the kernel takes to describe and run them: 8 bytes a frame, some pages a
 * hart, and tables. */
TEST(all_of_them_can_be_had)
{
	const uint64_t kept = INFO->memory_pages - INFO->boot_pages;
	uint64_t pages = 0;

	read_tree();
	for (unsigned i = 0; i < rams; i++)
		pages += (ram[i].end - ram[i].base) >> PAGE_SHIFT; /* or more, if they overlap */
	test_note("kept", kept);
	CHECK(kept <= pages / 512 + 64 + 2 * harts());
}

static uint64_t seen[PAGES_MAX / 64]; /* a bit each, ranges in their order */
static uint64_t seen_pages;

static void see(uint64_t frame)
{
	int range = range_of(frame);
	uint64_t n;

	test_note("frame", frame);
	CHECK(range >= 0);
	n = frame - INFO->memory[range].first;
	while (range-- > 0)
		n += INFO->memory[range].pages;
	CHECK(!(seen[n / 64] >> n % 64 & 1));
	seen[n / 64] |= 1UL << n % 64;
	seen_pages++;
}

/* A tag in the first word of each of these pages of the space. */
static void tag_pages(uint64_t vas, uint64_t va, uint64_t n, bool write)
{
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), va, n, MAP_SHARE | RW, 0, vas), n);
	for (uint64_t i = 0; i < n; i++, va += PAGE_SIZE)
		if (write)
			*word(page(i)) = va;
		else
			CHECK_EQ(*word(page(i)), va);
	CHECK_EQ(unmap(0, page(0), n), n);
}

static void see_table(uint64_t vas, uint64_t va, unsigned level)
{
	CHECK_EQ(view_table(TABLE, vas, va, level), 1);
	for (unsigned i = 0; i < 512; i++) {
		uint64_t leaf = word(TABLE)[i];

		if (!(leaf & LEAF_R))
			continue;
		CHECK(level == 0 || frame_of(leaf) % 512 == 0);
		for (unsigned k = 0; k < (level == 0 ? 1 : 512); k++)
			see(frame_of(leaf) + k);
	}
	CHECK_EQ(unmap(0, TABLE, 1), 1);
}

/* All that is left, in one space, first in large leaves. */
static void every_frame(bool large_too)
{
	const uint64_t before = INFO->free_pages, vas = slot(), at = ARENA + (1UL << 30);
	const uint64_t large_at = ARENA + (2UL << 30);
	uint64_t n = 0, larges = 0, tables;
	int64_t r;

	CHECK(INFO->memory_pages <= PAGES_MAX);
	memset(seen, 0, sizeof(seen));
	seen_pages = 0;
	CHECK_EQ(vas_new(vas, before - 1), 1);
	while (large_too && (r = large_new(vas, large_at + larges * LARGE_SIZE, 1, RW)) == 1)
		larges++;
	while ((r = map_new(vas, at + (n << PAGE_SHIFT), RUN - n % RUN, RW)) > 0)
		n += (uint64_t)r;
	CHECK_EQ(r, -HL_ENOMEM);
	CHECK_EQ(INFO->free_pages, 0);
	for (uint64_t i = 0; i < n; i += RUN)
		see_table(vas, at + (i << PAGE_SHIFT), 0);
	if (larges != 0)
		see_table(vas, large_at, 1);
	tables = before - 1 - n - larges * 512;
	CHECK(tables <= n / 512 + 8);
	CHECK_EQ(seen_pages, n + larges * 512);
	for (int write = 1; write >= 0; write--)
		for (uint64_t i = 0; i < n; i += RUN)
			tag_pages(vas, at + (i << PAGE_SHIFT), n - i < RUN ? n - i : RUN, write);
	if (large_too)
		CHECK(larges > 0);
	vas_stop(vas);
	CHECK_EQ(unmap(0, vas, 1), 1);
	CHECK_FRAMES(before);
}

TEST(every_page_is_in_a_range_and_given_out_once)
{
	every_frame(false);
}

TEST(so_is_every_large_leaf)
{
	every_frame(true);
}

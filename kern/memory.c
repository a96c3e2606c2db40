/* SPDX-License-Identifier: MIT
 *
 * The kernel's half of every address space, see layout.h.  All of it is global and stays
 * as boot makes it.
 */
#include "memory.h"
#include "block.h"
#include "frame.h"
#include "layout.h"
#include "machine.h"
#include "panic.h"
#include "vas.h"

#include <hartleaf/leaf.h>

#define GIGA_SHIFT 30
#define KERNEL_RW  (LEAF_V | LEAF_R | LEAF_W | LEAF_A | LEAF_D | LEAF_G)
#define KERNEL_R   (LEAF_V | LEAF_R | LEAF_A | LEAF_D | LEAF_G)
#define KERNEL_RX  (KERNEL_R | LEAF_X)
#define USER_R     (KERNEL_R | LEAF_U)

extern char image_start[], text_end[], rodata_end[], image_end[];

static struct vas *top_table; /* laid out as a root of Sv39 */
static uint64_t taken;        /* frames below are the kernel's, or nobody's */

/* Adds what of [*first, end) no range has yet: banks may overlap, and who came first has
 * it.  False: there is no room for what begins at *first. */
static bool add_new(uint64_t *first, uint64_t end, uint64_t node)
{
	while (*first < end) {
		uint64_t stop = end, next = end, n = global->ram_ranges;
		for (uint64_t i = 0; i < n; i++) {
			const struct range *r = &global->ram[i];
			if (r->end <= *first || r->first >= stop)
				continue;
			stop = r->first > *first ? r->first : *first;
			next = r->end;
		}
		if (*first < stop) {
			if (n >= (node == NO_MEMORY ? RAM_MAX : RANGES_MAX))
				return false;
			global->ram[global->ram_ranges++] = (struct range){*first, stop, node};
		}
		*first = next;
	}
	return true;
}

/* The byte behind it; what wraps goes up to the top, 0. */
static uint64_t end_of(uint64_t base, uint64_t size)
{
	return base + size < base ? 0 : base + size;
}

void memory_add(uint64_t base, uint64_t size, uint64_t node)
{
	const uint64_t top = DIRECT_TOP >> PAGE_SHIFT, before = global->ram_ranges;
	uint64_t first = (base >> PAGE_SHIFT) + (base % PAGE_SIZE != 0);
	uint64_t end = (end_of(base, size) - 1) >> PAGE_SHIFT;

	/* Only whole pages. */
	if (end_of(base, size) % PAGE_SIZE == 0)
		end++;
	if (first == 0)
		first = 1; /* frame 0 means none */
	if (size == 0 || first >= end)
		return;
	if (end > top) {
		uint64_t from = first > top ? first : top;
		boot_left_out(from, end - from, "beyond the direct map, which ends at 192 GiB");
		end = top;
	}
	if (!add_new(&first, end, node))
		boot_left_out(first, end - first, "in too many ranges");
	if (global->ram_ranges > before && global->nodes <= node)
		global->nodes = node + 1;
}

void memory_all_added(void)
{
	for (uint64_t i = 0; i < global->ram_ranges; i++) {
		const struct range *r = &global->ram[i];
		global->frames[i] = (struct range){r->first, r->end, r->node};
	}
	global->free_ranges = global->ram_ranges;
}

/* A reservation has split a range: one more of them, and where there is no room the
 * smallest goes. */
static void add_piece(struct range piece)
{
	struct range *least = &global->frames[0];

	if (global->free_ranges < RANGES_MAX) {
		global->frames[global->free_ranges++] = piece;
		return;
	}
	for (uint64_t i = 1; i < global->free_ranges; i++)
		if (global->frames[i].end - global->frames[i].first < least->end - least->first)
			least = &global->frames[i];
	if (least->end - least->first < piece.end - piece.first) {
		struct range smaller = *least;
		*least = piece;
		piece = smaller;
	}
	if (piece.first < piece.end)
		boot_left_out(piece.first, piece.end - piece.first, "in too many pieces");
}

void memory_reserve(uint64_t base, uint64_t size)
{
	uint64_t first = base >> PAGE_SHIFT, end = ((end_of(base, size) - 1) >> PAGE_SHIFT) + 1;
	uint64_t from = first;

	if (size == 0)
		return;
	if (!add_new(&from, end, NO_MEMORY))
		boot_refuse("too many reservations outside of the memory");
	for (uint64_t i = 0; i < global->free_ranges; i++) {
		struct range *r = &global->frames[i], behind = {end, r->end, r->node};
		if (first >= r->end || end <= r->first)
			continue;
		r->end = first > r->first ? first : r->first;
		if (behind.first < behind.end)
			add_piece(behind);
	}
}

bool memory_is_ram(uint64_t base, uint64_t size)
{
	uint64_t frame = base >> PAGE_SHIFT, end = ((base + size - 1) >> PAGE_SHIFT) + 1;

	if (size == 0 || base + size < base)
		return false;
	/* It may lie across ranges that meet. */
	for (uint64_t i = 0; i < global->ram_ranges && frame < end; i++)
		if (frame >= global->ram[i].first && frame < global->ram[i].end &&
		    global->ram[i].node != NO_MEMORY) {
			frame = global->ram[i].end;
			i = -1UL;
		}
	return frame >= end;
}

uint64_t memory_take(void)
{
	for (uint64_t i = 0; i < global->free_ranges; i++) {
		struct range *r = &global->frames[i];
		if (taken < r->first)
			taken = r->first;
		if (taken < r->end) {
			pages_zero(direct(taken << PAGE_SHIFT), 1);
			return taken++;
		}
	}
	boot_refuse("too little memory");
}

uint64_t memory_begin(void)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < global->free_ranges; i++) {
		struct range *r = &global->frames[i];
		uint64_t first = taken > r->first ? taken : r->first;
		if (first >= r->end)
			continue;
		block_add(first, r->end, r->node);
		n += r->end - first;
	}
	for (uint64_t i = 0; i < global->free_ranges; i++)
		if (global->frames[i].first < global->frames[i].end)
			block_begin(global->frames[i].first, global->frames[i].end);
	return n;
}

static uint64_t *entry_of(uint64_t va)
{
	uint64_t *table = top_table->user;

	for (unsigned shift = GIGA_SHIFT; shift > PAGE_SHIFT; shift -= 9) {
		uint64_t *entry = &table[va >> shift & 511];
		if (*entry == 0)
			*entry = memory_take() << LEAF_PPN_SHIFT | LEAF_V;
		table = direct(*entry >> LEAF_PPN_SHIFT << PAGE_SHIFT);
	}
	return &table[va >> PAGE_SHIFT & 511];
}

/* Of a hart; that of HART_MAX is the test device's. */
static uint64_t *window(uint64_t id)
{
	return entry_of(WINDOWS + id * WINDOW_PAGES * PAGE_SIZE);
}

static uint64_t *map(uint64_t va, uint64_t pa, uint64_t flags)
{
	uint64_t *entry = entry_of(va);

	*entry = pa >> PAGE_SHIFT << LEAF_PPN_SHIFT | flags;
	return entry;
}

/* Ranges are sorted, for memory_take. */
static void sort(struct range *list, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++)
		for (uint64_t j = i; j > 0 && list[j].first < list[j - 1].first; j--) {
			uint64_t *a = &list[j].first, *b = &list[j - 1].first;
			for (unsigned k = 0; k < sizeof(*list) / sizeof(*a); k++) {
				uint64_t word = a[k];
				a[k] = b[k];
				b[k] = word;
			}
		}
}

static void map_image(void)
{
	uint64_t pa = global->image_pa;

	/* What boot alone runs comes first. */
	global->init_leaves = map((uint64_t)image_start, pa, KERNEL_RX);
	for (char *p = image_start; p < image_end; p += PAGE_SIZE, pa += PAGE_SIZE)
		map((uint64_t)p, pa,
		    p < text_end     ? KERNEL_RX
		    : p < rodata_end ? KERNEL_R
				     : KERNEL_RW);
}

/* Pages for what describes a range; it may share the first and the last with that of
 * its neighbours. */
static void map_array(void *from, void *end)
{
	uint64_t page = (uint64_t)from & ~(uint64_t)(PAGE_SIZE - 1);

	for (; page < (uint64_t)end; page += PAGE_SIZE)
		if (*entry_of(page) == 0)
			map(page, memory_take() << PAGE_SHIFT, KERNEL_RW);
}

void memory_map_kernel(void)
{
	sort(global->frames, global->free_ranges);
	top_table = direct(memory_take() << PAGE_SHIFT);
	for (uint64_t i = 0; i < global->ram_ranges; i++) {
		uint64_t first = global->ram[i].first, end = global->ram[i].end;
		if (global->ram[i].node == NO_MEMORY)
			continue;
		for (uint64_t giga = first >> (GIGA_SHIFT - PAGE_SHIFT);
		     giga <= (end - 1) >> (GIGA_SHIFT - PAGE_SHIFT); giga++)
			top_table->direct[giga] =
				giga << (GIGA_SHIFT - PAGE_SHIFT) << LEAF_PPN_SHIFT | KERNEL_RW;
		map_array(frame_desc(first), frame_desc(end));
		map_array(BLOCKS + (first >> BLOCK_SHIFT), BLOCKS + ((end - 1) >> BLOCK_SHIFT) + 1);
	}
	map_image();
	/* All tables for windows, so that those of harts may be taken back. */
	window(HART_MAX);
	uint64_t frame = memory_take();
	map(INFO_VA, frame << PAGE_SHIFT, USER_R);
	global->info = direct(frame << PAGE_SHIFT);
	global->kernel_root = top_table;
	if (global->satp_mode == SATP_SV48) {
		global->kernel_root = direct(memory_take() << PAGE_SHIFT);
		global->kernel_root->image =
			physical(top_table) >> PAGE_SHIFT << LEAF_PPN_SHIFT | LEAF_V;
	}
	global->kernel_satp =
		global->satp_mode << SATP_MODE_SHIFT | physical(global->kernel_root) >> PAGE_SHIFT;
}

void *memory_map_finisher(uint64_t pa)
{
	uint64_t va = WINDOWS + HART_MAX * WINDOW_PAGES * PAGE_SIZE;

	map(va, pa, KERNEL_RW);
	return (char *)va + (pa & (PAGE_SIZE - 1));
}

struct hart *memory_map_hart(uint64_t id)
{
	uint64_t va = WINDOWS + id * WINDOW_PAGES * PAGE_SIZE;
	uint64_t frame = memory_take();

	map(va, frame << PAGE_SHIFT, KERNEL_RW);
	map(va + 2 * PAGE_SIZE, memory_take() << PAGE_SHIFT, KERNEL_RW);
	struct hart *hart = direct(frame << PAGE_SHIFT);
	hart->id = id;
	hart->stack_top = va + 3 * PAGE_SIZE;
	return (struct hart *)va;
}

void memory_unmap_harts(uint64_t id)
{
	uint64_t *entry = window(id);

	/* Frames are taken in their order, and nothing was taken after these. */
	if (id < HART_MAX && *entry != 0)
		taken = *entry >> LEAF_PPN_SHIFT;
	for (; id < HART_MAX; id++) {
		entry = window(id);
		entry[0] = entry[2] = 0;
	}
}

/* SPDX-License-Identifier: MIT
 *
 * The kernel's half of every address space (root slots of Sv39):
 *
 *	256..447  direct map of physical memory, gigapages, RW
 *	448..507  the VAS's own words, invalid entries
 *	508       frame descriptors, mapped only where RAM is, RW
 *	509       info page, readable by users
 *	510       per hart: page, guard, stack, guard; test device
 *	511       image: text RX, rodata R, data RW
 *
 * All of it is global and stays as boot makes it.
 */
#include "memory.h"
#include "frame.h"
#include "machine.h"
#include "panic.h"
#include "vas.h"

#include <hartleaf/leaf.h>

#define WINDOWS      0xffffffff80000000UL
#define WINDOW_PAGES 4
#define GIGA_SHIFT   30
#define KERNEL_RW    (LEAF_V | LEAF_R | LEAF_W | LEAF_A | LEAF_D | LEAF_G)
#define KERNEL_R     (LEAF_V | LEAF_R | LEAF_A | LEAF_D | LEAF_G)
#define KERNEL_RX    (KERNEL_R | LEAF_X)
#define USER_R       (KERNEL_R | LEAF_U)

extern char image_start[], text_end[], rodata_end[], image_end[];

static void add_range(struct range *list, uint64_t *n, uint64_t first, uint64_t end)
{
	if (*n == RANGES_MAX)
		boot_refuse("too many ranges of memory");
	list[(*n)++] = (struct range){first, end};
}

void memory_add(uint64_t base, uint64_t size)
{
	uint64_t first = (base + PAGE_SIZE - 1) >> PAGE_SHIFT, end = (base + size) >> PAGE_SHIFT;

	if (base + size < base || end > DIRECT_TOP >> PAGE_SHIFT)
		boot_refuse("memory beyond the direct map, which ends at 192 GiB");
	if (first == 0)
		first = 1; /* frame 0 means none */
	if (first >= end)
		return;
	for (uint64_t i = 0; i < global->ram_ranges; i++)
		if (first < global->ram[i].end && end > global->ram[i].first)
			boot_refuse("ranges of memory overlap");
	add_range(global->ram, &global->ram_ranges, first, end);
	add_range(global->frames, &global->free_ranges, first, end);
}

void memory_reserve(uint64_t base, uint64_t size)
{
	uint64_t first = base >> PAGE_SHIFT, end = (base + size + PAGE_SIZE - 1) >> PAGE_SHIFT;

	if (size == 0 || base + size < base)
		return;
	if (!memory_is_ram(base, size))
		add_range(global->ram, &global->ram_ranges, first, end);
	for (uint64_t i = 0; i < global->free_ranges; i++) {
		struct range *r = &global->frames[i];
		if (first >= r->end || end <= r->first)
			continue;
		if (end < r->end)
			add_range(global->frames, &global->free_ranges, end, r->end);
		r->end = first > r->first ? first : r->first;
	}
}

bool memory_is_ram(uint64_t base, uint64_t size)
{
	if (size == 0 || base + size < base)
		return false;
	for (uint64_t i = 0; i < global->ram_ranges; i++)
		if (base >> PAGE_SHIFT >= global->ram[i].first &&
		    (base + size - 1) >> PAGE_SHIFT < global->ram[i].end)
			return true;
	return false;
}

uint64_t memory_left(void)
{
	uint64_t left = 0, next = global->page_alloc_tail;

	for (uint64_t i = 0; i < global->free_ranges; i++) {
		struct range *r = &global->frames[i];
		if (next < r->end)
			left += r->end - (next > r->first ? next : r->first);
	}
	return left;
}

uint64_t memory_take(void)
{
	uint64_t frame = frame_next(global->page_alloc_tail);

	if (frame == 0)
		boot_refuse("too little memory");
	global->page_alloc_tail = frame + 1;
	page_zero(direct(frame << PAGE_SHIFT));
	return frame;
}

static uint64_t *map(uint64_t va, uint64_t pa, uint64_t flags)
{
	uint64_t *table = global->kernel_root->user;

	for (unsigned shift = GIGA_SHIFT; shift > PAGE_SHIFT; shift -= 9) {
		uint64_t *entry = &table[va >> shift & 511];
		if (*entry == 0)
			*entry = memory_take() << LEAF_PPN_SHIFT | LEAF_V;
		table = direct(*entry >> LEAF_PPN_SHIFT << PAGE_SHIFT);
	}
	table += va >> PAGE_SHIFT & 511;
	*table = pa >> PAGE_SHIFT << LEAF_PPN_SHIFT | flags;
	return table;
}

/* Ranges are sorted so that frame_next finds the lowest. */
static void sort(struct range *list, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++)
		for (uint64_t j = i; j > 0 && list[j].first < list[j - 1].first; j--) {
			struct range r = list[j];
			list[j] = list[j - 1];
			list[j - 1] = r;
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

void memory_map_kernel(void)
{
	sort(global->frames, global->free_ranges);
	global->kernel_root = direct(memory_take() << PAGE_SHIFT);
	for (uint64_t i = 0; i < global->ram_ranges; i++) {
		uint64_t first = global->ram[i].first, end = global->ram[i].end;
		if (end > DIRECT_TOP >> PAGE_SHIFT)
			continue; /* reserved, and no RAM */
		for (uint64_t giga = first >> (GIGA_SHIFT - PAGE_SHIFT);
		     giga <= (end - 1) >> (GIGA_SHIFT - PAGE_SHIFT); giga++)
			global->kernel_root->direct[giga] =
				giga << (GIGA_SHIFT - PAGE_SHIFT) << LEAF_PPN_SHIFT | KERNEL_RW;
		uint64_t page = (uint64_t)frame_desc(first) & ~(uint64_t)(PAGE_SIZE - 1);
		for (; page < (uint64_t)frame_desc(end); page += PAGE_SIZE)
			map(page, memory_take() << PAGE_SHIFT, KERNEL_RW);
	}
	map_image();
	uint64_t frame = memory_take();
	map(INFO_VA, frame << PAGE_SHIFT, USER_R);
	global->info = direct(frame << PAGE_SHIFT);
	global->kernel_satp =
		SATP_SV39 << SATP_MODE_SHIFT | physical(global->kernel_root) >> PAGE_SHIFT;
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
	struct hart *hart = (struct hart *)va;
	uint64_t frame = memory_take();

	map(va, frame << PAGE_SHIFT, KERNEL_RW);
	map(va + 2 * PAGE_SIZE, memory_take() << PAGE_SHIFT, KERNEL_RW);
	hart = direct(frame << PAGE_SHIFT);
	hart->id = id;
	hart->stack_top = va + 3 * PAGE_SIZE;
	return (struct hart *)va;
}

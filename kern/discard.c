/* SPDX-License-Identifier: MIT
 *
 * The last of boot, and the only part of it that stays: it gives away the code
 * that ran before it, and starts the first executor.
 */
#include "atomic.h"
#include "block.h"
#include "boot.h"
#include "executor.h"
#include "machine.h"
#include "vas.h"

#include <hartleaf/leaf.h>

extern char image_start[], init_end[];

/* These are memory now, too; false: there is no more room to say so. */
static bool announce(uint64_t frame, uint64_t pages)
{
	struct info *info = global->info;

	if (info->ranges == INFO_RANGES_LIMIT)
		return false;
	info->memory[info->ranges].first = frame;
	info->memory[info->ranges].pages = pages;
	info->memory[info->ranges++].node = BLOCKS[frame >> BLOCK_SHIFT].node;
	info->memory_pages += pages;
	return true;
}

void boot_discard(void)
{
	struct vas *first = global->first->vas;
	uint64_t frame = global->image_pa >> PAGE_SHIFT, payer = physical(first) >> PAGE_SHIFT;
	uint64_t pages = (init_end - image_start) >> PAGE_SHIFT;
	uint64_t self = 1UL << this_hart->id, harts = (2UL << (global->harts - 1)) - 1;

	/* All others sleep, so they have left the code that goes. */
	while ((atomic_load_acquire(&global->idle) | self) != harts)
		;
	for (uint64_t i = 0; i < pages; i++)
		global->init_leaves[i] = 0;
	/* Everything; windows of harts that didn't start went, too. */
	tlb_flush(harts);
	if (!announce(frame, pages))
		pages = 0;
	first->used += pages * VAS_ONE;
	for (uint64_t i = 0; i < pages; i++) {
		*frame_desc(frame + i) = payer << FRAME_PAYER_SHIFT;
		frame_free(frame + i);
	}
	global->info->boot_pages = global->info->free_pages;
	executor_start(global->first, BOOT_STUB_VA, BOOT_STACK_TOP, INFO_VA, NULL, 0);
	dispatch();
}

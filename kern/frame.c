/* SPDX-License-Identifier: MIT
 *
 * Frames: who pays, and how many leaves map them.  Which are free is block.c's.
 *
 * A frame is free before its payer's budget says so; therefore whoever has
 * budget finds a frame.
 */
#include "frame.h"
#include "atomic.h"
#include "block.h"
#include "global.h"
#include "machine.h"
#include "vas.h"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

/* n frames in a row, of which each is one. */
static inline void begin(uint64_t first, uint64_t n, unsigned type, struct vas *payer)
{
	uint64_t desc =
		(physical(payer) >> PAGE_SHIFT) << FRAME_PAYER_SHIFT | FRAME_COUNT_ONE | type;

	pages_zero(direct(first << PAGE_SHIFT), type == FRAME_LARGE ? BLOCK_FRAMES : n);
	/* Release: who sees the type sees the zeroes; pairs with the acquire of
	 * the counts taken by a stale leaf. */
	for (uint64_t i = 0; i < n; i++)
		atomic_store_release(frame_desc(first + i), desc);
}

uint64_t frame_alloc(unsigned type, struct vas *payer)
{
	if (!vas_charge(payer, 1))
		return 0;
	uint64_t frame = block_take_one();
	atomic_add_relaxed(&global->info->free_pages, -1);
	begin(frame, 1, type, payer);
	return frame;
}

static uint64_t take(struct vas *payer, uint64_t want, uint64_t *got)
{
	if (!vas_charge(payer, want))
		return 0;
	uint64_t first = block_take(want, got);
	if (*got != want)
		vas_uncharge(payer, want - *got);
	atomic_add_relaxed(&global->info->free_pages, -*got);
	return first;
}

uint64_t frame_alloc_run(struct vas *payer, uint64_t want, uint64_t *got)
{
	uint64_t first;

	while ((first = take(payer, want, got)) == 0)
		if ((want /= 2) == 0)
			return 0;
	begin(first, *got, FRAME_MEMORY, payer);
	return first;
}

uint64_t frame_alloc_large(struct vas *payer)
{
	/* Charged first: who hasn't the budget keeps a block from nobody, not for a moment
	 * either. */
	if (!vas_charge(payer, BLOCK_FRAMES))
		return 0;
	uint64_t first = block_take_whole();
	if (first == 0) {
		vas_uncharge(payer, BLOCK_FRAMES);
		return 0;
	}
	atomic_add_relaxed(&global->info->free_pages, -BLOCK_FRAMES);
	begin(first, 1, FRAME_LARGE, payer);
	return first;
}

/* That n frames are free is known by now to who looks for them, and not to their payer. */
static void refund(uint64_t payer, uint64_t n)
{
	atomic_add_relaxed(&global->info->free_pages, n);
	vas_uncharge(direct(payer << PAGE_SHIFT), n);
}

static void free_large(uint64_t first, uint64_t payer)
{
	atomic_store(frame_desc(first), FRAME_NONE);
	block_give_whole(first);
	refund(payer, BLOCK_FRAMES);
}

static void free_one(uint64_t frame, uint64_t payer)
{
	atomic_store(frame_desc(frame), FRAME_NONE);
	block_give(frame, 1);
	refund(payer, 1);
}

void frame_run_free(struct frame_run *run)
{
	if (run->n == 0)
		return;
	for (uint64_t i = 0; i < run->n; i++)
		atomic_store(frame_desc(run->first + i), FRAME_NONE);
	block_give(run->first, run->n);
	refund(run->payer, run->n);
	run->n = 0;
}

void frame_run_add(struct frame_run *run, uint64_t frame, uint64_t desc)
{
	uint64_t payer = desc >> FRAME_PAYER_SHIFT;

	if ((desc & FRAME_TYPE) == FRAME_LARGE) {
		free_large(frame, payer);
		return;
	}
	frame_run_free(run);
	*run = (struct frame_run){frame, 1, payer};
}

void frame_free(uint64_t frame)
{
	free_one(frame, frame_payer(frame));
}

void frame_put(uint64_t frame)
{
	uint64_t desc = frame_drop(frame);

	if (desc == 0)
		return;
	if ((desc & FRAME_TYPE) == FRAME_LARGE)
		free_large(frame, desc >> FRAME_PAYER_SHIFT);
	else
		free_one(frame, desc >> FRAME_PAYER_SHIFT);
}

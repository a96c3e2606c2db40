/* SPDX-License-Identifier: MIT
 *
 * Frame allocator: a stack of freed frames, linked through their descriptors,
 * in front of the frames that were never given out.  Lock-free: the head
 * carries a tag that every change steps, so a frame that came back between a
 * load and the store-conditional isn't mistaken for itself (emulators do LR/SC
 * by comparing values).
 *
 * A frame is free before its payer's budget says so; therefore whoever has
 * budget finds a frame.
 */
#include "frame.h"
#include "atomic.h"
#include "global.h"
#include "machine.h"
#include "vas.h"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

#define LINK_MASK 0xffffffffUL
#define TAG_ONE   (LINK_MASK + 1)

static uint64_t desc_link(uint64_t desc)
{
	return (desc & FRAME_COUNT) >> FRAME_COUNT_SHIFT;
}

static uint64_t pop(void)
{
	/* Acquire: pairs with the release in push, for the frame's link. */
	uint64_t head = atomic_load_acquire(&global->page_alloc_head);
	for (;;) {
		uint64_t frame = head & LINK_MASK;
		if (frame == 0)
			return 0;
		/* May be anything by now; then the tag has changed as well. */
		uint64_t next = desc_link(atomic_load(frame_desc(frame)));
		if (atomic_cas(&global->page_alloc_head, &head,
			       ((head & ~LINK_MASK) + TAG_ONE) | next))
			return frame;
	}
}

static void push(uint64_t frame)
{
	uint64_t head = atomic_load(&global->page_alloc_head);
	do
		atomic_store(frame_desc(frame),
			     (head & LINK_MASK) << FRAME_COUNT_SHIFT | FRAME_FREE);
	while (!atomic_cas(&global->page_alloc_head, &head,
			   ((head & ~LINK_MASK) + TAG_ONE) | frame));
}

uint64_t frame_next(uint64_t frame)
{
	for (uint64_t i = 0; i < global->free_ranges; i++) {
		struct range r = global->frames[i];
		uint64_t next = frame > r.first ? frame : r.first;
		if (next < r.end)
			return next;
	}
	return 0;
}

static uint64_t take_fresh(void)
{
	uint64_t tail = atomic_load(&global->page_alloc_tail);
	for (;;) {
		uint64_t frame = frame_next(tail);
		if (frame == 0 || atomic_cas(&global->page_alloc_tail, &tail, frame + 1))
			return frame;
	}
}

uint64_t frame_alloc(unsigned type, struct vas *payer)
{
	if (!vas_charge(payer, 1))
		return 0;
	uint64_t frame;
	/* The charge says that there is one. It may be on its way from the
	 * untouched frames to the stack, hence the loop. */
	do
		frame = pop();
	while (frame == 0 && (frame = take_fresh()) == 0);
	__atomic_fetch_sub(&global->info->free_pages, 1, __ATOMIC_RELAXED);
	page_zero(direct(frame << PAGE_SHIFT));
	/* Release: who sees the type sees the zeroes; pairs with the acquire of
	 * the counts taken by a stale leaf. */
	atomic_store_release(frame_desc(frame), (physical(payer) >> PAGE_SHIFT)
								<< FRAME_PAYER_SHIFT |
							FRAME_COUNT_ONE | type);
	return frame;
}

void frame_free(uint64_t frame)
{
	uint64_t payer = atomic_load(frame_desc(frame)) >> FRAME_PAYER_SHIFT;
	push(frame);
	__atomic_fetch_add(&global->info->free_pages, 1, __ATOMIC_RELAXED);
	vas_uncharge(direct(payer << PAGE_SHIFT), 1);
}

int frame_get(uint64_t frame)
{
	uint64_t *d = frame_desc(frame);
	uint64_t old = atomic_load(d);
	do {
		if ((old & FRAME_TYPE) != FRAME_MEMORY || (old & FRAME_COUNT) == 0)
			return -HL_EAGAIN;
		if ((old & FRAME_COUNT) == FRAME_COUNT)
			return -HL_ENOMEM;
		/* Acquire: the caller reads the source entry again after this. */
	} while (!atomic_cas(d, &old, old + FRAME_COUNT_ONE));
	return 0;
}

void frame_put(uint64_t frame)
{
	/* Acquire and release: whoever drops the last count sees that every
	 * other dropper was done with the frame. */
	uint64_t old = atomic_sub(frame_desc(frame), FRAME_COUNT_ONE);
	if ((old & FRAME_COUNT) == FRAME_COUNT_ONE)
		frame_free(frame);
}

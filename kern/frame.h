/* SPDX-License-Identifier: MIT
 *
 * Frames and their descriptors: 8 bytes a frame, mapped only where RAM is.
 */
#ifndef KERN_FRAME_H
#define KERN_FRAME_H

#include "atomic.h"
#include "layout.h"

#include <hartleaf/call.h>
#include <stdbool.h>
#include <stdint.h>

struct vas;

/* bits 3:0 type, 31:4 count, 63:32 frame number of the payer */
#define FRAME_NONE     0 /* the kernel's own, or free */
#define FRAME_MEMORY   2 /* count: leaves that map it */
#define FRAME_TABLE    3 /* count: its place in a table, and views */
#define FRAME_EXECUTOR 4 /* counted in the page; count is the limbo link */
#define FRAME_VAS      5 /* counted in the page; count is the limbo link */
#define FRAME_BOOT     6 /* initrd, device tree: not counted, never freed */
#define FRAME_LARGE    7 /* first of 512 that are memory; count: leaves that map them */

/* Types that have a count. */
#define FRAME_COUNTED (1UL << FRAME_MEMORY | 1UL << FRAME_TABLE | 1UL << FRAME_LARGE)

#define FRAME_TYPE        0xfUL
#define FRAME_COUNT_SHIFT 4
#define FRAME_COUNT_ONE   (1UL << FRAME_COUNT_SHIFT)
#define FRAME_COUNT       0xfffffff0UL
#define FRAME_PAYER_SHIFT 32

#define FRAME_WORD 64 /* frames in a word of a block's bitmap: a run ends there */

static inline uint64_t *frame_desc(uint64_t frame)
{
	return (uint64_t *)VMEMMAP + frame;
}

static inline uint64_t frame_type(uint64_t frame)
{
	return atomic_load(frame_desc(frame)) & FRAME_TYPE;
}

static inline uint64_t frame_payer(uint64_t frame)
{
	return atomic_load(frame_desc(frame)) >> FRAME_PAYER_SHIFT;
}

/* Charge payer for a frame and give it out zeroed with count 1; 0: none. */
uint64_t frame_alloc(unsigned type, struct vas *payer);
/* The same for up to `want` (1..64) frames of memory in a row; *got says how many. */
uint64_t frame_alloc_run(struct vas *payer, uint64_t want, uint64_t *got);
/* 512 at once, aligned; 0: no budget, or no 512 that are free and together. */
uint64_t frame_alloc_large(struct vas *payer);
/* One more leaf maps this memory, or views this table.  0: done; -EAGAIN: it is no longer
 * counted, look again; -ENOMEM: too many. */
static inline int frame_get(uint64_t frame)
{
	uint64_t *d = frame_desc(frame);
	uint64_t old = atomic_load(d);

	do {
		if (!(FRAME_COUNTED >> (old & FRAME_TYPE) & 1) || (old & FRAME_COUNT) == 0)
			return -HL_EAGAIN;
		if ((old & FRAME_COUNT) == FRAME_COUNT)
			return -HL_ENOMEM;
		/* Acquire: the caller reads the source entry again after this. */
	} while (!atomic_cas(d, &old, old + FRAME_COUNT_ONE));
	return 0;
}

/* One leaf less; the last frees it.  The TLBs know already. */
void frame_put(uint64_t frame);
/* Free it at once: only what frame_get refuses to count. */
void frame_free(uint64_t frame);

/* Frames that are about to be freed together: neighbours with one payer. */
struct frame_run {
	uint64_t first, n, payer;
};
void frame_run_free(struct frame_run *run);
/* One that is counted 0 by now; desc is what its descriptor was. */
void frame_run_add(struct frame_run *run, uint64_t frame, uint64_t desc);

/* One count less.  0, or what the descriptor was when that was the last. */
static inline uint64_t frame_drop(uint64_t frame)
{
	/* Acquire and release: whoever drops the last count sees that every
	 * other dropper was done with the frame. */
	uint64_t old = atomic_sub(frame_desc(frame), FRAME_COUNT_ONE);
	return (old & FRAME_COUNT) == FRAME_COUNT_ONE ? old : 0;
}

/* frame_put into a run, which frame_run_free then frees. */
static inline void frame_put_run(uint64_t frame, struct frame_run *run)
{
	uint64_t old = frame_drop(frame);
	if (old == 0)
		return;
	if (run->n != 0 && frame == run->first + run->n && frame % FRAME_WORD != 0 &&
	    (old & FRAME_TYPE) == FRAME_MEMORY && old >> FRAME_PAYER_SHIFT == run->payer)
		run->n++;
	else
		frame_run_add(run, frame, old);
}

#endif

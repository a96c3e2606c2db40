/* SPDX-License-Identifier: MIT
 *
 * Free frames, in blocks of 512.  A block has a bitmap of those that are free and
 * one word of state; what is free can be had by anybody.
 *
 * Taking reserves first, by the count in the state, and then finds its bits; giving
 * sets the bits first and then counts them.  So the count never exceeds the bits,
 * and who has reserved finds something.  (After LLFree, Wrenger et al., USENIX ATC
 * 2023, which has trees above; here two stacks a node are enough.)
 *
 * Each hart owns a block, which is a hint: it takes from there first, and nobody puts
 * that on a stack (it may still be on one: whoever pops it there leaves it).  Each
 * other block with something free is on the stack of those with room, on that of
 * those wholly free, or on both.
 */
#ifndef KERN_BLOCK_H
#define KERN_BLOCK_H

#include "layout.h"

#include <stdint.h>

#define BLOCK_SHIFT  9 /* of frames */
#define BLOCK_FRAMES (1UL << BLOCK_SHIFT)

/* state: frames free, and flags */
#define BLOCK_COUNT 0x3ffUL
#define BLOCK_OWNED 0x400UL
#define BLOCK_ROOM  0x800UL  /* is on page_alloc_head of its node */
#define BLOCK_WHOLE 0x1000UL /* is on page_alloc_tail of its node */

struct block {
	uint64_t free[BLOCK_FRAMES / 64]; /* a bit each */
	uint64_t state;
	uint32_t next[2]; /* links of the two stacks: block + 1, 0 ends */
	uint64_t node;
	uint64_t unused[5];
};

_Static_assert(sizeof(struct block) == 128, "");

/* Mapped where RAM is. */
#define BLOCKS ((struct block *)BLOCKS_VA)

/* Up to `want` (1..64) frames in a row; *got says how many.  The caller has been
 * charged for `want`, so there is at least one.  Returns the first. */
uint64_t block_take(uint64_t want, uint64_t *got);
/* n frames from `first` on, none of them beyond the 64 of a bitmap word. */
void block_give(uint64_t first, uint64_t n);
uint64_t block_take_one(void);
/* All 512 of a block, or 0. */
uint64_t block_take_whole(void);
void block_give_whole(uint64_t first);
/* Boot: these are on this node, and free. */
void block_add(uint64_t first, uint64_t end, uint64_t node);
/* Boot: all have been added; the blocks of these can be taken from. */
void block_begin(uint64_t first, uint64_t end);

#endif

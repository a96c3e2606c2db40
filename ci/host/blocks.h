/* SPDX-License-Identifier: MIT
 *
 * kern/block.c for tests: a few blocks on two nodes, some of them in part only, the
 * harts that take from them, and what must be true of all of it while nobody does anything.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "kern.h"

#include "../../kern/block.h"

#include <string.h>

#define BLOCKS_N 14
#define FRAMES   (BLOCKS_N * BLOCK_FRAMES)
#define HARTS    4

static struct block blocks[BLOCKS_N];
#undef BLOCKS
#define BLOCKS blocks
#include "../../kern/block.c"

static struct global the_global;
static struct hart harts[HARTS];

/* Frame 0 is none of them: it means "none". */
static const struct range memory[] = {
	{BLOCK_FRAMES + 37, 5 * BLOCK_FRAMES, 0},
	{5 * BLOCK_FRAMES + 64, 5 * BLOCK_FRAMES + 128, 0}, /* one word */
	{5 * BLOCK_FRAMES + 200, 5 * BLOCK_FRAMES + 201, 0},
	{7 * BLOCK_FRAMES, 12 * BLOCK_FRAMES + 511, 1},
};
#define MEMORY_N (sizeof(memory) / sizeof(memory[0]))

static inline bool in_memory(uint64_t frame)
{
	for (unsigned i = 0; i < MEMORY_N; i++)
		if (frame >= memory[i].first && frame < memory[i].end)
			return true;
	return false;
}

static inline void be_hart(unsigned id)
{
	global = &the_global;
	this_hart = &harts[id];
}

/* As boot does; returns how many frames there are. */
static inline uint64_t blocks_begin(void)
{
	uint64_t n = 0;

	memset(blocks, 0, sizeof(blocks));
	memset(harts, 0, sizeof(harts));
	memset(&the_global, 0, sizeof(the_global));
	the_global.nodes = 2;
	the_global.harts = HARTS;
	for (unsigned i = 0; i < HARTS; i++) {
		harts[i].id = i;
		harts[i].node = i % 2;
		the_global.hart[i] = &harts[i];
	}
	be_hart(0);
	for (unsigned i = 0; i < MEMORY_N; i++) {
		block_add(memory[i].first, memory[i].end, memory[i].node);
		n += memory[i].end - memory[i].first;
	}
	for (unsigned i = 0; i < MEMORY_N; i++)
		block_begin(memory[i].first, memory[i].end);
	return n;
}

/* Line of the first thing that is wrong, or 0; *n: how many frames are free. */
static inline int blocks_wrong(uint64_t *n)
{
	unsigned on[2][BLOCKS_N] = {0}, owned[BLOCKS_N] = {0};

	for (unsigned kind = ROOM; kind <= WHOLE; kind++)
		for (unsigned node = 0; node < 2; node++) {
			uint64_t link = *stack(kind, node) & LINK_MASK;
			for (; link != 0; link = blocks[link - 1].next[kind]) {
				if (link > BLOCKS_N || blocks[link - 1].node != node)
					return __LINE__;
				if (on[kind][link - 1]++)
					return __LINE__;
			}
		}
	for (unsigned i = 0; i < HARTS; i++)
		if (harts[i].block != NULL && owned[harts[i].block - blocks]++)
			return __LINE__;
	*n = 0;
	for (unsigned i = 0; i < BLOCKS_N; i++) {
		struct block *b = &blocks[i];
		uint64_t free = b->state & BLOCK_COUNT, bits = 0;
		for (unsigned word = 0; word < WORDS; word++)
			bits += (unsigned)__builtin_popcountl(b->free[word]);
		if (bits != free)
			return __LINE__;
		if (owned[i] != !!(b->state & BLOCK_OWNED))
			return __LINE__;
		if (on[ROOM][i] != !!(b->state & BLOCK_ROOM) ||
		    on[WHOLE][i] != !!(b->state & BLOCK_WHOLE))
			return __LINE__;
		if (!owned[i] && free != 0 && !on[ROOM][i] && !on[WHOLE][i])
			return __LINE__;
		if (!owned[i] && free == BLOCK_FRAMES && !on[WHOLE][i])
			return __LINE__;
		*n += free;
	}
	return 0;
}

#endif

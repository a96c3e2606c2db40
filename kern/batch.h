/* SPDX-License-Identifier: MIT
 *
 * What a call takes out of page tables: entries first, one shootdown, and only then
 * are the counts dropped.
 */
#ifndef KERN_BATCH_H
#define KERN_BATCH_H

#include <hartleaf/leaf.h>
#include <stdbool.h>
#include <stdint.h>

struct vas;

#define BATCH 32

/* Entries that were changed, whose old value no TLB may use when the counts
 * are dropped. */
struct batch {
	struct vas *vas;
	uint64_t va, end;
	uint64_t shootdown; /* LEAF_V: a TLB may have one */
	uint64_t n;
	uint64_t leaf[BATCH];
};

static inline void batch_start(struct batch *b, struct vas *v)
{
	b->vas = v;
	b->n = 0;
	b->shootdown = 0;
}

void batch_flush(struct batch *b);

/* old stood at va; drop: it does no more. */
static inline void batch_add(struct batch *b, unsigned shift, uint64_t va, uint64_t old, bool drop)
{
	if (b->n == 0)
		b->va = va;
	b->end = va + (1UL << shift);
	b->shootdown |= old & LEAF_V;
	b->leaf[b->n++] = drop ? old : 0;
	if (b->n == BATCH)
		batch_flush(b);
}

#endif

/* SPDX-License-Identifier: MIT */
#include "batch.h"
#include "atomic.h"
#include "frame.h"
#include "machine.h"
#include "table.h"
#include "vas.h"

void batch_flush(struct batch *b)
{
	struct frame_run run = {0};

	if (b->shootdown) {
		/* Clearing of entries -> load of the mask; pairs with the fence in
		 * vas_join. */
		fence_full();
		tlb_shootdown(vas_harts(b->vas), vas_asid(b->vas), b->va,
			      (b->end - b->va) >> PAGE_SHIFT);
	}
	for (uint64_t *at = b->leaf, *end = at + b->n; at != end; at++) {
		uint64_t leaf = *at;
		if ((leaf & (LEAF_TAG | LEAF_V)) == LEAF_V &&
		    frame_type(entry_frame(leaf)) == FRAME_MEMORY)
			frame_put_run(entry_frame(leaf), &run);
		else if (leaf != 0)
			leaf_drop(leaf, b->vas, &run);
	}
	frame_run_free(&run);
	b->n = 0;
	b->shootdown = 0;
}

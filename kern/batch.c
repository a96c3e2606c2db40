/* SPDX-License-Identifier: MIT */
#include "batch.h"
#include "atomic.h"
#include "frame.h"
#include "table.h"
#include "vas.h"

void batch_flush(struct batch *b)
{
	struct frame_run run = {0};

	if (b->shootdown) {
		/* Some entries were changed by CAS: those, too, before the mask is read. */
		fence_full();
		vas_shootdown(b->vas, b->va, (b->end - b->va) >> PAGE_SHIFT);
	}
	for (uint64_t *at = b->leaf, *end = at + b->n; at != end; at++) {
		uint64_t leaf = *at;
		if (leaf_is_plain(leaf))
			frame_put_run(entry_frame(leaf), &run);
		else if (leaf != 0)
			leaf_drop(leaf, b->vas, &run);
	}
	frame_run_free(&run);
	b->n = 0;
	b->shootdown = 0;
}

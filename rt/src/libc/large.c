/* SPDX-License-Identifier: MIT
 *
 * Blocks that are too large for slabs: a run of pages each, with a header in the first.
 * They grow in place, into a run that is kept, or by moving pages.
 */
#include <string.h>

#include <hartleaf/layout.h>
#include <hartleaf/va.h>

#include "../va.h"
#include "run.h"

#define ALIGN_MAX  (1ul << 32)
#define HEADER     sizeof(struct rt_slab)
#define PAGES(n)   (((n) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define SIZE_LIMIT (RT_HEAP_TOP - RT_HEAP_LOW) /* so that no sum below overflows */
#define COPY_MOST  1025                        /* pages */

static void *block_of(struct rt_slab *l, uint64_t offset)
{
	l->size = (l->pages << PAGE_SHIFT) - offset;
	return (char *)l + offset;
}

/* One that is kept, with so many pages. */
static inline __attribute__((always_inline)) struct rt_slab *again(struct rt_heap *h,
								   uint64_t pages, uint64_t align)
{
	struct rt_slab *l = rt_run_take(h, rt_run_kind(pages), align);

	if (!l)
		return NULL;
	l->fresh = false;
	if (l->pages < pages && !rt_run_grow(l, pages)) {
		rt_run_put(h, l);
		return NULL;
	}
	return l;
}

void *rt_large_alloc(struct rt_heap *h, size_t size, size_t align)
{
	uint64_t offset = (HEADER + align - 1) & -align, pages;
	struct rt_slab *l;

	if (size > SIZE_LIMIT || align > ALIGN_MAX)
		return NULL;
	if (offset > SLOT)
		offset = SLOT;
	pages = PAGES(offset + size);
	l = again(h, pages, align);
	if (!l)
		l = rt_run_new(rt_run_kind(pages), pages, align);
	return l ? block_of(l, offset) : NULL;
}

void rt_large_free(struct rt_heap *h, struct rt_slab *l)
{
	rt_run_put(h, l);
}

void *rt_large_resize(struct rt_heap *h, struct rt_slab *l, void *block, size_t size)
{
	uint64_t offset = (uint64_t)block - (uint64_t)l, pages;
	struct rt_slab *to = NULL;

	if (size > SIZE_LIMIT)
		return NULL;
	pages = PAGES(offset + size);
	if (pages > rt_run_room(l) || pages < l->pages / 2)
		to = pages <= COPY_MOST ? again(h, pages, PAGE_SIZE) : NULL;
	if (to) { /* which makes no call; but its alignment is malloc's */
		block = memcpy(block_of(to, HEADER), block,
			       to->size < l->size ? to->size : l->size);
		rt_run_put(h, l);
		return block;
	}
	if (pages < l->pages)
		rt_run_shrink(l, pages);
	else if (pages <= rt_run_room(l) ? !rt_run_grow(l, pages) : !(l = rt_run_move(l, pages)))
		return NULL;
	return block_of(l, offset);
}

/* SPDX-License-Identifier: MIT
 *
 * Blocks that are too large for slabs: addresses and pages of their own, a header in the
 * first.  They grow by moving pages, not bytes.  Some that are freed are kept for the next
 * one of about that size: to unmap is to make all harts forget, which takes its time.
 */
#include <hartleaf/layout.h>
#include <hartleaf/va.h>

#include "slab.h"

#define RW         (MAP_R | MAP_W)
#define ALIGN_MAX  (1ul << 32)
#define HEADER     sizeof(struct rt_slab)
#define PAGES(n)   (((n) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define SLOTS(n)   (((n) + SLOT - 1) / SLOT)
#define SIZE_LIMIT (RT_HEAP_TOP - RT_HEAP_LOW) /* so that no sum below overflows */

#define KEEP_PAGES 512 /* in all */
#define KEEP_MOST  64  /* of one */

static struct hl_mutex lock;
static struct rt_slab *kept; /* newest first */
static uint64_t kept_pages;

static bool map(uint64_t va, uint64_t pages)
{
	if (hl_map(HL_SELF, va, 0, pages, MAP_NEW | MAP_MEMORY | RW, HL_SELF) == 0)
		return true;
	hl_map(HL_SELF, va, 0, pages, MAP_UNMAP, HL_SELF);
	return false;
}

static struct rt_slab *kept_remove(struct rt_slab **at)
{
	struct rt_slab *l = *at;

	*at = l->older;
	kept_pages -= l->pages;
	return l;
}

/* One with that many pages or a few more; NULL: none is kept. */
static struct rt_slab *kept_take(uint64_t pages)
{
	struct rt_slab *l = NULL;

	rt_bare_lock(&lock);
	for (struct rt_slab **at = &kept; *at; at = &(*at)->older)
		if ((*at)->pages >= pages && (*at)->pages <= pages + pages / 4 + 2) {
			l = kept_remove(at);
			break;
		}
	hl_mutex_unlock(&lock);
	return l;
}

/* Keeps l, and gives back an older one instead, or NULL. */
static struct rt_slab *kept_put(struct rt_slab *l)
{
	struct rt_slab **at, *old = NULL;

	rt_bare_lock(&lock);
	l->older = kept;
	kept = l;
	kept_pages += l->pages;
	if (kept_pages > KEEP_PAGES) {
		for (at = &kept; (*at)->older; at = &(*at)->older)
			;
		old = kept_remove(at);
	}
	hl_mutex_unlock(&lock);
	return old;
}

static void drop(struct rt_slab *l)
{
	uint64_t va = l->va, slots = l->slots;

	hl_map(HL_SELF, (uint64_t)l, 0, l->pages, MAP_UNMAP, HL_SELF);
	rt_heap_va_free(va, slots * SLOT_PAGES);
}

void rt_large_flush(void)
{
	struct rt_slab *l, *older;

	rt_bare_lock(&lock);
	l = kept;
	kept = NULL;
	kept_pages = 0;
	hl_mutex_unlock(&lock);
	for (; l; l = older) {
		older = l->older;
		drop(l);
	}
}

static struct rt_slab *make(uint64_t offset, size_t size, size_t align)
{
	uint64_t slots = SLOTS(offset + size + (align > SLOT ? align : 0));
	uint64_t va = rt_heap_va_alloc(slots * SLOT_PAGES), base = va;
	struct rt_slab *l;

	if (!va)
		return NULL;
	if (align > SLOT)
		base = ((va + SLOT + align - 1) & -align) - SLOT;
	if (!map(base, PAGES(offset + size))) {
		rt_heap_va_free(va, slots * SLOT_PAGES);
		return NULL;
	}
	l = (struct rt_slab *)base;
	l->va = va;
	l->slots = slots;
	l->pages = PAGES(offset + size);
	l->fresh = true;
	return l;
}

void *rt_large_alloc(size_t size, size_t align)
{
	uint64_t offset = (HEADER + align - 1) & -align;
	struct rt_slab *l = NULL;

	if (size > SIZE_LIMIT || align > ALIGN_MAX)
		return NULL;
	if (offset > SLOT)
		offset = SLOT;
	if (align <= SLOT)
		l = kept_take(PAGES(offset + size));
	if (!l)
		l = make(offset, size, align);
	if (!l) {
		rt_large_flush();
		l = make(offset, size, align);
	}
	if (!l)
		return NULL;
	l->size = (l->pages << PAGE_SHIFT) - offset;
	return (char *)l + offset;
}

void rt_large_free(struct rt_slab *l)
{
	l->fresh = false;
	if (l->pages <= KEEP_MOST)
		l = kept_put(l);
	if (l)
		drop(l);
}

void *rt_large_resize(struct rt_slab *l, void *block, size_t size)
{
	uint64_t base = (uint64_t)l, offset = (uint64_t)block - base, pages, slots, to;
	uint64_t old_va = l->va, old_slots = l->slots, old_pages = l->pages;

	if (size > SIZE_LIMIT)
		return NULL;
	pages = PAGES(offset + size);
	if (pages < l->pages) {
		hl_map(HL_SELF, base + (pages << PAGE_SHIFT), 0, l->pages - pages, MAP_UNMAP,
		       HL_SELF);
	} else if (base + (pages << PAGE_SHIFT) <= l->va + l->slots * SLOT) {
		if (!map(base + (l->pages << PAGE_SHIFT), pages - l->pages))
			return NULL;
	} else {
		/* half as much again, so that growing step by step rarely moves */
		slots = SLOTS(offset + size + size / 2);
		to = rt_heap_va_alloc(slots * SLOT_PAGES);
		if (!to)
			return NULL;
		if (!map(to + (l->pages << PAGE_SHIFT), pages - l->pages)) {
			rt_heap_va_free(to, slots * SLOT_PAGES);
			return NULL;
		}
		if (hl_map(HL_SELF, to, base, old_pages, MAP_MOVE | MAP_MEMORY | RW, HL_SELF) < 0) {
			/* a table was missing; what went there comes back, its table is there */
			for (uint64_t i = 0; i < old_pages; i++)
				sys_map_move(HL_SELF, base + (i << PAGE_SHIFT),
					     to + (i << PAGE_SHIFT), 1, MAP_MEMORY | RW);
			hl_map(HL_SELF, to, 0, pages, MAP_UNMAP, HL_SELF);
			rt_heap_va_free(to, slots * SLOT_PAGES);
			return NULL;
		}
		rt_heap_va_free(old_va, old_slots * SLOT_PAGES);
		l = (struct rt_slab *)to;
		l->va = to;
		l->slots = slots;
	}
	l->pages = pages;
	l->size = (pages << PAGE_SHIFT) - offset;
	return (char *)l + offset;
}

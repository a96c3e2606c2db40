/* SPDX-License-Identifier: MIT
 *
 * Addresses: three regions, for stacks, capabilities and views, for the heap, and for mmap, so that
 * what a program unmaps by mistake twice is never a stack.  Of each there is a list of what
 * is free, sorted by address, without neighbours; the first that fits is taken.
 *
 * Nothing is mapped in a free range, ever: who takes one may map there, and who gives one back
 * has unmapped it.  MAP_FIXED and munmap name any addresses, free ones and others: they *claim*
 * the range first, which takes what is free of it off the list, so that nobody else gets it
 * meanwhile.
 *
 * What is described can't hold the description (nothing is mapped there), so nodes come from
 * pages of their own, which are never given back.  To give a range back takes a node, and must
 * not fail: so for each range that is handed out there is one more spare node, `owed`.
 */
#include <hartleaf/layout.h>
#include <hartleaf/sync.h>
#include <hartleaf/va.h>

#include "rt.h"
#include "va.h"

struct rt_range {
	struct rt_range *next;
	uint64_t va;
	uint64_t end;
};

static struct region {
	uint64_t low, top, align;
	struct rt_range *free;
	struct rt_range whole; /* the first node */
} regions[] = {
#define REGION(low, top, align, i)                                                                 \
	low, top, align, &regions[i].whole,                                                        \
	{                                                                                          \
		NULL, low, top                                                                     \
	}
	[RT_VA_OWN] = {REGION(RT_VA_LOW, RT_VA_TOP, PAGE_SIZE, RT_VA_OWN)},
	[RT_VA_HEAP] = {REGION(RT_HEAP_LOW, RT_HEAP_TOP, RT_HEAP_ALIGN, RT_VA_HEAP)},
	[RT_VA_MAPS] = {REGION(RT_MAPS_LOW, RT_MAPS_TOP, PAGE_SIZE, RT_VA_MAPS)},
};
#define REGIONS (sizeof(regions) / sizeof(regions[0]))

static struct hl_mutex lock;      /* of these and all that follows */
static struct rt_range first[16]; /* enough for most programs */
static bool first_used;
static struct rt_range *spare;
static uint64_t spares;
static uint64_t owed; /* of the spares; not to be taken for anything else */

static void spare_put(struct rt_range *r)
{
	r->next = spare;
	spare = r;
	spares++;
}

static struct rt_range *spare_get(void)
{
	struct rt_range *r = spare;

	spare = r->next;
	spares--;
	return r;
}

/* Two of one: r ends at va, and what is behind that begins there. */
static void split(struct rt_range *r, uint64_t va)
{
	struct rt_range *rest = spare_get();

	*rest = (struct rt_range){r->next, va, r->end};
	r->next = rest;
	r->end = va;
}

/* Needs a spare node where something that isn't aligned was claimed. */
static uint64_t take(struct region *g, uint64_t size)
{
	for (struct rt_range *r, **at = &g->free; (r = *at); at = &r->next) {
		uint64_t va = (r->va + g->align - 1) & -g->align;

		if (va >= r->end || r->end - va < size)
			continue;
		if (va > r->va) {
			split(r, va);
			at = &r->next;
			r = *at;
		}
		r->va += size;
		if (r->va == r->end) {
			*at = r->next;
			spare_put(r);
		}
		return va;
	}
	return 0;
}

/* What of [va, end) is free already stays so.  Needs a spare node, or makes one. */
static void insert(struct rt_range **at, uint64_t va, uint64_t end)
{
	struct rt_range *r;

	while ((r = *at) && r->end < va)
		at = &r->next;
	while ((r = *at) && r->va <= end) { /* they touch: all becomes one */
		va = r->va < va ? r->va : va;
		end = r->end > end ? r->end : end;
		*at = r->next;
		spare_put(r);
	}
	r = spare_get();
	*r = (struct rt_range){*at, va, end};
	*at = r;
}

/* What lies in none of the regions is nobody's. */
static void give(uint64_t va, uint64_t end)
{
	for (struct region *g = regions; g < regions + REGIONS; g++) {
		uint64_t low = va > g->low ? va : g->low, top = end < g->top ? end : g->top;

		if (low < top)
			insert(&g->free, low, top);
	}
}

/* What of [va, end) is free goes from the list to `out`.  Needs two spare nodes. */
static void cut(struct rt_range **at, uint64_t va, uint64_t end, struct rt_range **out)
{
	for (struct rt_range *r; (r = *at) && r->va < end;) {
		if (r->va < va) {
			if (r->end > va)
				split(r, va);
			at = &r->next;
			continue;
		}
		if (r->end > end)
			split(r, end);
		*at = r->next;
		r->next = *out;
		*out = r;
	}
}

/* Makes more nodes if there aren't n beside what is owed. */
static bool stock(uint64_t n)
{
	struct rt_range *fresh = first;
	size_t count = sizeof(first) / sizeof(first[0]);

	if (spares >= owed + n)
		return true;
	if (first_used) {
		uint64_t va = take(&regions[RT_VA_OWN], PAGE_SIZE);

		if (!va)
			return false;
		if (sys_map_new(va, 1, MAP_R | MAP_W) != 1) {
			give(va, va + PAGE_SIZE); /* to where it was: needs no node */
			return false;
		}
		fresh = (struct rt_range *)va;
		count = PAGE_SIZE / sizeof(*fresh);
	}
	first_used = true;
	for (size_t i = 0; i < count; i++)
		spare_put(&fresh[i]);
	return true;
}

/* Takes the lock if there are n nodes that nobody is owed. */
static bool lock_with(uint64_t n)
{
	for (int tries = 0; tries < 2; tries++) {
		rt_bare_lock(&lock);
		if (stock(n))
			return true;
		hl_mutex_unlock(&lock);
		if (!hl_memory_release())
			break;
	}
	return false;
}

uint64_t rt_va_alloc(enum rt_va_region region, size_t pages)
{
	uint64_t va;

	/* the comparison: so that no size overflows */
	if (pages == 0 || pages > USER_TOP >> PAGE_SHIFT || !lock_with(2))
		return 0;
	va = take(&regions[region], pages << PAGE_SHIFT);
	owed += va != 0;
	hl_mutex_unlock(&lock);
	return va;
}

void rt_va_free(uint64_t va, size_t pages)
{
	rt_bare_lock(&lock);
	owed--;
	give(va, va + (pages << PAGE_SHIFT));
	hl_mutex_unlock(&lock);
}

uint64_t hl_va_alloc(size_t pages)
{
	return rt_va_alloc(RT_VA_OWN, pages);
}

void hl_va_free(uint64_t va, size_t pages)
{
	rt_va_free(va, pages);
}

bool rt_va_claim(struct rt_claim *c, uint64_t va, size_t pages)
{
	unsigned touched = 0;

	*c = (struct rt_claim){va, va + (pages << PAGE_SHIFT), NULL};
	for (const struct region *g = regions; g < regions + REGIONS; g++)
		touched += va < g->top && c->end > g->low;
	/* two for cut, one for settle, which is enough for one region */
	if (touched > 1 || !lock_with(3))
		return false;
	for (struct region *g = regions; g < regions + REGIONS; g++)
		cut(&g->free, c->va, c->end, &c->was_free);
	owed++;
	hl_mutex_unlock(&lock);
	return true;
}

bool rt_va_claim_new(struct rt_claim *c, size_t pages)
{
	uint64_t va = rt_va_alloc(RT_VA_MAPS, pages);

	*c = (struct rt_claim){va, va + (pages << PAGE_SHIFT), NULL};
	return va != 0;
}

void rt_va_settle(struct rt_claim *c, enum rt_va_end how)
{
	struct rt_range *r;

	rt_bare_lock(&lock);
	owed--;
	while ((r = c->was_free)) {
		uint64_t va = r->va, end = r->end;

		c->was_free = r->next;
		spare_put(r);
		if (how == RT_VA_AS_IT_WAS) {
			rt_unmap(va, (end - va) >> PAGE_SHIFT);
			give(va, end);
		}
	}
	if (how == RT_VA_FREE)
		give(c->va, c->end);
	hl_mutex_unlock(&lock);
}

bool rt_va_taken(uint64_t va, size_t pages)
{
	uint64_t end = va + (pages << PAGE_SHIFT);
	bool taken = true;

	rt_bare_lock(&lock);
	for (struct region *g = regions; g < regions + REGIONS; g++)
		for (struct rt_range *r = g->free; r && r->va < end; r = r->next)
			taken &= r->end <= va;
	hl_mutex_unlock(&lock);
	return taken;
}

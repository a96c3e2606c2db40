/* SPDX-License-Identifier: MIT
 *
 * Address ranges for stacks, capabilities and views, and others for the heap: first
 * fit from a list of free ranges sorted by address, neighbours joined.  What is described can't hold the
 * description (nothing is mapped there), so nodes come from pages of their own,
 * which are never given back: there are as many as there ever were gaps at once.
 */
#include <hartleaf/layout.h>
#include <hartleaf/sync.h>
#include <hartleaf/va.h>

#include "rt.h"

struct range {
	struct range *next;
	uint64_t va;
	uint64_t pages;
};

static struct hl_mutex lock;
static struct range whole = {NULL, RT_VA_LOW, (RT_VA_TOP - RT_VA_LOW) >> PAGE_SHIFT};
static struct range whole_heap = {NULL, RT_HEAP_LOW, (RT_HEAP_TOP - RT_HEAP_LOW) >> PAGE_SHIFT};
static struct range *ranges = &whole;
static struct range *heap_ranges = &whole_heap;
static struct range first_spare;
static struct range *spare = &first_spare;

static void spare_put(struct range *r)
{
	r->next = spare;
	spare = r;
}

/* First fit; the lock is held. */
static uint64_t take(struct range **at, size_t pages)
{
	for (; *at; at = &(*at)->next) {
		struct range *r = *at;
		uint64_t va = r->va;

		if (r->pages < pages)
			continue;
		r->va += pages << PAGE_SHIFT;
		r->pages -= pages;
		if (r->pages == 0) {
			*at = r->next;
			spare_put(r);
		}
		return va;
	}
	return 0;
}

/* Makes sure that there is a spare node; the lock is held. */
static bool stock(void)
{
	struct range *fresh;
	uint64_t va;

	if (spare)
		return true;
	va = take(&ranges, 1);
	if (!va || sys_map_new(va, 1, MAP_R | MAP_W) != 1)
		return false; /* out of memory; one page of addresses is lost */
	fresh = (struct range *)va;
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*fresh); i++)
		spare_put(&fresh[i]);
	return true;
}

static uint64_t alloc(struct range **list, size_t pages)
{
	uint64_t va = 0;

	if (pages == 0)
		return 0;
	rt_bare_lock(&lock);
	va = take(list, pages);
	hl_mutex_unlock(&lock);
	return va;
}

static void give(struct range **list, uint64_t va, size_t pages)
{
	struct range *before = NULL, *after, *r;
	bool stocked;

	rt_bare_lock(&lock);
	stocked = stock(); /* first: it may change the list */
	after = *list;
	while (after && after->va < va) {
		before = after;
		after = after->next;
	}
	if (before && before->va + (before->pages << PAGE_SHIFT) == va) {
		before->pages += pages;
		if (after && va + (pages << PAGE_SHIFT) == after->va) {
			before->pages += after->pages;
			before->next = after->next;
			spare_put(after);
		}
	} else if (after && va + (pages << PAGE_SHIFT) == after->va) {
		after->va = va;
		after->pages += pages;
	} else if (stocked) {
		r = spare;
		spare = r->next;
		r->va = va;
		r->pages = pages;
		r->next = after;
		if (before)
			before->next = r;
		else
			*list = r;
	}
	hl_mutex_unlock(&lock);
}

uint64_t hl_va_alloc(size_t pages)
{
	return alloc(&ranges, pages);
}

void hl_va_free(uint64_t va, size_t pages)
{
	give(&ranges, va, pages);
}

uint64_t rt_heap_va_alloc(size_t pages)
{
	return alloc(&heap_ranges, pages);
}

void rt_heap_va_free(uint64_t va, size_t pages)
{
	give(&heap_ranges, va, pages);
}

int hl_map(hl_handle vas, uint64_t va, uint64_t source, uint64_t count, uint64_t attr,
	   hl_handle from)
{
	/* NEW and UNMAP name no source, PROTECT neither */
	uint64_t op = attr & MAP_OP_MASK;
	bool moves = op == MAP_SHARE || op == MAP_MOVE || op == MAP_IO;

	while (count > 0) {
		uint64_t step = count < MAP_COUNT_MAX ? count : MAP_COUNT_MAX;
		long done = sys_map(vas, va, source, step, attr, 0, from);

		if (done < 0)
			return (int)done;
		va += (uint64_t)done << PAGE_SHIFT;
		if (moves)
			source += (uint64_t)done << PAGE_SHIFT;
		count -= (uint64_t)done;
	}
	return 0;
}

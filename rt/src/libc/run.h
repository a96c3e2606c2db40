/* SPDX-License-Identifier: MIT
 *
 * Runs: pages in a row, mapped from the first on, with slots of addresses for some more.  A
 * slab is one, and so is a large block.  run.c keeps those that are freed.
 */
#ifndef RT_RUN_H
#define RT_RUN_H

#include "slab.h"

/* Of which kind a run is: slabs of one slot, and large ones by their pages, four kinds to each
 * power of 2. */
#define RUN_SLAB  0
#define RUN_KINDS 96

unsigned rt_run_kind(uint64_t pages); /* the smallest that has so many */
uint64_t rt_run_pages(unsigned kind); /* at most; there are addresses for as many */

/* A new one with so many pages, all zero: of a slab its owner is to fill in the rest.  Its
 * address is a multiple of SLOT, and (address + SLOT) of align.  NULL: no memory. */
struct rt_slab *rt_run_new(unsigned kind, uint64_t pages, uint64_t align);
/* Maps more behind those it has; false: no memory. */
bool rt_run_grow(struct rt_slab *r, uint64_t pages);
void rt_run_shrink(struct rt_slab *r, uint64_t pages);
uint64_t rt_run_room(const struct rt_slab *r); /* pages that there are addresses for */
/* The same pages and more, in place of r where there is room for half as many again, so that growing
 * step by step rarely moves.  NULL: no memory, and r is as it was. */
struct rt_slab *rt_run_move(struct rt_slab *r, uint64_t pages);

/* One that is kept, of that kind or, if it is a large one, of less than twice its pages; it may have
 * less than asked for.  NULL: there is none.  h: the caller's heap, or NULL. */
struct rt_slab *rt_run_take(struct rt_heap *h, unsigned kind, uint64_t align);
/* To be kept. */
void rt_run_put(struct rt_heap *h, struct rt_slab *r);

/* What h has for itself is everybody's. */
void rt_run_abandon(struct rt_heap *h);
/* All that are kept go to the kernel; false: there were none. */
bool rt_run_flush(void);

/* Pages mapped and unmapped, ever. */
extern _Atomic uint64_t rt_run_mapped, rt_run_unmapped;

#endif

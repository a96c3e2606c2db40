/* SPDX-License-Identifier: MIT
 *
 * Boot: which frames there are, and the kernel's own page tables.
 */
#ifndef KERN_MEMORY_H
#define KERN_MEMORY_H

#include "global.h"

/* RAM [base, base + size) exists, on this node.  What of it can't be used is left out, and
 * the console told. */
void memory_add(uint64_t base, uint64_t size, uint64_t node);
/* That was all of it; from now on some may be reserved. */
void memory_all_added(void);
/* Nobody gets these frames; they aren't device memory either. */
void memory_reserve(uint64_t base, uint64_t size);
bool memory_is_ram(uint64_t base, uint64_t size);
/* A zeroed frame that is the kernel's for good. */
uint64_t memory_take(void);
/* What hasn't been taken is the allocator's from here on; returns how many frames. */
uint64_t memory_begin(void);
/* The kernel's page tables: direct map, frame descriptors, info page, image. */
void memory_map_kernel(void);
/* The one device that the kernel writes, in its last moment. */
void *memory_map_finisher(uint64_t pa);
/* A hart's page and stack, and guards around it. */
struct hart *memory_map_hart(uint64_t id);
/* Those from id on don't run.  Nothing but them was mapped since the first of them. */
void memory_unmap_harts(uint64_t id);

#endif

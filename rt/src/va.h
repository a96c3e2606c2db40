/* SPDX-License-Identifier: MIT
 *
 * Addresses, and memory there, for the files of rt; <hartleaf/va.h> has what is for all.
 */
#ifndef RT_VA_H
#define RT_VA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RT_HEAP_ALIGN 0x10000ul /* what the heap takes is a multiple of that, too */

enum rt_va_region {
	RT_VA_OWN,  /* hl_va_alloc's */
	RT_VA_HEAP, /* of libc/, aligned to RT_HEAP_ALIGN */
	RT_VA_MAPS, /* mmap's */
};

uint64_t rt_va_alloc(enum rt_va_region region, size_t pages); /* 0: there are none */
void rt_va_free(uint64_t va, size_t pages);

/* Any addresses, of which some may be free: nobody else gets these until it is settled. */
struct rt_claim {
	uint64_t va, end;
	struct rt_range *was_free;
};

enum rt_va_end {
	RT_VA_TAKEN,     /* all of it, by the program */
	RT_VA_FREE,      /* nothing is mapped there */
	RT_VA_AS_IT_WAS, /* what was free is unmapped, and free again */
};

/* False: no memory to take note of it, or it lies in two regions. */
bool rt_va_claim(struct rt_claim *c, uint64_t va, size_t pages);
/* Of mmap's region, all of it free; false as well if there is no such range. */
bool rt_va_claim_new(struct rt_claim *c, size_t pages);
void rt_va_settle(struct rt_claim *c, enum rt_va_end how);

/* Is nothing of it free? */
bool rt_va_taken(uint64_t va, size_t pages);

/* map.c */

/* Fresh memory with these rights, all of it or nothing.  0 or the error. */
int rt_map_new(uint64_t va, size_t pages, uint64_t rights);
void rt_unmap(uint64_t va, size_t pages);
void *rt_page_new(void); /* NULL: no memory */

#endif

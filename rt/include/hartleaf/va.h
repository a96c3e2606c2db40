/* SPDX-License-Identifier: MIT
 *
 * Unused ranges of the own address space, and map for ranges of any length.
 */
#ifndef HARTLEAF_VA_H
#define HARTLEAF_VA_H

#include <hartleaf/sys.h>

/* A range of `pages` pages in which nothing is mapped, lowest fitting address
 * first so that page tables are used again.  Owned by the caller until
 * hl_va_free, which wants it unmapped.  Returns 0 when there is none. */
uint64_t hl_va_alloc(size_t pages);
void hl_va_free(uint64_t va, size_t pages);

/* sys_map for any count: calls until all is done.  Returns 0, or the error of the
 * call that did nothing; leaves done before it stay done. */
int hl_map(hl_handle vas, uint64_t va, uint64_t source, uint64_t count, uint64_t attr,
	   hl_handle from);

#endif

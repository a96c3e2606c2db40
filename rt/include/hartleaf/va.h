/* SPDX-License-Identifier: MIT
 *
 * Unused ranges of the own address space, and map for ranges of any length.
 */
#ifndef HARTLEAF_VA_H
#define HARTLEAF_VA_H

#include <hartleaf/sys.h>
#include <stdbool.h>

/* A range of `pages` pages in which nothing is mapped, lowest fitting address
 * first so that page tables are used again.  Owned by the caller until
 * hl_va_free, which wants it unmapped, and whole.  Returns 0 when there is none. */
uint64_t hl_va_alloc(size_t pages);
void hl_va_free(uint64_t va, size_t pages);

/* sys_map for any count: calls until all is done.  Returns 0, or the error of the
 * call that did nothing; leaves done before it stay done.  Where the own space is out of memory, what
 * the library keeps for later (libc.md, threads.md) is given back first, and it is tried again. */
int hl_map(hl_handle vas, uint64_t va, uint64_t source, uint64_t count, uint64_t attr,
	   hl_handle from);

/* Gives back to the kernel what the library keeps for later: pages of the heap, executors that have
 * ended.  For who calls sys_map himself and gets -HL_ENOMEM; false: there was nothing, and to try
 * again is useless. */
bool hl_memory_release(void);

#endif

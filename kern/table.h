/* SPDX-License-Identifier: MIT
 *
 * Page tables and the leaves in them.  Entries change by CAS, AMO or swap
 * only.  A table once linked stays until its VAS is swept, so the address of
 * an entry, once found, stays good; its value doesn't.
 */
#ifndef KERN_TABLE_H
#define KERN_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct vas;
struct executor;

/* The leaf entry for a user address, or NULL where no table stands. */
uint64_t *table_find(struct vas *v, uint64_t va);
/* The same; makes the tables, charged to v.  NULL: out of budget. */
uint64_t *table_make(struct vas *v, uint64_t va);
/* Drop the leaves of the next table from va on, and the table; returns where to
 * go on, USER_TOP at the end.  Nobody uses the VAS any more. */
uint64_t table_sweep(struct vas *v, uint64_t va);

/* What a leaf names is counted once more for a copy of it in `into`.  0, or a
 * negative error; -EAGAIN: the leaf changed under our hands. */
int leaf_get(uint64_t leaf, struct vas *into);
/* A leaf of v is gone, and the TLBs know. */
void leaf_drop(uint64_t leaf, struct vas *v);

/* The executor or VAS that a handle of v names; *rights: MAP_R, W, X.  0 or
 * -EBADF. The pointers are good until this hart leaves the kernel. */
int handle_executor(struct vas *v, uint64_t va, struct executor **ex, unsigned *rights);
int handle_vas(struct vas *v, uint64_t va, struct vas **target, unsigned *rights);

#endif

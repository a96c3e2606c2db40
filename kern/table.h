/* SPDX-License-Identifier: MIT
 *
 * Page tables and the leaves in them.  Entries change by CAS, AMO or swap
 * only.  A table once linked stays until its VAS is swept, so the address of
 * an entry, once found, stays good; its value doesn't.
 */
#ifndef KERN_TABLE_H
#define KERN_TABLE_H

#include "atomic.h"
#include "frame.h"
#include "global.h"
#include "machine.h"
#include "vas.h"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

#define TABLE_INDEX 511

struct executor;

/* Leaves are of 4 KiB or 2 MiB; their shift. */
#define LARGE_SHIFT 21

static inline uint64_t entry_frame(uint64_t entry)
{
	return (entry >> LEAF_PPN_SHIFT) & ((1UL << LEAF_PPN_BITS) - 1);
}

/* Of an entry that isn't a capability. */
static inline uint64_t *entry_table(uint64_t entry)
{
	return direct((entry & -(1UL << LEAF_PPN_SHIFT)) << (PAGE_SHIFT - LEAF_PPN_SHIFT));
}

/* An entry above the lowest level, not 0: a leaf of 2 MiB? */
static inline bool entry_is_leaf(uint64_t entry)
{
	return (entry & LEAF_RIGHTS) != 0;
}

/* Hardware may set these in a leaf at any time. */
#define LEAF_AD ((uint64_t)(LEAF_A | LEAF_D))

static inline bool leaf_same(uint64_t leaf, uint64_t other)
{
	return ((leaf ^ other) & ~LEAF_AD) == 0;
}

/* Counted in the frame's descriptor and nowhere else: most leaves. */
static inline bool leaf_is_plain(uint64_t leaf)
{
	return (leaf & (LEAF_TAG | LEAF_V)) == LEAF_V &&
	       frame_type(entry_frame(leaf)) == FRAME_MEMORY;
}

/* Clear an entry that holds this leaf, *old is what it held; false: it holds another. */
static inline bool entry_clear(uint64_t *entry, uint64_t leaf, uint64_t *old)
{
	*old = leaf;
	do
		if (atomic_cas(entry, old, 0))
			return true;
	while (leaf_same(*old, leaf));
	return false;
}

/* The entry for a leaf at a user address, NULL where no table stands, or
 * TABLE_BLOCKED where a leaf of 2 MiB does. */
#define TABLE_BLOCKED ((uint64_t *)8)

static inline uint64_t *table_find(struct vas *v, uint64_t va, unsigned leaf_shift)
{
	uint64_t *table = v->user;

	if (va >= global->user_top)
		return NULL;
	for (unsigned shift = global->top_shift; shift > leaf_shift; shift -= 9) {
		/* Ordered before what is read of the table by dependency. */
		uint64_t entry = atomic_load(&table[va >> shift & TABLE_INDEX]);
		if (entry == 0)
			return NULL;
		if (entry_is_leaf(entry))
			return TABLE_BLOCKED;
		table = entry_table(entry);
	}
	return &table[va >> leaf_shift & TABLE_INDEX];
}

/* From a table to the one below it, if there is one. */
static inline bool table_down(uint64_t **table, uint64_t va, unsigned shift)
{
	uint64_t entry = atomic_load(&(*table)[va >> shift & TABLE_INDEX]);

	*table = entry_table(entry);
	return (entry & (LEAF_RIGHTS | LEAF_V)) == LEAF_V;
}

/* table_find for a page, in a hurry; NULL as well where it is part of a leaf of 2 MiB. */
static inline uint64_t *table_page(struct vas *v, uint64_t va)
{
	uint64_t *table = v->user;

	if (va >= global->user_top || (global->top_shift != 30 && !table_down(&table, va, 39)) ||
	    !table_down(&table, va, 30) || !table_down(&table, va, LARGE_SHIFT))
		return NULL;
	return &table[va >> PAGE_SHIFT & TABLE_INDEX];
}

/* As table_find; makes the tables, charged to v.  NULL: out of budget. */
uint64_t *table_make(struct vas *v, uint64_t va, unsigned leaf_shift);
/* Drop some of the leaves from va on, or a table that is empty; returns where to go on,
 * user_top at the end.  Nobody uses the VAS any more. */
uint64_t table_sweep(struct vas *v, uint64_t va);

/* The table that an entry for va is in: level 0 has the leaves of 4 KiB, 1 those of
 * 2 MiB, and so on; not the root.  Its frame, or 0. */
uint64_t table_frame(struct vas *v, uint64_t va, unsigned level);

/* What a leaf names is counted once more for a copy of it in `into`.  0, or a
 * negative error; -EAGAIN: the leaf changed under our hands. */
int leaf_get(uint64_t leaf, struct vas *into);
/* A leaf of v is gone, and the TLBs know.  Frames may wait in the run. */
void leaf_drop(uint64_t leaf, struct vas *v, struct frame_run *run);
/* The same, and none waits. */
void leaf_drop_now(uint64_t leaf, struct vas *v);

/* The executor or VAS that a handle of v names; *rights: MAP_R, W, X.  0 or
 * -EBADF. The pointers are good until this hart leaves the kernel. */
int handle_executor(struct vas *v, uint64_t va, struct executor **ex, unsigned *rights);
int handle_vas(struct vas *v, uint64_t va, struct vas **target, unsigned *rights);

#endif

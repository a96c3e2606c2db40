/* SPDX-License-Identifier: MIT
 *
 * Walking and building tables, and what a leaf counts.
 */
#include "table.h"
#include "atomic.h"
#include "executor.h"
#include "frame.h"
#include "machine.h"
#include "vas.h"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

#define TOP_SHIFT 30 /* Sv39: three levels of 9 bits */
#define INDEX     511

static uint64_t entry_frame(uint64_t entry)
{
	return (entry >> LEAF_PPN_SHIFT) & ((1UL << LEAF_PPN_BITS) - 1);
}

static uint64_t *entry_table(uint64_t entry)
{
	return direct(entry_frame(entry) << PAGE_SHIFT);
}

/* Links a new table where none was; whoever comes second uses the first's. */
static uint64_t make_one(struct vas *v, uint64_t *entry)
{
	uint64_t frame = frame_alloc(FRAME_TABLE, v), found = 0;
	if (frame == 0)
		return 0;
	uint64_t table = frame << LEAF_PPN_SHIFT | LEAF_V;
	/* Release: the zeroes are there before the table is. */
	if (atomic_cas(entry, &found, table))
		return table;
	frame_free(frame);
	return found;
}

static uint64_t *walk(struct vas *v, uint64_t va, bool make)
{
	if (va >= USER_TOP)
		return NULL;
	uint64_t *table = v->user;
	for (unsigned shift = TOP_SHIFT; shift > PAGE_SHIFT; shift -= 9) {
		uint64_t *entry = &table[va >> shift & INDEX];
		/* Ordered before what is read of the table by dependency. */
		uint64_t value = atomic_load(entry);
		if (value == 0 && (!make || (value = make_one(v, entry)) == 0))
			return NULL;
		table = entry_table(value);
	}
	return &table[va >> PAGE_SHIFT & INDEX];
}

uint64_t *table_find(struct vas *v, uint64_t va)
{
	return walk(v, va, false);
}

uint64_t *table_make(struct vas *v, uint64_t va)
{
	return walk(v, va, true);
}

static void sweep_leaves(struct vas *v, uint64_t *leaves)
{
	for (unsigned i = 0; i <= INDEX; i++) {
		uint64_t leaf = leaves[i];
		leaves[i] = 0;
		if (leaf != 0)
			leaf_drop(leaf, v);
	}
}

uint64_t table_sweep(struct vas *v, uint64_t va)
{
	while (va < USER_TOP) {
		uint64_t *root = &v->user[va >> TOP_SHIFT];
		if (*root == 0) {
			va += 1UL << TOP_SHIFT;
			continue;
		}
		uint64_t *entry = &entry_table(*root)[va >> (TOP_SHIFT - 9) & INDEX];
		uint64_t table = *entry;
		if (table != 0) {
			sweep_leaves(v, entry_table(table));
			*entry = 0;
			frame_free(entry_frame(table));
		}
		va += 1UL << (TOP_SHIFT - 9);
		if ((va & ((1UL << TOP_SHIFT) - 1)) == 0) {
			frame_free(entry_frame(*root));
			*root = 0;
			break;
		}
		if (table != 0)
			break;
	}
	return va;
}

static unsigned leaf_tag(uint64_t leaf)
{
	return (leaf & LEAF_TAG) >> LEAF_TAG_SHIFT;
}

static struct vas *leaf_vas(uint64_t leaf)
{
	return direct(entry_frame(leaf) << PAGE_SHIFT);
}

int leaf_get(uint64_t leaf, struct vas *into)
{
	uint64_t frame = entry_frame(leaf);
	struct executor *ex;

	switch (leaf_tag(leaf)) {
	case TAG_MEMORY:
		if (frame_type(frame) == FRAME_MEMORY)
			return frame_get(frame);
		if (frame_type(frame) == FRAME_EXECUTOR)
			return executor_get(executor_at(frame)) ? 0 : -HL_EAGAIN;
		return frame_type(frame) == FRAME_BOOT ? 0 : -HL_EAGAIN;
	case TAG_EXECUTOR:
		ex = executor_at(frame);
		if (!executor_get(ex))
			return -HL_EAGAIN;
		if (ex->vas != into)
			vas_ref(ex->vas);
		return 0;
	case TAG_VAS:
		if (leaf_vas(leaf) == into)
			return -HL_EINVAL;
		/* The cap that is copied counts, so this isn't the first, unless
		 * it has just gone; the page stays for this call all the same, and
		 * the caller, who looks again, takes this back. */
		vas_ref(leaf_vas(leaf));
		return 0;
	default:
		return 0;
	}
}

void leaf_drop(uint64_t leaf, struct vas *v)
{
	uint64_t frame = entry_frame(leaf);
	struct executor *ex;

	switch (leaf_tag(leaf)) {
	case TAG_MEMORY:
		if (frame_type(frame) == FRAME_MEMORY)
			frame_put(frame);
		else if (frame_type(frame) == FRAME_EXECUTOR)
			executor_put(executor_at(frame));
		break;
	case TAG_EXECUTOR:
		ex = executor_at(frame);
		if (ex->vas != v)
			vas_unref(ex->vas);
		executor_put(ex);
		break;
	case TAG_VAS:
		vas_unref(leaf_vas(leaf));
		break;
	}
}

/* The leaf of this tag that a handle names, 0 if there is none. */
static uint64_t handle_leaf(struct vas *v, uint64_t va, unsigned tag)
{
	if (va == 0 || va % PAGE_SIZE != 0)
		return 0;
	uint64_t *entry = table_find(v, va);
	if (entry == NULL)
		return 0;
	uint64_t leaf = atomic_load_acquire(entry);
	return (leaf & (LEAF_TAG | LEAF_V)) == (uint64_t)tag << LEAF_TAG_SHIFT ? leaf : 0;
}

int handle_executor(struct vas *v, uint64_t va, struct executor **ex, unsigned *rights)
{
	uint64_t leaf = handle_leaf(v, va, TAG_EXECUTOR);
	if (leaf == 0)
		return -HL_EBADF;
	*ex = executor_at(entry_frame(leaf));
	*rights = (leaf & LEAF_RIGHTS) >> LEAF_RIGHTS_SHIFT;
	return 0;
}

int handle_vas(struct vas *v, uint64_t va, struct vas **target, unsigned *rights)
{
	uint64_t leaf = handle_leaf(v, va, TAG_VAS);
	if (leaf == 0)
		return -HL_EBADF;
	*target = leaf_vas(leaf);
	*rights = (leaf & LEAF_RIGHTS) >> LEAF_RIGHTS_SHIFT;
	return 0;
}

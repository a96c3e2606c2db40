/* SPDX-License-Identifier: MIT
 *
 * Walking and building tables, and what a leaf counts.
 */
#include "table.h"
#include "executor.h"

#define SWEEP_BATCH 32 /* leaves a step */

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
	/* Not frame_free: a stale leaf may have counted it (frame_get). */
	frame_put(frame);
	return found;
}

uint64_t *table_make(struct vas *v, uint64_t va, unsigned leaf_shift)
{
	uint64_t *table = v->user;

	for (unsigned shift = global->top_shift; shift > leaf_shift; shift -= 9) {
		uint64_t *entry = &table[va >> shift & TABLE_INDEX];
		uint64_t value = atomic_load(entry);
		if (value == 0 && (value = make_one(v, entry)) == 0)
			return NULL;
		if (entry_is_leaf(value))
			return TABLE_BLOCKED;
		table = entry_table(value);
	}
	return &table[va >> leaf_shift & TABLE_INDEX];
}

COLD uint64_t table_frame(struct vas *v, uint64_t va, unsigned level)
{
	uint64_t *entry = table_find(v, va, PAGE_SHIFT + 9 * (level + 1));
	uint64_t value = entry != NULL && entry != TABLE_BLOCKED ? atomic_load(entry) : 0;

	return value != 0 && !entry_is_leaf(value) ? entry_frame(value) : 0;
}

/* The first entry from i on that isn't empty; n: there is none. */
static unsigned next_used(const uint64_t *table, unsigned i, unsigned n)
{
	while (i < n && table[i] == 0) {
		i++;
		for (const uint64_t *t = &table[i]; i % 8 == 0 && i < n; i += 8, t += 8)
			if ((t[0] | t[1] | t[2] | t[3] | t[4] | t[5] | t[6] | t[7]) != 0)
				break;
	}
	return i;
}

COLD uint64_t table_sweep(struct vas *v, uint64_t va)
{
	struct frame_run run = {0};
	uint64_t *table = v->user, *above = NULL;
	unsigned shift = global->top_shift, n = SLOT_DIRECT, i, done = 0;

	for (;;) {
		i = next_used(table, va >> shift & TABLE_INDEX, n);
		if (i == n) {
			/* Nothing is left here.  What va names above is empty from now on. */
			if (above == NULL)
				return global->user_top;
			frame_put(entry_frame(*above));
			*above = 0;
			return va;
		}
		if (i != (va >> shift & TABLE_INDEX))
			va = (va >> (shift + 9) << 9 | i) << shift;
		if (shift == PAGE_SHIFT || entry_is_leaf(table[i]))
			break;
		above = &table[i];
		table = entry_table(table[i]);
		shift -= 9;
		n = TABLE_INDEX + 1;
	}
	for (; i < n && done < SWEEP_BATCH; i++) {
		uint64_t leaf = table[i];
		if (leaf == 0)
			continue;
		if (shift != PAGE_SHIFT && !entry_is_leaf(leaf))
			break;
		table[i] = 0;
		leaf_drop(leaf, v, &run);
		done++;
	}
	frame_run_free(&run);
	return (va >> (shift + 9) << 9 | (i - 1)) << shift;
}

static unsigned leaf_tag(uint64_t leaf)
{
	return (leaf & LEAF_TAG) >> LEAF_TAG_SHIFT;
}

static struct vas *leaf_vas(uint64_t leaf)
{
	return direct(entry_frame(leaf) << PAGE_SHIFT);
}

COLD int leaf_get(uint64_t leaf, struct vas *into)
{
	uint64_t frame = entry_frame(leaf);
	struct executor *ex;

	switch (leaf_tag(leaf)) {
	case TAG_MEMORY:
		if (frame_type(frame) == FRAME_EXECUTOR)
			return executor_get(executor_at(frame)) ? 0 : -HL_EAGAIN;
		return frame_type(frame) == FRAME_BOOT ? 0 : frame_get(frame);
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

COLD void leaf_drop(uint64_t leaf, struct vas *v, struct frame_run *run)
{
	uint64_t frame = entry_frame(leaf);
	struct executor *ex;

	switch (leaf_tag(leaf)) {
	case TAG_MEMORY:
		if (frame_type(frame) == FRAME_EXECUTOR)
			executor_put(executor_at(frame));
		else if (frame_type(frame) != FRAME_BOOT)
			frame_put_run(frame, run);
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

void leaf_drop_now(uint64_t leaf, struct vas *v)
{
	struct frame_run run = {0};

	leaf_drop(leaf, v, &run);
	frame_run_free(&run);
}

/* The leaf of this tag that a handle names, 0 if there is none. */
static uint64_t handle_leaf(struct vas *v, uint64_t va, unsigned tag)
{
	if (va == 0 || va % PAGE_SIZE != 0)
		return 0;
	uint64_t *entry = table_page(v, va);
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

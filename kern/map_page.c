/* SPDX-License-Identifier: MIT
 *
 * The call, and its short way for one page of memory, or a fresh leaf of 2 MiB.  That
 * does what map.c does or nothing, and knows no errors: whatever isn't as it should be
 * is left to the general way, which looks again.
 */
#include "atomic.h"
#include "frame.h"
#include "machine.h"
#include "map.h"
#include "table.h"
#include "vas.h"

#include <hartleaf/call.h>
#include <hartleaf/executor.h>
#include <hartleaf/leaf.h>

/* What a page of memory with these words has, but for the frame. */
static uint64_t leaf_bits(uint64_t attr)
{
	return (attr & MAP_RIGHTS) << LEAF_RIGHTS_SHIFT | LEAF_V | LEAF_U | LEAF_AD;
}

/* The caller's VAS, or one that it may write to.  False: not so simple. */
static inline bool target_vas(uint64_t target, struct vas **to)
{
	unsigned rights;

	*to = this_hart->current->vas;
	if (vas_dying(*to))
		return false;
	return target == 0 ||
	       (handle_vas(*to, target, to, &rights) == 0 && (rights & MAP_W) && !vas_dying(*to));
}

/* The entry for a page there; NULL: not so simple. */
static inline uint64_t *target_entry(uint64_t target, uint64_t va, struct vas **to)
{
	return target_vas(target, to) ? table_page(*to, va) : NULL;
}

/* The same for a leaf of 2 MiB. */
static inline uint64_t *large_entry(uint64_t target, uint64_t va, struct vas **to)
{
	uint64_t *entry = NULL;

	if (va % (1UL << LARGE_SHIFT) == 0 && target_vas(target, to))
		entry = table_find(*to, va, LARGE_SHIFT);
	return entry != TABLE_BLOCKED ? entry : NULL;
}

#define HOT static __attribute__((noinline)) int64_t

HOT page_new(uint64_t target, uint64_t va, uint64_t attr)
{
	struct vas *to;
	uint64_t *entry = target_entry(target, va, &to), empty = 0, frame;

	if (entry != NULL && atomic_load(entry) == 0 &&
	    (frame = frame_alloc(FRAME_MEMORY, to)) != 0) {
		/* Release: the zeroes are there before the leaf; pairs with page walks,
		 * and with the acquire of who copies it. */
		if (atomic_cas(entry, &empty, frame << LEAF_PPN_SHIFT | leaf_bits(attr)))
			return 1;
		frame_put(frame);
	}
	return map_any(target, va, 0, 1, attr, 0, 0);
}

HOT large_new(uint64_t target, uint64_t va, uint64_t attr)
{
	struct vas *to;
	uint64_t *entry = large_entry(target, va, &to), empty = 0, frame;

	if (entry != NULL && atomic_load(entry) == 0 && (frame = frame_alloc_large(to)) != 0) {
		if (atomic_cas(entry, &empty, frame << LEAF_PPN_SHIFT | leaf_bits(attr)))
			return 1;
		frame_put(frame);
	}
	return map_any(target, va, 0, 1, attr, 0, 0);
}

HOT page_unmap(uint64_t target, uint64_t va)
{
	struct vas *to;
	uint64_t *entry = target_entry(target, va, &to), leaf;

	if (entry == NULL || !(atomic_load(entry) & LEAF_V))
		return map_any(target, va, 0, 1, MAP_UNMAP, 0, 0);
	/* Where another was quicker, nothing is mapped either.  .aq: before the mask. */
	leaf = atomic_swap(entry, 0);
	if (leaf & LEAF_V)
		vas_shootdown(to, va, 1);
	if ((leaf & (LEAF_TAG | LEAF_V)) == LEAF_V && frame_type(entry_frame(leaf)) == FRAME_MEMORY)
		frame_put(entry_frame(leaf));
	else if (leaf != 0)
		leaf_drop_now(leaf, to);
	return 1;
}

/* A copy of a leaf of memory with no more rights than that has; counted, it stands.
 * Returns it, and in *leaf what it was made of; 0: not so simple. */
static inline __attribute__((always_inline)) uint64_t copy(uint64_t *source, uint64_t *entry,
							   uint64_t attr, uint64_t *leaf)
{
	uint64_t empty = 0, result;

	if (entry == NULL || source == NULL || entry == source || atomic_load(entry) != 0)
		return 0;
	*leaf = atomic_load_acquire(source);
	result = (*leaf & ~(uint64_t)LEAF_RIGHTS) | leaf_bits(attr);
	if ((*leaf & LEAF_TAG) != 0 || (result & ~*leaf & ~LEAF_AD) != 0 ||
	    frame_get(entry_frame(*leaf)) != 0)
		return 0;
	/* Counted, then read again, as in map.c. */
	if (leaf_same(atomic_load(source), *leaf) && atomic_cas(entry, &empty, result))
		return result;
	frame_put(entry_frame(*leaf));
	return 0;
}

HOT page_share(uint64_t target, uint64_t va, uint64_t src, uint64_t attr)
{
	struct vas *to;
	uint64_t *entry = target_entry(target, va, &to), leaf;

	if (copy(table_page(this_hart->current->vas, src), entry, attr, &leaf) != 0)
		return 1;
	return map_any(target, va, src, 1, attr, 0, 0);
}

/* This leaf was cleared by CAS, which doesn't order it before the load of the mask. */
static inline void forget(struct vas *v, uint64_t va)
{
	fence_full();
	vas_shootdown(v, va, 1);
}

HOT page_move(uint64_t target, uint64_t va, uint64_t src, uint64_t attr)
{
	struct vas *to, *from = this_hart->current->vas;
	uint64_t *entry = target_entry(target, va, &to), *source = table_page(from, src);
	uint64_t leaf, old, result = copy(source, entry, attr, &leaf);

	if (result != 0 && entry_clear(source, leaf, &old)) {
		forget(from, src);
		frame_put(entry_frame(leaf));
		return 1;
	}
	/* Somebody else changed or took it: it was not ours to give. */
	if (result != 0 && entry_clear(entry, result, &old)) {
		forget(to, va);
		frame_put(entry_frame(leaf));
	}
	return map_any(target, va, src, 1, attr, 0, 0);
}

int64_t map_call(uint64_t target, uint64_t va, uint64_t src, uint64_t count, uint64_t attr,
		 uint64_t aux, uint64_t source)
{
	uint64_t what = attr & ~(uint64_t)MAP_W; /* readable at least, and nothing special */

	if (count == 1 && (aux | source) == 0 && (va | src) % PAGE_SIZE == 0) {
		if (what == (MAP_NEW | MAP_R) && src == 0)
			return page_new(target, va, attr);
		if (attr == MAP_UNMAP && src == 0)
			return page_unmap(target, va);
		if (what == (MAP_SHARE | MAP_R))
			return page_share(target, va, src, attr);
		if (what == (MAP_MOVE | MAP_R))
			return page_move(target, va, src, attr);
		if (what == (MAP_NEW | MAP_LARGE | MAP_R) && src == 0)
			return large_new(target, va, attr);
	}
	return map_any(target, va, src, count, attr, aux, source);
}

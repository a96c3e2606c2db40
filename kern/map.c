/* SPDX-License-Identifier: MIT
 *
 * map: everything that changes a user's page table.
 *
 * Every leaf is made by set_leaf and counted by leaf_get before it stands;
 * what is taken away goes through a batch: entries first, one shootdown, and
 * only then are the counts dropped.  Rights come from the leaf that is copied,
 * so they only ever shrink.
 */
#include "map.h"
#include "atomic.h"
#include "executor.h"
#include "frame.h"
#include "machine.h"
#include "table.h"
#include "vas.h"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

#define BATCH  32
#define PA_TOP (1UL << 56)

/* Entries that were changed, whose old value no TLB may use when the counts
 * are dropped. */
struct batch {
	struct vas *vas;
	uint64_t va, end;
	bool shootdown;
	unsigned n;
	uint64_t leaf[BATCH];
};

struct map {
	struct vas *caller, *target, *source;
	uint64_t va, src, attr, aux;
	unsigned rights, tag;
	bool code; /* something executable has appeared in target */
	struct batch changed, moved;
};

static void batch_start(struct batch *b, struct vas *v)
{
	b->vas = v;
	b->n = 0;
	b->shootdown = false;
}

static void batch_flush(struct batch *b)
{
	if (b->shootdown) {
		/* Clearing of entries -> load of the mask; pairs with the fence in
		 * vas_join. */
		fence_full();
		tlb_shootdown(vas_harts(b->vas), vas_asid(b->vas), b->va,
			      (b->end - b->va) >> PAGE_SHIFT);
	}
	for (unsigned i = 0; i < b->n; i++)
		if (b->leaf[i] != 0)
			leaf_drop(b->leaf[i], b->vas);
	b->n = 0;
	b->shootdown = false;
}

/* old stood at va; drop: it does no more. */
static void batch_add(struct batch *b, uint64_t va, uint64_t old, bool drop)
{
	if (b->n == 0)
		b->va = va;
	b->end = va + PAGE_SIZE;
	b->shootdown |= (old & LEAF_V) != 0;
	b->leaf[b->n++] = drop ? old : 0;
	if (b->n == BATCH)
		batch_flush(b);
}

/* Put a counted leaf into a table of v; without `replace` only where none is. */
static int set_leaf(struct map *m, struct vas *v, uint64_t leaf)
{
	uint64_t *entry = table_make(v, m->va), old = 0;

	if (entry == NULL)
		return -HL_ENOMEM;
	if (m->attr & MAP_REPLACE) {
		old = atomic_swap(entry, leaf);
		if (old != 0)
			batch_add(&m->changed, m->va, old, true);
	} else if (!atomic_cas(entry, &old, leaf)) {
		return -HL_EEXIST;
	}
	m->code |= (leaf & (LEAF_V | LEAF_X)) == (LEAF_V | LEAF_X);
	return 0;
}

/* The same, and the count goes back if it can't stand. */
static int place_leaf(struct map *m, struct vas *v, uint64_t leaf)
{
	int error = set_leaf(m, v, leaf);

	if (error != 0)
		leaf_drop(leaf, v);
	return error;
}

static uint64_t make_leaf(uint64_t frame, unsigned tag, unsigned rights)
{
	uint64_t leaf = frame << LEAF_PPN_SHIFT | (uint64_t)tag << LEAF_TAG_SHIFT |
			rights << LEAF_RIGHTS_SHIFT;
	if (tag == TAG_MEMORY || tag == TAG_DEVICE)
		leaf |= LEAF_V | LEAF_U | LEAF_A | LEAF_D;
	return leaf;
}

static int new_memory(struct map *m)
{
	uint64_t *entry = table_make(m->target, m->va);
	if (entry == NULL)
		return -HL_ENOMEM;
	if (atomic_load(entry) != 0 && !(m->attr & MAP_REPLACE))
		return -HL_EEXIST;
	uint64_t frame = frame_alloc(FRAME_MEMORY, m->target);
	if (frame == 0)
		return -HL_ENOMEM;
	return place_leaf(m, m->target, make_leaf(frame, TAG_MEMORY, m->rights));
}

static int new_executor(struct map *m)
{
	struct executor *ex = executor_new(m->target);
	if (ex == NULL)
		return -HL_ENOMEM;
	if (m->caller != m->target)
		vas_ref(m->target);
	return place_leaf(m, m->caller, make_leaf(executor_frame(ex), TAG_EXECUTOR, m->rights));
}

static int new_vas(struct map *m)
{
	struct vas *v = vas_new(m->caller, m->aux);
	if (v == NULL)
		return -HL_ENOMEM;
	return place_leaf(m, m->caller, make_leaf(physical(v) >> PAGE_SHIFT, TAG_VAS, m->rights));
}

/* The leaf that SHARE, MOVE or VIEW makes of `leaf`. */
static int derive(struct map *m, uint64_t leaf, uint64_t *result)
{
	unsigned rights = (leaf & LEAF_RIGHTS) >> LEAF_RIGHTS_SHIFT;
	uint64_t badge = leaf >> LEAF_BADGE_SHIFT;

	if (leaf == 0)
		return -HL_EFAULT;
	if ((leaf & LEAF_TAG) >> LEAF_TAG_SHIFT != m->tag)
		return -HL_EBADF;
	if (m->rights & ~rights)
		return -HL_EPERM;
	if (badge != 0 && m->aux != 0)
		return -HL_EPERM;
	*result =
		(leaf & ~LEAF_RIGHTS) | m->rights << LEAF_RIGHTS_SHIFT | m->aux << LEAF_BADGE_SHIFT;
	return 0;
}

static int view(struct map *m)
{
	struct executor *ex;
	unsigned rights;
	int error = handle_executor(m->caller, m->src, &ex, &rights);

	if (error != 0)
		return error;
	if (!(rights & MAP_R))
		return -HL_EPERM;
	uint64_t leaf = make_leaf(executor_frame(ex), TAG_MEMORY, MAP_R);
	/* No second look at the handle: with its executor counted, that it
	 * went meanwhile is the same as that it goes after this. */
	if (leaf_get(leaf, m->target) != 0)
		return -HL_EBADF;
	return place_leaf(m, m->target, leaf);
}

static int share(struct map *m, bool move)
{
	uint64_t *entry = table_find(m->source, m->src), leaf, copy;
	int error;

	if (entry == NULL)
		return -HL_EFAULT;
	if (move && m->source == m->target && m->src == m->va)
		return -HL_EINVAL; /* REPLACE would lose it */
	for (;;) {
		leaf = atomic_load_acquire(entry);
		if ((error = derive(m, leaf, &copy)) != 0)
			return error;
		error = leaf_get(copy, m->target);
		if (error != 0 && error != -HL_EAGAIN)
			return error;
		/* Counted, then read again: else the frame may have become
		 * something else in between. The count is an acquire. */
		if (error == 0 && atomic_load(entry) == leaf)
			break;
		if (error == 0)
			leaf_drop(copy, m->target);
	}
	if ((error = place_leaf(m, m->target, copy)) != 0 || !move)
		return error;
	uint64_t found = leaf;
	if (atomic_cas(entry, &found, 0)) {
		batch_add(&m->moved, m->src, leaf, true);
		return 0;
	}
	/* Somebody else changed or took the source: it is not ours to give. */
	entry = table_find(m->target, m->va);
	if (atomic_cas(entry, &copy, 0))
		batch_add(&m->changed, m->va, copy, true);
	return -HL_EFAULT;
}

static int unmap(struct map *m)
{
	uint64_t *entry = table_find(m->target, m->va);

	if (entry != NULL && atomic_load(entry) != 0) {
		uint64_t old = atomic_swap(entry, 0);
		if (old != 0)
			batch_add(&m->changed, m->va, old, true);
	}
	return 0;
}

static int protect(struct map *m)
{
	uint64_t *entry = table_find(m->target, m->va), leaf, less;

	if (entry == NULL)
		return -HL_EFAULT;
	leaf = atomic_load(entry);
	do {
		int error = derive(m, leaf, &less);
		if (error != 0)
			return error;
	} while (!atomic_cas(entry, &leaf, less));
	batch_add(&m->changed, m->va, leaf, false);
	m->code |= (less & (LEAF_V | LEAF_X)) == (LEAF_V | LEAF_X);
	return 0;
}

static int one(struct map *m)
{
	switch (m->attr & MAP_OP_MASK) {
	case MAP_NEW:
		return m->tag == TAG_MEMORY     ? new_memory(m)
		       : m->tag == TAG_EXECUTOR ? new_executor(m)
						: new_vas(m);
	case MAP_SHARE:
		return share(m, false);
	case MAP_MOVE:
		return share(m, true);
	case MAP_VIEW:
		return view(m);
	case MAP_UNMAP:
		return unmap(m);
	case MAP_PROTECT:
		return protect(m);
	default:
		return set_leaf(m, m->target,
				make_leaf(m->src >> PAGE_SHIFT, TAG_DEVICE, m->rights));
	}
}

/* What the words of a call may be, by operation. */
#define OP_TAG(tag) (1 << (tag))
#define OP_CAPS     (OP_TAG(TAG_EXECUTOR) | OP_TAG(TAG_VAS))
#define OP_ANY      (OP_CAPS | OP_TAG(TAG_MEMORY) | OP_TAG(TAG_DEVICE))
#define OP_SOURCE   0x10 /* a2 means something */
#define OP_COPIES   0x20 /* leaves, of the VAS in a6 */
#define OP_REPLACE  0x40
#define OP(op)      ((op) >> MAP_OP_SHIFT)

static const uint8_t op_rules[] = {
	[OP(MAP_NEW)] = OP_CAPS | OP_TAG(TAG_MEMORY) | OP_REPLACE,
	[OP(MAP_SHARE)] = OP_ANY | OP_SOURCE | OP_COPIES | OP_REPLACE,
	[OP(MAP_MOVE)] = OP_ANY | OP_SOURCE | OP_COPIES | OP_REPLACE,
	[OP(MAP_VIEW)] = OP_TAG(TAG_MEMORY) | OP_SOURCE,
	[OP(MAP_UNMAP)] = OP_TAG(TAG_MEMORY),
	[OP(MAP_PROTECT)] = OP_ANY,
	[OP(MAP_IO)] = OP_TAG(TAG_DEVICE) | OP_SOURCE | OP_REPLACE,
};

/* What can be told from the words alone; 0 or -EINVAL. */
static int check_words(const struct map *m, uint64_t count, uint64_t source_vas)
{
	uint64_t op = m->attr & MAP_OP_MASK;
	bool cap = m->tag >= TAG_EXECUTOR, makes_cap = op == MAP_NEW && cap;

	if ((m->attr & ~(uint64_t)(MAP_KNOWN & ~(MAP_SIZE_MASK | MAP_TRACK))) || op > MAP_IO)
		return -HL_EINVAL;
	unsigned rules = op_rules[OP(op)];
	if (!(rules & OP_TAG(m->tag)))
		return -HL_EINVAL;
	if (count - 1 >= (makes_cap || op == MAP_VIEW ? 1 : MAP_COUNT_MAX))
		return -HL_EINVAL;
	if (m->va % PAGE_SIZE != 0 || m->va >= USER_TOP || count > (USER_TOP - m->va) >> PAGE_SHIFT)
		return -HL_EINVAL;
	if (m->src != 0 && !(rules & OP_SOURCE))
		return -HL_EINVAL;
	if (m->src % PAGE_SIZE != 0 && op != MAP_VIEW) /* there it is a handle */
		return -HL_EINVAL;
	if (source_vas != 0 && !(rules & OP_COPIES))
		return -HL_EINVAL;
	if ((m->attr & MAP_REPLACE) && (!(rules & OP_REPLACE) || makes_cap))
		return -HL_EINVAL;
	if (m->aux != 0 && !(makes_cap && m->tag == TAG_VAS) &&
	    !(cap && (rules & OP_COPIES) && m->aux >> LEAF_BADGE_BITS == 0))
		return -HL_EINVAL;
	if ((m->attr & MAP_WX) && (m->tag != TAG_MEMORY || op == MAP_UNMAP))
		return -HL_EINVAL;
	if (op == MAP_UNMAP || op == MAP_VIEW)
		return m->rights == (op == MAP_VIEW ? MAP_R : 0) ? 0 : -HL_EINVAL;
	if (cap)
		return 0;
	/* The same for every leaf that hardware will read. */
	if (m->rights == 0 || (m->rights & (MAP_R | MAP_W)) == MAP_W)
		return -HL_EINVAL;
	if (m->tag == TAG_DEVICE)
		return m->rights & MAP_X ? -HL_EINVAL : 0;
	return (~m->rights & (MAP_W | MAP_X)) == 0 && !(m->attr & MAP_WX) ? -HL_EINVAL : 0;
}

static int check_device(const struct map *m, uint64_t count)
{
	uint64_t first = m->src >> PAGE_SHIFT, end = first + count;

	if (!(atomic_load(&m->caller->flags) & VAS_DEVICE))
		return -HL_EPERM;
	if (m->src >= PA_TOP || end > PA_TOP >> PAGE_SHIFT)
		return -HL_EINVAL;
	for (unsigned i = 0; i < global->ram_ranges; i++)
		if (first < global->ram[i].end && end > global->ram[i].first)
			return -HL_EPERM;
	return 0;
}

/* The VASs that the call names, and whether the caller may. */
static int find_vases(struct map *m, uint64_t target, uint64_t source)
{
	uint64_t op = m->attr & MAP_OP_MASK;
	unsigned rights;
	int error;

	m->target = m->source = m->caller;
	if (target != 0) {
		if (op == MAP_NEW && m->tag == TAG_VAS)
			return -HL_EINVAL;
		if ((error = handle_vas(m->caller, target, &m->target, &rights)) != 0)
			return error;
		if (!(rights & MAP_W))
			return -HL_EPERM;
	}
	if (source != 0) {
		if ((error = handle_vas(m->caller, source, &m->source, &rights)) != 0)
			return error;
		if (!(rights & (op == MAP_MOVE ? MAP_W : MAP_R)))
			return -HL_EPERM;
		if (!(rights & MAP_W) && (m->rights != MAP_R || m->tag > TAG_DEVICE))
			return -HL_EPERM;
	}
	if (vas_dying(m->caller) || vas_dying(m->target) || vas_dying(m->source))
		return -HL_ESRCH;
	return 0;
}

int64_t map_call(struct vas *caller, uint64_t target, uint64_t va, uint64_t src, uint64_t count,
		 uint64_t attr, uint64_t aux, uint64_t source)
{
	struct map m; /* not cleared as a whole: the batches are large */
	m.caller = caller;
	m.va = va;
	m.src = src;
	m.attr = attr;
	m.aux = aux;
	m.rights = attr & MAP_RIGHTS;
	m.tag = (attr & MAP_TAG_MASK) >> MAP_TAG_SHIFT;
	m.code = false;
	int error = check_words(&m, count, source);
	if (error == 0)
		error = find_vases(&m, target, source);
	if (error == 0 && (attr & MAP_OP_MASK) == MAP_IO)
		error = check_device(&m, count);
	if (error != 0)
		return error;

	uint64_t done = 0;
	batch_start(&m.changed, m.target);
	batch_start(&m.moved, m.source);
	while (done < count && (error = one(&m)) == 0) {
		done++;
		m.va += PAGE_SIZE;
		m.src += PAGE_SIZE;
	}
	batch_flush(&m.changed);
	batch_flush(&m.moved);
	if (m.code) {
		/* Entries -> load of the mask; pairs with the fence in vas_join. */
		fence_full();
		code_sync(vas_harts(m.target));
	}
	return done != 0 ? (int64_t)done : error;
}

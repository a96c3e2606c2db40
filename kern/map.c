/* SPDX-License-Identifier: MIT
 *
 * map: everything that changes a user's page table.  (map_page.c does some of it in a
 * shorter way.)
 *
 * Every leaf is counted before it stands; what is taken away goes through a batch: entries first, one shootdown, and
 * only then are the counts dropped.  Rights come from the leaf that is copied,
 * so they only ever shrink.
 */
#include "map.h"
#include "atomic.h"
#include "batch.h"
#include "executor.h"
#include "frame.h"
#include "machine.h"
#include "table.h"
#include "vas.h"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

#define RUN         64 /* frames that are asked for at once */
#define SHARE_TRIES 8
#define PA_TOP      (1UL << 56)

/* A place in a VAS that moves on leaf by leaf. */
struct place {
	struct vas *vas;
	uint64_t va;
	uint64_t *entry; /* of va, once it was looked up */
};

struct map {
	struct vas *caller;
	struct place to, from;
	uint64_t attr, aux;
	unsigned rights, tag, shift;
	bool code; /* something executable has appeared in to.vas */
	struct batch changed, moved;
};

/* The entry of p; 0 with NULL: a hole.  Negative: leaves of the other size there. */
static inline int find(const struct map *m, struct place *p)
{
	if (p->entry == NULL)
		p->entry = table_find(p->vas, p->va, m->shift);
	if (p->entry == TABLE_BLOCKED) {
		p->entry = NULL;
		return -HL_EEXIST;
	}
	return 0;
}

static inline int make(const struct map *m, struct place *p)
{
	if (p->entry != NULL)
		return 0;
	p->entry = table_make(p->vas, p->va, m->shift);
	if (p->entry == NULL)
		return -HL_ENOMEM;
	if (p->entry != TABLE_BLOCKED)
		return 0;
	p->entry = NULL;
	return -HL_EEXIST;
}

/* Where leaves of 2 MiB are dealt with, a table may stand. */
static inline bool is_table(const struct map *m, uint64_t entry)
{
	return m->shift != PAGE_SHIFT && entry != 0 && !entry_is_leaf(entry);
}

static inline void step(const struct map *m, struct place *p, uint64_t leaves)
{
	p->va += leaves << m->shift;
	if (p->entry != NULL)
		p->entry = (p->va >> m->shift & TABLE_INDEX) >= leaves ? p->entry + leaves : NULL;
}

/* Put a leaf into an entry, which must be empty but for REPLACE.  *old stood there.
 * Release: zeroes before the leaf; pairs with page walks, and with who copies it. */
static inline int put(const struct map *m, uint64_t *entry, uint64_t leaf, uint64_t *old)
{
	*old = atomic_load(entry);
	do
		if (*old != 0 && (!(m->attr & MAP_REPLACE) || is_table(m, *old)))
			return -HL_EEXIST;
	while (!atomic_cas(entry, old, leaf));
	return 0;
}

/* Put a counted leaf into a table, where one can stand. */
static int set_leaf(struct map *m, struct place *p, uint64_t leaf)
{
	uint64_t old;
	int error = make(m, p);

	if (error == 0)
		error = put(m, p->entry, leaf, &old);
	if (error != 0)
		return error;
	if (old != 0)
		batch_add(&m->changed, m->shift, p->va, old, true);
	m->code |= (leaf & (LEAF_V | LEAF_X)) == (LEAF_V | LEAF_X);
	return 0;
}

/* The same, and the count goes back if it can't stand. */
static int place_leaf(struct map *m, struct place *p, uint64_t leaf)
{
	int error = set_leaf(m, p, leaf);

	if (error != 0)
		leaf_drop_now(leaf, p->vas);
	return error;
}

static uint64_t make_leaf(const struct map *m, uint64_t frame, unsigned tag)
{
	uint64_t leaf = frame << LEAF_PPN_SHIFT | (uint64_t)tag << LEAF_TAG_SHIFT |
			(uint64_t)m->rights << LEAF_RIGHTS_SHIFT;
	if (tag == TAG_MEMORY || tag == TAG_DEVICE)
		leaf |= LEAF_V | LEAF_U | (m->attr & MAP_TRACK ? 0 : LEAF_AD);
	return leaf;
}

/* Fresh memory for as many of the next `left` leaves as there is room for in a row. */
static int64_t new_memory(struct map *m, uint64_t left)
{
	struct place *p = &m->to;
	uint64_t want = TABLE_INDEX + 1 - (p->va >> m->shift & TABLE_INDEX), n = 0, got;
	int error = make(m, p);

	if (error != 0)
		return error;
	if (want > left)
		want = left;
	if (want > RUN)
		want = RUN;
	if (!(m->attr & MAP_REPLACE)) {
		while (n < want && atomic_load(p->entry + n) == 0)
			n++;
		if ((want = n) == 0)
			return -HL_EEXIST;
	}
	if (m->shift != PAGE_SHIFT) {
		uint64_t frame = frame_alloc_large(p->vas);
		if (frame == 0)
			return -HL_ENOMEM;
		error = place_leaf(m, p, make_leaf(m, frame, TAG_MEMORY));
		return error != 0 ? error : 1;
	}
	uint64_t frame = frame_alloc_run(p->vas, want, &got);
	if (frame == 0)
		return -HL_ENOMEM;
	uint64_t leaf = make_leaf(m, frame, TAG_MEMORY);
	for (n = 0; n < got; n++, leaf += 1UL << LEAF_PPN_SHIFT) {
		uint64_t old;
		if ((error = put(m, p->entry + n, leaf, &old)) != 0)
			break;
		if (old != 0)
			batch_add(&m->changed, m->shift, p->va + (n << PAGE_SHIFT), old, true);
	}
	m->code |= m->rights & MAP_X;
	for (uint64_t i = n; i < got; i++)
		leaf_drop_now(make_leaf(m, frame + i, TAG_MEMORY), p->vas);
	return n != 0 ? (int64_t)n : error;
}

static int new_executor(struct map *m)
{
	struct place p = {.vas = m->caller, .va = m->to.va};
	struct executor *ex = executor_new(m->to.vas);
	if (ex == NULL)
		return -HL_ENOMEM;
	if (m->caller != m->to.vas)
		vas_ref(m->to.vas);
	return place_leaf(m, &p, make_leaf(m, executor_frame(ex), TAG_EXECUTOR));
}

static int new_vas(struct map *m)
{
	struct place p = {.vas = m->caller, .va = m->to.va};
	struct vas *v = vas_new(m->caller, m->aux);
	if (v == NULL)
		return -HL_ENOMEM;
	return place_leaf(m, &p, make_leaf(m, physical(v) >> PAGE_SHIFT, TAG_VAS));
}

/* The leaf that SHARE, MOVE or PROTECT makes of `leaf`. */
static int derive(const struct map *m, uint64_t leaf, uint64_t *result)
{
	unsigned rights = (leaf & LEAF_RIGHTS) >> LEAF_RIGHTS_SHIFT;
	uint64_t badge = leaf >> LEAF_BADGE_SHIFT;

	if (leaf == 0)
		return -HL_EFAULT;
	if (is_table(m, leaf))
		return -HL_EEXIST;
	if ((leaf & LEAF_TAG) >> LEAF_TAG_SHIFT != m->tag)
		return -HL_EBADF;
	if (m->rights & ~rights)
		return -HL_EPERM;
	if (badge != 0 && m->aux != 0)
		return -HL_EPERM;
	leaf = (leaf & ~LEAF_RIGHTS) | (uint64_t)m->rights << LEAF_RIGHTS_SHIFT |
	       m->aux << LEAF_BADGE_SHIFT;
	if (leaf & LEAF_V)
		leaf = m->attr & MAP_TRACK ? leaf & ~LEAF_AD : leaf | LEAF_AD;
	*result = leaf;
	return 0;
}

/* The frame of a table of the VAS that a handle names, 0: the own one. */
static int table_to_view(struct map *m, uint64_t *frame)
{
	uint64_t level = m->aux & (PAGE_SIZE - 1), va = m->aux & ~(uint64_t)(PAGE_SIZE - 1);
	struct vas *v = m->caller;
	unsigned rights = MAP_R;

	if (m->from.va != 0 && handle_vas(m->caller, m->from.va, &v, &rights) != 0)
		return -HL_EBADF;
	if (level > (global->top_shift == 30 ? 1 : 2) || va >= global->user_top)
		return -HL_EINVAL;
	if (!(rights & MAP_R))
		return -HL_EPERM;
	/* Not dying now: no table goes before this hart leaves the kernel. */
	if (vas_dying(v))
		return -HL_ESRCH;
	*frame = table_frame(v, va, level);
	return *frame != 0 ? 0 : -HL_EFAULT;
}

static int executor_to_view(struct map *m, uint64_t *frame)
{
	struct executor *ex;
	unsigned rights;

	if (handle_executor(m->caller, m->from.va, &ex, &rights) != 0)
		return -HL_EBADF;
	if (m->aux != 0)
		return -HL_EINVAL;
	*frame = executor_frame(ex);
	return rights & MAP_R ? 0 : -HL_EPERM;
}

static int view(struct map *m)
{
	uint64_t frame, leaf;
	int error = executor_to_view(m, &frame);

	if (error == -HL_EBADF)
		error = table_to_view(m, &frame);
	if (error != 0)
		return error;
	leaf = make_leaf(m, frame, TAG_MEMORY);
	/* No second look at the handle: with what it names counted, that it
	 * went meanwhile is the same as that it goes after this. */
	error = leaf_get(leaf, m->to.vas);
	if (error != 0)
		return error == -HL_EAGAIN ? -HL_EBADF : error;
	return place_leaf(m, &m->to, leaf);
}

static __attribute__((noinline)) int share(struct map *m, bool move)
{
	uint64_t leaf, copy;
	int error = find(m, &m->from);

	if (error != 0)
		return error;
	uint64_t *entry = m->from.entry;
	if (entry == NULL)
		return -HL_EFAULT;
	if (move && m->from.vas == m->to.vas && m->from.va == m->to.va)
		return -HL_EINVAL; /* REPLACE would lose it */
	for (unsigned n = 0;; n++) {
		/* Somebody changes it all the time. */
		if (n == SHARE_TRIES)
			return -HL_EAGAIN;
		leaf = atomic_load_acquire(entry);
		if ((error = derive(m, leaf, &copy)) != 0)
			return error;
		error = leaf_get(copy, m->to.vas);
		if (error != 0 && error != -HL_EAGAIN)
			return error;
		/* Counted, then read again: else the frame may have become
		 * something else in between. The count is an acquire. */
		if (error == 0 && leaf_same(atomic_load(entry), leaf))
			break;
		if (error == 0)
			leaf_drop_now(copy, m->to.vas);
	}
	if ((error = place_leaf(m, &m->to, copy)) != 0 || !move)
		return error;
	uint64_t old;
	if (entry_clear(entry, leaf, &old)) {
		batch_add(&m->moved, m->shift, m->from.va, old, true);
		return 0;
	}
	/* Somebody else changed or took the source: it is not ours to give. */
	if (entry_clear(m->to.entry, copy, &old))
		batch_add(&m->changed, m->shift, m->to.va, old, true);
	return -HL_EFAULT;
}

/* As many as there are in this table. */
static int64_t unmap(struct map *m, uint64_t left)
{
	struct place *p = &m->to;
	uint64_t n = TABLE_INDEX + 1 - (p->va >> m->shift & TABLE_INDEX);
	int error = find(m, p);

	if (error != 0)
		return error;
	if (n > left)
		n = left;
	if (p->entry == NULL)
		return n;
	uint64_t *entry = p->entry, va = p->va, shift = m->shift;
	for (uint64_t i = 0; i < n; i++, va += 1UL << shift) {
		uint64_t old = atomic_load(&entry[i]);
		if (old == 0)
			continue;
		if (shift == PAGE_SHIFT)
			old = atomic_swap(&entry[i], 0);
		else /* a table must stay, also if it comes just now */
			do
				if (is_table(m, old))
					return i != 0 ? (int64_t)i : -HL_EEXIST;
			while (old != 0 && !atomic_cas(&entry[i], &old, 0));
		if (old != 0)
			batch_add(&m->changed, shift, va, old, true);
	}
	return n;
}

static int protect(struct map *m)
{
	int error = find(m, &m->to);
	uint64_t *entry = m->to.entry, leaf, less;

	if (error != 0)
		return error;
	if (entry == NULL)
		return -HL_EFAULT;
	leaf = atomic_load(entry);
	do
		if ((error = derive(m, leaf, &less)) != 0)
			return error;
	while (!atomic_cas(entry, &leaf, less));
	batch_add(&m->changed, m->shift, m->to.va, leaf, false);
	m->code |= (less & (LEAF_V | LEAF_X)) == (LEAF_V | LEAF_X);
	return 0;
}

/* How many of the next `left` leaves were done, or an error and none was. */
static int64_t some(struct map *m, uint64_t left)
{
	int error;

	switch (m->attr & MAP_OP_MASK) {
	case MAP_NEW:
		if (m->tag == TAG_MEMORY)
			return new_memory(m, left);
		error = m->tag == TAG_EXECUTOR ? new_executor(m) : new_vas(m);
		break;
	case MAP_SHARE:
		error = share(m, false);
		break;
	case MAP_MOVE:
		error = share(m, true);
		break;
	case MAP_VIEW:
		error = view(m);
		break;
	case MAP_UNMAP:
		return unmap(m, left);
	case MAP_PROTECT:
		error = protect(m);
		break;
	default:
		error = set_leaf(m, &m->to, make_leaf(m, m->from.va >> PAGE_SHIFT, TAG_DEVICE));
		break;
	}
	return error != 0 ? error : 1;
}

static int check_device(const struct map *m, uint64_t count)
{
	uint64_t first = m->from.va >> PAGE_SHIFT, end = first + (count << (m->shift - PAGE_SHIFT));

	if (!(atomic_load(&m->caller->flags) & VAS_DEVICE))
		return -HL_EPERM;
	if (m->from.va >= PA_TOP || end > PA_TOP >> PAGE_SHIFT)
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

	m->to.vas = m->from.vas = m->caller;
	if (target != 0) {
		if (op == MAP_NEW && m->tag == TAG_VAS)
			return -HL_EINVAL;
		if ((error = handle_vas(m->caller, target, &m->to.vas, &rights)) != 0)
			return error;
		if (!(rights & MAP_W))
			return -HL_EPERM;
	}
	if (source != 0) {
		if ((error = handle_vas(m->caller, source, &m->from.vas, &rights)) != 0)
			return error;
		if (!(rights & (op == MAP_MOVE ? MAP_W : MAP_R)))
			return -HL_EPERM;
		if (!(rights & MAP_W) && (m->rights != MAP_R || m->tag > TAG_DEVICE))
			return -HL_EPERM;
	}
	if (target == 0 && source == 0)
		return vas_dying(m->caller) ? -HL_ESRCH : 0;
	if (vas_dying(m->caller) || vas_dying(m->to.vas) || vas_dying(m->from.vas))
		return -HL_ESRCH;
	return 0;
}

int64_t map_any(uint64_t target, uint64_t va, uint64_t src, uint64_t count, uint64_t attr,
		uint64_t aux, uint64_t source)
{
	struct map m; /* not cleared as a whole: the batches are large */
	int error;

	if (!map_words_are_legal(va, src, count, attr, aux, source))
		return -HL_EINVAL;
	m.caller = this_hart->current->vas;
	m.to.va = va;
	m.to.entry = NULL;
	m.from.va = src;
	m.from.entry = NULL;
	m.attr = attr;
	m.aux = aux;
	m.rights = attr & MAP_RIGHTS;
	m.tag = (attr & MAP_TAG_MASK) >> MAP_TAG_SHIFT;
	m.shift = attr & MAP_LARGE ? LARGE_SHIFT : PAGE_SHIFT;
	m.code = false;
	error = find_vases(&m, target, source);
	if (error == 0 && (attr & MAP_OP_MASK) == MAP_IO)
		error = check_device(&m, count);
	if (error != 0)
		return error;

	/* Clearing takes long: one large leaf a call, callers loop. */
	if (m.shift != PAGE_SHIFT && (attr & MAP_OP_MASK) == MAP_NEW)
		count = 1;

	uint64_t done = 0;
	int64_t n = 0;
	batch_start(&m.changed, m.to.vas);
	batch_start(&m.moved, m.from.vas);
	while (done < count && (n = some(&m, count - done)) > 0) {
		done += n;
		step(&m, &m.to, n);
		step(&m, &m.from, n);
	}
	if (m.changed.n != 0)
		batch_flush(&m.changed);
	if (m.moved.n != 0)
		batch_flush(&m.moved);
	if (m.code) {
		/* Entries -> load of the mask; pairs with the fence in vas_join. */
		fence_full();
		code_sync(vas_harts(m.to.vas));
	}
	return done != 0 ? (int64_t)done : n;
}

/* SPDX-License-Identifier: MIT
 *
 * See map_model.h.  Written after <hartleaf/sys_map.h>; which of several errors comes
 * first is as the kernel has it.
 */
#include "map_model.h"

void model_begin(struct model *m)
{
	m->vases = m->execs = m->frames = m->unused_n = 0;
	for (unsigned i = 0; i < FRAMES; i++)
		m->unused[m->unused_n++] = (uint16_t)i;
	for (unsigned i = 0; i < VASES; i++)
		for (unsigned k = 0; k < 8; k++)
			m->table_ppn[i][k] = m->vas_ppn[i] = 0;
	for (unsigned i = 0; i < EXECS; i++)
		m->exec_ppn[i] = 0;
	m->device_ppn = 0;
}

void model_space(struct model *m, unsigned which, long budget)
{
	struct space *s = &m->space[which];

	s->vas = (uint8_t)m->vases++;
	s->upper = 0;
	s->avail = budget;
	for (unsigned i = 0; i < SLOTS; i++) {
		s->table[i] = 0;
		s->large[i].kind = HOLE;
	}
	for (unsigned i = 0; i < PAGES; i++)
		s->leaf[i].kind = HOLE;
	m->of[s->vas] = s;
}

static bool charge(struct space *s, long frames)
{
	if (s->avail < frames)
		return false;
	s->avail -= frames;
	return true;
}

static uint16_t frame_begin(struct model *m, struct space *payer, bool large)
{
	uint16_t id = m->unused[--m->unused_n];

	m->frame[id] = (struct frame){0, 0, 1, payer->vas, large};
	m->frames += large ? LARGE_PAGES : 1;
	return id;
}

static void drop(struct model *m, struct leaf *leaf)
{
	if (leaf->kind == MEMORY && --m->frame[leaf->what].leaves == 0) {
		struct frame *f = &m->frame[leaf->what];
		unsigned n = f->large ? LARGE_PAGES : 1;

		if (m->of[f->vas])
			m->of[f->vas]->avail += n;
		m->frames -= n;
		m->unused[m->unused_n++] = leaf->what;
	}
	leaf->kind = HOLE;
}

void model_space_ends(struct model *m, unsigned which)
{
	struct space *s = &m->space[which];

	m->of[s->vas] = NULL;
	for (unsigned i = 0; i < SLOTS; i++)
		drop(m, &s->large[i]);
	for (unsigned i = 0; i < PAGES; i++)
		drop(m, &s->leaf[i]);
}

struct leaf model_executor(struct model *m, struct space *s, unsigned rights)
{
	s->avail--;
	return (struct leaf){EXECUTOR, (uint8_t)rights, 0, 0, 0, (uint16_t)m->execs++};
}

unsigned model_tag(unsigned kind)
{
	switch (kind) {
	case DEVICE:
		return TAG_DEVICE;
	case EXECUTOR:
		return TAG_EXECUTOR;
	case SPACE:
		return TAG_VAS;
	default:
		return TAG_MEMORY;
	}
}

bool model_has_table(const struct space *s, unsigned level, unsigned slot)
{
	return level == 0 ? s->table[slot] : s->upper >= TABLES_DEEP - level;
}

uint32_t *model_table(struct model *m, unsigned vas, unsigned level, unsigned slot)
{
	return &m->table_ppn[vas][level == 0 ? slot : 8 - level];
}

static uint32_t *ppn_of(struct model *m, const struct leaf *leaf)
{
	switch (leaf->kind) {
	case MEMORY:
		return &m->frame[leaf->what].ppn;
	case EXECUTOR:
	case SEEN_EXECUTOR:
		return &m->exec_ppn[leaf->what];
	case SPACE:
		return &m->vas_ppn[leaf->what];
	case SEEN_TABLE:
		return &m->table_ppn[leaf->what / 8][leaf->what % 8];
	default:
		return &m->device_ppn;
	}
}

bool model_fits(struct model *m, const struct leaf *leaf, uint64_t entry)
{
	uint64_t want = (uint64_t)leaf->rights << LEAF_RIGHTS_SHIFT;
	uint32_t ppn = entry >> LEAF_PPN_SHIFT & ((1UL << LEAF_PPN_BITS) - 1), *known;

	if (leaf->kind == HOLE)
		return entry == 0;
	known = ppn_of(m, leaf);
	if (*known == 0)
		*known = ppn;
	want |= (uint64_t)*known << LEAF_PPN_SHIFT | (uint64_t)model_tag(leaf->kind)
							     << LEAF_TAG_SHIFT;
	if (leaf->kind == EXECUTOR || leaf->kind == SPACE)
		return entry == (want | (uint64_t)leaf->badge << LEAF_BADGE_SHIFT);
	want |= LEAF_V | LEAF_U | (leaf->used ? LEAF_A : 0) | (leaf->written ? LEAF_D : 0);
	/* A may be set without a use that we know of; D may not. */
	return (entry & ~(uint64_t)(leaf->used ? 0 : LEAF_A)) == want;
}

/* --- one leaf of a call ----------------------------------------------------------- */

/* Where a leaf of this size stands; NULL: no table leads there. */
static int find(struct space *s, bool large, unsigned i, struct leaf **leaf)
{
	*leaf = NULL;
	if (large) {
		if (s->upper == UPPER)
			*leaf = &s->large[i];
		return 0;
	}
	if (s->large[i / LARGE_PAGES].kind != HOLE)
		return -HL_EEXIST;
	if (s->table[i / LARGE_PAGES])
		*leaf = &s->leaf[i];
	return 0;
}

/* The same, and the tables are made; what has been made stays. */
static int make(struct space *s, bool large, unsigned i, struct leaf **leaf)
{
	int error = find(s, large, i, leaf);

	if (error != 0 || *leaf)
		return error;
	for (; s->upper < UPPER; s->upper++)
		if (!charge(s, 1))
			return -HL_ENOMEM;
	if (!large && !charge(s, 1))
		return -HL_ENOMEM;
	if (!large)
		s->table[i / LARGE_PAGES] = 1;
	return find(s, large, i, leaf);
}

static int may_put(const struct call *c, unsigned i, const struct leaf *at)
{
	if (is_large(c) && c->to.space->table[i])
		return -HL_EEXIST;
	return at->kind != HOLE && !(c->flags & MAP_REPLACE) ? -HL_EEXIST : 0;
}

static int put(struct model *m, const struct call *c, unsigned i, struct leaf leaf)
{
	struct leaf *at;
	int error = make(c->to.space, is_large(c), i, &at);

	if (error == 0)
		error = may_put(c, i, at);
	if (error != 0)
		return error;
	if (leaf.kind == MEMORY)
		m->frame[leaf.what].leaves++;
	drop(m, at);
	*at = leaf;
	return 0;
}

static int new_one(struct model *m, const struct call *c, unsigned i)
{
	uint8_t used = !(c->flags & MAP_TRACK);
	struct space *s = c->to.space;
	struct leaf *at;
	int error = make(s, is_large(c), i, &at);

	if (error != 0)
		return error;
	if (!(c->flags & MAP_REPLACE) && (at->kind != HOLE || (is_large(c) && s->table[i])))
		return -HL_EEXIST;
	if (is_large(c) && m->scattered && c->got == -HL_ENOMEM)
		return -HL_ENOMEM;
	if (s->avail < (is_large(c) ? LARGE_PAGES : 1))
		return -HL_ENOMEM;
	if ((error = may_put(c, i, at)) != 0)
		return error;
	s->avail -= is_large(c) ? LARGE_PAGES : 1;
	drop(m, at);
	*at = (struct leaf){
		MEMORY, (uint8_t)c->rights, used, used, 0, frame_begin(m, s, is_large(c))};
	return 0;
}

/* What SHARE, MOVE and PROTECT make of a leaf. */
static int derive(const struct call *c, bool table, const struct leaf *old, struct leaf *leaf)
{
	uint8_t used = !(c->flags & MAP_TRACK);

	if (table)
		return -HL_EEXIST;
	if (old->kind == HOLE)
		return -HL_EFAULT;
	if (model_tag(old->kind) != model_tag(c->kind))
		return -HL_EBADF;
	if (c->rights & ~old->rights)
		return -HL_EPERM;
	if (old->badge != 0 && c->aux != 0)
		return -HL_EPERM;
	*leaf = *old;
	leaf->rights = (uint8_t)c->rights;
	leaf->badge |= (uint16_t)c->aux;
	leaf->used = leaf->written = used;
	return 0;
}

static int copy_one(struct model *m, const struct call *c, unsigned i, unsigned src)
{
	struct space *from = c->from.space;
	struct leaf *old, leaf;
	int error = find(from, is_large(c), src, &old);

	if (error != 0)
		return error;
	if (!old)
		return -HL_EFAULT;
	if (c->op == MAP_MOVE && from == c->to.space && src == i)
		return -HL_EINVAL;
	error = derive(c, is_large(c) && from->table[src], old, &leaf);
	if (error != 0)
		return error;
	if (leaf.kind == SPACE && leaf.what == c->to.space->vas)
		return -HL_EINVAL;
	error = put(m, c, i, leaf);
	if (error == 0 && c->op == MAP_MOVE)
		drop(m, old);
	return error;
}

static int protect_one(const struct call *c, unsigned i)
{
	struct leaf *old;
	int error = find(c->to.space, is_large(c), i, &old);

	if (error != 0)
		return error;
	if (!old)
		return -HL_EFAULT;
	return derive(c, is_large(c) && c->to.space->table[i], old, old);
}

static int unmap_one(struct model *m, const struct call *c, unsigned i)
{
	struct leaf *old;
	int error = find(c->to.space, is_large(c), i, &old);

	if (error != 0 || !old)
		return error;
	if (is_large(c) && c->to.space->table[i])
		return -HL_EEXIST;
	drop(m, old);
	return 0;
}

/* aux: a page of the window, and the level. */
static int view_one(struct model *m, const struct call *c, unsigned i)
{
	unsigned level = c->aux & (PAGE_SIZE - 1), slot = c->src / LARGE_PAGES;
	struct leaf leaf = {SEEN_EXECUTOR, MAP_R, 1, 1, 0, c->seen.what};

	if (c->seen.kind != EXECUTOR && c->seen.kind != SPACE)
		return -HL_EBADF;
	if (c->seen.kind == EXECUTOR) {
		if (c->aux != 0)
			return -HL_EINVAL;
		if (!(c->seen.rights & MAP_R))
			return -HL_EPERM;
		return put(m, c, i, leaf);
	}
	if (level >= TABLES_DEEP)
		return -HL_EINVAL;
	if (!(c->seen.rights & MAP_R))
		return -HL_EPERM;
	const struct space *s = m->of[c->seen.what];
	if (!s)
		return -HL_ESRCH;
	if (!model_has_table(s, level, slot))
		return -HL_EFAULT;
	leaf.kind = SEEN_TABLE;
	leaf.what = (uint16_t)(8 * s->vas + (level == 0 ? slot : 8 - level));
	return put(m, c, i, leaf);
}

static int one(struct model *m, const struct call *c, unsigned n)
{
	switch (c->op) {
	case MAP_NEW:
		return new_one(m, c, c->at + n);
	case MAP_SHARE:
	case MAP_MOVE:
		return copy_one(m, c, c->at + n, c->src + n);
	case MAP_VIEW:
		return view_one(m, c, c->at);
	case MAP_UNMAP:
		return unmap_one(m, c, c->at + n);
	default:
		return protect_one(c, c->at + n);
	}
}

/* May the caller, to and out of these spaces? */
static int64_t may(const struct call *c)
{
	const struct name *to = &c->to, *from = &c->from;
	unsigned source_right = c->op == MAP_MOVE ? MAP_W : MAP_R;

	if (to->error)
		return to->error;
	if (!(to->rights & MAP_W))
		return -HL_EPERM;
	if (from->error)
		return from->error;
	if (!(from->rights & source_right))
		return -HL_EPERM;
	if (!(from->rights & MAP_W) && (c->rights != MAP_R || model_tag(c->kind) > TAG_DEVICE))
		return -HL_EPERM;
	return to->space && from->space ? 0 : -HL_ESRCH;
}

int64_t model_map(struct model *m, const struct call *c)
{
	unsigned count = c->op == MAP_NEW && is_large(c) ? 1 : c->count;
	int64_t error = may(c);

	for (unsigned n = 0; error == 0 && n < count; n++) {
		error = one(m, c, n);
		if (error != 0 && n != 0)
			return n;
	}
	return error != 0 ? error : count;
}

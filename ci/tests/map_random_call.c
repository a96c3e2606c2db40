/* SPDX-License-Identifier: MIT
 *
 * What the player does: a random call, mostly of the kind that works.
 */
#include "map_random.h"

/* Tables stay, so what is small keeps to some slots, mostly, and what is large to others;
 * in two they meet. */
#define SMALL_FIRST LARGE_PAGES
#define SMALL_PAGES (4 * LARGE_PAGES)

static unsigned below(struct player *p, unsigned n)
{
	return random_below(&p->dice, n);
}

/* Often near a table's border. */
static unsigned some_page(struct player *p)
{
	unsigned page = SMALL_FIRST + below(p, SMALL_PAGES);

	if (below(p, 300) == 0)
		return below(p, PAGES);
	if (chance(p, 30))
		page = (2 + below(p, 3)) * LARGE_PAGES - 6 + below(p, 12);
	return page;
}

static unsigned some_slot(struct player *p)
{
	static const uint8_t slots[] = {0, 0, 1, 4, 5, 5};

	return chance(p, 15) ? below(p, SLOTS) : slots[below(p, sizeof(slots))];
}

/* The next one from there on that is something, or something rare. */
static unsigned next_used(struct space *s, unsigned first, bool rare)
{
	for (unsigned i = 0; i < SMALL_PAGES; i++) {
		unsigned page = SMALL_FIRST + (first + i) % SMALL_PAGES;
		unsigned kind = model_at(s, page)->kind;

		if (kind != HOLE && (kind != MEMORY || !rare))
			return page;
	}
	return first;
}

static unsigned next_large(struct space *s, unsigned first)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (s->large[(first + i) % SLOTS].kind != HOLE)
			return (first + i) % SLOTS;
	return first;
}

static unsigned some_count(struct player *p, unsigned limit)
{
	unsigned n = 1;

	if (chance(p, 60))
		n = 1 + below(p, chance(p, 50) ? 16 : MAP_COUNT_MAX);
	return n < limit ? n : limit;
}

static unsigned some_memory_rights(struct player *p)
{
	static const uint8_t legal[] = {
		RW, MAP_R, RW, RX, MAP_X, RW | MAP_X | MAP_WX, RW, RW | MAP_X | MAP_WX};

	return legal[below(p, sizeof(legal))];
}

/* What the small leaf at a page of the own window is as a handle. */
static const struct leaf *handle_leaf(struct player *p, unsigned page)
{
	static const struct leaf nothing = {HOLE, 0, 0, 0, 0, 0};
	const struct leaf *leaf = model_at(&p->model.space[0], page);

	return leaf->kind == EXECUTOR || leaf->kind == SPACE ? leaf : &nothing;
}

static unsigned some_cap(struct player *p)
{
	return next_used(&p->model.space[0], some_page(p), true);
}

static struct name some_space(struct player *p)
{
	unsigned page, which = below(p, 4);
	const struct leaf *leaf;
	struct name name;

	if (!chance(p, 12) || which == 0) {
		which = which == 3 ? 0 : which;
		return (struct name){handle_of(p, which), 0, MAP_RIGHTS, &p->model.space[which]};
	}
	page = some_cap(p);
	leaf = handle_leaf(p, page);
	name = (struct name){page_of(p, page), -HL_EBADF, 0, NULL};
	if (leaf->kind == SPACE)
		name = (struct name){name.handle, 0, leaf->rights, p->model.of[leaf->what]};
	return name;
}

/* Something to view: a capability of the window, one of those kept aside, or itself. */
static uint64_t some_seen(struct player *p, struct call *c)
{
	unsigned which = below(p, LIVE), page;

	if (chance(p, 60)) {
		c->seen = (struct leaf){SPACE, MAP_RIGHTS, 0, 0, 0, p->model.space[which].vas};
		return handle_of(p, which);
	}
	page = some_cap(p);
	c->seen = *handle_leaf(p, page);
	return page_of(p, page);
}

/* Rights and kind for a copy, or less, of what is there. */
static void choose_copy(struct player *p, struct call *c, struct space *s, unsigned i)
{
	const struct leaf *leaf = !s ? NULL : is_large(c) ? &s->large[i] : model_at(s, i);

	c->kind = leaf && chance(p, 92) ? leaf->kind : (enum kind)below(p, 5);
	if (model_tag(c->kind) == TAG_MEMORY) {
		c->kind = MEMORY;
		c->rights = some_memory_rights(p);
		if (leaf && leaf->kind != HOLE && model_tag(leaf->kind) == 0 && chance(p, 60))
			c->rights = leaf->rights | ((leaf->rights & ~MAP_R) == 6 ? MAP_WX : 0);
		if (chance(p, 15))
			c->flags |= MAP_TRACK;
	} else if (c->kind == DEVICE) {
		c->rights = chance(p, 50) ? RW : MAP_R;
	} else {
		c->flags &= ~(uint64_t)MAP_LARGE;
		c->rights = below(p, 8);
		if (leaf && chance(p, 60))
			c->rights &= leaf->rights;
	}
}

/* Mostly where something is to be copied or restricted. */
static void aim(struct player *p, const struct call *c, struct space *s, unsigned *at)
{
	if (!s || chance(p, 20))
		return;
	*at = is_large(c) ? next_large(s, *at) : next_used(s, *at, chance(p, 35));
}

/* With more than one leaf, what is replaced gives budget back at some moment in the
 * call; so there must be enough without. */
static void enough_to_replace(struct call *c)
{
	const struct space *s = c->to.space;

	if (s && c->count > 1 && s->avail < (long)c->count + 8)
		c->flags &= ~(uint64_t)MAP_REPLACE;
}

static void choose(struct player *p, struct call *c)
{
	static const uint16_t often[] = {MAP_NEW,   MAP_NEW,  MAP_NEW,    MAP_SHARE, MAP_SHARE,
					 MAP_SHARE, MAP_MOVE, MAP_MOVE,   MAP_UNMAP, MAP_UNMAP,
					 MAP_UNMAP, MAP_VIEW, MAP_PROTECT};
	unsigned limit;

	*c = (struct call){.op = often[below(p, sizeof(often) / sizeof(often[0]))]};
	if (p->model.frames > p->limit)
		c->op = MAP_UNMAP;
	c->to = some_space(p);
	c->from = (struct name){0, 0, MAP_RIGHTS, &p->model.space[0]};
	if (c->op == MAP_SHARE || c->op == MAP_MOVE)
		c->from = some_space(p);
	if (chance(p, 15) && c->op != MAP_VIEW)
		c->flags = MAP_LARGE;
	c->at = is_large(c) ? some_slot(p) : some_page(p);
	c->src = is_large(c) ? some_slot(p) : some_page(p);
	if (c->op == MAP_SHARE || c->op == MAP_MOVE)
		aim(p, c, c->from.space, &c->src);
	if (c->op == MAP_PROTECT)
		aim(p, c, c->to.space, &c->at);
	limit = is_large(c) ? SLOTS : SMALL_FIRST + SMALL_PAGES;
	if (!is_large(c) && (c->at >= limit || c->src >= limit))
		limit = PAGES;
	limit -= c->at > c->src ? c->at : c->src;
	c->count = c->op == MAP_VIEW ? 1 : some_count(p, limit);
	if (p->model.frames > p->limit)
		c->count = limit < MAP_COUNT_MAX ? limit : MAP_COUNT_MAX;
	if (c->op <= MAP_MOVE && chance(p, 30))
		c->flags |= MAP_REPLACE;
	switch (c->op) {
	case MAP_NEW:
		c->kind = MEMORY;
		c->rights = some_memory_rights(p);
		c->flags |= chance(p, 15) ? MAP_TRACK : 0;
		break;
	case MAP_SHARE:
	case MAP_MOVE:
		choose_copy(p, c, c->from.space, c->src);
		if (model_tag(c->kind) > TAG_DEVICE && chance(p, 25))
			c->aux = below(p, 1024);
		break;
	case MAP_PROTECT:
		choose_copy(p, c, c->to.space, c->at);
		break;
	default:
		c->rights = c->op == MAP_VIEW ? MAP_R : 0;
	}
	if (c->op == MAP_UNMAP)
		c->kind = MEMORY;
	enough_to_replace(c);
}

void player_call(struct player *p)
{
	bool copies;
	struct call c;
	uint64_t src = 0, attr;
	unsigned shift;

	choose(p, &c);
	/* Capabilities aren't large: what was chosen as such is still in the window. */
	copies = c.op == MAP_SHARE || c.op == MAP_MOVE;
	shift = is_large(&c) ? 21 : PAGE_SHIFT;
	if (copies)
		src = p->base + ((uint64_t)c.src << shift);
	if (c.op == MAP_VIEW) {
		src = some_seen(p, &c);
		if (c.seen.kind == SPACE || chance(p, 10))
			c.aux = page_of(p, c.src) | below(p, TABLES_DEEP + 1);
	}
	attr = c.op | c.flags | c.rights | (uint64_t)model_tag(c.kind) << MAP_TAG_SHIFT;
	c.got = CALL(CALL_MAP, c.to.handle, p->base + ((uint64_t)c.at << shift), src, c.count, attr,
		     c.aux, copies ? c.from.handle : 0);
	c.rights &= MAP_RIGHTS;
	WANT(p, c.got, model_map(&p->model, &c));
	if (c.got <= 0)
		return;
	p->done[c.op >> MAP_OP_SHIFT]++;
	if (c.op == MAP_NEW)
		player_check_new(p, &c, c.got);
}

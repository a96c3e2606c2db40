/* SPDX-License-Identifier: MIT
 *
 * What the player looks at: entries by views, memory by its words.
 */
#include "map_random.h"

/* --- entries --------------------------------------------------------------------- */

/* A view of that table of a space, made when it is first there; NULL: no table. */
static volatile uint64_t *table(struct player *p, unsigned which, unsigned level, unsigned slot)
{
	struct space *s = &p->model.space[which];
	uint64_t at = page_of(p, AT_TABLE(which) + (level == 0 ? slot : 8 - level));
	int64_t r = view_table(at, handle_of(p, which), page_of(p, slot * LARGE_PAGES), level);

	if (!model_has_table(s, level, slot)) {
		WANT(p, r, -HL_EFAULT);
		return NULL;
	}
	MUST(p, r == 1 || r == -HL_EEXIST);
	return word(at);
}

static unsigned index_of(const struct player *p, unsigned page, unsigned shift)
{
	return page_of(p, page) >> shift & 511;
}

static void compare_slot(struct player *p, unsigned which, unsigned slot)
{
	struct space *s = &p->model.space[which];
	volatile uint64_t *leaves = table(p, which, 0, slot);
	volatile uint64_t *large = table(p, which, 1, slot);

	if (!large)
		return;
	uint64_t entry = large[index_of(p, slot * LARGE_PAGES, 21)];

	if (!leaves) {
		MUST(p, model_fits(&p->model, &s->large[slot], entry));
		return;
	}
	struct leaf *leaf = &s->leaf[slot * LARGE_PAGES];
	uint32_t *known = model_table(&p->model, s->vas, 0, slot);

	if (*known == 0)
		*known = (uint32_t)(entry >> LEAF_PPN_SHIFT);
	WANT(p, entry, (uint64_t)*known << LEAF_PPN_SHIFT | LEAF_V);
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		MUST(p, model_fits(&p->model, &leaf[i], leaves[i]));
}

void player_forget_views(struct player *p, unsigned which)
{
	WANT(p, unmap(0, page_of(p, AT_TABLE(which)), 8), 8);
}

/* --- memory ---------------------------------------------------------------------- */

/* One page, whole or its ends; of a large leaf some, and the last. */
static void check_words(struct player *p, const struct leaf *leaf, uint64_t va, bool whole)
{
	const struct frame *f = &p->model.frame[leaf->what];
	uint64_t size = f->large ? LARGE_SIZE : PAGE_SIZE;
	uint64_t step = f->large ? (whole ? 0x1008 : LARGE_SIZE - 8) : whole ? 8 : PAGE_SIZE - 8;

	for (uint64_t off = 0; off < size; off += step)
		WANT(p, *word(va + off), off == 0 || off == size - 8 ? f->stamp : 0);
	WANT(p, *word(va + size - 8), f->stamp);
}

static bool readable(const struct leaf *leaf)
{
	return leaf->kind == MEMORY && (leaf->rights & MAP_R);
}

/* Through a view that somebody put in the window. */
static void check_view(struct player *p, const struct leaf *leaf, uint64_t va)
{
	uint32_t ppn = leaf->kind == SEEN_EXECUTOR ? p->model.exec_ppn[leaf->what] : 0;

	if (leaf->kind == SEEN_EXECUTOR) {
		WANT(p, *word(va + EX_PAGE_COLOUR), (ppn & 31) << 6);
		WANT(p, executor_of(va)->state, EX_STOPPED);
	} else {
		/* Of a dead space: nothing is in it. */
		for (unsigned i = 0; i < 512; i++)
			MUST(p, word(va)[i] == 0 || p->model.of[leaf->what / 8]);
	}
}

/* The own window, as it is mapped. */
static void compare_own(struct player *p)
{
	struct space *s = &p->model.space[0];
	unsigned whole = random_below(&p->dice, PAGES);

	for (unsigned i = 0; i < PAGES; i++) {
		struct leaf *leaf = model_at(s, i);

		if (leaf == &s->large[i / LARGE_PAGES] && i % LARGE_PAGES != 0)
			continue;
		if (leaf->kind == SEEN_EXECUTOR || leaf->kind == SEEN_TABLE) {
			check_view(p, leaf, page_of(p, i));
			leaf->used = 1;
		}
		if (!readable(leaf))
			continue;
		check_words(p, leaf, page_of(p, i), i - whole < 8);
		leaf->used = 1;
	}
}

/* Another space's: a run of pages is shared, and seen here. */
static void compare_run(struct player *p, unsigned which, unsigned first)
{
	struct space *s = &p->model.space[which];
	unsigned n = 0;

	while (n < 64 && first + n < PAGES && s->large[(first + n) / LARGE_PAGES].kind == HOLE &&
	       readable(&s->leaf[first + n]))
		n++;
	if (n == 0)
		return;
	WANT(p,
	     CALL(CALL_MAP, 0, page_of(p, SCRATCH), page_of(p, first), n, MAP_SHARE | MAP_R, 0,
		  handle_of(p, which)),
	     n);
	for (unsigned i = 0; i < n; i++)
		check_words(p, &s->leaf[first + i], page_of(p, SCRATCH + i), i % 16 == 0);
	WANT(p, unmap(0, page_of(p, SCRATCH), n), n);
}

void player_compare(struct player *p)
{
	for (unsigned which = 0; which < LIVE; which++)
		for (unsigned slot = 0; slot < SLOTS; slot++)
			compare_slot(p, which, slot);
	compare_own(p);
	for (unsigned i = 0; i < 4; i++)
		compare_run(p, 1 + i % 2, random_below(&p->dice, PAGES));
}

void player_touch(struct player *p, unsigned which, unsigned page)
{
	struct leaf *leaf = model_at(&p->model.space[which], page);
	struct frame *f = &p->model.frame[leaf->what];
	uint64_t size, va, from, attr = MAP_SHARE | (leaf->rights & RW);

	if (!readable(leaf))
		return;
	size = f->large ? LARGE_SIZE : PAGE_SIZE;
	va = from = page_of(p, page) & -size;
	if (f->large)
		attr |= MAP_LARGE;
	if (which != 0) {
		va = page_of(p, f->large ? SCRATCH_BIG : SCRATCH);
		WANT(p, CALL(CALL_MAP, 0, va, from, 1, attr, 0, handle_of(p, which)), 1);
	} else {
		leaf->used = 1;
		leaf->written |= (leaf->rights & MAP_W) != 0;
	}
	check_words(p, leaf, va, true);
	if (leaf->rights & MAP_W)
		*word(va) = *word(va + size - 8) = f->stamp = p->base | ++p->stamps << 48 | 1;
	if (which != 0)
		WANT(p, CALL(CALL_MAP, 0, va, 0, 1, MAP_UNMAP | (attr & MAP_LARGE)), 1);
}

void player_check_new(struct player *p, const struct call *c, int64_t n)
{
	struct space *s = c->to.space;

	if (s != &p->model.space[0] || !(c->rights & MAP_R))
		return;
	for (unsigned i = c->at; i < c->at + n; i++) {
		struct leaf *leaf = is_large(c) ? &s->large[i] : &s->leaf[i];

		check_words(p, leaf, page_of(p, is_large(c) ? i * LARGE_PAGES : i),
			    i % 64 == 0 || is_large(c));
		leaf->used = 1;
	}
}

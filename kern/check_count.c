/* SPDX-License-Identifier: MIT
 *
 * See check.c: lists that VASs and executors are on, and all that is counted.
 */
#include "check_parts.h"

/* --- lists --------------------------------------------------------- */

static void check_dying(struct vas *v)
{
	demand_frame(v, FRAME_VAS, "dying, no VAS");
	mark(vas_marks(v), DYING, "dies twice", v);
	demand((v->flags & (VAS_DYING | VAS_ZOMBIE)) == VAS_DYING, "on a list, not dying", v,
	       v->flags);
}

/* A FIFO that is a ring and named by its last. */
static void check_ring(struct vas *last)
{
	struct vas *v = last;

	if (last == NULL)
		return;
	do {
		v = v->reclaim_next;
		check_dying(v);
	} while (v != last);
}

static void check_limbo(uint64_t frame)
{
	for (; frame != 0; frame = (*frame_desc(frame) & FRAME_COUNT) >> FRAME_COUNT_SHIFT) {
		demand(is_ram(frame), "in limbo, no frame", NULL, frame);
		if (frame_type(frame) == FRAME_EXECUTOR) {
			struct executor *ex = executor_at(frame);
			mark(marks(ex), LIMBO, "in limbo twice", ex);
			demand(ex->refs == 0, "in limbo, and named", ex, ex->refs);
		} else {
			struct vas *v = vas_at(frame);
			demand_frame(v, FRAME_VAS, "in limbo, neither VAS nor executor");
			mark(vas_marks(v), LIMBO, "in limbo twice", v);
			demand(v->flags & VAS_FREED, "in limbo, not freed", v, v->flags);
		}
	}
}

static void check_reclaim(void)
{
	uint64_t all = (2UL << (global->harts - 1)) - 1;

	check_limbo(global->limbo);
	check_limbo(global->limbo_waiting);
	for (struct vas *v = global->doomed; v != NULL; v = v->reclaim_next)
		check_dying(v);
	for (struct vas *v = global->arrivals; v != NULL; v = v->reclaim_next)
		check_dying(v);
	check_ring(global->waiting);
	check_ring(global->active);
	demand((global->idle & ~all) == 0 && (global->idle >> this_hart->id & 1) == 0, "idle mask",
	       NULL, global->idle);
	demand((global->grace_harts & ~all) == 0, "mask of the grace period", NULL,
	       global->grace_harts);
}

static void check_family(struct vas *v)
{
	struct vas *before = NULL;

	for (struct vas *c = v->children; c != NULL; before = c, c = c->sibling_next) {
		demand_frame(c, FRAME_VAS, "a child, no VAS");
		mark(vas_marks(c), CHILD, "a child twice", c);
		demand(c->payer == v, "another's child", c, (uint64_t)c->payer);
		demand(before == NULL || c->sibling_prev == before, "sibling's way back", c,
		       (uint64_t)c->sibling_prev);
	}
	for (struct executor *ex = v->executors; ex != NULL; ex = ex->list_next) {
		demand_frame(ex, FRAME_EXECUTOR, "on a list, no executor");
		mark(marks(ex), LISTED, "on a list twice", ex);
		demand(ex->vas == v, "another's executor", ex, (uint64_t)ex->vas);
	}
	/* Those of a dying one are freed where they are. */
	for (struct executor *ex = vas_dying(v) ? NULL : v->spare; ex != NULL; ex = ex->next) {
		demand_frame(ex, FRAME_EXECUTOR, "spare, no executor");
		mark(marks(ex), SPARE, "spare twice", ex);
		demand((ex->list & EX_FREE) && ex->refs == 0, "spare, and named", ex, ex->refs);
	}
}

static void check_vas(struct vas *v)
{
	bool dying = v->flags & VAS_DYING, zombie = v->flags & VAS_ZOMBIE;
	bool listed = *vas_marks(v) & DYING, awaited = v->flags & VAS_AWAITED;

	demand(!awaited || v->runs != 0, "waits for an end that was", v, v->flags);
	if (!dying)
		demand(v->runs != 0 || v->refs != 0, "unused, not dying", v, v->flags);
	else
		demand(listed + awaited + zombie == 1, "dying, and nobody sees to it", v, v->flags);
	if (zombie) {
		demand(v->runs == 0 && v->executors == NULL, "a zombie has executors", v, v->runs);
		demand((v->used == 0 && v->refs == 0) == !!(v->flags & VAS_FREED),
		       "a zombie that isn't freed", v, v->flags);
	}
	demand(!(v->flags & VAS_FREED) == !(*vas_marks(v) & LIMBO), "freed, not in limbo", v,
	       v->flags);
}

void check_lists(void)
{
	check_reclaim();
	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1))
		if (frame_type(f) == FRAME_VAS)
			check_family(vas_at(f));
	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1))
		if (frame_type(f) == FRAME_VAS)
			check_vas(vas_at(f));
}

/* --- counts --------------------------------------------------------------------------------- */

static void uncount(uint64_t *count, uint64_t by, const char *what, const void *where)
{
	demand(*count >= by, what, where, *count);
	*count -= by;
}

/* An executor or its VAS is named in v. */
static void uncount_name(struct executor *ex, const struct vas *v)
{
	demand_frame(ex, FRAME_EXECUTOR, "named, no executor");
	uncount(&ex->refs, 1, "executor named more often than counted", ex);
	if (ex->vas != v)
		uncount(&ex->vas->refs, VAS_ONE, "VAS named more often than counted", ex->vas);
}

static uint64_t entry_frame(uint64_t entry)
{
	return entry << (64 - LEAF_BADGE_SHIFT) >> (64 - LEAF_BADGE_SHIFT + LEAF_PPN_SHIFT);
}

static void uncount_frame(uint64_t frame, uint64_t type)
{
	demand(is_ram(frame) && frame_type(frame) == type, "mapped, another type", NULL, frame);
	demand((*frame_desc(frame) & FRAME_COUNT) != 0, "mapped more often than counted", NULL,
	       frame);
	*frame_desc(frame) -= FRAME_COUNT_ONE;
}

static void uncount_leaf(uint64_t leaf, const struct vas *v)
{
	uint64_t frame = entry_frame(leaf);

	switch ((leaf & LEAF_TAG) >> LEAF_TAG_SHIFT) {
	case TAG_MEMORY:
		if (is_ram(frame) && frame_type(frame) == FRAME_EXECUTOR)
			uncount(&executor_at(frame)->refs, 1, "viewed more often than counted",
				executor_at(frame));
		else if (!is_ram(frame) || frame_type(frame) != FRAME_BOOT)
			uncount_frame(frame, FRAME_MEMORY);
		break;
	case TAG_EXECUTOR:
		uncount_name(executor_at(frame), v);
		break;
	case TAG_VAS:
		demand_frame(vas_at(frame), FRAME_VAS, "named, no VAS");
		uncount(&vas_at(frame)->refs, VAS_ONE, "VAS named more often than counted",
			vas_at(frame));
		break;
	}
}

static void uncount_space(struct vas *v)
{
	for (unsigned i = 0; i < SLOT_DIRECT; i++) {
		if (v->user[i] == 0)
			continue;
		uncount_frame(entry_frame(v->user[i]), FRAME_TABLE);
		uint64_t *table = direct(entry_frame(v->user[i]) << PAGE_SHIFT);
		for (unsigned k = 0; k < PAGE_SIZE / sizeof(*table); k++) {
			if (table[k] == 0)
				continue;
			uncount_frame(entry_frame(table[k]), FRAME_TABLE);
			uint64_t *leaves = direct(entry_frame(table[k]) << PAGE_SHIFT);
			for (unsigned n = 0; n < PAGE_SIZE / sizeof(*leaves); n++)
				if (leaves[n] != 0)
					uncount_leaf(leaves[n], v);
		}
	}
}

static void uncount_executor(struct executor *ex)
{
	if (life(ex) != EX_STOPPED) {
		uncount(&ex->refs, 1, "alive, not counted", ex);
		uncount(&ex->vas->runs, VAS_ONE, "alive, not counted in its VAS", ex);
	}
	if (ex->keeper != NULL)
		uncount_name(ex->keeper, ex->vas);
}

/* What the frame stands for has one count each from who uses it. */
static void uncount_uses(uint64_t frame)
{
	uint64_t type = frame_type(frame), payer = *frame_desc(frame) >> FRAME_PAYER_SHIFT;

	if (type == FRAME_EXECUTOR)
		uncount_executor(executor_at(frame));
	if (type == FRAME_VAS)
		uncount_space(vas_at(frame));
	if (type < FRAME_MEMORY || type > FRAME_VAS || payer == 0)
		return;
	demand_frame(vas_at(payer), FRAME_VAS, "paid for by no VAS");
	uncount(&vas_at(payer)->used, VAS_ONE, "pays for more than counted", vas_at(payer));
}

static void check_nothing_left(uint64_t frame)
{
	struct executor *ex = executor_at(frame);
	struct vas *v = vas_at(frame);

	switch (frame_type(frame)) {
	case FRAME_MEMORY:
	case FRAME_TABLE:
		demand((*frame_desc(frame) & FRAME_COUNT) == 0, "counted more often than mapped",
		       NULL, frame);
		break;
	case FRAME_EXECUTOR:
		demand(ex->refs == 0, "executor counted more often than named", ex, ex->refs);
		break;
	case FRAME_VAS:
		demand(v->refs == 0, "VAS counted more often than named", v, v->refs);
		demand(v->runs == 0, "more executors counted than live", v, v->runs);
		demand(v->used == 0, "more frames counted than paid for", v, v->used);
		break;
	}
}

static void check_free_frames(void)
{
	uint64_t stacked = 0, free = 0, fresh = 0, budget = 0;

	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1)) {
		free += frame_type(f) == FRAME_FREE;
		if (frame_type(f) == FRAME_VAS)
			budget += vas_at(f)->avail / VAS_ONE;
	}
	for (uint64_t f = (uint32_t)global->page_alloc_head; f != 0 && stacked <= free; stacked++) {
		demand(is_ram(f) && frame_type(f) == FRAME_FREE, "free, another type", NULL, f);
		f = (*frame_desc(f) & FRAME_COUNT) >> FRAME_COUNT_SHIFT;
	}
	for (uint64_t f = frame_next(global->page_alloc_tail); f != 0; f = frame_next(f + 1))
		fresh++;
	demand(stacked == free, "free frames not on the stack", NULL, free - stacked);
	demand(global->info->free_pages == stacked + fresh, "free frames, counted", NULL,
	       global->info->free_pages - stacked - fresh);
	demand(budget == stacked + fresh, "free frames, budgets", NULL, budget - stacked - fresh);
}

void check_counts(void)
{
	check_free_frames();
	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1))
		uncount_uses(f);
	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1))
		check_nothing_left(f);
}

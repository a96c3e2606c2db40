/* SPDX-License-Identifier: MIT
 *
 * See check.c: lists that VASs and executors are on, and all that is counted.
 */
#include "block.h"
#include "check_parts.h"
#include "table.h"

/* --- lists --------------------------------------------------------- */

static void check_dying(struct vas *v)
{
	demand_frame(v, FRAME_VAS, "dying, no VAS");
	mark(vas_marks(v), DYING, "dies twice", v);
	demand(v->flags & VAS_DYING, "on a list, not dying", v, v->flags);
	demand(!(v->flags & VAS_ZOMBIE) == !(v->flags & VAS_QUEUED), "on a list, not to be settled",
	       v, v->flags);
}

static void check_ring(struct vas *first)
{
	struct vas *v = first;

	if (first == NULL)
		return;
	do {
		check_dying(v);
		demand(v->reclaim_next->reclaim_prev == v, "way back on a list", v,
		       (uint64_t)v->reclaim_next);
		v = v->reclaim_next;
	} while (v != first);
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
			demand(v->flags & VAS_QUEUED, "in limbo, not freed", v, v->flags);
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
	for (struct executor *ex = v->executors, *prev = NULL; ex != NULL; ex = ex->list_next) {
		demand_frame(ex, FRAME_EXECUTOR, "on a list, no executor");
		mark(marks(ex), LISTED, "on a list twice", ex);
		demand(ex->vas == v, "another's executor", ex, (uint64_t)ex->vas);
		demand(ex->list_prev == prev, "way back on a list", ex, (uint64_t)ex->list_prev);
		prev = ex;
	}
}

static void check_vas(struct vas *v)
{
	bool dying = v->flags & VAS_DYING, zombie = v->flags & VAS_ZOMBIE;
	bool listed = *vas_marks(v) & DYING, awaited = v->flags & VAS_AWAITED;
	bool limbo = *vas_marks(v) & LIMBO;

	demand(!awaited || v->runs != 0, "waits for an end that was", v, v->flags);
	if (!dying)
		demand(v->runs != 0 || v->refs != 0, "unused, not dying", v, v->flags);
	else
		demand(zombie ? listed + awaited == (v->flags & VAS_QUEUED && !limbo)
			      : listed + awaited == 1,
		       "dying, and nobody sees to it", v, v->flags);
	if (zombie && !listed) {
		demand((v->used == 0 && v->refs == 0) == limbo, "a zombie that isn't freed", v,
		       v->flags);
		demand(v->avail == 0 || v->payer == NULL, "a zombie with budget", v, v->avail);
	}
	demand(!zombie || v->runs == 0, "a zombie has live executors", v, v->runs);
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
		else if (is_ram(frame) &&
			 (frame_type(frame) == FRAME_TABLE || frame_type(frame) == FRAME_LARGE))
			uncount_frame(frame, frame_type(frame));
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

static void uncount_table(struct vas *v, const uint64_t *table, unsigned n, unsigned shift)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t entry = table[i];
		if (entry == 0)
			continue;
		if (shift == PAGE_SHIFT || entry_is_leaf(entry)) {
			uncount_leaf(entry, v);
			continue;
		}
		uncount_frame(entry_frame(entry), FRAME_TABLE);
		uncount_table(v, entry_table(entry), TABLE_INDEX + 1, shift - 9);
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
		uncount_table(vas_at(frame), vas_at(frame)->user, SLOT_DIRECT, global->top_shift);
	if (type < FRAME_MEMORY || type == FRAME_BOOT || payer == 0)
		return;
	demand_frame(vas_at(payer), FRAME_VAS, "paid for by no VAS");
	uncount(&vas_at(payer)->used, type == FRAME_LARGE ? BLOCK_FRAMES * VAS_ONE : VAS_ONE,
		"pays for more than counted", vas_at(payer));
}

static void check_nothing_left(uint64_t frame)
{
	struct executor *ex = executor_at(frame);
	struct vas *v = vas_at(frame);

	switch (frame_type(frame)) {
	case FRAME_MEMORY:
	case FRAME_TABLE:
	case FRAME_LARGE:
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

/* Its bits as the state has it, and what is free isn't anything. */
static uint64_t check_block(struct block *b)
{
	uint64_t free = 0;

	for (uint64_t i = 0; i < BLOCK_FRAMES; i++) {
		uint64_t frame = ((uint64_t)(b - BLOCKS) << BLOCK_SHIFT) + i;
		if (!(b->free[i / 64] >> i % 64 & 1))
			continue;
		demand(is_ram(frame) && frame_type(frame) == FRAME_NONE, "free, and used", b,
		       frame);
		free++;
	}
	demand(free == (b->state & BLOCK_COUNT), "free in a block, counted", b, free);
	demand(free == 0 || (b->state & ~BLOCK_COUNT) != 0, "free in a block nobody finds", b,
	       b->state);
	return free;
}

static void check_stack(uint64_t top, unsigned kind)
{
	uint64_t flag = kind == 0 ? BLOCK_ROOM : BLOCK_WHOLE;

	for (uint32_t link = top; link != 0; link = BLOCKS[link - 1].next[kind]) {
		struct block *b = BLOCKS + link - 1;
		demand((b->state & flag) != 0, "on a stack, not flagged or twice", b, b->state);
		b->state &= ~flag;
	}
}

static void check_free_frames(void)
{
	uint64_t free = 0, budget = 0, block = 0;

	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1)) {
		if (frame_type(f) == FRAME_VAS)
			budget += vas_at(f)->avail / VAS_ONE;
		if (f >> BLOCK_SHIFT == block)
			continue;
		block = f >> BLOCK_SHIFT;
		free += check_block(BLOCKS + block);
	}
	demand(global->info->free_pages == free, "free frames, counted", NULL,
	       global->info->free_pages - free);
	demand(budget == free, "free frames, budgets", NULL, budget - free);
	for (uint64_t i = 0; i < global->nodes; i++) {
		check_stack(global->page_alloc_head[i].top, 0);
		check_stack(global->page_alloc_tail[i].top, 1);
	}
	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1))
		demand((BLOCKS[f >> BLOCK_SHIFT].state & (BLOCK_ROOM | BLOCK_WHOLE)) == 0,
		       "flagged, on no stack", BLOCKS + (f >> BLOCK_SHIFT), f);
}

void check_counts(void)
{
	check_free_frames();
	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1))
		uncount_uses(f);
	for (uint64_t f = next_ram(1); f != 0; f = next_ram(f + 1))
		check_nothing_left(f);
}

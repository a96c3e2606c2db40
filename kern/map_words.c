/* SPDX-License-Identifier: MIT */
#include "map.h"
#include "global.h"
#include "table.h"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

/*
 * What the words of a call may be, by operation and tag.  Of the 16 combinations of
 * R, W, X and WX some make no sense where hardware reads them: none, W without R, W
 * and X without WX.
 */
#define LEGAL(n)      (1 << (n))
#define NO_RIGHTS     LEGAL(0)
#define VIEW_RIGHTS   LEGAL(MAP_R)
#define DEVICE_RIGHTS (LEGAL(MAP_R) | LEGAL(MAP_R | MAP_W))
#define CAP_RIGHTS    0xff
#define MEMORY_RIGHTS                                                                              \
	((DEVICE_RIGHTS | LEGAL(MAP_X) | LEGAL(MAP_R | MAP_X)) * (1 | LEGAL(MAP_WX)) |             \
	 LEGAL(MAP_RIGHTS | MAP_WX))

#define SOURCE 1 /* a2 means something */
#define COPIES 2 /* leaves, of the VAS in a6 */
#define SINGLE 4 /* one leaf a call */
#define HANDLE 8 /* a2 is one */

struct rule {
	uint16_t rights;
	uint16_t attr; /* what else may be set */
	uint8_t flags;
	uint8_t aux; /* bits that a5 may have; 64: any */
};

#define LEAVES        (MAP_REPLACE | MAP_LARGE)
#define RULE(op, tag) [((op) >> MAP_OP_SHIFT) << 2 | (tag)]

static const struct rule rules[32] = {
	RULE(MAP_NEW, TAG_MEMORY) = {MEMORY_RIGHTS, LEAVES | MAP_TRACK, 0, 0},
	RULE(MAP_NEW, TAG_EXECUTOR) = {CAP_RIGHTS, 0, SINGLE, 0},
	RULE(MAP_NEW, TAG_VAS) = {CAP_RIGHTS, 0, SINGLE, 64},
	RULE(MAP_SHARE, TAG_MEMORY) = {MEMORY_RIGHTS, LEAVES | MAP_TRACK, SOURCE | COPIES, 0},
	RULE(MAP_SHARE, TAG_DEVICE) = {DEVICE_RIGHTS, LEAVES, SOURCE | COPIES, 0},
	RULE(MAP_SHARE, TAG_EXECUTOR) = {CAP_RIGHTS, MAP_REPLACE, SOURCE | COPIES, LEAF_BADGE_BITS},
	RULE(MAP_SHARE, TAG_VAS) = {CAP_RIGHTS, MAP_REPLACE, SOURCE | COPIES, LEAF_BADGE_BITS},
	RULE(MAP_MOVE, TAG_MEMORY) = {MEMORY_RIGHTS, LEAVES | MAP_TRACK, SOURCE | COPIES, 0},
	RULE(MAP_MOVE, TAG_DEVICE) = {DEVICE_RIGHTS, LEAVES, SOURCE | COPIES, 0},
	RULE(MAP_MOVE, TAG_EXECUTOR) = {CAP_RIGHTS, MAP_REPLACE, SOURCE | COPIES, LEAF_BADGE_BITS},
	RULE(MAP_MOVE, TAG_VAS) = {CAP_RIGHTS, MAP_REPLACE, SOURCE | COPIES, LEAF_BADGE_BITS},
	RULE(MAP_VIEW, TAG_MEMORY) = {VIEW_RIGHTS, 0, SOURCE | SINGLE | HANDLE, 64},
	RULE(MAP_UNMAP, TAG_MEMORY) = {NO_RIGHTS, MAP_LARGE, 0, 0},
	RULE(MAP_PROTECT, TAG_MEMORY) = {MEMORY_RIGHTS, MAP_LARGE | MAP_TRACK, 0, 0},
	RULE(MAP_PROTECT, TAG_DEVICE) = {DEVICE_RIGHTS, MAP_LARGE, 0, 0},
	RULE(MAP_PROTECT, TAG_EXECUTOR) = {CAP_RIGHTS, 0, 0, 0},
	RULE(MAP_PROTECT, TAG_VAS) = {CAP_RIGHTS, 0, 0, 0},
	RULE(MAP_IO, TAG_DEVICE) = {DEVICE_RIGHTS, LEAVES, SOURCE, 0},
};

#define RIGHTS_WX (MAP_RIGHTS | MAP_WX)
#define ALWAYS    (RIGHTS_WX | MAP_TAG_MASK | MAP_OP_MASK)

bool map_words_are_legal(uint64_t va, uint64_t src, uint64_t count, uint64_t attr, uint64_t aux,
			 uint64_t source_vas)
{
	uint64_t op = (attr & MAP_OP_MASK) >> MAP_OP_SHIFT, top = global->user_top;
	const struct rule *rule = &rules[(op & 7) << 2 | (attr & MAP_TAG_MASK) >> MAP_TAG_SHIFT];
	unsigned flags = rule->flags, shift = attr & MAP_LARGE ? LARGE_SHIFT : PAGE_SHIFT;
	uint64_t unaligned = (1UL << shift) - 1;

	if (op > 7 || (attr & ~(uint64_t)(ALWAYS | rule->attr)) != 0 ||
	    !(rule->rights >> (attr & RIGHTS_WX) & 1))
		return false;
	if (aux != 0 && rule->aux < 64 && aux >> rule->aux != 0)
		return false;
	if (count - 1 >= (flags & SINGLE ? 1 : MAP_COUNT_MAX))
		return false;
	if ((va & unaligned) != 0 || va >= top || count > (top - va) >> shift)
		return false;
	if (src != 0 && (!(flags & SOURCE) || ((src & unaligned) != 0 && !(flags & HANDLE))))
		return false;
	return source_vas == 0 || (flags & COPIES);
}

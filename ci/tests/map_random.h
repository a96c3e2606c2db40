/* SPDX-License-Identifier: MIT
 *
 * An executor that makes random calls of map, and knows what they have to do.  All of it
 * runs in the player's space; it has two more, which only it uses.
 */
#ifndef TESTS_MAP_RANDOM_H
#define TESTS_MAP_RANDOM_H

#include "map_model.h"

#define PLAYERS 6

/* A player's addresses, the same in all its spaces: the window, and behind it, in its own,
 * what it needs besides. */
#define AREA        (ARENA + (4UL << 30))
#define AREA_SLOTS  16
#define PRIVATE     (SLOTS * LARGE_PAGES) /* page of capabilities and views */
#define SCRATCH     (PRIVATE + LARGE_PAGES)
#define SCRATCH_BIG (SCRATCH + LARGE_PAGES)
#define UART        0x10000000

/* private pages */
#define AT_SPACE(which) (PRIVATE + (which))
#define AT_DEVICE       (PRIVATE + 4)
#define AT_EXEC(n)      (PRIVATE + 8 + (n))
#define AT_TABLE(which) (PRIVATE + 64 + 8 * (which)) /* views, by slot, then level */

struct player {
	struct model model;
	struct random dice;
	uint64_t base;
	uint64_t step, stamps;
	unsigned limit;           /* frames in use; then something goes first */
	uint64_t done[8], deaths; /* calls by operation, of which nothing was refused */
	uint8_t exec_vas[EXECS];
};

/* Where all have come to, and what the seed was, beside a failure. */
#define WANT(p, got, want)                                                                         \
	do {                                                                                       \
		int64_t got__ = (int64_t)(got), want__ = (int64_t)(want);                          \
		if (got__ != want__) {                                                             \
			player_note(p);                                                            \
			CHECK_EQ(got__, want__);                                                   \
		}                                                                                  \
	} while (0)
#define MUST(p, expr)                                                                              \
	do {                                                                                       \
		if (!(expr)) {                                                                     \
			player_note(p);                                                            \
			CHECK(expr);                                                               \
		}                                                                                  \
	} while (0)

void player_note(const struct player *p);

static inline uint64_t page_of(const struct player *p, unsigned page)
{
	return p->base + (uint64_t)page * PAGE_SIZE;
}

static inline uint64_t handle_of(const struct player *p, unsigned which)
{
	return which == 0 ? 0 : page_of(p, AT_SPACE(which));
}

static inline bool chance(struct player *p, unsigned percent)
{
	return random_below(&p->dice, 100) < percent;
}

/* A random call, and what it should do. */
void player_call(struct player *p);

/* All entries of the windows, by views of their tables; all memory that the player can
 * read, and some of what it can't reach but by sharing. */
void player_compare(struct player *p);
/* A page of what is mapped in that space is as it should be, and is then written. */
void player_touch(struct player *p, unsigned which, unsigned page);
/* What a NEW has put there. */
void player_check_new(struct player *p, const struct call *c, int64_t n);
/* A space has gone: nothing of it is seen any more. */
void player_forget_views(struct player *p, unsigned which);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What map is to do, written down a second time: the leaves of a window in a few
 * spaces, the frames behind them, and the budgets.  Plain data, no calls.
 *
 * A model belongs to one executor, whose own space is the first.  Nobody else uses
 * the windows, or is charged by the other two; so each call has one right answer.
 */
#ifndef TESTS_MAP_MODEL_H
#define TESTS_MAP_MODEL_H

#include "kit.h"

#define SLOTS  6 /* of 2 MiB: a table, a large leaf, or nothing */
#define PAGES  (SLOTS * LARGE_PAGES)
#define LIVE   3 /* spaces at a time; the first one is the own */
#define VASES  64
#define EXECS  40
#define FRAMES (LIVE * PAGES + 1)
#define UPPER  (TABLES_DEEP - 1) /* tables above those of pages */
#define PLENTY (1L << 40)

enum kind { HOLE, MEMORY, DEVICE, EXECUTOR, SPACE, SEEN_EXECUTOR, SEEN_TABLE };

struct leaf {
	uint8_t kind, rights;
	uint8_t used, written; /* A and D */
	uint16_t badge;
	uint16_t what; /* of its kind */
};

struct frame {
	uint64_t stamp; /* its first and last word; all others are 0 */
	uint32_t ppn;   /* 0: not seen yet */
	uint16_t leaves;
	uint8_t vas; /* that pays */
	uint8_t large;
};

struct space {
	uint8_t vas;
	uint8_t upper;
	uint8_t table[SLOTS];
	long avail;
	struct leaf large[SLOTS];
	struct leaf leaf[PAGES];
};

struct model {
	struct space space[LIVE];
	struct space *of[VASES]; /* NULL: it is dead */
	unsigned vases, execs;
	unsigned frames; /* in use, a large one as 512 */
	uint16_t unused[FRAMES];
	unsigned unused_n;
	struct frame frame[FRAMES];
	/* Frame numbers, 0: not seen yet. */
	uint32_t vas_ppn[VASES], exec_ppn[EXECS], table_ppn[VASES][8], device_ppn;
	bool scattered; /* there may be no 512 frames together */
};

/* A VAS as a call names it. */
struct name {
	uint64_t handle; /* 0: the own */
	int error;       /* it is no such handle */
	unsigned rights;
	struct space *space; /* NULL: dead */
};

/* A call of map with legal words; at and src count leaves of the call's size. */
struct call {
	uint64_t op, flags; /* MAP_REPLACE, MAP_TRACK, MAP_LARGE */
	unsigned kind, rights, at, src, count;
	uint64_t aux;
	struct name to, from;
	struct leaf seen; /* VIEW: the handle's leaf; of its own space: a SPACE */
	int64_t got;      /* what the kernel said */
};

void model_begin(struct model *m);
/* What the call returns; the model is changed as the kernel should be. */
int64_t model_map(struct model *m, const struct call *c);
/* A space that has been made for m->space[which], and its end. */
void model_space(struct model *m, unsigned which, long budget);
void model_space_ends(struct model *m, unsigned which);
/* A new executor of the space. */
struct leaf model_executor(struct model *m, struct space *s, unsigned rights);

/* The tag of a leaf's kind, as map's words and the leaf have it. */
unsigned model_tag(unsigned kind);
/* Does the entry say what the leaf should?  table: what it leads to instead. */
bool model_fits(struct model *m, const struct leaf *leaf, uint64_t entry);
/* Where the frame number of a table is kept; level 0 has leaves of 4 KiB. */
uint32_t *model_table(struct model *m, unsigned vas, unsigned level, unsigned slot);
bool model_has_table(const struct space *s, unsigned level, unsigned slot);

/* The leaf at a page, of either size. */
static inline struct leaf *model_at(struct space *s, unsigned page)
{
	struct leaf *large = &s->large[page / LARGE_PAGES];

	return large->kind != HOLE ? large : &s->leaf[page];
}

static inline bool is_large(const struct call *c)
{
	return c->flags & MAP_LARGE;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the files of check.h share.
 */
#ifndef KERN_CHECK_PARTS_H
#define KERN_CHECK_PARTS_H

#include "check.h"
#include "executor.h"
#include "frame.h"
#include "machine.h"
#include "vas.h"

#include <hartleaf/leaf.h>

/* Where something was found; bit 0 stays clear in a VAS's word. */
enum {
	QUEUED = 0x2,  /* in a queue, or current */
	HEAPED = 0x4,  /* in a hart's heap of deadlines */
	ASKED = 0x8,   /* in a timer inbox */
	LISTED = 0x10, /* on its VAS's list */
	LIMBO = 0x40,
	CHILD = 0x80,
	DYING = 0x100, /* on one of the reclaimer's lists */
};

/* Unless ok: say what is wrong, with an address and a value, and stop. */
void demand(bool ok, const char *what, const void *where, uint64_t value);
/* Set the bit, which must be clear. */
void mark(uint64_t *word, uint64_t bit, const char *what, const void *where);
/* What is found of an executor, and of a VAS. */
uint64_t *marks(struct executor *ex);
#define vas_marks(v) (&(v)->unused[0])

/* The frame has a descriptor. */
bool is_ram(uint64_t frame);
/* The next one that has, from `frame` on; 0: none. */
uint64_t next_ram(uint64_t frame);

/* p points to an executor or VAS; else `what`. */
void demand_frame(const void *p, uint64_t type, const char *what);

static inline struct vas *vas_at(uint64_t frame)
{
	return direct(frame << PAGE_SHIFT);
}

static inline uint64_t life(const struct executor *ex)
{
	return ex->state & EX_LIFE;
}

/* Steps of check_machine. */
void check_lists(void);
void check_counts(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * A second executor that takes turns with the one that measures, in its address
 * space or in a second one.  Nothing keeps the two on one hart but that there is no
 * other one.
 */
#ifndef BENCH_PARTNER_H
#define BENCH_PARTNER_H

#include <hartleaf/exec.h>
#include <stdatomic.h>
#include <stdbool.h>

enum where {
	SAME_SPACE,
	OTHER_SPACE,
	OTHER_HART, /* same space, but bound to hart 1 */
};

/* Stands in a page that both have at the same address.  A partner in another
 * space has its own copy of all other data. */
struct partner {
	hl_handle exec;      /* what the first calls it */
	hl_handle main;      /* what it calls the first */
	unsigned long turns; /* for `play`: how many to take */
	atomic_bool done;    /* set by `play` at its end */

	/* for partner.c and, if in the same space, hl_exec_view */
	void (*play)(struct partner *me);
	struct hl_exec *thread;
	struct hl_space *space;
};

/* Starts one that runs `play`.  There is one at a time. */
struct partner *partner_start(enum where where, void (*play)(struct partner *me),
			      unsigned long turns);

/* Waits for its end.  Fails the bench if it isn't done then. */
void partner_join(struct partner *partner);

#endif

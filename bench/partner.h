/* SPDX-License-Identifier: MIT
 *
 * A second executor that takes turns with main, in main's address space or in a
 * second one, and hogs: executors that keep all other harts busy, so that the
 * two must share the one left.
 */
#ifndef BENCH_PARTNER_H
#define BENCH_PARTNER_H

#include <hartleaf/exec.h>
#include <hartleaf/rt.h>
#include <stdatomic.h>
#include <stdbool.h>

enum where {
	SAME_SPACE,
	OTHER_SPACE,
};

struct partner {
	hl_handle exec;	     /* what main calls it */
	hl_handle main;	     /* what it calls main */
	unsigned long turns; /* how many it is to take */
	atomic_bool done;    /* it has taken them */
};

/* Starts one that runs `play`.  A partner in another address space has the
 * program's memory, a stack and nothing else: no stdio, no thread-local words. */
struct partner *partner_start(enum where where, void (*play)(struct partner *me),
			      unsigned long turns);

/* Waits for its end.  Fails the bench if it isn't done then. */
void partner_join(struct partner *partner);

void hogs_start(void);
void hogs_stop(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Executor life: creation, claims, start, stop, end, fault.
 *
 * Life READY, whatever the flags, means that exactly one hart, queue or waker
 * owns the executor.  Whoever changes the state word away from READY gives it
 * up in that instant and doesn't touch it afterwards.
 */
#ifndef KERN_EXECUTOR_H
#define KERN_EXECUTOR_H

#include "global.h"

#define COLOURS      32 /* of 64 bytes each */
#define COLOUR_SHIFT 6

struct result {
	int64_t a0;
	uint64_t a1;
};

/* A new one in v, STOPPED, refs 1 for the cap that will name it; NULL: out
 * of budget. */
struct executor *executor_new(struct vas *v);
uint64_t executor_frame(const struct executor *ex);
struct executor *executor_at(uint64_t frame);
/* Count one more that names it, unless none is left. */
bool executor_get(struct executor *ex);
void executor_put(struct executor *ex);
/* The reclaimer, after the grace period: nobody names it any more. */
void executor_retire(struct executor *ex);

/* Wake: true if it was parked and the caller owns it now. */
bool executor_claim(struct executor *ex);
/* End one the caller owns.  Returns its keeper if that is the caller's to
 * run now. */
struct executor *executor_end(struct executor *ex, int64_t code);
/* 0: STOPPED; 1: its owner has been asked. */
int64_t executor_stop(struct executor *ex, int64_t code);

_Noreturn void executor_end_self(int64_t code);
int64_t executor_start(struct executor *ex, uint64_t pc, uint64_t sp, uint64_t arg,
		       struct executor *keeper, uint64_t flags);

/* The caller owns ex, which doesn't run: it finds this in a0, and 0 elsewhere. */
void executor_give_result(struct executor *ex, int64_t result);
/* One that was PARKED and claimed to be swapped to: parked again, or woken. */
void executor_give_back(struct executor *ex);
/* The current one may use floating point from here on. */
void executor_use_fp(struct executor *ex);

/* Called from assembly. */
_Noreturn void executor_end_asked(struct executor *ex);
struct result executor_park_special(struct executor *ex, struct executor *next);
/* Park with the deadline in t0, and swap to the one in the handle cache unless
 * `next`, the handle, is 0; w0-w3 are for that one. */
struct result executor_park_until(struct executor *ex, uint64_t next, uint64_t w0, uint64_t w1,
				  uint64_t w2, uint64_t w3);
void executor_fault(struct executor *ex, uint64_t cause, uint64_t addr);

#endif

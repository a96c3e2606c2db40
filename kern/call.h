/* SPDX-License-Identifier: MIT
 *
 * Where the trap path enters C.  The current executor's frame is saved, the
 * hart's own stack is in use, interrupts are off.
 */
#ifndef KERN_CALL_H
#define KERN_CALL_H

#include "executor.h"

/* A call but map, arguments as they arrived; result for a0.  May not return. */
int64_t call_c(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
	       uint64_t a6, uint64_t a7);
/* The end of a call when more is to be done: a step of the reclaimer, a stop.  Returns
 * the result, if it does. */
int64_t call_end(int64_t result);
/* An interrupt or exception in user mode; returns to resume it. */
void trap_user(struct executor *ex, uint64_t cause, uint64_t addr);

#endif

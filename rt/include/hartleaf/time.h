/* SPDX-License-Identifier: MIT
 *
 * Deadlines and sleep.  A deadline is a time, in ticks of hl_time(), not a length of
 * time; so who waits in a loop computes it once, before:
 *
 *	uint64_t deadline = hl_deadline_after_ns(5000000);	// 5 ms
 *	while (!done)
 *		if (hl_cond_wait_until(&cond, &lock, deadline) == -HL_ETIMEDOUT)
 *			break;
 *
 * Nothing is done before its deadline; how long after depends on who else wants the
 * hart.
 */
#ifndef HARTLEAF_TIME_H
#define HARTLEAF_TIME_H

#include <hartleaf/rt.h>

/* The deadline that never comes. */
#define HL_NEVER UINT64_MAX

/* Nanoseconds in ticks, rounded up; at most HL_NEVER. */
uint64_t hl_ticks_of_ns(uint64_t ns);

/* Ticks in nanoseconds, rounded down; at most UINT64_MAX. */
uint64_t hl_ns_of_ticks(uint64_t ticks);

/* Now and so much later, HL_NEVER if that is too much.  The divisions take a while
 * where the compiler has none: for short periods keep the ticks, and add. */
uint64_t hl_deadline_after_ns(uint64_t ns);

/* Back when the time has come, not before.  A wake meanwhile leaves its token, for
 * the next park; the words of a swap to the caller are lost. */
void hl_sleep_until(uint64_t deadline);
void hl_sleep_ns(uint64_t ns);

#endif

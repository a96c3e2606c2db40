/* SPDX-License-Identifier: MIT */
#include <hartleaf/time.h>

#include "rt.h"

#define NS 1000000000u /* in a second */

/* value * to / from, rounded up if `up` is from - 1; UINT64_MAX if it is more.  Both
 * rates are below 2^32, so that no product of a remainder overflows. */
static uint64_t convert(uint64_t value, uint64_t from, uint64_t to, uint64_t up)
{
	uint64_t whole = value / from, rest = (value % from * to + up) / from, sum;

	if (__builtin_mul_overflow(whole, to, &sum) || __builtin_add_overflow(sum, rest, &sum))
		return UINT64_MAX;
	return sum;
}

uint64_t hl_ticks_of_ns(uint64_t ns)
{
	return convert(ns, NS, hl_info()->timebase, NS - 1);
}

uint64_t hl_ns_of_ticks(uint64_t ticks)
{
	return convert(ticks, hl_info()->timebase, NS, 0);
}

uint64_t hl_deadline_after_ns(uint64_t ns)
{
	uint64_t deadline;

	if (__builtin_add_overflow(hl_time(), hl_ticks_of_ns(ns), &deadline))
		return HL_NEVER;
	return deadline;
}

void hl_sleep_until(uint64_t deadline)
{
	struct hl_words got;
	bool woken = false;

	while (hl_time() < deadline) {
		got = sys_park_full_until(NULL, 0, 0, deadline, HL_SELF, 0, 0, 0, 0);
		if (got.result == 0)
			woken = true;
		/* as in waiter.c: a keeper's tidings are not to be lost */
		if (got.badge | got.w[0])
			rt_told = true;
	}
	if (woken)
		sys_wake(HL_SELF);
}

void hl_sleep_ns(uint64_t ns)
{
	hl_sleep_until(hl_deadline_after_ns(ns));
}

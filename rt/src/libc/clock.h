/* SPDX-License-Identifier: MIT
 *
 * From the times of POSIX to deadlines of park.
 */
#ifndef RT_CLOCK_H
#define RT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The deadline, in ticks, at which `clock` shows *ts, or, unless absolute, at which *ts
 * will have passed from now.  Rounded up; at most HL_NEVER; a time that is over gives one
 * that is over.  Returns 0 or EINVAL: no clock to wait by, tv_nsec not below a second, or a
 * negative length. */
int rt_deadline(clockid_t clock, const struct timespec *ts, bool absolute, uint64_t *ticks);

bool rt_clock_known(clockid_t clock);

/* What CLOCK_REALTIME is ahead of CLOCK_MONOTONIC, in ns.  A child has it from its parent:
 * only the first address space may look at the machine's clock. */
uint64_t rt_epoch(void);

#endif

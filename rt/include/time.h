/* SPDX-License-Identifier: MIT
 *
 * <time.h> of the C library, and what it leaves out: clocks, sleep, timespec_get.
 * rt/doc/libc.md says what each clock is.
 *
 * _POSIX_TIMERS stays undefined: there is no timer_create.
 */
#ifndef RT_TIME_H
#define RT_TIME_H

#pragma GCC system_header /* strict compilers know no #include_next */
#include_next <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIME_UTC 1

int timespec_get(struct timespec *ts, int base);

#ifndef CLOCK_MONOTONIC
#define CLOCK_MONOTONIC ((clockid_t)4)
#endif

int clock_gettime(clockid_t clock, struct timespec *ts);
int clock_getres(clockid_t clock, struct timespec *resolution);
int clock_settime(clockid_t clock, const struct timespec *ts);
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
		    struct timespec *remaining);
int nanosleep(const struct timespec *time, struct timespec *remaining);

#ifdef __cplusplus
}
#endif

#endif

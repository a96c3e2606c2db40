/* SPDX-License-Identifier: MIT
 *
 * The clock functions of C and POSIX.
 */
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>

#include <hartleaf/time.h>

#include "../pthread/thread.h"
#include "../sync/waiter.h"
#include "clock.h"

#define NS 1000000000u /* in a second */
#define US 1000000u

static struct timespec timespec_of_ns(uint64_t ns)
{
	uint64_t seconds = ns / NS;

	return (struct timespec){(time_t)seconds, (long)(ns - seconds * NS)};
}

static uint64_t now_ns(clockid_t clock)
{
	return hl_ns_of_ticks(hl_time()) + (clock == CLOCK_REALTIME ? rt_epoch() : 0);
}

static int fail(int error)
{
	errno = error;
	return -1;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (!rt_clock_known(clock))
		return fail(EINVAL);
	*ts = timespec_of_ns(now_ns(clock));
	return 0;
}

int clock_getres(clockid_t clock, struct timespec *resolution)
{
	if (!rt_clock_known(clock))
		return fail(EINVAL);
	if (resolution) {
		uint64_t tick = hl_ns_of_ticks(1);

		*resolution = timespec_of_ns(tick ? tick : 1);
	}
	return 0;
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
	if (clock == CLOCK_REALTIME && (uint64_t)ts->tv_nsec < NS)
		return fail(EPERM);
	return fail(EINVAL);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
		    struct timespec *remaining)
{
	static const _Atomic uint64_t never;
	uint64_t deadline;
	int error = rt_deadline(clock, time, flags & TIMER_ABSTIME, &deadline);

	/* No signals: nothing interrupts it, so nothing ever remains. */
	(void)remaining;
	rt_cancel_test();
	if (error == 0 && !rt_wait_word(&never, 0, deadline, true))
		rt_cancel_test();
	return error;
}

int nanosleep(const struct timespec *time, struct timespec *remaining)
{
	int error = clock_nanosleep(CLOCK_MONOTONIC, 0, time, remaining);

	return error ? fail(error) : 0;
}

int usleep(useconds_t us)
{
	struct timespec ts = {us / US, us % US * (NS / US)};

	return nanosleep(&ts, NULL);
}

unsigned sleep(unsigned seconds)
{
	struct timespec ts = {seconds, 0};

	nanosleep(&ts, NULL);
	return 0;
}

int timespec_get(struct timespec *ts, int base)
{
	if (base != TIME_UTC)
		return 0;
	*ts = timespec_of_ns(now_ns(CLOCK_REALTIME));
	return base;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts = timespec_of_ns(now_ns(CLOCK_REALTIME));

	(void)zone;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / (NS / US);
	return 0;
}

/* The kernel doesn't account time exactly; what is called user time here is all the time
 * there was.  clock() of the C library takes it from here. */
clock_t times(struct tms *t)
{
	clock_t now = (clock_t)(now_ns(CLOCK_MONOTONIC) / (NS / CLOCKS_PER_SEC));

	t->tms_utime = now;
	t->tms_stime = t->tms_cutime = t->tms_cstime = 0;
	return now;
}

/* SPDX-License-Identifier: MIT
 *
 * The clocks of C and POSIX, and that a child's agree with its parent's.
 */
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <hartleaf/space.h>
#include <hartleaf/time.h>

#include "../../../rt/src/libc/clock.h"
#include "../check.h"

#define NS 1000000000

static uint64_t ns(clockid_t clock)
{
	struct timespec ts;

	CHECK(clock_gettime(clock, &ts) == 0);
	CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < NS);
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

static void read_them(void)
{
	struct timespec ts;
	struct timeval tv;
	struct tms tms;
	uint64_t before = ns(CLOCK_MONOTONIC), real = ns(CLOCK_REALTIME), after;

	CHECK(before <= hl_ns_of_ticks(hl_time()));
	CHECK(clock_getres(CLOCK_MONOTONIC, &ts) == 0 && ts.tv_sec == 0 && ts.tv_nsec > 0);
	CHECK((uint64_t)ts.tv_nsec <= NS / hl_info()->timebase + 1);
	CHECK(clock_getres(CLOCK_REALTIME, NULL) == 0);
	CHECK(gettimeofday(&tv, NULL) == 0);
	CHECK((uint64_t)tv.tv_sec * NS + (uint64_t)tv.tv_usec * 1000 >= real / 1000 * 1000);
	CHECK(timespec_get(&ts, TIME_UTC) == TIME_UTC && timespec_get(&ts, 0) == 0);
	CHECK((uint64_t)time(NULL) >= real / NS && (uint64_t)time(NULL) <= real / NS + 60);
	/* QEMU has a clock: this is later than 2020 */
	CHECK(real / NS > 50ul * 365 * 86400);
	CHECK(times(&tms) > 0 && tms.tms_utime > 0 && clock() > 0);
	/* both run alike */
	after = ns(CLOCK_MONOTONIC);
	CHECK(ns(CLOCK_REALTIME) - real >= after - before - (after - before) / 2 ||
	      after >= before);
	CHECK(rt_epoch() == rt_epoch() && real - before >= rt_epoch());
}

static void refuse(void)
{
	struct timespec ts = {0, 0};

	errno = 0;
	CHECK(clock_gettime(CLOCK_MONOTONIC + 90, &ts) == -1 && errno == EINVAL);
	errno = 0;
	CHECK(clock_getres(2, &ts) == -1 && errno == EINVAL);
	errno = 0;
	CHECK(clock_settime(CLOCK_REALTIME, &ts) == -1 && errno == EPERM);
	errno = 0;
	CHECK(clock_settime(CLOCK_MONOTONIC, &ts) == -1 && errno == EINVAL);
	errno = 0;
	ts.tv_nsec = NS;
	CHECK(nanosleep(&ts, NULL) == -1 && errno == EINVAL);
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINVAL);
	ts.tv_nsec = -1;
	CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &ts, NULL) == EINVAL);
	ts = (struct timespec){-1, 0};
	CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &ts, NULL) == EINVAL);
	/* long over */
	CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL) == 0);
	CHECK(clock_nanosleep(2, 0, &ts, NULL) == EINVAL);
}

static void deadlines(void)
{
	struct timespec ts = {0, 1};
	uint64_t at, now = hl_time();

	CHECK(rt_deadline(CLOCK_MONOTONIC, &ts, true, &at) == 0 && at == hl_ticks_of_ns(1));
	CHECK(rt_deadline(CLOCK_REALTIME, &ts, true, &at) == 0 && at == 0);
	ts.tv_sec = 3600;
	CHECK(rt_deadline(CLOCK_REALTIME, &ts, false, &at) == 0);
	CHECK(at > now + 3600 * hl_info()->timebase);
	ts.tv_sec = INT64_MAX;
	CHECK(rt_deadline(CLOCK_REALTIME, &ts, true, &at) == 0 && at == HL_NEVER);
	CHECK(rt_deadline(CLOCK_MONOTONIC, &ts, false, &at) == 0 && at > now);
	/* a second of the real clock from now is a second of ticks from now */
	CHECK(clock_gettime(CLOCK_REALTIME, &ts) == 0);
	now = hl_time();
	ts.tv_sec++;
	CHECK(rt_deadline(CLOCK_REALTIME, &ts, true, &at) == 0);
	CHECK(at > now && at <= now + hl_info()->timebase + 1);
}

static void sleeps(void)
{
	struct timespec ts = {0, 300000}, until;
	uint64_t before = hl_time(), start = ns(CLOCK_REALTIME);

	CHECK(nanosleep(&ts, &until) == 0);
	CHECK(hl_time() - before >= hl_ticks_of_ns(300000));
	until = (struct timespec){(time_t)((start + 900000) / NS), (long)((start + 900000) % NS)};
	CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == 0);
	CHECK(ns(CLOCK_REALTIME) >= start + 900000);
	before = hl_time();
	CHECK(usleep(250) == 0 && hl_time() - before >= hl_ticks_of_ns(250000));
	CHECK(sleep(0) == 0);
}

static long child(void *arg)
{
	return ns(CLOCK_REALTIME) - ns(CLOCK_MONOTONIC) > (uint64_t)arg ? 0 : 3;
}

int main(void)
{
	struct hl_space *s;
	struct hl_end end;

	refuse();
	read_them();
	deadlines();
	sleeps();
	CHECK(hl_space_create(&s, NULL) == 0);
	CHECK(hl_space_start(s, child, (void *)(rt_epoch() - NS)) == 0);
	CHECK(hl_space_wait(s, &end) == 0 && end.how == TELL_ENDED && end.code == 0);
	hl_space_destroy(s);
	return 0;
}

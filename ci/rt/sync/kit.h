/* SPDX-License-Identifier: MIT
 *
 * What the tests here have in common.
 */
#ifndef RT_TESTS_SYNC_KIT_H
#define RT_TESTS_SYNC_KIT_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include <hartleaf/time.h>

#include "../check.h"

#define MS 1000000

/* A time on that clock, so many ns from now. */
static inline struct timespec at_clock(clockid_t clock, int64_t ns)
{
	struct timespec t;

	CHECK(clock_gettime(clock, &t) == 0);
	ns += t.tv_nsec;
	t.tv_sec += ns / 1000000000;
	t.tv_nsec = ns % 1000000000;
	if (t.tv_nsec < 0) {
		t.tv_sec--;
		t.tv_nsec += 1000000000;
	}
	return t;
}

static inline struct timespec after(int64_t ns)
{
	return at_clock(CLOCK_REALTIME, ns);
}

static inline bool is_past(const struct timespec *t)
{
	struct timespec now;

	CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
	return now.tv_sec > t->tv_sec || (now.tv_sec == t->tv_sec && now.tv_nsec >= t->tv_nsec);
}

static const struct timespec bad_time = {.tv_sec = 0, .tv_nsec = 1000000000};

static inline pthread_t spawn(void *(*f)(void *), void *arg)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, f, arg) == 0);
	return t;
}

static inline void *join(pthread_t t)
{
	void *result;

	CHECK(pthread_join(t, &result) == 0);
	return result;
}

static inline void await(_Atomic int *flag, int value)
{
	while (atomic_load(flag) != value)
		sys_yield();
}

/* Somebody has come to the mutex and found it held. */
static inline void await_queue(struct hl_mutex *m)
{
	while ((atomic_load(&m->word) & ~(uint64_t)1) == 0)
		sys_yield();
}

/* The mutex is as it was made. */
static inline bool is_free(const struct hl_mutex *m)
{
	return m->word == 0 && m->fifo == NULL;
}

struct random {
	uint64_t state;
};

static inline uint64_t random_below(struct random *r, uint64_t n)
{
	r->state = r->state * 6364136223846793005 + 1442695040888963407;
	return (r->state >> 33) % n;
}

#endif

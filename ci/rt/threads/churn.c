/* SPDX-License-Identifier: MIT
 *
 * Threads that come and go from all sides: who makes them joins, detaches, cancels and
 * stops them at any time of their lives.  Each is to run exactly once, with its own
 * values, and give back what it was given.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <hartleaf/exec.h>

#include "../check.h"

#define MAKERS 4
#define STEPS  1200
#define MANY   100 /* more than are kept */
#define ENDS   500

static _Thread_local uint64_t local = 1;
static pthread_key_t key;
static _Atomic uint64_t begun, ended, made;

struct job {
	_Atomic int there;
	int ways;
};

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 5;
}

static void count_end(void *value)
{
	CHECK(value == &key);
	ended++;
}

static void begin(void)
{
	CHECK(local == 1 && pthread_getspecific(key) == NULL);
	local = 0;
	begun++;
	CHECK(pthread_setspecific(key, &key) == 0);
}

static void *run(void *arg)
{
	begin();
	return arg;
}

static void *run_longer(void *arg)
{
	begin();
	for (uint64_t i = 0; i < ((uint64_t)arg & 3); i++)
		sched_yield();
	pthread_exit(arg);
}

static void *until_cancel(void *arg)
{
	begin();
	for (;;) {
		pthread_testcancel();
		sched_yield();
	}
	return arg;
}

static void *until_joined(void *arg)
{
	pthread_t t;

	begin();
	if (pthread_create(&t, NULL, run_longer, arg) == 0) {
		made++;
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		CHECK(pthread_join(t, NULL) == 0);
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	}
	return arg;
}

static long raw(void *arg)
{
	CHECK(local == 1);
	local = 0;
	return (long)arg;
}

static void stop_one(uint64_t arg)
{
	struct hl_exec *e;
	long code;

	CHECK(hl_exec_spawn(&e, raw, (void *)arg) == 0);
	for (uint64_t i = arg & 3; i > 0; i--)
		sched_yield();
	CHECK(hl_exec_stop(e, -5) == 0);
	if (arg & 4) {
		CHECK(hl_exec_detach(e) == 0);
	} else {
		CHECK(hl_exec_join(e, &code) == 0);
		CHECK(code == -5 || code == (long)arg);
	}
}

static long nothing(void *arg)
{
	return (long)arg;
}

static _Atomic int stopping;

static void *stops(void *arg)
{
	stopping = 1;
	CHECK(hl_exec_stop(arg, -5) == 0);
	return NULL;
}

/* One is stopped just when it ends by itself and a third joins it.  Whoever is made of it then
 * runs; or is what is stopped, where that had not begun yet when the join was over.  But it comes
 * to its end. */
static void stopped_at_its_end(void)
{
	struct hl_exec *e;
	pthread_t stopper;
	long code;

	for (int i = 0; i < ENDS; i++) {
		stopping = 0;
		CHECK(hl_exec_spawn(&e, nothing, (void *)8) == 0);
		CHECK(pthread_create(&stopper, NULL, stops, e) == 0);
		while (!stopping)
			sched_yield();
		CHECK(hl_exec_join(e, &code) == 0 && (code == 8 || code == -5));
		CHECK(hl_exec_spawn(&e, nothing, (void *)9) == 0);
		CHECK(hl_exec_join(e, &code) == 0 && (code == 9 || code == -5));
		CHECK(pthread_join(stopper, NULL) == 0);
	}
}

static void *make(void *arg)
{
	uint64_t seed = (uint64_t)arg * 7919 + 1;
	pthread_t t;
	void *value;

	begin();
	for (int i = 0; i < STEPS; i++) {
		uint64_t r = next(&seed);
		void *give = (void *)(r >> 8);

		switch (r & 7) {
		case 0:
		case 1:
			CHECK(pthread_create(&t, NULL, run, give) == 0);
			CHECK(pthread_join(t, &value) == 0 && value == give);
			break;
		case 2:
			CHECK(pthread_create(&t, NULL, run_longer, give) == 0);
			if (r & 0x80)
				sched_yield();
			CHECK(pthread_detach(t) == 0);
			break;
		case 3:
			CHECK(pthread_create(&t, NULL, until_cancel, give) == 0);
			if (r & 0x80)
				sched_yield();
			CHECK(pthread_cancel(t) == 0);
			/* asked before it has begun: it has, for nothing else tests */
			CHECK(pthread_join(t, &value) == 0 && value == PTHREAD_CANCELED);
			break;
		case 4:
			CHECK(pthread_create(&t, NULL, until_joined, give) == 0);
			if (r & 0x80)
				CHECK(pthread_cancel(t) == 0);
			CHECK(pthread_join(t, &value) == 0);
			CHECK(value == give);
			break;
		case 5:
			stop_one(r >> 3);
			made--;
			break;
		default:
			CHECK(pthread_create(&t, NULL, run_longer, give) == 0);
			while (pthread_tryjoin_np(t, &value) == EBUSY)
				sched_yield();
			CHECK(value == give);
			break;
		}
		made++;
	}
	return arg;
}

/* More at once than are kept. */
static void many(void)
{
	static pthread_t t[MANY];
	void *value;

	for (uint64_t i = 0; i < MANY; i++)
		CHECK(pthread_create(&t[i], NULL, run_longer, (void *)i) == 0);
	for (uint64_t i = 0; i < MANY; i++)
		CHECK(pthread_join(t[i], &value) == 0 && value == (void *)i);
	made += MANY;
}

int main(void)
{
	pthread_t t[MAKERS];

	CHECK(pthread_key_create(&key, count_end) == 0);
	many();
	for (uint64_t i = 0; i < MAKERS; i++)
		CHECK(pthread_create(&t[i], NULL, make, (void *)i) == 0);
	made += MAKERS;
	for (unsigned i = 0; i < MAKERS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	many();
	while (ended != made)
		sched_yield();
	CHECK(begun == made);
	stopped_at_its_end();
	printf("churn: %llu threads, all as it should be\n", (unsigned long long)made);
	return 0;
}

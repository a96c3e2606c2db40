/* SPDX-License-Identifier: MIT
 *
 * Threads of POSIX: create, join, detach, exit, attributes, and what is refused.
 */
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <hartleaf/exec.h>
#include <hartleaf/time.h>

#include "../check.h"
#include "pthread/thread.h"

static _Thread_local int local = 5;
static _Atomic int entered;
static _Atomic int gate;

static void *give_back(void *arg)
{
	CHECK(local == 5 && errno == 0);
	local = errno = 9;
	return arg;
}

static void *wait_gate(void *arg)
{
	entered++;
	while (!gate)
		sched_yield();
	return arg;
}

static void leave_deep(long depth)
{
	if (depth == 0 && gate == 0)
		pthread_exit((void *)77);
	if (depth > 0)
		leave_deep(depth - 1);
	local++;
}

static void *leave(void *arg)
{
	leave_deep((long)arg);
	return NULL;
}

static void *itself(void *arg)
{
	pthread_t *where = arg;

	CHECK(pthread_equal(*where, pthread_self()));
	CHECK(pthread_join(pthread_self(), NULL) == EDEADLK);
	return pthread_self();
}

static void values(void)
{
	pthread_t t, u;
	void *value;

	for (long i = 0; i < 20; i++) {
		CHECK(pthread_create(&t, NULL, give_back, (void *)i) == 0);
		CHECK(pthread_join(t, &value) == 0 && value == (void *)i);
	}
	CHECK(local == 5);
	CHECK(pthread_create(&t, NULL, leave, (void *)10) == 0);
	CHECK(pthread_join(t, &value) == 0 && value == (void *)77);
	CHECK(pthread_create(&t, NULL, itself, &t) == 0);
	CHECK(pthread_join(t, &value) == 0 && value == (void *)t);
	gate = 0;
	CHECK(pthread_create(&t, NULL, wait_gate, (void *)1) == 0);
	CHECK(pthread_create(&u, NULL, wait_gate, (void *)2) == 0);
	CHECK(!pthread_equal(t, u) && pthread_equal(t, t));
	gate = 1;
	CHECK(pthread_join(u, &value) == 0 && value == (void *)2);
	CHECK(pthread_join(t, NULL) == 0);
}

static void *join_it(void *arg)
{
	entered++;
	return (void *)(long)pthread_join(arg, NULL);
}

static void joins(void)
{
	pthread_t t, u;
	struct timespec until;
	void *value;

	gate = entered = 0;
	CHECK(pthread_create(&t, NULL, wait_gate, (void *)3) == 0);
	CHECK(pthread_tryjoin_np(t, &value) == EBUSY);
	CHECK(clock_gettime(CLOCK_REALTIME, &until) == 0);
	CHECK(pthread_timedjoin_np(t, &value, &until) == ETIMEDOUT);
	CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
	until.tv_nsec += 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	CHECK(pthread_clockjoin_np(t, &value, CLOCK_MONOTONIC, &until) == ETIMEDOUT);
	until.tv_nsec = 1000000000;
	CHECK(pthread_clockjoin_np(t, &value, CLOCK_MONOTONIC, &until) == EINVAL);
	until.tv_nsec = 0;
	CHECK(pthread_clockjoin_np(t, &value, 77, &until) == EINVAL);
	/* Two want it: the second is told. */
	CHECK(pthread_create(&u, NULL, join_it, t) == 0);
	while (entered != 2 || t->exec.join <= 2)
		sched_yield();
	CHECK(pthread_join(t, NULL) == EINVAL);
	CHECK(pthread_tryjoin_np(t, NULL) == EINVAL);
	CHECK(pthread_detach(t) == EINVAL);
	gate = 1;
	CHECK(pthread_join(u, &value) == 0 && value == NULL);
	/* gone */
	CHECK(pthread_join(t, NULL) == ESRCH);
	CHECK(pthread_detach(t) == ESRCH);
	CHECK(pthread_kill(t, 0) == ESRCH);
	CHECK(pthread_cancel(t) == ESRCH);
	/* A time that is far, and an end before it. */
	gate = 0;
	CHECK(pthread_create(&t, NULL, wait_gate, (void *)4) == 0);
	CHECK(clock_gettime(CLOCK_REALTIME, &until) == 0);
	until.tv_sec += 1000;
	gate = 1;
	CHECK(pthread_timedjoin_np(t, &value, &until) == 0 && value == (void *)4);
	CHECK(pthread_create(&t, NULL, wait_gate, (void *)5) == 0);
	while (pthread_tryjoin_np(t, &value) == EBUSY)
		sched_yield();
	CHECK(value == (void *)5);
}

static void *detach_self(void *arg)
{
	CHECK(pthread_detach(pthread_self()) == 0);
	CHECK(pthread_detach(pthread_self()) == EINVAL);
	entered++;
	return arg;
}

static void *count(void *arg)
{
	entered++;
	return arg;
}

static void detached(void)
{
	pthread_attr_t attr;
	pthread_t t;
	int state;

	entered = gate = 0;
	CHECK(pthread_create(&t, NULL, wait_gate, NULL) == 0);
	CHECK(pthread_detach(t) == 0);
	CHECK(pthread_join(t, NULL) == EINVAL);
	CHECK(pthread_detach(t) == EINVAL);
	gate = 1;
	while (entered != 1)
		sched_yield();
	CHECK(pthread_create(&t, NULL, detach_self, NULL) == 0);
	while (entered != 2)
		sched_yield();
	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
	CHECK(pthread_attr_getdetachstate(&attr, &state) == 0 && state == PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 200; i++) {
		CHECK(pthread_create(&t, &attr, count, NULL) == 0);
		if (i % 10 == 0)
			while (entered != i + 3)
				sched_yield();
	}
	while (entered != 202)
		sched_yield();
	/* one that has ended already */
	for (int i = 0; i < 10; i++) {
		CHECK(pthread_create(&t, NULL, count, NULL) == 0);
		while (t->exec.join != 1)
			sched_yield();
		CHECK(pthread_detach(t) == 0);
	}
}

static long raw(void *arg)
{
	CHECK(pthread_self() != NULL && hl_exec_self() != NULL);
	CHECK(pthread_getspecific(*(pthread_key_t *)arg) == NULL);
	CHECK(pthread_setspecific(*(pthread_key_t *)arg, &gate) == 0);
	pthread_exit((void *)13);
}

static void destroy_raw(void *value)
{
	CHECK(value == &gate);
	entered++;
}

static void executors(void)
{
	struct hl_exec *e;
	pthread_key_t key;
	long code;

	CHECK(pthread_key_create(&key, destroy_raw) == 0);
	entered = 0;
	for (int i = 1; i < 100; i++) {
		CHECK(hl_exec_spawn(&e, raw, &key) == 0);
		CHECK(hl_exec_join(e, &code) == 0 && code == 13 && entered == i);
	}
	CHECK(pthread_key_delete(key) == 0);
	/* made, but never started; started twice */
	CHECK(hl_exec_create(&e, raw, &key, NULL) == 0);
	CHECK(hl_exec_join(e, &code) == 0 && code == 0);
}

static _Atomic bool never;

static long spin(void *arg)
{
	while (!never)
		if (arg)
			sys_yield();
	return 0;
}

static long park(void *arg)
{
	while (!never)
		sys_park(arg, 0);
	return 0;
}

static long at_once(void *arg)
{
	return (long)arg;
}

/* hl_exec_stop, also of one that ends by itself, is ending or has ended; what is made
 * afterwards doesn't suffer from it. */
static void stopped(void)
{
	struct hl_exec *e;
	long code;

	for (int i = 0; i < 100; i++) {
		CHECK(hl_exec_spawn(&e, i & 1 ? spin : park, NULL) == 0);
		if (i & 2)
			sys_yield();
		CHECK(hl_exec_stop(e, 40 + i) == 0);
		CHECK(hl_exec_join(e, &code) == 0 && code == 40 + i);
		CHECK(hl_exec_spawn(&e, at_once, (void *)8) == 0);
		for (int n = i & 7; n > 0; n--)
			sys_yield();
		CHECK(hl_exec_stop(e, 3) == 0);
		if (i % 3 == 0)
			CHECK(hl_exec_detach(e) == 0);
		else
			CHECK(hl_exec_join(e, &code) == 0 && (code == 8 || code == 3));
	}
}

int main(void)
{
	values();
	printf("values\n");
	joins();
	printf("joins\n");
	detached();
	printf("detached\n");
	executors();
	printf("executors\n");
	stopped();
	printf("threads: all as it should be\n");
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * What fibers wait for: mutex, group, channel, time.
 */
#include <hartleaf/fiber.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>

#include "check.h"

#define FIBERS 20
#define ROUNDS 200

static struct hl_fiber_mutex mutex;
static struct hl_fiber_group group;
static unsigned shared, order[FIBERS], ordered;

static long adds(void *arg)
{
	unsigned seen;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		hl_fiber_mutex_lock(&mutex);
		seen = shared;
		CHECK(!hl_fiber_mutex_trylock(&mutex));
		if (i % 8 == 0)
			hl_fiber_yield();
		shared = seen + 1;
		hl_fiber_mutex_unlock(&mutex);
	}
	hl_fiber_group_done(&group);
	return 0;
}

static long mutexes(void *arg)
{
	(void)arg;
	shared = 0;
	hl_fiber_group_wait(&group); /* for nothing */
	hl_fiber_group_add(&group, FIBERS);
	for (int i = 0; i < FIBERS; i++)
		CHECK(hl_fiber_spawn(NULL, adds, NULL) == 0);
	hl_fiber_group_wait(&group);
	CHECK(shared == FIBERS * ROUNDS);
	CHECK(hl_fiber_mutex_trylock(&mutex));
	hl_fiber_mutex_unlock(&mutex);
	return 0;
}

static long queues(void *arg)
{
	hl_fiber_mutex_lock(&mutex);
	order[ordered++] = (unsigned)(uintptr_t)arg;
	hl_fiber_mutex_unlock(&mutex);
	return 0;
}

/* who waits longest is next; on one worker they queue as they were spawned */
static long in_order(void *arg)
{
	(void)arg;
	ordered = 0;
	hl_fiber_mutex_lock(&mutex);
	for (uintptr_t i = 0; i < FIBERS; i++)
		CHECK(hl_fiber_spawn(NULL, queues, (void *)i) == 0);
	hl_fiber_yield();
	hl_fiber_mutex_unlock(&mutex);
	CHECK(!hl_fiber_mutex_trylock(&mutex)); /* it was handed over */
	hl_fiber_mutex_lock(&mutex);
	for (unsigned i = 0; i < FIBERS; i++)
		CHECK(order[i] == i);
	hl_fiber_mutex_unlock(&mutex);
	return 0;
}

struct pair {
	unsigned from;
	unsigned long number;
};
static struct pair room[3];
static struct hl_fiber_chan bounded = HL_FIBER_CHAN(room);
static struct hl_fiber_chan direct = HL_FIBER_CHAN_DIRECT(struct pair);

static struct hl_fiber_chan *through;

static long sends(void *arg)
{
	struct pair p = {(unsigned)(uintptr_t)arg, 0};

	for (; p.number < ROUNDS; p.number++)
		CHECK(hl_fiber_send(through, &p) == 0);
	hl_fiber_group_done(&group);
	return 0;
}

static long receives(void *arg)
{
	unsigned long next[FIBERS] = {0}, sum = 0;
	struct pair p;

	(void)arg;
	while (hl_fiber_recv(through, &p) == 0) {
		CHECK(p.from < FIBERS && p.number >= next[p.from] && p.number < ROUNDS);
		next[p.from] = p.number + 1;
		sum += p.number + 1;
	}
	return (long)sum;
}

static long channel(void *arg)
{
	struct hl_fiber *f[3];
	long sum = 0, code;
	struct pair p;

	through = arg;
	hl_fiber_group_add(&group, FIBERS);
	for (int i = 0; i < 3; i++)
		CHECK(hl_fiber_spawn(&f[i], receives, NULL) == 0);
	for (uintptr_t i = 0; i < FIBERS; i++)
		CHECK(hl_fiber_spawn(NULL, sends, (void *)i) == 0);
	hl_fiber_group_wait(&group);
	hl_fiber_close(through);
	for (int i = 0; i < 3; i++) {
		CHECK(hl_fiber_join(f[i], &code) == 0);
		sum += code;
	}
	CHECK(sum == FIBERS * (ROUNDS * (ROUNDS + 1l) / 2));
	CHECK(hl_fiber_send(through, &p) == -HL_ESRCH);
	CHECK(hl_fiber_recv(through, &p) == -HL_ESRCH);
	through->closed = false;
	return 0;
}

static long sends_once(void *arg)
{
	struct pair p = {9, 9};

	return hl_fiber_send(arg, &p);
}

static long full_and_empty(void *arg)
{
	struct pair p = {1, 1};
	struct hl_fiber *f;
	uint64_t begin = hl_time(), wait = hl_ticks_of_ns(3000000);
	long code;

	(void)arg;
	CHECK(hl_fiber_recv_until(&bounded, &p, 0) == -HL_ETIMEDOUT);
	CHECK(hl_fiber_recv_until(&bounded, &p, begin + wait) == -HL_ETIMEDOUT);
	CHECK(hl_time() >= begin + wait);
	for (p.number = 0; p.number < 3; p.number++)
		CHECK(hl_fiber_send_until(&bounded, &p, 0) == 0);
	CHECK(hl_fiber_send_until(&bounded, &p, 0) == -HL_ETIMEDOUT);
	begin = hl_time();
	CHECK(hl_fiber_send_until(&bounded, &p, begin + wait) == -HL_ETIMEDOUT);
	CHECK(hl_time() >= begin + wait && bounded.senders.first == NULL);
	/* one that waits when it is closed has not sent; what is in there has been */
	CHECK(hl_fiber_spawn(&f, sends_once, &bounded) == 0);
	while (!*(struct rt_fiber_waiter *volatile *)&bounded.senders.first)
		hl_fiber_yield();
	hl_fiber_close(&bounded);
	CHECK(hl_fiber_join(f, &code) == 0 && code == -HL_ESRCH);
	for (unsigned i = 0; i < 3; i++)
		CHECK(hl_fiber_recv(&bounded, &p) == 0 && p.number == i);
	CHECK(hl_fiber_recv_until(&bounded, &p, 0) == -HL_ESRCH);
	bounded.closed = false;
	return 0;
}

#define SLEEPERS 50
static _Atomic unsigned risen;

static long sleeper(void *arg)
{
	uint64_t ns = 1000000 + 100000 * ((uintptr_t)arg * 7 % SLEEPERS), deadline;

	for (int i = 0; i < 3; i++) {
		deadline = hl_deadline_after_ns(ns);
		hl_fiber_sleep_until(deadline);
		CHECK(hl_time() >= deadline);
	}
	atomic_fetch_add(&risen, 1);
	return 0;
}

static long sleeping(void *arg)
{
	(void)arg;
	risen = 0;
	for (uintptr_t i = 0; i < SLEEPERS; i++)
		CHECK(hl_fiber_spawn(NULL, sleeper, (void *)i) == 0);
	hl_fiber_sleep_until(0); /* over already */
	while (atomic_load(&risen) < SLEEPERS)
		hl_fiber_sleep_ns(1000000);
	return 0;
}

#define YIELDERS 300
static _Atomic unsigned begun;

static long yields_until_risen(void *arg)
{
	(void)arg;
	atomic_fetch_add(&begun, 1);
	while (atomic_load(&risen) < SLEEPERS || atomic_load(&begun) < YIELDERS)
		hl_fiber_yield();
	return 0;
}

/* More than a ring holds, and it is never empty: those behind it and those that sleep
 * have their turn, too. */
static long never_empty(void *arg)
{
	(void)arg;
	risen = 0;
	for (uintptr_t i = 0; i < SLEEPERS; i++)
		CHECK(hl_fiber_spawn(NULL, sleeper, (void *)i) == 0);
	for (int i = 0; i < YIELDERS; i++)
		CHECK(hl_fiber_spawn(NULL, yields_until_risen, NULL) == 0);
	return 0;
}

/* One spins for longer than others sleep: those go on elsewhere. */
static long beside_a_spinner(void *arg)
{
	risen = 0;
	if (hl_info()->harts == 1)
		return 0;
	for (uintptr_t i = 0; i < SLEEPERS; i++)
		CHECK(hl_fiber_spawn(NULL, sleeper, (void *)i) == 0);
	hl_fiber_yield();
	while (atomic_load(&risen) < SLEEPERS)
		;
	return (long)arg;
}

#ifdef __riscv_flen
#define STEPS 3000
#else
#define STEPS 300
#endif

/* What the compiler keeps in registers, others must not get at, wherever we go on. */
static long computes(void *arg)
{
	double first = (double)(uintptr_t)arg / 3, sum[2] = {0, 0};
	long a = (long)arg, total[2] = {0, 0};

	for (int pass = 0; pass < 2; pass++) {
		double term = first;
		long x = a, y = a + 1, z = a + 2;

		for (int i = 1; i < STEPS; i++) {
			term = term * 0.9999 + first / i;
			sum[pass] += term;
			x += y ^ z;
			y -= x >> 3;
			z ^= y << 1;
			if (i % (pass ? 3 : 1000000) == 0)
				hl_fiber_yield();
		}
		total[pass] = x + y + z;
	}
	CHECK(sum[0] == sum[1] && total[0] == total[1]);
	hl_fiber_group_done(&group);
	return 0;
}

uint64_t registers_kept(uint64_t seed); /* kept.S */

static long keeps(void *arg)
{
	for (uint64_t i = 1; i <= 100; i++)
		CHECK(registers_kept((uintptr_t)arg << 32 | i << 16) == 0);
	return 0;
}

#ifdef __riscv_flen
static long rounds(void *arg)
{
	uintptr_t mode = (uintptr_t)arg, now;

	__asm__ volatile("fsrm %0" : : "r"(mode));
	for (int i = 0; i < 100; i++) {
		hl_fiber_yield();
		__asm__ volatile("frrm %0" : "=r"(now));
		CHECK(now == mode);
	}
	return 0;
}
#endif

static long computing(void *arg)
{
	(void)arg;
	hl_fiber_group_add(&group, FIBERS);
	for (uintptr_t i = 1; i <= FIBERS; i++)
		CHECK(hl_fiber_spawn(NULL, computes, (void *)i) == 0);
	hl_fiber_group_wait(&group);
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(hl_fiber_spawn(NULL, keeps, (void *)i) == 0);
#ifdef __riscv_flen
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(hl_fiber_spawn(NULL, rounds, (void *)i) == 0);
#endif
	return 0;
}

static void run(const char *name, long (*fn)(void *), void *arg, unsigned workers)
{
	struct hl_fiber_attr attr = {.workers = workers};
	long code;

	printf("%s\n", name);
	CHECK(hl_fiber_run(fn, arg, &attr, &code) == 0 && code == 0);
}

int main(void)
{
	run("mutexes", mutexes, NULL, 0);
	run("in order", in_order, NULL, 1);
	run("bounded channel", channel, &bounded, 0);
	run("direct channel", channel, &direct, 0);
	run("full and empty", full_and_empty, NULL, 0);
	run("sleeping", sleeping, NULL, 0);
	run("never empty", never_empty, NULL, 1);
	run("beside a spinner", beside_a_spinner, NULL, 0);
	run("computing", computing, NULL, 0);
	printf("waits: all as it should be\n");
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Waits with deadlines.  What is given to a waiter just as its time comes must
 * reach it or the next one: the rounds below hang if it is lost, and count wrong
 * if it is had twice.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include <hartleaf/exec.h>
#include <hartleaf/sync.h>
#include <hartleaf/time.h>

#include "check.h"

#define ROUNDS  300
#define CROWD   6
#define EACH    100
#define SOON_NS 200000

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t n)
{
	random_state = random_state * 6364136223846793005 + 1442695040888963407;
	return (random_state >> 33) % n;
}

static void conversions(void)
{
	const uint64_t rate = hl_info()->timebase;
	const uint64_t before = hl_time(), later = hl_deadline_after_ns(1000000000);

	CHECK(hl_ticks_of_ns(0) == 0);
	CHECK(hl_ticks_of_ns(1) == (rate + 999999999) / 1000000000);
	CHECK(hl_ticks_of_ns(1000000000) == rate);
	CHECK(hl_ticks_of_ns(86400000000000) == 86400 * rate);
	CHECK(hl_ns_of_ticks(rate) == 1000000000);
	CHECK(hl_ns_of_ticks(3 * rate + 1) == 3000000000 + 1000000000 / rate);
	if (rate < 1000000000) {
		CHECK(hl_ns_of_ticks(HL_NEVER) == UINT64_MAX);
		CHECK(hl_ticks_of_ns(UINT64_MAX) < UINT64_MAX / 1000000000 * rate + 2 * rate);
	}
	CHECK(before + rate <= later && later <= hl_time() + rate);
}

static void sleeps(void)
{
	uint64_t before = hl_time();

	hl_sleep_ns(SOON_NS);
	CHECK(hl_time() - before >= hl_ticks_of_ns(SOON_NS));
	hl_sleep_until(before);
	/* a wake that was meant for a park isn't lost on a sleep */
	sys_wake(HL_SELF);
	hl_sleep_ns(SOON_NS);
	CHECK(sys_park_until(NULL, 0, 0) == 0);
	while (sys_park_until(NULL, 0, 0) != -HL_ETIMEDOUT)
		;
}

/* What one round is about: two wait for one thing each, `timed` with a deadline and
 * first in the queue, and main gives one near that deadline. */
static struct hl_mutex lock;
static struct hl_cond given;
static struct hl_sem sem;
static unsigned things;
static uint64_t deadline;
static atomic_bool timed_waits, plain_waits;

static long cond_timed(void *arg)
{
	int result = 0;

	(void)arg;
	hl_mutex_lock(&lock);
	timed_waits = true;
	while (things == 0 && result == 0)
		result = hl_cond_wait_until(&given, &lock, deadline);
	/* it goes to somebody else, even if it is there by now */
	if (result == 0)
		things--;
	hl_mutex_unlock(&lock);
	CHECK(result == 0 || (result == -HL_ETIMEDOUT && hl_time() >= deadline));
	return result;
}

static long cond_plain(void *arg)
{
	(void)arg;
	hl_mutex_lock(&lock);
	plain_waits = true;
	while (things == 0)
		hl_cond_wait(&given, &lock);
	things--;
	hl_mutex_unlock(&lock);
	return 0;
}

static void cond_give(void)
{
	hl_mutex_lock(&lock);
	things++;
	hl_mutex_unlock(&lock);
	hl_cond_signal(&given);
}

/* They set the flag with the mutex held, and wait when it is free again. */
static void cond_await(atomic_bool *flag)
{
	while (!*flag)
		sys_yield();
	hl_mutex_lock(&lock);
	hl_mutex_unlock(&lock);
}

static long sem_timed(void *arg)
{
	int result;

	(void)arg;
	timed_waits = true;
	result = hl_sem_wait_until(&sem, deadline);
	CHECK(result == 0 || (result == -HL_ETIMEDOUT && hl_time() >= deadline));
	return result;
}

static long sem_plain(void *arg)
{
	(void)arg;
	plain_waits = true;
	hl_sem_wait(&sem);
	return 0;
}

static void sem_give(void)
{
	hl_sem_post(&sem);
}

static void sem_await(atomic_bool *flag)
{
	int64_t waiting = flag == &timed_waits ? -1 : -2;

	/* or its time has come already */
	while (!*flag || (sem.count > waiting && hl_time() < deadline))
		sys_yield();
}

static unsigned round_of(long (*timed)(void *), long (*plain)(void *), void (*await)(atomic_bool *),
			 void (*give)(void))
{
	struct hl_exec *a, *b;
	uint64_t at;
	long result;

	timed_waits = plain_waits = false;
	deadline = hl_deadline_after_ns(SOON_NS + random_below(SOON_NS));
	at = deadline - hl_ticks_of_ns(SOON_NS / 4) + random_below(hl_ticks_of_ns(SOON_NS / 2));
	CHECK(hl_exec_spawn(&a, timed, NULL) == 0);
	await(&timed_waits);
	CHECK(hl_exec_spawn(&b, plain, NULL) == 0);
	await(&plain_waits);
	while (hl_time() < at)
		sys_yield();
	give();
	CHECK(hl_exec_join(a, &result) == 0);
	if (result == 0)
		give();
	CHECK(hl_exec_join(b, NULL) == 0);
	return result == 0;
}

static void cond_rounds(void)
{
	unsigned had = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		had += round_of(cond_timed, cond_plain, cond_await, cond_give);
		CHECK(things == 0 && !given.head && lock.word == 0);
	}
	printf("condition variable: %u of %u in time\n", had, ROUNDS);
}

static void sem_rounds(void)
{
	unsigned had = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		had += round_of(sem_timed, sem_plain, sem_await, sem_give);
		CHECK(sem.count == 0 && sem.granted == 0 && !sem.head);
	}
	printf("semaphore: %u of %u in time\n", had, ROUNDS);
}

/* Many with short deadlines at one semaphore: everything posted is had once. */
static atomic_uint had;

static long crowd(void *arg)
{
	const uint64_t patience = hl_ticks_of_ns(1000 * (uint64_t)arg);

	for (unsigned i = 0; i < EACH;) {
		if (hl_sem_wait_until(&sem, hl_time() + patience) == 0) {
			had++;
			i++;
		} else {
			/* not at the end of a slice, with the queue's lock */
			sys_yield();
		}
	}
	return 0;
}

static void sem_crowd(void)
{
	struct hl_exec *e[CROWD];

	had = 0;
	for (uint64_t i = 0; i < CROWD; i++)
		CHECK(hl_exec_spawn(&e[i], crowd, (void *)(i * i * 10)) == 0);
	for (unsigned i = 0; i < CROWD * EACH; i++) {
		hl_sem_post(&sem);
		CHECK(had <= i + 1);
		if (i % 16 == 0)
			hl_sleep_ns(20000);
	}
	for (unsigned i = 0; i < CROWD; i++)
		CHECK(hl_exec_join(e[i], NULL) == 0);
	CHECK(had == CROWD * EACH && sem.count == 0 && sem.granted == 0 && !sem.head);
}

/* Deadlines that come in another order than the waits, and one that never does. */
static long wait_alone(void *arg)
{
	int result;

	hl_mutex_lock(&lock);
	plain_waits = true;
	result = hl_cond_wait_until(&given, &lock, (uint64_t)arg);
	CHECK(!hl_mutex_trylock(&lock));
	hl_mutex_unlock(&lock);
	return result;
}

static void orders(void)
{
	const uint64_t now = hl_time(), step = hl_ticks_of_ns(SOON_NS);
	const uint64_t at[] = {now + 3 * step, now, now + step, now + 2 * step, HL_NEVER};
	struct hl_exec *e[5];
	long code;

	for (unsigned i = 0; i < 5; i++)
		CHECK(hl_exec_spawn(&e[i], wait_alone, (void *)at[i]) == 0);
	for (unsigned i = 0; i < 4; i++) {
		CHECK(hl_exec_join(e[i], &code) == 0);
		CHECK(code == -HL_ETIMEDOUT && hl_time() >= at[i]);
	}
	cond_await(&plain_waits);
	while (!given.head)
		sys_yield();
	hl_cond_broadcast(&given);
	CHECK(hl_exec_join(e[4], &code) == 0 && code == 0);
	CHECK(!given.head && lock.word == 0);
}

int main(void)
{
	conversions();
	sleeps();
	orders();
	cond_rounds();
	sem_rounds();
	sem_crowd();
	printf("waits: all as it should be\n");
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * pthread_rwlock_* and pthread_barrier_*: each call, each error, the order of turns.
 */
#include <limits.h>

#include <hartleaf/sync.h>

#include "kit.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static _Atomic int stage, inside;

static void attributes(void)
{
	pthread_rwlockattr_t attr;
	pthread_barrierattr_t battr;
	pthread_barrier_t b;
	pthread_rwlock_t l;
	int shared;

	CHECK(pthread_rwlockattr_init(&attr) == 0);
	CHECK(pthread_rwlockattr_getpshared(&attr, &shared) == 0 && shared == 0);
	CHECK(pthread_rwlockattr_setpshared(&attr, PTHREAD_PROCESS_PRIVATE) == 0);
	CHECK(pthread_rwlockattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == ENOTSUP);
	CHECK(pthread_rwlockattr_setpshared(&attr, 2) == EINVAL);
	CHECK(pthread_rwlock_init(&l, &attr) == 0 && pthread_rwlock_destroy(&l) == 0);
	CHECK(pthread_rwlockattr_destroy(&attr) == 0);
	CHECK(pthread_rwlockattr_destroy(&attr) == EINVAL);
	CHECK(pthread_rwlockattr_getpshared(&attr, &shared) == EINVAL);
	CHECK(pthread_rwlock_init(&l, &attr) == EINVAL);
	CHECK(pthread_barrierattr_init(&battr) == 0);
	CHECK(pthread_barrierattr_getpshared(&battr, &shared) == 0 && shared == 0);
	CHECK(pthread_barrierattr_setpshared(&battr, PTHREAD_PROCESS_PRIVATE) == 0);
	CHECK(pthread_barrierattr_setpshared(&battr, PTHREAD_PROCESS_SHARED) == ENOTSUP);
	CHECK(pthread_barrierattr_setpshared(&battr, 2) == EINVAL);
	CHECK(pthread_barrier_init(&b, &battr, 1) == 0 && pthread_barrier_destroy(&b) == 0);
	CHECK(pthread_barrierattr_destroy(&battr) == 0);
	CHECK(pthread_barrierattr_destroy(&battr) == EINVAL);
	CHECK(pthread_barrierattr_getpshared(&battr, &shared) == EINVAL);
	CHECK(pthread_barrier_init(&b, &battr, 1) == EINVAL);
}

/* What another thread gets while main has it. */
static void *try_reading(void *arg)
{
	struct timespec t = after(2 * MS), m = at_clock(CLOCK_MONOTONIC, 2 * MS);

	(void)arg;
	CHECK(pthread_rwlock_tryrdlock(&lock) == 0 && pthread_rwlock_unlock(&lock) == 0);
	CHECK(pthread_rwlock_rdlock(&lock) == 0 && pthread_rwlock_unlock(&lock) == 0);
	CHECK(pthread_rwlock_timedrdlock(&lock, &bad_time) == 0);
	CHECK(pthread_rwlock_unlock(&lock) == 0);
	CHECK(pthread_rwlock_trywrlock(&lock) == EBUSY);
	CHECK(pthread_rwlock_timedwrlock(&lock, &t) == ETIMEDOUT && is_past(&t));
	CHECK(pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &m) == ETIMEDOUT);
	CHECK(pthread_rwlock_timedwrlock(&lock, &bad_time) == EINVAL);
	CHECK(pthread_rwlock_clockwrlock(&lock, 77, &t) == EINVAL);
	CHECK(pthread_rwlock_tryrdlock(&lock) == 0 && pthread_rwlock_unlock(&lock) == 0);
	return NULL;
}

static void *try_locked(void *arg)
{
	struct timespec t = after(2 * MS), m = at_clock(CLOCK_MONOTONIC, 2 * MS);

	(void)arg;
	CHECK(pthread_rwlock_tryrdlock(&lock) == EBUSY);
	CHECK(pthread_rwlock_trywrlock(&lock) == EBUSY);
	CHECK(pthread_rwlock_timedrdlock(&lock, &t) == ETIMEDOUT && is_past(&t));
	CHECK(pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &m) == ETIMEDOUT);
	CHECK(pthread_rwlock_timedrdlock(&lock, &bad_time) == EINVAL);
	CHECK(pthread_rwlock_clockrdlock(&lock, 77, &t) == EINVAL);
	CHECK(pthread_rwlock_timedwrlock(&lock, &t) == ETIMEDOUT);
	CHECK(pthread_rwlock_unlock(&lock) == EPERM);
	return NULL;
}

static void alone(void)
{
	struct timespec t = after(MS);
	const uint64_t full = (uint64_t)INT_MAX * 4;

	CHECK(pthread_rwlock_unlock(&lock) == EPERM);
	CHECK(pthread_rwlock_rdlock(&lock) == 0);
	CHECK(pthread_rwlock_rdlock(&lock) == 0);
	join(spawn(try_reading, NULL));
	CHECK(pthread_rwlock_destroy(&lock) == EBUSY);
	CHECK(pthread_rwlock_unlock(&lock) == 0 && pthread_rwlock_unlock(&lock) == 0);
	CHECK(pthread_rwlock_wrlock(&lock) == 0);
	CHECK(pthread_rwlock_wrlock(&lock) == EDEADLK);
	CHECK(pthread_rwlock_rdlock(&lock) == EDEADLK);
	CHECK(pthread_rwlock_timedrdlock(&lock, &t) == EDEADLK);
	CHECK(pthread_rwlock_timedwrlock(&lock, &t) == EDEADLK);
	CHECK(pthread_rwlock_tryrdlock(&lock) == EBUSY);
	CHECK(pthread_rwlock_trywrlock(&lock) == EBUSY);
	join(spawn(try_locked, NULL));
	CHECK(pthread_rwlock_destroy(&lock) == EBUSY);
	CHECK(pthread_rwlock_unlock(&lock) == 0);
	CHECK(pthread_rwlock_trywrlock(&lock) == 0 && pthread_rwlock_unlock(&lock) == 0);
	/* as if so many read it */
	atomic_store(&lock.word, full);
	CHECK(pthread_rwlock_rdlock(&lock) == EAGAIN);
	CHECK(pthread_rwlock_tryrdlock(&lock) == EAGAIN);
	atomic_store(&lock.word, 0);
	CHECK(pthread_rwlock_destroy(&lock) == 0);
	CHECK(pthread_rwlock_destroy(&lock) == EINVAL);
	CHECK(pthread_rwlock_rdlock(&lock) == EINVAL && pthread_rwlock_wrlock(&lock) == EINVAL);
	CHECK(pthread_rwlock_tryrdlock(&lock) == EINVAL);
	CHECK(pthread_rwlock_trywrlock(&lock) == EINVAL);
	CHECK(pthread_rwlock_unlock(&lock) == EINVAL);
	CHECK(pthread_rwlock_init(&lock, NULL) == 0);
}

static void *read_it(void *arg)
{
	(void)arg;
	CHECK(pthread_rwlock_rdlock(&lock) == 0);
	inside++;
	while (stage == 0)
		sys_yield();
	inside--;
	CHECK(pthread_rwlock_unlock(&lock) == 0);
	return NULL;
}

static void *write_it(void *arg)
{
	(void)arg;
	CHECK(pthread_rwlock_wrlock(&lock) == 0);
	CHECK(inside == 0);
	stage++;
	CHECK(pthread_rwlock_unlock(&lock) == 0);
	return NULL;
}

static void *give_up_writing(void *arg)
{
	struct timespec t = after(5 * MS);

	(void)arg;
	CHECK(pthread_rwlock_timedwrlock(&lock, &t) == ETIMEDOUT);
	return NULL;
}

/* that the last of n has come to the queue: it is the only one that changes the tail */
static void await_queued(struct hl_waiter **tail)
{
	for (bool came = false; !came; sys_yield()) {
		hl_mutex_lock(&lock.lock);
		came = lock.head && lock.tail != *tail;
		if (came)
			*tail = lock.tail;
		hl_mutex_unlock(&lock.lock);
	}
}

/* A reader doesn't pass a writer that waits; readers behind it come in together; those
 * behind a writer that gives up come in at once. */
static void order(void)
{
	pthread_t reader, writer, late[3];
	struct hl_waiter *tail = NULL;

	stage = inside = 0;
	reader = spawn(read_it, NULL);
	await(&inside, 1);
	writer = spawn(write_it, NULL);
	await_queued(&tail);
	CHECK(pthread_rwlock_tryrdlock(&lock) == EBUSY);
	for (int i = 0; i < 3; i++) {
		late[i] = spawn(read_it, NULL);
		await_queued(&tail);
	}
	CHECK(inside == 1);
	stage = 1; /* the first goes, the writer has its turn, then the others */
	join(reader);
	join(writer);
	for (int i = 0; i < 3; i++)
		join(late[i]);
	CHECK(stage == 2 && lock.word == 0);

	stage = inside = 0;
	reader = spawn(read_it, NULL);
	await(&inside, 1);
	writer = spawn(give_up_writing, NULL);
	for (int i = 0; i < 3; i++)
		late[i] = spawn(read_it, NULL);
	join(writer);
	await(&inside, 4);
	stage = 1;
	join(reader);
	for (int i = 0; i < 3; i++)
		join(late[i]);
	CHECK(lock.word == 0 && !lock.head);
}

#define PARTY  5
#define ROUNDS 200

static pthread_barrier_t barrier;
static _Atomic int serials, arrived;

static void *meet(void *arg)
{
	(void)arg;
	for (int i = 1; i <= ROUNDS; i++) {
		arrived++;
		int result = pthread_barrier_wait(&barrier);

		CHECK(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
		CHECK(arrived >= i * PARTY);
		serials += result == PTHREAD_BARRIER_SERIAL_THREAD;
	}
	return NULL;
}

static void *meet_once(void *arg)
{
	int result = pthread_barrier_wait(arg);

	/* who is told so may destroy it at once */
	if (result == PTHREAD_BARRIER_SERIAL_THREAD) {
		CHECK(pthread_barrier_destroy(arg) == 0);
		for (unsigned i = 0; i < sizeof(pthread_barrier_t) / 8; i++)
			((volatile uint64_t *)arg)[i] = ~(uint64_t)0;
	}
	return NULL;
}

static void barriers(void)
{
	pthread_t t[PARTY];

	CHECK(pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
	CHECK(pthread_barrier_init(&barrier, NULL, PARTY) == 0);
	for (int i = 0; i < PARTY; i++)
		t[i] = spawn(meet, NULL);
	for (int i = 0; i < PARTY; i++)
		join(t[i]);
	CHECK(serials == ROUNDS);
	CHECK(pthread_barrier_destroy(&barrier) == 0);
	CHECK(pthread_barrier_destroy(&barrier) == EINVAL);
	CHECK(pthread_barrier_wait(&barrier) == EINVAL);
	CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
	t[0] = spawn(meet_once, &barrier);
	while (*(volatile unsigned *)&barrier.here == 0)
		sys_yield();
	CHECK(pthread_barrier_destroy(&barrier) == EBUSY);
	CHECK(pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
	join(t[0]);
	for (int round = 0; round < 50; round++) {
		CHECK(pthread_barrier_init(&barrier, NULL, PARTY) == 0);
		for (int i = 0; i < PARTY; i++)
			t[i] = spawn(meet_once, &barrier);
		for (int i = 0; i < PARTY; i++)
			join(t[i]);
		CHECK(barrier.count == ~0u && barrier.here == ~0u);
	}
}

int main(void)
{
	attributes();
	alone();
	order();
	barriers();
	printf("rwlock, barrier: all as it should be\n");
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Many at one mutex, condition variable or lock, some with deadlines about as long as they have
 * to wait, so that giving up and being given it meet.  Lost wakes hang; two holders at
 * once, and what isn't as it was made at the end, are found.
 */
#include <hartleaf/exec.h>
#include <hartleaf/sync.h>

#include "kit.h"

#define CROWD 8
#define EACH  1000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned inside; /* only one */
static uint64_t had;             /* under the lock */
static _Atomic unsigned given_up;

static void enter(struct random *r)
{
	CHECK(inside++ == 0);
	had++;
	/* some keep it while others run */
	if (random_below(r, 4) == 0)
		sys_yield();
	for (uint64_t n = random_below(r, 200); n; n--)
		__asm__ volatile("");
	CHECK(--inside == 0);
}

/* Every other waits as long as it takes. */
static void *crowd(void *arg)
{
	const bool timed = (uint64_t)arg & 1;
	const uint64_t patience = hl_ticks_of_ns(20000);
	struct random r = {(uint64_t)arg};

	for (int i = 0; i < EACH; i++) {
		struct hl_mutex *m = &lock.lock.mutex;

		if (!timed) {
			CHECK(pthread_mutex_lock(&lock) == 0);
		} else if (hl_mutex_lock_until(m, hl_time() + random_below(&r, patience)) < 0) {
			given_up++;
			continue;
		}
		enter(&r);
		CHECK(pthread_mutex_unlock(&lock) == 0);
		if (random_below(&r, 8) == 0)
			sys_yield();
	}
	return NULL;
}

static void mutex_crowd(void)
{
	pthread_t t[CROWD];

	for (uint64_t i = 0; i < CROWD; i++)
		t[i] = spawn(crowd, (void *)i);
	for (int i = 0; i < CROWD; i++)
		join(t[i]);
	CHECK(had + given_up == CROWD * EACH && is_free(&lock.lock.mutex));
	printf("mutex: %u of %u gave up\n", (unsigned)given_up, CROWD * EACH / 2);
}

/* One takes it again as soon as it has let go, and others run only while it has it.  They get
 * it all the same: who has come in vain often enough is handed it. */
static _Atomic int greedy, over;

static void *take_always(void *arg)
{
	(void)arg;
	while (!over) {
		CHECK(pthread_mutex_lock(&lock) == 0);
		greedy = 1;
		sys_yield();
		CHECK(pthread_mutex_unlock(&lock) == 0);
	}
	return NULL;
}

static void starving(void)
{
	pthread_t t = spawn(take_always, NULL);

	await(&greedy, 1);
	for (int i = 0; i < 50; i++) {
		CHECK(pthread_mutex_lock(&lock) == 0);
		CHECK(pthread_mutex_unlock(&lock) == 0);
	}
	over = 1;
	join(t);
	CHECK(is_free(&lock.lock.mutex));
}

/* Deadlines that are all but over: giving up is as frequent as getting it. */
static void *impatient(void *arg)
{
	struct random r = {(uint64_t)arg};

	for (int i = 0; i < 60000; i++) {
		if (hl_mutex_lock_until(&lock.lock.mutex, hl_time() + random_below(&r, 40)) < 0)
			continue;
		CHECK(inside++ == 0);
		for (uint64_t n = random_below(&r, 100); n; n--)
			__asm__ volatile("");
		CHECK(--inside == 0);
		CHECK(pthread_mutex_unlock(&lock) == 0);
	}
	return NULL;
}

static void *patient(void *arg)
{
	struct random r = {(uint64_t)arg};

	while (!over) {
		CHECK(pthread_mutex_lock(&lock) == 0);
		CHECK(inside++ == 0);
		for (uint64_t n = random_below(&r, 100); n; n--)
			__asm__ volatile("");
		CHECK(--inside == 0);
		CHECK(pthread_mutex_unlock(&lock) == 0);
	}
	return NULL;
}

static void impatience(void)
{
	pthread_t t[5];

	over = 0;
	for (uint64_t i = 0; i < 5; i++)
		t[i] = spawn(i < 3 ? impatient : patient, (void *)i);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	over = 1;
	join(t[3]);
	join(t[4]);
	CHECK(is_free(&lock.lock.mutex));
}

/* One holds it, one waits, one gives up just as the first lets go; then all meet.  There is nobody
 * else to come and wake who has been forgotten. */
#define MEETINGS 6000

static pthread_barrier_t meeting;
static _Atomic int queueing;

static void *meet(void *arg)
{
	const uint64_t role = (uint64_t)arg;
	struct hl_mutex *m = &lock.lock.mutex;
	struct random r = {role};
	uint64_t deadline;

	for (int i = 0; i < MEETINGS; i++) {
		if (role == 0)
			CHECK(pthread_mutex_lock(&lock) == 0);
		pthread_barrier_wait(&meeting);
		if (role == 0) {
			await(&queueing, 2);
			queueing = 0;
			for (uint64_t n = random_below(&r, 3000); n; n--)
				__asm__ volatile("");
		} else {
			deadline = role == 1 ? HL_NEVER : hl_time() + random_below(&r, 100);
			queueing++;
			if (hl_mutex_lock_until(m, deadline) == 0)
				CHECK(pthread_mutex_unlock(&lock) == 0);
			else
				given_up++;
		}
		if (role == 0)
			CHECK(pthread_mutex_unlock(&lock) == 0);
		pthread_barrier_wait(&meeting);
	}
	return NULL;
}

static void meetings(void)
{
	pthread_t t[3];

	given_up = 0;
	CHECK(pthread_barrier_init(&meeting, NULL, 3) == 0);
	for (uint64_t i = 0; i < 3; i++)
		t[i] = spawn(meet, (void *)i);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	CHECK(is_free(&lock.lock.mutex));
	printf("mutex, one by one: %u of %u gave up\n", (unsigned)given_up, MEETINGS);
}

/* A queue of a few places, with conditions at both ends, waited for with and without a
 * deadline. */
#define PLACES 3
#define ITEMS  3000

static pthread_cond_t room = PTHREAD_COND_INITIALIZER, item = PTHREAD_COND_INITIALIZER;
static uint64_t places[PLACES], put_in, taken_out, sum;

static void wait_for(pthread_cond_t *c, struct random *r)
{
	if (random_below(r, 2)) {
		CHECK(pthread_cond_wait(c, &lock) == 0);
	} else {
		struct timespec t = after((int64_t)random_below(r, 100000));
		int result = pthread_cond_timedwait(c, &lock, &t);

		CHECK(result == 0 || result == ETIMEDOUT);
		/* it may have been signalled for others as well */
		if (result == ETIMEDOUT)
			given_up++;
	}
}

static void *producer(void *arg)
{
	struct random r = {(uint64_t)arg};

	for (;;) {
		CHECK(pthread_mutex_lock(&lock) == 0);
		while (put_in < ITEMS && put_in - taken_out == PLACES)
			wait_for(&room, &r);
		if (put_in == ITEMS)
			break;
		places[put_in % PLACES] = put_in + 1;
		put_in++;
		CHECK(pthread_cond_signal(&item) == 0);
		CHECK(pthread_mutex_unlock(&lock) == 0);
	}
	CHECK(pthread_cond_broadcast(&room) == 0);
	CHECK(pthread_mutex_unlock(&lock) == 0);
	return NULL;
}

static void *consumer(void *arg)
{
	struct random r = {(uint64_t)arg};

	for (;;) {
		CHECK(pthread_mutex_lock(&lock) == 0);
		while (taken_out < ITEMS && put_in == taken_out)
			wait_for(&item, &r);
		if (taken_out == ITEMS)
			break;
		sum += places[taken_out % PLACES];
		taken_out++;
		CHECK(pthread_mutex_unlock(&lock) == 0);
		CHECK(pthread_cond_signal(&room) == 0);
	}
	CHECK(pthread_cond_broadcast(&item) == 0);
	CHECK(pthread_mutex_unlock(&lock) == 0);
	return NULL;
}

static void conditions(void)
{
	pthread_t t[6];

	given_up = 0;
	for (uint64_t i = 0; i < 6; i++)
		t[i] = spawn(i & 1 ? producer : consumer, (void *)i);
	for (int i = 0; i < 6; i++)
		join(t[i]);
	CHECK(sum == (uint64_t)ITEMS * (ITEMS + 1) / 2);
	CHECK(is_free(&lock.lock.mutex) && !room.cond.head && !item.cond.head);
	printf("condition variables: %u gave up\n", (unsigned)given_up);
}

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static _Atomic int readers, writers;

static void *read_and_write(void *arg)
{
	struct random r = {(uint64_t)arg};
	int result;

	for (int i = 0; i < EACH; i++) {
		const bool write = random_below(&r, 4) == 0, timed = random_below(&r, 2);
		struct timespec t = after((int64_t)random_below(&r, 50000));

		if (write)
			result = timed ? pthread_rwlock_timedwrlock(&rw, &t)
				       : pthread_rwlock_wrlock(&rw);
		else
			result = timed ? pthread_rwlock_timedrdlock(&rw, &t)
				       : pthread_rwlock_rdlock(&rw);
		if (timed && result == ETIMEDOUT) {
			given_up++;
			continue;
		}
		CHECK(result == 0);
		if (write) {
			CHECK(writers++ == 0 && readers == 0);
			had++;
		} else {
			readers++;
			CHECK(writers == 0);
		}
		if (random_below(&r, 4) == 0)
			sys_yield();
		if (write)
			CHECK(--writers == 0);
		else
			readers--;
		CHECK(pthread_rwlock_unlock(&rw) == 0);
	}
	return NULL;
}

static void rwlocks(void)
{
	pthread_t t[CROWD];

	given_up = 0;
	for (uint64_t i = 0; i < CROWD; i++)
		t[i] = spawn(read_and_write, (void *)i);
	for (int i = 0; i < CROWD; i++)
		join(t[i]);
	CHECK(rw.word == 0 && !rw.head && is_free(&rw.lock));
	printf("read-write lock: %u gave up\n", (unsigned)given_up);
}

/* Each dies with it; who comes next mends it. */
static pthread_mutex_t mortal;
static _Atomic unsigned deaths;
static unsigned mended;

static void *die(void *arg)
{
	const bool timed = (uint64_t)arg & 1;
	struct timespec t = after(50000);
	int result = timed ? pthread_mutex_timedlock(&mortal, &t) : pthread_mutex_lock(&mortal);

	if (timed && result == ETIMEDOUT)
		return NULL;
	CHECK(result == 0 || result == EOWNERDEAD);
	CHECK(inside++ == 0);
	if (result == EOWNERDEAD) {
		mended++;
		CHECK(pthread_mutex_consistent(&mortal) == 0);
	}
	sys_yield();
	CHECK(--inside == 0);
	deaths++;
	return NULL;
}

/* One that is stopped while it has it, and others wait. */
static long be_stopped(void *arg)
{
	(void)arg;
	CHECK(pthread_mutex_lock(&mortal) == 0);
	greedy = 2;
	for (;;)
		sys_yield();
}

static void *wait_for_stopped(void *arg)
{
	(void)arg;
	CHECK(pthread_mutex_lock(&mortal) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(&mortal) == 0);
	CHECK(pthread_mutex_unlock(&mortal) == 0);
	return NULL;
}

static void stopped(void)
{
	struct hl_exec *e;
	pthread_t waiter;

	for (int i = 0; i < 10; i++) {
		greedy = 0;
		CHECK(hl_exec_spawn(&e, be_stopped, NULL) == 0);
		await(&greedy, 2);
		waiter = spawn(wait_for_stopped, NULL);
		if (i & 1)
			await_queue(&mortal.lock.mutex);
		CHECK(hl_exec_stop(e, 3) == 0);
		join(waiter);
		CHECK(hl_exec_join(e, NULL) == 0);
	}
}

static void robust(void)
{
	pthread_mutexattr_t attr;
	pthread_t t[CROWD];

	CHECK(pthread_mutexattr_init(&attr) == 0);
	CHECK(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
	CHECK(pthread_mutex_init(&mortal, &attr) == 0);
	for (int round = 0; round < 30; round++) {
		for (uint64_t i = 0; i < CROWD; i++)
			t[i] = spawn(die, (void *)i);
		for (int i = 0; i < CROWD; i++)
			join(t[i]);
	}
	CHECK(mended == deaths - 1);
	CHECK(pthread_mutex_lock(&mortal) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(&mortal) == 0);
	CHECK(pthread_mutex_unlock(&mortal) == 0);
	stopped();
	CHECK(is_free(&mortal.lock.mutex));
	printf("robust: %u deaths\n", (unsigned)deaths);
}

int main(void)
{
	mutex_crowd();
	starving();
	impatience();
	meetings();
	conditions();
	rwlocks();
	robust();
	printf("stress: all as it should be\n");
	return 0;
}

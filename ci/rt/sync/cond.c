/* SPDX-License-Identifier: MIT
 *
 * pthread_cond_*: each call, each error, cancellation, and that one may be destroyed as
 * soon as its last waiter has been signalled.
 */
#include "kit.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turns;
static _Atomic int waiting, stage;

static pthread_mutex_t make(int type, int robust)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;

	CHECK(pthread_mutexattr_init(&attr) == 0);
	CHECK(pthread_mutexattr_settype(&attr, type) == 0);
	CHECK(pthread_mutexattr_setrobust(&attr, robust) == 0);
	CHECK(pthread_mutex_init(&m, &attr) == 0);
	return m;
}

static void attributes(void)
{
	pthread_condattr_t attr;
	pthread_cond_t c;
	clockid_t clock;
	int shared;

	CHECK(pthread_condattr_init(&attr) == 0);
	CHECK(pthread_condattr_getclock(&attr, &clock) == 0 && clock == CLOCK_REALTIME);
	CHECK(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	CHECK(pthread_condattr_getclock(&attr, &clock) == 0 && clock == CLOCK_MONOTONIC);
	CHECK(pthread_condattr_setclock(&attr, 77) == EINVAL);
	CHECK(pthread_condattr_getpshared(&attr, &shared) == 0 &&
	      shared == PTHREAD_PROCESS_PRIVATE);
	CHECK(pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == ENOTSUP);
	CHECK(pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_PRIVATE) == 0);
	CHECK(pthread_condattr_setpshared(&attr, 2) == EINVAL);
	CHECK(pthread_condattr_destroy(&attr) == 0);
	CHECK(pthread_condattr_destroy(&attr) == EINVAL);
	CHECK(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == EINVAL);
	CHECK(pthread_condattr_getclock(&attr, &clock) == EINVAL);
	CHECK(pthread_condattr_getpshared(&attr, &shared) == EINVAL);
	CHECK(pthread_condattr_setpshared(&attr, 0) == EINVAL);
	CHECK(pthread_cond_init(&c, &attr) == EINVAL);
}

static void deadlines(void)
{
	struct timespec real = after(2 * MS), mono = at_clock(CLOCK_MONOTONIC, 2 * MS);
	struct timespec past = {.tv_sec = 0};
	pthread_condattr_t attr;
	pthread_cond_t by_mono;

	CHECK(pthread_condattr_init(&attr) == 0);
	CHECK(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	CHECK(pthread_cond_init(&by_mono, &attr) == 0);
	CHECK(pthread_mutex_lock(&lock) == 0);
	CHECK(pthread_cond_timedwait(&cond, &lock, &real) == ETIMEDOUT && is_past(&real));
	CHECK(pthread_mutex_trylock(&lock) == EBUSY); /* had again */
	CHECK(pthread_cond_timedwait(&by_mono, &lock, &mono) == ETIMEDOUT);
	CHECK(pthread_cond_clockwait(&cond, &lock, CLOCK_MONOTONIC, &mono) == ETIMEDOUT);
	CHECK(pthread_cond_clockwait(&by_mono, &lock, CLOCK_REALTIME, &real) == ETIMEDOUT);
	CHECK(pthread_cond_timedwait(&cond, &lock, &past) == ETIMEDOUT);
	CHECK(pthread_cond_timedwait(&cond, &lock, &bad_time) == EINVAL);
	CHECK(pthread_cond_clockwait(&cond, &lock, 77, &real) == EINVAL);
	CHECK(pthread_mutex_trylock(&lock) == EBUSY);
	CHECK(pthread_mutex_unlock(&lock) == 0 && is_free(&lock.lock.mutex));
	CHECK(pthread_cond_destroy(&by_mono) == 0);
	CHECK(pthread_cond_destroy(&by_mono) == EINVAL);
	CHECK(pthread_cond_signal(&by_mono) == EINVAL);
	CHECK(pthread_cond_broadcast(&by_mono) == EINVAL);
	CHECK(pthread_mutex_lock(&lock) == 0);
	CHECK(pthread_cond_wait(&by_mono, &lock) == EINVAL);
	CHECK(pthread_mutex_unlock(&lock) == 0);
	CHECK(pthread_cond_init(&by_mono, NULL) == 0);
	CHECK(pthread_cond_signal(&by_mono) == 0 && pthread_cond_broadcast(&by_mono) == 0);
}

static void *take_turn(void *arg)
{
	(void)arg;
	CHECK(pthread_mutex_lock(&lock) == 0);
	waiting++;
	while (turns == 0)
		CHECK(pthread_cond_wait(&cond, &lock) == 0);
	turns--;
	CHECK(pthread_mutex_unlock(&lock) == 0);
	return NULL;
}

static void await_all(int n)
{
	await(&waiting, n);
	CHECK(pthread_mutex_lock(&lock) == 0); /* they wait when they let go of it */
	CHECK(pthread_mutex_unlock(&lock) == 0);
}

/* Signals with and without the mutex, and broadcasts. */
static void turns_taken(void)
{
	pthread_t t[6];

	for (int held = 0; held < 2; held++)
		for (int all = 0; all < 2; all++) {
			waiting = turns = 0;
			for (int i = 0; i < 6; i++)
				t[i] = spawn(take_turn, NULL);
			await_all(6);
			CHECK(pthread_cond_destroy(&cond) == EBUSY);
			for (int i = 0; i < 6; i += all ? 6 : 1) {
				CHECK(pthread_mutex_lock(&lock) == 0);
				turns += all ? 6 : 1;
				if (!held)
					CHECK(pthread_mutex_unlock(&lock) == 0);
				CHECK((all ? pthread_cond_broadcast : pthread_cond_signal)(&cond) ==
				      0);
				if (held)
					CHECK(pthread_mutex_unlock(&lock) == 0);
			}
			for (int i = 0; i < 6; i++)
				join(t[i]);
			CHECK(turns == 0 && is_free(&lock.lock.mutex) && !cond.cond.head);
		}
}

/* With mutexes that know their owner. */
static pthread_mutex_t owned;

static void *signal_owned(void *arg)
{
	(void)arg;
	CHECK(pthread_mutex_lock(&owned) == 0);
	turns = 1;
	CHECK(pthread_cond_signal(&cond) == 0);
	CHECK(pthread_mutex_unlock(&owned) == 0);
	return NULL;
}

static void owners(int type, int robust)
{
	struct timespec t = after(MS);
	pthread_t other;

	owned = make(type, robust);
	turns = 0;
	CHECK(pthread_cond_wait(&cond, &owned) == EPERM);
	CHECK(pthread_cond_timedwait(&cond, &owned, &t) == EPERM);
	CHECK(pthread_mutex_lock(&owned) == 0);
	if (type == PTHREAD_MUTEX_RECURSIVE)
		CHECK(pthread_mutex_lock(&owned) == 0);
	CHECK(pthread_cond_timedwait(&cond, &owned, &t) == ETIMEDOUT);
	other = spawn(signal_owned, NULL);
	while (!turns)
		CHECK(pthread_cond_wait(&cond, &owned) == 0);
	if (type == PTHREAD_MUTEX_RECURSIVE)
		CHECK(pthread_mutex_unlock(&owned) == 0);
	CHECK(pthread_mutex_unlock(&owned) == 0);
	CHECK(pthread_mutex_unlock(&owned) == EPERM);
	join(other);
	CHECK(pthread_mutex_destroy(&owned) == 0);
}

/* Who waits gets the mutex from a dead one, or finds it lost. */
static void *die_with(void *arg)
{
	(void)arg;
	CHECK(pthread_mutex_lock(&owned) == 0);
	CHECK(pthread_cond_broadcast(&cond) == 0);
	return NULL;
}

static void *wait_owned(void *arg)
{
	struct timespec t = after(1000000 * (int64_t)MS);
	int result;

	CHECK(pthread_mutex_lock(&owned) == 0);
	waiting++;
	result = pthread_cond_timedwait(&cond, &owned, &t);
	if (result == EOWNERDEAD) { /* the first: unlocks it as it is */
		stage++;
		CHECK(pthread_mutex_unlock(&owned) == 0);
	} else {
		CHECK(result == ENOTRECOVERABLE);
		CHECK(pthread_mutex_unlock(&owned) == EPERM);
	}
	return arg;
}

static void robust(void)
{
	pthread_t t[3];

	owned = make(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	waiting = stage = 0;
	for (int i = 0; i < 3; i++)
		t[i] = spawn(wait_owned, NULL);
	await(&waiting, 3);
	join(spawn(die_with, NULL));
	for (int i = 0; i < 3; i++)
		join(t[i]);
	CHECK(stage == 1);
	CHECK(pthread_mutex_lock(&owned) == ENOTRECOVERABLE);
}

/* A cancelled one has the mutex in its handlers, and no signal. */
static void unlock_it(void *arg)
{
	CHECK(pthread_mutex_trylock(&lock) == EBUSY);
	stage++;
	CHECK(pthread_mutex_unlock(arg) == 0);
}

static void *wait_cancelled(void *arg)
{
	CHECK(pthread_mutex_lock(&lock) == 0);
	pthread_cleanup_push(unlock_it, &lock);
	waiting++;
	for (;;) {
		struct timespec t = after(1000000 * (int64_t)MS);

		if (arg)
			pthread_cond_timedwait(&cond, &lock, &t);
		else
			pthread_cond_wait(&cond, &lock);
	}
	pthread_cleanup_pop(0);
	return NULL;
}

/* pending before the wait */
static void *cancel_self(void *arg)
{
	(void)arg;
	CHECK(pthread_mutex_lock(&lock) == 0);
	pthread_cleanup_push(unlock_it, &lock);
	CHECK(pthread_cancel(pthread_self()) == 0);
	pthread_cond_wait(&cond, &lock);
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancels(void)
{
	pthread_t a, b, c;

	stage = waiting = turns = 0;
	a = spawn(wait_cancelled, NULL);
	await_all(1);
	b = spawn(take_turn, NULL);
	await_all(2);
	c = spawn(wait_cancelled, &lock);
	await_all(3);
	CHECK(pthread_cancel(a) == 0 && pthread_cancel(c) == 0);
	CHECK(join(a) == PTHREAD_CANCELED && join(c) == PTHREAD_CANCELED);
	CHECK(stage == 2);
	turns = 1;
	CHECK(pthread_cond_signal(&cond) == 0);
	join(b);
	CHECK(join(spawn(cancel_self, NULL)) == PTHREAD_CANCELED && stage == 3);
	CHECK(is_free(&lock.lock.mutex) && !cond.cond.head);
}

/* In memory that is filled with something else as soon as POSIX allows it: when all have been
 * signalled, also those whose time came just then. */
static struct {
	pthread_cond_t cond;
	pthread_mutex_t lock;
	int users;
	bool over;
} * passing;

static void *pass(void *arg)
{
	struct timespec t = after((int64_t)arg);

	CHECK(pthread_mutex_lock(&passing->lock) == 0);
	waiting++;
	while (!passing->over)
		pthread_cond_timedwait(&passing->cond, &passing->lock, &t);
	bool last = --passing->users == 0;
	CHECK(pthread_mutex_unlock(&passing->lock) == 0);
	if (last) {
		CHECK(pthread_mutex_destroy(&passing->lock) == 0);
		*(volatile uint64_t *)&passing->lock = ~(uint64_t)0;
	}
	return NULL;
}

static void destroyed(void)
{
	struct random random = {1};
	pthread_t t[4];

	passing = malloc(sizeof(*passing));
	CHECK(passing);
	for (int round = 0; round < 100; round++) {
		CHECK(pthread_mutex_init(&passing->lock, NULL) == 0);
		CHECK(pthread_cond_init(&passing->cond, NULL) == 0);
		passing->users = 5;
		passing->over = false;
		waiting = 0;
		for (int i = 0; i < 4; i++)
			t[i] = spawn(pass, (void *)(random_below(&random, 8) * 50000));
		await(&waiting, 4);
		for (unsigned n = random_below(&random, 20); n; n--)
			sys_yield();
		CHECK(pthread_mutex_lock(&passing->lock) == 0);
		passing->over = true;
		CHECK(pthread_cond_broadcast(&passing->cond) == 0);
		/* POSIX: nobody is blocked on it any more */
		CHECK(pthread_cond_destroy(&passing->cond) == 0);
		for (unsigned i = 0; i < sizeof(passing->cond) / 8; i++)
			((volatile uint64_t *)&passing->cond)[i] = ~(uint64_t)0;
		bool last = --passing->users == 0;
		CHECK(pthread_mutex_unlock(&passing->lock) == 0);
		CHECK(!last || pthread_mutex_destroy(&passing->lock) == 0);
		for (int i = 0; i < 4; i++)
			join(t[i]);
		for (unsigned i = 0; i < sizeof(passing->cond) / 8; i++)
			CHECK(((uint64_t *)&passing->cond)[i] == ~(uint64_t)0);
	}
	free(passing);
}

int main(void)
{
	attributes();
	deadlines();
	turns_taken();
	owners(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	owners(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
	owners(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	owners(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ROBUST);
	robust();
	cancels();
	destroyed();
	CHECK(pthread_cond_destroy(&cond) == 0);
	printf("cond: all as it should be\n");
	return 0;
}

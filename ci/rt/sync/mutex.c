/* SPDX-License-Identifier: MIT
 *
 * pthread_mutex_*: what each type does with each call, and each error.
 */
#include "kit.h"

static pthread_mutex_t shared;
static _Atomic int stage;

static pthread_mutex_t make(int type, int robust)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;
	int got;

	CHECK(pthread_mutexattr_init(&attr) == 0);
	CHECK(pthread_mutexattr_settype(&attr, type) == 0);
	CHECK(pthread_mutexattr_gettype(&attr, &got) == 0 && got == type);
	CHECK(pthread_mutexattr_setrobust(&attr, robust) == 0);
	CHECK(pthread_mutexattr_getrobust(&attr, &got) == 0 && got == robust);
	CHECK(pthread_mutex_init(&m, &attr) == 0);
	CHECK(pthread_mutexattr_destroy(&attr) == 0);
	return m;
}

static void attributes(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;
	int got;

	CHECK(pthread_mutexattr_init(&attr) == 0);
	CHECK(pthread_mutexattr_gettype(&attr, &got) == 0 && got == PTHREAD_MUTEX_DEFAULT);
	CHECK(pthread_mutexattr_getrobust(&attr, &got) == 0 && got == PTHREAD_MUTEX_STALLED);
	CHECK(pthread_mutexattr_getpshared(&attr, &got) == 0 && got == PTHREAD_PROCESS_PRIVATE);
	CHECK(pthread_mutexattr_getprotocol(&attr, &got) == 0 && got == PTHREAD_PRIO_NONE);
	CHECK(pthread_mutexattr_settype(&attr, 3) == EINVAL);
	CHECK(pthread_mutexattr_settype(&attr, -1) == EINVAL);
	CHECK(pthread_mutexattr_setrobust(&attr, 2) == EINVAL);
	CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_PRIVATE) == 0);
	CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == ENOTSUP);
	CHECK(pthread_mutexattr_setpshared(&attr, 2) == EINVAL);
	CHECK(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_NONE) == 0);
	CHECK(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) == ENOTSUP);
	CHECK(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_PROTECT) == ENOTSUP);
	CHECK(pthread_mutexattr_setprotocol(&attr, 3) == EINVAL);
	CHECK(pthread_mutexattr_destroy(&attr) == 0);
	CHECK(pthread_mutexattr_destroy(&attr) == EINVAL);
	CHECK(pthread_mutexattr_settype(&attr, 0) == EINVAL);
	CHECK(pthread_mutexattr_gettype(&attr, &got) == EINVAL);
	CHECK(pthread_mutexattr_setrobust(&attr, 0) == EINVAL);
	CHECK(pthread_mutexattr_getrobust(&attr, &got) == EINVAL);
	CHECK(pthread_mutexattr_setpshared(&attr, 0) == EINVAL);
	CHECK(pthread_mutexattr_getpshared(&attr, &got) == EINVAL);
	CHECK(pthread_mutexattr_setprotocol(&attr, 0) == EINVAL);
	CHECK(pthread_mutexattr_getprotocol(&attr, &got) == EINVAL);
	CHECK(pthread_mutex_init(&m, &attr) == EINVAL);
}

/* in another thread */
static void *try_shared(void *result)
{
	*(int *)result = pthread_mutex_trylock(&shared);
	if (*(int *)result == 0)
		CHECK(pthread_mutex_unlock(&shared) == 0);
	return NULL;
}

static int tried_elsewhere(void)
{
	int result = -1;

	join(spawn(try_shared, &result));
	return result;
}

static void *unlock_shared(void *result)
{
	*(int *)result = pthread_mutex_unlock(&shared);
	return NULL;
}

static int unlocked_elsewhere(void)
{
	int result = -1;

	join(spawn(unlock_shared, &result));
	return result;
}

static void normal(void)
{
	static pthread_mutex_t by_macro = PTHREAD_MUTEX_INITIALIZER;
	struct timespec t = after(2 * MS);

	CHECK(pthread_mutex_lock(&by_macro) == 0 && pthread_mutex_unlock(&by_macro) == 0);
	CHECK(pthread_mutex_init(&shared, NULL) == 0);
	CHECK(pthread_mutex_lock(&shared) == 0);
	CHECK(pthread_mutex_trylock(&shared) == EBUSY);
	CHECK(tried_elsewhere() == EBUSY);
	/* for itself */
	CHECK(pthread_mutex_timedlock(&shared, &t) == ETIMEDOUT && is_past(&t));
	CHECK(pthread_mutex_timedlock(&shared, &bad_time) == EINVAL);
	CHECK(pthread_mutex_clocklock(&shared, 77, &t) == EINVAL);
	t = at_clock(CLOCK_MONOTONIC, 2 * MS);
	CHECK(pthread_mutex_clocklock(&shared, CLOCK_MONOTONIC, &t) == ETIMEDOUT);
	CHECK(pthread_mutex_destroy(&shared) == EBUSY);
	CHECK(pthread_mutex_consistent(&shared) == EINVAL);
	CHECK(pthread_mutex_unlock(&shared) == 0 && is_free(&shared.lock.mutex));
	/* there is nothing to wait for, so no time is looked at */
	CHECK(pthread_mutex_timedlock(&shared, &bad_time) == 0);
	CHECK(pthread_mutex_unlock(&shared) == 0);
	CHECK(tried_elsewhere() == 0);
	CHECK((pthread_mutex_lock)(&shared) == 0 && (pthread_mutex_unlock)(&shared) == 0);
	CHECK(pthread_mutex_destroy(&shared) == 0);
	CHECK(pthread_mutex_lock(&shared) == EINVAL);
	CHECK(pthread_mutex_trylock(&shared) == EINVAL);
	CHECK(pthread_mutex_timedlock(&shared, &t) == EINVAL);
	CHECK(pthread_mutex_unlock(&shared) == EINVAL);
	CHECK(pthread_mutex_destroy(&shared) == EINVAL);
}

static void recursive(void)
{
	static pthread_mutex_t by_macro = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	struct timespec t = after(2 * MS);

	CHECK(pthread_mutex_lock(&by_macro) == 0 && pthread_mutex_lock(&by_macro) == 0);
	CHECK(pthread_mutex_unlock(&by_macro) == 0 && pthread_mutex_unlock(&by_macro) == 0);
	shared = make(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
	CHECK(pthread_mutex_unlock(&shared) == EPERM);
	CHECK(pthread_mutex_lock(&shared) == 0);
	CHECK(pthread_mutex_lock(&shared) == 0);
	CHECK(pthread_mutex_trylock(&shared) == 0);
	CHECK(pthread_mutex_timedlock(&shared, &t) == 0);
	CHECK(tried_elsewhere() == EBUSY);
	CHECK(unlocked_elsewhere() == EPERM);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_mutex_unlock(&shared) == 0);
	CHECK(tried_elsewhere() == EBUSY);
	CHECK(pthread_mutex_destroy(&shared) == EBUSY);
	CHECK(pthread_mutex_unlock(&shared) == 0);
	CHECK(tried_elsewhere() == 0);
	CHECK(pthread_mutex_unlock(&shared) == EPERM);

	unsigned depth = 0;
	int result;

	while ((result = pthread_mutex_lock(&shared)) == 0)
		depth++;
	CHECK(result == EAGAIN && depth >= 1000);
	CHECK(pthread_mutex_trylock(&shared) == EAGAIN);
	for (; depth; depth--)
		CHECK(pthread_mutex_unlock(&shared) == 0);
	CHECK(tried_elsewhere() == 0);
	CHECK(pthread_mutex_destroy(&shared) == 0);
	CHECK(pthread_mutex_lock(&shared) == EINVAL);
}

static void errorcheck(void)
{
	static pthread_mutex_t by_macro = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	struct timespec t = after(1000 * MS);

	CHECK(pthread_mutex_lock(&by_macro) == 0 && pthread_mutex_lock(&by_macro) == EDEADLK);
	CHECK(pthread_mutex_unlock(&by_macro) == 0 && pthread_mutex_unlock(&by_macro) == EPERM);
	shared = make(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
	CHECK(pthread_mutex_unlock(&shared) == EPERM);
	CHECK(pthread_mutex_lock(&shared) == 0);
	CHECK(pthread_mutex_lock(&shared) == EDEADLK);
	CHECK(pthread_mutex_timedlock(&shared, &t) == EDEADLK);
	CHECK(pthread_mutex_trylock(&shared) == EBUSY);
	CHECK(tried_elsewhere() == EBUSY);
	CHECK(unlocked_elsewhere() == EPERM);
	CHECK(pthread_mutex_unlock(&shared) == 0);
	CHECK(pthread_mutex_unlock(&shared) == EPERM);
	CHECK(pthread_mutex_destroy(&shared) == 0);
}

/* What an ended thread has left locked is not the next one's, which may have its stack. */
static void *leave_locked(void *arg)
{
	CHECK(pthread_mutex_lock(arg) == 0);
	return NULL;
}

static void *not_mine(void *arg)
{
	CHECK(pthread_mutex_trylock(arg) == EBUSY);
	CHECK(pthread_mutex_unlock(arg) == EPERM);
	return NULL;
}

static void left_locked(void)
{
	for (int type = PTHREAD_MUTEX_RECURSIVE; type <= PTHREAD_MUTEX_ERRORCHECK; type++) {
		shared = make(type, PTHREAD_MUTEX_STALLED);
		join(spawn(leave_locked, &shared));
		join(spawn(not_mine, &shared));
	}
}

/* Gives up behind another, before another, and alone; who doesn't give up gets it. */
static void *wait_long(void *arg)
{
	(void)arg;
	CHECK(pthread_mutex_lock(&shared) == 0);
	CHECK(pthread_mutex_unlock(&shared) == 0);
	return NULL;
}

static void *wait_short(void *arg)
{
	struct timespec t = after((int64_t)arg);

	CHECK(pthread_mutex_timedlock(&shared, &t) == ETIMEDOUT && is_past(&t));
	atomic_fetch_add(&stage, 1);
	return NULL;
}

static void giving_up(void)
{
	pthread_t t[6];

	stage = 0;
	CHECK(pthread_mutex_init(&shared, NULL) == 0);
	CHECK(pthread_mutex_lock(&shared) == 0);
	for (int64_t i = 0; i < 6; i++)
		t[i] = spawn(i & 1 ? wait_long : wait_short, (void *)((7 - i) * MS / 2));
	await(&stage, 3); /* while we hold it */
	CHECK(pthread_mutex_unlock(&shared) == 0);
	for (int i = 0; i < 6; i++)
		join(t[i]);
	CHECK(is_free(&shared.lock.mutex));
	CHECK(pthread_mutex_destroy(&shared) == 0);
}

static void *die_with(void *arg)
{
	CHECK(pthread_mutex_lock(arg) == 0);
	atomic_store(&stage, 1);
	return NULL;
}

/* Gets it from a dead one, and doesn't mend it. */
static void *lose(void *arg)
{
	CHECK(pthread_mutex_lock(arg) == EOWNERDEAD);
	CHECK(pthread_mutex_unlock(arg) == 0);
	return NULL;
}

static void *lost(void *arg)
{
	struct timespec t = after(1000000 * (int64_t)MS);

	atomic_fetch_add(&stage, 1);
	CHECK(pthread_mutex_timedlock(arg, &t) == ENOTRECOVERABLE);
	return NULL;
}

static void robust_of(int type)
{
	struct timespec t = after(1000 * MS);
	pthread_mutex_t other = make(type, PTHREAD_MUTEX_ROBUST);
	pthread_t waiters[3];

	shared = make(type, PTHREAD_MUTEX_ROBUST);
	CHECK(pthread_mutex_unlock(&shared) == EPERM);
	CHECK(pthread_mutex_consistent(&shared) == EINVAL);
	CHECK(pthread_mutex_lock(&shared) == 0);
	CHECK(pthread_mutex_consistent(&shared) == EINVAL);
	CHECK(unlocked_elsewhere() == EPERM);
	CHECK(pthread_mutex_unlock(&shared) == 0);
	/* the owner is dead already */
	join(spawn(die_with, &shared));
	CHECK(pthread_mutex_trylock(&shared) == EOWNERDEAD);
	CHECK(tried_elsewhere() == EBUSY);
	CHECK(pthread_mutex_consistent(&shared) == 0);
	CHECK(pthread_mutex_consistent(&shared) == EINVAL);
	CHECK(pthread_mutex_unlock(&shared) == 0);
	CHECK(pthread_mutex_lock(&shared) == 0 && pthread_mutex_unlock(&shared) == 0);
	/* told by timedlock; and the one who is told dies */
	join(spawn(die_with, &shared));
	CHECK(pthread_mutex_timedlock(&shared, &t) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(&shared) == 0);
	CHECK(pthread_mutex_lock(&other) == 0);
	CHECK(pthread_mutex_unlock(&shared) == 0); /* in this order: out of the list's middle */
	CHECK(pthread_mutex_unlock(&other) == 0);
	/* never mended: all are told, those who wait as well */
	join(spawn(die_with, &shared));
	CHECK(pthread_mutex_lock(&shared) == EOWNERDEAD);
	stage = 0;
	for (int i = 0; i < 3; i++)
		waiters[i] = spawn(lost, &shared);
	await(&stage, 3);
	await_queue(&shared.lock.mutex);
	CHECK(pthread_mutex_unlock(&shared) == 0);
	for (int i = 0; i < 3; i++)
		join(waiters[i]);
	CHECK(pthread_mutex_lock(&shared) == ENOTRECOVERABLE);
	CHECK(pthread_mutex_trylock(&shared) == ENOTRECOVERABLE);
	CHECK(pthread_mutex_consistent(&shared) == EINVAL);
	CHECK(pthread_mutex_unlock(&shared) == EPERM);
	CHECK(pthread_mutex_destroy(&shared) == 0 && pthread_mutex_destroy(&other) == 0);
	/* unlocked by one who was told: the same */
	shared = make(type, PTHREAD_MUTEX_ROBUST);
	join(spawn(die_with, &shared));
	join(spawn(lose, &shared));
	CHECK(pthread_mutex_lock(&shared) == ENOTRECOVERABLE);
}

/* Dies with several, while others wait for them. */
static pthread_mutex_t many[5];

static void *die_with_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++)
		CHECK(pthread_mutex_lock(&many[i]) == 0);
	CHECK(pthread_mutex_unlock(&many[2]) == 0);
	CHECK(pthread_mutex_lock(&many[2]) == 0);
	CHECK(pthread_mutex_unlock(&many[1]) == 0);
	stage = 1;
	for (int i = 0; i < 5; i++)
		if (i != 1)
			await_queue(&many[i].lock.mutex);
	return NULL;
}

static void *inherit(void *arg)
{
	CHECK(pthread_mutex_lock(arg) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(arg) == 0);
	CHECK(pthread_mutex_unlock(arg) == 0);
	return NULL;
}

static void robust_many(void)
{
	pthread_t dying, waiting[5];

	for (int i = 0; i < 5; i++)
		many[i] = make(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
	stage = 0;
	dying = spawn(die_with_many, NULL);
	await(&stage, 1);
	for (int i = 0; i < 5; i++)
		if (i != 1)
			waiting[i] = spawn(inherit, &many[i]);
	join(dying);
	for (int i = 0; i < 5; i++)
		if (i != 1)
			join(waiting[i]);
	for (int i = 0; i < 5; i++) {
		CHECK(pthread_mutex_lock(&many[i]) == 0);
		CHECK(pthread_mutex_unlock(&many[i]) == 0);
		CHECK(pthread_mutex_destroy(&many[i]) == 0);
	}
}

/* pthread_once, beside the mutex that it is made of */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int runs;

static void init(void)
{
	for (int i = 0; i < 20; i++)
		sys_yield();
	runs++;
}

static void *call_it(void *arg)
{
	(void)arg;
	CHECK(pthread_once(&once, init) == 0);
	CHECK(runs == 1);
	return NULL;
}

static void init_cancelled(void)
{
	runs++;
	stage = 1;
	for (;;)
		pthread_testcancel();
}

static void *call_cancelled(void *arg)
{
	pthread_once(arg, init_cancelled);
	return NULL;
}

static void onces(void)
{
	pthread_once_t other = PTHREAD_ONCE_INIT;
	pthread_t t[6];

	for (int i = 0; i < 6; i++)
		t[i] = spawn(call_it, NULL);
	for (int i = 0; i < 6; i++)
		join(t[i]);
	stage = 0;
	t[0] = spawn(call_cancelled, &other);
	await(&stage, 1);
	CHECK(pthread_cancel(t[0]) == 0);
	CHECK(join(t[0]) == PTHREAD_CANCELED);
	runs = 0;
	CHECK(pthread_once(&other, init) == 0 && runs == 1);
	CHECK(pthread_once(&other, init) == 0 && runs == 1);
}

/* pthread_spin_* */
static pthread_spinlock_t spin;
static uint64_t spun;

static void *spin_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		CHECK(pthread_spin_lock(&spin) == 0);
		spun++;
		CHECK(pthread_spin_unlock(&spin) == 0);
	}
	return NULL;
}

static void *spin_fails(void *arg)
{
	(void)arg;
	CHECK(pthread_spin_trylock(&spin) == EBUSY);
	CHECK(pthread_spin_unlock(&spin) == EPERM);
	return NULL;
}

static void spins(void)
{
	pthread_t t[4];

	CHECK(pthread_spin_init(&spin, PTHREAD_PROCESS_SHARED) == ENOTSUP);
	CHECK(pthread_spin_init(&spin, 2) == EINVAL);
	CHECK(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) == 0);
	CHECK(pthread_spin_unlock(&spin) == EPERM);
	CHECK(pthread_spin_lock(&spin) == 0);
	CHECK(pthread_spin_lock(&spin) == EDEADLK);
	CHECK(pthread_spin_trylock(&spin) == EBUSY);
	CHECK(pthread_spin_destroy(&spin) == EBUSY);
	join(spawn(spin_fails, NULL));
	CHECK(pthread_spin_unlock(&spin) == 0);
	for (int i = 0; i < 4; i++)
		t[i] = spawn(spin_many, NULL);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	CHECK(spun == 4 * 2000);
	CHECK(pthread_spin_destroy(&spin) == 0);
}

int main(void)
{
	attributes();
	normal();
	recursive();
	errorcheck();
	left_locked();
	giving_up();
	robust_of(PTHREAD_MUTEX_NORMAL);
	robust_of(PTHREAD_MUTEX_RECURSIVE);
	robust_of(PTHREAD_MUTEX_ERRORCHECK);
	robust_many();
	onces();
	spins();
	printf("mutex: all as it should be\n");
	return 0;
}

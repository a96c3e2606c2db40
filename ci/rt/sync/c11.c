/* SPDX-License-Identifier: MIT
 *
 * mtx_*, cnd_*, call_once.
 */
#include <threads.h>

#include "kit.h"

static mtx_t lock;
static cnd_t cond;
static once_flag once = ONCE_FLAG_INIT;
static int turns, runs;
static _Atomic int waiting;

static void *try_it(void *result)
{
	*(int *)result = mtx_trylock(&lock);
	if (*(int *)result == thrd_success)
		CHECK(mtx_unlock(&lock) == thrd_success);
	return NULL;
}

static int tried_elsewhere(void)
{
	int result = -1;

	join(spawn(try_it, &result));
	return result;
}

static void mutexes(void)
{
	struct timespec t = after(2 * MS);

	CHECK(mtx_init(&lock, 8) == thrd_error);
	CHECK(mtx_init(&lock, mtx_plain) == thrd_success);
	CHECK(mtx_lock(&lock) == thrd_success && tried_elsewhere() == thrd_busy);
	CHECK(mtx_unlock(&lock) == thrd_success && tried_elsewhere() == thrd_success);
	mtx_destroy(&lock);
	CHECK(mtx_lock(&lock) == thrd_error);
	CHECK(mtx_init(&lock, mtx_timed) == thrd_success);
	CHECK(mtx_timedlock(&lock, &t) == thrd_success);
	CHECK(mtx_timedlock(&lock, &t) == thrd_timedout && is_past(&t));
	CHECK(mtx_timedlock(&lock, &bad_time) == thrd_error);
	CHECK(mtx_unlock(&lock) == thrd_success);
	mtx_destroy(&lock);
	CHECK(mtx_init(&lock, mtx_timed | mtx_recursive) == thrd_success);
	CHECK(mtx_lock(&lock) == thrd_success && mtx_lock(&lock) == thrd_success);
	CHECK(mtx_timedlock(&lock, &t) == thrd_success && mtx_trylock(&lock) == thrd_success);
	for (int i = 0; i < 3; i++)
		CHECK(mtx_unlock(&lock) == thrd_success && tried_elsewhere() == thrd_busy);
	CHECK(mtx_unlock(&lock) == thrd_success && tried_elsewhere() == thrd_success);
	CHECK(mtx_unlock(&lock) == thrd_error);
	mtx_destroy(&lock);
}

static void *take_turn(void *arg)
{
	(void)arg;
	CHECK(mtx_lock(&lock) == thrd_success);
	waiting++;
	while (turns == 0)
		CHECK(cnd_wait(&cond, &lock) == thrd_success);
	turns--;
	CHECK(mtx_unlock(&lock) == thrd_success);
	return NULL;
}

static void conditions(void)
{
	struct timespec t = after(2 * MS);
	pthread_t other[4];

	CHECK(mtx_init(&lock, mtx_plain) == thrd_success && cnd_init(&cond) == thrd_success);
	CHECK(mtx_lock(&lock) == thrd_success);
	CHECK(cnd_timedwait(&cond, &lock, &t) == thrd_timedout && is_past(&t));
	CHECK(cnd_timedwait(&cond, &lock, &bad_time) == thrd_error);
	CHECK(mtx_unlock(&lock) == thrd_success);
	for (int i = 0; i < 4; i++)
		other[i] = spawn(take_turn, NULL);
	await(&waiting, 4);
	CHECK(mtx_lock(&lock) == thrd_success);
	turns = 1;
	CHECK(cnd_signal(&cond) == thrd_success);
	CHECK(mtx_unlock(&lock) == thrd_success);
	CHECK(mtx_lock(&lock) == thrd_success);
	turns += 3;
	CHECK(cnd_broadcast(&cond) == thrd_success);
	CHECK(mtx_unlock(&lock) == thrd_success);
	for (int i = 0; i < 4; i++)
		join(other[i]);
	CHECK(turns == 0);
	cnd_destroy(&cond);
	mtx_destroy(&lock);
}

static void run(void)
{
	sys_yield();
	runs++;
}

static void *call_it(void *arg)
{
	(void)arg;
	call_once(&once, run);
	CHECK(runs == 1);
	return NULL;
}

int main(void)
{
	pthread_t other[4];

	mutexes();
	conditions();
	for (int i = 0; i < 4; i++)
		other[i] = spawn(call_it, NULL);
	for (int i = 0; i < 4; i++)
		join(other[i]);
	printf("c11: all as it should be\n");
	return 0;
}

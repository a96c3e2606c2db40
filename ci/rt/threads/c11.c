/* SPDX-License-Identifier: MIT
 *
 * Threads of C11, alone and together with those of POSIX.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <threads.h>
#include <time.h>

#include "../check.h"

static thread_local int local = 3;
static _Atomic int destroyed, seen;
static tss_t key;

static int give_back(void *arg)
{
	CHECK(local == 3);
	local++;
	return (int)(long)arg;
}

static int leave(void *arg)
{
	thrd_exit((int)(long)arg);
}

static void destroy(void *value)
{
	CHECK(value == &key);
	destroyed++;
}

static int with_key(void *arg)
{
	CHECK(tss_get(key) == NULL);
	CHECK(tss_set(key, arg) == thrd_success && tss_get(key) == arg);
	return 1;
}

static int itself(void *arg)
{
	thrd_t *where = arg;

	CHECK(thrd_equal(*where, thrd_current()));
	CHECK(thrd_join(thrd_current(), NULL) == thrd_error);
	return 0;
}

static int detached(void *arg)
{
	CHECK(thrd_detach(thrd_current()) == thrd_success);
	CHECK(thrd_detach(thrd_current()) == thrd_error);
	seen++;
	return (int)(long)arg;
}

static void *posix(void *arg)
{
	thrd_exit((int)(long)arg);
}

int main(void)
{
	const struct timespec short_time = {.tv_nsec = 2000000}, wrong = {.tv_nsec = 1000000000};
	struct timespec left = {.tv_sec = 9}, before, after;
	thrd_t t, u;
	void *value;
	int result;

	for (int i = -5; i < 5; i++) {
		CHECK(thrd_create(&t, give_back, (void *)(long)i) == thrd_success);
		CHECK(thrd_create(&u, leave, (void *)(long)(2 * i)) == thrd_success);
		CHECK(!thrd_equal(t, u) && !thrd_equal(t, thrd_current()));
		CHECK(thrd_join(t, &result) == thrd_success && result == i);
		CHECK(thrd_join(u, &result) == thrd_success && result == 2 * i);
	}
	CHECK(thrd_join(t, NULL) == thrd_error); /* gone */
	CHECK(thrd_create(&t, itself, &t) == thrd_success);
	CHECK(thrd_join(t, NULL) == thrd_success);
	CHECK(tss_create(&key, destroy) == thrd_success);
	CHECK(tss_set(key, &local) == thrd_success);
	CHECK(thrd_create(&t, with_key, &key) == thrd_success);
	CHECK(thrd_join(t, &result) == thrd_success && result == 1 && destroyed == 1);
	CHECK(tss_get(key) == &local);
	tss_delete(key);
	CHECK(tss_set(key, &local) == thrd_error);
	CHECK(thrd_create(&t, detached, NULL) == thrd_success);
	while (!seen)
		thrd_yield();
	CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
	CHECK(thrd_sleep(&short_time, &left) == 0);
	CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
	CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >=
	      short_time.tv_nsec);
	CHECK(thrd_sleep(&wrong, NULL) < -1);
	/* both at once */
	CHECK(pthread_create(&t, NULL, posix, (void *)-4) == 0);
	CHECK(thrd_join(t, &result) == thrd_success && result == -4);
	CHECK(thrd_create(&t, give_back, (void *)6) == thrd_success);
	CHECK(pthread_join(t, &value) == 0 && value == (void *)6);
	printf("c11: all as it should be\n");
	return 0;
}

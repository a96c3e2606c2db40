/* SPDX-License-Identifier: MIT
 *
 * Values of threads by key: destructors, their order of events, keys that come again.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "../check.h"

#define THREADS 6

static pthread_key_t key, second;
static _Atomic int destroyed, again;
static _Atomic int gate, waiting;

static void destroy(void *value)
{
	CHECK(value != NULL && pthread_getspecific(key) == NULL);
	destroyed++;
}

/* Sets itself anew each time: is called so often and no more. */
static void set_again(void *value)
{
	again++;
	CHECK(pthread_setspecific(second, value) == 0);
}

static void *set(void *arg)
{
	CHECK(pthread_getspecific(key) == NULL && pthread_getspecific(second) == NULL);
	CHECK(pthread_setspecific(key, arg) == 0);
	sched_yield();
	CHECK(pthread_getspecific(key) == arg);
	return NULL;
}

static void *set_second(void *arg)
{
	CHECK(pthread_getspecific(second) == NULL);
	CHECK(pthread_setspecific(second, arg) == 0);
	pthread_exit(NULL);
}

static void *set_none(void *arg)
{
	CHECK(pthread_setspecific(key, arg) == 0);
	CHECK(pthread_setspecific(key, NULL) == 0);
	return NULL;
}

static void run(void *(*fn)(void *), unsigned n)
{
	pthread_t t[THREADS];

	for (unsigned i = 0; i < n; i++)
		CHECK(pthread_create(&t[i], NULL, fn, &t[i]) == 0);
	for (unsigned i = 0; i < n; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

static void destructors(void)
{
	CHECK(pthread_key_create(&key, destroy) == 0);
	CHECK(pthread_key_create(&second, set_again) == 0);
	run(set, THREADS);
	CHECK(destroyed == THREADS);
	run(set, 1);
	CHECK(destroyed == THREADS + 1);
	run(set_none, 2);
	CHECK(destroyed == THREADS + 1);
	run(set_second, 1);
	CHECK(again == PTHREAD_DESTRUCTOR_ITERATIONS);
	/* nothing is left of that for the next thread on the same stack */
	run(set, THREADS);
	CHECK(again == PTHREAD_DESTRUCTOR_ITERATIONS);
	CHECK(pthread_key_delete(second) == 0);
	CHECK(pthread_key_delete(key) == 0);
}

static void limits(void)
{
	pthread_key_t keys[PTHREAD_KEYS_MAX], more;

	for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++) {
		CHECK(pthread_key_create(&keys[i], NULL) == 0);
		CHECK(pthread_getspecific(keys[i]) == NULL);
		CHECK(pthread_setspecific(keys[i], &keys[i]) == 0);
	}
	CHECK(pthread_key_create(&more, NULL) == EAGAIN);
	for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++)
		CHECK(pthread_getspecific(keys[i]) == &keys[i]);
	for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++)
		CHECK(pthread_key_delete(keys[i]) == 0);
	CHECK(pthread_key_delete(keys[0]) == EINVAL);
	CHECK(pthread_setspecific(keys[0], keys) == EINVAL);
	CHECK(pthread_key_delete(PTHREAD_KEYS_MAX) == EINVAL);
	CHECK(pthread_setspecific(PTHREAD_KEYS_MAX, keys) == EINVAL);
}

static void *keep_value(void *arg)
{
	CHECK(pthread_setspecific(key, arg) == 0);
	waiting++;
	while (!gate)
		sched_yield();
	/* the key that has come again is another */
	CHECK(pthread_getspecific(key) == NULL);
	return NULL;
}

/* Who deletes a key takes the values, and calls no destructor. */
static void come_again(void)
{
	pthread_t t[THREADS];
	pthread_key_t old;

	CHECK(pthread_key_create(&key, destroy) == 0);
	CHECK(pthread_setspecific(key, &key) == 0);
	destroyed = 0;
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, keep_value, &t[i]) == 0);
	while (waiting != THREADS)
		sched_yield();
	old = key;
	CHECK(pthread_key_delete(key) == 0);
	CHECK(pthread_key_create(&key, destroy) == 0 && key == old);
	CHECK(pthread_getspecific(key) == NULL);
	gate = 1;
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(destroyed == 0);
	CHECK(pthread_key_delete(key) == 0);
}

int main(void)
{
	for (unsigned i = 0; i < 3; i++) {
		destroyed = again = gate = waiting = 0;
		destructors();
		limits();
		come_again();
	}
	printf("keys: all as it should be\n");
	return 0;
}

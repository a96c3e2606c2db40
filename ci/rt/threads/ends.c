/* SPDX-License-Identifier: MIT
 *
 * How a program with threads ends; argument: which way.  The exit status and a line
 * tell whether it was that.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <hartleaf/exec.h>

#include "../check.h"

#define THREADS 5

static pthread_t main_thread;
static _Atomic int ended, seen;

static void at_exit(void)
{
	printf("at exit: %d ended\n", ended);
}

static void *spin(void *arg)
{
	for (;;)
		if (arg)
			sched_yield();
	return NULL;
}

static void *end_later(void *arg)
{
	pthread_t t;

	for (long i = 0; i < 100 * (long)arg; i++)
		sched_yield();
	/* One that is begun by the last but itself: the program goes on with it. */
	if (arg)
		CHECK(pthread_create(&t, NULL, end_later, (char *)arg - 1) == 0);
	ended++;
	return NULL;
}

static long raw(void *arg)
{
	end_later(NULL);
	return (long)arg;
}

static void *call_exit(void *arg)
{
	exit((int)(long)arg);
}

static void *join_main(void *arg)
{
	void *value;

	CHECK(pthread_join(main_thread, &value) == 0 && value == (void *)31);
	CHECK(pthread_join(main_thread, NULL) != 0);
	ended++;
	return arg;
}

static void main_destroyed(void *value)
{
	CHECK(value == &main_thread);
	seen++;
}

static void popped(void *arg)
{
	(void)arg;
	printf("popped\n");
}

/* main goes first: the program ends with the last thread, with 0. */
static _Noreturn void last(void)
{
	pthread_key_t key;
	struct hl_exec *e;
	pthread_t t;

	CHECK(pthread_key_create(&key, main_destroyed) == 0);
	CHECK(pthread_setspecific(key, &main_thread) == 0);
	for (long i = 0; i < THREADS; i++) {
		CHECK(pthread_create(&t, NULL, end_later, (void *)i) == 0);
		if (i & 1)
			CHECK(pthread_detach(t) == 0);
	}
	CHECK(hl_exec_spawn(&e, raw, NULL) == 0);
	CHECK(pthread_create(&t, NULL, join_main, NULL) == 0);
	pthread_cleanup_push(popped, NULL);
	pthread_exit((void *)31);
	pthread_cleanup_pop(0);
}

static void start(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, fn, arg) == 0);
}

int main(int argc, char **argv)
{
	pthread_t t;
	const char *how = argc > 1 ? argv[1] : "";

	main_thread = pthread_self();
	atexit(at_exit);
	if (strcmp(how, "last") == 0)
		last();
	if (strcmp(how, "alone") == 0)
		pthread_exit((void *)5);
	for (long i = 0; i < THREADS; i++)
		start(spin, (void *)(i & 1));
	if (strcmp(how, "return") == 0)
		return 21;
	if (strcmp(how, "exit") == 0) {
		CHECK(pthread_create(&t, NULL, call_exit, (void *)23) == 0);
		pthread_join(t, NULL);
	}
	if (strcmp(how, "cancel") == 0) {
		start(call_exit, (void *)25);
		CHECK(pthread_cancel(pthread_self()) == 0);
		pthread_testcancel();
	}
	return 1;
}

/* SPDX-License-Identifier: MIT
 *
 * Cancellation: where it is acted on, where not, and what is called then.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio-bufio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "pthread/thread.h"

static _Atomic int there, order[4], orders;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static pthread_key_t key;
static pthread_t other;

static void note(void *what)
{
	order[orders++] = (int)(long)what;
	pthread_testcancel(); /* is ending: nothing happens */
}

static void unlock(void *what)
{
	CHECK(pthread_mutex_unlock(what) == 0);
}

static void begin(void)
{
	CHECK(pthread_setspecific(key, (void *)3) == 0);
	there = 1;
}

static void *in_testcancel(void *arg)
{
	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	begin();
	for (;;) {
		pthread_testcancel();
		sched_yield();
	}
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *in_join(void *arg)
{
	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	begin();
	CHECK(pthread_join(other, NULL) == 77);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *in_cond(void *arg)
{
	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	CHECK(pthread_mutex_lock(&mutex) == 0);
	pthread_cleanup_push(unlock, &mutex);
	begin();
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *in_sem(void *arg)
{
	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	begin();
	CHECK(sem_wait(&sem) == 77);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *in_sleep(void *arg)
{
	const struct timespec long_time = {.tv_sec = 100000};

	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	begin();
	CHECK(nanosleep(&long_time, NULL) == 77);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *wait_for_cancel(void *arg)
{
	while (!rt_thread->cancel)
		sched_yield();
	return arg;
}

/* Asked before it waits, so that the wake leaves a token or nothing at all. */
static void *before_sleep(void *arg)
{
	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	begin();
	wait_for_cancel(NULL);
	sleep(100000);
	CHECK(!"slept");
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *before_join(void *arg)
{
	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	begin();
	wait_for_cancel(NULL);
	pthread_join(other, NULL);
	CHECK(!"joined");
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *disabled(void *arg)
{
	int old = 77;

	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old) == 0);
	CHECK(old == PTHREAD_CANCEL_ENABLE);
	begin();
	wait_for_cancel(NULL);
	while (!(rt_thread->cancel & CANCEL_PENDING))
		sched_yield();
	pthread_testcancel();
	usleep(1000);
	CHECK(pthread_mutex_lock(&mutex) == 0);
	CHECK(pthread_mutex_unlock(&mutex) == 0);
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old) == 0);
	CHECK(old == PTHREAD_CANCEL_DISABLE);
	pthread_testcancel();
	CHECK(!"here");
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

/* A buffered stream over the console, where nothing comes in this test. */
static ssize_t two_then_console(int fd, void *data, size_t size)
{
	static const char text[] = "abcdef";
	static int calls;

	/* the second time as a program would that waits */
	if (++calls == 2)
		return read(fd, data, size);
	memcpy(data, calls == 1 ? text : text + 2, 2);
	return 2;
}

static char buffer[16];
static struct __file_bufio over_console =
	FDEV_SETUP_BUFIO(0, buffer, sizeof(buffer), two_then_console, NULL, NULL, NULL, __SRD, 0);
static FILE *const stream = (FILE *)&over_console;
static FILE *plain;

static void *in_getc(void *arg)
{
	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	begin();
	fgetc(plain);
	CHECK(!"here");
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *in_fgets(void *arg)
{
	char line[8];

	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	begin();
	fgets(line, sizeof(line), plain);
	CHECK(!"here");
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *in_fread(void *arg)
{
	char text[4];

	flockfile(stream); /* remains: it is the program's own affair */
	there = true;
	fread(text, 1, sizeof(text), stream);
	CHECK(!"here");
	return arg;
}

static void *unlocks(void *arg)
{
	pthread_cleanup_push((void (*)(void *))funlockfile, stream);
	in_fread(arg);
	pthread_cleanup_pop(0);
	return arg;
}

static void *to_itself(void *arg)
{
	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	begin();
	CHECK(pthread_cancel(pthread_self()) == 0);
	pthread_testcancel();
	CHECK(!"here");
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *hold(void *arg)
{
	while (!atomic_load((_Atomic int *)arg))
		sched_yield();
	return arg;
}

static void cancel_in(void *(*where)(void *), const char *name, unsigned rounds)
{
	_Atomic int over = 0;
	pthread_t t;
	void *value;

	for (unsigned i = 0; i < rounds; i++) {
		there = orders = over = 0;
		CHECK(pthread_create(&other, NULL, hold, &over) == 0);
		CHECK(pthread_create(&t, NULL, where, NULL) == 0);
		while (!there)
			sched_yield();
		for (unsigned n = 0; n < i; n++)
			sched_yield();
		CHECK(pthread_cancel(t) == 0);
		CHECK(pthread_join(t, &value) == 0);
		CHECK(value == PTHREAD_CANCELED);
		CHECK(orders == 3 && order[0] == 2 && order[1] == 1 && order[2] == 3);
		/* whom it joined is as joinable as before */
		over = 1;
		CHECK(pthread_join(other, &value) == 0 && value == &over);
	}
	CHECK(pthread_mutex_trylock(&mutex) == 0);
	CHECK(pthread_mutex_unlock(&mutex) == 0);
	printf("%s\n", name);
}

/* Its lock is free then, and the buffer has what it had. */
static void streams(void)
{
	pthread_t t;
	void *value;

	plain = fdopen(0, "r");
	CHECK(plain);
	cancel_in(in_getc, "getc", 3);
	CHECK(ftrylockfile(plain) == 0);
	funlockfile(plain);
	cancel_in(in_fgets, "fgets", 3);
	CHECK(ftrylockfile(plain) == 0);
	funlockfile(plain);
	CHECK(!feof(plain) && !ferror(plain));

	__bufio_lock_init(stream);
	there = false;
	CHECK(pthread_create(&t, NULL, unlocks, NULL) == 0);
	while (!there)
		sched_yield();
	for (int i = 0; i < 5; i++)
		sched_yield();
	CHECK(pthread_cancel(t) == 0 && pthread_join(t, &value) == 0 && value == PTHREAD_CANCELED);
	CHECK(ftrylockfile(stream) == 0);
	funlockfile(stream);
	/* a and b were read; then nothing, and now what comes */
	CHECK(!feof(stream) && fgetc(stream) == 'c' && fgetc(stream) == 'd');
}

static void *pop(void *arg)
{
	pthread_cleanup_push(note, (void *)1);
	pthread_cleanup_push(note, (void *)2);
	pthread_cleanup_pop(0);
	pthread_cleanup_push(note, (void *)3);
	pthread_cleanup_pop(1);
	pthread_cleanup_pop(1);
	CHECK(orders == 2 && order[0] == 3 && order[1] == 1);
	pthread_cleanup_push(note, (void *)4);
	pthread_exit(arg);
	pthread_cleanup_pop(0);
	return NULL;
}

static void refused(void)
{
	int old = 77;

	CHECK(pthread_setcancelstate(7, &old) == EINVAL && old == 77);
	CHECK(pthread_setcanceltype(7, &old) == EINVAL && old == 77);
	CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old) == ENOTSUP && old == 77);
	CHECK(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old) == 0);
	CHECK(old == PTHREAD_CANCEL_DEFERRED);
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL) == 0);
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL) == 0);
}

int main(void)
{
	pthread_t t;
	void *value;

	CHECK(pthread_key_create(&key, note) == 0);
	CHECK(sem_init(&sem, 0, 0) == 0);
	cancel_in(in_testcancel, "testcancel", 5);
	cancel_in(in_join, "join", 5);
	cancel_in(before_join, "before join", 2);
	cancel_in(in_cond, "condition variable", 5);
	cancel_in(in_sem, "semaphore", 5);
	cancel_in(in_sleep, "sleep", 5);
	cancel_in(before_sleep, "before sleep", 2);
	cancel_in(disabled, "disabled", 2);
	cancel_in(to_itself, "itself", 2);
	streams();
	orders = 0;
	CHECK(pthread_create(&t, NULL, pop, &t) == 0);
	CHECK(pthread_join(t, &value) == 0 && value == &t);
	CHECK(orders == 3 && order[2] == 4);
	refused();
	printf("cancel: all as it should be\n");
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * sem_*: each call, each error, cancellation, named ones.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <string.h>

#include "kit.h"

static sem_t sem;
static _Atomic int stage;

static int value(sem_t *s)
{
	int n;

	CHECK(sem_getvalue(s, &n) == 0);
	return n;
}

#define FAILS(call, error) CHECK((errno = 0, (call)) == -1 && errno == (error))

static void alone(void)
{
	struct timespec t = after(2 * MS), mono = at_clock(CLOCK_MONOTONIC, 2 * MS);

	FAILS(sem_init(&sem, 0, SEM_VALUE_MAX + 1u), EINVAL);
	FAILS(sem_init(&sem, 1, 0), ENOTSUP);
	CHECK(sem_init(&sem, 0, 2) == 0 && value(&sem) == 2);
	CHECK(sem_wait(&sem) == 0 && value(&sem) == 1);
	CHECK(sem_trywait(&sem) == 0 && value(&sem) == 0);
	FAILS(sem_trywait(&sem), EAGAIN);
	FAILS(sem_timedwait(&sem, &t), ETIMEDOUT);
	CHECK(is_past(&t));
	FAILS(sem_clockwait(&sem, CLOCK_MONOTONIC, &mono), ETIMEDOUT);
	FAILS(sem_timedwait(&sem, &bad_time), EINVAL);
	FAILS(sem_clockwait(&sem, 77, &t), EINVAL);
	CHECK(value(&sem) == 0);
	CHECK(sem_post(&sem) == 0 && value(&sem) == 1);
	CHECK(sem_timedwait(&sem, &bad_time) == 0); /* there is nothing to wait for */
	CHECK(sem_destroy(&sem) == 0);
	CHECK(sem_init(&sem, 0, SEM_VALUE_MAX) == 0 && value(&sem) == SEM_VALUE_MAX);
	FAILS(sem_post(&sem), EOVERFLOW);
	CHECK(value(&sem) == SEM_VALUE_MAX);
	CHECK(sem_wait(&sem) == 0 && sem_post(&sem) == 0);
	CHECK(sem_destroy(&sem) == 0);
}

static void *wait_it(void *arg)
{
	(void)arg;
	stage++;
	CHECK(sem_wait(&sem) == 0);
	return NULL;
}

static void in_handler(void *arg)
{
	(void)arg;
	stage += 100;
}

static void *wait_cancelled(void *arg)
{
	struct timespec t = after(1000000 * (int64_t)MS);

	pthread_cleanup_push(in_handler, NULL);
	stage++;
	if (arg)
		sem_timedwait(&sem, &t);
	else
		sem_wait(&sem);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *cancel_self(void *arg)
{
	(void)arg;
	CHECK(pthread_cancel(pthread_self()) == 0);
	CHECK(sem_trywait(&sem) == -1 && sem_post(&sem) == 0); /* don't act on it */
	sem_wait(&sem);
	return NULL;
}

static void await_waiters(int64_t n)
{
	while (atomic_load(&sem.count) != -n)
		sys_yield();
}

static void waits(void)
{
	pthread_t t[4];

	CHECK(sem_init(&sem, 0, 0) == 0);
	for (int i = 0; i < 4; i++)
		t[i] = spawn(i == 1 ? wait_cancelled : wait_it, i == 1 ? &sem : NULL);
	await_waiters(4);
	FAILS(sem_destroy(&sem), EBUSY);
	CHECK(value(&sem) == 0);
	CHECK(sem_post(&sem) == 0);
	await_waiters(3);
	CHECK(pthread_cancel(t[1]) == 0);
	await_waiters(2);
	CHECK(sem_post(&sem) == 0 && sem_post(&sem) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(join(t[i]) == (i == 1 ? PTHREAD_CANCELED : NULL));
	CHECK(value(&sem) == 0 && sem.count == 0 && stage == 104);
	t[0] = spawn(wait_cancelled, NULL);
	await_waiters(1);
	CHECK(pthread_cancel(t[0]) == 0 && join(t[0]) == PTHREAD_CANCELED);
	CHECK(sem.count == 0);
	CHECK(join(spawn(cancel_self, NULL)) == PTHREAD_CANCELED);
	CHECK(sem.count == 1);
	CHECK(sem_destroy(&sem) == 0);
}

static void named(void)
{
	char long_name[300];
	sem_t *a, *b;

	memset(long_name, 'x', sizeof(long_name));
	long_name[0] = '/';
	long_name[sizeof(long_name) - 1] = 0;
	errno = 0;
	CHECK(sem_open("/a", 0) == SEM_FAILED && errno == ENOENT);
	CHECK(sem_open("", O_CREAT, 0600, 1) == SEM_FAILED && errno == EINVAL);
	CHECK(sem_open("/", O_CREAT, 0600, 1) == SEM_FAILED && errno == EINVAL);
	CHECK(sem_open("/a/b", O_CREAT, 0600, 1) == SEM_FAILED && errno == EINVAL);
	CHECK(sem_open(long_name, O_CREAT, 0600, 1) == SEM_FAILED && errno == ENAMETOOLONG);
	CHECK(sem_open("/a", O_CREAT, 0600, SEM_VALUE_MAX + 1u) == SEM_FAILED && errno == EINVAL);
	a = sem_open("/a", O_CREAT | O_EXCL, 0600, 3);
	CHECK(a != SEM_FAILED && value(a) == 3);
	CHECK(sem_open("/a", O_CREAT | O_EXCL, 0600, 3) == SEM_FAILED && errno == EEXIST);
	b = sem_open("/a", O_CREAT, 0600, 7);
	CHECK(b == a && value(b) == 3);
	CHECK(sem_open("/a", 0) == a);
	CHECK(sem_close(a) == 0 && sem_close(a) == 0);
	CHECK(sem_wait(a) == 0);
	/* open still, but without a name */
	CHECK(sem_unlink("/a") == 0);
	FAILS(sem_unlink("/a"), ENOENT);
	FAILS(sem_unlink(long_name), ENAMETOOLONG);
	b = sem_open("/a", O_CREAT, 0600, 0);
	CHECK(b != SEM_FAILED && b != a && value(a) == 2 && value(b) == 0);
	CHECK(sem_close(a) == 0);
	FAILS(sem_close(a), EINVAL);
	/* closed, but with a name: keeps its value */
	CHECK(sem_post(b) == 0 && sem_close(b) == 0);
	FAILS(sem_close(b), EINVAL);
	CHECK(sem_open("/a", 0) == b && value(b) == 1);
	CHECK(sem_unlink("/a") == 0 && sem_close(b) == 0);
	CHECK(sem_open("/a", 0) == SEM_FAILED && errno == ENOENT);
}

int main(void)
{
	alone();
	waits();
	named();
	printf("semaphore: all as it should be\n");
	return 0;
}

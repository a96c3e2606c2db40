/* SPDX-License-Identifier: MIT
 *
 * The threads of C11, over those of POSIX.
 */
#include <errno.h>
#include <threads.h>

#include <hartleaf/time.h>

#include "../libc/clock.h"
#include "thread.h"

static long c11_run(void *arg)
{
	struct rt_thread *t = arg;

	return t->start.c11(t->arg);
}

int thrd_create(thrd_t *thread, thrd_start_t start, void *arg)
{
	struct rt_thread *t;

	if (rt_thread_create(&t, NULL) != 0)
		return thrd_nomem;
	t->start.c11 = start;
	t->arg = arg;
	t->exec.fn = c11_run;
	*thread = t;
	return rt_thread_start(t, false) == 0 ? thrd_success : thrd_error;
}

int thrd_equal(thrd_t a, thrd_t b)
{
	return a == b;
}

thrd_t thrd_current(void)
{
	return rt_thread_self();
}

int thrd_sleep(const struct timespec *duration, struct timespec *remaining)
{
	uint64_t deadline;

	if (rt_deadline(CLOCK_MONOTONIC, duration, false, &deadline) != 0)
		return -2;
	hl_sleep_until(deadline);
	if (remaining)
		*remaining = (struct timespec){0};
	return 0;
}

void thrd_yield(void)
{
	sys_yield();
}

void thrd_exit(int result)
{
	rt_thread_exit(result);
}

int thrd_detach(thrd_t thread)
{
	return pthread_detach(thread) == 0 ? thrd_success : thrd_error;
}

/* Not a cancellation point, if somebody uses both. */
int thrd_join(thrd_t thread, int *result)
{
	struct hl_exec *e = &thread->exec;

	if (thread == rt_thread || !e->started || rt_watch_join(e, HL_NEVER, false) != 0)
		return thrd_error;
	if (result)
		*result = (int)e->code;
	rt_exec_settle(e);
	return thrd_success;
}

int tss_create(tss_t *key, tss_dtor_t destructor)
{
	return pthread_key_create(key, destructor) == 0 ? thrd_success : thrd_error;
}

void *tss_get(tss_t key)
{
	return pthread_getspecific(key);
}

int tss_set(tss_t key, void *value)
{
	return pthread_setspecific(key, value) == 0 ? thrd_success : thrd_error;
}

void tss_delete(tss_t key)
{
	pthread_key_delete(key);
}

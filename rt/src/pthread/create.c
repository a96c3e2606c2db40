/* SPDX-License-Identifier: MIT
 *
 * Threads: create, join, detach, exit.
 */
#include <errno.h>

#include <hartleaf/layout.h>
#include <hartleaf/time.h>

#include "../libc/clock.h"
#include "attr.h"
#include "thread.h"

static long posix_run(void *arg)
{
	struct rt_thread *t = arg;

	return (long)t->start.posix(t->arg);
}

static size_t whole_pages(size_t size)
{
	return (size + PAGE_SIZE - 1) & -(size_t)PAGE_SIZE;
}

int rt_thread_create(struct rt_thread **out, const pthread_attr_t *attr)
{
	static const pthread_attr_t plain = RT_ATTR_DEFAULT;
	struct exec_plan plan = {.flags = EXEC_WATCHED};
	struct hl_exec *e;

	if (!attr)
		attr = &plain;
	else if (!rt_attr_valid(attr))
		return EINVAL;
	plan.stack = attr->__stack;
	plan.stack_size = attr->__stack ? attr->__stack_size : whole_pages(attr->__stack_size);
	plan.guard_size = attr->__stack ? 0 : whole_pages(attr->__guard_size);
	plan.affinity = rt_affinity(attr->__harts.__harts);
	switch (rt_exec_make(&e, &plan)) {
	case 0:
		break;
	case -HL_EINVAL:
		return EINVAL;
	default:
		return EAGAIN;
	}
#ifdef __riscv_flen
	/* "inherited from the creating thread"; flags and rounding */
	__asm__("frcsr %0" : "=r"(e->fcsr));
#endif
	*out = (struct rt_thread *)e;
	(*out)->signals = rt_thread->signals;
	e->arg = e;
	return 0;
}

int rt_thread_start(struct rt_thread *t, bool detached)
{
	struct hl_exec *e = &t->exec;

	e->detached = detached;
	if (hl_exec_start(e) == 0)
		return 0;
	rt_exec_reclaim(e);
	return EAGAIN;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *restrict attr, void *(*start)(void *),
		   void *arg)
{
	struct rt_thread *t;
	int error = rt_thread_create(&t, attr);

	if (error)
		return error;
	t->start.posix = start;
	t->arg = arg;
	t->exec.fn = posix_run;
	*thread = t; /* before it runs, for who looks there */
	return rt_thread_start(t, attr && attr->__detached == PTHREAD_CREATE_DETACHED);
}

static int join(struct rt_thread *t, void **value, uint64_t deadline)
{
	if (t == rt_thread)
		return EDEADLK;
	rt_cancel_test();
	if (!t->exec.started)
		return ESRCH;
	switch (rt_watch_join(&t->exec, deadline, true)) {
	case -HL_EBUSY:
		return EINVAL; /* detached, or somebody joins it already */
	case -HL_ETIMEDOUT:
		return ETIMEDOUT;
	case -HL_EAGAIN:
		rt_cancel_test();
		break;
	default:
		break;
	}
	if (value)
		*value = (void *)t->exec.code;
	rt_exec_settle(&t->exec);
	return 0;
}

int pthread_join(pthread_t thread, void **value)
{
	return join(thread, value, HL_NEVER);
}

int pthread_clockjoin_np(pthread_t thread, void **value, clockid_t clock,
			 const struct timespec *until)
{
	uint64_t deadline;
	int error = rt_deadline(clock, until, true, &deadline);

	return error ? error : join(thread, value, deadline);
}

int pthread_timedjoin_np(pthread_t thread, void **value, const struct timespec *until)
{
	return pthread_clockjoin_np(thread, value, CLOCK_REALTIME, until);
}

int pthread_tryjoin_np(pthread_t thread, void **value)
{
	uint64_t state = atomic_load_explicit(&thread->exec.join, memory_order_relaxed);

	if (thread != rt_thread && thread->exec.started && state == JOIN_NOBODY)
		return EBUSY;
	return join(thread, value, HL_NEVER);
}

int pthread_detach(pthread_t thread)
{
	if (!thread->exec.started)
		return ESRCH;
	return rt_watch_detach(&thread->exec) == 0 ? 0 : EINVAL;
}

void pthread_exit(void *value)
{
	rt_thread_exit((long)value);
}

pthread_t pthread_self(void)
{
	return rt_thread_self();
}

int pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}

/* There is no fork, so nothing that would have to call them. */
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	(void)prepare, (void)parent, (void)child;
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Names of threads, and what of POSIX has little to say here: there are no signals, no
 * clocks of a thread's own, and concurrency is what there are harts.
 */
#include <errno.h>
#include <string.h>

#include "thread.h"

static _Atomic int concurrency;

int pthread_setname_np(pthread_t thread, const char *name)
{
	if (!thread->exec.started)
		return ESRCH;
	if (strlen(name) >= sizeof(thread->name))
		return ERANGE;
	strcpy(thread->name, name);
	return 0;
}

int pthread_getname_np(pthread_t thread, char *name, size_t size)
{
	if (!thread->exec.started)
		return ESRCH;
	if (strlen(thread->name) >= size)
		return ERANGE;
	strcpy(name, thread->name);
	return 0;
}

int pthread_getconcurrency(void)
{
	return atomic_load_explicit(&concurrency, memory_order_relaxed);
}

int pthread_setconcurrency(int level)
{
	if (level < 0)
		return EINVAL;
	atomic_store_explicit(&concurrency, level, memory_order_relaxed);
	return 0;
}

/* The kernel counts whole slices, and only while others wait for the hart. */
int pthread_getcpuclockid(pthread_t thread, clockid_t *clock)
{
	(void)clock;
	return thread->exec.started ? ENOENT : ESRCH;
}

/* Signal 0 asks whether it is there; no other can be sent. */
int pthread_kill(pthread_t thread, int signal)
{
	if (!thread->exec.started)
		return ESRCH;
	return signal == 0 ? 0 : EINVAL;
}

/* A mask of signals that never come from elsewhere; raise() doesn't look at it. */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	unsigned long *mask = &rt_thread->signals, was = *mask, with = set ? *set : 0;

	if (set && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
		return EINVAL;
	if (old)
		*old = was;
	if (set)
		*mask = how == SIG_BLOCK ? was | with : how == SIG_UNBLOCK ? was & ~with : with;
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Cancellation, deferred: a flag that the target looks at where it may wait, and a wake
 * that ends its park, so that it comes there.
 */
#include <errno.h>

#include "thread.h"

int pthread_cancel(pthread_t thread)
{
	if (!thread->exec.started)
		return ESRCH;
	/* release: what we did before is seen by its handlers, see rt_cancel_test */
	atomic_fetch_or_explicit(&thread->cancel, CANCEL_PENDING, memory_order_release);
	if (thread != rt_thread)
		sys_wake(thread->exec.handle);
	return 0;
}

void rt_cancel_test(void)
{
	if (!rt_cancel_pending())
		return;
	atomic_thread_fence(memory_order_acquire); /* pairs with the release above */
	rt_thread_exit((long)PTHREAD_CANCELED);
}

void pthread_testcancel(void)
{
	rt_cancel_test();
}

int pthread_setcancelstate(int state, int *old)
{
	uint64_t was;

	if (state == PTHREAD_CANCEL_DISABLE)
		was = atomic_fetch_or_explicit(&rt_thread->cancel, CANCEL_DISABLED,
					       memory_order_relaxed);
	else if (state == PTHREAD_CANCEL_ENABLE)
		was = atomic_fetch_and_explicit(&rt_thread->cancel, ~(uint64_t)CANCEL_DISABLED,
						memory_order_relaxed);
	else
		return EINVAL;
	if (old)
		*old = was & CANCEL_DISABLED ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
	return 0;
}

/* Nobody is interrupted at any place that he happens to be at. */
int pthread_setcanceltype(int type, int *old)
{
	if (type == PTHREAD_CANCEL_ASYNCHRONOUS)
		return ENOTSUP;
	if (type != PTHREAD_CANCEL_DEFERRED)
		return EINVAL;
	if (old)
		*old = PTHREAD_CANCEL_DEFERRED;
	return 0;
}

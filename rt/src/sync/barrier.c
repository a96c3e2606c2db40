/* SPDX-License-Identifier: MIT
 *
 * pthread_barrier_t: the last one to come takes the list of those that wait, and releases
 * them when it has done with the barrier, so that each of them may destroy it.
 */
#include <string.h>

#include "pmutex.h"

int pthread_barrier_init(pthread_barrier_t *restrict b, const pthread_barrierattr_t *restrict attr,
			 unsigned count)
{
	if (count == 0 || (attr && attr->valid != ATTR_VALID))
		return EINVAL;
	memset(b, 0, sizeof(*b));
	b->count = count;
	return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
	int result = 0;

	hl_mutex_lock(&b->lock);
	if (b->count == 0)
		result = EINVAL;
	else if (b->here)
		result = EBUSY;
	else
		b->count = 0;
	hl_mutex_unlock(&b->lock);
	return result;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
	struct hl_waiter w, *others, *next;

	rt_waiter_init(&w, NULL);
	hl_mutex_lock(&b->lock);
	if (b->count == 0) {
		hl_mutex_unlock(&b->lock);
		return EINVAL;
	}
	others = b->waiters;
	if (++b->here < b->count) {
		w.next = others;
		b->waiters = &w;
		hl_mutex_unlock(&b->lock);
		rt_waiter_wait(&w);
		return 0;
	}
	b->waiters = NULL;
	b->here = 0;
	hl_mutex_unlock(&b->lock);
	for (; others; others = next) {
		next = others->next;
		rt_waiter_release(others, GO);
	}
	return PTHREAD_BARRIER_SERIAL_THREAD;
}

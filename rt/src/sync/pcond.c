/* SPDX-License-Identifier: MIT
 *
 * pthread_cond_t: an hl_cond and a clock.
 */
#include <string.h>

#include "cond.h"
#include "pmutex.h"

int pthread_cond_init(pthread_cond_t *restrict c, const pthread_condattr_t *restrict attr)
{
	if (attr && attr->valid != ATTR_VALID)
		return EINVAL;
	memset(c, 0, sizeof(*c));
	c->clock = attr ? (int)attr->clock : (int)CLOCK_REALTIME;
	return 0;
}

int pthread_cond_destroy(pthread_cond_t *c)
{
	if (c->dead)
		return EINVAL;
	if (!rt_cond_is_empty(&c->cond))
		return EBUSY;
	c->dead = 1;
	return 0;
}

static inline __attribute__((always_inline)) int wait(struct hl_pcond *c, struct hl_pmutex *m,
						      uint64_t deadline)
{
	uint64_t depth = 0;
	int result, regained;

	if (rt_cancel_pending())
		rt_cancel_test();
	if (c->dead)
		return EINVAL;
	result = rt_pmutex_give_up(m, &depth);
	if (result)
		return result;
	result = rt_cond_wait(&c->cond, &m->lock.mutex, deadline, true);
	regained = rt_pmutex_regain(m, depth);
	/* A wait that a signal ended is not given up: then the signal would be lost. */
	if (result < 0 && rt_cancel_pending())
		rt_cancel_test();
	if (regained)
		return regained;
	return result < 0 ? ETIMEDOUT : 0;
}

int pthread_cond_wait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m)
{
	return wait(c, m, HL_NEVER);
}

int pthread_cond_clockwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m, clockid_t clock,
			   const struct timespec *restrict abstime)
{
	uint64_t deadline;
	int result = rt_deadline(clock, abstime, true, &deadline);

	return result ? result : wait(c, m, deadline);
}

int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
			   const struct timespec *restrict abstime)
{
	clockid_t clock = c->clock ? (clockid_t)c->clock : CLOCK_REALTIME;

	return pthread_cond_clockwait(c, m, clock, abstime);
}

int pthread_cond_signal(pthread_cond_t *c)
{
	return c->dead ? EINVAL : rt_cond_signal(&c->cond);
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
	if (c->dead)
		return EINVAL;
	hl_cond_broadcast(&c->cond);
	return 0;
}

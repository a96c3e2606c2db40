/* SPDX-License-Identifier: MIT
 *
 * sem_t is an hl_sem.
 */
#include <errno.h>
#include <semaphore.h>

#include "../libc/clock.h"
#include "waiter.h"

static int fail(int error)
{
	errno = error;
	return -1;
}

int sem_init(sem_t *s, int pshared, unsigned value)
{
	if (value > SEM_VALUE_MAX)
		return fail(EINVAL);
	if (pshared)
		return fail(ENOTSUP);
	*s = (sem_t)HL_SEM_INIT(value);
	return 0;
}

int sem_destroy(sem_t *s)
{
	if (hl_load_relaxed(&s->count) < 0)
		return fail(EBUSY);
	return 0;
}

int sem_wait(sem_t *s)
{
	if (rt_cancel_pending())
		rt_cancel_test();
	/* It ends otherwise only for a cancel, and that doesn't come back. */
	if (rt_sem_wait_until(s, HL_NEVER, true) < 0)
		rt_cancel_test();
	return 0;
}

int sem_trywait(sem_t *s)
{
	return hl_sem_trywait(s) ? 0 : fail(EAGAIN);
}

int sem_clockwait(sem_t *restrict s, clockid_t clock, const struct timespec *restrict abstime)
{
	uint64_t deadline;
	int result;

	if (rt_cancel_pending())
		rt_cancel_test();
	if (hl_sem_trywait(s))
		return 0;
	result = rt_deadline(clock, abstime, true, &deadline);
	if (result)
		return fail(result);
	if (rt_sem_wait_until(s, deadline, true) == 0)
		return 0;
	if (rt_cancel_pending())
		rt_cancel_test();
	return fail(ETIMEDOUT);
}

int sem_timedwait(sem_t *restrict s, const struct timespec *restrict abstime)
{
	return sem_clockwait(s, CLOCK_REALTIME, abstime);
}

int sem_post(sem_t *s)
{
	int64_t count = hl_load_relaxed(&s->count);

	do {
		if (count >= SEM_VALUE_MAX)
			return fail(EOVERFLOW);
		/* release: pairs with the acquire in the waits */
	} while (!hl_cas_release(&s->count, &count, count + 1));
	if (count < 0)
		hl_sem_post_slow(s);
	return 0;
}

int sem_getvalue(sem_t *restrict s, int *restrict value)
{
	int64_t count = hl_load_relaxed(&s->count);

	*value = count > 0 ? (int)count : 0;
	return 0;
}

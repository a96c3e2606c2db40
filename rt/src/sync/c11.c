/* SPDX-License-Identifier: MIT
 *
 * The same by the names of threads.h.
 */
#include <threads.h>

#include "pmutex.h"

static int thrd_result(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case EBUSY:
		return thrd_busy;
	case ETIMEDOUT:
		return thrd_timedout;
	default:
		return thrd_error;
	}
}

int mtx_init(mtx_t *m, int type)
{
	pthread_mutexattr_t attr;

	if (type & ~(mtx_timed | mtx_recursive))
		return thrd_error;
	pthread_mutexattr_init(&attr);
	if (type & mtx_recursive)
		pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	return thrd_result(pthread_mutex_init(m, &attr));
}

void mtx_destroy(mtx_t *m)
{
	pthread_mutex_destroy(m);
}

int mtx_lock(mtx_t *m)
{
	return thrd_result(pthread_mutex_lock(m));
}

int mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict until)
{
	return thrd_result(pthread_mutex_timedlock(m, until));
}

int mtx_trylock(mtx_t *m)
{
	return thrd_result(pthread_mutex_trylock(m));
}

int mtx_unlock(mtx_t *m)
{
	return thrd_result(pthread_mutex_unlock(m));
}

int cnd_init(cnd_t *c)
{
	return thrd_result(pthread_cond_init(c, NULL));
}

void cnd_destroy(cnd_t *c)
{
	pthread_cond_destroy(c);
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
	return thrd_result(pthread_cond_wait(c, m));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
	return thrd_result(pthread_cond_timedwait(c, m, until));
}

int cnd_signal(cnd_t *c)
{
	return thrd_result(pthread_cond_signal(c));
}

int cnd_broadcast(cnd_t *c)
{
	return thrd_result(pthread_cond_broadcast(c));
}

void call_once(once_flag *once, void (*init)(void))
{
	pthread_once(once, init);
}

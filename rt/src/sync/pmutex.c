/* SPDX-License-Identifier: MIT
 *
 * pthread_mutex_t: an hl_mutex, and for all types but the normal one an owner and a depth.
 *
 * Robust ones are in a list of their owner, by which rt_sync_thread_end finds them: it makes
 * them INCONSISTENT and unlocks them.  `state` is its holder's, like all that is beside
 * lock.mutex: who gets an INCONSISTENT one is told and may mend it; if he unlocks it
 * instead, it is LOST, and each that gets it from then on lets go at once, so that
 * all who wait are told one after the other.
 */
#define HL_NO_INLINE
#include <string.h>

#include "pmutex.h"

#define DEPTH_MAX 65535

/* state of a robust one */
#define SOUND        0
#define INCONSISTENT 1
#define LOST         2

static void list_add(struct hl_pmutex *m)
{
	struct rt_thread *self = rt_thread_self();

	m->before = NULL;
	m->next = self->robust;
	if (m->next)
		m->next->before = m;
	self->robust = m;
}

static void list_remove(struct hl_pmutex *m)
{
	if (m->before)
		m->before->next = m->next;
	else
		rt_thread_self()->robust = m->next;
	if (m->next)
		m->next->before = m->before;
}

int rt_pmutex_regain_owned(struct hl_pmutex *m, uint64_t depth)
{
	if (m->state == LOST) {
		hl_mutex_unlock(&m->lock.mutex);
		return ENOTRECOVERABLE;
	}
	rt_lock_own(&m->lock);
	m->lock.depth = depth;
	if (m->kind & HL_PMUTEX_ROBUST)
		list_add(m);
	return m->state == INCONSISTENT ? EOWNERDEAD : 0;
}

int rt_pmutex_give_up_owned(struct hl_pmutex *m, uint64_t *depth)
{
	if (m->kind & HL_PMUTEX_DEAD)
		return EINVAL;
	if (!rt_lock_is_mine(&m->lock))
		return EPERM;
	*depth = m->lock.depth;
	if (m->kind & HL_PMUTEX_ROBUST) {
		if (m->state == INCONSISTENT)
			m->state = LOST;
		list_remove(m);
	}
	rt_lock_disown(&m->lock);
	return 0;
}

/* True: it was ours already, and *result says what comes of that. */
static bool again(struct hl_pmutex *m, int *result)
{
	if (m->kind == HL_PMUTEX_NORMAL || !rt_lock_is_mine(&m->lock))
		return false;
	switch (m->kind & HL_PMUTEX_TYPE) {
	case HL_PMUTEX_RECURSIVE:
		*result = m->lock.depth < DEPTH_MAX ? 0 : EAGAIN;
		if (*result == 0)
			m->lock.depth++;
		return true;
	case HL_PMUTEX_ERRORCHECK:
		*result = EDEADLK;
		return true;
	default: /* waits for itself, as it has to */
		return false;
	}
}

/* With abstime until then. */
static int lock(struct hl_pmutex *m, clockid_t clock, const struct timespec *abstime)
{
	uint64_t deadline = HL_NEVER;
	int result;

	if (m->kind & HL_PMUTEX_DEAD)
		return EINVAL;
	if (again(m, &result))
		return result;
	if (!abstime) {
		hl_mutex_lock(&m->lock.mutex);
	} else if (!hl_mutex_trylock(&m->lock.mutex)) {
		result = rt_deadline(clock, abstime, true, &deadline);
		if (result)
			return result;
		if (hl_mutex_lock_until(&m->lock.mutex, deadline) < 0)
			return ETIMEDOUT;
	}
	return rt_pmutex_regain(m, 1);
}

int hl_pmutex_lock(pthread_mutex_t *m)
{
	return lock(m, 0, NULL);
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
	return lock(m, 0, NULL);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const struct timespec *restrict abstime)
{
	return lock(m, CLOCK_REALTIME, abstime);
}

int pthread_mutex_clocklock(pthread_mutex_t *restrict m, clockid_t clock,
			    const struct timespec *restrict abstime)
{
	return lock(m, clock, abstime);
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
	int result;

	if (m->kind & HL_PMUTEX_DEAD)
		return EINVAL;
	if (again(m, &result))
		return result == EDEADLK ? EBUSY : result;
	if (!hl_mutex_trylock(&m->lock.mutex))
		return EBUSY;
	return rt_pmutex_regain(m, 1);
}

int hl_pmutex_unlock(pthread_mutex_t *m)
{
	uint64_t depth;
	int result;

	if ((m->kind & HL_PMUTEX_TYPE) == HL_PMUTEX_RECURSIVE && rt_lock_is_mine(&m->lock) &&
	    m->lock.depth > 1) {
		m->lock.depth--;
		return 0;
	}
	result = rt_pmutex_give_up(m, &depth);
	if (result == 0)
		hl_mutex_unlock(&m->lock.mutex);
	return result;
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
	return hl_pmutex_unlock(m);
}

int pthread_mutex_consistent(pthread_mutex_t *m)
{
	if (!(m->kind & HL_PMUTEX_ROBUST) || !rt_lock_is_mine(&m->lock) || m->state != INCONSISTENT)
		return EINVAL;
	m->state = SOUND;
	return 0;
}

void rt_sync_thread_end(struct rt_thread *thread)
{
	struct hl_pmutex *m;

	while ((m = thread->robust)) {
		thread->robust = m->next;
		if (m->next)
			m->next->before = NULL;
		if (m->state == SOUND)
			m->state = INCONSISTENT;
		rt_lock_disown(&m->lock);
		hl_mutex_unlock(&m->lock.mutex);
	}
}

int pthread_mutex_init(pthread_mutex_t *restrict m, const pthread_mutexattr_t *restrict attr)
{
	if (attr && attr->valid != ATTR_VALID)
		return EINVAL;
	memset(m, 0, sizeof(*m));
	m->kind = attr ? attr->kind : HL_PMUTEX_NORMAL;
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
	if (m->kind & HL_PMUTEX_DEAD)
		return EINVAL;
	/* held, or somebody waits */
	if (hl_load_relaxed(&m->lock.mutex.word) != 0)
		return EBUSY;
	m->kind = HL_PMUTEX_DEAD;
	return 0;
}

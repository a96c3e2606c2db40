/* SPDX-License-Identifier: MIT
 *
 * The attributes of what pthread.h has for synchronization.
 */
#include "pmutex.h"

static int check(unsigned valid)
{
	return valid == ATTR_VALID ? 0 : EINVAL;
}

/* Every attribute object has this one: queues are of one address space. */
static int get_pshared(unsigned valid, int *pshared)
{
	if (check(valid))
		return EINVAL;
	*pshared = PTHREAD_PROCESS_PRIVATE;
	return 0;
}

static int set_pshared(unsigned valid, int pshared)
{
	if (check(valid))
		return EINVAL;
	if (pshared == PTHREAD_PROCESS_SHARED)
		return ENOTSUP;
	return pshared == PTHREAD_PROCESS_PRIVATE ? 0 : EINVAL;
}

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
	*attr = (pthread_mutexattr_t){.kind = HL_PMUTEX_NORMAL, .valid = ATTR_VALID};
	return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
	if (check(attr->valid))
		return EINVAL;
	attr->valid = 0;
	return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *restrict attr, int *restrict type)
{
	if (check(attr->valid))
		return EINVAL;
	*type = (int)(attr->kind & HL_PMUTEX_TYPE);
	return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
	if (check(attr->valid) || type < 0 || type > PTHREAD_MUTEX_ERRORCHECK)
		return EINVAL;
	attr->kind = (attr->kind & ~HL_PMUTEX_TYPE) | (unsigned)type;
	return 0;
}

int pthread_mutexattr_getrobust(const pthread_mutexattr_t *restrict attr, int *restrict robust)
{
	if (check(attr->valid))
		return EINVAL;
	*robust = attr->kind & HL_PMUTEX_ROBUST ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED;
	return 0;
}

int pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust)
{
	if (check(attr->valid) ||
	    (robust != PTHREAD_MUTEX_ROBUST && robust != PTHREAD_MUTEX_STALLED))
		return EINVAL;
	attr->kind &= ~HL_PMUTEX_ROBUST;
	if (robust == PTHREAD_MUTEX_ROBUST)
		attr->kind |= HL_PMUTEX_ROBUST;
	return 0;
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *restrict attr, int *restrict pshared)
{
	return get_pshared(attr->valid, pshared);
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int pshared)
{
	return set_pshared(attr->valid, pshared);
}

int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *restrict attr, int *restrict protocol)
{
	if (check(attr->valid))
		return EINVAL;
	*protocol = PTHREAD_PRIO_NONE;
	return 0;
}

int pthread_mutexattr_setprotocol(pthread_mutexattr_t *attr, int protocol)
{
	if (check(attr->valid))
		return EINVAL;
	/* There are no priorities. */
	if (protocol == PTHREAD_PRIO_INHERIT || protocol == PTHREAD_PRIO_PROTECT)
		return ENOTSUP;
	return protocol == PTHREAD_PRIO_NONE ? 0 : EINVAL;
}

int pthread_condattr_init(pthread_condattr_t *attr)
{
	*attr = (pthread_condattr_t){.clock = CLOCK_REALTIME, .valid = ATTR_VALID};
	return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
	if (check(attr->valid))
		return EINVAL;
	attr->valid = 0;
	return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *restrict attr, clockid_t *restrict clock)
{
	if (check(attr->valid))
		return EINVAL;
	*clock = attr->clock;
	return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
	const struct timespec zero = {0};
	uint64_t ticks;

	/* what can be waited for */
	if (check(attr->valid) || rt_deadline(clock, &zero, true, &ticks))
		return EINVAL;
	attr->clock = clock;
	return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *restrict attr, int *restrict pshared)
{
	return get_pshared(attr->valid, pshared);
}

int pthread_condattr_setpshared(pthread_condattr_t *attr, int pshared)
{
	return set_pshared(attr->valid, pshared);
}

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
	attr->valid = ATTR_VALID;
	return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
	if (check(attr->valid))
		return EINVAL;
	attr->valid = 0;
	return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *restrict attr, int *restrict pshared)
{
	return get_pshared(attr->valid, pshared);
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attr, int pshared)
{
	return set_pshared(attr->valid, pshared);
}

int pthread_barrierattr_init(pthread_barrierattr_t *attr)
{
	attr->valid = ATTR_VALID;
	return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attr)
{
	if (check(attr->valid))
		return EINVAL;
	attr->valid = 0;
	return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *restrict attr,
				   int *restrict pshared)
{
	return get_pshared(attr->valid, pshared);
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *attr, int pshared)
{
	return set_pshared(attr->valid, pshared);
}

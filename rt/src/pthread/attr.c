/* SPDX-License-Identifier: MIT
 *
 * Attributes of threads.  What can't be had is refused here, so that a create with valid
 * attributes fails for want of memory only.
 */
#include <errno.h>
#include <string.h>

#include "attr.h"

int pthread_attr_init(pthread_attr_t *attr)
{
	*attr = (pthread_attr_t)RT_ATTR_DEFAULT;
	return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
	if (!rt_attr_valid(attr))
		return EINVAL;
	attr->__magic = 0;
	return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
	*state = attr->__detached;
	return rt_attr_valid(attr) ? 0 : EINVAL;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
	if (!rt_attr_valid(attr) ||
	    (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED))
		return EINVAL;
	attr->__detached = state;
	return 0;
}

int pthread_attr_getguardsize(const pthread_attr_t *restrict attr, size_t *restrict size)
{
	*size = attr->__guard_size;
	return rt_attr_valid(attr) ? 0 : EINVAL;
}

/* There is always one of a page. */
int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size)
{
	if (!rt_attr_valid(attr) || size > RT_STACK_LIMIT)
		return EINVAL;
	attr->__guard_size = size;
	return 0;
}

int pthread_attr_getstack(const pthread_attr_t *restrict attr, void **restrict stack,
			  size_t *restrict size)
{
	*stack = attr->__stack;
	*size = attr->__stack_size;
	return rt_attr_valid(attr) ? 0 : EINVAL;
}

int pthread_attr_setstack(pthread_attr_t *attr, void *stack, size_t size)
{
	if (!rt_attr_valid(attr) || !stack || size < PTHREAD_STACK_MIN || (uint64_t)stack % 16 ||
	    size % 16)
		return EINVAL;
	attr->__stack = stack;
	attr->__stack_size = size;
	return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *restrict attr, size_t *restrict size)
{
	*size = attr->__stack_size;
	return rt_attr_valid(attr) ? 0 : EINVAL;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
	if (!rt_attr_valid(attr) || size < PTHREAD_STACK_MIN || size > RT_STACK_LIMIT)
		return EINVAL;
	attr->__stack_size = size;
	return 0;
}

int pthread_attr_getscope(const pthread_attr_t *restrict attr, int *restrict scope)
{
	*scope = PTHREAD_SCOPE_SYSTEM;
	return rt_attr_valid(attr) ? 0 : EINVAL;
}

int pthread_attr_setscope(pthread_attr_t *attr, int scope)
{
	if (!rt_attr_valid(attr))
		return EINVAL;
	if (scope == PTHREAD_SCOPE_SYSTEM)
		return 0;
	return scope == PTHREAD_SCOPE_PROCESS ? ENOTSUP : EINVAL;
}

int pthread_attr_getinheritsched(const pthread_attr_t *restrict attr, int *restrict inherit)
{
	*inherit = attr->__inherit;
	return rt_attr_valid(attr) ? 0 : EINVAL;
}

/* Either comes to the same: all threads have the one policy and priority. */
int pthread_attr_setinheritsched(pthread_attr_t *attr, int inherit)
{
	if (!rt_attr_valid(attr) ||
	    (inherit != PTHREAD_INHERIT_SCHED && inherit != PTHREAD_EXPLICIT_SCHED))
		return EINVAL;
	attr->__inherit = inherit;
	return 0;
}

int pthread_attr_getschedpolicy(const pthread_attr_t *restrict attr, int *restrict policy)
{
	*policy = SCHED_OTHER;
	return rt_attr_valid(attr) ? 0 : EINVAL;
}

int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy)
{
	if (!rt_attr_valid(attr))
		return EINVAL;
	return rt_policy_check(policy);
}

int pthread_attr_getschedparam(const pthread_attr_t *restrict attr,
			       struct sched_param *restrict param)
{
	*param = (struct sched_param){0};
	return rt_attr_valid(attr) ? 0 : EINVAL;
}

int pthread_attr_setschedparam(pthread_attr_t *restrict attr,
			       const struct sched_param *restrict param)
{
	return rt_attr_valid(attr) && param->sched_priority == 0 ? 0 : EINVAL;
}

int rt_affinity_check(uint64_t harts)
{
	harts &= rt_harts();
	if (!harts)
		return EINVAL;
	return harts == rt_harts() || !(harts & (harts - 1)) ? 0 : ENOTSUP;
}

uint64_t rt_affinity(uint64_t harts)
{
	harts &= rt_harts();
	return harts == rt_harts() ? 0 : HL_HART(__builtin_ctzll(harts));
}

int pthread_attr_getaffinity_np(const pthread_attr_t *attr, size_t size, cpu_set_t *set)
{
	if (!rt_attr_valid(attr) || size < sizeof(*set))
		return EINVAL;
	set->__harts = attr->__harts.__harts & rt_harts();
	return 0;
}

int pthread_attr_setaffinity_np(pthread_attr_t *attr, size_t size, const cpu_set_t *set)
{
	int error;

	if (!rt_attr_valid(attr) || size < sizeof(*set))
		return EINVAL;
	error = rt_affinity_check(set->__harts);
	if (!error)
		attr->__harts = *set;
	return error;
}

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	const struct hl_exec *e = &thread->exec;

	if (!e->started)
		return ESRCH;
	*attr = (pthread_attr_t)RT_ATTR_DEFAULT;
	attr->__detached = atomic_load_explicit(&e->join, memory_order_relaxed) == JOIN_DETACHED
				   ? PTHREAD_CREATE_DETACHED
				   : PTHREAD_CREATE_JOINABLE;
	attr->__guard_size = e->guard_size;
	attr->__stack = (void *)e->stack;
	attr->__stack_size = e->stack_size;
	return pthread_getaffinity_np(thread, sizeof(attr->__harts), &attr->__harts);
}

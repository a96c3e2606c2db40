/* SPDX-License-Identifier: MIT
 *
 * Policies, priorities and harts of threads: <sched.h> says what there is.
 */
#include <errno.h>
#include <unistd.h>

#include <hartleaf/time.h>

#include "attr.h"

int rt_policy_check(int policy)
{
	if (policy == SCHED_OTHER)
		return 0;
	return policy == SCHED_FIFO || policy == SCHED_RR ? ENOTSUP : EINVAL;
}

/* For those that tell by errno. */
static int told(int error)
{
	if (!error)
		return 0;
	errno = error;
	return -1;
}

int sched_yield(void)
{
	sys_yield();
	return 0;
}

int sched_get_priority_max(int policy)
{
	return told(policy == SCHED_OTHER ? 0 : EINVAL);
}

int sched_get_priority_min(int policy)
{
	return sched_get_priority_max(policy);
}

static int program(pid_t pid)
{
	return pid == 0 || pid == getpid() ? 0 : ESRCH;
}

int sched_getscheduler(pid_t pid)
{
	return told(program(pid)); /* 0 is SCHED_OTHER */
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	int error = program(pid);

	if (!error)
		error = rt_policy_check(policy);
	if (!error && param->sched_priority != 0)
		error = EINVAL;
	return told(error); /* 0 is the policy before */
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
	*param = (struct sched_param){0};
	return told(program(pid));
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
	return sched_setscheduler(pid, SCHED_OTHER, param);
}

int sched_rr_get_interval(pid_t pid, struct timespec *interval)
{
	const uint64_t ns = hl_info()->slice_ns;

	*interval = (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
				      .tv_nsec = (long)(ns % 1000000000)};
	return told(program(pid));
}

int pthread_getschedparam(pthread_t thread, int *restrict policy,
			  struct sched_param *restrict param)
{
	if (!thread->exec.started)
		return ESRCH;
	*policy = SCHED_OTHER;
	*param = (struct sched_param){0};
	return 0;
}

int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param)
{
	int error = rt_policy_check(policy);

	if (!thread->exec.started)
		return ESRCH;
	return error ? error : pthread_setschedprio(thread, param->sched_priority);
}

int pthread_setschedprio(pthread_t thread, int priority)
{
	if (!thread->exec.started)
		return ESRCH;
	return priority == 0 ? 0 : EINVAL;
}

int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set)
{
	const uint64_t affinity = thread->exec.affinity;

	if (size < sizeof(*set))
		return EINVAL;
	if (!thread->exec.started)
		return ESRCH;
	set->__harts =
		affinity ? (uint64_t)1 << (affinity >> START_HART_SHIFT & 0xffff) : rt_harts();
	return 0;
}

/* A thread can move itself, by a fault that the warden mends (watch.c).  Others it can't be
 * done to while they run, nor to main, of which nobody here is the keeper. */
int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set)
{
	struct hl_exec *e = &thread->exec;
	uint64_t affinity;
	int error;

	if (size < sizeof(*set))
		return EINVAL;
	if (!e->started)
		return ESRCH;
	error = rt_affinity_check(set->__harts);
	if (error)
		return error;
	affinity = rt_affinity(set->__harts);
	if (affinity == e->affinity)
		return 0;
	if (thread != rt_thread || !(e->flags & EXEC_WATCHED))
		return ENOTSUP;
	e->affinity = affinity;
	rt_watch_bind(e, affinity ? affinity : HL_HART_ANY);
	return 0;
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	return told(pid ? ESRCH : pthread_getaffinity_np(rt_thread, size, set));
}

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	return told(pid ? ESRCH : pthread_setaffinity_np(rt_thread, size, set));
}

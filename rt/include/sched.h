/* SPDX-License-Identifier: MIT
 *
 * Scheduling as POSIX names it.  The kernel has one policy, equal shares by slices, and
 * no priorities: that is SCHED_OTHER with the one priority 0.  Harts can be chosen: one, or
 * all of them.  rt/doc/threads.md says what is refused.
 */
#ifndef HARTLEAF_SCHED_H
#define HARTLEAF_SCHED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/sched.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As many harts as the kernel can have. */
#define CPU_SETSIZE 64

typedef struct {
	uint64_t __harts;
} cpu_set_t;

#define __HL_CPU(n) ((n) < CPU_SETSIZE ? (uint64_t)1 << ((n) & (CPU_SETSIZE - 1)) : 0)

#define CPU_ZERO(set)     ((void)((set)->__harts = 0))
#define CPU_SET(n, set)   ((void)((set)->__harts |= __HL_CPU((size_t)(n))))
#define CPU_CLR(n, set)   ((void)((set)->__harts &= ~__HL_CPU((size_t)(n))))
#define CPU_ISSET(n, set) (((set)->__harts & __HL_CPU((size_t)(n))) != 0)
#define CPU_COUNT(set)    __builtin_popcountll((set)->__harts)
#define CPU_EQUAL(a, b)   ((a)->__harts == (b)->__harts)
#define CPU_AND(to, a, b) ((void)((to)->__harts = (a)->__harts & (b)->__harts))
#define CPU_OR(to, a, b)  ((void)((to)->__harts = (a)->__harts | (b)->__harts))
#define CPU_XOR(to, a, b) ((void)((to)->__harts = (a)->__harts ^ (b)->__harts))

int sched_yield(void);
int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);

/* pid 0 or getpid(): the program, whose threads all have the same policy. */
int sched_getscheduler(pid_t pid);
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);
int sched_getparam(pid_t pid, struct sched_param *param);
int sched_setparam(pid_t pid, const struct sched_param *param);
int sched_rr_get_interval(pid_t pid, struct timespec *interval);

/* pid 0: the calling thread. */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);

#ifdef __cplusplus
}
#endif

#endif

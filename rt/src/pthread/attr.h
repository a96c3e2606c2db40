/* SPDX-License-Identifier: MIT
 *
 * Attributes of threads and what they mean for executors.
 */
#ifndef RT_ATTR_H
#define RT_ATTR_H

#include <hartleaf/rt.h>

#include "thread.h"

#define RT_ATTR_MAGIC 0x61747472

/* clang-format off */
#define RT_ATTR_DEFAULT {                                                                          \
	.__magic = RT_ATTR_MAGIC,                                                                  \
	.__guard_size = PAGE_SIZE,                                                                 \
	.__stack_size = PTHREAD_STACK,                                                             \
	.__harts = {UINT64_MAX},                                                                   \
}
/* clang-format on */

static inline bool rt_attr_valid(const pthread_attr_t *attr)
{
	return attr->__magic == RT_ATTR_MAGIC;
}

/* Those that there are. */
static inline uint64_t rt_harts(void)
{
	const unsigned n = hl_info()->harts;

	return n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
}

/* Largest stack or guard. */
#define RT_STACK_LIMIT ((size_t)1 << 30)

/* 0, ENOTSUP, EINVAL */
int rt_policy_check(int policy);

/* 0, EINVAL if none of them is there, ENOTSUP if they are several and not all. */
int rt_affinity_check(uint64_t harts);
/* HL_HART of a set that passes the check; 0: any */
uint64_t rt_affinity(uint64_t harts);

#endif

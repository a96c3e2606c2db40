/* SPDX-License-Identifier: MIT
 *
 * What condition variables need of pthread_mutex_t, and what both have to do with clocks.
 */
#ifndef RT_SYNC_PMUTEX_H
#define RT_SYNC_PMUTEX_H

#include <errno.h>
#include <pthread.h>

#include "../libc/clock.h"
#include "waiter.h"

/* attr.valid of what was made by its init function */
#define ATTR_VALID 0x61747472

int rt_pmutex_give_up_owned(struct hl_pmutex *m, uint64_t *depth);
int rt_pmutex_regain_owned(struct hl_pmutex *m, uint64_t depth);

/* All of an unlock but the unlock itself of m->lock.mutex.  *depth is for regain.
 * 0, EPERM, EINVAL. */
static inline int rt_pmutex_give_up(struct hl_pmutex *m, uint64_t *depth)
{
	return m->kind == HL_PMUTEX_NORMAL ? 0 : rt_pmutex_give_up_owned(m, depth);
}

/* All of a lock behind that of m->lock.mutex.  0, EOWNERDEAD, or ENOTRECOVERABLE: it
 * is unlocked then. */
static inline int rt_pmutex_regain(struct hl_pmutex *m, uint64_t depth)
{
	return m->kind == HL_PMUTEX_NORMAL ? 0 : rt_pmutex_regain_owned(m, depth);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Many of everything is made by a host, an executor in a space of its own, so that the
 * tables for its capabilities go when the case ends.
 */
#ifndef TESTS_LIMITS_H
#define TESTS_LIMITS_H

#include "kit.h"

/* The host's addresses. */
#define HANDLES (ARENA + 0x40000000)
#define VIEWS   (ARENA + 0x50000000)
#define VASES   (ARENA + 0x60000000)

static inline uint64_t handle(uint64_t i)
{
	return HANDLES + i * PAGE_SIZE;
}

static inline uint64_t vas_at(uint64_t i)
{
	return VASES + i * PAGE_SIZE;
}

static inline const volatile struct executor *seen(uint64_t i)
{
	return executor_of(VIEWS + i * PAGE_SIZE);
}

static inline uint64_t life_of(uint64_t i)
{
	return seen(i)->state & EX_LIFE;
}

/* A case's work in a host, which has nearly all the memory that there is. */
void in_host(work *fn);
/* Tables for so many executors and spaces: made once, they stay. */
void make_tables(uint64_t executors, uint64_t spaces);
/* Executor i, of this space, and a view of it. */
void make_executor(uint64_t vas, uint64_t i);
/* Capabilities and views of so many. */
void let_go(uint64_t executors, uint64_t spaces);

#endif

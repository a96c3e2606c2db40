/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#include <hartleaf/rt.h>

#define FILES 64 /* file.c */

long sysconf(int name)
{
	const struct info *info = hl_info();

	switch (name) {
	case _SC_PAGESIZE:
		return PAGE_SIZE;
	case _SC_NPROCESSORS_CONF:
	case _SC_NPROCESSORS_ONLN:
		return info->harts;
	case _SC_PHYS_PAGES:
		return (long)info->memory_pages;
	case _SC_AVPHYS_PAGES:
		return (long)*(const volatile uint64_t *)&info->free_pages;
	case _SC_CLK_TCK:
		return CLOCKS_PER_SEC;
	case _SC_OPEN_MAX:
		return FILES;
	case _SC_MONOTONIC_CLOCK:
	case _SC_THREADS:
	case _SC_THREAD_ATTR_STACKADDR:
	case _SC_THREAD_ATTR_STACKSIZE:
		return 200809;
	case _SC_THREAD_KEYS_MAX:
		return PTHREAD_KEYS_MAX;
	case _SC_THREAD_DESTRUCTOR_ITERATIONS:
		return PTHREAD_DESTRUCTOR_ITERATIONS;
	case _SC_THREAD_STACK_MIN:
		return PTHREAD_STACK_MIN;
	case _SC_ARG_MAX:
	case _SC_THREAD_THREADS_MAX: /* memory */
	case _SC_TIMERS:
	case _SC_THREAD_CPUTIME:
	case _SC_THREAD_PRIORITY_SCHEDULING:
	case _SC_THREAD_PROCESS_SHARED:
		return -1; /* no limit known, or not there: errno stays */
	default:
		errno = EINVAL;
		return -1;
	}
}

int getpagesize(void)
{
	return PAGE_SIZE;
}

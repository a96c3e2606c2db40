/* SPDX-License-Identifier: MIT
 *
 * What a running program has at hand: facts about the machine, its own handle,
 * device tree, time.
 */
#ifndef HARTLEAF_RT_H
#define HARTLEAF_RT_H

#include <hartleaf/info.h>
#include <hartleaf/sys.h>

/* The info page; mapped in every address space.  See <hartleaf/info.h>. */
static inline const struct info *hl_info(void)
{
	return (const struct info *)INFO_VA;
}

/* The running executor's own handle: what others in this address space pass to
 * sys_wake to end its park.  Needs the thread-local storage that main() and
 * executors made by hl_exec_create have. */
extern _Thread_local hl_handle hl_self_handle;

static inline hl_handle hl_self(void)
{
	return hl_self_handle;
}

/* The device tree, checked, or NULL: damaged, or not in the first address
 * space.  Read it with <hartleaf/fdt.h>. */
const void *hl_device_tree(void);

/* Now, in ticks, hl_info()->timebase a second: what deadlines are compared with;
 * <hartleaf/time.h> knows nanoseconds.  The same on all harts.  Cheap, but where
 * the hart lacks it the firmware has to do it. */
static inline uint64_t hl_time(void)
{
	uint64_t now;

	__asm__ volatile("rdtime %0" : "=r"(now));
	return now;
}

/* Writes to the console as one unit, past stdio and past its lock if that can't
 * be had soon: for last words.  Does nothing without a console. */
void hl_console_force(const char *text, size_t size);

#endif

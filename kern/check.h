/* SPDX-License-Identifier: MIT
 *
 * The kernel looks at itself, in kernel-checked.elf only: when the first executor
 * ends, all harts are halted where they hold nothing, and all that is queued, linked
 * or counted must fit together.
 */
#ifndef KERN_CHECK_H
#define KERN_CHECK_H

struct executor;

#ifdef HARTLEAF_CHECKS
/* The machine is about to be stopped.  Returns if all is well; else it says what
 * isn't, and stops it as a failure. */
void check_machine(void);
/* This hart holds nothing but `current`, which may be NULL. */
void check_point(struct executor *current);
#else
static inline void check_machine(void)
{
}
static inline void check_point(struct executor *current)
{
	(void)current;
}
#endif

#endif

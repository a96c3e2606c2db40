/* SPDX-License-Identifier: MIT
 *
 * Deadlines.  Each hart has a heap of executors, ordered by the time at which it
 * looks at them (timer_key); only that hart touches it.  A wake doesn't: the
 * executor stays in the heap and is found to have no deadline, or a later one, when
 * its time comes.
 */
#ifndef KERN_TIMER_H
#define KERN_TIMER_H

#include "global.h"

/* ex, the caller's and current, is going to park until its `deadline`: sets TIMED
 * and sees to it that some hart looks in time. */
void timer_set(struct executor *ex);
/* ex is STOPPED or about to be: its heap is to forget it. */
void timer_forget(struct executor *ex);
/* Look at all that are due, and at those whose deadlines other harts have
 * changed. */
void timer_expire(uint64_t now);
/* Set the machine's timer to what comes first, the heap's root or the tick. */
void timer_program(void);

#endif

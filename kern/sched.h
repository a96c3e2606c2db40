/* SPDX-License-Identifier: MIT
 *
 * Where ready executors wait: one FIFO under an MCS lock.  The fast paths in
 * arch/ push and take inline; these are the same for C.
 */
#ifndef KERN_SCHED_H
#define KERN_SCHED_H

#include "global.h"

/* Queue one that the caller owns; it doesn't afterwards. */
void sched_enqueue(struct executor *ex);
/* Something has been queued (or is to be done): wake one sleeping hart. */
void sched_kick(void);
/* Sleep until something may be ready.  On the hart's stack, nothing current. */
void sched_idle(void);
/* An interrupt while user code ran. */
void sched_interrupt(struct executor *ex);

#endif

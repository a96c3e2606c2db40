/* SPDX-License-Identifier: MIT
 *
 * Which executor runs where, and next.
 *
 * A hart runs what is in its ring.  Into that go: what it wakes, starts or is
 * preempted from; what is bound to it and came by its inbox; what didn't fit into
 * other rings and waits in the global FIFO; and, when it would have nothing to do,
 * half of another's ring.  Executors bound to another hart go to its inbox.
 *
 * The rest is done by the tick, so that a switch needn't: slices, shares for those
 * in the FIFO, waking sleeping harts for what is left.  A hart has a tick only
 * while somebody waits for it.
 */
#ifndef KERN_SCHED_H
#define KERN_SCHED_H

#include "global.h"

/* Queue a READY one that the caller owns; it doesn't afterwards. */
void sched_enqueue(struct executor *ex);
/* The same, on the hart that it ran on last. */
void sched_return(struct executor *ex);
/* The caller owns ex and is going to run it here, or to push it on this hart's ring.
 * False: it is bound elsewhere. */
bool sched_adopt(struct executor *ex);
/* Something has been pushed on this hart's ring: see to the tick, and to harts that
 * sleep. */
void sched_pushed(void);
/* There is something to do: wake one hart that sleeps.  False: none does. */
bool sched_kick(void);
/* There is something to reclaim: this hart's tick is to come back to it. */
void sched_relay(void);
/* The same, not before that time. */
void sched_later(uint64_t at);

/* How many harts there are.  While they are started some look already; acquire: pairs
 * with the release in start_harts, for the pages of those counted. */
uint64_t sched_harts(void);
/* Any of them. */
uint64_t sched_random_hart(void);
/* Deal with deadlines; due: this hart's timer is pending.  Returns the time. */
uint64_t sched_timers(bool due);

/* An interrupt while ex ran. */
void sched_interrupt(struct executor *ex, bool timer);

/* Called from assembly.  The ring is empty: run something else, or sleep. */
_Noreturn void sched_find(void);
/* ex was PARKED and claimed to be swapped to.  True: it can be, here.  False: it isn't
 * the caller's any more. */
bool sched_accept(struct executor *ex);

#endif

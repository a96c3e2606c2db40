/* SPDX-License-Identifier: MIT
 *
 * The run queue of a hart: a ring in its page with one producer, its owner, and
 * many takers.  rq_head and rq_tail count bytes and never wrap around (64 bits), so
 * a CAS on the head succeeds only if nothing was taken since it was read.
 *
 * Who is in a ring is READY, `hart` is the ring's owner, set before the push,
 * and nothing of it but flags of the state is written until it is taken.
 *
 * The fast paths in arch/ push and take inline; these are the same for C.
 */
#ifndef KERN_RUNQ_H
#define KERN_RUNQ_H

#include "atomic.h"
#include "global.h"

/* Entries, in bytes, as the owner sees it: thieves can only make it fewer. */
static inline uint64_t runq_bytes(void)
{
	return this_hart->rq_tail - atomic_load(&this_hart->rq_head);
}

static inline bool runq_full(void)
{
	return runq_bytes() >= RQ_FULL;
}

static inline struct executor **runq_slot(struct hart *h, uint64_t counter)
{
	return &h->ring[(counter & RQ_MASK) / RQ_STEP];
}

/* The owner's: what is in the next n slots is in the queue from here on. */
static inline void runq_publish(uint64_t n)
{
	/* Release: slots and executors before the tail; pairs with the acquire
	 * in runq_steal. */
	atomic_store_release(&this_hart->rq_tail, this_hart->rq_tail + n * RQ_STEP);
}

/* The owner's; there is room. */
static inline void runq_push(struct executor *ex)
{
	*runq_slot(this_hart, this_hart->rq_tail) = ex;
	runq_publish(1);
}

/* The owner's; NULL: empty. */
struct executor *runq_take(void);

/* Take half of another hart's queue; nothing that is bound, nor what is behind it.
 * Returns the first, NULL if there was none, or somebody else was quicker; the others, *rest of them, are in the
 * next slots of this hart's ring, which must be empty, and are yet to be
 * adopted and published. */
struct executor *runq_steal(struct hart *victim, uint64_t *rest);

#endif

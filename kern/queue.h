/* SPDX-License-Identifier: MIT
 *
 * Where ready executors wait that are in no ring.
 *
 *	inbox    of a hart: others push on it, lock-free; the hart takes all
 *	backlog  of a hart, its own: what came by the inbox, or has to leave the
 *	         ring but is bound; wants into the ring when there is room
 *	FIFO     one, under a lock: what found a ring full
 */
#ifndef KERN_QUEUE_H
#define KERN_QUEUE_H

#include "atomic.h"
#include "global.h"

/* To the inbox of another hart, which is interrupted if that was empty. */
void queue_send(struct hart *to, struct executor *ex);
/* To the end of this hart's backlog. */
void queue_behind(struct executor *ex);
/* What has come by the inbox goes behind the backlog, in its order; then as much of
 * that as there is room for into the ring.  True: something did. */
bool queue_drain(void);
/* In one hold of the lock: the list first..last goes to the FIFO's end, up to n from
 * its head come back. */
struct executor *queue_fifo(struct executor *first, struct executor *last, uint64_t n);
/* `out` from the ring's head to the FIFO, or backlog if bound; up to `in` from the FIFO
 * into the ring, which has room for them. */
void queue_exchange(uint64_t out, uint64_t in);

static inline bool queue_fifo_waits(void)
{
	return atomic_load(&global->sched_head) != NULL;
}

#endif

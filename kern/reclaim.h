/* SPDX-License-Identifier: MIT
 *
 * Reclaiming: grace periods, frames that wait for one, takedown of VASs.
 *
 * A looked-up executor or VAS pointer is good until its hart leaves the
 * kernel or sleeps.  So the page behind it is freed only after every hart has
 * done that once: it is unlinked, deferred, and freed after the next grace
 * period.  The fast paths do nothing for it.
 *
 * Nobody waits: a bounded step at a time is done by harts that have nothing else to do,
 * by ticks, and by calls of those who pay for what is reclaimed, who wait for it, or whom
 * budget has run out on: not by strangers' calls.  reclaim_events counts the reasons for a
 * step, reclaim_seen what was seen of them when nothing was left to do.
 */
#ifndef KERN_RECLAIM_H
#define KERN_RECLAIM_H

#include "atomic.h"
#include "global.h"
#include "sched.h"

/* Free a VAS or executor page after a grace period. */
void reclaim_defer(uint64_t frame);
/* v has become DYING, or its last executor STOPPED where that was awaited, or it is a
 * zombie that has to be settled. */
void reclaim_vas(struct vas *v);
/* One bounded step, if there is one, for v if it is dying, or whatever is next with NULL.
 * Only where this hart holds no pointer it looked up, but for the current executor; v isn't
 * to be used after it either.
 * True: there is more to do. */
bool reclaim_step(struct vas *v);

static inline void reclaim_event(void)
{
	atomic_add(&global->reclaim_events, 1);
}

/* This hart has just been quiescent. */
static inline void reclaim_answered(void)
{
	if (atomic_load(&global->grace_running))
		reclaim_event();
}

static inline bool reclaim_wanted(void)
{
	return atomic_load(&global->reclaim_events) != atomic_load(&global->reclaim_seen);
}

/* What a hart with something better to do spends: a step, and if that leaves more, its tick
 * comes back to it. */
static inline void reclaim_poll(struct vas *v)
{
	if (reclaim_wanted() && reclaim_step(v))
		sched_relay();
}

/* A step could be done, and nobody is doing it. */
static inline bool reclaim_ready(void)
{
	return reclaim_wanted() && atomic_load(&global->reclaim_lock) == 0;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Reclaiming: grace periods, who does the steps, counts that are taken only
 * while they are not zero, and the order of a takedown.
 *
 * Modelled: HARTS harts, one executor page, capabilities on it in two slots,
 * its VAS, and on each hart a program of another VAS, which may do any of the
 * calls below, sleep, or stop calling (it spins); then only an interrupt brings
 * its hart into the kernel.  A call does a step, or leaves it to its hart's tick; a grace
 * period that interrupts somebody may be put off once, for a timer to come back to.  One step is one access to a word that other harts
 * may touch at that time.
 *
 * SCENE
 *   FREE   use, share, unmap, start, end; the page is freed when nothing
 *          counts it any more
 *   DYING  start, end, and the VAS is killed, so that it is taken down
 *   BOTH   use and unmap while the VAS is taken down
 * Bounds: at most CALLS calls, NAPS sleeps, JOBS returns from them, and IPIS
 * interrupts for other reasons, in all.
 *
 * Checked
 *   - no page is freed while a hart holds a pointer to it that it looked up,
 *     while it lives, or while a capability names it
 *   - nothing is started, lives, or is a hart's space when the sweep begins or
 *     later
 *   - when nothing moves any more and a hart sleeps, no reclaiming is left to
 *     do; and nobody goes on that was asked to stop
 *
 * Memory order.  Promela is sequentially consistent; besides, RVWMO lets a load
 * be served before an older store of its own hart.  The bugs that lack a fence
 * do their load that early.  Acquire and release orders are taken as given.
 *
 * Correspondence
 *   reclaim_step, unit, grace_begin, grace_end, free_some, wait_for_grace,
 *   takedown_step (with the arrivals of takedowns_step),
 *   reclaim_event, reclaim_answered, reclaim_poll, reclaim_ready, reclaim_wanted
 *                                              kern/reclaim.[ch]
 *   sched_kick, sched_interrupt    kern/sched.c; idle: kern/idle.c
 *   executor_get, executor_put, executor_stop, executor_end, executor_start,
 *   run_or_dispatch                            kern/executor.c
 *   vas_unrun, vas_await_end, vas_kill         kern/vas.c
 *   call_use                      whatever follows a handle (wake, swap, ...)
 *   call_share, call_unmap        kern/map.c: share, unmap
 *   call_start, after_call        kern/call.c: call_start, call_c
 *
 * Abstractions.  A ticket is kept as the number of periods still to end (ticket
 * - grace_done), the count of answers as whether it moved since the snapshot:
 * nothing but that is ever looked at; and likewise of reclaim_events whether
 * it is reclaim_seen, or what the step under way has read.  One page stands for
 * a batch.  Queues and how they wake harts are idle.pml's, the rest of the
 * state word state.pml's.
 *
 * Seeded bugs, each of which must be found, with the scene that does:
 *   FREE   BUG_NO_GRACE           freed at once
 *   BOTH   BUG_TICKET_ONE         a period that runs already counts
 *   FREE   BUG_LOAD_BEFORE_LEAVE  a lookup before the idle bit is cleared
 *   FREE   BUG_LOAD_BEFORE_COUNT  a lookup before the answer is counted
 *   FREE   BUG_IDLE_KEEPS_BIT     leaves idle without clearing its bit
 *   FREE   BUG_POLL_IN_CALL       a step while a pointer is held
 *   FREE   BUG_PLAIN_INC          counts one more though nothing is left
 *   FREE   BUG_START_NO_COUNT     a live executor doesn't count itself
 *   FREE   BUG_IPI_FIRST          interrupts, then takes the snapshot
 *   FREE   BUG_IDLE_DROPS_ANSWER  sleeps though a grace period waits for it
 *   FREE   BUG_SEEN_LATE          takes for seen what came meanwhile
 *   DYING  BUG_MORE_UNSEEN        a step leaves more to do, but nobody wants it
 *   FREE   BUG_ANSWER_NO_EVENT    the last answer tells nobody
 *   FREE   BUG_CALL_NO_RELAY      a call leaves work, and sets no tick
 *   FREE   BUG_DEFER_FORGETS      a period is put off, and no timer set
 *   FREE   BUG_SLEEP_PAST_TIMER   sleeps on though that timer is due
 *   DYING  BUG_DYING_NO_GRACE     stops the executors at once
 *   DYING  BUG_SWEEP_NO_GRACE     sweeps as soon as none lives
 *   DYING  BUG_STOP_UNSEEN        a step asks the hart's own executor, unseen
 *   DYING  BUG_NO_FENCE_AWAIT     AWAITED -> runs
 *   DYING  BUG_NO_FENCE_UNRUN     runs -> AWAITED
 */
#define FREE 1
#define DYING 2
#define BOTH 3
#ifndef SCENE
#define SCENE FREE
#endif
#ifndef HARTS
#define HARTS 2
#endif
#ifndef CALLS
#define CALLS 3
#endif
#ifndef NAPS
#define NAPS 1
#endif
#ifndef JOBS
#define JOBS 1
#endif
#ifndef IPIS
#define IPIS 1
#endif
#define NONE 0
#define BIT(h) (1 << (h))
/* the global page */
byte idle;
bool wanted; /* reclaim_events != reclaim_seen */
bool newer; /* reclaim_events != what the step has read */
bool lock; /* reclaim_lock */
bool running; /* grace_running */
byte waits; /* grace_harts */
bool limbo, waiting; /* the page is on that list */
byte ticket; /* limbo_ticket - grace_done */
bool put_off; /* the period that is needed */
byte jobs; /* programs in the queue */
/* hart pages */
bool moved[HARTS + 1]; /* quiesced != quiesced_seen */
bool ssip[HARTS + 1];
bool tick[HARTS + 1]; /* is set */
bool later[HARTS + 1]; /* later_at is set */
/* the executor */
#define STOPPED 0
#define READY 1
#define ASKED 2 /* READY and STOPREQ */
byte state;
byte refs = 1;
byte hart_of;
bool slot[2]; /* capabilities */
bool queued;
/* its VAS */
bool dying, doomed;
bool awaited; /* VAS_AWAITED */
byte runs;
byte phase;
byte vticket;
#define DYING_GRACE 1
#define DYING_EXECUTORS 2
#define DYING_RUNS 3
#define DYING_SPACE 4
#define SWEPT 5
/* what the checks need */
bool holds[HARTS + 1]; /* has looked it up */
byte on[HARTS + 1]; /* what the hart is at */
#define KERNEL 0
#define PROGRAM 1
#define EXECUTOR 2
bool space[HARTS + 1]; /* satp is the VAS's */
bool freed;
byte naps, calls, back, ipis; /* left */

#define head (queued || jobs > 0)
#define reclaim_wanted wanted
#define reclaim_event() atomic { wanted = true; newer = true }

#include "grace_reclaim.inc"

/* Another program's call looks up a slot: holds[me]. */
inline lookup(i)
{
	atomic { holds[me] = slot[i]; assert(!holds[me] || !freed) }
}

proctype hart(byte me)
{
	byte m, n, x; /* scratch */
	bool done, begun, ticks;

	goto user;

dispatch:
	atomic {
		if
		:: queued -> queued = false; goto run_ex
		:: else
		fi;
		if
		:: jobs > 0 -> jobs--; space[me] = false; on[me] = PROGRAM; goto user
		:: else
		fi
	}

	/* sched_find */
	sched_timers();
	space[me] = false; /* hart_use_kernel_space */
	tick[me] = false;
	do
	:: !head && reclaim_wanted ->
		reclaim_step();
		if
		:: done -> done = false
		:: else -> break
		fi
	:: else -> break
	od;
	idle = idle | BIT(me); /* fence_full */
look:
	ssip[me] = false; /* hart_interrupt_clear, with a fence */
	if
	:: head -> goto leave
	:: else
	fi;
	/* reclaim_ready */
	if
	:: reclaim_wanted ->
		if
		:: !lock -> goto leave
		:: else
		fi
	:: else
	fi;
#ifndef BUG_IDLE_DROPS_ANSWER
	if
	:: waits & BIT(me) -> goto leave
	:: else
	fi;
#endif
	if
	:: !(idle & BIT(me)) -> goto leave
	:: else
	fi;
end_asleep:
	if /* hart_wait */
	:: ssip[me] -> goto look
#ifndef BUG_SLEEP_PAST_TIMER
	:: later[me]
#endif
	fi;
leave:
#ifdef BUG_LOAD_BEFORE_LEAVE
	lookup(0);
#endif
#ifdef BUG_IDLE_KEEPS_BIT
	skip;
#else
	idle = idle & ~BIT(me); /* fence_full */
#endif
	moved[me] = true; /* quiesced++; fence_full */
#ifdef BUG_LOAD_BEFORE_LEAVE
	holds[me] = false;
#endif
	reclaim_answered();
	reclaim_poll();
	goto dispatch;

user: /* the program's */
	assert(!holds[me] && on[me] == PROGRAM && !space[me]);
end_user:
	atomic {
		if
		:: ssip[me] -> ssip[me] = false; goto sched_interrupt
		:: tick[me] || later[me] -> goto sched_interrupt
		:: naps > 0 -> naps--; on[me] = KERNEL; goto dispatch
#if SCENE != DYING
		:: calls > 0 && slot[0] -> calls--; goto call_use
		:: calls > 0 && slot[0] -> calls--; n = 0; goto call_unmap
#endif
#if SCENE == FREE
		:: calls > 0 && slot[0] -> calls--; goto call_share
		:: calls > 0 && slot[1] -> calls--; n = 1; goto call_unmap
#else
		:: calls > 0 && !dying -> calls--; goto vas_kill
#endif
#if SCENE != BOTH
		:: calls > 0 && slot[0] -> calls--; goto call_start
#endif
		/* yield */
		:: calls > 0 && queued ->
			calls--; queued = false; jobs++; on[me] = KERNEL; goto run_ex
		fi
	}

run_ex: /* run, executor_adopt; fence_full */
	hart_of = me;
	space[me] = true;
	if
	:: state == ASKED -> goto executor_end
	:: else -> on[me] = EXECUTOR
	fi;
user_ex:
	assert(state != STOPPED && phase != SWEPT && !freed);
end_user_ex:
	atomic {
		if
		:: ssip[me] -> ssip[me] = false; goto sched_interrupt
		:: tick[me] || later[me] -> goto sched_interrupt
		:: calls > 0 -> calls--; goto executor_end /* executor_end_self */
		fi
	}

sched_interrupt:
#ifdef BUG_LOAD_BEFORE_COUNT
	lookup(0);
#endif
	moved[me] = true; /* fences on either side */
#ifdef BUG_LOAD_BEFORE_COUNT
	holds[me] = false;
#endif
	reclaim_answered();
	/* Which of the timers it was, if it was one. */
	atomic { ticks = tick[me]; tick[me] = false }
	sched_timers();
	reclaim_poll();
	if
	:: ticks && reclaim_wanted -> ticks = false; sched_relay(); sched_kick()
	:: else -> ticks = false
	fi;
	if
	:: on[me] == PROGRAM -> goto user
	:: on[me] == EXECUTOR && state != ASKED -> goto user_ex
	:: on[me] == EXECUTOR && state == ASKED -> goto executor_end
#ifdef BUG_STOP_UNSEEN
	:: on[me] == EXECUTOR -> goto user_ex
#endif
	fi;

executor_end: /* satp stays what it is */
	atomic {
		on[me] = KERNEL;
		assert(state != STOPPED && phase != SWEPT);
		state = STOPPED
	}
	vas_unrun();
#ifndef BUG_START_NO_COUNT
	executor_put();
#endif
	/* run_or_dispatch */
	if
	:: reclaim_wanted -> sched_relay()
	:: else
	fi;
	goto dispatch;

call_use:
	lookup(0);
use:
	if
	:: holds[me] ->
#ifdef BUG_POLL_IN_CALL
		reclaim_poll();
#endif
		assert(!freed)
	:: else
	fi;
	holds[me] = false;
	goto after_call;

call_share: /* from slot 0 to slot 1 */
	lookup(0);
	if
	:: holds[me] ->
		executor_get();
		if
		:: x == 1 ->
			x = 0;
			if
			:: !slot[0] -> executor_put() /* changed: undo */
			:: else ->
				atomic { /* CAS */
					if
					:: !slot[1] -> slot[1] = true; x = 0
					:: else -> x = 1
					fi
				}
				if
				:: x == 1 -> x = 0; executor_put()
				:: else
				fi
			fi
		:: else
		fi
	:: else
	fi;
	holds[me] = false;
	goto after_call;

call_unmap:
	atomic { x = slot[n]; slot[n] = false; n = 0 } /* swap */
	if
	:: x == 1 -> executor_put()
	:: else
	fi;
	goto after_call;

call_start:
	lookup(0);
	if
	:: holds[me] ->
#ifndef BUG_START_NO_COUNT
		executor_get();
#else
		x = 1;
#endif
		n = x;
		x = 0;
		runs++;
		/* fence_full */
		if
		:: dying || n == 0 -> m = 0
		:: else ->
			atomic { /* CAS */
				if
				:: state == STOPPED ->
					assert(phase < DYING_SPACE);
					state = READY;
					m = 1
				:: else -> m = 0
				fi
			}
		fi;
		if
		:: m == 1 ->
			m = 0;
			n = 0;
			queued = true; /* sched_enqueue */
			sched_kick()
		:: else ->
			vas_unrun();
#ifndef BUG_START_NO_COUNT
			if
			:: n == 1 -> n = 0; executor_put()
			:: else
			fi
#endif
		fi
	:: else
	fi;
	holds[me] = false;
	goto after_call;

vas_kill:
	dying = true;
	doomed = true;
	reclaim_event();

after_call:
	if
	:: reclaim_poll()
#ifndef BUG_CALL_NO_RELAY
	:: reclaim_wanted -> sched_relay()
#else
	:: reclaim_wanted
#endif
	fi;
	goto user
}

/* Programs that sleep become ready; interrupts come for other reasons. */
proctype others()
{
	byte m, x;

end:
	do
	:: atomic { back > 0 -> back--; jobs++ }
		sched_kick()
	:: atomic { ipis > 0 -> ipis--; ssip[1] = true }
	od
}

active proctype quiet()
{
	byte i, asleep;

	timeout;
	d_step {
		for (i : 1 .. HARTS) {
			assert(!holds[i]);
			if
			:: on[i] == KERNEL -> asleep++; assert(!head)
			:: on[i] == EXECUTOR -> assert(state == READY && phase != DYING_RUNS)
			:: else
			fi
		}
		assert(!lock);
		if
		:: asleep > 0 ->
			assert(!limbo && !waiting && !doomed && !queued);
			assert(phase == 0 || phase == SWEPT);
			assert(freed == (refs == 0))
		:: else
		fi
	}
}

init
{
	byte i;

	slot[0] = true;
	select(calls : 0 .. CALLS);
	select(naps : 0 .. NAPS);
	select(back : 0 .. JOBS);
	select(ipis : 0 .. IPIS);
	if
	:: back > naps -> back = naps
	:: else
	fi;
	atomic {
		for (i : 1 .. HARTS) {
			on[i] = PROGRAM;
			run hart(i)
		}
		run others()
	}
}

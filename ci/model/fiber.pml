/* SPDX-License-Identifier: MIT
 *
 * Fibers: the ring of a worker, from which others steal, and the handshake between a
 * worker that goes to sleep and one that makes a fiber ready.
 *
 * Modelled: fibers that yield, wait, make others ready and end, in any order; workers that
 * take, steal and sleep; the end of a run.  One step is one access to a word that other
 * workers may touch at that time; LR/SC and AMO are one step.  park and wake are
 * the kernel's, with a token.
 *
 * Bounds: WORKERS workers, FIBERS fibers, rings of SLOTS; CALLS yields, waits and wakes in
 * all.  When those are used up, and that may be at any time, a fiber ends, or
 * spins for ever: then only a thief helps who is in its worker's ring.  All begin on
 * worker 1; with ASLEEP all but the first begin waiting; with WAKES all that fibers do is
 * make others ready, and spin.
 *
 * Checked
 *   - what is taken from a ring is what was pushed at that count; a fiber runs on one
 *     worker, and not before it has left the last one
 *   - no lost wakeup: when nothing moves any more and a worker sleeps, nobody is queued
 *     anywhere, and SEARCHING is clear
 *   - when the last fiber has ended all workers end
 *
 * Memory order.  Promela is sequentially consistent.  What RVWMO allows besides, and what
 * full fences are there for, is a load that is served before an older store of its own
 * hart; the BUG_NO_FENCE_* do it that early.  Orders that releases and acquires keep are
 * steps the other way round in other bugs.
 *
 * Correspondence
 *   push, take, steal            rt/src/fiber/queue.c: rt_fiber_ready, rt_fiber_next,
 *                                rt_fiber_steal; refill
 *   kick, search_ends, nap       rt/src/fiber/idle.c
 *   yield, wait, ends            rt/src/fiber/fiber.c: hl_fiber_yield, rt_fiber_leave,
 *                                `after`; ended
 *
 * Left out: deadlines.  The overflow is one step, under its lock.
 *
 * Seeded bugs, each of which must be found:
 *   BUG_NO_FENCE_KICK      tail -> look at idle
 *   BUG_NO_FENCE_NAP       bit in idle -> look at the queues
 *   BUG_NO_FENCE_SEARCH    SEARCHING cleared -> look at the queues
 *   BUG_NO_FENCE_STOP      stopping -> look at idle
 *   BUG_NAP_NO_LOOK        sleeps without looking again
 *   BUG_NAP_NO_STOP        does not look whether the run has ended
 *   BUG_LOOK_NO_OVERFLOW   does not look at the overflow
 *   BUG_SEARCH_TELLS_NOBODY  has found something, and doesn't look for more
 *   BUG_STEAL_TELLS_NOBODY  what it has stolen besides is nobody's business
 *   BUG_SEARCH_LATE        clears SEARCHING when it has looked
 *   BUG_NAP_KEEPS_SEARCH   was kicked, and doesn't know
 *   BUG_KICK_ALWAYS_LEFT   leaves its bit in idle behind, awake
 *   BUG_PUSH_BEFORE_SAVED  a fiber that yields pushes itself before it has left
 *   BUG_TAIL_BEFORE_SLOT   slot -> tail
 *   BUG_TAKE_NO_CAS        the owner stores the head
 *   BUG_STEAL_NO_CAS       so does a thief
 *   BUG_READ_AFTER_CAS     the thief's slots -> its CAS
 *   BUG_READ_BEFORE_TAIL   the thief's load of the tail -> its slots
 *   BUG_FULL_OFF_BY_ONE    fills a slot too many
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef FIBERS
#define FIBERS 3
#endif
#ifndef SLOTS
#define SLOTS 4
#endif
#ifndef CALLS
#define CALLS 3
#endif

#define NONE 0 /* workers and fibers count from 1 */
#define QUEUED 100
#define WAITS 101
#define ENDED 102
#define BIT(w) (1 << (w))
#define SEARCHING 1

byte head[WORKERS + 1]; /* counters count entries */
byte tail[WORKERS + 1];
byte slots[(WORKERS + 1) * SLOTS];
chan overflow = [FIBERS] of { byte };
byte idle;
bool stopping;
byte live;
/* the kernel's */
bool parked[WORKERS + 1];
bool token[WORKERS + 1];
/* what the checks need */
byte where[FIBERS + 1]; /* QUEUED, WAITS, ENDED or whose it is */
bool saved[FIBERS + 1];
byte ring[FIBERS + 1]; /* whose it is in, NONE: the overflow, */
byte at[FIBERS + 1]; /* at that count */
byte over; /* workers that have ended */
byte calls; /* left */

#define slot(w, n) slots[(w) * SLOTS + (n) % SLOTS]

#include "fiber_queue.inc"

#define wake_of(i) calls > 0 && where[i] == WAITS -> calls--; where[i] = me; e = i; goto makes_ready

proctype worker(byte me)
{
	byte cur, e, v, h, n, k, x;
	bool m, searching;

find:
	take(cur);
	if
	:: cur != NONE -> goto found
	:: else
	fi;
	/* refill: one of the overflow */
	atomic {
		if
		:: len(overflow) > 0 ->
			overflow?e;
			assert(where[e] == QUEUED && ring[e] == NONE);
			slot(me, tail[me]) = e;
			enters(e, me, tail[me]);
			tail[me]++;
			e = NONE;
			m = true
		:: else
		fi
	}
	if
	:: m -> m = false; k = idle; kick(); goto find
	:: else
	fi;
	v = 1;
	do
	:: atomic { v > WORKERS -> break }
	:: atomic { v == me -> v++ }
	:: atomic { v <= WORKERS && v != me } ->
		steal(cur);
		if
		:: cur != NONE -> goto found
		:: else -> v++
		fi
	od;
	v = NONE;
	if
	:: stopping -> goto ends
	:: else
	fi;

	/* nap */
#ifdef BUG_NO_FENCE_NAP
	look();
#endif
	atomic {
#ifdef BUG_SEARCH_LATE
		idle = idle | BIT(me)
#else
		idle = (idle | BIT(me)) & (searching -> ~SEARCHING : 255);
		searching = false
#endif
	}
#ifdef BUG_NAP_NO_LOOK
	m = false;
#else
#ifndef BUG_NO_FENCE_NAP
	look();
#endif
#endif
#ifdef BUG_SEARCH_LATE
	atomic {
		if
		:: searching -> idle = idle & ~SEARCHING; searching = false
		:: else
		fi
	}
#endif
#ifndef BUG_NAP_NO_STOP
	m = m || stopping;
#endif
	do
	:: atomic { m -> break }
	:: atomic { !m } ->
		k = idle;
		if
		:: !(k & BIT(me)) -> k = 0; break
		:: else
		fi;
		atomic { /* park compares, and takes a token */
			if
			:: idle == k && !token[me] -> parked[me] = true
			:: idle == k && token[me] -> token[me] = false
			:: else
			fi;
			k = 0
		}
end_parked:
		!parked[me]
	od;
	atomic {
		m = false;
#ifndef BUG_NAP_KEEPS_SEARCH
		searching = !(idle & BIT(me));
#endif
#ifndef BUG_KICK_ALWAYS_LEFT
		idle = idle & ~BIT(me)
#endif
	}
	goto find;

found:
	v = NONE;
	if
	:: !searching -> goto goes
	:: else
	fi;
	/* search_ends */
	searching = false;
#ifdef BUG_NO_FENCE_SEARCH
	look();
#endif
	idle = idle & ~SEARCHING;
#ifndef BUG_SEARCH_TELLS_NOBODY
#ifndef BUG_NO_FENCE_SEARCH
	look();
#endif
	if
	:: m -> m = false; k = idle; kick()
	:: else
	fi;
#else
	m = false;
#endif

goes:
	assert(where[cur] == me && saved[cur]);
	saved[cur] = false;
runs:
	assert(where[cur] == me && e == NONE && !m);
	atomic {
		if
#ifndef WAKES
		:: calls > 0 && head[me] != tail[me] -> calls--; goto yields
		:: calls > 0 -> calls--; goto waits
		:: goto fiber_ends
#endif
		:: wake_of(1)
		:: wake_of(2)
#if FIBERS >= 3
		:: wake_of(3)
#endif
#if FIBERS >= 4
		:: wake_of(4)
#endif
		:: goto end_spins
		fi
	}
makes_ready:
	push(e);
	goto runs;
yields:
	take(e);
	if
	:: e == NONE -> goto runs
	:: else
	fi;
	x = cur;
	atomic { cur = e; e = x; x = NONE }
#ifdef BUG_PUSH_BEFORE_SAVED
	where[e] = me;
	n = e;
	push(e);
	saved[n] = true;
	n = 0;
#else
	saved[e] = true;
	push(e);
#endif
	goto goes;
waits:
	saved[cur] = true;
	atomic { where[cur] = WAITS; cur = NONE }
	goto find;
fiber_ends:
	atomic { where[cur] = ENDED; cur = NONE; live--; m = (live == 0) }
	if
	:: !m -> goto find
	:: else
	fi;
	m = false;
#ifdef BUG_NO_FENCE_STOP
	atomic { k = idle; idle = 0 }
	stopping = true;
#else
	stopping = true;
	atomic { k = idle; idle = 0 }
#endif
	do
	:: atomic { !(k & ~SEARCHING) -> k = 0; break }
	:: atomic { (k & ~SEARCHING) -> x = lowest(k); k = k & ~BIT(x); wake(x); x = NONE }
	od;
	goto find;

end_spins:
	false;
ends:
	over++
}

active proctype quiet()
{
	byte i;

	timeout;
	d_step {
		for (i : 1 .. WORKERS) {
			if
			:: parked[i] ->
				assert(!stopping && !(idle & SEARCHING) && len(overflow) == 0);
				assert(head[1] == tail[1] && head[2] == tail[2]);
				assert(head[WORKERS] == tail[WORKERS])
			:: else
			fi
		}
		assert(over == (live == 0 -> WORKERS : 0))
	}
}

init
{
	byte i;

	d_step {
		live = FIBERS;
		for (i : 1 .. FIBERS) {
			saved[i] = true;
#ifdef ASLEEP
			if
			:: i > 1 -> where[i] = WAITS
			:: else -> slot(1, tail[1]) = i; enters(i, 1, tail[1]); tail[1]++
			fi
#else
			if
			:: tail[1] < SLOTS -> slot(1, tail[1]) = i; enters(i, 1, tail[1]); tail[1]++
			:: else -> where[i] = WAITS
			fi
#endif
		}
		i = 0
	}
	select(calls : 0 .. CALLS);
	atomic {
		for (i : 1 .. WORKERS) {
			run worker(i)
		}
	}
}

/* SPDX-License-Identifier: MIT
 *
 * The handshake between a hart that goes to sleep and one that has something for
 * it: in a ring, in the FIFO, or in its inbox.
 *
 * Modelled: harts that run, yield, park, wake, steal and sleep, in any order; some
 * executors are bound to a hart.  One step is one access to a word that other harts
 * may touch at that time.
 *
 * Bounds: HARTS harts, EXECS executors, BOUND of them bound to hart 1, rings of
 * ROOM; at most CALLS yields, parks and wakes in all.  When those are used up, and
 * that may be at any time, programs spin: only an interrupt brings their harts into
 * the kernel.  PARKED_FIRST: all but the first begin parked.  There is no tick, but
 * for work that stands, or stood, behind a bound executor while a hart sleeps.
 *
 * Checked
 *   - no lost wakeup: when nothing moves any more and a hart sleeps, nothing that
 *     it could run is queued anywhere; nothing is in any inbox
 *   - what is bound runs where it is bound, and nothing is taken twice or lost
 *
 * Memory order.  Promela is sequentially consistent.  What RVWMO allows besides,
 * and what full fences are there for, is a load that is served before an older
 * store of its own hart; the BUG_NO_FENCE_* do it that early.
 *
 * Correspondence
 *   find, look .. leave       kern/idle.c: sched_find, sched_sleep, work_waits
 *   steal                     kern/idle.c: steal; kern/runq.c: runq_steal
 *   pushed                    kern/sched.c: sched_pushed, sched_kick;
 *                             arch/riscv/park.S: wake_pushed
 *   wake, spill               kern/sched.c: sched_enqueue; kern/queue.c: queue_exchange
 *   drain                     kern/queue.c: queue_drain
 *   tick                      kern/sched.c: tick
 *
 * Abstractions.  Rings are lists that change in one step (ring.pml), so are the FIFO
 * (fifo.pml) and an inbox (inbox.pml).
 *
 * Seeded bugs, each of which must be found:
 *   BUG_NO_FENCE_IDLE       idle bit -> look at the queues
 *   BUG_NO_FENCE_KICK       queue -> look at the idle bits
 *   BUG_IDLE_NO_RECHECK     sleeps without looking again
 *   BUG_IDLE_IGNORES_BIT    sleeps on though its bit was taken
 *   BUG_IDLE_KEEPS_BIT      takes something, then leaves idle
 *   BUG_CLEAR_SSIP_LAST     forgets the interrupt after the look
 *   BUG_LOOK_ONE_RING       looks at its neighbour's ring only
 *   BUG_LOOK_NO_FIFO        does not look at the FIFO
 *   BUG_LOOK_OLD_TAIL       sees the head that a yield took, not the tail it pushed
 *   BUG_STEAL_TELLS_NOBODY  what it has stolen besides is nobody's business
 *   BUG_KICK_KEPT           was kicked, but runs what was bound to it, and tells
 *                           nobody
 *   BUG_KICK_BLIND          interrupts whom it saw asleep, whoever cleared the bit
 *   BUG_STEAL_BEHIND        takes what stands behind a bound one, and that too
 */
#ifndef HARTS
#define HARTS 2
#endif
#ifndef EXECS
#define EXECS 3
#endif
#ifndef BOUND
#define BOUND 0
#endif
#ifndef ROOM
#define ROOM 3
#endif
#ifndef CALLS
#define CALLS 4
#endif
#ifndef STEPS
#define STEPS 2
#endif

#define NONE 0 /* harts and executors count from 1 */
#define BIT(h) (1 << (h))

/* the global page */
byte idle;
chan fifo = [EXECS] of { byte };
/* hart pages */
byte count[HARTS + 1]; /* in the ring */
byte ring[(HARTS + 1) * (ROOM + 1)];
byte blocked[HARTS + 1]; /* harts whose last steal met a bound one at its head */
bool ssip[HARTS + 1];
byte cur[HARTS + 1];
chan inbox = [EXECS] of { byte }; /* of hart 1 */
/* executors */
bool parked[EXECS + 1];
/* what the checks need */
bool stood[HARTS + 1]; /* somebody has seen a bound one at the head: the tick's */
byte calls; /* left */
#ifdef BUG_LOOK_OLD_TAIL
bool late[HARTS + 1]; /* its last push is perhaps not seen yet, though its take is */
#define pushed_late(v) late[me] = v
#else
#define pushed_late(v) skip
#endif

#define bound(e) ((e) <= BOUND)
#define slot(h, n) ring[(h) * (ROOM + 1) + (n)]
#define unbound_in(h) \
	((count[h] > 0 && !bound(slot(h, 0))) || (count[h] > 1 && !bound(slot(h, 1))) || \
	 (count[h] > 2 && !bound(slot(h, 2))) || (count[h] > 3 && !bound(slot(h, 3))))

/* Inside one step: */
#define append(h, e) \
	assert(count[h] <= ROOM); \
	slot(h, count[h]) = e; \
	count[h]++
#define shift(h) \
	count[h]--; \
	slot(h, 0) = slot(h, 1); \
	slot(h, 1) = (ROOM > 1 -> slot(h, 2 * (ROOM > 1)) : 0); \
	slot(h, 2 * (ROOM > 1)) = (ROOM > 2 -> slot(h, 3 * (ROOM > 2)) : 0); \
	slot(h, count[h]) = NONE; \
	stood[h] = stood[h] && count[h] > 0

#include "idle_kernel.inc"

proctype hart(byte me)
{
	byte e, v, n, m, x;
	bool k; /* kicked, and nothing done yet */

	if
	:: cur[me] != NONE -> goto user
	:: else -> goto find
	fi;

dispatch:
	atomic {
		if
		:: count[me] > 0 -> cur[me] = slot(me, 0); shift(me); goto user
		:: else
		fi
	}

find:
	drain();
	atomic {
		if
		:: count[me] == 0 && len(fifo) > 0 -> /* exchange */
			do
			:: len(fifo) > 0 && count[me] < 2 -> fifo?x; append(me, x)
			:: len(fifo) == 0 || count[me] >= 2 -> break
			od;
			x = NONE
		:: else
		fi
	}
	atomic {
		if
		:: count[me] > 0 ->
			cur[me] = slot(me, 0);
			shift(me);
#ifdef BUG_KICK_KEPT
			k = false;
#endif
			if
			:: count[me] > 0 -> k = false; goto found_more
			:: count[me] == 0 && k -> k = false; goto kicked
			:: count[me] == 0 && !k -> goto user
			fi
		:: else
		fi
	}

	/* steal: half of another's ring */
	atomic {
		k = false;
		v = 1;
		blocked[1] = blocked[1] & ~BIT(me);
		blocked[2] = blocked[2] & ~BIT(me);
		blocked[HARTS] = blocked[HARTS] & ~BIT(me)
	}
	do
	:: atomic { v > HARTS -> break }
	:: atomic { v == me -> v++ }
	:: atomic {
			v != me && v <= HARTS ->
			if
			:: count[v] == 0 -> v++
#ifndef BUG_STEAL_BEHIND
			:: count[v] > 0 && bound(slot(v, 0)) ->
				blocked[v] = blocked[v] | BIT(me);
				stood[v] = true;
				v++
			:: count[v] > 0 && !bound(slot(v, 0)) ->
#else
			:: count[v] > 0 ->
#endif
				n = (count[v] + 1) / 2;
				cur[me] = slot(v, 0);
				shift(v);
				n--;
				e = NONE;
				if
				:: n > 0 && !bound(slot(v, 0)) -> e = slot(v, 0); shift(v)
				:: else
				fi;
				n = 0;
				v = NONE;
				goto stolen
			fi
		}
	od;
	v = NONE;

#ifdef BUG_NO_FENCE_IDLE
	m = len(fifo) > 0 || (count[1] > 0 && !(blocked[1] & BIT(me))) ||
	    (count[2] > 0 && !(blocked[2] & BIT(me)));
#endif
#ifndef BUG_IDLE_NO_RECHECK
	idle = idle | BIT(me); /* fence_full */
#else
	idle = idle | BIT(me);
	ssip[me] = false;
	goto end_asleep;
#endif
look:
#ifndef BUG_CLEAR_SSIP_LAST
	ssip[me] = false; /* with a fence */
#endif
#ifdef BUG_NO_FENCE_IDLE
	if
	:: m == 1 -> m = 0; goto leave
	:: m == 0 -> m = 2; goto asleep
	:: else
	fi;
#endif
#ifndef BUG_LOOK_NO_FIFO
	if
	:: len(fifo) > 0 -> goto leave
	:: len(fifo) == 0
	fi;
#endif
	if
	:: me == 1 && len(inbox) > 0 -> goto leave
	:: me != 1 || len(inbox) == 0
	fi;
	look_at(1);
#ifndef BUG_LOOK_ONE_RING
	look_at(2);
#if HARTS >= 3
	look_at(3);
#endif
#endif
#ifdef BUG_CLEAR_SSIP_LAST
	ssip[me] = false;
#endif
asleep:
#ifndef BUG_IDLE_IGNORES_BIT
	if
	:: !(idle & BIT(me)) -> goto leave
	:: else
	fi;
#endif
end_asleep:
	ssip[me]; /* hart_wait */
	goto look;
leave:
#ifdef BUG_IDLE_KEEPS_BIT
	m = 0;
	atomic {
		if
		:: len(fifo) > 0 -> fifo?cur[me]
		:: len(fifo) == 0 && count[1] > 0 && me != 1 && !bound(slot(1, 0)) ->
			cur[me] = slot(1, 0);
			shift(1)
		:: len(fifo) == 0 && count[2] > 0 && me != 2 && !bound(slot(2, 0)) ->
			cur[me] = slot(2, 0);
			shift(2)
		:: else
		fi
	}
#endif
	atomic { k = !(idle & BIT(me)); idle = idle & ~BIT(me); m = 0 } /* fence_full */
#ifdef BUG_IDLE_KEEPS_BIT
	if
	:: cur[me] != NONE -> k = false; goto user
	:: else
	fi;
#endif
	goto find;

stolen:
	if
	:: e == NONE -> goto user
	:: else ->
		atomic { append(me, e); e = NONE }
#ifdef BUG_STEAL_TELLS_NOBODY
		goto user
#endif
	fi;
found_more:
#ifdef BUG_NO_FENCE_KICK
	m = idle;
#endif
	pushed();
	goto user;
kicked: /* for what was meant: this hart has found something of its own */
	m = idle;
	kick();
	goto user;

user:
	assert(cur[me] != NONE && !parked[cur[me]] && (me == 1 || !bound(cur[me])));
end_user:
	atomic {
		if
		:: ssip[me] -> ssip[me] = false; goto interrupt
		:: idle != 0 && count[me] > 0 && BOUND > 0 && (stood[me] || blocked[me] != 0) &&
			unbound_in(me) -> goto tick
		:: calls > 0 && count[me] > 0 ->
			calls--;
			append(me, cur[me]);
			pushed_late(true);
			cur[me] = NONE;
			goto dispatch
		:: calls > 0 -> calls--; parked[cur[me]] = true; cur[me] = NONE; goto dispatch
		:: wake_of(1)
		:: wake_of(2)
#if EXECS >= 3
		:: wake_of(3)
#endif
#if EXECS >= 4
		:: wake_of(4)
#endif
		fi
	}

interrupt: /* fence_full before */
	if
	:: me == 1 && len(inbox) > 0 ->
		drain();
#ifdef BUG_NO_FENCE_KICK
		m = idle;
#endif
		pushed()
	:: me != 1 || len(inbox) == 0
	fi;
	goto user;

wake:
	if
	:: bound(e) && me != 1 ->
		atomic { inbox!e; x = (len(inbox) == 1); e = NONE }
		if
		:: atomic { x == 1 -> x = 0; ssip[1] = true }
		:: atomic { x == 0 }
		fi
	:: else ->
#ifdef BUG_NO_FENCE_KICK
		m = idle;
#endif
		if
		:: count[me] >= ROOM -> /* spill: half of it to the FIFO */
			atomic {
				n = (ROOM + 1) / 2;
				do
				:: n > 0 && count[me] > 0 ->
					n--;
					x = slot(me, 0);
					assert(!bound(x)); /* to a list of its own: not here */
					shift(me);
					fifo!x
				:: n == 0 || count[me] == 0 -> n = 0; break
				od;
				x = NONE
			}
		:: else
		fi;
		atomic { append(me, e); pushed_late(false); e = NONE }
		pushed()
	fi;
	goto user;

tick:
	/* The first has its turn, the current one goes behind. */
	atomic {
		if
		:: count[me] > 0 ->
			x = slot(me, 0);
			shift(me);
			append(me, cur[me]);
			cur[me] = x;
			x = NONE
		:: else
		fi
	}
#ifdef BUG_NO_FENCE_KICK
	m = idle;
#endif
	pushed();
	goto user
}

active proctype quiet()
{
	byte i, n;

	timeout;
	d_step {
		assert(len(inbox) == 0);
		n = len(fifo);
		for (i : 1 .. HARTS) {
			n = n + count[i] + (cur[i] != NONE);
			if
			:: cur[i] == NONE ->
				assert(len(fifo) == 0 && count[i] == 0);
				assert(!unbound_in(1) && !unbound_in(2));
#if HARTS >= 3
				assert(!unbound_in(3));
#endif
			:: else
			fi
		}
		for (i : 1 .. EXECS) {
			n = n + parked[i]
		}
		assert(n == EXECS)
	}
}

init
{
	byte i;

	d_step {
		cur[1] = 1;
		for (i : 2 .. EXECS) {
#ifdef PARKED_FIRST
			parked[i] = true
#else
			if
			:: count[1] < ROOM -> append(1, i)
			:: else -> parked[i] = true
			fi
#endif
		}
		i = 0
	}
	select(calls : 0 .. CALLS);
	atomic {
		for (i : 1 .. HARTS) {
			run hart(i)
		}
	}
}

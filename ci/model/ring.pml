/* SPDX-License-Identifier: MIT
 *
 * The run queue of a hart: a ring with one producer and many takers.
 *
 * Modelled: harts that yield, park, wake and, with nothing to run, take from the
 * FIFO or steal half of another's ring.  One step is one access to a word that
 * other harts may touch at that time; LR/SC is one step.
 *
 * Bounds: HARTS harts, EXECS executors, rings of SLOTS, CALLS yields, parks and
 * wakes in all.  All begin on hart 1: one runs, the others are in its ring as
 * far as there is room, or parked.
 *
 * Checked
 *   - what is taken from a ring is what was pushed at that count, and was still
 *     there: none is lost, run twice, or run from a slot that was filled anew
 *   - the ring's takers never take more than there is
 *   - in the end each executor is parked, queued, or runs on one hart
 *
 * Memory order.  Promela is sequentially consistent.  Besides, a hart's stores of its
 * tail may be seen late here (`own` is the owner's tail, `tail` what others see), but not
 * after a take of its own, whose sc releases: so no thief sees a tail below the head.
 * Orders that are missing in the bugs are there as steps in the other order.
 *
 * Correspondence
 *   yield, dispatch            arch/riscv/switch.S: yield_switch, dispatch_take
 *   wake                       arch/riscv/park.S: wake_claimed; kern/sched.c:
 *                              sched_enqueue, exchange
 *   find, steal                kern/idle.c: sched_find, steal; kern/runq.c:
 *                              runq_steal
 *
 * Left out: executors that are bound (idle.pml); the lock of the FIFO, which is
 * one step here (fifo.pml).
 *
 * Seeded bugs, each of which must be found:
 *   BUG_NO_FENCE_PUSH     slot -> tail
 *   BUG_FULL_OFF_BY_ONE   no slot is kept for a yield
 *   BUG_TAKE_NO_CAS       the owner stores the head
 *   BUG_TAKE_NO_RELEASE   its tail is seen late, past its take: below the head
 *   BUG_STEAL_NO_CAS      so does a thief
 *   BUG_SPILL_NO_CAS      so does the owner where it makes room
 *   BUG_READ_AFTER_CAS    the thief's slots -> its CAS
 *   BUG_READ_BEFORE_TAIL  the thief's load of the tail -> its slots
 *   BUG_TAIL_FIRST        the thief's load of the head -> of the tail
 *   BUG_PUBLISH_FIRST     publishes what it means to steal, then steals it
 *   BUG_WRAP              counters that come round
 */
#ifndef HARTS
#define HARTS 2
#endif
#ifndef EXECS
#define EXECS 4
#endif
#ifndef SLOTS
#define SLOTS 4
#endif
#ifndef CALLS
#define CALLS 4
#endif

#define NONE 0 /* harts and executors count from 1 */
#define QUEUE 100
#define PARKED 101
#define FULL (SLOTS - 1)
#define HALF ((FULL + 1) / 2)

/* hart pages; counters count entries */
byte head[HARTS + 1];
byte tail[HARTS + 1];
byte own[HARTS + 1];
byte slots[(HARTS + 1) * SLOTS];
byte cur[HARTS + 1];
/* the global page */
chan fifo = [EXECS] of { byte };
/* what the checks need */
byte owner[EXECS + 1];
byte ring[EXECS + 1]; /* whose it is in, */
byte at[EXECS + 1]; /* at that count */
byte calls; /* left */

#define slot(h, n) slots[(h) * SLOTS + (n) % SLOTS]
#ifdef BUG_WRAP
#define plus(n, m) (((n) + (m)) % (2 * SLOTS))
#define minus(n, m) (((n) + 2 * SLOTS - (m)) % (2 * SLOTS))
#else
#define plus(n, m) ((n) + (m))
#define minus(n, m) ((n) - (m))
#endif

/* Inside one step: */
#define enters(e, h, n) \
	assert(owner[e] == me); \
	owner[e] = QUEUE; \
	ring[e] = h; \
	at[e] = n
#define leaves(e, h, n) \
	assert(owner[e] == QUEUE && ring[e] == h && at[e] == n); \
	owner[e] = me; \
	ring[e] = NONE; \
	at[e] = 0

/* There is room. */
inline push(e)
{
#ifdef BUG_NO_FENCE_PUSH
	/* The tail first. */
	d_step {
		k = own[me];
		enters(e, me, k);
		own[me] = plus(k, 1);
		tail[me] = own[me]
	}
	slot(me, k) = e;
	k = 0
#else
	slot(me, own[me]) = e;
	/* fence rw,w: the slot */
	d_step {
		enters(e, me, own[me]);
		own[me] = plus(own[me], 1)
	}
#endif
}

/* e = the first, or NONE */
inline take(e)
{
#if defined(BUG_TAKE_NO_CAS)
	k = head[me];
	atomic {
		if
		:: k == own[me] -> e = NONE
		:: else -> e = slot(me, k); leaves(e, me, k); head[me] = plus(k, 1)
		fi;
		k = 0
	}
#else
	atomic { /* LR/SC */
		if
		:: head[me] == own[me] -> e = NONE
		:: else ->
			k = head[me];
			leaves(slot(me, k), me, k);
#ifndef BUG_TAKE_NO_RELEASE
			tail[me] = own[me];
#endif
			head[me] = plus(k, 1);
			e = QUEUE
		fi
	}
	atomic { /* the slot, after the sc */
		if
		:: e == QUEUE -> e = slot(me, k); assert(owner[e] == me)
		:: else
		fi;
		k = 0
	}
#endif
}

#define wake_of(k) \
	calls > 0 && owner[k] == PARKED -> calls--; owner[k] = me; e = k; goto wake

proctype hart(byte me)
{
	byte e, v, h, t, n, i, k, first;

	if
	:: cur[me] != NONE -> goto user
	:: else
	fi;

dispatch:
	take(cur[me]);
	if
	:: cur[me] != NONE -> goto user
	:: else
	fi;

find:
end_find:
	atomic {
		if
		:: fifo?e ->
			assert(owner[e] == QUEUE && ring[e] == NONE);
			owner[e] = me;
			cur[me] = e;
			e = NONE;
			goto user
		:: me != 1 && head[1] != own[1] -> v = 1
		:: me != 2 && head[2] != own[2] -> v = 2
#if HARTS >= 3
		:: me != 3 && head[3] != own[3] -> v = 3
#endif
		fi
	}

	/* steal from v; this hart's ring is empty */
#ifdef BUG_TAIL_FIRST
	t = tail[v];
	h = head[v];
#else
	h = head[v];
#ifdef BUG_READ_BEFORE_TAIL
	first = slot(v, h);
#endif
	t = tail[v];
#endif
	atomic {
		if
#ifdef BUG_WRAP
		:: minus(t, h) > SLOTS -> n = 0 /* below the head */
		:: else -> n = (minus(t, h) + 1) / 2
#else
		:: else -> assert(t >= h); n = (t - h + 1) / 2
#endif
		fi;
		t = 0;
		if
		:: n > HALF -> n = HALF
		:: n == 0 -> first = NONE; h = 0; v = NONE; goto find
		:: else
		fi
	}
#ifdef BUG_PUBLISH_FIRST
	own[me] = plus(own[me], n - 1);
	tail[me] = own[me];
#endif
#ifndef BUG_READ_AFTER_CAS
	do
	:: atomic { i == n -> i = 0; break }
	:: atomic {
			i != n ->
			if
#ifdef BUG_READ_BEFORE_TAIL
			:: i == 0
#else
			:: i == 0 -> first = slot(v, h)
#endif
			:: else -> slot(me, own[me] + i - 1) = slot(v, h + i)
			fi;
			i++
		}
	od;
#endif
	atomic { /* CAS */
		if
#ifndef BUG_STEAL_NO_CAS
		:: head[v] != h -> first = NONE; h = 0; n = 0; v = NONE; goto find
#endif
		:: else ->
			head[v] = plus(h, n);
#ifndef BUG_READ_AFTER_CAS
			leaves(first, v, h);
			if
			:: n > 1 -> leaves(slot(me, own[me]), v, plus(h, 1))
			:: else
			fi
#endif
		fi
	}
#ifdef BUG_READ_AFTER_CAS
	atomic {
		first = slot(v, h);
		leaves(first, v, h)
	}
	if
	:: n > 1 ->
		atomic {
			slot(me, own[me]) = slot(v, h + 1);
			leaves(slot(me, own[me]), v, h + 1)
		}
	:: else
	fi;
#endif
	d_step {
		assert(n <= 2); /* enough for these bounds */
		if
		:: n > 1 ->
			enters(slot(me, own[me]), me, own[me]);
			tail[me] = own[me];
			own[me] = plus(own[me], 1)
		:: else
		fi;
		cur[me] = first;
		first = NONE;
		h = 0;
		n = 0;
		v = NONE
	}

user:
	assert(owner[cur[me]] == me && e == NONE);
end_user:
	atomic {
		if
		:: calls > 0 && head[me] != own[me] -> calls--; goto yield
		:: calls > 0 ->
			calls--;
			owner[cur[me]] = PARKED;
			cur[me] = NONE;
			goto dispatch
		:: wake_of(1)
		:: wake_of(2)
		:: wake_of(3)
#if EXECS >= 4
		:: wake_of(4)
#endif
#if EXECS >= 5
		:: wake_of(5)
#endif
		fi
	}

yield:
	e = cur[me];
	push(e);
	e = NONE;
	goto dispatch;

wake:
#ifdef BUG_FULL_OFF_BY_ONE
	if
	:: minus(own[me], head[me]) >= FULL + 1 ->
#else
	if
	:: minus(own[me], head[me]) >= FULL ->
#endif
		i = HALF;
		do
		:: atomic { i == 0 -> break }
		:: atomic { i != 0 -> i-- }
#ifdef BUG_SPILL_NO_CAS
			h = head[me];
			atomic {
				n = slot(me, h);
				leaves(n, me, h);
				head[me] = plus(h, 1);
				h = 0
			}
#else
			take(n);
#endif
			atomic {
				if
				:: n != NONE -> owner[n] = QUEUE; fifo!n; n = NONE
				:: else -> i = 0
				fi
			}
		od
	:: else
	fi;
	push(e);
	e = NONE;
	goto user
}

/* Stores of the tail become visible. */
proctype buffers()
{
end:
	do
	:: atomic { tail[1] != own[1] -> tail[1] = own[1] }
	:: atomic { tail[2] != own[2] -> tail[2] = own[2] }
#if HARTS >= 3
	:: atomic { tail[3] != own[3] -> tail[3] = own[3] }
#endif
	od
}

active proctype quiet()
{
	byte i, n;

	timeout;
	d_step {
		for (i : 1 .. HARTS) {
			n = n + (cur[i] != NONE) + minus(own[i], head[i]);
			assert(minus(own[i], head[i]) <= FULL && tail[i] == own[i]);
			/* nobody is idle while somebody waits */
			assert(cur[i] != NONE || empty(fifo) && head[i] == own[i])
		}
		n = n + len(fifo);
		for (i : 1 .. EXECS) {
			n = n + (owner[i] == PARKED)
		}
		assert(n == EXECS)
	}
}

init
{
	byte i;

	d_step {
		cur[1] = 1;
		owner[1] = 1;
		for (i : 2 .. EXECS) {
			if
			:: own[1] < FULL ->
				slot(1, own[1]) = i;
				owner[i] = QUEUE;
				ring[i] = 1;
				at[i] = own[1];
				own[1] = own[1] + 1
			:: else -> owner[i] = PARKED
			fi
		}
		tail[1] = own[1];
		i = 0
	}
	select(calls : 0 .. CALLS);
	atomic {
		for (i : 1 .. HARTS) {
			run hart(i)
		}
		run buffers()
	}
}

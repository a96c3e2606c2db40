/* SPDX-License-Identifier: MIT
 *
 * Deadlines: a heap per hart, touched by that hart only; a node that stays
 * behind when its executor is woken, and is told of earlier deadlines and of
 * the end by way of the hart's timer inbox.
 *
 * Modelled: harts that run executors, take timer and software interrupts, and
 * sleep; executors that park with a deadline or without one, or end, in any
 * order; a clock; wakes, stops and restarts from outside, and stops by a hart that
 * has nothing to run.  One step is one access to a word that other harts may
 * touch at that time; LR/SC loops are one step.
 *
 * Bounds: HARTS harts, EXECS executors; CALLS parks and ends, WAKES wakes, STOPS
 * stops, SWAPS claims to swap, STARTS restarts, each at most that many, in all.
 * Deadlines are 1 .. LAST and one that never comes.  PARKED_FIRST: all begin
 * parked for ever, with their nodes on hart 1.
 *
 * Checked
 *   - a park whose deadline has passed ends: when nothing moves any more, none
 *     is parked with a deadline that has come
 *   - -ETIMEDOUT is never said before the deadline
 *   - READY means one owner; what claims, claims once
 *   - an executor is in one heap at most, that of timer_hart, and in one inbox at
 *     most; a page is freed when nothing names it, is not touched afterwards,
 *     and one that has ended is kept by no deadline, however far
 *
 * Memory order.  Promela is sequentially consistent.  What RVWMO allows besides
 * is a load served before an older store of its own hart; the bugs that lack a
 * fence do their load that early.  Acquire and release orders are taken as
 * given.
 *
 * Correspondence
 *   place, take_out, drop, ask, timer_forget, asked, expire
 *                           kern/timer.c
 *   park_timed              kern/executor.c: executor_park_until, and timer_set
 *   park                    arch/riscv/park.S
 *   park_special, executor_end, executor_stop, executor_give_back
 *                           kern/executor.c
 *   run_stop                arch/riscv/switch.S
 *
 * Abstractions.  A heap is a set, of which any that is due may come first.  A
 * hart in the kernel takes no interrupt; how one is woken is inbox.pml's.  The
 * state word but for TIMED is state.pml's, what frees a page grace.pml's.
 *
 * Seeded bugs, each of which must be found:
 *   BUG_TIMED_LATE        TIMED is set after the look at timer_hart
 *   BUG_NO_FENCE_PARK     deadline and TIMED -> timer_hart and key
 *   BUG_NO_FENCE_KEY      deadline -> key
 *   BUG_NO_FENCE_DROP     timer_hart -> state
 *   BUG_DROP_ONCE         drop doesn't look again once it has the node back
 *   BUG_KEY_ONCE          deadline isn't read again after key is written
 *   BUG_EXPIRE_STALE      -ETIMEDOUT by a deadline read before the claim
 *   BUG_CLAIM_BY_STORE    doesn't compare
 *   BUG_DROP_AFTER_QUEUE  timer_hart = NULL when others may run it already
 *   BUG_NOT_PASSED_ON     the inbox entry of another hart's node is forgotten
 *   BUG_QUEUED_LATE       timer_queued = 0 after the look
 *   BUG_LINK_LATE         the link is read after timer_queued = 0
 *   BUG_INBOX_NO_REF      an inbox entry counts nothing
 *   BUG_FORGET_EARLY      the timer hart is told while TIMED is set
 *   BUG_FORGET_KEEPS_TIMED
 *   BUG_END_FORGETS_LATE  STOPPED, then TIMED off by whom it isn't any more
 *   BUG_END_PUTS_FIRST    the life's count is put, then the timer hart told
 *   BUG_WAKE_KEEPS_TIMED  a wake leaves the flag
 *   BUG_TOKEN_KEEPS_TIMED so does a park that met a token
 *   BUG_RUN_KEEPS_TIMED   so does one that is swapped to and runs
 */
#ifndef HARTS
#define HARTS 2
#endif
#ifndef EXECS
#define EXECS 1
#endif
#ifndef CALLS
#define CALLS 4
#endif
#ifndef WAKES
#define WAKES 3
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef SWAPS
#define SWAPS 0
#endif
#ifndef STARTS
#define STARTS 0
#endif
#ifndef LAST
#define LAST 3
#endif
#define NEVER (LAST + 2)
#define TIMEDOUT 110

/* EX_STATE */
#define READY 0
#define PARKED 1
#define STOPPED 2
#define TOKEN 4
#define STOPREQ 8
#define TIMED 64
#define life(s) ((s) & 3)

#define NONE 0 /* harts and executors count from 1 */
#define QUEUE 100
#define BIT(e) (1 << (e))

byte now;
/* executor pages */
byte state[EXECS + 1];
byte deadline[EXECS + 1];
byte key[EXECS + 1];
byte timer_hart[EXECS + 1];
bool timer_queued[EXECS + 1];
byte timer_next[EXECS + 1];
byte refs[EXECS + 1];
/* hart pages */
byte heap[HARTS + 1]; /* bits */
byte timer_inbox[HARTS + 1];
bool ssip[HARTS + 1];
/* ready ones */
chan fifo = [EXECS] of { byte };
/* what the checks need */
byte owner[EXECS + 1];
bool cap[EXECS + 1]; /* somebody outside can name it */
bool freed[EXECS + 1];
byte calls, wakes, stops, swaps, starts; /* left */

#define owned(e) assert(owner[e] == me && life(state[e]) == READY)
#define live(e) assert(!freed[e])

/* Inside one step. */
#define claim(e) \
	assert(owner[e] == NONE); \
	owner[e] = me; \
	state[e] = READY
#define put(e) \
	live(e); \
	assert(refs[e] > 0); \
	refs[e]--; \
	if \
	:: refs[e] == 0 -> \
		assert(state[e] == STOPPED && timer_hart[e] == NONE && !timer_queued[e]); \
		freed[e] = true \
	:: else \
	fi

inline enqueue(e)
{
	atomic { owned(e); assert(!(state[e] & TIMED)); owner[e] = QUEUE; fifo!e }
}

#include "timer_kernel.inc"

proctype hart(byte me)
{
	byte ex; /* s0 */
	byte n; /* whose node is at hand */
	byte l; /* rest of the list */
	byte d, h, k, s, x, y;

home: /* ex in user mode, or asleep */
	assert(ex == NONE || owner[ex] == me);
end_home:
	atomic {
		if
		:: ssip[me] -> ssip[me] = false; goto asked
		:: is_due(1) -> n = 1; goto expire
#if EXECS > 1
		:: is_due(2) -> n = 2; goto expire
#endif
		:: ex == NONE && nempty(fifo) ->
			fifo?ex;
			assert(owner[ex] == QUEUE);
			owner[ex] = me;
			goto home
		:: ex == NONE && stops > 0 -> stops--; pick(y); goto call_stop
		:: ex != NONE && (state[ex] & STOPREQ) -> goto end_self
		:: ex != NONE && calls > 0 ->
			calls--;
			if
			:: goto end_self
			:: goto park
			:: select(d : 1 .. LAST); goto park_timed
			:: d = NEVER; goto park_timed
			fi
		fi
	}

end_self:
	executor_end(ex);
	ex = NONE;
	goto home;

call_stop:
	n = y;
	executor_stop(n);
	n = NONE;
	goto home;

park:
	atomic {
		if
		:: state[ex] == READY -> owner[ex] = NONE; state[ex] = PARKED; ex = NONE; goto home
		:: else -> goto park_special
		fi
	}

park_timed:
	if
	:: d <= now -> d = 0; goto home /* -ETIMEDOUT */
	:: else
	fi;
	owned(ex); /* timer_set */
#ifdef BUG_NO_FENCE_PARK
	d_step { h = timer_hart[ex]; k = key[ex] }
#endif
#ifdef BUG_NO_FENCE_KEY
	k = key[ex];
#endif
	deadline[ex] = d;
#ifdef BUG_TIMED_LATE
	h = timer_hart[ex];
#endif
	state[ex] = state[ex] | TIMED;
	/* fence_full */
	atomic { /* CAS */
#if !defined(BUG_TIMED_LATE) && !defined(BUG_NO_FENCE_PARK)
		h = timer_hart[ex];
#endif
		if
		:: h == NONE && timer_hart[ex] == NONE -> timer_hart[ex] = me; refs[ex]++
		:: else
		fi
	}
	if
	:: h == NONE && timer_hart[ex] == me -> place(ex)
	:: h == NONE && timer_hart[ex] != me /* the bugs' */
	:: else ->
#if !defined(BUG_NO_FENCE_PARK) && !defined(BUG_NO_FENCE_KEY)
		k = key[ex];
#endif
		if
		:: k <= d
		:: k > d && h == me -> take_out(ex); place(ex)
		:: k > d && h != me -> x = h; ask(ex)
		fi
	fi;
	atomic { h = NONE; k = 0; d = 0 }
	atomic {
		if
#ifdef BUG_TOKEN_KEEPS_TIMED
		:: (state[ex] & ~TIMED) == READY ->
#else
		:: state[ex] == TIMED ->
#endif
			owner[ex] = NONE;
			state[ex] = PARKED | TIMED;
			ex = NONE;
			goto home
		:: else -> goto park_special
		fi
	}

park_special:
	atomic {
		owned(ex);
		s = state[ex];
		assert(s & (TOKEN | STOPREQ));
#ifdef BUG_TOKEN_KEEPS_TIMED
		state[ex] = s & ~TOKEN;
#else
		state[ex] = s & ~(TOKEN | TIMED);
#endif
		if
		:: s & STOPREQ -> s = 0; goto end_self
		:: else -> s = 0; goto home
		fi
	}

expire:
	take_out(n);
expire_look:
	s = state[n];
	if
	:: s == (PARKED | TIMED) ->
		d = deadline[n];
		if
		:: d > now -> place(n)
		:: else ->
			atomic { /* CAS */
				if
#ifdef BUG_CLAIM_BY_STORE
				:: true ->
#else
				:: state[n] == (PARKED | TIMED) ->
#endif
					claim(n)
				:: else -> d = 0; goto expire_look
				fi
			}
			/* It is ours, so the deadline is that of this park. */
			atomic {
#ifndef BUG_EXPIRE_STALE
				d = deadline[n];
#endif
				/* result: -ETIMEDOUT if d <= now, else 0 */
				assert(d > now || deadline[n] <= now)
			}
#ifdef BUG_DROP_AFTER_QUEUE
			enqueue(n);
			timer_hart[n] = NONE;
			atomic { put(n) }
#else
			drop();
			enqueue(n)
#endif
		fi
	:: life(s) == READY && (s & TIMED) ->
		/* About to park: soon again. */
		d_step {
			key[n] = (now < LAST + 1 -> now + 1 : now);
			heap[me] = heap[me] | BIT(n)
		}
	:: !(s & TIMED) -> drop()
	fi;
	atomic { n = NONE; d = 0; s = 0 }
	goto home;

asked:
	atomic { l = timer_inbox[me]; timer_inbox[me] = NONE } /* swap */
	do
	:: l == NONE -> break
	:: else ->
		n = l;
#ifdef BUG_LINK_LATE
		d_step { live(n); timer_queued[n] = false }
		l = timer_next[n];
#else
		l = timer_next[n];
#ifndef BUG_QUEUED_LATE
		d_step { live(n); timer_queued[n] = false } /* swap; fence_full */
#endif
#endif
		x = timer_hart[n];
		if
		:: x == NONE
		:: x == me ->
			x = NONE;
			take_out(n);
			if
			:: state[n] & TIMED -> place(n)
			:: else -> drop()
			fi
#ifdef BUG_NOT_PASSED_ON
		:: else -> x = NONE
#else
		:: else -> ask(n)
#endif
		fi;
#ifdef BUG_QUEUED_LATE
		timer_queued[n] = false;
#endif
#ifndef BUG_INBOX_NO_REF
		atomic { put(n) }
#endif
		n = NONE
	od;
	goto home
}

proctype clock()
{
end:
	do
	:: now <= LAST -> now++
	od
}

#include "timer_others.inc"

active proctype quiet()
{
	byte e, h, n;

	timeout;
	d_step {
		for (e : 1 .. EXECS) {
			assert(!(state[e] == (PARKED | TIMED) && deadline[e] <= now));
			assert(!timer_queued[e]);
			assert(!(state[e] & TIMED) || life(state[e]) == PARKED);
			assert(refs[e] == cap[e] + (timer_hart[e] != NONE) + (state[e] != STOPPED));
			assert(state[e] != STOPPED || timer_hart[e] == NONE);
			assert(freed[e] == (refs[e] == 0));
			n = NONE;
			for (h : 1 .. HARTS) {
				if
				:: heap[h] & BIT(e) -> n = n + h
				:: else
				fi
			}
			assert(n == timer_hart[e])
		}
	}
}

init
{
	byte i;

	d_step {
		for (i : 1 .. EXECS) {
			cap[i] = (STARTS > 0);
#ifdef PARKED_FIRST
			state[i] = PARKED | TIMED;
			deadline[i] = NEVER;
			key[i] = NEVER;
			timer_hart[i] = 1;
			heap[1] = heap[1] | BIT(i);
			refs[i] = 2 + cap[i]
#else
			owner[i] = QUEUE;
			refs[i] = 1 + cap[i];
			fifo!i
#endif
		}
		i = 0
	}
	select(calls : 0 .. CALLS);
	select(wakes : 0 .. WAKES);
	select(stops : 0 .. STOPS);
	select(swaps : 0 .. SWAPS);
	select(starts : 0 .. STARTS);
	atomic {
		for (i : 1 .. HARTS) {
			run hart(i)
		}
		run clock();
		run others(HARTS + 1)
	}
}

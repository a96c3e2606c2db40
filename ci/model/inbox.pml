/* SPDX-License-Identifier: MIT
 *
 * A hart's inboxes: lists on which any hart pushes and which their owner takes
 * whole, with one interrupt for all that are pushed on one before it is taken.
 *
 * Modelled: a hart that runs executors bound to it, in user mode, in the kernel or
 * asleep; harts that wake these, ask its timers, and stop what it runs.  One
 * step is one access to a word that others may touch at that time.
 *
 * Bounds: one hart with inboxes, PUSHERS others, EXECS executors; CALLS yields and
 * parks, WAKES wakes, ASKS entries of the timer inbox, STOPS stops.  When those are
 * used up, and that may be at any time, programs spin.  There is no tick.
 *
 * Checked
 *   - when nothing moves any more, nothing is in an inbox, whether the hart runs
 *     or sleeps, and nothing in its ring if it sleeps
 *   - what is pushed is taken, once; nobody who was told to stop goes on
 *
 * Memory order.  Promela is sequentially consistent.  What RVWMO allows besides
 * is a load served before an older store of its own hart; the bugs that lack a
 * fence do their load that early.
 *
 * Correspondence
 *   inbox_push                    kern/queue.c: queue_send; kern/timer.c: ask
 *   drain                         kern/queue.c: queue_drain; kern/timer.c: timer_expire
 *   find, look .. leave           kern/idle.c: sched_find, sched_sleep
 *   interrupt                     kern/sched.c: sched_interrupt
 *   executor_stop                 kern/executor.c
 *
 * Left out: rings that others take from, and who wakes a sleeping hart for them
 * (idle.pml).  What a timer inbox is for is timer.pml's: here it has entries.
 *
 * Seeded bugs, each of which must be found:
 *   BUG_CLEAR_LAST         the interrupt is cleared after the inbox is taken
 *   BUG_NO_FENCE_CLEAR     interrupt cleared -> look at the inbox
 *   BUG_LOOK_CLEARS_LAST   the same before going to sleep
 *   BUG_IPI_IF_IDLE        interrupts only a hart that sleeps
 *   BUG_IPI_FIRST          interrupts, then pushes
 *   BUG_IPI_NEVER          leaves it to the next look
 *   BUG_LINK_ONCE          doesn't link anew when the CAS has failed
 *   BUG_TAKE_NO_SWAP       takes the list, then empties the inbox
 *   BUG_SLEEP_NO_LOOK      sleeps without a look at the inbox
 *   BUG_LOOK_ONE           looks at one of the inboxes only
 *   BUG_END_BEFORE_DRAIN   meets a stop when the interrupt is cleared and the
 *                          inboxes are not taken yet
 */
#ifndef PUSHERS
#define PUSHERS 2
#endif
#ifndef EXECS
#define EXECS 3
#endif
#ifndef CALLS
#define CALLS 3
#endif
#ifndef WAKES
#define WAKES 3
#endif
#ifndef ASKS
#define ASKS 2
#endif
#ifndef STOPS
#define STOPS 1
#endif

#define NONE 0 /* executors count from 1 */

/* the hart page */
byte inbox;
byte timer_inbox; /* entries */
bool ssip;
bool idle; /* its bit in the global page */
byte cur;
/* executor pages */
#define READY 0
#define PARKED 1
#define STOPPED 2
byte state[EXECS + 1];
bool stopreq[EXECS + 1];
byte next[EXECS + 1];
/* the hart's own */
chan ring = [EXECS] of { byte };
/* what the checks need */
#define IN_INBOX 3
#define IN_RING 4
#define RUNS 5
byte place[EXECS + 1];
byte calls, wakes, asks, stops; /* left */

inline interrupt_if(first)
{
	if
#ifdef BUG_IPI_NEVER
	:: true
#endif
#ifdef BUG_IPI_IF_IDLE
	:: first && idle -> ssip = true
#else
	:: first -> ssip = true
#endif
	:: else
	fi
}

/* e is the caller's */
inline inbox_push(e)
{
#ifdef BUG_IPI_FIRST
	interrupt_if(inbox == NONE);
#endif
	f = inbox;
	next[e] = f;
	do
	:: atomic { /* CAS */
			if
			:: inbox == f -> inbox = e; place[e] = IN_INBOX; break
			:: else -> f = inbox
			fi
		}
#ifndef BUG_LINK_ONCE
		next[e] = f
#endif
	od;
#ifndef BUG_IPI_FIRST
	interrupt_if(f == NONE);
#endif
	f = NONE
}

inline drain()
{
#ifdef BUG_TAKE_NO_SWAP
	l = inbox;
	inbox = NONE;
#else
	atomic { l = inbox; inbox = NONE } /* swap */
#endif
	/* Nobody else's from here on. */
	atomic {
		do
		:: l == NONE -> break
		:: else ->
			assert(place[l] == IN_INBOX && state[l] == READY);
			place[l] = IN_RING;
			ring!l;
			n = next[l];
			next[l] = NONE;
			l = n
		od;
		n = NONE
	}
	timer_inbox = 0
}

proctype hart()
{
	byte l, n, early;

dispatch:
	atomic {
		if
		:: ring?cur ->
			assert(place[cur] == IN_RING);
			place[cur] = RUNS;
			goto run_ex
		:: empty(ring)
		fi
	}

find:
	drain();
	if
	:: nempty(ring) -> goto dispatch
	:: empty(ring)
	fi;
	idle = true; /* fence_full */
look:
#ifndef BUG_LOOK_CLEARS_LAST
	ssip = false; /* fence_full */
#endif
#ifndef BUG_SLEEP_NO_LOOK
	if
	:: inbox != NONE -> goto leave
	:: else
	fi;
#ifndef BUG_LOOK_ONE
	if
	:: timer_inbox != 0 -> goto leave
	:: else
	fi;
#endif
#endif
#ifdef BUG_LOOK_CLEARS_LAST
	ssip = false;
#endif
end_asleep:
	ssip; /* hart_wait */
#ifdef BUG_SLEEP_NO_LOOK
	goto leave;
#else
	goto look;
#endif
leave:
	idle = false;
	goto find;

run_ex:
	if
	:: stopreq[cur] -> goto end_asked
	:: else
	fi;

user:
	assert(place[cur] == RUNS);
end_user:
	atomic {
		if
		:: ssip -> goto interrupt
		:: calls > 0 ->
			calls--;
			if
			:: stopreq[cur] -> goto end_asked
			:: else -> place[cur] = NONE; state[cur] = PARKED; cur = NONE; goto dispatch
			fi
		:: calls > 0 && nempty(ring) ->
			calls--;
			place[cur] = IN_RING;
			ring!cur;
			cur = NONE;
			goto dispatch
		fi
	}

interrupt:
#ifdef BUG_NO_FENCE_CLEAR
	early = inbox;
#endif
#ifndef BUG_CLEAR_LAST
	ssip = false; /* fence_full */
#endif
#ifdef BUG_END_BEFORE_DRAIN
	if
	:: stopreq[cur] -> goto end_asked
	:: else
	fi;
#endif
#ifdef BUG_NO_FENCE_CLEAR
	if
	:: early == NONE
	:: else -> early = NONE; drain()
	fi;
#else
	drain();
#endif
#ifdef BUG_CLEAR_LAST
	ssip = false;
#endif
	if
	:: stopreq[cur] -> goto end_asked
	:: else -> goto user
	fi;

end_asked:
	atomic {
		state[cur] = STOPPED;
		stopreq[cur] = false;
		place[cur] = NONE;
		cur = NONE;
		goto dispatch
	}
}

#define wake_of(k) atomic { wakes > 0 && state[k] == PARKED -> wakes--; state[k] = READY; e = k }

proctype pusher()
{
	byte e, f;

end:
	do
	:: wake_of(1)
		inbox_push(e);
		e = NONE
	:: wake_of(2)
		inbox_push(e);
		e = NONE
#if EXECS >= 3
	:: wake_of(3)
		inbox_push(e);
		e = NONE
#endif
	:: atomic { asks > 0 -> asks--; f = timer_inbox; timer_inbox++ }
		interrupt_if(f == 0);
		f = 0
	od
}

#if STOPS > 0
proctype stopper()
{
	byte e;

end:
	do
	:: atomic {
			stops > 0 ->
			stops--;
			select(e : 1 .. EXECS);
			if
			:: state[e] == READY && !stopreq[e] -> stopreq[e] = true
			:: state[e] == READY && stopreq[e] -> e = NONE
			:: state[e] == PARKED -> state[e] = STOPPED; e = NONE
			:: state[e] == STOPPED -> e = NONE
			fi
		}
		if
		:: e != NONE -> e = NONE; ssip = true
		:: else
		fi
	od
}
#endif

active proctype quiet()
{
	byte i, n;

	timeout;
	d_step {
		assert(inbox == NONE && timer_inbox == 0);
		assert(cur != NONE || empty(ring));
		assert(cur == NONE || !stopreq[cur]);
		n = len(ring) + (cur != NONE);
		for (i : 1 .. EXECS) {
			n = n + (state[i] != READY)
		}
		assert(n == EXECS)
	}
}

init
{
	byte i;

	d_step {
		for (i : 2 .. EXECS) {
			state[i] = PARKED
		}
		place[1] = IN_RING;
		ring!1;
		i = 0
	}
	select(calls : 0 .. CALLS);
	select(wakes : 0 .. WAKES);
	select(asks : 0 .. ASKS);
	select(stops : 0 .. STOPS);
	atomic {
		run hart();
		for (i : 1 .. PUSHERS) {
			run pusher()
		}
#if STOPS > 0
		run stopper()
#endif
	}
}

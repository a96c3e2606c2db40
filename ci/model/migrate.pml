/* SPDX-License-Identifier: MIT
 *
 * Stop against migration: who asks an executor to end interrupts the hart that
 * `hart` names, while executors move from hart to hart.
 *
 * Modelled: harts that yield, park, wake, swap and, with nothing to run, take
 * from the FIFO, from their inbox, or from another's ring; stops from outside.
 * One step is one access to a word that other harts may touch at that time; LR/SC
 * loops are one step.
 *
 * Bounds: HARTS harts, EXECS executors, the last BOUND of them bound to hart 1; at most CALLS
 * yields, parks, wakes and swaps, and STOPS stops, in all.  A program may stop
 * calling at any time and spin, which only an interrupt can end.
 *
 * Checked
 *   - who was told to stop ends: when nothing moves any more, only what is queued
 *     while all harts are busy may still have STOPREQ
 *   - READY means one owner; `hart` is written by the owner alone, and names the
 *     ring's hart while in a ring, and the hart that runs it
 *   - what is bound runs where it is bound
 *
 * Memory order.  Promela is sequentially consistent.  What RVWMO allows besides
 * is a load served before an older store of its own hart; the bugs that lack a
 * fence do their load that early.  Acquire and release orders are taken as given.
 *
 * Correspondence
 *   adopt                    kern/sched.c: sched_adopt
 *   run_ex, dispatch         arch/riscv/switch.S: run, run_special; dispatch_take
 *   yield                    arch/riscv/switch.S: yield_switch
 *   wake, enqueue            arch/riscv/park.S: call_wake; kern/sched.c:
 *                            sched_enqueue
 *   swap                     arch/riscv/park.S: park_swap, swap_claimed, swap_far;
 *                            kern/executor.c: executor_give_back
 *   find                     kern/idle.c: sched_find, steal; kern/queue.c
 *   interrupt                kern/sched.c: sched_interrupt
 *   executor_stop, executor_end
 *                            kern/executor.c
 *
 * Abstractions.  Rings, FIFO and inboxes change in one step (ring.pml, fifo.pml,
 * inbox.pml); a hart with nothing to run looks until it finds something (idle.pml).
 * Of an executor that has been stolen with others, each is adopted by itself.
 *
 * Seeded bugs, each of which must be found:
 *   BUG_NO_FENCE_ADOPT     hart -> state, where it is taken
 *   BUG_NO_FENCE_STOP      STOPREQ -> hart, where it is asked
 *   BUG_STEAL_NO_ADOPT     what is stolen keeps its hart
 *   BUG_PUBLISH_FIRST      what is stolen besides is published, then adopted
 *   BUG_FIFO_NO_ADOPT      what comes from the FIFO keeps its hart
 *   BUG_INBOX_NO_ADOPT     what comes by an inbox keeps its hart
 *   BUG_WAKE_NO_ADOPT      what is woken keeps its hart
 *   BUG_SWAP_NO_ADOPT      what is swapped to keeps its hart
 *   BUG_SWAP_NO_TEST       nor is its state looked at
 *   BUG_DISPATCH_NO_TEST   the state is not looked at before it runs
 *   BUG_INTERRUPT_NO_TEST  nor after an interrupt
 *   BUG_GIVE_BACK_BLIND    gives back by a store what it has claimed
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
#ifndef CALLS
#define CALLS 3
#endif
#ifndef STOPS
#define STOPS 1
#endif

/* EX_STATE */
#define READY 0
#define PARKED 1
#define STOPPED 2
#define TOKEN 4
#define STOPREQ 8
#define life(s) ((s) & 3)

#define NONE 0 /* harts and executors count from 1 */
#define QUEUE 100
#define bound(e) ((e) > EXECS - BOUND)

/* executor pages */
byte state[EXECS + 1];
byte hart_of[EXECS + 1]; /* EX_HART */
/* hart pages */
byte count[HARTS + 1]; /* in the ring */
byte ring[(HARTS + 1) * (EXECS + 1)];
bool ssip[HARTS + 1];
byte cur[HARTS + 1];
chan inbox = [EXECS] of { byte }; /* of hart 1 */
chan fifo = [EXECS] of { byte };
/* what the checks need */
byte owner[EXECS + 1];
bool doomed[EXECS + 1]; /* told to stop, and hasn't yet */
byte calls, stops; /* left */

#define slot(h, n) ring[(h) * (EXECS + 1) + (n)]
#define owned(e) assert(owner[e] == me && life(state[e]) == READY)

/* Inside one step: */
#define claim(e) \
	assert(owner[e] == NONE); \
	owner[e] = me; \
	state[e] = READY
#define append(h, e) \
	slot(h, count[h]) = e; \
	count[h]++
#define shift(h) \
	count[h]--; \
	slot(h, 0) = slot(h, 1); \
	slot(h, 1) = slot(h, 2); \
	slot(h, 2) = (EXECS > 2 -> slot(h, 3 * (EXECS > 2)) : 0); \
	slot(h, count[h]) = NONE

/* e is owned, and is this hart's afterwards. */
inline adopt(e)
{
	if
	:: hart_of[e] != me -> atomic { owned(e); hart_of[e] = me } /* fence_full */
	:: else
	fi
}

/* e is in this hart's ring afterwards. */
inline push(e)
{
	atomic {
		owned(e);
#ifndef BUG_PUBLISH_FIRST
		assert(hart_of[e] == me);
#endif
		owner[e] = QUEUE;
		append(me, e);
		e = NONE
	}
}

inline enqueue(e)
{
	if
	:: bound(e) && me != 1 ->
		atomic { owned(e); owner[e] = QUEUE; x = e; e = NONE; inbox!x; x = NONE }
	:: else ->
#ifndef BUG_WAKE_NO_ADOPT
		adopt(e);
#endif
		if
		:: push(e)
		:: atomic { !bound(e) -> owned(e); owner[e] = QUEUE; x = e; e = NONE; fifo!x; x = NONE }
		fi
	fi
}

#define call_of(k, call) \
	calls > 0 && cur[me] != k && life(state[k]) == PARKED -> calls--; e = k; goto call

proctype hart(byte me)
{
	byte e, x, v;
#ifdef BUG_NO_FENCE_ADOPT
	byte s;
#endif

	if
	:: cur[me] != NONE -> goto user
	:: else
	fi;

dispatch:
	e = NONE;
	atomic {
		if
		:: count[me] > 0 ->
			e = slot(me, 0);
			shift(me);
			assert(owner[e] == QUEUE);
			owner[e] = me;
			goto run_ex
		:: else
		fi
	}

find:
end_find:
	atomic {
		if
		:: me == 1 && len(inbox) > 0 -> inbox?e; v = 1
		:: len(fifo) > 0 -> fifo?e; v = 2
		:: me != 1 && count[1] > 0 && !bound(slot(1, 0)) -> e = slot(1, 0); shift(1); v = 3
		:: me != 2 && count[2] > 0 && !bound(slot(2, 0)) -> e = slot(2, 0); shift(2); v = 3
#if HARTS >= 3
		:: me != 3 && count[3] > 0 && !bound(slot(3, 0)) -> e = slot(3, 0); shift(3); v = 3
#endif
		:: count[me] > 0 -> goto dispatch
		fi;
		assert(owner[e] == QUEUE);
		owner[e] = me
	}
#ifdef BUG_NO_FENCE_ADOPT
	s = state[e];
#endif
#ifdef BUG_PUBLISH_FIRST
	if
	:: v == 3 ->
		x = e;
		push(e);
		hart_of[x] = me;
		x = NONE;
		v = 0;
		goto dispatch
	:: else
	fi;
#endif
#ifdef BUG_STEAL_NO_ADOPT
	if
	:: v == 3
	:: else -> adopt(e)
	fi;
#elif defined(BUG_FIFO_NO_ADOPT)
	if
	:: v == 2
	:: else -> adopt(e)
	fi;
#elif defined(BUG_INBOX_NO_ADOPT)
	if
	:: v == 1
	:: else -> adopt(e)
	fi;
#else
	adopt(e);
#endif
	v = 0;
	/* To run it, or one after the other from the own ring. */
	if
	:: goto run_ex
	:: push(e); goto dispatch
	fi;

run_ex: /* e */
#if !defined(BUG_STEAL_NO_ADOPT) && !defined(BUG_FIFO_NO_ADOPT) && !defined(BUG_INBOX_NO_ADOPT) && \
	!defined(BUG_WAKE_NO_ADOPT) && !defined(BUG_SWAP_NO_ADOPT) && !defined(BUG_PUBLISH_FIRST)
	assert(hart_of[e] == me);
#endif
	assert(owner[e] == me && (me == 1 || !bound(e)));
	atomic {
#ifdef BUG_NO_FENCE_ADOPT
		if
		:: s & STOPREQ -> s = 0; cur[me] = e; e = NONE; goto end_asked
		:: else -> s = 0
		fi;
#elif !defined(BUG_DISPATCH_NO_TEST)
		if
		:: state[e] & STOPREQ -> cur[me] = e; e = NONE; goto end_asked
		:: else
		fi;
#endif
		cur[me] = e;
		e = NONE
	}

user:
	atomic { owned(cur[me]) }
end_user:
	atomic {
		if
		:: ssip[me] -> ssip[me] = false; goto interrupt
		:: calls > 0 && count[me] > 0 -> calls--; e = cur[me]; cur[me] = NONE; goto yield
		:: calls > 0 -> calls--; goto park
		:: call_of(1, wake)
		:: call_of(2, wake)
		:: call_of(3, wake)
		:: call_of(1, swap)
		:: call_of(2, swap)
		:: call_of(3, swap)
		fi
	}

interrupt:
	/* inbox */
	atomic {
		if
		:: me == 1 && len(inbox) > 0 -> inbox?e; owner[e] = me
		:: else
		fi
	}
	if
	:: e != NONE ->
#ifndef BUG_INBOX_NO_ADOPT
		adopt(e);
#endif
		push(e)
	:: else
	fi;
#ifdef BUG_INTERRUPT_NO_TEST
	goto user;
#else
	if
	:: state[cur[me]] & STOPREQ -> goto end_asked
	:: else -> goto user
	fi;
#endif

yield:
	push(e);
	goto dispatch;

park:
	atomic { /* LR/SC */
		if
		:: state[cur[me]] == READY ->
			state[cur[me]] = PARKED;
			owner[cur[me]] = NONE;
			cur[me] = NONE;
			goto dispatch
		:: else -> goto park_special
		fi
	}

park_special:
	if
	:: state[cur[me]] & STOPREQ -> goto end_asked
	:: else -> state[cur[me]] = state[cur[me]] & ~TOKEN; goto user
	fi;

wake:
	atomic {
		if
		:: state[e] == PARKED -> claim(e)
		:: life(state[e]) == STOPPED -> e = NONE; goto user
		:: life(state[e]) == READY -> state[e] = state[e] | TOKEN; e = NONE; goto user
		fi
	}
	enqueue(e);
	if
	:: me != 1 && len(inbox) > 0 -> ssip[1] = true
	:: else
	fi;
	goto user;

swap: /* to e */
	atomic { /* LR/SC */
		if
		:: state[e] == PARKED -> claim(e)
		:: else -> e = NONE; goto user /* -EBUSY */
		fi
	}
#ifdef BUG_NO_FENCE_ADOPT
	s = state[e];
#endif
	if
	:: hart_of[e] == me
	:: hart_of[e] != me && bound(e) && me != 1 -> goto give_back /* -EBUSY */
	:: else ->
#ifndef BUG_SWAP_NO_ADOPT
		adopt(e)
#endif
	fi;
	atomic { /* LR/SC */
		if
		:: state[cur[me]] == READY ->
			state[cur[me]] = PARKED;
			owner[cur[me]] = NONE;
			cur[me] = NONE;
#ifdef BUG_SWAP_NO_TEST
			cur[me] = e;
			e = NONE;
			goto user
#else
			goto run_ex
#endif
		:: else
		fi
	}
give_back: /* -EAGAIN */
	atomic { /* CAS */
		if
#ifdef BUG_GIVE_BACK_BLIND
		:: true ->
#else
		:: state[e] == READY ->
#endif
			state[e] = PARKED;
			owner[e] = NONE;
			e = NONE;
			goto gave_back
		:: else
		fi
	}
	enqueue(e);
	if
	:: me != 1 && len(inbox) > 0 -> ssip[1] = true
	:: else
	fi;
gave_back:
	if
	:: state[cur[me]] != READY -> goto park_special
	:: else -> goto user
	fi;

end_asked:
	atomic {
		owned(cur[me]);
		state[cur[me]] = STOPPED;
		owner[cur[me]] = NONE;
		doomed[cur[me]] = false;
		cur[me] = NONE;
		goto dispatch
	}
}

proctype stopper(byte me)
{
	byte e, h;

end:
	do
	:: atomic { stops > 0 -> stops--; select(e : 1 .. EXECS) }
#ifdef BUG_NO_FENCE_STOP
		h = hart_of[e];
#endif
		atomic { /* CAS loop */
			if
			:: life(state[e]) == STOPPED -> e = NONE
			:: life(state[e]) == PARKED -> claim(e); state[e] = STOPPED; owner[e] = NONE; e = NONE
			:: life(state[e]) == READY && (state[e] & STOPREQ) -> e = NONE
			:: life(state[e]) == READY && !(state[e] & STOPREQ) ->
				state[e] = state[e] | STOPREQ;
				doomed[e] = true
			fi
		}
		if
		:: e == NONE
		:: else ->
#ifndef BUG_NO_FENCE_STOP
			h = hart_of[e]; /* fence_full before */
#endif
			if
			:: h != NONE -> ssip[h] = true
			:: else
			fi
		fi;
		atomic { e = NONE; h = NONE }
	od
}

active proctype quiet()
{
	byte i, n;

	timeout;
	d_step {
		n = len(fifo) + len(inbox);
		assert(len(inbox) == 0);
		for (i : 1 .. HARTS) {
			n = n + count[i] + (cur[i] != NONE);
			assert(cur[i] == NONE || owner[cur[i]] == i);
			assert(cur[i] != NONE || len(fifo) == 0)
		}
		for (i : 1 .. EXECS) {
			n = n + (owner[i] == NONE);
			assert(doomed[i] == ((state[i] & STOPREQ) != 0));
			assert(!doomed[i] || owner[i] == QUEUE)
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
		hart_of[1] = 1;
		for (i : 2 .. EXECS) {
			if
			:: i == 2 -> owner[2] = QUEUE; hart_of[2] = 1; append(1, 2)
			:: i != 2 && !bound(i) -> state[i] = PARKED; hart_of[i] = HARTS
			/* has just been started, and ran elsewhere in its last life */
			:: else -> owner[i] = QUEUE; hart_of[i] = HARTS; inbox!i; ssip[1] = true
			fi
		}
		i = 0
	}
	select(calls : 0 .. CALLS);
	select(stops : 0 .. STOPS);
	atomic {
		for (i : 1 .. HARTS) {
			run hart(i)
		}
		run stopper(HARTS + 1)
	}
}

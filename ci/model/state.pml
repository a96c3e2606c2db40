/* SPDX-License-Identifier: MIT
 *
 * The state word: park, wake, swap, start, stop, fault, end and dispatch, by
 * harts that run executors and by actors.  An actor stands for a hart that
 * does one kind of call for an executor that is not looked at.
 *
 * One step is one access to a word that others may touch at that time; LR/SC
 * loops and CAS loops are one step, since a failed one has done nothing.
 *
 * SCENE chooses programs and actors:
 *   WAIT  each waits for its word: while (!word) park(&word, 0).  An actor
 *         stores and wakes, another stops.
 *   SWAP  park, swap to any other, yield, in any order; wakes and a stop
 *         from outside
 *   KEEP  1 and 3 fault, 2 is their keeper and resumes them; wakes and a stop
 *         from outside
 *   BOTH  1 faults, 2 is its keeper, 2 and 3 swap to each other now and then;
 *         wakes and a stop from outside
 *   LIFE  start, stop, restart, end, faults without a keeper, and stops by a
 *         hart's own reclaiming, which may hit what it runs
 * With EXPIRES, WAIT and SWAP park with deadlines, too, that may pass at any time.
 * Bounds: HARTS harts, EXECS executors, CALLS calls by executors, WAKES wakes
 * (or signals), STOPS stops, STARTS starts; each at most that many, in all.  A
 * program may stop calling at any time and spin, which only an interrupt can
 * end; parks are not counted in WAIT, KEEP and BOTH, since each needs a wake.
 *
 * Checked
 *   - life READY means one owner: a hart, the queue, or an actor; others mean
 *     none.  Claims are made on unowned ones, everything else by the owner.
 *   - a frame is loaded by its owner, holds what was saved last, and is loaded
 *     whole exactly if it was saved whole (EX_FULL); what returns without
 *     loading has lost nothing meanwhile
 *   - STOPPED is never run; PARKED carries no flags but FP and TIMED
 *   - nobody stays parked after a store and a wake (WAIT)
 *   - nobody stays faulted while its keeper is parked (KEEP, BOTH): what is told
 *     arrives, once, and not before the fault can be resumed
 *   - FP stays while an executor lives, of those in the set FPS; TIMED is there only
 *     from a timed park to the claim, or to the run of one that is swapped to
 *   - a token is neither lost nor taken twice: the flag says at all times
 *     whether a wake is still to be learnt of
 *   - a swap that fails leaves next as it was, or makes it run
 *   - no stop request is lost; in the end only what is queued, while all harts
 *     are busy, may still have one
 *
 * Memory order.  Promela is sequentially consistent.  What RVWMO allows
 * besides is a load served before an older store of its own hart; the bugs
 * that lack a fence do their load that early.  Acquire and release orders are
 * taken as given.
 *
 * Correspondence; steps carry the labels of the code
 *   call_park .. park_special, yield_switch arch/riscv/park.S, trap.S
 *   park_swap .. swap_special               arch/riscv/park.S
 *   executor_claim                          also wake_claim, wake_token in
 *                                           arch/riscv/park.S
 *   dispatch, run_ex (run), run_special, run_stop, exit_call, exit_full
 *                                           arch/riscv/trap.S
 *   executor_adopt, executor_park_special, executor_claim, executor_end,
 *   executor_stop, executor_start, executor_fault, tell, give_words
 *                                           kern/executor.c
 *   sched_interrupt                         kern/sched.c
 *   asked_to_end            kern/sched.c: sched_interrupt; kern/call.c: call_c
 *
 * Left out: queues and how harts sleep (idle.pml); moves from hart to hart
 * (migrate.pml); when a deadline is due (timer.pml: here it may be at any time, EXPIRES
 * of them in all); counts, grace periods and takedown (grace.pml); capabilities;
 * what the words say.
 *
 * Seeded bugs, each of which must be found, with the scene that does:
 *   WAIT  BUG_WAKE_TWO_ATOMICS   looks at the state, then sets TOKEN
 *   WAIT  BUG_WAKE_SKIPS_TOKEN   no store if TOKEN is set already
 *   WAIT  BUG_SAVE_AFTER_PUBLISH
 *   WAIT  BUG_REREAD_WORD        looks at the word again and takes PARKED back
 *   LIFE  BUG_NO_FENCE_ADOPT     hart -> state, where it is taken
 *   LIFE  BUG_NO_FENCE_STOP      STOPREQ -> hart, where it is asked
 *   WAIT  BUG_PARK_IGNORES_TOKEN publishes PARKED whatever the state is
 *   SWAP  BUG_SWAP_SELF_FIRST    publishes itself, then claims next
 *   SWAP  BUG_SWAP_FORGETS_NEXT  returns without giving next back
 *   SWAP  BUG_GIVE_BACK_BLIND    gives next back by a store
 *   KEEP  BUG_TELL_FIRST         tells before FAULTED is published
 *   KEEP  BUG_PENDING_FIRST      takes pending, then the token
 *   BOTH  BUG_EAGAIN_DROPS_EVENT takes the token, leaves pending
 *   KEEP  BUG_FAULT_LOSES_TOKEN  becomes FAULTED without its token
 *   KEEP  BUG_FAULT_IGNORES_STOP becomes FAULTED though asked to stop
 *   LIFE  BUG_STOP_UNSEEN        a hart's own step asks what it runs, unseen
 *   LIFE  BUG_START_EARLY        writes registers before it has claimed
 *   LIFE  BUG_FULL_BY_STORE      clears FULL by a plain store
 *   WAIT  BUG_WAKE_DROPS_FP      claims by a store of READY
 *   SWAP  BUG_RUN_KEEPS_TIMED    one that was swapped to keeps the flag
 */
#define WAIT 1
#define SWAP 2
#define KEEP 3
#define LIFE 4
#define BOTH 5
#ifndef SCENE
#define SCENE WAIT
#endif
#ifndef HARTS
#define HARTS 2
#endif
#ifndef EXECS
#define EXECS 2
#endif
#ifndef CALLS
#define CALLS 2
#endif
#ifndef WAKES
#define WAKES 2
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef EXPIRES
#define EXPIRES 0 /* and no timed parks */
#endif
#ifndef FPS
#define FPS 0
#endif
#ifndef STARTS
#define STARTS 0
#endif

/* EX_STATE */
#define LIFE_MASK 3
#define READY 0
#define PARKED 1
#define STOPPED 2
#define FAULTED 3
#define TOKEN 4
#define STOPREQ 8
#define FULL 16
#define FP 32
#define TIMED 64
#define life(s) ((s) & LIFE_MASK)

#define NONE 0 /* executors and harts count from 1, actors behind the harts */
#define QUEUE 100
#define KEEPER 2
#define BIT(e) (1 << (e))
#define fp_of(e) ((FPS & BIT(e)) -> FP : 0)

/* executor pages */
byte state[EXECS + 1];
byte hart_of[EXECS + 1]; /* EX_HART */
byte keeper[EXECS + 1];
byte pending[EXECS + 1];
byte a1[EXECS + 1]; /* in the frame, or the register */
bool word[EXECS + 1]; /* the user's, that it waits for */
/* hart pages */
byte cur[HARTS + 1];
bool ssip[HARTS + 1];
/* the global page's queue */
chan fifo = [EXECS] of { byte };
/* what the checks need */
byte owner[EXECS + 1];
byte regs[EXECS + 1]; /* who holds the newest: h, or h + SAVED: in the frame */
#define SAVED 50
bool whole[EXECS + 1]; /* the frame was saved whole */
bool due[EXECS + 1]; /* woken while not parked, and hasn't learnt it yet */
bool doomed[EXECS + 1]; /* told to stop, and hasn't yet */
byte calls, wakes, stops, starts, expires; /* left */
byte asked;

/* Inside one step: the ownership rules. */
#define claim(e, v) \
	assert(owner[e] == NONE); \
	owner[e] = me; \
	state[e] = (v) | (state[e] & FP)
/* to swap to: it may have to be given back as it was */
#define claim_next(e) \
	assert(owner[e] == NONE); \
	owner[e] = me; \
	state[e] = state[e] & (FP | TIMED)
#define publish(e, v) \
	assert(owner[e] == me && (regs[e] == me + SAVED || v == STOPPED)); \
	owner[e] = NONE; \
	state[e] = ((v) == STOPPED -> STOPPED : (v) | (state[e] & FP))
/* as it was: its frame hasn't been touched */
#define publish_back(e) \
	assert(owner[e] == me && regs[e] > SAVED && !whole[e]); \
	owner[e] = NONE; \
	state[e] = PARKED | (state[e] & (FP | TIMED))
#define owned(e) \
	assert(owner[e] == me && life(state[e]) == READY && (state[e] & FP) == fp_of(e))

inline sched_enqueue(e)
{
	d_step { owned(e); owner[e] = QUEUE; fifo!e }
}

/* SAVE_CALL */
inline save_call()
{
	d_step { owned(ex); assert(regs[ex] == me); regs[ex] = me + SAVED; whole[ex] = false }
}

inline save_all()
{
	d_step { owned(ex); assert(regs[ex] == me); regs[ex] = me + SAVED; whole[ex] = true }
}

/* wake_claim, executor_claim: t says whether e is ours now. */
inline executor_claim(e)
{
#ifdef BUG_WAKE_TWO_ATOMICS
	t = life(state[e]);
	if
	:: t == PARKED ->
		atomic {
			if
			:: state[e] == PARKED -> claim(e, READY); t = 1
			:: else -> t = 0
			fi
		}
	:: t == STOPPED -> t = 0
	:: else -> d_step { state[e] = state[e] | TOKEN; due[e] = true; t = 0 }
	fi
#else
	atomic {
		if
		:: life(state[e]) == PARKED ->
			assert((state[e] & ~(FP | TIMED)) == PARKED);
#if defined(BUG_WAKE_DROPS_FP)
			claim(e, READY);
			state[e] = READY;
#else
			claim(e, READY);
#endif
			t = 1
		:: life(state[e]) == STOPPED -> t = 0
		:: else -> state[e] = state[e] | TOKEN; due[e] = true; t = 0
		fi
	}
#endif
}

/* The frame of e is written as a whole; then AMO. */
inline give_words(e, badge)
{
	d_step { owned(e); regs[e] = me + SAVED; a1[e] = badge; whole[e] = true }
	d_step { owned(e); state[e] = state[e] | FULL }
}

/* k's keeper was to be told of e: nx = k if it is ours to run. */
inline tell(k, badge)
{
	nx = NONE;
	if
	:: k == NONE
	:: else ->
		atomic {
			if
			:: life(state[k]) == PARKED -> claim(k, READY); nx = k
			:: else
			fi
		}
		if
		:: nx != NONE -> give_words(nx, badge)
		:: else ->
			pending[k] = pending[k] | badge;
			executor_claim(k);
			if
			:: t == 1 ->
				d_step { nx = k; t = pending[k]; pending[k] = 0 }
				give_words(nx, t)
			:: else
			fi;
			t = 0
		fi
	fi
}

/* nx = the keeper if it is ours to run */
inline executor_end(e)
{
	d_step { owned(e); k = keeper[e]; keeper[e] = NONE }
	d_step {
		publish(e, STOPPED);
		regs[e] = NONE;
		whole[e] = false;
		due[e] = false;
		doomed[e] = false
	}
	tell(k, BIT(e));
	k = NONE
}

inline executor_stop(e)
{
#ifdef BUG_NO_FENCE_STOP
	h = hart_of[e];
#endif
	atomic { /* CAS loop */
		s = life(state[e]);
		if
		:: s == STOPPED
		:: s == READY && (state[e] & STOPREQ) -> s = STOPPED /* who asked first, interrupts */
		:: s == READY && !(state[e] & STOPREQ) ->
			state[e] = state[e] | STOPREQ;
			doomed[e] = true
		:: s == PARKED || s == FAULTED -> claim(e, READY)
		fi
	}
	if
	:: s == STOPPED
	:: s == READY ->
#ifndef BUG_NO_FENCE_STOP
		h = hart_of[e]; /* fence_full before */
#endif
		if
		:: h != NONE && h != me -> ssip[h] = true
		:: else
		fi
	:: else ->
		executor_end(e);
		if
		:: nx != NONE -> sched_enqueue(nx)
		:: else
		fi
	fi;
	s = 0;
	h = NONE;
	nx = NONE
}

inline executor_start(e, from)
{
#ifdef BUG_START_EARLY
	d_step { regs[e] = me + SAVED; whole[e] = true; assert(owner[e] == NONE || owner[e] == me) }
#endif
	atomic {
		t = 0;
		if
		:: life(state[e]) == from -> claim(e, FULL | (state[e] & TOKEN) | fp_of(e)); t = 1
		:: else
		fi
	}
	if
	:: t == 1 ->
		if
		:: from == STOPPED ->
			d_step {
				owned(e);
				regs[e] = me + SAVED;
				whole[e] = true;
				a1[e] = 0;
				pending[e] = 0
			}
		:: else -> owned(e)
		fi;
		sched_enqueue(e);
		t = 1
	:: else
	fi
}

#include "state_hart.inc"

/* The actors. */
#if EXECS == 2
#define pick(e) if :: e = 1 :: e = 2 fi
#else
#define pick(e) if :: e = 1 :: e = 2 :: e = 3 fi
#endif

proctype waker(byte me)
{
	byte e, t;

end:
	do
	:: atomic { wakes > 0 -> wakes--; pick(e) }
#ifdef BUG_WAKE_SKIPS_TOKEN
		/* the lr alone may be served before the store */
		if
		:: state[e] & TOKEN -> word[e] = true; goto end
		:: else
		fi;
#endif
#if SCENE == WAIT
		word[e] = true;
#endif
		executor_claim(e);
		if
		:: t == 1 -> sched_enqueue(e)
		:: else
		fi;
		t = 0;
		e = 0
	od
}

proctype stopper(byte me)
{
	byte e, s, t, k, h, nx;

end:
	do
	:: atomic { stops > 0 -> stops--; pick(e) }
		executor_stop(e);
		e = 0
	od
}

proctype starter(byte me)
{
	byte e, t;

end:
	do
	:: atomic { starts > 0 -> starts--; pick(e) }
		if
		:: executor_start(e, STOPPED)
		:: executor_start(e, FAULTED)
		fi;
		t = 0;
		e = 0
	od
}

#if EXPIRES > 0
#include "state_timer.inc"
#endif

active proctype quiet()
{
	byte i, busy;

	timeout;
	d_step {
		for (i : 1 .. HARTS) {
			if
			:: cur[i] != NONE -> busy++; assert(owner[cur[i]] == i)
			:: else -> assert(empty(fifo))
			fi
		}
		for (i : 1 .. EXECS) {
			assert((life(state[i]) == READY) == (owner[i] != NONE));
			assert(doomed[i] == ((state[i] & STOPREQ) != 0));
			assert(due[i] == ((state[i] & TOKEN) != 0));
			assert(!doomed[i] || owner[i] == QUEUE);
			assert(owner[i] <= HARTS || owner[i] == QUEUE);
#if SCENE == WAIT
			assert(life(state[i]) != PARKED || !word[i]);
#endif
#if SCENE == KEEP || SCENE == BOTH
			assert(life(state[i]) != FAULTED || life(state[KEEPER]) != PARKED);
#endif
		}
	}
}

init
{
	byte i;

	d_step {
		for (i : 1 .. EXECS) {
#if SCENE == LIFE
			state[i] = STOPPED;
#else
			owner[i] = QUEUE;
			state[i] = fp_of(i);
			regs[i] = HARTS + 1 + SAVED;
			fifo!i;
#if SCENE == KEEP || SCENE == BOTH
			keeper[i] = (i == KEEPER -> NONE : KEEPER);
#endif
#endif
		}
		i = 0
	}
	select(calls : 0 .. CALLS);
	select(wakes : 0 .. WAKES);
	select(stops : 0 .. STOPS);
	select(starts : 0 .. STARTS);
	select(expires : 0 .. EXPIRES);
	asked = stops;
	atomic {
		for (i : 1 .. HARTS) {
			run hart(i)
		}
#if WAKES > 0
		run waker(HARTS + 1);
#endif
#if STOPS > 0
		run stopper(HARTS + 2);
#endif
#if EXPIRES > 0
		run timer(HARTS + 4);
#endif
#if STARTS > 0
		run starter(HARTS + 3)
#endif
	}
}

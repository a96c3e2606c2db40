/* SPDX-License-Identifier: MIT
 *
 * The queue of ready executors: MCS lock, FIFO, and the handshake between a
 * hart that goes to sleep and one that queues work.
 *
 * Modelled: harts that take, run, yield, park, wake and sleep, in any order.
 * One step is one access to a word that other harts may touch at that time.
 * Under the lock that is the head alone, which is looked at without it: the
 * links and the tail go with the store of the head, since that nobody else is
 * there is what the lock is checked for.  Words whose value is dead are set to
 * 0, which makes fewer states; 0 is asserted not to be followed.
 *
 * Bounds: HARTS harts, EXECS executors, at most CALLS yields, parks and
 * successful wakes in all.  When those are used up, and that may be at any
 * time, a program spins: only an interrupt brings its hart into the kernel,
 * and that doesn't reschedule.
 *
 * Checked
 *   - lock: one holder at a time; free in the end, so nobody waits for ever
 *   - FIFO: the links lead from head to tail over what is queued and nothing
 *     else whenever the lock is let go; nothing is lost, run twice, or run
 *     while queued or parked
 *   - no lost wakeup: when nothing moves any more, no executor is queued while
 *     a hart sleeps
 *
 * Memory order.  Promela is sequentially consistent.  What RVWMO allows
 * besides, and what full fences are there for, is a load that is served before
 * an older store of its own hart; the BUG_NO_FENCE_* do it that early.  Acquire
 * and release orders are taken as given.
 *
 * Correspondence
 *   mcs_lock, mcs_unlock   arch/riscv/asm.inc: MCS_LOCK, MCS_UNLOCK
 *   yield_switch           arch/riscv/trap.S: call_yield, yield_switch; the
 *                          look at the head is the guard in user
 *   call_wake, push        arch/riscv/park.S: wake_claim .. wake_kick; and
 *                          kern/sched.c: sched_enqueue
 *   dispatch, take         arch/riscv/trap.S: dispatch, dispatch_empty
 *   sched_kick, look .. leave (sched_idle), user with ssip (sched_interrupt)
 *                          kern/sched.c
 *
 * Left out: frames, state words, stop requests (state.pml); reclaiming, which
 * sleeping harts do as well (grace.pml); retries of LR/SC (a CAS is one step).
 *
 * Seeded bugs, each of which must be found:
 *   BUG_MCS_LINK_BEFORE_HELD   held is set after the predecessor can see us
 *   BUG_MCS_NO_CAS             release stores 0 where it must compare first
 *   BUG_YIELD_POP_FIRST        takes the head before it queues itself
 *   BUG_NO_FENCE_IDLE          idle bit -> look at the queue
 *   BUG_NO_FENCE_KICK          queue -> look at the idle bits
 *   BUG_IDLE_NO_RECHECK        sleeps without looking again
 *   BUG_IDLE_IGNORES_BIT       sleeps on though its bit was taken
 *   BUG_CLEAR_SSIP_LAST        forgets the interrupt after the look
 */
#ifndef HARTS
#define HARTS 3
#endif
#ifndef EXECS
#define EXECS 3
#endif
#ifndef CALLS
#define CALLS 3
#endif

#define NONE 0 /* harts and executors count from 1 */
#define BIT(h) (1 << (h))

/* the global page */
byte lock;
byte head, tail;
byte idle;
/* hart pages */
byte mcs_next[HARTS + 1];
bool mcs_held[HARTS + 1];
bool ssip[HARTS + 1];
byte cur[HARTS + 1];
/* executor pages */
byte next[EXECS + 1];
bool parked[EXECS + 1];
/* what the checks need */
byte holder;
bool queued[EXECS + 1];
byte left;

inline mcs_lock()
{
	atomic { x = lock; lock = me } /* mcs_next = 0; amoswap.aqrl */
	if
	:: x == NONE
	:: else ->
#ifdef BUG_MCS_LINK_BEFORE_HELD
		mcs_next[x] = me;
		mcs_held[me] = true;
#else
		mcs_held[me] = true;
		mcs_next[x] = me;
#endif
		!mcs_held[me]
	fi;
	d_step { assert(holder == NONE); holder = me; x = NONE }
}

inline mcs_unlock()
{
	d_step { fifo_check(); assert(holder == me); holder = NONE }
	if
	:: mcs_next[me] != NONE
	:: else ->
		if
#ifdef BUG_MCS_NO_CAS
		:: lock = NONE
#else
		:: atomic { lock == me -> lock = NONE } /* LR/SC */
		:: lock != me -> mcs_next[me] != NONE
#endif
		fi
	fi;
	if
	:: mcs_next[me] != NONE ->
		d_step { mcs_held[mcs_next[me]] = false; mcs_next[me] = NONE }
	:: else
	fi
}

/* From head to tail, each that is queued once and no other. */
inline fifo_check()
{
	x = head;
	n = 0;
	do
	:: x != NONE ->
		assert(queued[x] && !parked[x]);
		n++;
		assert(n <= EXECS && (next[x] != NONE || tail == x));
		x = next[x]
	:: else -> break
	od;
	for (x : 1 .. EXECS) {
		if
		:: queued[x] -> n--
		:: else
		fi
	}
	assert(n == 0);
	n = 0;
	x = NONE
}

/* e goes behind the last; under the lock. */
inline push_behind()
{
	d_step {
		assert(tail != NONE);
		next[tail] = e;
		tail = e;
		queued[e] = true
	}
}

inline push()
{
	if
	:: head == NONE -> d_step { head = e; tail = e; queued[e] = true }
	:: else -> push_behind()
	fi
}

/* cur[me] becomes the first, if there is one; under the lock. */
inline take()
{
	if
	:: head != NONE ->
		d_step {
			x = head;
			head = next[x];
			next[x] = NONE;
			assert(queued[x]);
			queued[x] = false;
			if
			:: head == NONE -> tail = NONE
			:: else
			fi;
			cur[me] = x;
			x = NONE
		}
	:: else
	fi
}

inline sched_kick()
{
#ifndef BUG_NO_FENCE_KICK
	m = idle; /* fence_full before */
#endif
	do
	:: m != 0 ->
		d_step { /* m & -m; amoand of the inverse */
			x = 1;
			do
			:: !(m & BIT(x)) -> x++
			:: else -> break
			od;
			m = idle & BIT(x);
			idle = idle & ~BIT(x)
		}
		if
		:: m != 0 -> d_step { ssip[x] = true; x = NONE; m = 0 }; break
		:: else ->
			x = NONE;
			m = idle
		fi
	:: else -> break
	od
}

/* A claim, as in call_wake; one that would fail isn't tried. */
#define wake(k) \
	atomic { left > 0 && parked[k] -> left--; parked[k] = false; e = k } \
	goto call_wake

proctype hart(byte me)
{
	byte e; /* s0, or the executor at hand */
	byte x, n; /* scratch */
	byte m; /* idle bits, or the early look */

dispatch:
	mcs_lock();
	take();
	mcs_unlock();
	if
	:: cur[me] != NONE -> goto user
	:: else
	fi;

	/* dispatch_empty: sched_idle */
#ifdef BUG_NO_FENCE_IDLE
	m = (head != NONE);
#endif
	d_step { assert(!(idle & BIT(me))); idle = idle | BIT(me) }
	/* fence_full */
look:
#ifdef BUG_CLEAR_SSIP_LAST
	if
	:: head != NONE || !(idle & BIT(me)) -> goto leave
	:: else
	fi;
	ssip[me] = false;
#else
	ssip[me] = false; /* hart_interrupt_clear, then a fence */
#ifdef BUG_IDLE_NO_RECHECK
	if
	:: n == 1 && head != NONE -> goto leave
	:: else
	fi;
	n = 1;
#else
#ifdef BUG_NO_FENCE_IDLE
	if
	:: m == 1 -> goto leave
	:: m == 2 && head != NONE -> goto leave
	:: else -> m = 2
	fi;
#else
	if
	:: head != NONE -> goto leave
	:: else
	fi;
#endif
#endif
#ifndef BUG_IDLE_IGNORES_BIT
	if
	:: !(idle & BIT(me)) -> goto leave
	:: else
	fi;
#endif
#endif
end_asleep:
	ssip[me]; /* hart_wait */
	goto look;
leave:
	idle = idle & ~BIT(me); /* fence_full */
	m = 0;
	n = 0;
	goto dispatch;

user:
	assert(!queued[cur[me]] && !parked[cur[me]]);
end_user:
	if
	:: ssip[me] -> ssip[me] = false; goto user
	:: atomic { left > 0 && head != NONE -> left-- }; goto yield_switch
	:: atomic { left > 0 -> left--; parked[cur[me]] = true; cur[me] = NONE };
		goto dispatch
	:: wake(1)
	:: wake(2)
#if EXECS >= 3
	:: wake(3)
#endif
#if EXECS >= 4
	:: wake(4)
#endif
	fi;

yield_switch:
	mcs_lock();
	if
	:: head == NONE
	:: else ->
		e = cur[me];
#ifdef BUG_YIELD_POP_FIRST
		take();
		push();
#else
		push_behind();
		take();
#endif
		e = NONE
	fi;
	mcs_unlock();
	goto user;

call_wake:
	mcs_lock();
#ifdef BUG_NO_FENCE_KICK
	m = idle;
#endif
	push();
	e = NONE;
	mcs_unlock();
	sched_kick();
	goto user
}

/* When nothing can move any more. */
active proctype quiet()
{
	byte i, n;

	timeout;
	d_step {
		assert(lock == NONE);
		for (i : 1 .. HARTS) {
			if
			:: cur[i] != NONE -> n++
			:: else -> assert(head == NONE) /* it sleeps */
			fi
		}
		for (i : 1 .. EXECS) {
			if
			:: parked[i] || queued[i] -> n++
			:: else
			fi
		}
		assert(n == EXECS)
	}
}

init
{
	byte i;

	d_step {
		head = 1;
		tail = EXECS;
		for (i : 1 .. EXECS) {
			queued[i] = true;
			if
			:: i < EXECS -> next[i] = i + 1
			:: else
			fi
		}
		i = 0
	}
	select(left : 0 .. CALLS);
	atomic {
		for (i : 1 .. HARTS) {
			run hart(i)
		}
	}
}

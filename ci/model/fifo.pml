/* SPDX-License-Identifier: MIT
 *
 * The FIFO of ready executors that have no place in a ring: MCS lock, list, and
 * the one way to use it, an exchange: some go to its end, some come from its head.
 *
 * Modelled: harts that are preempted (one in, one out), make room (one in, none
 * out), and have nothing to run (none in, two out), in any order.  One step is one
 * access to a word that other harts may touch at that time.  Under the lock that
 * is the head alone, which is looked at without it: the links and the tail go
 * with the store of the head, since that nobody else is there is what the lock is
 * checked for.  Words whose value is dead are set to 0, which makes fewer states; 0 is
 * asserted not to be followed.
 *
 * Bounds: HARTS harts, EXECS executors, at most CALLS of these in all, besides
 * those that have nothing to run.  `kept` stands for the hart's ring.
 *
 * Checked
 *   - lock: one holder at a time; free in the end, so nobody waits for ever
 *   - FIFO: the links lead from head to tail over what is queued and nothing
 *     else whenever the lock is let go; nothing is lost, taken twice, or queued
 *     while it runs
 *
 * Memory order: sequentially consistent; acquire and release orders are taken as
 * given.
 *
 * Correspondence
 *   mcs_lock, mcs_unlock   arch/riscv/lib.S
 *   fifo_exchange          kern/queue.c: queue_fifo
 *   dispatch               kern/idle.c: sched_find, queue_exchange(0, n)
 *   preempt                kern/sched.c: tick
 *   spill                  kern/queue.c: queue_exchange(n, 0)
 *
 * Left out: who wakes whom (idle.pml); retries of LR/SC (a CAS is one step).
 *
 * Seeded bugs, each of which must be found:
 *   BUG_MCS_LINK_BEFORE_HELD   held is set after the predecessor can see us
 *   BUG_MCS_NO_CAS             release stores 0 where it must compare first
 *   BUG_TAKE_FIRST             takes from the head, then appends to what was the end
 *   BUG_OLD_LINK               doesn't end the list that it appends
 *   BUG_LOOK_TRUSTED           takes what it saw at the head before it had the lock
 */
#ifndef HARTS
#define HARTS 3
#endif
#ifndef EXECS
#define EXECS 4
#endif
#ifndef CALLS
#define CALLS 3
#endif

#define NONE 0 /* harts and executors count from 1 */

/* the global page */
byte lock;
byte head, tail;
/* hart pages */
byte mcs_next[HARTS + 1];
bool mcs_held[HARTS + 1];
byte cur[HARTS + 1];
byte kept[HARTS + 1];
/* executor pages */
byte next[EXECS + 1];
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
		assert(queued[x]);
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

/* e, or NONE, goes to the end; out = the first n */
inline fifo_exchange(n)
{
#ifdef BUG_LOOK_TRUSTED
	early = head;
#endif
	mcs_lock();
#ifdef BUG_TAKE_FIRST
	last = tail;
	take(n);
	append(last);
#else
	append(tail);
	take(n);
#endif
	mcs_unlock()
}

inline append(last)
{
	if
	:: e == NONE
	:: e != NONE && head == NONE ->
		d_step { assert(!queued[e]); head = e; tail = e; queued[e] = true; e = NONE }
	:: e != NONE && head != NONE ->
		d_step {
			assert(tail != NONE && !queued[e]);
			next[last] = e;
			tail = e;
			queued[e] = true;
			e = NONE
		}
	fi
}

inline take(n)
{
#ifdef BUG_LOOK_TRUSTED
	out = early;
	early = NONE;
#else
	out = head;
#endif
	if
	:: out != NONE && n > 0 ->
		d_step {
			x = out;
			queued[x] = false;
			if
			:: n > 1 && next[x] != NONE -> x = next[x]; queued[x] = false
			:: else
			fi;
			head = next[x];
#ifndef BUG_OLD_LINK
			next[x] = NONE;
#endif
			if
			:: head == NONE -> tail = NONE
			:: else
			fi;
			x = NONE
		}
	:: else -> out = NONE
	fi
}

/* The list that came is this hart's; it has room for it. */
inline keep()
{
	d_step {
		if
		:: out != NONE ->
			assert(!queued[out] && cur[me] == NONE);
			cur[me] = out;
			if
			:: next[out] != NONE ->
				assert(!queued[next[out]] && kept[me] == NONE);
				kept[me] = next[out];
				next[out] = NONE
			:: else
			fi;
			out = NONE
		:: else
		fi
	}
}

proctype hart(byte me)
{
	byte e, out;
	byte x, n; /* scratch */
#ifdef BUG_TAKE_FIRST
	byte last;
#endif
#ifdef BUG_LOOK_TRUSTED
	byte early;
#endif

dispatch:
end_asleep:
	head != NONE; /* or it sleeps */
	fifo_exchange(2);
	keep();
	if
	:: cur[me] == NONE -> goto dispatch
	:: else
	fi;

user:
	assert(!queued[cur[me]] && !queued[kept[me]]);
end_user:
	atomic {
		if
		:: left > 0 && head != NONE -> left--; goto preempt
		:: left > 0 && kept[me] != NONE -> left--; goto spill
		:: left > 0 && kept[me] == NONE -> left--; e = cur[me]; cur[me] = NONE; goto give
		fi
	}

preempt:
	atomic { e = cur[me]; cur[me] = NONE }
	fifo_exchange(1);
	keep();
	assert(cur[me] != NONE);
	goto user;

spill:
	atomic { e = kept[me]; kept[me] = NONE }
	fifo_exchange(0);
	goto user;

give: /* all it has */
	fifo_exchange(0);
	goto dispatch
}

/* When nothing can move any more. */
active proctype quiet()
{
	byte i, n;

	timeout;
	d_step {
		assert(lock == NONE);
		for (i : 1 .. HARTS) {
			n = n + (cur[i] != NONE) + (kept[i] != NONE);
			assert(cur[i] != NONE || head == NONE)
		}
		for (i : 1 .. EXECS) {
			n = n + queued[i]
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

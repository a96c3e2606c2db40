/* SPDX-License-Identifier: MIT
 *
 * rt's mutex and condition variable: rt/src/sync.c.
 *
 * Modelled: executors that lock and unlock, wait for a condition and make it
 * true.  One step is one access to a word that others may touch at that time;
 * m->fifo, which only the holder touches, goes with the step before.  park is
 * looked at from outside: it returns if the word has changed, if there is a
 * token, or when woken.  What wake may miss is state.pml's concern.
 *
 * SCENE chooses what they do:
 *   LOCK  ROUNDS times lock, unlock
 *   COND  the first gives each other one its turn, one by one, with signals; the
 *         others wait for a turn
 *   CAST  the first gives all turns at once and broadcasts
 * Signal and broadcast come before or after the unlock.
 *
 * Checked
 *   - one holder at a time, and m->fifo is his
 *   - nobody waits for ever: all come to their end, and the mutex is free then,
 *     its queue empty
 *   - a node is released once, and not touched after that
 *   - at most one is woken for the mutex at a time
 *
 * Correspondence
 *   lock_with, stack_take, cond_move   functions of the same names
 *   unlock                             hl_mutex_unlock, hl_mutex_unlock_slow
 *   cond_wait, signal, broadcast       hl_cond_*; the lock of the condition's
 *                                      queue is one step here
 *
 * Left out: semaphores (they are a counter and a queue under this mutex);
 * memory order.
 *
 * Seeded bugs, each of which must be found, with the scene that does:
 *   LOCK  BUG_UNLOCK_BY_AND      lets go by AND when it has seen WOKEN
 *   LOCK  BUG_NO_DROP            queues again without taking WOKEN away
 *   LOCK  BUG_RELEASE_UNSEEN     lets go by a store, whatever has queued
 *   LOCK  BUG_WOKEN_LATE         WOKEN comes in after the woken one may look
 *   LOCK  BUG_TOUCH_AFTER_GO     reads the handle after the store of go
 *   COND  BUG_QUEUE_LATE         lets go of the mutex, then queues
 *   COND  BUG_MOVE_UNSEEN        moves to the mutex's queue without looking
 *                                whether it is still held
 *   CAST  BUG_CAST_TAKES_NONE    broadcast drops all but the first
 */
#define LOCK 1
#define COND 2
#define CAST 3
#ifndef SCENE
#define SCENE LOCK
#endif
#ifndef EXECS
#define EXECS 3
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif

#define NONE 0 /* executors count from 1 */
#define WAIT 0
#define GO 1
#define GO_WOKEN 2

/* the mutex's word */
bool held, woken;
byte top;
/* m->fifo; links are the nodes' */
byte fifo;
/* the condition's queue */
byte chead, ctail;
/* nodes, one for each executor */
byte go[EXECS + 1];
byte next[EXECS + 1];
bool token[EXECS + 1];
/* the condition */
byte turns;
/* what the checks need */
byte holder;
byte ended;
bool live[EXECS + 1]; /* the node is in a queue, or about to be released */

/* w is lw, lh, lt: what was loaded of the word */
#define LOAD lh = held; lw = woken; lt = top
#define SAME (held == lh && woken == lw && top == lt)

inline release(n, how)
{
	assert(live[n]);
#ifdef BUG_TOUCH_AFTER_GO
	go[n] = how;
	assert(live[n]); /* reads n->handle */
#else
	atomic { go[n] = how; live[n] = false }
#endif
	token[n] = true;
}

inline wait()
{
	do
	:: atomic { go[me] != WAIT -> how = go[me]; live[me] = false; break }
	:: go[me] == WAIT -> atomic { token[me] -> token[me] = false } /* parked */
	od
}

/* with `drop` set */
inline lock_with()
{
	got = false;
	do
	:: got -> break
	:: else ->
		atomic { go[me] = WAIT; LOAD }
		do
		:: !lh ->
			atomic {
				if
				:: SAME ->
					held = true;
					if :: drop -> woken = false :: else fi;
					assert(holder == NONE);
					holder = me;
					got = true;
					break
				:: else -> LOAD
				fi
			}
		:: lh ->
			atomic {
				if
				:: SAME ->
					next[me] = lt;
					live[me] = true;
					top = me;
#ifndef BUG_NO_DROP
					if :: drop -> woken = false :: else fi;
#endif
					break
				:: else -> LOAD
				fi
			}
		od;
		if
		:: !got ->
			wait();
			assert(how == GO_WOKEN);
			drop = true
		:: else
		fi
	od;
	drop = false
}

/* one step, but for the turning round that nobody sees */
inline stack_take()
{
	atomic {
		lt = top;
		top = NONE;
		do
		:: lt != NONE -> n = next[lt]; next[lt] = fifo; fifo = lt; lt = n
		:: else -> break
		od;
		n = NONE
	}
}

inline unlock()
{
	assert(holder == me);
	atomic { LOAD };
	do
#ifdef BUG_UNLOCK_BY_AND
	:: lw -> atomic { held = false; holder = NONE; break }
	:: !lw && (fifo != NONE || lt != NONE) ->
#else
	:: !lw && (fifo != NONE || lt != NONE) ->
#endif
		if :: fifo == NONE -> stack_take() :: else fi;
		atomic { assert(holder == me); n = fifo; fifo = next[n] };
#ifdef BUG_WOKEN_LATE
		atomic { held = false; holder = NONE };
		release(n, GO_WOKEN);
		woken = true;
#else
		atomic { assert(!woken); held = false; woken = true; holder = NONE };
		release(n, GO_WOKEN);
#endif
		break
#ifdef BUG_UNLOCK_BY_AND
	:: !lw && fifo == NONE && lt == NONE ->
#else
	:: lw || (fifo == NONE && lt == NONE) ->
#endif
#ifdef BUG_RELEASE_UNSEEN
		atomic { held = false; woken = lw; top = lt; holder = NONE; break }
#else
		atomic {
			if
			:: SAME -> held = false; holder = NONE; break
			:: else -> LOAD
			fi
		}
#endif
	od;
	n = NONE
}

/* of the node c */
inline cond_move()
{
	atomic { LOAD };
	do
	:: lh ->
		atomic {
#ifdef BUG_MOVE_UNSEEN
			lt = top;
			if
			:: true -> next[c] = lt; top = c; break
#else
			if
			:: SAME -> next[c] = lt; top = c; break
#endif
			:: else -> LOAD
			fi
		}
	:: !lh -> release(c, GO); break
	od
}

inline cond_queue()
{
	atomic {
		go[me] = WAIT;
		live[me] = true;
		next[me] = NONE;
		if
		:: chead == NONE -> chead = me
		:: else -> next[ctail] = me
		fi;
		ctail = me
	}
}

inline cond_wait()
{
#ifdef BUG_QUEUE_LATE
	unlock();
	cond_queue();
#else
	cond_queue();
	unlock();
#endif
	wait();
	drop = (how == GO_WOKEN);
	lock_with()
}

inline signal()
{
	atomic {
		c = chead;
		if :: c != NONE -> chead = next[c] :: else fi
	}
	if :: c != NONE -> cond_move() :: else fi;
	c = NONE
}

inline broadcast()
{
	atomic { c = chead; chead = NONE };
	if
	:: c != NONE ->
		/* trylock */
		atomic {
			if
			:: !held -> held = true; assert(holder == NONE); holder = me; took = true
			:: else
			fi
		}
		do
		:: c != NONE ->
			cnext = next[c];
			cond_move();
#ifdef BUG_CAST_TAKES_NONE
			c = NONE
#else
			c = cnext
#endif
		:: else -> break
		od;
		cnext = NONE;
		if :: took -> took = false; unlock() :: else fi
	:: else
	fi
}

inline tell()
{
#if SCENE == CAST
	broadcast()
#else
	signal()
#endif
}

proctype executor(byte me)
{
	byte lt, n, how, c, cnext, i;
	bool lh, lw, got, drop, took;

#if SCENE == LOCK
	do
	:: i < ROUNDS -> i++; lock_with(); unlock()
	:: else -> break
	od;
#else
	if
	:: me == 1 ->
		do
		:: i < EXECS - 1 ->
			lock_with();
#if SCENE == CAST
			i = EXECS - 1;
			turns = EXECS - 1;
#else
			i++;
			turns++;
#endif
			if
			:: tell(); unlock()
			:: unlock(); tell()
			fi
		:: else -> break
		od
	:: else ->
		lock_with();
		do
		:: turns == 0 -> cond_wait()
		:: else -> break
		od;
		turns--;
		unlock()
	fi;
#endif
	atomic {
		lh = false; lw = false; lt = 0;
		ended++;
		if
		:: ended == EXECS ->
			assert(!held && !woken && top == NONE && fifo == NONE && chead == NONE)
		:: else
		fi
	}
}

init
{
	byte e = 1;

	atomic {
		do
		:: e <= EXECS -> run executor(e); e++
		:: else -> break
		od
	}
}

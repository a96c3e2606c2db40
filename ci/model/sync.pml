/* SPDX-License-Identifier: MIT
 *
 * rt's mutex and condition variable: rt/src/sync/mutex.[ch], cond.[ch], and what pmutex.c makes of
 * the mutex for robust ones.
 *
 * Modelled: executors that lock and unlock, wait for a condition and make it
 * true.  One step is one access to a word that others may touch at that time; what
 * only who has BUSY touches (m->fifo), or only the holder, goes with the step before.  A
 * wait is looked at from outside: it ends when go is set, and for one with a deadline at
 * any time.  What wake may miss is state.pml's concern.
 *
 * SCENE chooses what they do:
 *   LOCK    ROUNDS times lock, unlock; the first TIMED of them once, with a deadline
 *   COND    the first gives each other one its turn, one by one, with signals; the
 *           others wait for a turn
 *   CAST    the first gives all turns at once and broadcasts
 *           Signal and broadcast come before or after the unlock.
 *   ROBUST  each locks once and then mends, unlocks or dies; the first TIMED with a
 *           deadline
 *
 * Checked
 *   - one holder at a time; m->fifo is touched by who has BUSY, m->heir by who may
 *   - nobody waits for ever: all come to their end, and the mutex is free then,
 *     its queue empty
 *   - a node is released once, and not touched after that
 *   - who wants to get out of the queue is out when BUSY is let go
 *   - a waiter is woken in vain PATIENCE + 1 times at most
 *   - ROBUST: who gets it is told how the one before let go of it
 *
 * Correspondence
 *   take, enqueue           rt_mutex_take, rt_mutex_queue
 *   become_heir, stack_take, take_leaving, wake_only, work, leave, leave_as_heir
 *                           functions of the same names
 *   mutex_lock_with         rt_mutex_lock_with
 *   unlock                  hl_mutex_unlock, hl_mutex_unlock_slow
 *   cond_wait, signal, broadcast   hl_cond_*; the lock of the condition's queue is one
 *                           step here
 *   robust                  rt_pmutex_regain, rt_pmutex_give_up, rt_sync_thread_end
 *
 * Left out: spinning, which only looks; semaphores (they are a counter and a queue
 * under this mutex) and conditions with deadlines: sync_timed.pml; memory order.
 *
 * Seeded bugs, each of which must be found, in the scenes that ci/model/run names:
 *   BUG_UNLOCK_BY_AND      lets go by AND when it has seen WOKEN
 *   BUG_NO_DROP            becomes the heir without taking WOKEN away
 *   BUG_RELEASE_UNSEEN     lets go by a store, whatever has queued
 *   BUG_WOKEN_LATE         WOKEN comes in after the woken one may look
 *   BUG_TOUCH_AFTER_GO     reads the handle after the store of go
 *   BUG_NEVER_DEMANDS      the heir is woken and never handed over
 *   BUG_WAKES_BESIDE_HEIR  an unlock wakes the first while there is an heir
 *   BUG_LEAVES_HEIR_BLIND  the heir gives up without looking whether it is still
 *   BUG_LEAVE_NO_BUSY      takes its node out while another works on the queue
 *   BUG_LEAVE_NO_LOOK      leaves it to who has BUSY, who lets BUSY go unseen
 *   BUG_BUSY_WAKES_NONE    lets BUSY go and doesn't look whether the mutex is free
 *   BUG_NO_QUEUED          nothing in the word says that fifo isn't empty
 *   BUG_UNLOCK_IGNORES_BUSY  works on the queue beside who has BUSY
 *   COND  BUG_QUEUE_LATE   lets go of the mutex, then queues
 *   COND  BUG_MOVE_UNSEEN  moves to the mutex's queue without looking
 *                          whether it is still held
 *   CAST  BUG_CAST_TAKES_NONE    broadcast drops all but the first
 *   ROBUST  BUG_LOST_KEPT  who finds it lost doesn't let go
 *   ROBUST  BUG_DEATH_UNMARKED   the dead one's mutex is just unlocked
 */
#define LOCK 1
#define COND 2
#define CAST 3
#define ROBUST 4
#ifndef SCENE
#define SCENE LOCK
#endif
#ifndef EXECS
#define EXECS 3
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef TIMED
#define TIMED 0
#endif
#define PATIENCE 1

#define NONE 0 /* executors count from 1 */
#define WAIT 0
#define GO 1
#define GO_WOKEN 2
#define GO_OWNS 3
#define GO_LEFT 4

/* the mutex's word, without the stack */
#define HELD 1
#define WOKEN 2
#define HEIR 4
#define QUEUED 8
#define LEFT 16
#define BUSY 32

byte word;
byte top;
byte fifo; /* links are the nodes' */
byte heir;
bool demands;
/* the condition's queue */
byte chead, ctail;
/* nodes, one for each executor */
byte go[EXECS + 1];
byte next[EXECS + 1];
bool leaving[EXECS + 1];
/* the condition */
byte turns;
/* what the checks need */
byte holder, worker;
byte ended;
bool live[EXECS + 1]; /* the node is in a queue, or about to be released */
bool asked[EXECS + 1]; /* it is in the mutex's queue, and left it to who has BUSY to get out */

#if SCENE == ROBUST
#define SOUND 0
#define INCONSISTENT 1
#define LOST 2
byte state;
/* what the next one has to be told */
byte truth;
#endif

#define LOAD lw = word; lt = top
#define SAME (word == lw && top == lt)
#define WITHOUT(bits) (lw & (63 - (bits)))

#include "sync_mutex.inc"

/* of the node c */
inline cond_move()
{
	atomic { LOAD };
	do
	:: lw & HELD ->
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
	:: !(lw & HELD) -> release(c, GO); break
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
	atomic { go[me] != WAIT -> live[me] = false };
	how = go[me];
	mutex_lock_with()
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
			:: !(word & HELD) ->
				word = word | HELD;
				assert(holder == NONE);
				holder = me;
				took = true
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

#if SCENE == ROBUST
/* It is had: what rt_pmutex_regain says, and one of the ways to go on. */
inline robust()
{
	assert(state == truth);
	if
	:: state == LOST ->
#ifdef BUG_LOST_KEPT
		skip
#else
		unlock()
#endif
	:: else ->
		if
		:: state == INCONSISTENT -> state = SOUND; truth = SOUND /* consistent */
		:: true
		fi;
		if
		:: true -> /* give_up */
			if :: state == INCONSISTENT -> state = LOST; truth = LOST :: else fi;
			unlock()
		:: true -> /* thread_end */
			truth = INCONSISTENT;
#ifndef BUG_DEATH_UNMARKED
			if :: state == SOUND -> state = INCONSISTENT :: else fi;
#endif
			unlock()
		fi
	fi
}
#endif

proctype executor(byte me)
{
	byte lt, lw, n, how, c, cnext, i, gone, first, tries;
	bool ok, drop, took, timed;

	timed = (me <= TIMED);
#if SCENE == LOCK
	do
	:: i < ROUNDS && !(timed && i) ->
		i++;
		mutex_lock_with();
		if :: ok -> unlock() :: else fi
	:: else -> break
	od;
#elif SCENE == ROBUST
	mutex_lock_with();
	if :: ok -> robust() :: else fi;
#else
	if
	:: me == 1 ->
		do
		:: i < EXECS - 1 ->
			mutex_lock_with();
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
		mutex_lock_with();
		do
		:: turns == 0 -> cond_wait()
		:: else -> break
		od;
		turns--;
		unlock()
	fi;
#endif
	atomic {
		lw = 0; lt = 0; ok = false; timed = false; i = 0;
		ended++;
		if
		:: ended == EXECS ->
			assert(word == 0 && top == NONE && fifo == NONE && chead == NONE)
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

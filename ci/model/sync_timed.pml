/* SPDX-License-Identifier: MIT
 *
 * Waits with a deadline at a semaphore or condition variable: rt/src/sync/sem.c, cond.[ch].
 *
 * The time of one that waits with a deadline may come at any point.  One step is one
 * access to a word that others may touch at that time.  The lock of the queue is
 * simply had or not, and so is the mutex of the condition: sync.pml has how.  A node
 * that a signal has taken may be released at any time after, be it by way of the
 * mutex's queue.
 *
 * SCENE
 *   SEM   WAITERS wait ROUNDS times each, all but the last with a deadline; each of
 *         POSTERS posts its share of as many posts as could be had
 *   COND  the last one waits without a deadline for the only thing that is given, with
 *         one signal; the others, who reach the queue before or after it, don't
 *         want it: who is signalled passes that on, who isn't goes
 *   DESTROY  all wait, and are told by a broadcast that it is over; who tells destroys the
 *         condition variable then, while some of them are yet to come back
 *
 * Checked
 *   - all come to their end: nothing that was given is lost
 *   - SEM: what was posted was had, or is in count; nothing twice
 *   - a node is not touched after its wait has returned, nor released twice
 *   - DESTROY: nobody touches what is destroyed
 *
 * Correspondence
 *   sem_wait, post    hl_sem_wait_until, hl_sem_post with their slow parts
 *   sem_leave         the function of that name
 *   cond_wait, cond_leave   rt_cond_wait, rt_cond_leave
 *   claim, take       the functions of these names
 *   destroy           rt_cond_is_empty
 *
 * Seeded bugs, each of which must be found, with the scene that does:
 *   SEM   BUG_LEAVES_TAKEN    doesn't look whether a post has taken it
 *   SEM   BUG_LEAVES_SERVED   doesn't look whether a post is on its way
 *   SEM   BUG_COUNT_STAYS     leaves, and count still has it
 *   COND  BUG_COND_TAKEN      doesn't look whether a signal has taken it
 *   COND  BUG_NODE_STAYS      goes, and its node is still queued
 *   COND  BUG_CLAIM_NONE      a signal takes one that is leaving
 *   COND  BUG_SIGNAL_GIVES_UP   a signal that meets one that is leaving looks no further
 *   DESTROY  BUG_LEAVE_BY_LOCK  looks under the lock whether a signal has taken it
 *   DESTROY  BUG_DESTROY_AT_ONCE  doesn't wait for those that leave
 */
#define SEM 1
#define COND 2
#define DESTROY 3
#ifndef SCENE
#define SCENE SEM
#endif
#ifndef WAITERS
#define WAITERS 3
#endif
#ifndef POSTERS
#define POSTERS 2
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif

#define NONE 0 /* waiters count from 1 */
#define LAST WAITERS
#define TIMED (me != LAST)

/* the queue, oldest first, and its lock */
chan queue = [WAITERS] of { byte };
bool locked;
/* nodes */
bool go[WAITERS + 1];
bool live[WAITERS + 1]; /* its wait hasn't returned */
byte place[WAITERS + 1];
#define IN_QUEUE 0
#define TAKEN 1
#define LEAVING 2
/* the semaphore */
short count;
byte granted;
/* the condition, and its mutex */
byte things;
bool held;
/* what the checks need */
byte had, ended;
bool destroyed;

#define LOCK atomic { !locked -> assert(!destroyed); locked = true }
#define UNLOCK atomic { assert(!destroyed); locked = false }
#define MUTEX_LOCK atomic { !held -> held = true }
#define MUTEX_UNLOCK held = false

inline release(w)
{
	assert(live[w] && !go[w]);
	go[w] = true
}

/* Either way go is looked at once more after the time has come. */
inline wait_until()
{
	if
	:: go[me] -> out = false
	:: TIMED && !go[me] -> out = true
	fi
}

inline sem_leave()
{
	LOCK;
	if
#ifdef BUG_LEAVES_TAKEN
	:: true ->
#else
	:: queue??[eval(me)] ->
#endif
#ifdef BUG_LEAVES_SERVED
		atomic { count++; left = true };
#else
#ifdef BUG_COUNT_STAYS
		left = (count < 0);
#else
		n = count;
		do
		:: n >= 0 || left -> break
		:: else ->
			atomic {
				if
				:: count == n -> count++; left = true
				:: else -> n = count
				fi
			}
		od;
		n = 0;
#endif
#endif
		if
		:: left && queue??[eval(me)] -> queue??eval(me)
		:: else
		fi
	:: else
	fi;
	UNLOCK
}

inline sem_wait()
{
	atomic { slow = (count <= 0); count-- };
	if
	:: slow ->
		atomic { go[me] = false; live[me] = true };
		LOCK;
		if
		:: granted > 0 -> granted--; UNLOCK
		:: else ->
			queue!me;
			UNLOCK;
			wait_until();
			if :: out -> sem_leave() :: else fi;
			if :: out && !left -> go[me] :: else fi
		fi;
		live[me] = false
	:: else
	fi;
	atomic {
		if :: !left -> had++ :: else fi;
		slow = false; out = false; left = false
	}
}

inline post()
{
	atomic { slow = (count < 0); count++ };
	if
	:: slow ->
		LOCK;
		if
		:: queue?w
		:: empty(queue) -> granted++
		fi;
		UNLOCK;
		if :: w != NONE -> release(w) :: else fi
	:: else
	fi;
	w = NONE;
	slow = false
}

/* `left`: it has left the queue */
inline cond_leave()
{
#ifdef BUG_LEAVE_BY_LOCK
	LOCK;
	if
	:: queue??[eval(me)] -> queue??eval(me); left = true
	:: else
	fi;
	UNLOCK
#else
	atomic {
		if
#ifdef BUG_COND_TAKEN
		:: true -> place[me] = LEAVING; left = true
#else
		:: place[me] == IN_QUEUE -> place[me] = LEAVING; left = true
		:: else
#endif
		fi
	};
	if
	:: left ->
		LOCK;
#ifndef BUG_NODE_STAYS
		if :: queue??[eval(me)] -> queue??eval(me) :: else fi;
#endif
		UNLOCK
	:: else
	fi
#endif
}

/* `out`: timed out */
inline cond_wait()
{
	atomic { go[me] = false; live[me] = true; place[me] = IN_QUEUE };
	LOCK;
	queue!me;
	UNLOCK;
	MUTEX_UNLOCK;
	wait_until();
	if
	:: out ->
		cond_leave();
		if :: !left -> go[me]; out = false :: else fi
	:: else
	fi;
	live[me] = false;
	left = false;
	MUTEX_LOCK
}

/* Under the lock, of the node at `i` of the queue: each goes round once, those that are
 * leaving back to where they were. */
inline claim()
{
	atomic {
		if
#if defined(BUG_CLAIM_NONE) || defined(BUG_LEAVE_BY_LOCK)
		:: true -> place[w] = TAKEN
#else
		:: place[w] == IN_QUEUE -> place[w] = TAKEN
		:: else -> queue!w; w = NONE
#endif
		fi
	}
}

inline take()
{
	i = len(queue);
	do
	:: i == 0 || w != NONE -> break
	:: else ->
		i--;
		queue?w;
		claim();
#ifdef BUG_SIGNAL_GIVES_UP
		i = 0
#endif
	od;
	/* those that were before it stay before those behind it */
	do
	:: i > 0 -> i--; atomic { queue?other; queue!other; other = NONE }
	:: else -> break
	od
}

inline signal()
{
	LOCK;
	take();
	UNLOCK;
	if :: w != NONE -> release(w) :: else fi;
	w = NONE
}

#if SCENE == DESTROY
/* All in one hold of the lock; released after it. */
inline broadcast()
{
	LOCK;
	do
	:: take();
		if
		:: w != NONE -> taken[w] = true; w = NONE
		:: else -> break
		fi
	od;
	UNLOCK;
	w = 1;
	do
	:: w <= WAITERS ->
		if :: taken[w] -> release(w) :: else fi;
		w++
	:: else -> break
	od;
	w = NONE
}

inline destroy()
{
#ifndef BUG_DESTROY_AT_ONCE
	do
	:: LOCK;
		if
		:: empty(queue) -> UNLOCK; break
		:: nempty(queue) ->
			UNLOCK
		fi
	od;
#endif
	destroyed = true
}
#endif

inline end()
{
	atomic {
		ended++;
		if
		:: ended == WAITERS + POSTERS ->
			assert(empty(queue) && granted == 0);
#if SCENE == SEM
			assert(count == WAITERS * ROUNDS - had)
#endif
		:: else
		fi
	}
}

proctype waiter(byte me)
{
	bool slow, out, left;
	byte w, i, other;
	short n;

#if SCENE == DESTROY
	MUTEX_LOCK;
	do
	:: things == 0 -> cond_wait(); out = false
	:: else -> break
	od;
	MUTEX_UNLOCK;
#elif SCENE == SEM
	do
	:: i < ROUNDS -> i++; sem_wait()
	:: else -> break
	od;
#else
	MUTEX_LOCK;
	if
	:: TIMED && things == 0 ->
		cond_wait();
		MUTEX_UNLOCK;
		if :: !out -> signal() :: else fi
	:: TIMED && things > 0 -> MUTEX_UNLOCK
	:: !TIMED ->
		do
		:: things == 0 -> cond_wait()
		:: else -> break
		od;
		things--;
		MUTEX_UNLOCK
	fi;
#endif
	end()
}

proctype poster(byte me)
{
	bool slow;
	byte w, i, other;
#if SCENE == DESTROY
	bool taken[WAITERS + 1];

	MUTEX_LOCK;
	things = 1;
	broadcast();
	destroy();
	MUTEX_UNLOCK;
#elif SCENE == SEM
	i = me;
	do
	:: i < WAITERS * ROUNDS -> i = i + POSTERS; post()
	:: else -> break
	od;
#else
	if
	:: me == 0 ->
		MUTEX_LOCK;
		things++;
		MUTEX_UNLOCK;
		signal()
	:: else
	fi;
#endif
	end()
}

init
{
	byte e;

	atomic {
		do
		:: e < WAITERS -> e++; run waiter(e)
		:: else -> break
		od;
		e = 0;
		do
		:: e < POSTERS -> run poster(e); e++
		:: else -> break
		od
	}
}

/* SPDX-License-Identifier: MIT
 *
 * How executors of rt end, are joined, detached or stopped, and begin anew: rt/src/kept.c,
 * rt/src/exec.c and rt/src/watch.c.
 *
 * A *slot* is a struct hl_exec, which is never anything else, with stack and cap while it
 * is in use; an *incarnation* is what the kernel runs in it, from a start to its stop, one
 * run of a function after the other.  What a lock is held for is one step, as are the
 * kernel's calls (state.pml has these), but park, which is two: the look at the word, and
 * the wait, from which a wake takes it.  A stop that was asked for comes at any step.
 *
 * SCENE
 *   USE   each of USERS makes an executor ROUNDS times, from those kept or a new one, and
 *         joins it, also giving up in between as for a time or a cancel, detaches it, or
 *         stops it and joins or detaches it.  Whether one that ends is kept is anybody's
 *         guess.  STOPS times somebody else begins to stop one that isn't joined yet, and goes
 *         on with that when it likes.  DROPS times somebody gives back one that is kept.
 *   LAST  main waits for the last one, while each may let kept ones begin
 *
 * Checked
 *   - all come to their end: who joins is woken
 *   - what was made runs once, for its maker, and its result is there
 *   - nothing is stopped but what was to be; no stack goes under somebody's feet
 *   - LAST: main finds all ended
 *
 * Correspondence
 *   executor         run, rt_thread_exit, rt_kept_end
 *   make             rt_exec_make, hl_exec_start
 *   join, detach     rt_watch_join, rt_watch_detach
 *   stop             hl_exec_stop
 *   settle, reclaim  rt_exec_settle, rt_exec_reclaim
 *   warden           look
 *   dropper          rt_kept_drop
 *   main_waits       end_main, rt_watch_any
 *
 * Seeded bugs, each of which must be found, with the scene that does:
 *   USE   BUG_DROP_EARLY      gives back one that is on its way to its park
 *   USE   BUG_STOP_EARLY      stops one that has not begun anew, but is still ending
 *   USE   BUG_DROP_LIVE       and the warden, too, for it was detached
 *   USE   BUG_DROP_NO_WAIT    doesn't wait for its stop
 *   USE   BUG_STOP_ANY        stops whoever is there by then
 *   USE   BUG_STOP_NO_CAS     looks who is there, and then writes
 *   USE   BUG_STOP_ENDED      stops one that has ended
 *   USE   BUG_END_BLIND       ends by itself whether it is to be stopped or not
 *   USE   BUG_GIVE_UP_BLIND   who gives up stores NOBODY
 *   USE   BUG_DETACH_BLIND    who detaches stores DETACHED
 *   USE   BUG_WARDEN_FORGETS  leaves what was detached and stopped
 *   LAST  BUG_STARTS_UNSEEN   doesn't look whether one has begun meanwhile
 *   LAST  BUG_WAITS_LATE      looks, and then says that it waits
 */
#define USE 1
#define LAST 2
#ifndef SCENE
#define SCENE USE
#endif
#ifndef USERS
#define USERS 1
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef DROPS
#define DROPS 0
#endif
#ifndef STOPS
#define STOPS 0
#endif

/* join: as there; from USER on the handles of users */
#define NOBODY 0
#define DONE 1
#define DETACHED 2
#define USER 3

/* life: how it goes; its number is life_number */
#define STOP 1
#define ENDED 2

/* what the kernel says of an incarnation */
#define NEW 0
#define RUNS 1
#define STOPPED 2

byte join[SLOTS], state[SLOTS], number[SLOTS];
bool used[SLOTS], kept[SLOTS], job[SLOTS], idle[SLOTS];
byte life[SLOTS], life_number[SLOTS];
bool detached[SLOTS], live[SLOTS], stop_asked[SLOTS], told[SLOTS];
bool parked[SLOTS], token[SLOTS];
bool on_stack[SLOTS];
bool user_parked[USERS], user_token[USERS];
byte room[SLOTS], rooms;
bool locked; /* where its holder may be stopped */
/* what the checks need */
byte given[SLOTS];   /* whom it runs for */
byte result[SLOTS];
bool to_stop[SLOTS]; /* it was meant */
byte running, starts;
bool valid[SLOTS]; /* has an owner, who hasn't detached or joined it */
bool waits, main_parked, main_token;

inline wake_user(h)
{
	atomic {
		if
		:: user_parked[h - USER] -> user_parked[h - USER] = false
		:: else -> user_token[h - USER] = true
		fi
	}
}

inline wake_main()
{
	atomic {
		if
		:: main_parked -> main_parked = false
		:: else -> main_token = true
		fi
	}
}

/* In a step. */
inline take(slot)
{
		rooms--;
		slot = room[rooms];
		room[rooms] = 0
}

inline put(slot)
{
	atomic { !locked ->
		assert(rooms < SLOTS);
		room[rooms] = slot;
		rooms++
	}
}

inline start_kept(slot)
{
	atomic {
		kept[slot] = false;
		join[slot] = (detached[slot] -> DETACHED : NOBODY);
		running++;
		life_number[slot]++;
		life[slot] = 0
	};
	starts++;
	job[slot] = true;
	atomic {
		if
		:: parked[slot] -> parked[slot] = false
		:: else -> token[slot] = true
		fi
	}
}

/* The cap goes, so what still runs does so in registers, and ends; what the kernel says of
 * the next one is another's. */
inline reclaim(slot)
{
	atomic {
		assert(!on_stack[slot] || state[slot] == STOPPED);
		live[slot] = false;
		kept[slot] = false;
		detached[slot] = false;
		job[slot] = false;
		idle[slot] = false;
		parked[slot] = false;
		token[slot] = false;
		stop_asked[slot] = false;
		on_stack[slot] = false;
		given[slot] = 0;
		result[slot] = 0;
		to_stop[slot] = false;
		state[slot] = NEW;
		join[slot] = DONE;
		number[slot]++;
		used[slot] = false
	}
}

inline settle(slot)
{
	if
	:: kept[slot] -> put(slot)
	:: !kept[slot] -> reclaim(slot)
	fi
}

/* May end here, if asked to. */
#define STEP if :: MINE && stop_asked[s] -> goto dead :: true fi
#define MINE (number[s] == me)

proctype executor(byte s, me)
{
	byte old, other;
	bool keeps, owes;

begin:
	atomic {
		assert(MINE);
		on_stack[s] = true;
		idle[s] = false;
		job[s] = false
	};
	STEP;
#if SCENE == LAST
	do
	:: atomic { rooms > 0 && !locked && starts < ROUNDS ->
			take(other);
			detached[other] = true;
			given[other] = 1
		};
		start_kept(other)
	:: break
	od;
	other = 0;
#endif
	atomic {
		assert(given[s] != 0 && result[s] == 0);
		result[s] = given[s];
		if
		:: detached[s] -> given[s] = 0; result[s] = 0 /* nobody asks */
		:: else
		fi
	};
	STEP;
	/* rt_thread_exit: the program's part is over */
	atomic {
#ifndef BUG_END_BLIND
		if
		:: life[s] == STOP -> goto waits_for_stop
		:: else
		fi;
#endif
		life[s] = ENDED
	};
	atomic {
		if
		:: keeps = true
#if SCENE != LAST
		:: keeps = false
#endif
		fi;
		kept[s] = keeps
	};
	STEP;
	atomic {
		old = join[s];
		join[s] = DONE;
		running--;
		if
		:: old == DETACHED -> given[s] = 0; result[s] = 0
		:: else
		fi;
		/* registers only, unless it puts itself away */
		on_stack[s] = (keeps && old == DETACHED)
	};
	STEP;
	if
	:: old >= USER -> wake_user(old)
	:: else
	fi;
	if
	:: waits -> wake_main()
	:: else
	fi;
	if
	:: !keeps -> goto dead
	:: else
	fi;
	if
	:: old == DETACHED ->
		assert(MINE);
		atomic { !locked -> locked = true };
		room[rooms] = s;
		rooms++;
		locked = false;
		owes = true; /* a wake, to who waits for the lock */
		STEP;
		owes = false
	:: else
	fi;
	old = 0;
	atomic {
		if
		:: MINE -> on_stack[s] = false; idle[s] = true
		:: else /* a store into the next one's */
			idle[s] = true
		fi
	};
	do
	:: STEP;
		if
		:: job[s] ->
			/* the next one's word, were this an earlier one */
			goto begin
		:: else
		fi;
		/* park */
		atomic {
			if
			:: token[s] -> token[s] = false
			:: !token[s] && job[s]
			:: else -> parked[s] = true
			fi
		};
endparked:	atomic { !MINE || !parked[s] || stop_asked[s] ->
			parked[s] = false;
			if
			:: !MINE -> goto gone
			:: MINE && stop_asked[s] -> goto dead
			:: else
			fi
		}
	od;
waits_for_stop:
	atomic { stop_asked[s] -> skip };
dead:
	atomic {
		if
		:: MINE ->
			assert(!owes);
			/* its own stop, or one that was meant for it */
			assert(!stop_asked[s] || to_stop[s]);
			state[s] = STOPPED;
			told[s] = true
		:: else
		fi;
	}
gone:
	skip
}

#if SCENE == USE
#include "thread_users.inc"
#endif

#if SCENE == LAST
/* One runs, the others are kept; starts counts what has begun since. */
init
{
	byte s, seen;
	bool any;

	atomic {
		do
		:: s < SLOTS ->
			state[s] = RUNS;
			live[s] = true;
			used[s] = true;
			given[s] = 1;
			if
			:: s == 0 -> join[s] = DETACHED; running = 1
			:: else -> join[s] = DONE; kept[s] = true; put(s)
			fi;
			s++
		:: else -> break
		od;
		detached[0] = true;
		run executor(0, 0);
		s = 1;
		do
		:: s < SLOTS -> run sleeper(s); s++
		:: else -> break
		od;
		s = 0
	};
#ifndef BUG_WAITS_LATE
	waits = true;
#endif
	do
	:: seen = starts;
		any = false;
		s = 0;
		do
		:: s < SLOTS && !any -> any = (join[s] != DONE); s++
		:: else -> break
		od;
		s = 0;
		if
		:: any ->
#ifdef BUG_WAITS_LATE
			waits = true;
#endif
			atomic {
				if
				:: main_token -> main_token = false
				:: else -> main_parked = true
				fi
			};
			!main_parked
#ifndef BUG_STARTS_UNSEEN
		:: !any && starts != seen
#endif
		:: else -> break
		fi
	od;
	assert(running == 0)
}

/* Kept, from an earlier run. */
proctype sleeper(byte s)
{
end:
	atomic { job[s] -> parked[s] = false; token[s] = false; run executor(s, 0) }
}
#endif

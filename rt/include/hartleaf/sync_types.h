/* SPDX-License-Identifier: MIT
 *
 * The objects of <hartleaf/sync.h> and what pthread.h, threads.h and semaphore.h make of
 * them.  Includes <stdint.h> only, since those headers include it.  All zero is
 * everywhere the initial state, and no field is for users.
 */
#ifndef HARTLEAF_SYNC_TYPES_H
#define HARTLEAF_SYNC_TYPES_H

#include <stdint.h>

/* C++ has no such types; it only has to know how large the objects are. */
#ifdef __cplusplus
#define HL_ATOMIC(type) type
#else
#define HL_ATOMIC(type) _Atomic(type)
#endif

struct hl_waiter;

struct hl_mutex {
	HL_ATOMIC(uint64_t) word; /* mutex.c says what is in it; 1: held, nobody waits */
	struct hl_waiter *fifo;   /* owned by who has BUSY */
	uint64_t heir;            /* a waiter; written by who has WOKEN, read by the holder */
};

struct hl_cond {
	struct hl_mutex lock; /* of the queue */
	HL_ATOMIC(struct hl_waiter *) head;
	struct hl_waiter *tail;
};

struct hl_sem {
	HL_ATOMIC(int64_t) count; /* negative: that many wait */
	uint64_t granted;         /* posts whose waiter isn't in the queue yet */
	struct hl_mutex lock;     /* of the queue */
	struct hl_waiter *head;
	struct hl_waiter *tail;
};

/* A mutex that knows whose it is. */
struct rt_lock {
	struct hl_mutex mutex;
	HL_ATOMIC(uint64_t) owner; /* number, lock.c; 0: nobody */
	uint64_t depth;
};

/* pthread_mutex_t, mtx_t */
struct hl_pmutex {
	struct rt_lock lock;             /* kind 0: only lock.mutex is used */
	unsigned kind;                   /* HL_PMUTEX_* */
	unsigned state;                  /* of a robust one: pmutex.c */
	struct hl_pmutex *next, *before; /* robust: the list of its owner */
};

#define HL_PMUTEX_NORMAL     0
#define HL_PMUTEX_RECURSIVE  1
#define HL_PMUTEX_ERRORCHECK 2
#define HL_PMUTEX_TYPE       3
#define HL_PMUTEX_ROBUST     4 /* beside the type */
#define HL_PMUTEX_DEAD       8 /* destroyed */

/* pthread_cond_t, cnd_t */
struct hl_pcond {
	struct hl_cond cond;
	int clock; /* 1 + its id; 0: CLOCK_REALTIME */
	int dead;
};

/* pthread_once_t, once_flag */
struct hl_once {
	HL_ATOMIC(uint64_t) done;
	struct hl_mutex running;
};

/* pthread_rwlock_t */
struct hl_rwlock {
	HL_ATOMIC(uint64_t) word;   /* rwlock.c says what is in it */
	HL_ATOMIC(uint64_t) writer; /* number of who has it for writing */
	struct hl_mutex lock;       /* of the queue */
	struct hl_waiter *head;
	struct hl_waiter *tail;
	int dead;
};

/* pthread_barrier_t */
struct hl_barrier {
	struct hl_mutex lock;
	struct hl_waiter *waiters; /* of this round */
	unsigned count;            /* 0: destroyed, or not made yet */
	unsigned here;
};

/* pthread_spinlock_t */
struct hl_spin {
	HL_ATOMIC(uint64_t) owner; /* number; 0: free */
};

#endif

/* SPDX-License-Identifier: MIT
 *
 * Who waits for a mutex, condition variable, semaphore or what else is made of them: a node
 * on its executor's stack.  It waits until `go` is not 0, and looks at it after each park, so
 * a token left from something else or a spurious return just sends it round the loop.
 * Whoever releases it reads the handle first, stores go, and doesn't touch the node again:
 * it may be gone with the store.  The wake that follows may then meet an executor that
 * has moved on, ended, or a handle that names another by now: at worst a spurious
 * wake, which all of them are ready for.
 */
#ifndef RT_SYNC_WAITER_H
#define RT_SYNC_WAITER_H

#include <hartleaf/sync.h>
#include <hartleaf/time.h>

#include "../pthread/thread.h"
#include "../rt.h"

/* values of go */
#define WAIT     0
#define GO       1 /* what it waited for is there */
#define GO_WOKEN 2 /* by a mutex: on behalf of WOKEN */
#define GO_OWNS  3 /* by a mutex: it is handed over */
#define GO_LEFT  4 /* by a mutex: out of its queue, for it wants to give up */

/* values of place: who has the node, if its wait can be given up */
#define IN_QUEUE 0
#define TAKEN    1 /* by a signal */
#define LEAVING  2 /* its owner, who is going to take it out of the queue */

struct hl_waiter {
	_Atomic uint64_t go;
	hl_handle handle;
	struct hl_waiter *next;
	struct hl_mutex *mutex;   /* condition variables: to be had on return */
	_Atomic uint64_t place;   /* in a condition variable's queue */
	_Atomic uint32_t leaving; /* a mutex's queue */
	uint32_t info;            /* mutex: how often it came in vain; rwlock: which lock */
} __attribute__((aligned(16)));

/* Parks until *word is not `value`, until the deadline, or, if `cancellable`, until a
 * cancel is pending.  True: the word differs (acquire).  Not acted on: the caller clears
 * up first, and then calls rt_cancel_test().  Who changes the word has to wake after
 * that: the park doesn't compare, which costs more than the token that is left instead. */
bool rt_wait_word(const _Atomic uint64_t *word, uint64_t value, uint64_t deadline,
		  bool cancellable);

static inline void rt_waiter_init(struct hl_waiter *w, struct hl_mutex *m)
{
	hl_store_relaxed(&w->go, WAIT);
	w->handle = hl_self();
	w->next = NULL;
	w->mutex = m;
	hl_store_relaxed(&w->place, IN_QUEUE);
	hl_store_relaxed(&w->leaving, 0);
	w->info = 0;
}

/* Parks, and takes no more than is needed of what park returns. */
static inline void rt_park(void)
{
	register long a0 __asm__("a0") = 0;
	register uint64_t a1 __asm__("a1");
	register uint64_t a2 __asm__("a2") = 0;
	register uint64_t a6 __asm__("a6") = HL_SELF;
	register uint64_t a7 __asm__("a7") = CALL_PARK;

	__asm__ volatile("ecall"
			 : "+r"(a0), "=r"(a1), "+r"(a2), "+r"(a6), "+r"(a7)
			 :
			 : "a3", "a4", "a5", HL_CALL_CLOBBERS);
	/* A badge, or words: a keeper is told in whatever park it is, not to be lost. */
	if (a1 | a2)
		rt_told = true;
}

/* What it was released by; WAIT if the time came first, or with `cancellable` a pending
 * cancel.  In line is what mostly happens: it is released while it is parked. */
static inline uint64_t rt_waiter_wait_until(struct hl_waiter *w, uint64_t deadline,
					    bool cancellable)
{
	uint64_t go;

	if (deadline == HL_NEVER && hl_load_relaxed(&w->go) == WAIT &&
	    !(cancellable && rt_cancel_pending()))
		rt_park();
	/* acquire: pairs with the release in rt_waiter_release */
	go = hl_load_acquire(&w->go);
	if (go == WAIT && rt_wait_word(&w->go, WAIT, deadline, cancellable))
		go = hl_load_relaxed(&w->go); /* it changes once */
	return go;
}

static inline uint64_t rt_waiter_wait(struct hl_waiter *w)
{
	return rt_waiter_wait_until(w, HL_NEVER, false);
}

static inline void rt_waiter_release(struct hl_waiter *w, uint64_t how)
{
	hl_handle handle = w->handle;

	/* release: what we did is seen by who comes back from rt_waiter_wait.  The
	 * node is gone after it. */
	hl_store_release(&w->go, how);
	sys_wake(handle);
}

/* A queue that is under a lock. */
void rt_queue_put(struct hl_waiter **head, struct hl_waiter **tail, struct hl_waiter *w);
/* A search, but only a wait that has failed makes it. */
bool rt_queue_has(const struct hl_waiter *head, const struct hl_waiter *w);
/* It is in there. */
void rt_queue_remove(struct hl_waiter **head, struct hl_waiter **tail, struct hl_waiter *w);

/* sem.c: the wait of sync.h, given up for a pending cancel as well */
int rt_sem_wait_until(struct hl_sem *s, uint64_t deadline, bool cancellable);

/* lock.c: who has a lock.  Not the handle, which the next executor may have as well. */
extern _Thread_local uint64_t rt_id; /* 0: not given yet */
uint64_t rt_id_make(void);

static inline uint64_t rt_id_self(void)
{
	return rt_id ? rt_id : rt_id_make();
}

/* recursive, as rt.h has it */
bool rt_lock_is_mine(const struct rt_lock *l);
void rt_lock_own(struct rt_lock *l);
void rt_lock_disown(struct rt_lock *l);

/* pmutex.c: its robust mutexes pass to others.  By the thread itself as the last thing it
 * does with mutexes, or by who has seen that it is stopped. */
void rt_sync_thread_end(struct rt_thread *thread);

#endif

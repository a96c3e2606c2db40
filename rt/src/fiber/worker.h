/* SPDX-License-Identifier: MIT
 *
 * What the files of fibers share.
 *
 * A switch is always done from a fiber or a worker's own context to another on the same
 * worker.  Who leaves is saved only when the other is there; so what may make it run
 * elsewhere (a push into a queue, the unlock of an object it waits for, the end of
 * a fiber whose stack goes) is done there, by `after`, on its behalf.
 *
 * Never use _Thread_local here but through rt_worker_self: the compiler believes that
 * tp is the same before and after a switch.
 */
#ifndef RT_FIBER_WORKER_H
#define RT_FIBER_WORKER_H

#include <hartleaf/context.h>
#include <hartleaf/fiber.h>
#include <hartleaf/rt.h>
#include <stdatomic.h>

#define RT_RING 256 /* slots; a power of 2 */
#define RT_TURN 64  /* every so many fibers a look at timers and overflow */

struct hl_exec;

/* At the top of its stack. */
struct hl_fiber {
	struct hl_context context;
	struct hl_fiber *next; /* in the overflow, or among unused stacks */
	_Atomic uint64_t join; /* JOIN_*, or the fiber that joins */
	long code;
	long (*fn)(void *);
	void *arg;
};

#define JOIN_NOBODY   0
#define JOIN_DONE     1
#define JOIN_DETACHED 2

struct rt_worker {
	/* written by thieves too */
	_Atomic uint64_t head __attribute__((aligned(64)));
	/* the worker's own to write */
	_Atomic uint64_t tail __attribute__((aligned(64)));
	struct hl_fiber *current;
	void (*after)(struct rt_worker *w, void *arg);
	void *after_arg;
	unsigned turn;  /* until the next look */
	unsigned limit; /* of the ring: RT_RING, or 0: all go to the overflow */
	unsigned id;
	unsigned victim; /* whom to steal from first */
	bool searching;  /* SEARCHING is set, and this one has to clear it */
	struct hl_context context;
	hl_handle handle;
	struct hl_exec *exec;
	struct hl_fiber *unused; /* stacks */
	unsigned unused_count;
	struct hl_fiber *_Atomic slot[RT_RING] __attribute__((aligned(64)));
};

struct rt_fibers {
	/* Bit n: worker n sleeps, or is about to look once more before it does.  Bit 63,
	 * SEARCHING: one that a kick has woken is looking for work; until it has
	 * found some or sleeps again nobody else is kicked. */
	_Atomic uint64_t idle __attribute__((aligned(64)));
	_Atomic uint64_t live __attribute__((aligned(64))); /* fibers that have not ended */
	_Atomic uint64_t stopping;
	_Atomic uint64_t earliest; /* deadline; HL_NEVER: none */
	_Atomic uint64_t overflow; /* how many are in it */
	unsigned workers;
	size_t stack_pages;
	struct rt_worker *worker;
};

extern struct rt_fibers rt_fibers;
extern _Thread_local struct rt_worker *rt_fiber_worker;

/* volatile: read anew each time, for tp may have changed. */
static inline struct rt_worker *rt_worker_self(void)
{
	struct rt_worker *w;

	__asm__ volatile("lui %0, %%tprel_hi(rt_fiber_worker)\n\t"
			 "add %0, %0, tp, %%tprel_add(rt_fiber_worker)\n\t"
			 "ld %0, %%tprel_lo(rt_fiber_worker)(%0)"
			 : "=r"(w)
			 :
			 : "memory");
	return w;
}

/* GCC makes an amoswap of every atomic store, and full fences around those with order;
 * in the queues plain ones will do.  8-byte objects. */
#define rt_store_relaxed(p, value)                                                                 \
	__asm__ volatile("sd %1, %0" : "=m"(*(p)) : "r"(value) : "memory")
#define rt_store_release(p, value)                                                                 \
	__asm__ volatile("fence rw, w\n\tsd %1, %0" : "=m"(*(p)) : "r"(value) : "memory")

/* queue.c */

/* f is saved, and may run anywhere from here on. */
void rt_fiber_ready(struct rt_worker *w, struct hl_fiber *f);
/* The next one of this worker's own, or NULL. */
struct hl_fiber *rt_fiber_next(struct rt_worker *w);
/* The first of what is stolen from v; the rest is in w's ring, which was empty. */
struct hl_fiber *rt_fiber_steal(struct rt_worker *w, struct rt_worker *v);
/* At what is seldom looked at: deadlines, and the overflow, from which the ring is filled. */
void rt_fiber_look(struct rt_worker *w);

/* idle.c */

/* A fiber to run, whatever it takes; NULL: all have ended. */
struct hl_fiber *rt_fiber_find(struct rt_worker *w);
void rt_fiber_kick_slow(void);
void rt_fiber_stop_all(void);

/* Something was made ready, or the earliest deadline has changed.
 * fence: pairs with the one in idle.c's nap: either a worker that goes to sleep sees
 * what we stored before, or we see its bit. */
static inline void rt_fiber_kick(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	if ((int64_t)atomic_load_explicit(&rt_fibers.idle, memory_order_relaxed) > 0)
		rt_fiber_kick_slow();
}

/* fiber.c */

/* Leaves the worker to the next fiber; after(w, arg) is done there. */
void rt_fiber_leave(void (*after)(struct rt_worker *w, void *arg), void *arg);
/* What the one before asked for. */
static inline void rt_fiber_landed(struct rt_worker *w)
{
	if (w->after)
		w->after(w, w->after_arg);
	w->after = NULL;
}
struct hl_fiber *rt_fiber_make(struct rt_worker *w, long (*fn)(void *), void *arg);

/* stack.c: w may be NULL */
struct hl_fiber *rt_fiber_stack_get(struct rt_worker *w);
void rt_fiber_stack_put(struct rt_worker *w, struct hl_fiber *f);
void rt_fiber_stack_drop_all(void);

/* timer.c: a heap of deadlines */
struct rt_fiber_timer {
	uint64_t deadline;
	bool queued;
	struct rt_fiber_timer *child;
	struct rt_fiber_timer *next; /* sibling */
	struct rt_fiber_timer *prev; /* sibling, or the parent of a first child */
};
void rt_fiber_timer_put(struct rt_fiber_timer *t);
/* If it is still there; nobody else touches it from here on. */
void rt_fiber_timer_drop(struct rt_fiber_timer *t);
/* Makes those ready whose time has come. */
void rt_fiber_timer_expire(struct rt_worker *w);

/* wait.c: on the stack of a fiber that waits */
struct rt_fiber_waiter {
	struct rt_fiber_timer timer; /* first: timer.c makes one of the other */
	struct hl_fiber *fiber;
	_Atomic uint64_t given; /* GIVEN_*: by the first who comes */
	struct rt_fiber_waiter *next;
	struct rt_fiber_waiter *prev;
	bool listed;
	struct hl_mutex *lock; /* of the object; NULL: none */
	void *element;         /* channels */
};

#define GIVEN_NOT    0
#define GIVEN_IT     1
#define GIVEN_TIME   2
#define GIVEN_CLOSED 3

/* Waits with a node in `list`, whose lock is held and is released.  Returns by what
 * it was ended, never GIVEN_NOT. */
uint64_t rt_fiber_wait(struct rt_fiber_waiter *n, struct rt_fiber_list *list, struct hl_mutex *lock,
		       uint64_t deadline);
/* The first of the list, taken out, that was still to be given something, and is given
 * `how` now: to be made ready.  NULL: nobody.  The lock is held. */
struct rt_fiber_waiter *rt_fiber_give(struct rt_fiber_list *list, uint64_t how);
/* Is it the first to end this wait? */
static inline bool rt_fiber_claim(struct rt_fiber_waiter *n, uint64_t how)
{
	uint64_t not = GIVEN_NOT;

	/* relaxed: what goes with it is published by rt_fiber_ready */
	return atomic_compare_exchange_strong_explicit(&n->given, &not, how, memory_order_relaxed,
						       memory_order_relaxed);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Fibers: functions with a stack of their own, as many as memory holds, that run on one
 * executor for each hart.  Making one, waiting and switching take no call of the kernel.
 *
 *	static long count(void *arg) { ...; hl_fiber_yield(); ...; return 0; }
 *
 *	static long first(void *arg)
 *	{
 *		struct hl_fiber *f;
 *		long code;
 *
 *		if (hl_fiber_spawn(&f, count, arg) == 0)
 *			hl_fiber_join(f, &code);
 *		return 0;
 *	}
 *
 *	hl_fiber_run(first, NULL, NULL, &code);		// back when all have ended
 *
 * A *worker* is an executor that is bound to a hart and runs fibers, each until it waits
 * (for one of the things below), yields or ends.  Nothing else takes the worker from
 * it, but a worker that has nothing to do takes fibers from one that has, and so a
 * fiber may go on in another worker than it left.  A worker with nothing to do at
 * all is parked.
 *
 * What blocks by other means, a sys_park, hl_mutex_lock, hl_sleep_ns, or input from the
 * console, blocks the worker with what fibers wait in its queue; others
 * that are idle take those.  Don't hold an hl_mutex or hl_sem while waiting as a fiber.
 *
 * Thread-local storage is the worker's, errno too: what a fiber has stored there
 * another may find, and where a call here may wait, it may come back with another
 * block.  A compiler may keep the address of a thread-local object over such
 * a call: use none in a function that makes one.  Look at errno before the next
 * call that may wait.
 *
 * Functions return 0 or a negated HL_E*, and want to be called by a fiber unless
 * something else is said.  "Waits" marks those that may.  One that is ready runs
 * after those that were ready before it on its worker; objects give to who waits longest.
 * Ordering: what a fiber did before it spawned, ended, unlocked, sent or was done,
 * is seen by who is started, joins, locks, receives or has waited for it.
 */
#ifndef HARTLEAF_FIBER_H
#define HARTLEAF_FIBER_H

#include <hartleaf/sync.h>
#include <hartleaf/time.h>
#include <stdbool.h>
#include <stddef.h>

struct hl_fiber;
struct rt_fiber_waiter;

#define HL_FIBER_WORKERS_MAX 63
#define HL_FIBER_STACK_PAGES 4

struct hl_fiber_attr {
	unsigned workers;   /* 0: one for each hart */
	size_t stack_pages; /* of each fiber; 0: HL_FIBER_STACK_PAGES; at most 500 */
};

/* Runs fn(arg) as the first fiber, waits until it and all others have ended, and
 * stores what it returned.  By any executor that is no fiber's; one at a time.
 * Errors: -HL_EINVAL, also by a fiber; -HL_EBUSY another one is running; -HL_ENOMEM. */
int hl_fiber_run(long (*fn)(void *), void *arg, const struct hl_fiber_attr *attr, long *code);

/* Makes a fiber that is going to run fn(arg), and stores it in *f; with f = NULL
 * nobody will join it.  Its stack, with a page below that can't be touched, comes from
 * those of fibers that have ended.
 * Errors: -HL_ENOMEM; -HL_EINVAL no fn, or the caller is no fiber. */
int hl_fiber_spawn(struct hl_fiber **f, long (*fn)(void *), void *arg);

/* Waits for its end and stores the code it ended with unless code is NULL; f is gone then.
 * Errors: -HL_EINVAL it is the caller; -HL_EBUSY somebody joins it already. */
int hl_fiber_join(struct hl_fiber *f, long *code);

/* Nobody will join: it is gone when it ends.  -HL_EBUSY: somebody joins it. */
int hl_fiber_detach(struct hl_fiber *f);

/* Ends the caller, as does the return of its function. */
_Noreturn void hl_fiber_exit(long code);

/* The caller; NULL in an executor that is no worker. */
struct hl_fiber *hl_fiber_self(void);

/* Lets those run that are ready on this worker; back at once if there are none. */
void hl_fiber_yield(void);

/* Waits until then, HL_NEVER: for ever.  <hartleaf/time.h> makes deadlines. */
void hl_fiber_sleep_until(uint64_t deadline);

static inline void hl_fiber_sleep_ns(uint64_t ns)
{
	hl_fiber_sleep_until(hl_deadline_after_ns(ns));
}

/* All zero is the initial state of what follows, and there is nothing to destroy.  An
 * object must not go away while somebody waits for it. */
struct rt_fiber_list {
	struct rt_fiber_waiter *first;
	struct rt_fiber_waiter *last;
};

/* Not recursive.  Unlock hands it to who waits longest. */
struct hl_fiber_mutex {
	_Atomic uint64_t word;     /* mutex.c says what is in it */
	struct hl_mutex lock;      /* of the list; held for a few instructions */
	struct rt_fiber_list list; /* of those who wait */
};

void hl_fiber_mutex_lock_slow(struct hl_fiber_mutex *m);
void hl_fiber_mutex_unlock_slow(struct hl_fiber_mutex *m);

/* Waits. */
static inline void hl_fiber_mutex_lock(struct hl_fiber_mutex *m)
{
	uint64_t free = 0;

	/* acquire: pairs with the release in hl_fiber_mutex_unlock */
	if (!hl_cas_acquire(&m->word, &free, 1))
		hl_fiber_mutex_lock_slow(m);
}

static inline bool hl_fiber_mutex_trylock(struct hl_fiber_mutex *m)
{
	uint64_t free = 0;

	return hl_cas_acquire(&m->word, &free, 1);
}

/* By any fiber. */
static inline void hl_fiber_mutex_unlock(struct hl_fiber_mutex *m)
{
	uint64_t held = 1;

	/* release: pairs with the acquire in hl_fiber_mutex_lock */
	if (!hl_cas_release(&m->word, &held, 0))
		hl_fiber_mutex_unlock_slow(m);
}

/* A number of things to wait for the end of. */
struct hl_fiber_group {
	struct hl_mutex lock;
	int64_t count;
	struct rt_fiber_list list;
};

/* So many more, before they begin. */
void hl_fiber_group_add(struct hl_fiber_group *g, int64_t count);
/* One less; who waits goes on when that was the last. */
void hl_fiber_group_done(struct hl_fiber_group *g);
/* Waits until there are none. */
void hl_fiber_group_wait(struct hl_fiber_group *g);

/* A channel: a queue of at most `capacity` elements of one type, and who waits for
 * one or for room.  With no capacity a sender waits for its receiver.
 *
 *	static int room[8];
 *	static struct hl_fiber_chan c = HL_FIBER_CHAN(room);
 */
struct hl_fiber_chan {
	struct hl_mutex lock;
	size_t size;  /* bytes of an element */
	size_t bytes; /* of the room */
	char *room;
	size_t used; /* bytes */
	size_t head; /* where the next one is taken, in bytes */
	bool closed;
	struct rt_fiber_list receivers; /* only while it is empty */
	struct rt_fiber_list senders;   /* only while it is full */
};

/* clang-format off */
#define HL_FIBER_CHAN(array) { .size = sizeof((array)[0]), .bytes = sizeof(array), .room = (char *)(array) }
/* no capacity */
#define HL_FIBER_CHAN_DIRECT(type) { .size = sizeof(type) }
/* clang-format on */

/* Wait, until the deadline; with deadline 0 not at all.  One element is copied from
 * or to `element`.  What was sent before a close can be received after it.
 * Errors: -HL_ESRCH closed, by then or meanwhile; -HL_ETIMEDOUT. */
int hl_fiber_send_until(struct hl_fiber_chan *c, const void *element, uint64_t deadline);
int hl_fiber_recv_until(struct hl_fiber_chan *c, void *element, uint64_t deadline);

static inline int hl_fiber_send(struct hl_fiber_chan *c, const void *element)
{
	return hl_fiber_send_until(c, element, HL_NEVER);
}

static inline int hl_fiber_recv(struct hl_fiber_chan *c, void *element)
{
	return hl_fiber_recv_until(c, element, HL_NEVER);
}

/* No more will be sent: senders and receivers that wait get -HL_ESRCH, and so does
 * who comes later. */
void hl_fiber_close(struct hl_fiber_chan *c);

#endif

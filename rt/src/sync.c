/* SPDX-License-Identifier: MIT
 *
 * Mutex and condition variable.
 *
 * The mutex's word:
 *	bit 0 HELD   somebody has it
 *	bit 1 WOKEN  a waiter has been woken for it and hasn't looked yet
 *	rest         waiters, a stack linked by `next`, latest first
 * The holder alone owns m->fifo, waiters in the order they are to be woken; when it
 * is empty he takes the whole stack and turns it round.
 *
 * No waiter is forgotten: while one is on the stack or in fifo, the mutex is HELD or
 * somebody is WOKEN.  HELD goes only by two steps: by a compare-and-swap that sees
 * an empty stack (with fifo empty), or together with WOKEN being set or standing.  The
 * woken one takes the mutex, and does the same when it lets go, or finds it HELD and
 * takes WOKEN away in the same step in which it queues again.
 *
 * While one is WOKEN no other is woken: the one on its way will do.
 *
 * A wait with a deadline ends in the condition variable's queue, under its lock: either
 * the node is still there and leaves, so that nobody will ever touch it, or somebody has
 * taken it, and then that signal is ours however late it is: the wait goes on until
 * go comes, as it does without a deadline.  A mutex has no such wait: a node in its
 * queue is the holder's.
 */
#include <hartleaf/rt.h>
#include <hartleaf/sync.h>

#include "waiter.h"

#define HELD  1
#define WOKEN 2
#define BITS  3

_Static_assert(_Alignof(struct hl_waiter) > BITS, "its address leaves the bits free");

/* Takes the mutex, or puts w on its stack and returns false.  `drop` is WOKEN if the
 * caller was woken for the mutex and has to say that it is here, else 0. */
static bool lock_or_queue(struct hl_mutex *m, struct hl_waiter *w, uint64_t drop)
{
	uint64_t word = atomic_load_explicit(&m->word, memory_order_relaxed);

	for (;;) {
		if (!(word & HELD)) {
			/* acquire: pairs with the releases in unlock */
			if (hl_cas_acquire(&m->word, &word, (word | HELD) & ~drop))
				return true;
		} else {
			w->next = (struct hl_waiter *)(word & ~(uint64_t)BITS);
			/* release: the node is seen by the holder that takes
			 * the stack, see stack_take */
			if (hl_cas_release(&m->word, &word, ((uint64_t)w | (word & BITS)) & ~drop))
				return false;
		}
	}
}

/* Locks with a node that may be in use again and again. */
static void lock_with(struct hl_mutex *m, struct hl_waiter *w, uint64_t drop)
{
	for (;;) {
		atomic_store_explicit(&w->go, WAIT, memory_order_relaxed);
		if (lock_or_queue(m, w, drop))
			return;
		waiter_wait(w);
		drop = WOKEN; /* only unlock releases from this queue */
	}
}

void hl_mutex_lock_slow(struct hl_mutex *m)
{
	struct hl_waiter w;

	waiter_init(&w, m);
	lock_with(m, &w, 0);
}

/* The holder takes all waiters from the stack into fifo, oldest first. */
static void stack_take(struct hl_mutex *m)
{
	/* acquire: pairs with the release in lock_or_queue and cond_move */
	uint64_t word = atomic_fetch_and_explicit(&m->word, BITS, memory_order_acquire);
	struct hl_waiter *w = (struct hl_waiter *)(word & ~(uint64_t)BITS);

	while (w) {
		struct hl_waiter *next = w->next;

		w->next = m->fifo;
		m->fifo = w;
		w = next;
	}
}

void hl_mutex_unlock_slow(struct hl_mutex *m)
{
	uint64_t word = atomic_load_explicit(&m->word, memory_order_relaxed);
	struct hl_waiter *w;

	for (;;) {
		if (!(word & WOKEN) && (m->fifo || (word & ~(uint64_t)BITS)))
			break;
		/* Not by a plain AND: the woken one may have queued again, WOKEN
		 * gone with that, since we looked.  release: pairs with the next
		 * holder's acquire. */
		if (hl_cas_release(&m->word, &word, word & ~(uint64_t)HELD))
			return;
	}
	if (!m->fifo)
		stack_take(m);
	w = m->fifo;
	m->fifo = w->next;
	/* HELD away and WOKEN in, in one step; only a holder sets WOKEN, so it
	 * wasn't set meanwhile.  The mutex is not ours any more after this. */
	atomic_fetch_add_explicit(&m->word, WOKEN - HELD, memory_order_release);
	waiter_release(w, GO_WOKEN);
}

static void cond_queue(struct hl_cond *c, struct hl_mutex *m, struct hl_waiter *w)
{
	struct hl_waiter *head;

	waiter_init(w, m);
	hl_mutex_lock(&c->lock);
	head = atomic_load_explicit(&c->head, memory_order_relaxed);
	queue_put(&head, &c->tail, w);
	atomic_store_explicit(&c->head, head, memory_order_relaxed);
	hl_mutex_unlock(&c->lock);
	/* Who signals after this unlock sees us in the queue. */
	hl_mutex_unlock(m);
}

/* False: a signal has taken w, and will release it. */
static bool cond_leave(struct hl_cond *c, struct hl_waiter *w)
{
	struct hl_waiter *head;
	bool queued;

	hl_mutex_lock(&c->lock);
	head = atomic_load_explicit(&c->head, memory_order_relaxed);
	queued = queue_has(head, w);
	if (queued) {
		queue_remove(&head, &c->tail, w);
		atomic_store_explicit(&c->head, head, memory_order_relaxed);
	}
	hl_mutex_unlock(&c->lock);
	return queued;
}

void hl_cond_wait(struct hl_cond *c, struct hl_mutex *m)
{
	struct hl_waiter w;

	cond_queue(c, m, &w);
	lock_with(m, &w, waiter_wait(&w) == GO_WOKEN ? WOKEN : 0);
}

int hl_cond_wait_until(struct hl_cond *c, struct hl_mutex *m, uint64_t deadline)
{
	struct hl_waiter w;
	uint64_t go;

	cond_queue(c, m, &w);
	go = waiter_wait_until(&w, deadline);
	if (go == WAIT && cond_leave(c, &w)) {
		lock_with(m, &w, 0);
		return -HL_ETIMEDOUT;
	}
	if (go == WAIT)
		go = waiter_wait(&w);
	lock_with(m, &w, go == GO_WOKEN ? WOKEN : 0);
	return 0;
}

/* Lets a waiter go on to its mutex: wakes it, or, if the mutex is held, moves it to the
 * mutex's queue, whose holder will wake it in its turn. */
static void cond_move(struct hl_waiter *w)
{
	struct hl_mutex *m = w->mutex;
	uint64_t word = atomic_load_explicit(&m->word, memory_order_relaxed);

	while (word & HELD) {
		w->next = (struct hl_waiter *)(word & ~(uint64_t)BITS);
		/* release: pairs with the acquire in stack_take */
		if (hl_cas_release(&m->word, &word, (uint64_t)w | (word & BITS)))
			return;
	}
	waiter_release(w, GO);
}

void hl_cond_signal(struct hl_cond *c)
{
	struct hl_waiter *w;

	/* Relaxed is enough: a waiter that this signal is for has queued before it
	 * let go of the mutex under which its condition was made true. */
	if (!atomic_load_explicit(&c->head, memory_order_relaxed))
		return;
	hl_mutex_lock(&c->lock);
	w = atomic_load_explicit(&c->head, memory_order_relaxed);
	if (w)
		atomic_store_explicit(&c->head, w->next, memory_order_relaxed);
	hl_mutex_unlock(&c->lock);
	if (w)
		cond_move(w);
}

void hl_cond_broadcast(struct hl_cond *c)
{
	struct hl_waiter *w;
	struct hl_mutex *m = NULL;

	if (!atomic_load_explicit(&c->head, memory_order_relaxed))
		return;
	hl_mutex_lock(&c->lock);
	w = atomic_load_explicit(&c->head, memory_order_relaxed);
	atomic_store_explicit(&c->head, NULL, memory_order_relaxed);
	hl_mutex_unlock(&c->lock);
	/* With the mutex free all of them would be woken, to queue at it at once.
	 * Holding it ourselves meanwhile makes them go to its queue instead. */
	if (w && hl_mutex_trylock(w->mutex))
		m = w->mutex;
	while (w) {
		struct hl_waiter *next = w->next;

		cond_move(w);
		w = next;
	}
	if (m)
		hl_mutex_unlock(m);
}

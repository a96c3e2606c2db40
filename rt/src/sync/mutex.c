/* SPDX-License-Identifier: MIT
 *
 * The mutex.  Its word:
 *	HELD    somebody has it
 *	WOKEN   a waiter has been woken for it and hasn't looked yet
 *	HEIR    m->heir was woken, came in vain, and is next; only beside HELD
 *	QUEUED  m->fifo is not empty
 *	BUSY    somebody works on m->fifo
 *	LEFT    some waiter wants to leave; only beside BUSY
 *	rest    waiters that have come, a stack linked by `next`, latest first
 * m->fifo has those that came before, in the order they are to be woken.
 *
 * Who works on the queue has BUSY.  That is an unlock that has somebody to wake, and does it
 * while it still holds the mutex, or a waiter whose time has come.  Nobody waits for BUSY:
 * who finds it set leaves his work to who has it, and that one can't let BUSY go before
 * all is done, since he does it by a compare-and-swap of the whole word:
 *	- an unlock just lets HELD go; who has BUSY sees that and wakes one
 *	- a waiter that wants to leave marks its node and sets LEFT; who has BUSY takes all
 *	  that are marked out of the queue, and releases them
 *
 * No waiter is forgotten: while one is on the stack or in fifo, one of HELD, WOKEN, BUSY is
 * set.  WOKEN and HEIR exclude each other and stand for one waiter, which is in no queue:
 * it takes the mutex, or becomes the heir, or gives up; but that only while the mutex
 * is HELD, so the holder's unlock will wake the next.
 *
 * While one is WOKEN no other is woken: the one on its way will do.  Meanwhile others may
 * take the mutex.  The heir is woken, first of all, by the next unlock; after PATIENCE times
 * in vain it is handed the mutex, HELD staying set.  So nobody starves.
 *
 * The last access of an unlock to the mutex is the step by which the mutex is free or
 * somebody else's; nodes are released after it.  So the next holder may free the memory.
 */
#include <hartleaf/rt.h>

#include "mutex.h"

#define DEMANDS 1 /* in m->heir: to be handed over */

#define PATIENCE 3
#define SPINS    50 /* looks, about what a park and a wake take */

/* Looks for a while whether it comes free, where its holder can be running meanwhile and
 * nobody else is next. */
static void spin(struct hl_mutex *m)
{
	if (hl_info()->harts == 1)
		return;
	for (int n = SPINS; n > 0; n--) {
		uint64_t word = hl_load_relaxed(&m->word);

		if ((word & (HELD | HEIR)) != HELD)
			return;
		__asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory"); /* pause */
	}
}

/* w has WOKEN and has come in vain.  False: not in vain after all, look again. */
static bool become_heir(struct hl_mutex *m, struct hl_waiter *w)
{
	uint64_t word = hl_load_relaxed(&m->word);

	m->heir = (uint64_t)w | (w->info >= PATIENCE ? DEMANDS : 0);
	while (word & HELD)
		/* release: pairs with the acquire in unlock, for m->heir and the node */
		if (hl_cas_release(&m->word, &word, (word & ~(uint64_t)WOKEN) | HEIR)) {
			w->info++; /* after: only its own code reads it */
			return true;
		}
	return false;
}

/* All waiters from the stack to the end of fifo, oldest first.  True: some want to leave.
 * BUSY is the caller's. */
static bool stack_take(struct hl_mutex *m)
{
	/* acquire: pairs with the releases in rt_mutex_queue and leave */
	uint64_t word = atomic_fetch_and_explicit(&m->word, ~(STACK | LEFT), memory_order_acquire);
	struct hl_waiter *w = (struct hl_waiter *)(word & STACK);
	struct hl_waiter *list = NULL, **end = &m->fifo;

	while (w) {
		struct hl_waiter *next = w->next;

		w->next = list;
		list = w;
		w = next;
	}
	if (list) {
		while (*end)
			end = &(*end)->next;
		*end = list;
	}
	return word & LEFT;
}

/* Those that want to leave, from fifo to the list `gone`. */
static void take_leaving(struct hl_mutex *m, struct hl_waiter **gone)
{
	struct hl_waiter **at = &m->fifo, *w;

	while ((w = *at)) {
		/* relaxed: the mark came with LEFT, or is our own */
		if (!hl_load_relaxed(&w->leaving)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->next = *gone;
		*gone = w;
	}
}

/* An unlock's most frequent case: one waits, and came but now.  BUSY is ours.  False: it
 * isn't so. */
static bool wake_only(struct hl_mutex *m, uint64_t word)
{
	struct hl_waiter *w = (struct hl_waiter *)(word & STACK);

	/* With BUSY ours it can't go away. */
	if ((word & QUEUED) || w->next || !hl_cas_release(&m->word, &word, WOKEN))
		return false;
	rt_waiter_release(w, GO_WOKEN);
	return true;
}

/* Does what there is to do with the queue, and lets BUSY go, and `also`: HELD of a holder that
 * unlocks, or nothing.  `leaving`: somebody wants to leave. */
static void work(struct hl_mutex *m, uint64_t also, bool leaving)
{
	struct hl_waiter *gone = NULL, *first;
	uint64_t word = hl_load_relaxed(&m->word), rest;

	for (;;) {
		if (leaving || (word & LEFT) || (!m->fifo && (word & STACK))) {
			if (stack_take(m) || leaving)
				take_leaving(m, &gone);
			leaving = false;
			word = hl_load_relaxed(&m->word);
			continue;
		}
		rest = word & ~(BUSY | QUEUED | also);
		first = NULL;
		if (!(rest & (HELD | WOKEN)) && m->fifo) {
			first = m->fifo;
			m->fifo = first->next;
			rest |= WOKEN;
		}
		if (m->fifo)
			rest |= QUEUED;
		/* release: pairs with the acquire of the next to have BUSY, and of the
		 * next holder */
		if (hl_cas_release(&m->word, &word, rest))
			break;
		if (first)
			m->fifo = first;
	}
	while (gone) {
		struct hl_waiter *next = gone->next;

		rt_waiter_release(gone, GO_LEFT);
		gone = next;
	}
	if (first)
		rt_waiter_release(first, GO_WOKEN);
}

/* Gives up as the heir.  False: it is being released. */
static bool leave_as_heir(struct hl_mutex *m)
{
	uint64_t word = hl_load_relaxed(&m->word);

	/* Whose HEIR it is can't change before we have looked: nobody else is woken
	 * while the mutex or WOKEN is ours. */
	while (word & HEIR)
		if (hl_cas_release(&m->word, &word, word & ~(uint64_t)HEIR))
			return true;
	return false;
}

/* Gets out of the queue, or is released meanwhile. */
static void leave(struct hl_mutex *m, struct hl_waiter *w)
{
	uint64_t word = hl_load_relaxed(&m->word);

	/* release, below: pairs with the acquire in stack_take */
	hl_store_relaxed(&w->leaving, 1);
	for (;;) {
		if (hl_load_acquire(&w->go) != WAIT)
			return;
		if (word & BUSY) {
			if (hl_cas_release(&m->word, &word, word | LEFT))
				return;
		} else if (hl_cas_acquire(&m->word, &word, word | BUSY)) {
			work(m, 0, true);
			return;
		}
	}
}

int rt_mutex_lock_with(struct hl_mutex *m, struct hl_waiter *w, uint64_t go, uint64_t deadline)
{
	uint64_t drop;

	for (;;) {
		if (go == GO_OWNS)
			return 0;
		if (go == GO_LEFT)
			return -HL_ETIMEDOUT;
		drop = go == GO_WOKEN ? WOKEN : 0;
		spin(m);
		if (rt_mutex_take(m, drop))
			return 0;
		hl_store_relaxed(&w->go, WAIT);
		if (drop ? !become_heir(m, w) : !rt_mutex_queue(m, w))
			continue;
		go = rt_waiter_wait_until(w, deadline, false);
		if (go == WAIT) {
			if (!drop)
				leave(m, w);
			else if (leave_as_heir(m))
				return -HL_ETIMEDOUT;
			go = rt_waiter_wait(w);
		}
	}
}

void hl_mutex_lock_slow(struct hl_mutex *m)
{
	hl_mutex_lock_until_slow(m, HL_NEVER);
}

int hl_mutex_lock_until_slow(struct hl_mutex *m, uint64_t deadline)
{
	struct hl_waiter w;

	rt_waiter_init(&w, m);
	return rt_mutex_lock_with(m, &w, WAIT, deadline);
}

void hl_mutex_unlock_slow(struct hl_mutex *m)
{
	uint64_t heir, word, free;

	for (;;) {
		/* acquire: pairs with the release in become_heir, and of who had BUSY */
		word = hl_load_acquire(&m->word);
		free = word & ~(uint64_t)HELD;
		if (word & HEIR) {
			/* In every other case m->heir may be somebody's who has left. */
			heir = m->heir;
			free &= ~(uint64_t)HEIR;
			free |= heir & DEMANDS ? HELD : WOKEN;
			if (!hl_cas_release(&m->word, &word, free))
				continue;
			rt_waiter_release((struct hl_waiter *)(heir & ~(uint64_t)DEMANDS),
					  heir & DEMANDS ? GO_OWNS : GO_WOKEN);
			return;
		}
		if (!(word & (WOKEN | BUSY)) && (word & (QUEUED | STACK))) {
			if (hl_cas_acquire(&m->word, &word, word | BUSY)) {
				if (!wake_only(m, word | BUSY))
					work(m, HELD, false);
				return;
			}
		} else if (hl_cas_release(&m->word, &word, free)) {
			return;
		}
	}
}

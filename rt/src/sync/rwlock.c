/* SPDX-License-Identifier: MIT
 *
 * pthread_rwlock_t.  Its word:
 *	WRITER  somebody has it for writing
 *	QUEUED  the queue is not empty; then nobody gets past it
 *	rest    how many have it for reading, in READERs
 * Turns are in the order of coming: readers one after the other in the queue get theirs
 * together.  So neither readers nor writers starve, and one that reads already and
 * wants to once more waits for the writer that waits for him.
 *
 * The queue is not empty only while somebody has the lock.  The last one to let go hands it
 * over, under the lock of the queue and before it lets go itself, so that its last
 * access comes before anybody else can be through with the lock and destroy it.
 */
#include <limits.h>
#include <string.h>

#include "pmutex.h"

#define WRITER 1
#define QUEUED 2
#define READER 4

#define READERS_MAX ((uint64_t)INT_MAX * READER)

/* Whether one that wants `want` can have it as the word is. */
static bool fits(uint64_t word, uint32_t want)
{
	return want == READER ? !(word & WRITER) : !(word & ~(uint64_t)QUEUED);
}

/* Without waiting.  0, EBUSY, EAGAIN. */
static int try(struct hl_rwlock *l, uint32_t want)
{
	uint64_t word = hl_load_relaxed(&l->word);

	do {
		if ((word & QUEUED) || !fits(word, want))
			return EBUSY;
		if (word >= READERS_MAX)
			return EAGAIN;
		/* acquire: pairs with the release in unlock */
	} while (!hl_cas_acquire(&l->word, &word, word + want));
	return 0;
}

/* Lets in whoever can be, after the caller has let go of `mine`, in one step.  The queue's
 * lock is held.  A list, to be released after it. */
static struct hl_waiter *admit(struct hl_rwlock *l, uint64_t mine)
{
	uint64_t word = hl_load_relaxed(&l->word), after;
	struct hl_waiter *list = l->head, *last, *w;

	do {
		after = word - mine;
		last = NULL;
		for (w = list; w && fits(after, w->info); w = w->next) {
			after += w->info;
			last = w;
		}
		if (!w)
			after &= ~(uint64_t)QUEUED;
		/* acquire: what those did who let go before, for those let in */
	} while (!hl_cas_acq_rel(&l->word, &word, after));
	l->head = w;
	if (!last)
		return NULL;
	last->next = NULL;
	return list;
}

static void release(struct hl_waiter *w)
{
	while (w) {
		struct hl_waiter *next = w->next;

		rt_waiter_release(w, GO);
		w = next;
	}
}

/* Into the queue.  False: it could be had after all, and is. */
static bool queue(struct hl_rwlock *l, struct hl_waiter *w)
{
	bool queued = false;

	hl_mutex_lock(&l->lock);
	while (!queued) {
		uint64_t word = hl_load_relaxed(&l->word);

		if (!(word & QUEUED) && fits(word, w->info)) {
			if (hl_cas_acquire(&l->word, &word, word + w->info))
				break;
		} else {
			queued = word & QUEUED || hl_cas_release(&l->word, &word, word | QUEUED);
		}
	}
	if (queued)
		rt_queue_put(&l->head, &l->tail, w);
	hl_mutex_unlock(&l->lock);
	return queued;
}

/* False: it is being let in. */
static bool leave(struct hl_rwlock *l, struct hl_waiter *w)
{
	struct hl_waiter *others = NULL;
	bool queued;

	hl_mutex_lock(&l->lock);
	queued = rt_queue_has(l->head, w);
	if (queued) {
		rt_queue_remove(&l->head, &l->tail, w);
		others = admit(l, 0); /* readers behind a writer */
	}
	hl_mutex_unlock(&l->lock);
	release(others);
	return queued;
}

static int had(struct hl_rwlock *l, uint32_t want)
{
	/* Compared by its owner only, as in lock.c. */
	if (want == WRITER)
		hl_store_relaxed(&l->writer, rt_id_self());
	return 0;
}

static int lock(struct hl_rwlock *l, uint32_t want, clockid_t clock, const struct timespec *abstime)
{
	uint64_t deadline = HL_NEVER;
	struct hl_waiter w;
	int result;

	if (l->dead)
		return EINVAL;
	result = try(l, want);
	if (result == 0)
		return had(l, want);
	if (result != EBUSY)
		return result;
	if (hl_load_relaxed(&l->writer) == rt_id_self())
		return EDEADLK;
	if (abstime) {
		result = rt_deadline(clock, abstime, true, &deadline);
		if (result)
			return result;
	}
	rt_waiter_init(&w, NULL);
	w.info = want;
	if (queue(l, &w) && rt_waiter_wait_until(&w, deadline, false) == WAIT) {
		if (leave(l, &w))
			return ETIMEDOUT;
		rt_waiter_wait(&w);
	}
	return had(l, want);
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	uint64_t word = hl_load_relaxed(&l->word), mine;
	struct hl_waiter *others;

	if (l->dead)
		return EINVAL;
	mine = word & WRITER ? WRITER : READER;
	if (mine == READER ? word < READER : hl_load_relaxed(&l->writer) != rt_id_self())
		return EPERM;
	if (mine == WRITER)
		hl_store_relaxed(&l->writer, 0);
	for (;;) {
		if (word - mine != QUEUED) {
			/* release: pairs with the acquire in try, queue and admit */
			if (hl_cas_release(&l->word, &word, word - mine))
				return 0;
			continue;
		}
		hl_mutex_lock(&l->lock);
		/* We alone have it and somebody waits: it stays so while we have
		 * the queue's lock. */
		if (hl_load_relaxed(&l->word) == word)
			break;
		hl_mutex_unlock(&l->lock);
		word = hl_load_relaxed(&l->word);
	}
	others = admit(l, mine);
	hl_mutex_unlock(&l->lock);
	release(others);
	return 0;
}

int pthread_rwlock_init(pthread_rwlock_t *restrict l, const pthread_rwlockattr_t *restrict attr)
{
	if (attr && attr->valid != ATTR_VALID)
		return EINVAL;
	memset(l, 0, sizeof(*l));
	return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
	if (l->dead)
		return EINVAL;
	if (hl_load_relaxed(&l->word) != 0)
		return EBUSY;
	l->dead = 1;
	return 0;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	return lock(l, READER, 0, NULL);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	return lock(l, WRITER, 0, NULL);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	return l->dead ? EINVAL : try(l, READER);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	int result = l->dead ? EINVAL : try(l, WRITER);

	return result ? result : had(l, WRITER);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict l,
			       const struct timespec *restrict abstime)
{
	return lock(l, READER, CLOCK_REALTIME, abstime);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict l,
			       const struct timespec *restrict abstime)
{
	return lock(l, WRITER, CLOCK_REALTIME, abstime);
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t *restrict l, clockid_t clock,
			       const struct timespec *restrict abstime)
{
	return lock(l, READER, clock, abstime);
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t *restrict l, clockid_t clock,
			       const struct timespec *restrict abstime)
{
	return lock(l, WRITER, clock, abstime);
}

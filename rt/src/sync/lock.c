/* SPDX-License-Identifier: MIT
 *
 * The locks that picolibc asks for (its default ones do nothing), over hl_mutex, and a
 * recursive lock for them and for the console.
 */
#include <stdlib.h>
#include <sys/lock.h>

#include <hartleaf/rt.h>

#include "../pthread/thread.h"
#include "waiter.h"

_Thread_local uint64_t rt_id;

uint64_t rt_id_make(void)
{
	static _Atomic uint64_t last;

	/* relaxed: only that it is another each time counts */
	rt_id = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
	return rt_id;
}

/* Only the owner ever writes his own number there, so that reading it relaxed gives a
 * true answer to the only question asked: is it me? */
bool rt_lock_is_mine(const struct rt_lock *l)
{
	return hl_load_relaxed(&l->owner) == rt_id_self();
}

void rt_lock_own(struct rt_lock *l)
{
	hl_store_relaxed(&l->owner, rt_id_self());
	l->depth = 1;
}

void rt_lock_disown(struct rt_lock *l)
{
	hl_store_relaxed(&l->owner, 0);
}

void rt_lock_acquire(struct rt_lock *l)
{
	if (rt_lock_is_mine(l)) {
		l->depth++;
		return;
	}
	hl_mutex_lock(&l->mutex);
	rt_lock_own(l);
}

int rt_lock_try(struct rt_lock *l)
{
	if (rt_lock_is_mine(l)) {
		l->depth++;
		return 1;
	}
	if (!hl_mutex_trylock(&l->mutex))
		return 0;
	rt_lock_own(l);
	return 1;
}

void rt_lock_release(struct rt_lock *l)
{
	if (--l->depth > 0)
		return;
	rt_lock_disown(l);
	hl_mutex_unlock(&l->mutex);
}

/* The names are picolibc's; all have to be defined, since its own ones are in one
 * object file with the rest. */
struct __lock {
	struct rt_lock lock;
};

struct __lock __lock___libc_recursive_mutex;

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
	/* NULL without memory; acquire and release then leave it alone */
	*lock = calloc(1, sizeof(struct __lock));
}

void __retarget_lock_init(_LOCK_T *lock)
{
	__retarget_lock_init_recursive(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
	free(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
	free(lock);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
	if (lock)
		rt_lock_acquire(&lock->lock);
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	return !lock || rt_lock_try(&lock->lock);
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
	if (lock)
		rt_lock_release(&lock->lock);
}

/* Recursive as well: the one of a FILE is taken for whole calls, too (libc/stdio.c).  These are
 * called by the functions that fill and empty its buffer, and by nobody else. */
static _Thread_local unsigned filling; /* how many locks are held by such */
static _Thread_local bool cancelled;

bool rt_lock_cancel(void)
{
	cancelled = filling > 0;
	return cancelled;
}

void __retarget_lock_acquire(_LOCK_T lock)
{
	__retarget_lock_acquire_recursive(lock);
	filling++;
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
	int got = __retarget_lock_try_acquire_recursive(lock);

	filling += got != 0;
	return got;
}

void __retarget_lock_release(_LOCK_T lock)
{
	filling--;
	__retarget_lock_release_recursive(lock);
	if (cancelled) {
		cancelled = false;
		rt_cancel_test();
	}
}

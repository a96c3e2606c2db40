/* SPDX-License-Identifier: MIT
 *
 * The locks that picolibc asks for (its default ones do nothing), over hl_mutex, and a
 * recursive lock for them and for the console.
 */
#include <stdlib.h>
#include <sys/lock.h>

#include <hartleaf/rt.h>

#include "rt.h"

/* Only the owner ever writes his own handle there, so that reading it relaxed gives a
 * true answer to the only question asked: is it me? */
static int mine(struct rt_lock *l)
{
	if (atomic_load_explicit(&l->owner, memory_order_relaxed) != hl_self())
		return 0;
	l->depth++;
	return 1;
}

static void own(struct rt_lock *l)
{
	atomic_store_explicit(&l->owner, hl_self(), memory_order_relaxed);
	l->depth = 1;
}

void rt_lock_acquire(struct rt_lock *l)
{
	if (mine(l))
		return;
	hl_mutex_lock(&l->mutex);
	own(l);
}

int rt_lock_try(struct rt_lock *l)
{
	if (mine(l))
		return 1;
	if (!hl_mutex_trylock(&l->mutex))
		return 0;
	own(l);
	return 1;
}

void rt_lock_release(struct rt_lock *l)
{
	if (--l->depth > 0)
		return;
	atomic_store_explicit(&l->owner, 0, memory_order_relaxed);
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

void __retarget_lock_acquire(_LOCK_T lock)
{
	if (lock)
		hl_mutex_lock(&lock->lock.mutex);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
	return !lock || hl_mutex_trylock(&lock->lock.mutex);
}

void __retarget_lock_release(_LOCK_T lock)
{
	if (lock)
		hl_mutex_unlock(&lock->lock.mutex);
}

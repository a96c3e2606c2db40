/* SPDX-License-Identifier: MIT
 *
 * Values of threads by key.  A key that is deleted is NULL in all threads at once, so that
 * one who gets it anew finds nothing of his predecessor's; therefore values are read
 * and written by others, and are atomic.
 */
#include <errno.h>

#include "thread.h"

typedef void destructor(void *);

/* One for keys without. */
static void nothing(void *value)
{
	(void)value;
}

static struct hl_mutex lock;
static destructor *_Atomic destructors[PTHREAD_KEYS_MAX]; /* NULL: no such key */

int pthread_key_create(pthread_key_t *key, void (*destroy)(void *))
{
	int error = EAGAIN;

	hl_mutex_lock(&lock);
	for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++)
		if (!atomic_load_explicit(&destructors[i], memory_order_relaxed)) {
			/* release: pairs with the acquire in rt_keys_end */
			atomic_store_explicit(&destructors[i], destroy ? destroy : nothing,
					      memory_order_release);
			*key = i;
			error = 0;
			break;
		}
	hl_mutex_unlock(&lock);
	return error;
}

static bool is_key(pthread_key_t key)
{
	return key < PTHREAD_KEYS_MAX &&
	       atomic_load_explicit(&destructors[key], memory_order_relaxed);
}

static void *_Atomic *place(struct rt_thread *t, pthread_key_t key)
{
	return (void *_Atomic *)&t->value[key];
}

static void forget(struct rt_thread *t, void *key)
{
	atomic_store_explicit(place(t, *(pthread_key_t *)key), NULL, memory_order_relaxed);
}

int pthread_key_delete(pthread_key_t key)
{
	int error = EINVAL;

	hl_mutex_lock(&lock);
	if (is_key(key)) {
		rt_watch_each(forget, &key);
		atomic_store_explicit(&destructors[key], NULL, memory_order_relaxed);
		error = 0;
	}
	hl_mutex_unlock(&lock);
	return error;
}

void *pthread_getspecific(pthread_key_t key)
{
	if (key >= PTHREAD_KEYS_MAX)
		return NULL;
	return atomic_load_explicit(place(rt_thread, key), memory_order_relaxed);
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
	struct rt_thread *t = rt_thread;

	if (!is_key(key))
		return EINVAL;
	atomic_store_explicit(place(t, key), (void *)value, memory_order_relaxed);
	if (key >= t->keys)
		t->keys = key + 1;
	return 0;
}

/* False: there was none. */
static bool destroy_all(struct rt_thread *t)
{
	bool any = false;

	for (unsigned i = 0; i < t->keys; i++) {
		void *value = atomic_load_explicit(place(t, i), memory_order_relaxed);
		destructor *destroy;

		if (!value)
			continue;
		/* Values of keys without one stay for the others' destructors to see. */
		destroy = atomic_load_explicit(&destructors[i], memory_order_acquire);
		if (destroy && destroy != nothing) {
			atomic_store_explicit(place(t, i), NULL, memory_order_relaxed);
			any = true;
			destroy(value);
		}
	}
	return any;
}

void rt_keys_end(struct rt_thread *t)
{
	for (unsigned i = 0; i < PTHREAD_DESTRUCTOR_ITERATIONS; i++)
		if (!destroy_all(t))
			break;
	for (unsigned i = 0; i < t->keys; i++)
		atomic_store_explicit(place(t, i), NULL, memory_order_relaxed);
	t->keys = 0;
}

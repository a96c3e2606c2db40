/* SPDX-License-Identifier: MIT
 *
 * malloc and its like, over slab.c and large.c.  An executor's heap is found through
 * thread-local storage, at its first use.  Those that have none, and all when the heap is
 * debugged, share one under a lock.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "slab.h"

bool rt_malloc_debug;

static _Thread_local struct rt_heap *heap;
static struct rt_heap shared;
static struct hl_mutex shared_lock;

static inline struct rt_heap *mine(void)
{
	uint64_t tp;

	__asm__ volatile("mv %0, tp" : "=r"(tp));
	/* volatile: not to be read before the test */
	return tp ? *(struct rt_heap *volatile *)&heap : NULL;
}

static void *no_memory(void)
{
	if (rt_has_tls())
		errno = ENOMEM;
	return NULL;
}

static void *shared_alloc(size_t size)
{
	void *block;

	rt_bare_lock(&shared_lock);
	if (!shared.current[0])
		rt_heap_init(&shared);
	block = rt_heap_alloc(&shared, size);
	hl_mutex_unlock(&shared_lock);
	return block;
}

/* mine, made if it isn't there; NULL: none, or no memory for it. */
static struct rt_heap *mine_new(void)
{
	if (rt_malloc_debug || !rt_has_tls())
		return NULL;
	if (!heap)
		heap = rt_heap_adopt();
	return heap;
}

/* Any size, aligned to ALIGN; no error is set. */
static void *alloc(size_t size)
{
	struct rt_heap *h = mine_new();

	if (size > SMALL_MAX)
		return rt_large_alloc(h, size, ALIGN);
	if (h)
		return rt_heap_alloc(h, size);
	return rt_malloc_debug || !rt_has_tls() ? shared_alloc(size) : NULL;
}

/* Aligned to align, a power of 2. */
static void *alloc_aligned(size_t align, size_t size)
{
	size_t room = align;

	if (align <= ALIGN)
		return alloc(size);
	while (room < size && room <= SMALL_MAX)
		room <<= 1;
	/* room is a power of 2 then: see slab_new */
	return room <= SMALL_MAX && align <= PAGE_SIZE ? alloc(room)
						       : rt_large_alloc(mine_new(), size, align);
}

static __attribute__((noinline)) void *slow(size_t size)
{
	void *block = NULL;

	if (!rt_malloc_debug)
		block = alloc(size);
	else if (size <= PTRDIFF_MAX)
		block = rt_guard_set(alloc(size + RT_GUARD), size);
	return block ? block : no_memory();
}

/* Not malloc by name: with memset behind it GCC makes calloc of that, also in calloc. */
static inline void *get(size_t size)
{
	struct rt_heap *h = mine();

	if (h && size <= SMALL_MAX) {
		void *block = block_get(h->current[class_of(size)]);

		if (block)
			return block;
	}
	return slow(size);
}

void *malloc(size_t size)
{
	return get(size);
}

static __attribute__((noinline)) void free_slow(struct rt_slab *s, void *block)
{
	if (rt_malloc_debug)
		rt_guard_free(block);
	if (s->owner)
		rt_slab_put_remote(s, block);
	else
		rt_large_free(mine(), s);
}

void free(void *block)
{
	struct rt_slab *s = slab_of(block);
	struct rt_heap *h = mine();

	if (!block)
		return;
	if (h && h == s->owner) {
		block_put(s, block);
		if (--s->used == s->alarm)
			rt_slab_alarm(s);
	} else {
		free_slow(s, block);
	}
}

size_t malloc_usable_size(void *block)
{
	if (!block)
		return 0;
	return rt_malloc_debug ? rt_guard_size(block) : slab_of(block)->size;
}

void *calloc(size_t count, size_t size)
{
	size_t all;
	void *block;

	if (__builtin_mul_overflow(count, size, &all))
		return no_memory();
	block = get(all);
	if (block && (slab_of(block)->owner || !slab_of(block)->fresh || rt_malloc_debug))
		memset(block, 0, all);
	return block;
}

void *realloc(void *old, size_t size)
{
	size_t have = malloc_usable_size(old);
	void *block;

	if (!old)
		return malloc(size);
	if (!rt_malloc_debug) {
		if (size <= have && (size >= have / 2 || have <= 64))
			return old;
		if (!slab_of(old)->owner && size > SMALL_MAX) {
			block = rt_large_resize(mine(), slab_of(old), old, size);
			return block ? block : no_memory();
		}
	}
	block = malloc(size);
	if (block) {
		memcpy(block, old, size < have ? size : have);
		free(old);
	}
	return block;
}

static void *aligned(size_t align, size_t size)
{
	if (!rt_malloc_debug)
		return alloc_aligned(align, size);
	return size <= PTRDIFF_MAX ? rt_guard_set(alloc_aligned(align, size + RT_GUARD), size)
				   : NULL;
}

static bool power_of_2(size_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

int posix_memalign(void **out, size_t align, size_t size)
{
	void *block;

	if (!power_of_2(align) || align < sizeof(void *))
		return EINVAL;
	block = aligned(align, size);
	if (!block)
		return ENOMEM;
	*out = block;
	return 0;
}

void *memalign(size_t align, size_t size)
{
	void *block;

	if (!power_of_2(align)) {
		if (rt_has_tls())
			errno = EINVAL;
		return NULL;
	}
	block = aligned(align, size);
	return block ? block : no_memory();
}

void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

void *valloc(size_t size)
{
	return memalign(PAGE_SIZE, size);
}

void cfree(void *block)
{
	free(block);
}

bool rt_malloc_release(void)
{
	return rt_heap_release(mine());
}

void rt_malloc_thread_end(void *tp)
{
	uint64_t own;
	struct rt_heap **at, *h;

	__asm__ volatile("mv %0, tp" : "=r"(own));
	at = (struct rt_heap **)((char *)tp + ((uint64_t)&heap - own));
	h = *at;
	*at = NULL;
	if (h)
		rt_heap_abandon(h);
}

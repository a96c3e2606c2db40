/* SPDX-License-Identifier: MIT
 *
 * Slabs: 64 KiB of addresses for blocks of one size, mapped page by page as they are
 * needed.  Each belongs to a heap and each heap to one executor, who alone takes blocks
 * from the slabs, without any lock.  Who frees a block of another's heap puts it on that
 * heap's `remote` stack; the owner takes all of it at once, when it has run out of
 * something.  As only one takes and he takes all, there is no ABA, and nobody touches a
 * slab or block after his push: the slab may be gone with it.
 *
 * A heap has for each size a list of the slabs with room.  Blocks come from the first
 * one.  A slab that is full is in no list; with the first block freed it goes back into
 * it.  One that is empty and not the first goes to the kernel, but for a few that are kept
 * for what comes next.  Both are told by one compare in free: used == alarm, where alarm is NEVER for the first, 0 for the others in
 * the list, and one less than all for those that are full.
 *
 * The heap of an executor that has ended waits as it is for the next one that needs a heap,
 * the last one first.  What is freed of it meanwhile is put in order when somebody needs a
 * new slab.
 */
#include <stdatomic.h>

#include <hartleaf/atomic.h>
#include <hartleaf/layout.h>
#include <hartleaf/va.h>

#include "slab.h"

/* kept.c, if the program has executors: those that are kept go, and their stacks */
bool rt_kept_drop(void) __attribute__((weak));

#define NEVER  UINT64_MAX
#define RW     (MAP_R | MAP_W)
#define SPARES 8
#define STEP   0x4000ul /* mapped at once, at most, unless a block is larger */

struct rt_slab rt_slab_none = {.alarm = NEVER};
uint8_t rt_slab_class[2][65];

static struct hl_mutex heaps_lock;
static struct rt_heap *abandoned;
static struct rt_heap *heap_page; /* heaps not used yet */
static size_t heap_room;

/* Sizes of classes: 16, 32 ... 128, then four to each power of 2: 160, 192, 224, 256... */
static uint64_t class_size(unsigned class)
{
	if (class < 8)
		return (class + 1) * 16;
	return (uint64_t)(5 + (class & 3)) << (5 + ((class - 8) >> 2));
}

static void classes_init(void)
{
	unsigned small = 0, large = 0;

	for (size_t i = 0; i < 65; i++) {
		while (class_size(small) < i << 4)
			small++;
		while (class_size(large) < i << 8)
			large++;
		rt_slab_class[0][i] = (uint8_t)small;
		rt_slab_class[1][i] = (uint8_t)large;
	}
}

void rt_heap_init(struct rt_heap *h)
{
	rt_bare_lock(&heaps_lock);
	if (rt_slab_class[1][64] == 0)
		classes_init();
	hl_mutex_unlock(&heaps_lock);
	for (unsigned i = 0; i < CLASSES; i++)
		h->current[i] = &rt_slab_none;
}

static void list_remove(struct rt_heap *h, struct rt_slab *s)
{
	struct rt_slab *next = s->next;

	if (next)
		next->prev = s->prev;
	if (s->prev) {
		s->prev->next = next;
		return;
	}
	h->current[s->class] = next ? next : &rt_slab_none;
	h->current[s->class]->alarm = NEVER;
}

static void list_put_first(struct rt_heap *h, struct rt_slab *s)
{
	struct rt_slab *first = h->current[s->class];

	s->prev = NULL;
	s->next = NULL;
	if (first != &rt_slab_none) {
		s->next = first;
		first->prev = s;
		first->alarm = 0;
	}
	s->alarm = NEVER;
	h->current[s->class] = s;
}

/* Behind the first one, which may still have many. */
static void list_put(struct rt_heap *h, struct rt_slab *s)
{
	struct rt_slab *first = h->current[s->class];

	if (first == &rt_slab_none) {
		list_put_first(h, s);
		return;
	}
	s->alarm = 0;
	s->next = first->next;
	s->prev = first;
	if (s->next)
		s->next->prev = s;
	first->next = s;
}

static void slab_free(struct rt_slab *s)
{
	uint64_t pages = s->mapped >> PAGE_SHIFT;

	sys_unmap((uint64_t)s, pages);
	rt_heap_va_free((uint64_t)s, SLOT_PAGES);
}

/* s is in no list. */
static void slab_release(struct rt_heap *h, struct rt_slab *s)
{
	if (h->spares == SPARES) {
		slab_free(s);
		return;
	}
	s->next = h->spare;
	h->spare = s;
	h->spares++;
}

void rt_slab_alarm(struct rt_slab *s)
{
	if (s->alarm != 0) {
		list_put(s->owner, s); /* was full */
	} else {
		list_remove(s->owner, s);
		slab_release(s->owner, s);
	}
}

void rt_slab_put_remote(struct rt_slab *s, void *block)
{
	struct rt_heap *h = s->owner;
	void *first = atomic_load_explicit(&h->remote, memory_order_relaxed);

	do
		*(void **)block = first;
	while (!hl_cas_release(&h->remote, &first, block)); /* pairs with collect */
}

static void collect(struct rt_heap *h)
{
	void *block;

	if (!atomic_load_explicit(&h->remote, memory_order_relaxed))
		return;
	/* acquire: pairs with rt_slab_put_remote; the block is done with there */
	block = atomic_exchange_explicit(&h->remote, NULL, memory_order_acquire);
	while (block) {
		struct rt_slab *s = slab_of(block);
		void *next = *(void **)block;

		block_put(s, block);
		if (--s->used == s->alarm)
			rt_slab_alarm(s);
		block = next;
	}
}

void rt_heap_trim(struct rt_heap *h)
{
	collect(h);
	for (unsigned i = 0; i < CLASSES; i++) {
		struct rt_slab *s;

		while ((s = h->current[i]) != &rt_slab_none && s->used == 0) {
			list_remove(h, s);
			slab_free(s);
		}
	}
	for (struct rt_slab *s; (s = h->spare); h->spares--) {
		h->spare = s->next;
		slab_free(s);
	}
}

/* Puts in order what nobody has and others have freed blocks of; or all that nobody has. */
static void tidy(bool all)
{
	struct rt_heap **at, *h, *out = NULL;

	rt_bare_lock(&heaps_lock);
	for (at = &abandoned; (h = *at);) {
		if (all || atomic_load_explicit(&h->remote, memory_order_relaxed)) {
			*at = h->next;
			h->next = out;
			out = h;
		} else {
			at = &h->next;
		}
	}
	hl_mutex_unlock(&heaps_lock);
	while ((h = out)) {
		out = h->next;
		rt_heap_trim(h);
		rt_heap_abandon(h);
	}
}

/* Makes blocks of what is mapped, and maps more if that is nothing; s has no free ones.
 * False: no memory, or the slab is used up. */
static bool carve(struct rt_slab *s)
{
	uint64_t need = s->carved + s->size, base = (uint64_t)s;
	void **at = &s->free;

	if (need > SLOT)
		return false;
	if (need > s->mapped) {
		uint64_t more = s->mapped < STEP ? s->mapped : STEP;
		long done;

		if (more < need - s->mapped)
			more = need - s->mapped;
		if (more > SLOT - s->mapped)
			more = SLOT - s->mapped;
		done = sys_map_new(base + s->mapped, (more + PAGE_SIZE - 1) >> PAGE_SHIFT, RW);
		if (done > 0)
			s->mapped += (uint64_t)done << PAGE_SHIFT;
		if (need > s->mapped)
			return false;
	}
	for (; s->carved + s->size <= s->mapped; s->carved += s->size) {
		*at = (void *)(base + s->carved);
		at = *at;
	}
	*at = NULL;
	return true;
}

static struct rt_slab *slab_new(struct rt_heap *h, unsigned class)
{
	uint64_t size = class_size(class), align = size & -size, mapped = PAGE_SIZE;
	uint64_t first = sizeof(struct rt_slab);
	struct rt_slab *s = h->spare;

	if (s) {
		h->spare = s->next;
		h->spares--;
		mapped = s->mapped;
	} else {
		tidy(false);
		s = (struct rt_slab *)rt_heap_va_alloc(SLOT_PAGES);
		if (!s)
			return NULL;
		if (sys_map_new((uint64_t)s, 1, RW) != 1) {
			rt_heap_va_free((uint64_t)s, SLOT_PAGES);
			return NULL;
		}
	}
	/* Blocks whose size is a power of 2 are aligned to that, up to a page. */
	if (align > PAGE_SIZE)
		align = PAGE_SIZE;
	*s = (struct rt_slab){
		.owner = h,
		.size = size,
		.class = class,
		.carved = (first + align - 1) & -align,
		.mapped = mapped,
	};
	list_put(h, s);
	return s;
}

/* Until the list's first slab has a block. */
static bool refill(struct rt_heap *h, unsigned class)
{
	struct rt_slab *s;

	collect(h);
	while ((s = h->current[class]) != &rt_slab_none) {
		if (s->free || carve(s))
			return true;
		if (s->carved + s->size > SLOT) {
			list_remove(h, s);
			s->alarm = s->used - 1;
			continue;
		}
		/* no memory to carve from, but perhaps somewhere a block */
		while ((s = s->next) && !s->free)
			;
		if (!s)
			return false;
		list_remove(h, s);
		list_put_first(h, s);
	}
	s = slab_new(h, class);
	return s && carve(s);
}

void *rt_heap_alloc(struct rt_heap *h, size_t size)
{
	unsigned class = class_of(size);

	for (int tries = 0; tries < 2; tries++) {
		if (h->current[class]->free || refill(h, class))
			return block_get(h->current[class]);
		rt_heap_trim(h);
		tidy(true);
		rt_large_flush();
		if (rt_kept_drop)
			rt_kept_drop();
	}
	return NULL;
}

struct rt_heap *rt_heap_adopt(void)
{
	struct rt_heap *h = NULL;
	uint64_t va;

	rt_bare_lock(&heaps_lock);
	if (abandoned) {
		h = abandoned;
		abandoned = h->next;
	} else {
		if (heap_room == 0) {
			va = hl_va_alloc(1);
			if (va && sys_map_new(va, 1, RW) == 1) {
				heap_page = (struct rt_heap *)va;
				heap_room = PAGE_SIZE / sizeof(struct rt_heap);
			}
		}
		if (heap_room > 0)
			h = &heap_page[--heap_room];
	}
	hl_mutex_unlock(&heaps_lock);
	if (h && !h->current[0])
		rt_heap_init(h);
	return h;
}

void rt_heap_abandon(struct rt_heap *h)
{
	rt_bare_lock(&heaps_lock);
	h->next = abandoned;
	abandoned = h;
	hl_mutex_unlock(&heaps_lock);
}

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
 * it.  One that is empty and not the first goes to run.c, which keeps some.  Both are told by one compare in free: used == alarm, where alarm is NEVER for the first, 0 for the others in
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

#include "run.h"

#define NEVER UINT64_MAX
#define STEP  0x4000ul /* mapped at once, at most, unless a block is larger */

struct rt_slab rt_slab_none = {.alarm = NEVER};
uint8_t rt_slab_class[2][65];

static struct hl_mutex heaps_lock;
static struct rt_heap *abandoned;
struct rt_heap *rt_heaps;
static struct rt_heap *unused; /* never had by anybody */

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

/* s is in no list. */
static void slab_free(struct rt_slab *s)
{
	uint64_t pages = s->mapped >> PAGE_SHIFT;

	s->va = (uint64_t)s;
	s->slots = 1;
	s->pages = pages;
	s->kind = RUN_SLAB;
	rt_run_put(NULL, s);
}

void rt_slab_alarm(struct rt_slab *s)
{
	if (s->alarm != 0) {
		list_put(s->owner, s); /* was full */
	} else {
		list_remove(s->owner, s);
		slab_free(s);
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
		/* not rt_run_grow: with the memory that it looks for s might go */
		done = sys_map_new(base + s->mapped, (more + PAGE_SIZE - 1) >> PAGE_SHIFT,
				   MAP_R | MAP_W);
		if (done > 0) {
			s->mapped += (uint64_t)done << PAGE_SHIFT;
			atomic_fetch_add_explicit(&rt_run_mapped, (uint64_t)done,
						  memory_order_relaxed);
		}
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
	uint64_t size = class_size(class), align = size & -size;
	uint64_t first = sizeof(struct rt_slab);
	struct rt_slab *s = rt_run_take(h, RUN_SLAB, PAGE_SIZE);

	if (!s) {
		tidy(false);
		s = rt_run_take(h, RUN_SLAB, PAGE_SIZE);
	}
	if (!s)
		s = rt_run_new(RUN_SLAB, 1, PAGE_SIZE);
	if (!s)
		return NULL;
	/* Blocks whose size is a power of 2 are aligned to that, up to a page. */
	if (align > PAGE_SIZE)
		align = PAGE_SIZE;
	*s = (struct rt_slab){
		.owner = h,
		.size = size,
		.class = class,
		.carved = (first + align - 1) & -align,
		.mapped = s->pages << PAGE_SHIFT,
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
		hl_memory_release();
	}
	return NULL;
}

bool rt_heap_release(struct rt_heap *h)
{
	if (h)
		rt_heap_trim(h);
	tidy(true);
	return rt_run_flush();
}

struct rt_heap *rt_heap_adopt(void)
{
	struct rt_heap *h, *page = NULL;

	rt_bare_lock(&heaps_lock);
	if (!abandoned && !unused) {
		hl_mutex_unlock(&heaps_lock); /* what is released for it may want it */
		page = rt_page_new();
		rt_bare_lock(&heaps_lock);
	}
	for (size_t i = 0; page && i < PAGE_SIZE / sizeof(*page); i++) {
		page[i].next = unused;
		unused = &page[i];
	}
	h = abandoned;
	if (h) {
		abandoned = h->next;
	} else if (unused) {
		h = unused;
		unused = h->next;
		h->older = rt_heaps;
		hl_store_release(&rt_heaps, h); /* pairs with the acquire in run.c */
	}
	hl_mutex_unlock(&heaps_lock);
	if (h && !h->current[0])
		rt_heap_init(h);
	return h;
}

void rt_heap_abandon(struct rt_heap *h)
{
	rt_run_abandon(h);
	rt_bare_lock(&heaps_lock);
	h->next = abandoned;
	abandoned = h;
	hl_mutex_unlock(&heaps_lock);
}

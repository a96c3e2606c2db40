/* SPDX-License-Identifier: MIT
 *
 * Runs that were freed and wait for their next use: to unmap is to make all harts forget, and
 * to map is to clear, which takes its time.
 *
 * Each executor has for itself the last few large ones it freed, in its heap, taken and put
 * without a lock: a word is only ever swapped, so who gets a run from there has it alone.
 * That is how somebody else, who finds no other before he would have to map, takes it.  The
 * rest is in the pool, under a lock, by kind.
 *
 * How much: what a program has used it is going to use again, so the pool may have KEEP
 * times as much as was in use at once lately, and KEEP_ANY.  What is beyond that goes to the
 * kernel, the oldest first; `lately` is the last WINDOW times that a run was put there, and as
 * many before.  KEEP is 2, since with blocks of all sizes a run of the right kind is rarely
 * the one that is free: with 1, some are always unmapped and mapped again.
 */
#include <stdatomic.h>

#include <hartleaf/atomic.h>
#include <hartleaf/layout.h>
#include <hartleaf/va.h>

#include "../va.h"
#include "run.h"

#define KEEP     2
#define KEEP_ANY 512 /* pages */
#define WINDOW   1024
#define ABOVE    3 /* kinds: less than twice the pages */
#define SLOTS(n) (((n) + SLOT_PAGES - 1) / SLOT_PAGES)
#define OWN_MOST 1025 /* pages, of one that an executor has for itself */

_Atomic uint64_t rt_run_mapped, rt_run_unmapped;

static struct hl_mutex lock; /* of all that follows */
static struct list {
	struct rt_slab *newest, *oldest;
} pool[RUN_KINDS];
static uint64_t kept;   /* pages in the pool */
static uint64_t puts;   /* ever */
static uint64_t most;   /* pages in use at once since the last multiple of WINDOW */
static uint64_t before; /* and in the window before */

unsigned rt_run_kind(uint64_t pages)
{
	uint64_t n = pages - 2; /* one is for the header */
	unsigned shift = n < 128 ? 0 : 5;

	if (pages <= 5)
		return 1;
	while (n >> shift > 7)
		shift++;
	return 4 * shift + (unsigned)(n >> shift) - 2;
}

uint64_t rt_run_pages(unsigned kind)
{
	return kind == RUN_SLAB ? SLOT_PAGES : ((4 + (kind - 1) % 4ul) << (kind - 1) / 4) + 1;
}

uint64_t rt_run_room(const struct rt_slab *r)
{
	return (r->va + r->slots * SLOT - (uint64_t)r) >> PAGE_SHIFT;
}

static void set_pages(struct rt_slab *r, uint64_t pages)
{
	r->pages = pages;
	r->kind = rt_run_kind(pages);
	if (rt_run_pages(r->kind) > rt_run_room(r))
		r->kind--; /* of which it has more than it needs */
}

static void count(_Atomic uint64_t *counter, uint64_t pages)
{
	atomic_fetch_add_explicit(counter, pages, memory_order_relaxed);
}

bool rt_run_grow(struct rt_slab *r, uint64_t pages)
{
	uint64_t more = pages - r->pages;

	if (rt_map_new((uint64_t)r + (r->pages << PAGE_SHIFT), more, MAP_R | MAP_W) < 0)
		return false;
	count(&rt_run_mapped, more);
	set_pages(r, pages);
	return true;
}

void rt_run_shrink(struct rt_slab *r, uint64_t pages)
{
	rt_unmap((uint64_t)r + (pages << PAGE_SHIFT), r->pages - pages);
	count(&rt_run_unmapped, r->pages - pages);
	set_pages(r, pages);
}

struct rt_slab *rt_run_new(unsigned kind, uint64_t pages, uint64_t align)
{
	uint64_t slots = SLOTS(rt_run_pages(kind)) + (align > SLOT ? align / SLOT : 0);
	uint64_t va = rt_va_alloc(RT_VA_HEAP, slots * SLOT_PAGES), base = va;
	struct rt_slab *r;

	if (!va)
		return NULL;
	if (align > SLOT)
		base = ((va + SLOT + align - 1) & -align) - SLOT;
	if (rt_map_new(base, pages, MAP_R | MAP_W) < 0) {
		rt_va_free(va, slots * SLOT_PAGES);
		return NULL;
	}
	count(&rt_run_mapped, pages);
	r = (struct rt_slab *)base;
	r->va = va;
	r->slots = slots;
	r->pages = pages;
	r->kind = kind;
	r->fresh = true;
	return r;
}

struct rt_slab *rt_run_move(struct rt_slab *r, uint64_t pages)
{
	const uint64_t rights = MAP_R | MAP_W, base = (uint64_t)r, have = r->pages;
	const uint64_t old_va = r->va, old_slots = r->slots;
	uint64_t slots = SLOTS(rt_run_pages(rt_run_kind(pages + pages / 2)));
	uint64_t to = rt_va_alloc(RT_VA_HEAP, slots * SLOT_PAGES), rest = to + (have << PAGE_SHIFT);

	if (!to)
		return NULL;
	if (rt_map_new(rest, pages - have, rights) < 0) {
		rt_va_free(to, slots * SLOT_PAGES);
		return NULL;
	}
	if (hl_map(HL_SELF, to, base, have, MAP_MOVE | MAP_MEMORY | rights, HL_SELF) < 0) {
		/* a table was missing; what went there comes back, its table is there */
		for (uint64_t i = 0; i < have; i++)
			sys_map_move(HL_SELF, base + (i << PAGE_SHIFT), to + (i << PAGE_SHIFT), 1,
				     MAP_MEMORY | rights);
		rt_unmap(rest, pages - have);
		rt_va_free(to, slots * SLOT_PAGES);
		return NULL;
	}
	rt_va_free(old_va, old_slots * SLOT_PAGES);
	count(&rt_run_mapped, pages - have);
	r = (struct rt_slab *)to;
	r->va = to;
	r->slots = slots;
	set_pages(r, pages);
	return r;
}

/* Linked by `older`. */
static __attribute__((noinline)) void unmap_all(struct rt_slab *r)
{
	for (struct rt_slab *older; r; r = older) {
		uint64_t va = r->va, slots = r->slots, pages = r->pages;

		older = r->older;
		rt_unmap((uint64_t)r, pages);
		count(&rt_run_unmapped, pages);
		rt_va_free(va, slots * SLOT_PAGES);
	}
}

static void list_remove(struct rt_slab *r)
{
	struct list *l = &pool[r->kind];

	*(r->newer ? &r->newer->older : &l->newest) = r->older;
	*(r->older ? &r->older->newer : &l->oldest) = r->newer;
	kept -= r->pages;
}

static void list_put(struct rt_slab *r)
{
	struct list *l = &pool[r->kind];

	r->older = l->newest;
	r->newer = NULL;
	*(l->newest ? &l->newest->newer : &l->oldest) = r;
	l->newest = r;
	r->stamp = puts;
	kept += r->pages;
}

static struct rt_slab *oldest(void)
{
	struct rt_slab *r = NULL;

	for (unsigned kind = 0; kind < RUN_KINDS; kind++) {
		struct rt_slab *o = pool[kind].oldest;

		if (o && (!r || o->stamp < r->stamp))
			r = o;
	}
	return r;
}

/* Takes note of how much is in use, and says how much may be kept. */
static uint64_t limit(void)
{
	uint64_t unmapped = atomic_load_explicit(&rt_run_unmapped, memory_order_relaxed);
	uint64_t used =
		atomic_load_explicit(&rt_run_mapped, memory_order_relaxed) - unmapped - kept;

	if (puts++ % WINDOW == 0) {
		before = most;
		most = 0;
	}
	most = used > most ? used : most;
	return KEEP * (most > before ? most : before) + KEEP_ANY;
}

static void pool_put(struct rt_slab *r)
{
	struct rt_slab *out = NULL;
	uint64_t may;

	rt_bare_lock(&lock);
	may = limit();
	list_put(r);
	while (kept > may) {
		r = oldest();
		list_remove(r);
		r->older = out;
		out = r;
	}
	hl_mutex_unlock(&lock);
	if (out)
		unmap_all(out);
}

static bool fits(const struct rt_slab *r, unsigned kind, unsigned top, uint64_t align)
{
	return r->kind >= kind && r->kind <= top && (((uint64_t)r + SLOT) & (align - 1)) == 0;
}

static struct rt_slab *pool_take(unsigned kind, unsigned top, uint64_t align)
{
	struct rt_slab *r = NULL;

	rt_bare_lock(&lock);
	for (unsigned k = kind; !r && k <= top; k++) {
		r = pool[k].newest;
		while (r && !fits(r, kind, top, align))
			r = r->older;
	}
	if (r)
		list_remove(r);
	hl_mutex_unlock(&lock);
	return r;
}

/* What of h's own is said to be of these kinds; by h's executor, or another that finds no other. */
static struct rt_slab *own_take(struct rt_heap *h, unsigned kind, unsigned top, uint64_t align)
{
	for (unsigned i = 0; i < RUN_OWN; i++) {
		unsigned said = hl_load_relaxed(&h->own_kind[i]);
		struct rt_slab *r;

		if (said < kind || said > top)
			continue;
		/* acquire: pairs with the release of who put it there */
		r = atomic_exchange_explicit(&h->own[i], NULL, memory_order_acquire);
		if (!r)
			continue; /* was taken, and the kind says nothing */
		if (fits(r, kind, top, align))
			return r;
		pool_put(r);
	}
	return NULL;
}

struct rt_slab *rt_run_take(struct rt_heap *h, unsigned kind, uint64_t align)
{
	unsigned top = kind == RUN_SLAB ? kind : kind + ABOVE;
	struct rt_slab *r = h ? own_take(h, kind, kind, align) : NULL;

	if (top >= RUN_KINDS)
		top = RUN_KINDS - 1;
	if (!r)
		r = pool_take(kind, top, align);
	if (!r && kind != RUN_SLAB)
		/* acquire: pairs with the release in rt_heap_adopt */
		for (h = hl_load_acquire(&rt_heaps); h && !r; h = h->older)
			r = own_take(h, kind, top, align);
	return r;
}

void rt_run_put(struct rt_heap *h, struct rt_slab *r)
{
	if (h && r->kind != RUN_SLAB && r->pages <= OWN_MOST) {
		unsigned i = h->own_next++ % RUN_OWN;

		/* before, as a hint; who takes the run looks at what it is */
		hl_store_relaxed(&h->own_kind[i], r->kind);
		/* release: pairs with the acquire in own_take, here and by others */
		r = atomic_exchange_explicit(&h->own[i], r, memory_order_acq_rel);
	}
	if (r)
		pool_put(r);
}

void rt_run_abandon(struct rt_heap *h)
{
	for (unsigned i = 0; i < RUN_OWN; i++) {
		struct rt_slab *r = NULL;

		if (hl_load_relaxed(&h->own[i]))
			r = atomic_exchange_explicit(&h->own[i], NULL, memory_order_acquire);
		if (r)
			pool_put(r);
	}
}

bool rt_run_flush(void)
{
	struct rt_slab *r, *out = NULL;

	for (struct rt_heap *h = hl_load_acquire(&rt_heaps); h; h = h->older)
		rt_run_abandon(h);
	rt_bare_lock(&lock);
	while ((r = oldest())) {
		list_remove(r);
		r->older = out;
		out = r;
	}
	/* a program that was out of memory is to begin anew */
	most = before = 0;
	hl_mutex_unlock(&lock);
	unmap_all(out);
	return out;
}

/* SPDX-License-Identifier: MIT
 *
 * mmap, munmap and mprotect against a model: random sequences of all that POSIX allows, holes
 * unmapped, twice, in parts, MAP_FIXED over what is mapped and what is not, mmap that fails.
 * After each nothing is lost and nothing has changed that was not named.
 *
 * Several executors do it at once.  Each works in a *patch* of addresses that the model knows
 * page by page; those are the only ones it unmaps or fixes, as nobody can know what
 * lies at others.  Beside it each maps and unmaps elsewhere, makes threads and has blocks
 * of the heap, all marked, which must never overlap anything or change.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <hartleaf/exec.h>
#include <hartleaf/va.h>

#include "../check.h"
#include "maps.h"

#define PATCH   64 /* pages */
#define OTHERS  24 /* mappings elsewhere */
#define WORKERS 4

/* Of a page: free, reserved without memory, or what its first word holds. */
#define UNMAPPED 0
#define RESERVED 1
#define MARKS    2

struct other {
	char *at;
	size_t pages;
	uint64_t mark;
};

struct world {
	char *patch;
	uint64_t page[PATCH];
	struct other other[OTHERS];
	uint64_t state, marks;
	void *block;
};

static uint64_t below(struct world *w, uint64_t n)
{
	w->state = w->state * 6364136223846793005 + 1442695040888963407;
	return (w->state >> 33) % n;
}

static char *at(const struct world *w, uint64_t page)
{
	return w->patch + page * PAGE_SIZE;
}

/* On several harts each unmap waits for all of them. */
static int steps(int on_one)
{
	unsigned harts = hl_info()->harts;

	return on_one / (int)(harts * harts);
}

static uint64_t *word(char *page)
{
	return (uint64_t *)page;
}

static bool overlaps(const char *a, size_t a_pages, const char *b, size_t b_pages)
{
	return a < b + b_pages * PAGE_SIZE && b < a + a_pages * PAGE_SIZE;
}

/* All that the model has is as it says. */
static void look(struct world *w)
{
	for (uint64_t i = 0; i < PATCH; i++)
		CHECK(w->page[i] < MARKS || *word(at(w, i)) == w->page[i]);
	for (int i = 0; i < OTHERS; i++)
		for (size_t k = 0; w->other[i].at && k < w->other[i].pages; k++)
			CHECK(*word(w->other[i].at + k * PAGE_SIZE) == w->other[i].mark + k);
}

/* Fresh at p: zero, not where anything is, and marked from now on. */
static void note_other(struct world *w, struct other *o, char *p, size_t pages)
{
	CHECK((uint64_t)p % PAGE_SIZE == 0);
	for (int i = 0; i < OTHERS; i++)
		CHECK(!w->other[i].at || !overlaps(p, pages, w->other[i].at, w->other[i].pages));
	for (uint64_t i = 0; i < PATCH; i++)
		CHECK(w->page[i] == UNMAPPED || !overlaps(p, pages, at(w, i), 1));
	*o = (struct other){p, pages, w->marks};
	for (size_t k = 0; k < pages; k++) {
		CHECK(*word(p + k * PAGE_SIZE) == 0);
		*word(p + k * PAGE_SIZE) = w->marks++;
	}
}

/* The patch, once more: nothing of it is mapped, and others may have got some of it. */
static void patch_new(struct world *w)
{
	w->patch = mmap(NULL, PATCH * PAGE_SIZE, PROT_NONE, ANON, -1, 0);
	CHECK(w->patch != MAP_FAILED);
	for (int i = 0; i < OTHERS; i++)
		CHECK(!w->other[i].at ||
		      !overlaps(w->patch, PATCH, w->other[i].at, w->other[i].pages));
	for (uint64_t i = 0; i < PATCH; i++)
		w->page[i] = RESERVED;
}

static void map_other(struct world *w)
{
	struct other *o = &w->other[below(w, OTHERS)];
	size_t pages = 1 + below(w, below(w, 8) ? 6 : 40);
	char *p;

	if (o->at) {
		CHECK(munmap(o->at, o->pages * PAGE_SIZE) == 0);
		o->at = NULL;
	} else {
		p = mmap(NULL, pages * PAGE_SIZE, RW, ANON, -1, 0);
		CHECK(p != MAP_FAILED);
		note_other(w, o, p, pages);
	}
}

static void map_fixed(struct world *w, uint64_t first, uint64_t pages)
{
	int prot = below(w, 4) ? RW : PROT_NONE;
	char *p = mmap(at(w, first), pages * PAGE_SIZE, prot, ANON | MAP_FIXED, -1, 0);

	CHECK(p == at(w, first));
	for (uint64_t i = first; i < first + pages; i++) {
		w->page[i] = prot == RW ? w->marks++ : RESERVED;
		if (prot == RW) {
			CHECK(*word(at(w, i)) == 0);
			*word(at(w, i)) = w->page[i];
		}
	}
}

static void unmap(struct world *w, uint64_t first, uint64_t pages)
{
	CHECK(munmap(at(w, first), pages * PAGE_SIZE) == 0);
	for (uint64_t i = first; i < first + pages; i++)
		w->page[i] = UNMAPPED;
}

/* Of reserved pages makes memory, of others nothing else; where nothing is: ENOMEM. */
static void protect(struct world *w, uint64_t first, uint64_t pages)
{
	bool whole = true;

	for (uint64_t i = first; i < first + pages; i++)
		whole &= w->page[i] != UNMAPPED;
	errno = 0;
	if (!whole) {
		CHECK(mprotect(at(w, first), pages * PAGE_SIZE, RW) == -1 && errno == ENOMEM);
		return;
	}
	CHECK(mprotect(at(w, first), pages * PAGE_SIZE, RW) == 0);
	for (uint64_t i = first; i < first + pages; i++)
		if (w->page[i] == RESERVED)
			*word(at(w, i)) = w->page[i] = w->marks++;
}

static void *ends(void *arg)
{
	return arg;
}

static void elsewhere(struct world *w)
{
	pthread_attr_t attr;
	pthread_t t;
	void *value;

	pthread_attr_init(&attr);
	CHECK(pthread_attr_setstacksize(&attr, (4 + below(w, 8)) * PAGE_SIZE) == 0);
	CHECK(pthread_create(&t, &attr, ends, w) == 0 && pthread_join(t, &value) == 0 &&
	      value == w);
	free(w->block);
	w->block = malloc(1 + below(w, 100000));
	CHECK(w->block);
	*(char *)w->block = 1;
	CHECK(mmap(NULL, 1ul << 37, RW, ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
}

/* Nobody else maps anything while this one has unmapped pages in its patch, if `alone` isn't
 * so: they would be given to others, and then not its own to name. */
static void step(struct world *w, bool alone)
{
	uint64_t first = below(w, PATCH), pages = 1 + below(w, PATCH - first);

	if (below(w, 3))
		pages = 1 + pages / 8;
	switch (below(w, 16)) {
	case 0 ... 3:
		map_fixed(w, first, pages);
		break;
	case 4 ... 6:
		if (alone)
			unmap(w, first, pages);
		else
			map_fixed(w, first, pages);
		break;
	case 7:
		protect(w, first, pages);
		break;
	case 8:
		elsewhere(w);
		break;
	default:
		map_other(w);
		break;
	}
}

/* What of the patch has been unmapped belongs to whoever comes, so also to this one's other
 * mappings: out of the way with these, and all at its place again. */
static void mend(struct world *w)
{
	for (int i = 0; i < OTHERS; i++)
		if (w->other[i].at &&
		    overlaps(w->other[i].at, w->other[i].pages, w->patch, PATCH)) {
			CHECK(munmap(w->other[i].at, w->other[i].pages * PAGE_SIZE) == 0);
			w->other[i].at = NULL;
		}
}

static void over(struct world *w)
{
	free(w->block);
	for (int i = 0; i < OTHERS; i++)
		if (w->other[i].at)
			CHECK(munmap(w->other[i].at, w->other[i].pages * PAGE_SIZE) == 0);
	CHECK(munmap(w->patch, PATCH * PAGE_SIZE) == 0);
}

/* By one executor: any pages of the patch may be free, but before it names them again, nothing
 * else is there. */
static void by_one(void)
{
	static struct world w = {.state = 1, .marks = MARKS};

	patch_new(&w);
	for (int i = 0; i < steps(600); i++) {
		mend(&w);
		step(&w, true);
		look(&w);
	}
	over(&w);
}

static long by_many(void *arg)
{
	struct world *w = calloc(1, sizeof(*w));
	uint64_t me = (uint64_t)arg;

	CHECK(w);
	w->state = me + 7;
	w->marks = MARKS + (me + 1) * 1000000000;
	patch_new(w);
	for (int i = 0; i < steps(600); i++) {
		step(w, false);
		look(w);
	}
	over(w);
	free(w);
	return 0;
}

/* Everything of it unmapped by one while others map: the holes that were there are theirs. */
static _Atomic bool stop;

static long maps(void *arg)
{
	uint64_t n = 0;

	(void)arg;
	while (!stop) {
		char *p = mmap(NULL, 3 * PAGE_SIZE, RW, ANON, -1, 0);

		CHECK(p != MAP_FAILED);
		for (int k = 0; k < 3; k++) {
			CHECK(*word(p + k * PAGE_SIZE) == 0);
			*word(p + k * PAGE_SIZE) = ++n;
		}
		sys_yield();
		for (int k = 0; k < 3; k++)
			CHECK(*word(p + k * PAGE_SIZE) == n - 2 + k);
		CHECK(munmap(p, 3 * PAGE_SIZE) == 0);
	}
	return 0;
}

static void crowd(long (*fn)(void *), void (*meanwhile)(void))
{
	struct hl_exec *e[WORKERS];

	for (uint64_t i = 0; i < WORKERS; i++)
		CHECK(hl_exec_spawn(&e[i], fn, (void *)i) == 0);
	if (meanwhile)
		meanwhile();
	for (int i = 0; i < WORKERS; i++)
		CHECK(hl_exec_join(e[i], NULL) == 0);
}

/* Fixed again and again over the whole, with pieces made and unmapped between. */
static void whole_again(void)
{
	for (int i = 0; i < steps(200); i++) {
		char *p = mmap(NULL, 32 * PAGE_SIZE, RW, ANON, -1, 0);

		CHECK(p != MAP_FAILED);
		CHECK(mmap(p, 32 * PAGE_SIZE, PROT_NONE, ANON | MAP_FIXED, -1, 0) == p);
		CHECK(mmap(p + PAGE_SIZE, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0) == p + PAGE_SIZE);
		for (int k = 31; k >= 0; k--)
			CHECK(munmap(p + k * PAGE_SIZE, PAGE_SIZE) == 0);
	}
	stop = true;
}

static uint64_t free_pages(void)
{
	return *(const volatile uint64_t *)&hl_info()->free_pages;
}

int main(void)
{
	uint64_t before;

	maps_refused();
	by_one();
	crowd(by_many, NULL);
	hl_memory_release();
	before = free_pages();
	stop = false;
	crowd(maps, whole_again);
	crowd(by_many, NULL);
	hl_memory_release();
	/* nothing of what was mapped has stayed; a hart may keep some for its next call */
	CHECK(free_pages() + 100 > before);
	maps_without_memory();
	return 0;
}

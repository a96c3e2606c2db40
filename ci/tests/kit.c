/* SPDX-License-Identifier: MIT
 *
 * See kit.h.  The pool's executors are made once and used again: an executor
 * page stays with its VAS, so making new ones here for each case would look
 * like a leak.  Cases that need fresh executors make a space for them.
 */
#include "kit.h"

#include <stdio.h>

#define EXTRA      24 /* workers of spaces, in one case */
#define STACK_SIZE 4096
/* One last-level table maps this much. */
#define TABLE_SPAN 0x200000

extern char _start[], _end[]; /* the first page's start; the end */

struct worker pool[POOL];
static struct worker extra[EXTRA];
static struct worker *const extra_end = extra + EXTRA;
static struct worker *extra_next = extra;
static char stacks[POOL + EXTRA][STACK_SIZE] __attribute__((aligned(16)));
static uint64_t slots_used;

/* --- scratch ------------------------------------------------------------- */

uint64_t slot(void)
{
	CHECK(slots_used < CAPS_PAGES);
	return CAPS + slots_used++ * PAGE_SIZE;
}

bool frames_settle(uint64_t want)
{
	uint64_t since = test_time();

	/* Reclaiming goes on in idle harts and in calls of stop. */
	while (INFO->free_pages != want) {
		if (test_time() - since > 10 * INFO->timebase)
			return false;
		stop(pool[0].handle, 0);
		yield();
	}
	return true;
}

/* --- workers ------------------------------------------------------------- */

const volatile struct executor *executor_of(uint64_t va)
{
	return (const volatile struct executor *)(va + *word(va + EX_PAGE_COLOUR));
}

void worker_init(struct worker *w, uint64_t handle, uint64_t view_va, char *stack_top)
{
	w->handle = handle;
	CHECK_EQ(view(view_va, handle), 1);
	w->view = executor_of(view_va);
	w->entry = (struct entry_frame *)(stack_top - ENTRY_SIZE);
}

struct worker *try_worker_new(uint64_t vas)
{
	struct worker *w = extra_next;
	uint64_t handle = slot();
	int64_t r = executor_new(vas, handle, MAP_RIGHTS);

	CHECK(w < extra_end);
	if (r == -HL_ENOMEM) {
		slots_used--;
		return NULL;
	}
	CHECK_EQ(r, 1);
	extra_next++;
	worker_init(w, handle, slot(), stacks[POOL + (w - extra) + 1]);
	return w;
}

struct worker *worker_new(uint64_t vas)
{
	struct worker *w = try_worker_new(vas);

	CHECK(w != NULL);
	return w;
}

uint64_t worker_stack(struct worker *w, work *fn)
{
	w->entry->work = fn;
	w->entry->tp = w;
	return (uint64_t)w->entry;
}

void run_with(struct worker *w, work *fn, uint64_t arg, uint64_t flags)
{
	CHECK_EQ(CALL(CALL_START, w->handle, (uint64_t)entry_work, worker_stack(w, fn), arg, 0,
		      flags),
		 0);
}

int64_t try_run(struct worker *w, work *fn, uint64_t arg)
{
	return start(w->handle, (uint64_t)entry_work, worker_stack(w, fn), arg);
}

void run(struct worker *w, work *fn, uint64_t arg)
{
	CHECK_EQ(try_run(w, fn, arg), 0);
}

void run_kept(struct worker *w, work *fn, uint64_t arg, uint64_t keeper, uint64_t badge)
{
	CHECK_EQ(start_kept(w->handle, (uint64_t)entry_work, worker_stack(w, fn), arg, keeper,
			    badge),
		 0);
}

void run_on_hart(struct worker *w, work *fn, uint64_t arg, uint64_t hart)
{
	CHECK_EQ(CALL(CALL_START, w->handle, (uint64_t)entry_work, worker_stack(w, fn), arg, 0,
		      START_SET_AFFINITY | hart << START_HART_SHIFT),
		 0);
}

uint64_t join(struct worker *w)
{
	AWAIT(life(w) == EX_STOPPED);
	return (uint64_t)w->view->exit;
}

void halt(struct worker *w)
{
	AWAIT(stop(w->handle, 0) == 0);
	CHECK_EQ(life(w), EX_STOPPED);
}

uint64_t place[INFO_HARTS_LIMIT];

void find_places(void)
{
	for (unsigned h = 0; h < harts() && !place[h]; h++) {
		run_with(&pool[0], work_nothing, 0, ON_HART(h));
		join(&pool[0]);
		place[h] = (uint64_t)pool[0].view->hart;
	}
}

/* The runner goes on when it has ended: it is woken before that. */
static volatile struct {
	work *work;
	bool over;
} quiet;

static uint64_t work_quietly(uint64_t arg)
{
	uint64_t result = quiet.work(arg);

	quiet.over = true;
	wake(BOOT_SELF_VA);
	return result;
}

uint64_t quietly(work *fn, uint64_t arg, unsigned hart)
{
	struct worker *w = &pool[POOL - 1];

	quiet.work = fn;
	quiet.over = false;
	run_with(w, work_quietly, arg, ON_HART(hart));
	while (!quiet.over)
		CHECK_EQ(park_until(test_time() + PATIENCE * INFO->timebase), 0);
	return join(w);
}

uint64_t work_nothing(uint64_t arg)
{
	return arg;
}

uint64_t work_park(uint64_t arg)
{
	(void)arg;
	return park().a1;
}

uint64_t work_park_forever(uint64_t arg)
{
	for (;;)
		park();
	return arg;
}

uint64_t work_yield_forever(uint64_t arg)
{
	for (;;)
		yield();
	return arg;
}

uint64_t work_spin(uint64_t arg)
{
	for (;;)
		__asm__ volatile("");
	return arg;
}

uint64_t work_fault(uint64_t arg)
{
	return *word(arg);
}

static struct {
	uint64_t number;
	uint64_t a[7];
	int64_t a0;
} request;

static uint64_t work_call(uint64_t arg)
{
	request.a0 = call_a0(request.number, request.a);
	return arg;
}

int64_t call_in(struct worker *w, uint64_t number, const uint64_t *a)
{
	request.number = number;
	for (int i = 0; i < 7; i++)
		request.a[i] = a[i];
	run(w, work_call, 0);
	CHECK_EQ(join(w), 0);
	return request.a0;
}

/* --- spaces -------------------------------------------------------------- */

void space_fill(uint64_t vas)
{
	static const uint64_t rights[] = {RX, RW, MAP_R};
	uint64_t va = (uint64_t)_start & -PAGE_SIZE;
	uint64_t end = (uint64_t)_end;

	/* Text, rodata, data: each takes one of these to its end. */
	while (va < end) {
		int64_t done = -HL_EPERM;

		for (int i = 0; i < 3 && done == -HL_EPERM; i++) {
			uint64_t count = (end - va + PAGE_SIZE - 1) >> PAGE_SHIFT;

			if (rights[i] == MAP_R)
				count = 1; /* data follows, which can be had so, too */
			if (count > MAP_COUNT_MAX)
				count = MAP_COUNT_MAX;
			done = share(vas, va, va, count, rights[i]);
		}
		if (done == -HL_EFAULT)
			done = 1; /* a gap between segments */
		CHECK(done > 0);
		va += (uint64_t)done * PAGE_SIZE;
	}
}

uint64_t space_new(uint64_t budget)
{
	uint64_t vas = slot();

	CHECK_EQ(vas_new(vas, budget), 1);
	space_fill(vas);
	return vas;
}

void vas_stop(uint64_t vas)
{
	AWAIT(stop(vas, 0) == 0);
}

/* --- probes -------------------------------------------------------------- */

static struct probe probe(struct worker *w, void (*pc)(void), uint64_t sp, uint64_t va)
{
	struct probe p = {NO_FAULT, 0, 0};

	CHECK_EQ(start(w->handle, (uint64_t)pc, sp, va), 0);
	AWAIT(life(w) == EX_STOPPED || life(w) == EX_FAULTED);
	if (life(w) == EX_FAULTED) {
		p.cause = w->view->scause;
		p.addr = w->view->stval;
		CHECK_EQ(stop(w->handle, 0), 0);
	} else {
		p.value = (uint64_t)w->view->exit;
	}
	return p;
}

struct probe probe_load(struct worker *w, uint64_t va)
{
	return probe(w, entry_load, 0, va);
}

struct probe probe_store(struct worker *w, uint64_t va, uint64_t value)
{
	return probe(w, entry_store, value, va);
}

struct probe probe_fetch(struct worker *w, uint64_t va)
{
	return probe(w, entry_fetch, 0, va);
}

/* Whatever else may be wrong with the address (a device may refuse the access,
 * zeroes are no code), the right is there if it isn't a page fault. */
static bool may(struct probe p, uint64_t fault, uint64_t va)
{
	if (p.cause == fault)
		CHECK_EQ(p.addr & -PAGE_SIZE, va);
	return p.cause != fault;
}

unsigned probe_rights(struct worker *w, uint64_t va)
{
	uint64_t last = va + PAGE_SIZE - sizeof(uint64_t);
	unsigned rights = 0;

	if (may(probe_load(w, last), LOAD_FAULT, va))
		rights |= MAP_R;
	if (may(probe_store(w, last, va), STORE_FAULT, va))
		rights |= MAP_W;
	if (may(probe_fetch(w, va), FETCH_FAULT, va))
		rights |= MAP_X;
	return rights;
}

/* --- the runner's -------------------------------------------------------- */

/* Of the first VAS, and they stay with it: the tables, with the one above them all. */
#define TABLES ((ARENA_PAGES + CAPS_PAGES) * PAGE_SIZE / TABLE_SPAN + 1 + 1)

/* Make the last-level table for va: tables stay as long as their VAS. */
static void table_make(uint64_t va)
{
	CHECK_EQ(map_new(0, va, 1, MAP_R), 1);
	CHECK_EQ(unmap(0, va, 1), 1);
}

void kit_init(void)
{
	for (uint64_t va = ARENA; va < page(ARENA_PAGES); va += TABLE_SPAN)
		table_make(va);
	for (uint64_t va = CAPS; va < CAPS + CAPS_PAGES * PAGE_SIZE; va += TABLE_SPAN)
		table_make(va);
	table_make(POOL_CAPS);
	for (uint64_t i = 0; i < POOL; i++) {
		uint64_t handle = POOL_CAPS + i * PAGE_SIZE;

		CHECK_EQ(executor_new(0, handle, MAP_RIGHTS), 1);
		worker_init(&pool[i], handle, handle + POOL * PAGE_SIZE, stacks[i + 1]);
	}
}

uint64_t kit_end(void)
{
	for (unsigned i = 0; i < POOL; i++)
		halt(&pool[i]);
	CHECK_EQ(unmap(0, POOL_CAPS, 2UL * POOL), 2 * POOL);
	return TABLES;
}

static void report(const struct worker *w, const char *whose, unsigned i)
{
	if (w->view && w->view->state != EX_STOPPED)
		printf("  %s %u: state 0x%lx, pc 0x%lx; last fault %lu at 0x%lx\n", whose, i,
		       w->view->state, w->view->pc, w->view->scause, w->view->stval);
}

void kit_report(void)
{
	for (unsigned i = 0; i < POOL; i++)
		report(&pool[i], "pool", i);
	for (unsigned i = 0; extra + i < extra_next; i++)
		report(&extra[i], "worker", i);
}

static bool is_stopped(int64_t result)
{
	return result != 1 && result != -HL_EAGAIN;
}

void kit_reset(void)
{
	/* All are asked before any is waited for: they may be many. */
	for (int i = 0; i < POOL; i++)
		stop(pool[i].handle, 0);
	for (uint64_t i = 0; i < slots_used; i++)
		stop(CAPS + i * PAGE_SIZE, 0);
	for (int i = 0; i < POOL; i++)
		AWAIT(stop(pool[i].handle, 0) == 0);
	for (uint64_t i = 0; i < slots_used; i++)
		AWAIT(is_stopped(stop(CAPS + i * PAGE_SIZE, 0)));
	for (int i = 0; i < POOL; i++) {
		if (pool[i].view->affinity == EX_HART_ANY)
			continue;
		run_with(&pool[i], work_nothing, 0, ON_HART(START_HART_ANY));
		join(&pool[i]);
	}
	for (uint64_t va = ARENA; va < page(ARENA_PAGES); va += TABLE_SPAN)
		CHECK_EQ(unmap(0, va, MAP_COUNT_MAX), MAP_COUNT_MAX);
	for (uint64_t va = CAPS; va < CAPS + CAPS_PAGES * PAGE_SIZE; va += TABLE_SPAN)
		CHECK_EQ(unmap(0, va, MAP_COUNT_MAX), MAP_COUNT_MAX);
	CHECK_EQ(large_unmap(0, LARGE_AREA, LARGE_MAX), LARGE_MAX);
	CHECK_EQ(unmap(0, 0, 1), 1);
	slots_used = 0;
	extra_next = extra;
}

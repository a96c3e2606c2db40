/* SPDX-License-Identifier: MIT
 *
 * A run: workers are made, the first fiber is put before them, and when the last fiber
 * has ended all goes.
 */
#include <hartleaf/exec.h>
#include <hartleaf/va.h>

#include "../va.h"
#include "worker.h"

struct rt_fibers rt_fibers;
_Thread_local struct rt_worker *rt_fiber_worker;

static _Atomic uint64_t running;

static long work(void *arg)
{
	struct rt_worker *w = arg;

	rt_fiber_worker = w;
	while ((w->current = rt_fiber_find(w)))
		rt_fiber_landed(hl_context_switch(&w->context, &w->current->context, w));
	return 0;
}

static size_t worker_pages(void)
{
	return (rt_fibers.workers * sizeof(struct rt_worker) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* All have ended, or have never run. */
static void workers_drop(void)
{
	for (unsigned i = 0; i < rt_fibers.workers; i++)
		if (rt_fibers.worker[i].exec)
			hl_exec_join(rt_fibers.worker[i].exec, NULL);
	rt_fiber_stack_drop_all();
	hl_map(HL_SELF, (uint64_t)rt_fibers.worker, 0, worker_pages(), MAP_UNMAP, HL_SELF);
	hl_va_free((uint64_t)rt_fibers.worker, worker_pages());
}

static int workers_make(void)
{
	const unsigned harts = hl_info()->harts;
	uint64_t va = hl_va_alloc(worker_pages());

	if (!va)
		return -HL_ENOMEM;
	rt_fibers.worker = (struct rt_worker *)va;
	if (rt_map_new(va, worker_pages(), MAP_R | MAP_W) < 0) {
		hl_va_free(va, worker_pages());
		return -HL_ENOMEM;
	}
	for (unsigned i = 0; i < rt_fibers.workers; i++) {
		struct hl_exec_attr attr = {.flags = HL_EXEC_BOUND, .hart = i % harts};
		struct rt_worker *w = &rt_fibers.worker[i];

		w->id = i;
		w->victim = i;
		w->turn = RT_TURN;
		w->limit = RT_RING;
		if (hl_exec_create(&w->exec, work, w, &attr) < 0) {
			w->exec = NULL;
			workers_drop();
			return -HL_ENOMEM;
		}
		w->handle = hl_exec_handle(w->exec);
	}
	return 0;
}

static int run(long (*fn)(void *), void *arg, long *code)
{
	struct hl_fiber *first;
	int result = workers_make(), failed = 0;

	if (result < 0)
		return result;
	first = rt_fiber_make(NULL, fn, arg);
	if (!first) {
		workers_drop();
		return -HL_ENOMEM;
	}
	rt_fiber_ready(&rt_fibers.worker[0], first);
	for (unsigned i = 0; i < rt_fibers.workers; i++)
		if (hl_exec_start(rt_fibers.worker[i].exec) < 0)
			failed++;
	/* those that run do it without the others */
	for (unsigned i = 0; i < rt_fibers.workers; i++) {
		hl_exec_join(rt_fibers.worker[i].exec, NULL);
		rt_fibers.worker[i].exec = NULL;
	}
	if (code)
		*code = first->code;
	rt_fiber_stack_put(&rt_fibers.worker[0], first);
	result = failed < (int)rt_fibers.workers ? 0 : -HL_ENOMEM;
	workers_drop();
	return result;
}

int hl_fiber_run(long (*fn)(void *), void *arg, const struct hl_fiber_attr *attr, long *code)
{
	static const struct hl_fiber_attr plain;
	int result;

	if (!attr)
		attr = &plain;
	if (!fn || rt_worker_self() || attr->workers > HL_FIBER_WORKERS_MAX ||
	    attr->stack_pages > 500)
		return -HL_EINVAL;
	/* acquire, and release below: from one run to the next */
	if (atomic_exchange_explicit(&running, 1, memory_order_acquire))
		return -HL_EBUSY;
	rt_fibers = (struct rt_fibers){
		.live = 1,
		.earliest = HL_NEVER,
		.workers = attr->workers ? attr->workers : hl_info()->harts,
		.stack_pages = attr->stack_pages ? attr->stack_pages : HL_FIBER_STACK_PAGES,
	};
	if (rt_fibers.workers > HL_FIBER_WORKERS_MAX)
		rt_fibers.workers = HL_FIBER_WORKERS_MAX;
	result = run(fn, arg, code);
	atomic_store_explicit(&running, 0, memory_order_release);
	return result;
}

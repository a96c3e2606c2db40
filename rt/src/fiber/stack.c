/* SPDX-License-Identifier: MIT
 *
 * Stacks: a page that can't be touched, then the stack, at its top the fiber itself.
 * All have the same size during a run.  Each worker keeps some of those of fibers that
 * have ended; what is more goes to a list for all, and back to the system with the run.
 */
#include <hartleaf/va.h>

#include "../va.h"
#include "worker.h"

#define KEPT 64 /* by each worker; half of them move at once */
#define SELF ((sizeof(struct hl_fiber) + 15) & -16ul)

static struct hl_mutex lock;
static struct hl_fiber *unused;

static void push(struct hl_fiber **list, struct hl_fiber *f)
{
	f->next = *list;
	*list = f;
}

static struct hl_fiber *pop(struct hl_fiber **list)
{
	struct hl_fiber *f = *list;

	if (f)
		*list = f->next;
	return f;
}

static uint64_t bytes(void)
{
	return (rt_fibers.stack_pages + 1) << PAGE_SHIFT;
}

static struct hl_fiber *stack_new(void)
{
	uint64_t va = hl_va_alloc(rt_fibers.stack_pages + 1);

	if (!va)
		return NULL;
	if (rt_map_new(va + PAGE_SIZE, rt_fibers.stack_pages, MAP_R | MAP_W) < 0) {
		hl_va_free(va, rt_fibers.stack_pages + 1);
		return NULL;
	}
	return (struct hl_fiber *)(va + bytes() - SELF);
}

struct hl_fiber *rt_fiber_stack_get(struct rt_worker *w)
{
	struct hl_fiber *f;

	if (!w)
		return stack_new();
	f = pop(&w->unused);
	if (f) {
		w->unused_count--;
		return f;
	}
	hl_mutex_lock(&lock);
	f = pop(&unused);
	while (f && unused && w->unused_count < KEPT / 2) {
		push(&w->unused, pop(&unused));
		w->unused_count++;
	}
	hl_mutex_unlock(&lock);
	return f ? f : stack_new();
}

void rt_fiber_stack_put(struct rt_worker *w, struct hl_fiber *f)
{
	push(&w->unused, f);
	if (++w->unused_count < KEPT)
		return;
	hl_mutex_lock(&lock);
	while (w->unused_count > KEPT / 2) {
		push(&unused, pop(&w->unused));
		w->unused_count--;
	}
	hl_mutex_unlock(&lock);
}

static void drop(struct hl_fiber *f)
{
	uint64_t va = (uint64_t)f + SELF - bytes();

	sys_unmap(va, rt_fibers.stack_pages + 1);
	hl_va_free(va, rt_fibers.stack_pages + 1);
}

/* All workers have ended. */
void rt_fiber_stack_drop_all(void)
{
	for (unsigned i = 0; i < rt_fibers.workers; i++)
		while (rt_fibers.worker[i].unused)
			drop(pop(&rt_fibers.worker[i].unused));
	while (unused)
		drop(pop(&unused));
}

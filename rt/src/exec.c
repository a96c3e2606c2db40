/* SPDX-License-Identifier: MIT
 *
 * Executors.  Each has one range of addresses:
 *
 *	guard | cap | stack ... TLS | view
 *
 * The page with the cap holds no memory, so it is at once the guard below the stack,
 * and its address is the handle; the page of the view, which can't be written, is the
 * guard above.  One unmap of the range gives all of it back.  Who wants a larger guard
 * has more pages below; a stack of the caller's own lies elsewhere.
 *
 * How they end, and begin anew, is in kept.c.
 */
#include <stdlib.h>

#include <hartleaf/layout.h>
#include <hartleaf/time.h>
#include <hartleaf/va.h>

#include "pthread/thread.h"
#include "va.h"

/* Not inlined: nothing that uses tp may be done before it is set. */
static __attribute__((noinline, noreturn)) void run(struct hl_exec *e)
{
	atomic_store_explicit(&e->job, 0, memory_order_relaxed);
	atomic_store_explicit(&e->idle, 0, memory_order_relaxed);
#ifdef __riscv_flen
	__asm__ volatile("fscsr %0" : : "r"(e->fcsr));
#endif
	rt_tls_init(e->tp);
	hl_self_handle = e->handle;
	rt_thread = (struct rt_thread *)e;
	rt_thread_exit(e->fn(e->arg));
}

_Noreturn void rt_exec_begin(struct hl_exec *e)
{
	__asm__ volatile("mv tp, %0" : : "r"(e->tp) : "memory");
	run(e);
}

/* The program goes on without it, and ends with the last one. */
static _Noreturn void end_main(struct hl_exec *e)
{
	uint64_t join = atomic_exchange_explicit(&e->join, JOIN_DONE, memory_order_acq_rel);

	if (join > JOIN_DETACHED)
		sys_wake(join);
	atomic_store_explicit(&rt_watch_main_waits, 1, memory_order_relaxed);
	/* before the look at who runs; pairs with the swap in rt_kept_end */
	atomic_thread_fence(memory_order_seq_cst);
	while (rt_watch_any())
		sys_park(NULL, 0);
	exit(0);
}

void rt_thread_exit(long code)
{
	struct rt_thread *t = rt_thread;
	struct hl_exec *e = &t->exec;

	atomic_fetch_or_explicit(&t->cancel, CANCEL_ENDING, memory_order_relaxed);
	while (t->cleanup)
		__hl_cleanup_pop(t->cleanup, 1);
	if (t->keys)
		rt_keys_end(t);
	/* The program's part is over, and locks are taken from here on: no stop must come there.  One
	 * that was there first does, soon. */
	if (atomic_fetch_add_explicit(&e->life, LIFE_ENDED, memory_order_relaxed) & LIFE_STOP)
		for (;;)
			sys_park(NULL, 0);
	if (t->robust)
		rt_sync_thread_end(t);
	e->code = code;
	if (e->flags & EXEC_MAIN)
		end_main(e);
	rt_malloc_thread_end(e->tp);
	rt_kept_end(e);
}

void __hl_cleanup_push(struct __hl_cleanup *node, void (*routine)(void *), void *arg)
{
	node->__outer = rt_thread->cleanup;
	node->__routine = routine;
	node->__arg = arg;
	rt_thread->cleanup = node;
}

void __hl_cleanup_pop(struct __hl_cleanup *node, int execute)
{
	rt_thread->cleanup = node->__outer;
	if (execute)
		node->__routine(node->__arg);
}

/* What it is kept among when it has ended. */
static uint64_t room_for(const struct exec_plan *plan)
{
	if (plan->stack || plan->affinity || plan->guard_size > PAGE_SIZE ||
	    !(plan->flags & EXEC_WATCHED))
		return 0;
	for (uint64_t room = 1; room <= EXEC_ROOMS; room++)
		if (plan->stack_size == rt_kept_stack[room - 1])
			return room;
	return 0;
}

/* Cap, stack, view. */
static int furnish(struct hl_exec *e, const struct exec_plan *plan)
{
	size_t guard = plan->guard_size > PAGE_SIZE ? plan->guard_size >> PAGE_SHIFT : 1;
	size_t stack = plan->stack ? 0 : plan->stack_size >> PAGE_SHIFT;

	e->pages = guard + stack + 1;
	e->block = hl_va_alloc(e->pages);
	if (!e->block)
		return -HL_ENOMEM;
	e->handle = e->block + ((guard - 1) << PAGE_SHIFT);
	e->stack = plan->stack ? (uint64_t)plan->stack : e->handle + PAGE_SIZE;
	e->stack_size = plan->stack_size;
	if (sys_map_executor(HL_SELF, e->handle, MAP_R | MAP_W | MAP_X) != 1 ||
	    hl_map(HL_SELF, e->handle + PAGE_SIZE, 0, stack, MAP_NEW | MAP_R | MAP_W, HL_SELF) < 0)
		return -HL_ENOMEM;
	/* Now: the warden, which has no budget of its own, is to look later. */
	if ((e->flags & EXEC_WATCHED) && !rt_watch_view(e))
		return -HL_ENOMEM;
	return 0;
}

static int make(struct hl_exec **out, const struct exec_plan *plan)
{
	const uint64_t align = rt_tls_align() > 16 ? rt_tls_align() : 16;
	struct hl_exec *e = rt_watch_new();
	uint64_t top;

	if (!e)
		return -HL_ENOMEM;
	e->room = room_for(plan);
	e->flags = plan->flags;
	e->affinity = plan->affinity;
	e->keeper = plan->keeper;
	e->badge = plan->badge;
	e->guard_size = plan->guard_size;
	if (plan->flags & EXEC_WATCHED) {
		e->keeper = rt_watch_warden();
		e->badge = (uint64_t)e;
	}
	if (((plan->flags & EXEC_WATCHED) && !e->keeper) || furnish(e, plan) < 0) {
		if (e->block)
			rt_exec_reclaim(e);
		else
			rt_watch_free(e);
		return -HL_ENOMEM;
	}
	top = (e->stack + e->stack_size - rt_tls_size()) & -align;
	e->tp = (void *)top;
	e->sp = top;
	*out = e;
	return 0;
}

int rt_exec_make(struct hl_exec **out, const struct exec_plan *plan)
{
	uint64_t room = room_for(plan);
	int result;

	/* TLS lies at the top of the stack, and takes no more than half of it */
	if (2 * (rt_tls_size() + rt_tls_align()) > plan->stack_size)
		return -HL_EINVAL;
	if (room) {
		struct hl_exec *e = rt_kept_take(room);

		if (e) {
			struct rt_thread *t = (struct rt_thread *)e;

			e->detached = false;
			e->code = 0;
			e->guard_size = plan->guard_size;
			e->fcsr = 0;
			atomic_store_explicit(&t->cancel, 0, memory_order_relaxed);
			t->signals = 0;
			t->name[0] = 0;
			*out = e;
			return 0;
		}
	}
	result = make(out, plan);
	if (result == -HL_ENOMEM && hl_memory_release())
		result = make(out, plan);
	return result;
}

void rt_exec_reclaim(struct hl_exec *e)
{
	rt_watch_end(e);
	rt_kept_forget(e);
	/* one that was stopped; a stack of the caller's may be gone */
	if (e->tp && e->stack == e->handle + PAGE_SIZE)
		rt_malloc_thread_end(e->tp);
	e->tp = NULL;
	hl_map(HL_SELF, e->block, 0, e->pages, MAP_UNMAP, HL_SELF);
	hl_va_free(e->block, e->pages);
	e->block = 0;
	rt_watch_free(e);
}

void rt_exec_settle(struct hl_exec *e)
{
	if (e->flags & EXEC_MAIN)
		e->started = false;
	else if (e->kept)
		rt_kept_put(e);
	else
		rt_exec_reclaim(e);
}

int hl_exec_create(struct hl_exec **e, long (*fn)(void *), void *arg,
		   const struct hl_exec_attr *attr)
{
	static const struct hl_exec_attr plain;
	struct exec_plan plan = {.guard_size = PAGE_SIZE};
	size_t stack;
	int result;

	if (!attr)
		attr = &plain;
	stack = attr->stack_pages ? attr->stack_pages : HL_EXEC_STACK_PAGES;
	if (stack > 500 || !fn ||
	    (attr->flags & ~(HL_EXEC_UNWATCHED | HL_EXEC_KEEPER | HL_EXEC_BOUND)) ||
	    ((attr->flags & HL_EXEC_BOUND) && attr->hart >= hl_info()->harts))
		return -HL_EINVAL;
	plan.stack_size = stack << PAGE_SHIFT;
	if (attr->flags & HL_EXEC_BOUND)
		plan.affinity = HL_HART(attr->hart);
	if (attr->flags & HL_EXEC_KEEPER) {
		plan.keeper = attr->keeper;
		plan.badge = attr->badge;
	} else if (!(attr->flags & HL_EXEC_UNWATCHED)) {
		plan.flags = EXEC_WATCHED;
	}
	result = rt_exec_make(e, &plan);
	if (result == 0) {
		(*e)->fn = fn;
		(*e)->arg = arg;
	}
	return result;
}

int hl_exec_start(struct hl_exec *e)
{
	if (!e->kept || e->started)
		return rt_watch_start(e, (uint64_t)rt_exec_begin, (uint64_t)e);
	rt_kept_start(e);
	return 0;
}

int hl_exec_spawn(struct hl_exec **e, long (*fn)(void *), void *arg)
{
	int result = hl_exec_create(e, fn, arg, NULL);

	if (result < 0)
		return result;
	result = hl_exec_start(*e);
	if (result < 0)
		rt_exec_reclaim(*e);
	return result;
}

void hl_exec_exit(long code)
{
	if (!hl_exec_self())
		exit((int)code);
	rt_thread_exit(code);
}

int hl_exec_join(struct hl_exec *e, long *code)
{
	int result;

	if (e == &rt_thread->exec)
		return -HL_EINVAL;
	result = rt_watch_join(e, HL_NEVER, false);
	if (result < 0)
		return result;
	if (code)
		*code = e->code;
	rt_exec_settle(e);
	return 0;
}

int hl_exec_detach(struct hl_exec *e)
{
	if (!(e->flags & EXEC_WATCHED))
		return -HL_EINVAL;
	return rt_watch_detach(e);
}

/* What is stopped is who was there when this was called, though it may be ending just now, and
 * joined by a third, and somebody else by then: one of both writes into its life how that ends, by the
 * compare-and-swap here or the addition in rt_thread_exit.  If it is us, it waits for our stop, and
 * isn't given back before; else it is safe from us wherever it is.  All relaxed: it is about one word. */
int hl_exec_stop(struct hl_exec *e, long code)
{
	uint64_t life = hl_load_relaxed(&e->life); /* first */
	long result;

	if (!(e->flags & EXEC_WATCHED))
		return -HL_EINVAL;
	if (e == &rt_thread->exec)
		hl_exec_exit(code);
	if (!e->started || (life & LIFE_HOW))
		return 0;
	/* One that is to begin anew may still be at the lock of kept.c. */
	while (atomic_load_explicit(&e->job, memory_order_relaxed) &&
	       hl_load_relaxed(&e->life) == life)
		sys_yield();
	if (!hl_cas_relaxed(&e->life, &life, life | LIFE_STOP))
		return 0;
	result = sys_stop(e->handle, code);
	return result < 0 ? (int)result : 0;
}

struct hl_exec *hl_exec_self(void)
{
	return rt_thread == &rt_thread_main ? NULL : &rt_thread->exec;
}

hl_handle hl_exec_handle(const struct hl_exec *e)
{
	return e->handle;
}

const struct executor *hl_exec_view(struct hl_exec *e)
{
	return rt_watch_view(e);
}

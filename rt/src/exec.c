/* SPDX-License-Identifier: MIT
 *
 * Executors.  Each has one range of addresses:
 *
 *	cap | stack ... TLS | view
 *
 * The page with the cap holds no memory, so it is at once the guard below the stack,
 * and its address is the handle; the page of the view, which can't be written, is the
 * guard above.  One unmap of the range gives all of it back.
 */
#include <stdlib.h>

#include <hartleaf/layout.h>
#include <hartleaf/va.h>

#include "watch.h"

static _Thread_local struct hl_exec *self;

/* The last steps of an executor.  With the store of DONE the joiner may take the
 * stack away, so from there on all is in registers and in text.
 * release: pairs with the acquire in watch_join. */
static _Noreturn void end_self(struct hl_exec *e)
{
	register uint64_t a0 __asm__("a0") = (uint64_t)&e->join;
	register long s1 __asm__("s1") = e->code;

	__asm__ volatile(
		"	li	s2, 0\n" /* look: the joiner is not woken yet */
		"	li	t0, %[done]\n"
		"	amoswap.d.aqrl	a0, t0, (a0)\n"
		"	bgeu	t0, a0, 1f\n" /* nobody joins yet */
		"	li	a7, %[wake]\n"
		"	ecall\n"
		"1:	li	s2, 1\n"
		"	li	a0, 0\n"
		"	mv	a1, s1\n"
		"	li	a7, %[stop]\n"
		"	ecall\n"
		"	unimp\n"
		:
		: "r"(a0),
		  "r"(s1), [done] "i"(JOIN_DONE), [wake] "i"(CALL_WAKE), [stop] "i"(CALL_STOP)
		: "t0", "a1", "a7", "s2", "memory");
	__builtin_unreachable();
}

void hl_exec_exit(long code)
{
	if (!self)
		exit((int)code);
	self->code = code;
	end_self(self);
}

/* Not inlined: nothing that uses tp may be done before it is set. */
static __attribute__((noinline, noreturn)) void run(struct hl_exec *e)
{
	hl_self_handle = e->handle;
	self = e;
	hl_exec_exit(e->fn(e->arg));
}

static _Noreturn void begin(struct hl_exec *e)
{
	__asm__ volatile("mv tp, %0" : : "r"(e->tp) : "memory");
	run(e);
}

int hl_exec_create(struct hl_exec **out, long (*fn)(void *), void *arg,
		   const struct hl_exec_attr *attr)
{
	static const struct hl_exec_attr plain;
	struct hl_exec *e;
	uint64_t top;
	size_t stack;

	if (!attr)
		attr = &plain;
	stack = attr->stack_pages ? attr->stack_pages : HL_EXEC_STACK_PAGES;
	/* TLS lies at the top of the stack, and takes no more than half of it */
	if (stack > 500 || !fn || 2 * (rt_tls_size() + rt_tls_align()) > stack << PAGE_SHIFT ||
	    (attr->flags & ~(HL_EXEC_UNWATCHED | HL_EXEC_KEEPER | HL_EXEC_BOUND)) ||
	    ((attr->flags & HL_EXEC_BOUND) && attr->hart >= hl_info()->harts))
		return -HL_EINVAL;
	e = watch_new();
	if (!e)
		return -HL_ENOMEM;
	e->pages = stack + 2;
	e->fn = fn;
	e->arg = arg;
	if (attr->flags & HL_EXEC_BOUND)
		e->affinity = HL_HART(attr->hart);
	if (attr->flags & HL_EXEC_KEEPER) {
		e->keeper = attr->keeper;
		e->badge = attr->badge;
	} else if (attr->flags & HL_EXEC_UNWATCHED) {
		e->keeper = 0;
	} else {
		e->flags = EXEC_WATCHED;
		e->keeper = watch_warden();
		e->badge = (uint64_t)e;
		if (!e->keeper)
			goto no_struct;
	}
	e->block = hl_va_alloc(e->pages);
	if (!e->block)
		goto no_struct;
	e->handle = e->block;
	if (sys_map_executor(HL_SELF, e->handle, MAP_R | MAP_W | MAP_X) != 1 ||
	    hl_map(HL_SELF, e->block + PAGE_SIZE, 0, stack, MAP_NEW | MAP_R | MAP_W, HL_SELF) < 0) {
		exec_reclaim(e);
		return -HL_ENOMEM;
	}
	/* Now: the warden, which has no budget of its own, is to look later. */
	if ((e->flags & EXEC_WATCHED) && !watch_view(e)) {
		exec_reclaim(e);
		return -HL_ENOMEM;
	}
	top = e->block + ((1 + stack) << PAGE_SHIFT) - rt_tls_size();
	top &= -(uint64_t)(rt_tls_align() > 16 ? rt_tls_align() : 16);
	e->tp = (void *)top;
	e->sp = top;
	rt_tls_init(e->tp);
	*out = e;
	return 0;

no_struct:
	watch_free(e);
	return -HL_ENOMEM;
}

int hl_exec_start(struct hl_exec *e)
{
	return watch_start(e, (uint64_t)begin, (uint64_t)e);
}

int hl_exec_spawn(struct hl_exec **e, long (*fn)(void *), void *arg)
{
	int result = hl_exec_create(e, fn, arg, NULL);

	if (result < 0)
		return result;
	result = hl_exec_start(*e);
	if (result < 0)
		exec_reclaim(*e);
	return result;
}

void exec_reclaim(struct hl_exec *e)
{
	watch_end(e);
	sys_unmap(e->block, e->pages);
	hl_va_free(e->block, e->pages);
	watch_free(e);
}

int hl_exec_join(struct hl_exec *e, long *code)
{
	int result;

	if (e == self)
		return -HL_EINVAL;
	result = watch_join(e);
	if (result < 0)
		return result;
	if (code)
		*code = e->code;
	exec_reclaim(e);
	return 0;
}

int hl_exec_detach(struct hl_exec *e)
{
	if (!(e->flags & EXEC_WATCHED))
		return -HL_EINVAL;
	return watch_detach(e);
}

int hl_exec_stop(struct hl_exec *e, long code)
{
	long result;

	if (!(e->flags & EXEC_WATCHED))
		return -HL_EINVAL;
	if (e == self)
		hl_exec_exit(code);
	result = sys_stop(e->handle, code);
	return result < 0 ? (int)result : 0;
}

struct hl_exec *hl_exec_self(void)
{
	return self;
}

hl_handle hl_exec_handle(const struct hl_exec *e)
{
	return e->handle;
}

const struct executor *hl_exec_view(struct hl_exec *e)
{
	return watch_view(e);
}

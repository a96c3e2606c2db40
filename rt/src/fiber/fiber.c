/* SPDX-License-Identifier: MIT
 *
 * A fiber's life: made, run, left and come back to, joined.
 */
#include "worker.h"

/* On its own stack; word is the worker. */
static void begin(void *word)
{
	struct rt_worker *w = word;
	struct hl_fiber *f = w->current;

	rt_fiber_landed(w);
	hl_fiber_exit(f->fn(f->arg));
}

struct hl_fiber *rt_fiber_make(struct rt_worker *w, long (*fn)(void *), void *arg)
{
	struct hl_fiber *f = rt_fiber_stack_get(w);

	if (!f)
		return NULL;
	f->fn = fn;
	f->arg = arg;
	atomic_store_explicit(&f->join, JOIN_NOBODY, memory_order_relaxed);
	hl_context_make(&f->context, f, begin);
	return f;
}

int hl_fiber_spawn(struct hl_fiber **out, long (*fn)(void *), void *arg)
{
	struct rt_worker *w = rt_worker_self();
	struct hl_fiber *f;

	if (!fn || !w)
		return -HL_EINVAL;
	f = rt_fiber_make(w, fn, arg);
	if (!f)
		return -HL_ENOMEM;
	if (out)
		*out = f;
	else
		atomic_store_explicit(&f->join, JOIN_DETACHED, memory_order_relaxed);
	/* The caller is live, so it can't become 0 meanwhile. */
	atomic_fetch_add_explicit(&rt_fibers.live, 1, memory_order_relaxed);
	rt_fiber_ready(w, f);
	return 0;
}

struct hl_fiber *hl_fiber_self(void)
{
	struct rt_worker *w = rt_worker_self();

	return w ? w->current : NULL;
}

void rt_fiber_leave(void (*after)(struct rt_worker *w, void *arg), void *arg)
{
	struct rt_worker *w = rt_worker_self();
	struct hl_fiber *self = w->current, *next;

	next = rt_fiber_next(w);
	w->after = after;
	w->after_arg = arg;
	w->current = next;
	/* what comes back is the worker that we are on then */
	rt_fiber_landed(hl_context_switch(&self->context, next ? &next->context : &w->context, w));
}

static void go_on(struct rt_worker *w, void *f)
{
	rt_fiber_ready(w, f);
}

void hl_fiber_yield(void)
{
	struct rt_worker *w = rt_worker_self();
	struct hl_fiber *self = w->current, *next = rt_fiber_next(w);

	if (!next)
		return;
	w->after = go_on;
	w->after_arg = self;
	w->current = next;
	rt_fiber_landed(hl_context_switch(&self->context, &next->context, w));
}

/* It runs no more, so its stack may go. */
static void ended(struct rt_worker *w, void *arg)
{
	struct hl_fiber *f = arg;
	/* release: pairs with the acquire in hl_fiber_join; acquire: with the release in
	 * joins, which publishes the joiner's registers */
	uint64_t join = atomic_exchange_explicit(&f->join, JOIN_DONE, memory_order_acq_rel);

	if (join == JOIN_DETACHED)
		rt_fiber_stack_put(w, f);
	else if (join != JOIN_NOBODY)
		rt_fiber_ready(w, (struct hl_fiber *)join);
	/* acq_rel: the last one has seen, and passes on, what all others did */
	if (atomic_fetch_sub_explicit(&rt_fibers.live, 1, memory_order_acq_rel) == 1)
		rt_fiber_stop_all();
}

void hl_fiber_exit(long code)
{
	struct hl_fiber *self = rt_worker_self()->current;

	self->code = code;
	rt_fiber_leave(ended, self);
	__builtin_unreachable();
}

struct joiner {
	struct hl_fiber *self;
	struct hl_fiber *of;
};

static void joins(struct rt_worker *w, void *arg)
{
	struct hl_fiber *self = ((struct joiner *)arg)->self;
	uint64_t join = JOIN_NOBODY;

	/* release: our registers, to be seen by `ended` */
	if (!hl_cas_release(&((struct joiner *)arg)->of->join, &join, (uint64_t)self))
		rt_fiber_ready(w, self);
}

int hl_fiber_join(struct hl_fiber *f, long *code)
{
	struct joiner joiner = {rt_worker_self()->current, f};
	/* acquire: pairs with the release in `ended` */
	uint64_t join = atomic_load_explicit(&f->join, memory_order_acquire);

	if (f == joiner.self)
		return -HL_EINVAL;
	if (join == JOIN_NOBODY) {
		rt_fiber_leave(joins, &joiner);
		join = atomic_load_explicit(&f->join, memory_order_acquire);
	}
	if (join != JOIN_DONE)
		return -HL_EBUSY;
	if (code)
		*code = f->code;
	rt_fiber_stack_put(rt_worker_self(), f);
	return 0;
}

int hl_fiber_detach(struct hl_fiber *f)
{
	uint64_t join = JOIN_NOBODY;

	/* acquire, also when it fails: it has ended before its stack goes */
	if (hl_cas_acq_rel(&f->join, &join, JOIN_DETACHED))
		return 0;
	if (join != JOIN_DONE)
		return -HL_EBUSY;
	rt_fiber_stack_put(rt_worker_self(), f);
	return 0;
}

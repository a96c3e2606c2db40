/* SPDX-License-Identifier: MIT
 *
 * The warden: one executor that is keeper of all others that rt makes, so that an
 * executor which faults or is stopped by another doesn't leave its joiner hanging.
 *
 * It is told with a badge, which is the address of the struct hl_exec, if it is parked
 * at that time; else the kernel keeps only the OR of the badges, and it looks at all.
 * Either way what it was told is a hint: it looks into the executor's page, through a
 * view, under the lock, and acts on what it finds.  So tidings that come late, for an
 * executor that has been joined and its struct used again, do no harm.
 */
#include <stdio.h>
#include <string.h>

#include <hartleaf/layout.h>
#include <hartleaf/time.h>
#include <hartleaf/va.h>

#include "pthread/thread.h"
#include "sync/waiter.h"
#include "va.h"

static struct hl_mutex lock;
static struct hl_exec *all;
static struct hl_exec *unused;
static struct hl_exec *warden;

_Atomic uint64_t rt_watch_main_waits;

struct hl_exec *rt_watch_new(void)
{
	struct rt_thread *t = NULL;
	struct hl_exec *e;

	hl_mutex_lock(&lock);
	if (!unused) {
		hl_mutex_unlock(&lock); /* what is released for it may want it */
		t = rt_page_new();
		hl_mutex_lock(&lock);
	}
	for (size_t i = 0; t && i < PAGE_SIZE / sizeof(*t); i++) {
		t[i].exec.next_all = all;
		all = &t[i].exec;
		t[i].exec.next_free = unused;
		unused = &t[i].exec;
	}
	e = unused;
	if (e) {
		unused = e->next_free;
		/* but for next_all, which the warden reads as it likes, and life */
		memset(e, 0, offsetof(struct hl_exec, next_all));
		memset(e + 1, 0, sizeof(struct rt_thread) - sizeof(*e));
		e->how = TELL_ENDED;
		/* relaxed: only that it is another counts */
		hl_store_relaxed(&e->life, (hl_load_relaxed(&e->life) | LIFE_HOW) + 1);
		atomic_store_explicit(&e->join, JOIN_DONE, memory_order_relaxed);
	}
	hl_mutex_unlock(&lock);
	return e;
}

void rt_watch_free(struct hl_exec *e)
{
	hl_mutex_lock(&lock);
	e->next_free = unused;
	unused = e;
	hl_mutex_unlock(&lock);
}

int rt_watch_start(struct hl_exec *e, uint64_t pc, uint64_t arg)
{
	uint64_t flags = e->affinity;
	long result = -HL_EBUSY;

	if (e->keeper)
		flags |= START_SET_KEEPER | HL_BADGE(e->badge);
	/* Another program's main turns it on for itself: this one needn't know. */
	if (!(e->flags & EXEC_FOREIGN))
		flags |= HL_START_ABI;

	/* One step for the warden: once it sees `live`, a page that says STOPPED
	 * means the end and not the time before the start. */
	hl_mutex_lock(&lock);
	if (!e->started) {
		e->started = true;
		e->live = e->flags & EXEC_WATCHED;
		atomic_store_explicit(&e->join, e->detached ? JOIN_DETACHED : JOIN_NOBODY,
				      memory_order_relaxed);
		result = sys_start(e->handle, pc, e->sp, arg, e->keeper, flags);
		if (result < 0) {
			e->started = e->live = false;
			atomic_store_explicit(&e->join, JOIN_DONE, memory_order_relaxed);
		}
	}
	hl_mutex_unlock(&lock);
	return (int)result;
}

void rt_watch_end(struct hl_exec *e)
{
	if (!(e->flags & EXEC_WATCHED))
		return;
	hl_mutex_lock(&lock);
	e->live = false;
	hl_mutex_unlock(&lock);
}

/* The lock is held. */
static const struct executor *view(struct hl_exec *e)
{
	uint64_t va = e->block + ((e->pages - 1) << PAGE_SHIFT);

	if (!e->viewed) {
		if (sys_map_view(va, e->handle) != 1)
			return NULL;
		e->viewed = true;
	}
	return (const struct executor *)(va + *(const uint64_t *)(va + EX_PAGE_COLOUR));
}

const struct executor *rt_watch_view(struct hl_exec *e)
{
	const struct executor *x;

	hl_mutex_lock(&lock);
	x = view(e);
	hl_mutex_unlock(&lock);
	return x;
}

int rt_watch_join(struct hl_exec *e, uint64_t deadline, bool cancellable)
{
	uint64_t me = hl_self(), join = JOIN_NOBODY;

	/* Our handle there asks whoever stores DONE to wake us.  acquire, here and
	 * below: pairs with the release of DONE in rt_kept_end and in finish. */
	if (!hl_cas_acquire(&e->join, &join, me))
		return join == JOIN_DONE ? 0 : -HL_EBUSY;
	if (rt_wait_word(&e->join, me, deadline, cancellable))
		return 0;
	join = me;
	if (!hl_cas_acquire(&e->join, &join, JOIN_NOBODY))
		return 0; /* DONE at last */
	return cancellable && rt_cancel_pending() ? -HL_EAGAIN : -HL_ETIMEDOUT;
}

int rt_watch_detach(struct hl_exec *e)
{
	uint64_t join = JOIN_NOBODY;
	int result = 0;
	bool over = false;

	hl_mutex_lock(&lock);
	/* Before: once JOIN_DETACHED stands it may end, and begin a life that isn't ours. */
	if (atomic_load_explicit(&e->join, memory_order_relaxed) == JOIN_NOBODY)
		e->detached = true;
	if (hl_cas_acquire(&e->join, &join, JOIN_DETACHED)) {
		/* the warden or itself clears up */
	} else if (join == JOIN_DONE) {
		/* DONE is stored a little before it is stopped.  While it is live the
		 * warden is going to be told, and clears up; but one that is kept isn't
		 * going to stop. */
		over = e->kept || !e->live;
		e->detached = !over;
	} else {
		e->detached = join == JOIN_DETACHED;
		result = -HL_EBUSY;
	}
	hl_mutex_unlock(&lock);
	if (over)
		rt_exec_settle(e);
	return result;
}

bool rt_watch_any(void)
{
	struct hl_exec *e;
	uint64_t starts;

	hl_mutex_lock(&lock);
	do {
		/* acquire: pairs with the release in rt_kept_start */
		starts = atomic_load_explicit(&rt_kept_starts, memory_order_acquire);
		/* acquire: with its end we see whom it has let begin */
		for (e = all; e; e = e->next_all)
			if (e->live && !(e->flags & EXEC_FOREIGN) &&
			    atomic_load_explicit(&e->join, memory_order_acquire) != JOIN_DONE)
				break;
		/* One may have begun behind us, by another that we then saw ended. */
	} while (!e && atomic_load_explicit(&rt_kept_starts, memory_order_relaxed) != starts);
	hl_mutex_unlock(&lock);
	return e;
}

void rt_watch_each(void (*visit)(struct rt_thread *t, void *arg), void *arg)
{
	struct hl_exec *e;

	hl_mutex_lock(&lock);
	e = all;
	hl_mutex_unlock(&lock);
	visit(&rt_thread_main, arg);
	for (; e; e = e->next_all)
		visit((struct rt_thread *)e, arg);
}

/* A fault at bind_here, which the warden ends: it goes on at bind_done, there. */
extern const char bind_here[], bind_done[];

__attribute__((noinline)) void rt_watch_bind(struct hl_exec *self, uint64_t affinity)
{
	self->bind = affinity;
	__asm__ volatile("bind_here:	unimp\n"
			 "bind_done:"
			 :
			 :
			 : "memory");
}

/* What the ending executor would have done itself. */
static void finish(struct hl_exec *e)
{
	uint64_t join = atomic_exchange_explicit(&e->join, JOIN_DONE, memory_order_acq_rel);

	if (join > JOIN_DETACHED)
		sys_wake(join);
}

static void report(const struct hl_exec *e, const struct executor *x)
{
	static char text[2048];
	int n;

	n = snprintf(text, sizeof(text),
		     "fault: executor %#llx %s%s: scause %lld, address %#llx, pc %#llx\n",
		     (unsigned long long)e->handle, ((const struct rt_thread *)e)->name,
		     e->flags & EXEC_FOREIGN ? " of another address space" : "",
		     (long long)x->scause, (unsigned long long)x->stval, (unsigned long long)x->pc);
	for (int i = 0; i < 31; i++)
		n += snprintf(text + n, sizeof(text) - n, " x%-2d %016llx%c", i + 1,
			      (unsigned long long)x->x[i], i % 4 == 3 || i == 30 ? '\n' : ' ');
	hl_console_force(text, n);
}

/* Looks what has become of e. */
static void look(struct hl_exec *e)
{
	const struct executor *x;
	bool reclaim = false, fault = false, main_waits = false;

	hl_mutex_lock(&lock);
	if (!e->live || !(x = view(e)))
		goto out;
	switch (rt_exec_life(x)) { /* the exit code, or the fault, is there with it */
	case EX_STOPPED:
		e->live = false;
		reclaim = e->detached; /* nobody but us to clear up */
		if (atomic_load_explicit(&e->join, memory_order_acquire) != JOIN_DONE) {
			if (((struct rt_thread *)e)->robust)
				rt_sync_thread_end((struct rt_thread *)e);
			e->code = (long)x->exit;
			finish(e);
		}
		main_waits = atomic_load_explicit(&rt_watch_main_waits, memory_order_relaxed);
		break;
	case EX_FAULTED:
		if (x->pc == (uint64_t)bind_here && !(e->flags & EXEC_FOREIGN)) {
			sys_start(e->handle, (uint64_t)bind_done, 0, 0, 0, START_RESUME | e->bind);
			break;
		}
		e->live = false;
		report(e, x);
		fault = !(e->flags & EXEC_FOREIGN);
		e->how = TELL_FAULT;
		e->code = RT_FAULT_CODE;
		e->scause = x->scause;
		e->stval = x->stval;
		e->pc = x->pc;
		finish(e);
		break;
	default: /* old tidings, of one that was there before it */
		break;
	}
out:
	hl_mutex_unlock(&lock);
	if (main_waits)
		sys_wake(BOOT_SELF_VA);
	if (fault)
		rt_exit_now(RT_FAULT_CODE);
	if (reclaim)
		rt_exec_reclaim(e);
}

static long keep(void *arg)
{
	struct hl_words told;

	(void)arg;
	for (;;) {
		told = (struct hl_words){0};
		if (!rt_told)
			told = sys_wait();
		if (told.w[0] != 0) {
			look((struct hl_exec *)told.badge);
			continue;
		}
		/* Woken without words: told while busy, or for nothing.  The list
		 * only grows, at its head; what is ahead of our start is new and
		 * will tell us again. */
		rt_told = false; /* before the look */
		hl_mutex_lock(&lock);
		struct hl_exec *e = all;
		hl_mutex_unlock(&lock);
		for (; e; e = e->next_all)
			look(e);
	}
	return 0;
}

hl_handle rt_watch_warden(void)
{
	static struct hl_mutex once;
	static const struct hl_exec_attr attr = {.flags = HL_EXEC_UNWATCHED};
	struct hl_exec *e = NULL;

	hl_mutex_lock(&once);
	if (!warden && hl_exec_create(&e, keep, NULL, &attr) == 0) {
		if (hl_exec_start(e) == 0)
			warden = e;
		else
			rt_exec_reclaim(e);
	}
	e = warden;
	hl_mutex_unlock(&once);
	return e ? e->handle : 0;
}

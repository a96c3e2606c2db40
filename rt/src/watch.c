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

#include <hartleaf/layout.h>
#include <hartleaf/va.h>

#include "watch.h"

static struct hl_mutex lock;
static struct hl_exec *all;
static struct hl_exec *unused;
static struct hl_exec *warden;

struct hl_exec *watch_new(void)
{
	struct hl_exec *e;

	hl_mutex_lock(&lock);
	if (!unused) {
		uint64_t va = hl_va_alloc(1);

		if (va && sys_map_new(va, 1, MAP_R | MAP_W) != 1) {
			hl_va_free(va, 1);
			va = 0;
		}
		e = (struct hl_exec *)va;
		for (size_t i = 0; va && i < PAGE_SIZE / sizeof(*e); i++) {
			e[i].next_all = all;
			all = &e[i];
			e[i].next_free = unused;
			unused = &e[i];
		}
	}
	e = unused;
	if (e) {
		unused = e->next_free;
		atomic_store_explicit(&e->join, JOIN_DONE, memory_order_relaxed);
		e->code = 0;
		e->how = TELL_ENDED;
		e->flags = 0;
		e->affinity = 0;
		e->started = e->live = e->viewed = e->detached = false;
	}
	hl_mutex_unlock(&lock);
	return e;
}

void watch_free(struct hl_exec *e)
{
	hl_mutex_lock(&lock);
	e->next_free = unused;
	unused = e;
	hl_mutex_unlock(&lock);
}

int watch_start(struct hl_exec *e, uint64_t pc, uint64_t arg)
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
		atomic_store_explicit(&e->join, JOIN_NOBODY, memory_order_relaxed);
		result = sys_start(e->handle, pc, e->sp, arg, e->keeper, flags);
		if (result < 0) {
			e->started = e->live = false;
			atomic_store_explicit(&e->join, JOIN_DONE, memory_order_relaxed);
		}
	}
	hl_mutex_unlock(&lock);
	return (int)result;
}

void watch_end(struct hl_exec *e)
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

const struct executor *watch_view(struct hl_exec *e)
{
	const struct executor *x;

	hl_mutex_lock(&lock);
	x = view(e);
	hl_mutex_unlock(&lock);
	return x;
}

int watch_join(struct hl_exec *e)
{
	uint64_t join = JOIN_NOBODY;

	/* Our handle there asks whoever stores DONE to wake us.  acquire, here and
	 * below: pairs with the release of DONE in end_self and in finish. */
	if (!hl_cas_acquire(&e->join, &join, hl_self()) && join != JOIN_DONE)
		return -HL_EBUSY;
	while (atomic_load_explicit(&e->join, memory_order_acquire) != JOIN_DONE)
		sys_park(&e->join, hl_self());
	return 0;
}

int watch_detach(struct hl_exec *e)
{
	uint64_t join;
	bool over = false;

	hl_mutex_lock(&lock);
	join = atomic_load_explicit(&e->join, memory_order_acquire);
	if (join > JOIN_DONE) {
		hl_mutex_unlock(&lock);
		return -HL_EBUSY;
	}
	e->detached = true;
	/* DONE is stored a little before it is stopped.  While it is live the
	 * warden is going to be told, and clears up. */
	over = join == JOIN_DONE && !e->live;
	hl_mutex_unlock(&lock);
	if (over)
		exec_reclaim(e);
	return 0;
}

/* What the ending executor would have done itself. */
static void finish(struct hl_exec *e)
{
	uint64_t join = atomic_exchange_explicit(&e->join, JOIN_DONE, memory_order_acq_rel);

	if (join > JOIN_DONE)
		sys_wake(join);
}

static void report(const struct hl_exec *e, const struct executor *x)
{
	static char text[2048];
	int n;

	n = snprintf(text, sizeof(text),
		     "fault: executor %#llx%s: scause %lld, address %#llx, pc %#llx\n",
		     (unsigned long long)e->handle,
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
	bool reclaim = false, fault = false;

	hl_mutex_lock(&lock);
	if (!e->live || !(x = view(e)))
		goto out;
	/* acquire: the exit code, or the fault, is there with the state */
	switch (__atomic_load_n(&x->state, __ATOMIC_ACQUIRE) & EX_LIFE) {
	case EX_STOPPED:
		e->live = false;
		reclaim = e->detached; /* nobody but us to clear up */
		if (atomic_load_explicit(&e->join, memory_order_acquire) != JOIN_DONE) {
			e->code = (long)x->exit;
			finish(e);
		} else if (x->x[17] == 0 && x->x[9] > JOIN_DONE) {
			/* stopped in end_self between DONE and the wake:
			 * s2 is 0, and a0 who joins, or what wake returned */
			sys_wake(x->x[9]);
		}
		break;
	case EX_FAULTED:
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
	if (fault)
		rt_exit_now(RT_FAULT_CODE);
	if (reclaim)
		exec_reclaim(e);
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

hl_handle watch_warden(void)
{
	static struct hl_mutex once;
	static const struct hl_exec_attr attr = {.flags = HL_EXEC_UNWATCHED};
	struct hl_exec *e = NULL;

	hl_mutex_lock(&once);
	if (!warden && hl_exec_create(&e, keep, NULL, &attr) == 0) {
		if (hl_exec_start(e) == 0)
			warden = e;
		else
			exec_reclaim(e);
	}
	e = warden;
	hl_mutex_unlock(&once);
	return e ? e->handle : 0;
}

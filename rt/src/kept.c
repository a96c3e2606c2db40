/* SPDX-License-Identifier: MIT
 *
 * How executors end, and those that are kept.
 *
 * One that ends, and has a stack of a usual size, doesn't stop: it parks, off its stack, on
 * its word `job`, and whoever makes the next one sets that and wakes it.  So a thread costs
 * a wake, and neither its stack, cap and view are made nor the warden is told.
 *
 * From the store of DONE on it is the joiner's, who puts it among those that are kept, from
 * where another takes it and sets job: maybe before it has come to its park.  That does no
 * harm, as it is still the same executor that goes on to look at job, and nobody else
 * touches stack and TLS.  To stop it is another matter: that waits for `idle`, which is
 * set when it is done with the lock here; and to unmap waits for the stop.
 *
 * Detached, it puts itself there.  No hl_exec_stop comes here: rt_thread_exit has seen to that.
 */
#include <hartleaf/layout.h>

#include "pthread/thread.h"

const size_t rt_kept_stack[EXEC_ROOMS] = {HL_EXEC_STACK_PAGES << PAGE_SHIFT, PTHREAD_STACK};

_Atomic uint64_t rt_kept_starts;
static struct hl_mutex lock;
static struct hl_exec *rooms[EXEC_ROOMS];
static _Atomic uint64_t count; /* of those with `kept`, in a room or not joined yet */

struct hl_exec *rt_kept_take(uint64_t room)
{
	struct hl_exec *e;

	hl_mutex_lock(&lock);
	e = rooms[room - 1];
	if (e)
		rooms[room - 1] = e->next_kept;
	hl_mutex_unlock(&lock);
	return e;
}

void rt_kept_put(struct hl_exec *e)
{
	e->started = false; /* for who has an old pthread_t */
	hl_mutex_lock(&lock);
	e->next_kept = rooms[e->room - 1];
	rooms[e->room - 1] = e;
	hl_mutex_unlock(&lock);
}

void rt_kept_forget(struct hl_exec *e)
{
	if (e->kept)
		atomic_fetch_sub_explicit(&count, 1, memory_order_relaxed);
	e->kept = false;
}

void rt_kept_start(struct hl_exec *e)
{
	rt_kept_forget(e);
	e->started = true;
	atomic_store_explicit(&e->join, e->detached ? JOIN_DETACHED : JOIN_NOBODY,
			      memory_order_relaxed);
	/* the next one; nobody else writes there after its end */
	hl_store_relaxed(&e->life, hl_load_relaxed(&e->life) + LIFE_ENDED);
	/* release: with the count, rt_watch_any sees that join */
	atomic_fetch_add_explicit(&rt_kept_starts, 1, memory_order_release);
	/* release: pairs with the fence behind the load of job in rt_kept_end */
	atomic_store_explicit(&e->job, 1, memory_order_release);
	sys_wake(e->handle);
}

bool rt_kept_drop(void)
{
	struct hl_exec *e;
	bool any = false;

	for (uint64_t room = 1; room <= EXEC_ROOMS; room++)
		while ((e = rt_kept_take(room))) {
			/* acquire: its stack is used no more */
			while (!atomic_load_explicit(&e->idle, memory_order_acquire))
				sys_yield();
			rt_watch_end(e); /* before: the warden clears up what was detached */
			sys_stop(e->handle, 0);
			/* It has its view, as one that is watched. */
			while (rt_exec_life(rt_watch_view(e)) != EX_STOPPED)
				sys_yield();
			rt_exec_reclaim(e);
			any = true;
		}
	return any;
}

/* Who has turned floating point on for itself would leave the next one with it, who pays for
 * it at each switch. */
static bool fp_added(const struct hl_exec *e)
{
	const struct executor *x;
	uint64_t va;

	if (HL_START_ABI == START_FP || !e->viewed)
		return false;
	va = e->block + ((e->pages - 1) << PAGE_SHIFT);
	x = (const struct executor *)(va + *(const uint64_t *)(va + EX_PAGE_COLOUR));
	return __atomic_load_n(&x->state, __ATOMIC_RELAXED) & EX_FP;
}

static bool keep(struct hl_exec *e)
{
	if (!e->room || e->affinity || fp_added(e))
		return false;
	if (atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) < EXEC_KEPT)
		return true;
	atomic_fetch_sub_explicit(&count, 1, memory_order_relaxed);
	return false;
}

/* The swap is an acquire, being ordered before the load of rt_watch_main_waits, one half of what
 * rt_watch_any says; and a release, which pairs with the acquire of whoever joins. */
_Noreturn void rt_kept_end(struct hl_exec *e)
{
	register long a0 __asm__("a0");
	register long s1 __asm__("s1") = e->code;
	register struct hl_exec *s3 __asm__("s3") = e;
	register uint64_t s4 __asm__("s4") = e->kept = keep(e);
	register _Atomic uint64_t *s5 __asm__("s5") = &rt_watch_main_waits;

	__asm__ volatile(
		"	li	t0, %[done]\n"
		"	li	t1, %[detached]\n"
		"	amoswap.d.aqrl	a0, t0, (s3)\n"
		"	sub	s6, a0, t1\n" /* 0: detached */
		"	bgeu	t1, a0, 1f\n" /* nobody joins yet */
		"	li	a7, %[wake]\n"
		"	ecall\n"
		"1:	ld	t0, (s5)\n"
		"	beqz	t0, 2f\n"
		"	li	a0, %[main]\n"
		"	li	a7, %[wake]\n"
		"	ecall\n"
		"2:	beqz	s4, 5f\n"
		"	bnez	s6, 3f\n"
		"	mv	a0, s3\n"
		"	call	%[put]\n" /* still on the stack */
		"3:	li	t0, 1\n"
		"	fence	rw, w\n" /* pairs with the acquire in rt_kept_drop */
		"	sd	t0, %[idle](s3)\n"
		"4:	ld	t0, %[job](s3)\n"
		"	bnez	t0, 6f\n"
		"	addi	a0, s3, %[job]\n"
		"	li	a1, 0\n"
		"	li	a6, 0\n"
		"	li	a7, %[park]\n"
		"	ecall\n"
		"	j	4b\n"
		"5:	li	a0, 0\n"
		"	mv	a1, s1\n"
		"	li	a7, %[stop]\n"
		"	ecall\n"
		"	unimp\n"
		"6:	fence	r, rw\n" /* pairs with the release in rt_kept_start */
		"	ld	sp, %[sp](s3)\n"
		"	li	s0, 0\n"
		"	li	ra, 0\n"
		"	mv	a0, s3\n"
		"	tail	%[begin]\n"
		: "=r"(a0)
		: "r"(s1), "r"(s3), "r"(s4),
		  "r"(s5), [done] "i"(JOIN_DONE), [detached] "i"(JOIN_DETACHED),
		  [wake] "i"(CALL_WAKE), [park] "i"(CALL_PARK), [stop] "i"(CALL_STOP),
		  [main] "i"(BOOT_SELF_VA), [idle] "i"(offsetof(struct hl_exec, idle)),
		  [job] "i"(offsetof(struct hl_exec, job)), [sp] "i"(offsetof(struct hl_exec, sp)),
		  [put] "i"(rt_kept_put), [begin] "i"(rt_exec_begin)
		: "memory");
	__builtin_unreachable();
}
_Static_assert(offsetof(struct hl_exec, join) == 0, "rt_kept_end swaps there");

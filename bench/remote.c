/* SPDX-License-Identifier: MIT
 *
 * A wake from one hart to another.  The waker spins from before the wake until
 * the woken one has run, so it must have run elsewhere.  Time is the same on
 * all harts, so one may read it before, the other after.
 */
#include "bench.h"
#include "clock.h"
#include "partner.h"
#include "samples.h"

/* From parked to idle: the woken one's hart finds nothing to do and halts. */
#define SETTLE_US 20

static uint64_t woken_at;
static atomic_bool woken;

static void play(struct partner *me)
{
	for (unsigned long n = me->turns; n; n--) {
		sys_park(NULL, 0);
		woken_at = hl_time();
		atomic_store_explicit(&woken, true, memory_order_release);
	}
	me->done = true;
}

static void wait_parked(const struct executor *view)
{
	const uint64_t settle = hl_info()->timebase * SETTLE_US / 1000000;
	uint64_t begin;

	while ((__atomic_load_n(&view->state, __ATOMIC_ACQUIRE) & EX_LIFE) != EX_PARKED)
		;
	begin = hl_time();
	while (hl_time() - begin < settle)
		;
}

static int64_t wake_once(hl_handle other)
{
	uint64_t begin = hl_time();
	long result = sys_wake(other);

	while (!atomic_load_explicit(&woken, memory_order_acquire))
		;
	if (result != 1)
		bench_fail("the partner was not parked: wake returned %ld", result);
	woken = false;
	return (int64_t)(woken_at - begin);
}

static void run(const struct plan *plan, struct samples *samples, enum where where)
{
	const unsigned long ops = plan->ops / 10; /* each takes long */
	struct partner *partner;
	const struct executor *view;

	if (hl_info()->harts < 2)
		bench_fail("needs 2 harts");
	partner = partner_start(where, play, (plan->windows + 1) * ops);
	view = hl_exec_view(partner->thread);
	if (!view)
		bench_fail("no view of the partner");
	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = 0;

		for (unsigned long n = ops; n; n--) {
			wait_parked(view);
			ticks += wake_once(partner->exec);
		}
		samples_add(samples, ticks, ops);
	}
	partner_join(partner);
}

/* It goes to the waker's queue, and an idle hart is told to come for it. */
void signal_remote(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, SAME_SPACE);
}

/* It is handed to its own hart. */
void signal_bound(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, OTHER_HART);
}

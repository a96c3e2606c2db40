/* SPDX-License-Identifier: MIT
 *
 * Two executors and one hart: each yield switches to the other.
 */
#include "bench.h"
#include "clock.h"
#include "partner.h"
#include "samples.h"

/* Changes a floating-point register, whatever this file is compiled for.  Where
 * that knows of none it can't be told, and need not be. */
static inline void fp_touch(void)
{
	asm volatile(".option push\n\t"
		     ".option arch, +d\n\t"
		     "fadd.d ft0, ft0, ft0\n\t"
		     ".option pop"
#ifdef __riscv_flen
		     ::
			     : "ft0"
#endif
	);
}

static void play(struct partner *me)
{
	for (unsigned long n = me->turns; n; n--)
		sys_yield();
	me->done = true;
}

static void play_fp(struct partner *me)
{
	sys_fp_on();
	for (unsigned long n = me->turns; n; n--) {
		fp_touch();
		sys_yield();
	}
	me->done = true;
}

/* A tick that comes twice without a yield between, because the host let the machine
 * wait, preempts one of the two, and so the other is a turn ahead.  Not often. */
#define SLACK 50

/* The partner has SLACK turns left, or so, if each yield switched to the other. */
static bool last_turns(struct partner *partner)
{
	if (partner->done)
		return false;
	for (int i = 0; i < 2 * SLACK && !partner->done; i++)
		sys_yield();
	return partner->done;
}

static void run(const struct plan *plan, struct samples *samples, enum where where)
{
	const int64_t empty = clock_empty_pair(plan->ops);
	struct partner *partner =
		partner_start(where, play, (plan->windows + 1) * plan->ops + SLACK);

	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(plan->ops, sys_yield());

		samples_add(samples, ticks - empty, 2 * plan->ops);
	}
	if (!last_turns(partner))
		bench_fail("the two did not take turns");
	partner_join(partner);
}

void yield_thread(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, SAME_SPACE);
}

void yield_space(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, OTHER_SPACE);
}

struct bench {
	const struct plan *plan;
	struct samples *samples;
};

static long run_fp(void *arg)
{
	const struct bench *bench = arg;
	const struct plan *plan = bench->plan;
	const int64_t empty = clock_empty_pair(plan->ops);
	struct partner *partner;

	if (sys_fp_on())
		bench_fail("no floating point");
	partner = partner_start(SAME_SPACE, play_fp, (plan->windows + 1) * plan->ops + SLACK);
	while (samples_wanted(bench->samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(plan->ops, {
			fp_touch();
			sys_yield();
		});

		samples_add(bench->samples, ticks - empty, 2 * plan->ops);
	}
	if (!last_turns(partner))
		bench_fail("the two did not take turns");
	partner_join(partner);
	return 0;
}

/* The instruction that touches is counted.  In an executor of its own, since
 * floating point, once on, stays. */
void yield_fp(const struct plan *plan, struct samples *samples)
{
	struct bench bench = {plan, samples};
	struct hl_exec *exec;

	if (hl_exec_spawn(&exec, run_fp, &bench) || hl_exec_join(exec, NULL))
		bench_fail("no executor with floating point");
}

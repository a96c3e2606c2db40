/* SPDX-License-Identifier: MIT
 *
 * Two executors and one hart: each yield switches to the other.
 */
#include "bench.h"
#include "clock.h"
#include "partner.h"
#include "samples.h"

static void play(struct partner *me)
{
	for (unsigned long n = me->turns; n; n--)
		sys_yield();
	me->done = true;
}

/* The partner is in its last yield, if each yield switched to the other. */
static bool last_turn(struct partner *partner)
{
	if (partner->done)
		return false;
	for (int i = 0; i < 3 && !partner->done; i++)
		sys_yield();
	return partner->done;
}

static void run(const struct plan *plan, struct samples *samples, enum where where)
{
	const int64_t empty = clock_empty_pair(plan->ops);
	struct partner *partner;

	hogs_start();
	partner = partner_start(where, play, (plan->windows + 1) * plan->ops);
	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(plan->ops, sys_yield());

		samples_add(samples, ticks - empty, 2 * plan->ops);
	}
	if (!last_turn(partner))
		bench_fail("the two did not take turns");
	partner_join(partner);
	hogs_stop();
}

void yield_thread(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, SAME_SPACE);
}

void yield_space(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, OTHER_SPACE);
}

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

static void run(const struct plan *plan, struct samples *samples, enum where where)
{
	const int64_t empty = clock_empty_pair(plan->ops);
	struct partner *partner;
	unsigned int last = 0;

	hogs_start();
	partner = partner_start(where, play, (plan->windows + 1) * plan->ops);
	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(plan->ops, sys_yield());

		samples_add(samples, ticks - empty, 2 * plan->ops);
	}

	/* It must be at its last turn: else some yields switched to nobody. */
	while (!partner->done && last < 3) {
		sys_yield();
		last++;
	}
	if (last == 0 || last == 3)
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

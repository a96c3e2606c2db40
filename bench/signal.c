/* SPDX-License-Identifier: MIT
 *
 * Two executors and one hart: each wakes the other and parks.
 */
#include "bench.h"
#include "clock.h"
#include "partner.h"
#include "samples.h"

static void play(struct partner *me)
{
	const hl_handle other = me->main;

	for (unsigned long n = me->turns; n; n--) {
		sys_park(NULL, 0);
		sys_wake(other);
	}
	me->done = true;
}

/* Forget a wake that is left of something else: the first park would be none. */
static void drop_token(void)
{
	sys_wake(HL_SELF);
	sys_park(NULL, 0);
}

/* The partner is parked before its last turn, if the two took turns. */
static bool last_turn(struct partner *partner)
{
	if (partner->done)
		return false;
	sys_wake(partner->exec);
	for (int i = 0; i < 3 && !partner->done; i++)
		sys_yield();
	return partner->done;
}

static void run(const struct plan *plan, struct samples *samples, enum where where)
{
	const int64_t empty = clock_empty_pair(plan->ops);
	struct partner *partner;
	hl_handle other;

	/* one turn more than the windows have, so that its end is in none */
	partner = partner_start(where, play, (plan->windows + 1) * plan->ops + 1);
	other = partner->exec;
	drop_token();
	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(plan->ops, {
			sys_wake(other);
			sys_park(NULL, 0);
		});

		samples_add(samples, ticks - empty, 2 * plan->ops);
	}
	if (!last_turn(partner))
		bench_fail("the two did not take turns");
	partner_join(partner);
}

void signal_thread(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, SAME_SPACE);
}

void signal_space(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, OTHER_SPACE);
}

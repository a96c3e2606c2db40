/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/sys.h>

void null_run(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = clock_empty(plan->ops);

	while (samples_wanted(samples, plan->windows))
		samples_add(samples, CLOCK_WINDOW(plan->ops, sys_yield()) - empty, plan->ops);
}

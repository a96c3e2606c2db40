/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/exec.h>

static long nothing(void *arg)
{
	return (long)arg;
}

static void start_and_join(void)
{
	struct hl_exec *exec;
	long code = -1;

	if (hl_exec_spawn(&exec, nothing, (void *)7) || hl_exec_join(exec, &code) || code != 7)
		bench_fail("no executor, or it ended with %ld", code);
}

void start_run(const struct plan *plan, struct samples *samples)
{
	const unsigned long ops = plan->ops / 10; /* each takes long */
	const int64_t empty = clock_empty(ops);

	while (samples_wanted(samples, plan->windows))
		samples_add(samples, CLOCK_WINDOW(ops, start_and_join()) - empty, ops);
}

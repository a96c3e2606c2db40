/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <pthread.h>

static void *nothing(void *arg)
{
	return arg;
}

static void create_and_join(void)
{
	pthread_t thread;
	void *value;

	if (pthread_create(&thread, NULL, nothing, &thread) || pthread_join(thread, &value) ||
	    value != &thread)
		bench_fail("no thread, or not its value");
}

void thread_run(const struct plan *plan, struct samples *samples)
{
	const unsigned long ops = plan->ops / 10; /* each takes long */
	const int64_t empty = clock_empty(ops);

	while (samples_wanted(samples, plan->windows))
		samples_add(samples, CLOCK_WINDOW(ops, create_and_join()) - empty, ops);
}

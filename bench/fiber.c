/* SPDX-License-Identifier: MIT
 *
 * Fibers of one worker, and the bare switch that they are made of.
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/context.h>
#include <hartleaf/fiber.h>

static struct hl_context here, there;

static void switch_back(void *word)
{
	for (;;)
		word = hl_context_switch(&there, &here, word);
}

void fiber_switch(const struct plan *plan, struct samples *samples)
{
	static char stack[4096] __attribute__((aligned(16)));
	const int64_t empty = clock_empty(plan->ops);

	hl_context_make(&there, stack + sizeof(stack), switch_back);
	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(plan->ops, hl_context_switch(&here, &there, NULL));

		samples_add(samples, ticks - empty, 2 * plan->ops);
	}
}

struct job {
	const struct plan *plan;
	struct samples *samples;
	bool done;
};

/* The bench is the first fiber of a run of its own. */
static void run(const struct plan *plan, struct samples *samples, long (*fn)(void *))
{
	const struct hl_fiber_attr attr = {.workers = 1};
	struct job job = {plan, samples, false};
	long code;

	if (hl_fiber_run(fn, &job, &attr, &code) || code)
		bench_fail("no fibers, or the first one failed");
}

static long yields_too(void *arg)
{
	struct job *job = arg;

	while (!job->done)
		hl_fiber_yield();
	return 0;
}

static long yields(void *arg)
{
	struct job *job = arg;
	const int64_t empty = clock_empty(job->plan->ops);

	if (hl_fiber_spawn(NULL, yields_too, job))
		return 1;
	while (samples_wanted(job->samples, job->plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(job->plan->ops, hl_fiber_yield());

		samples_add(job->samples, ticks - empty, 2 * job->plan->ops);
	}
	job->done = true;
	return 0;
}

void fiber_yield(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, yields);
}

static long give_back(void *arg)
{
	return (long)arg;
}

static void spawn_and_join(void)
{
	struct hl_fiber *fiber;
	long code = -1;

	if (hl_fiber_spawn(&fiber, give_back, (void *)7) || hl_fiber_join(fiber, &code) ||
	    code != 7)
		bench_fail("no fiber, or it ended with %ld", code);
}

static long spawns(void *arg)
{
	struct job *job = arg;
	const int64_t empty = clock_empty(job->plan->ops);

	while (samples_wanted(job->samples, job->plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(job->plan->ops, spawn_and_join());

		samples_add(job->samples, ticks - empty, job->plan->ops);
	}
	return 0;
}

void fiber_spawn(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, spawns);
}

static long room[2];
static struct hl_fiber_chan ask, answer;

static long answers(void *arg)
{
	long word;

	(void)arg;
	while (hl_fiber_recv(&ask, &word) == 0 && hl_fiber_send(&answer, &word) == 0)
		;
	return 0;
}

static long asks(void *arg)
{
	struct job *job = arg;
	const int64_t empty = clock_empty(job->plan->ops);
	long word = 0;

	ask = (struct hl_fiber_chan){.size = 8, .bytes = 8, .room = (char *)&room[0]};
	answer = (struct hl_fiber_chan){.size = 8, .bytes = 8, .room = (char *)&room[1]};
	if (hl_fiber_spawn(NULL, answers, NULL))
		return 1;
	while (samples_wanted(job->samples, job->plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(job->plan->ops, {
			hl_fiber_send(&ask, &word);
			hl_fiber_recv(&answer, &word);
		});

		samples_add(job->samples, ticks - empty, 2 * job->plan->ops);
	}
	hl_fiber_close(&ask);
	return 0;
}

void fiber_channel(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, asks);
}

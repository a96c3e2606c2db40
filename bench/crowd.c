/* SPDX-License-Identifier: MIT
 *
 * Many executors that yield on one hart.  It takes longer than one goes round: the
 * hart's own queue holds 127, the rest are in the global one, and each tick brings
 * some in for others.  So a window is as many yields as come in about one tick,
 * whosever they are: the count is shared, and who makes the last reads the clock.
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/exec.h>
#include <stdatomic.h>

#define MEMBERS_MAX 1000
#define WINDOW      100000 /* yields */
#define WINDOWS     21

static struct member {
	struct hl_exec *exec;
	unsigned long turns;
} members[MEMBERS_MAX];

static atomic_bool begun;
static volatile unsigned long left; /* one hart, and who yields isn't preempted */
static struct samples *results;
static int64_t empty;
static uint64_t window_begin;

static bool next_window(void)
{
	const uint64_t now = clock_now();

	if (!results) {
		empty = (int64_t)(now - window_begin);
		left = 1;
		return false;
	}
	if (samples_wanted(results, WINDOWS))
		samples_add(results, (int64_t)(now - window_begin) - empty, WINDOW);
	if (!samples_wanted(results, WINDOWS)) {
		left = 1; /* all the others come here, too */
		return false;
	}
	left = WINDOW;
	window_begin = clock_now();
	return true;
}

/* Inlined with yield and without. */
static inline __attribute__((always_inline)) unsigned long take_turns(bool yields)
{
	unsigned long turns = 0;

	do {
		unsigned long now_left = left - 1;

		left = now_left;
		if (now_left == 0 && !next_window())
			break;
		turns++;
		if (yields)
			sys_yield();
	} while (true);
	return turns;
}

static long work(void *arg)
{
	struct member *me = arg;

	while (!begun)
		sys_yield();
	me->turns = take_turns(true);
	return 0;
}

static void measure_empty(void)
{
	results = NULL;
	left = WINDOW;
	window_begin = clock_now();
	take_turns(false);
}

static void run(struct samples *samples, unsigned int count)
{
	/* not watched: nobody stops them, and it saves the warden's looks */
	const struct hl_exec_attr attr = {.stack_pages = 1, .flags = HL_EXEC_UNWATCHED};

	if (hl_info()->harts != 1)
		bench_fail("is for one hart");
	measure_empty();
	results = samples;
	begun = false;
	for (unsigned int i = 0; i < count; i++)
		if (hl_exec_create(&members[i].exec, work, &members[i], &attr) ||
		    hl_exec_start(members[i].exec))
			bench_fail("no executor %u of %u", i + 1, count);
	left = WINDOW;
	window_begin = clock_now();
	begun = true;
	for (unsigned int i = 0; i < count; i++) {
		hl_exec_join(members[i].exec, NULL);
		if (!members[i].turns)
			bench_fail("executor %u of %u had no turn", i + 1, count);
	}
}

void yield_64(const struct plan *plan, struct samples *samples)
{
	(void)plan;
	run(samples, 64);
}

void yield_1000(const struct plan *plan, struct samples *samples)
{
	(void)plan;
	run(samples, 1000);
}

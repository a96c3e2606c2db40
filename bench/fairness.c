/* SPDX-License-Identifier: MIT
 *
 * Executors that spin and never call count what they get done between the same two
 * times, 100 slices apart.  Jain's index of the counts x of n executors, (sum of
 * x)^2 / (n * sum of x^2), is 1 if they are equal and 1/n if one has it all.
 */
#include "bench.h"
#include "samples.h"

#include <hartleaf/exec.h>
#include <hartleaf/time.h>

#define RUNS        3
#define SLICES      100
#define SETTLE      20 /* slices, until each has found its hart */
#define MEMBERS_MAX (4 * INFO_HARTS_LIMIT)

static struct member {
	struct hl_exec *exec;
	uint64_t begin;
	uint64_t end;
	uint64_t count;
} members[MEMBERS_MAX];

static long spin(void *arg)
{
	struct member *me = arg;
	uint64_t count = 0;

	while (hl_time() < me->begin)
		;
	while (hl_time() < me->end)
		count++;
	me->count = count;
	return 0;
}

static int64_t jain(unsigned int n)
{
	unsigned __int128 sum = 0, squares = 0;

	for (unsigned int i = 0; i < n; i++) {
		sum += members[i].count;
		squares += (unsigned __int128)members[i].count * members[i].count;
	}
	return squares ? (int64_t)(10000 * sum * sum / (n * squares)) : 0;
}

static int64_t run_once(unsigned int n)
{
	const uint64_t slice = hl_ticks_of_ns(hl_info()->slice_ns);
	const uint64_t begin = hl_time() + SETTLE * slice;

	for (unsigned int i = 0; i < n; i++) {
		members[i].begin = begin;
		members[i].end = begin + SLICES * slice;
		members[i].count = 0;
		if (hl_exec_spawn(&members[i].exec, spin, &members[i]))
			bench_fail("no executor %u of %u", i + 1, n);
	}
	for (unsigned int i = 0; i < n; i++)
		hl_exec_join(members[i].exec, NULL);
	return jain(n);
}

void fairness_run(const struct plan *plan, struct samples *samples)
{
	const unsigned int harts = hl_info()->harts;

	(void)plan;
	if (!hl_info()->slice_ns)
		bench_fail("there are no slices");
	for (int i = 0; i < RUNS; i++)
		samples_add_index(samples, run_once(harts == 1 ? 8 : 4 * harts));
}

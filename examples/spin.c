/* SPDX-License-Identifier: MIT
 *
 * Executors that spin and never call: bound to one hart, they share it in slices, and
 * main, which only sleeps, gets its turns wherever it is.  Run it with
 *
 *	ci/boot -n 2 build/examples/spin
 *
 * or on one hart, or with `--append hartleaf.slice_us=1000`.
 *
 * Exit status 0 if every one of them ran.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <hartleaf/exec.h>
#include <hartleaf/time.h>

#define SPINNERS  3
#define REPORTS   5
#define REPORT_NS 100000000u

static _Atomic uint64_t turns[SPINNERS];
static atomic_bool over;

static long spin(void *arg)
{
	_Atomic uint64_t *mine = arg;

	while (!atomic_load_explicit(&over, memory_order_relaxed))
		atomic_fetch_add_explicit(mine, 1, memory_order_relaxed);
	return 0;
}

/* What each has counted, in percent.  False if one hasn't begun. */
static bool report(unsigned n)
{
	uint64_t count[SPINNERS], sum = 0;
	bool all = true;

	for (unsigned i = 0; i < SPINNERS; i++) {
		count[i] = turns[i];
		sum += count[i];
		all = all && count[i] > 0;
	}
	printf("%u00 ms:", n);
	for (unsigned i = 0; i < SPINNERS && sum > 0; i++)
		printf(" %3llu%%", (unsigned long long)(count[i] * 100 / sum));
	printf("\n");
	return all;
}

int main(void)
{
	const struct info *info = hl_info();
	const struct hl_exec_attr attr = {.flags = HL_EXEC_BOUND, .hart = info->harts - 1};
	const uint64_t period = hl_ticks_of_ns(REPORT_NS);
	struct hl_exec *e[SPINNERS];
	uint64_t deadline;
	bool all = false;

	printf("spin: %d on hart %u, slices of %llu us\n", SPINNERS, attr.hart,
	       (unsigned long long)(info->slice_ns / 1000));
	for (unsigned i = 0; i < SPINNERS; i++) {
		int error = hl_exec_create(&e[i], spin, (void *)&turns[i], &attr);

		if (error == 0)
			error = hl_exec_start(e[i]);
		if (error) {
			printf("spin: can't make an executor: error %d\n", error);
			return 1;
		}
	}
	deadline = hl_time();
	for (unsigned n = 1; n <= REPORTS || !all; n++) {
		deadline += period;
		hl_sleep_until(deadline);
		all = report(n);
	}
	over = true;
	for (unsigned i = 0; i < SPINNERS; i++) {
		const struct executor *x = hl_exec_view(e[i]);

		printf("spin: %u had %llu ms, was preempted %llu times\n", i,
		       x ? (unsigned long long)(hl_ns_of_ticks(x->time) / 1000000) : 0,
		       x ? (unsigned long long)x->preempted : 0);
		hl_exec_join(e[i], NULL);
	}
	return 0;
}

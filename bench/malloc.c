/* SPDX-License-Identifier: MIT
 *
 * malloc and free of blocks of 64 bytes, some at a time, or of one large block after the other, by one
 * executor or several.  What it costs to make and join these is subtracted.
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/exec.h>
#include <stdlib.h>

#define BATCH 32
#define MOST  16 /* executors */

static long work(void *arg)
{
	void *blocks[BATCH];

	for (unsigned long left = (unsigned long)arg; left > 0; left--) {
		for (int i = 0; i < BATCH; i++)
			if (!(blocks[i] = malloc(64)))
				bench_fail("no memory");
		for (int i = 0; i < BATCH; i++)
			free(blocks[i]);
	}
	return 0;
}

/* Of sizes that no two can have the same block of, so some come from what all share. */
static long work_large(void *arg)
{
	static const size_t sizes[] = {270000, 20000, 4ul << 20, 1ul << 20};
	unsigned long left = (unsigned long)arg * BATCH;

	while (left-- > 0) {
		char *block = malloc(sizes[left % 4]);

		if (!block)
			bench_fail("no memory");
		*(volatile char *)block = 1;
		free(block);
	}
	return 0;
}

static int64_t run(long (*work)(void *), unsigned long crowd, unsigned long batches)
{
	struct hl_exec *e[MOST];
	uint64_t begin = clock_now();

	for (unsigned long i = 0; i < crowd; i++)
		if (hl_exec_spawn(&e[i], work, (void *)batches) < 0)
			bench_fail("no executor");
	for (unsigned long i = 0; i < crowd; i++)
		hl_exec_join(e[i], NULL);
	return (int64_t)(clock_now() - begin);
}

static void measure(const struct plan *plan, struct samples *samples, long (*work)(void *))
{
	const unsigned long crowd = plan->size <= MOST ? plan->size : MOST;
	const unsigned long batches = plan->ops / crowd / BATCH + 1;
	int64_t empty = INT64_MAX;

	for (int i = 0; i < 8; i++) {
		int64_t once = run(work, crowd, 0);

		empty = once < empty ? once : empty;
	}
	run(work, crowd, batches); /* heaps and slabs are there then */
	while (samples_wanted(samples, plan->windows))
		samples_add(samples, run(work, crowd, batches) - empty, batches * crowd * BATCH);
}

void malloc_run(const struct plan *plan, struct samples *samples)
{
	measure(plan, samples, work);
}

void malloc_large_run(const struct plan *plan, struct samples *samples)
{
	measure(plan, samples, work_large);
}

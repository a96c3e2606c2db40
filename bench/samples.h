/* SPDX-License-Identifier: MIT
 *
 * The figures of one bench: one sample a window.
 */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

#define SAMPLES_MAX 501

struct samples {
	bool warm;
	bool index; /* samples_add_index is used */
	unsigned int count;
	/* of those with CLOCK_WINDOW: the clock with all that is in the window, and without */
	unsigned long operations;
	int64_t window_ticks, ticks;
	int64_t value[SAMPLES_MAX]; /* per operation: 1/100 insn, or ps; index: 1/10000 */
};

void samples_clear(struct samples *samples);

/* True until there are `windows` of them: the head of the loop that measures.
 * The first window comes on top: it warms up, and samples_add drops it. */
static inline bool samples_wanted(const struct samples *samples, unsigned int windows)
{
	return samples->count < windows;
}

/* One window, in which `operations` took `ticks` of the clock without what is
 * to be subtracted. */
void samples_add(struct samples *samples, int64_t ticks, unsigned long operations);

/* One figure that isn't a time; it is not dropped. */
void samples_add_index(struct samples *samples, int64_t ten_thousandths);

/* Prints `samples,BENCH,MODE,HARTS,UNIT,VALUES`, if there are samples: all of them,
 * sorted, with a space between; VALUE*TIMES for those that are equal.
 * In mode icount also `window,NAME,WINDOWS,OPERATIONS,ALL,TICKS`: ALL is what the
 * plugin is to find between its marks, TICKS what of it is not to be subtracted. */
void samples_print(struct samples *samples, const char *bench);

#endif

/* SPDX-License-Identifier: MIT */
#include "samples.h"

#include "bench.h"
#include "clock.h"

#include <hartleaf/rt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void samples_clear(struct samples *samples)
{
	samples->warm = false;
	samples->index = false;
	samples->count = 0;
	samples->operations = 0;
	samples->window_ticks = 0;
	samples->ticks = 0;
}

static void add(struct samples *samples, int64_t value)
{
	if (samples->count == SAMPLES_MAX)
		bench_fail("more than %d windows", SAMPLES_MAX);
	samples->value[samples->count++] = value;
}

void samples_add(struct samples *samples, int64_t ticks, unsigned long operations)
{
	int64_t scale = 100;
	int64_t ops = (int64_t)operations;
	int64_t window = clock_window;

	clock_window = 0;
	if (!samples->warm) {
		samples->warm = true;
		return;
	}
	if (clock_mode == WALL)
		scale = (int64_t)(1000000000000 / hl_info()->timebase);
	if (ticks < 0) /* less than what the clock can tell */
		ticks = 0;
	add(samples, (ticks * scale + ops / 2) / ops);
	if (window) {
		asm volatile(MARK(MARK_KEEP));
		samples->operations += operations;
		samples->window_ticks += window - CLOCK_MARKED;
		samples->ticks += ticks;
	}
}

void samples_add_index(struct samples *samples, int64_t ten_thousandths)
{
	samples->index = true;
	add(samples, ten_thousandths);
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* In what the line says is the unit; at most as many digits as are known. */
static void print_value(const struct samples *samples, int64_t value)
{
	if (samples->index)
		printf("%" PRId64 ".%04" PRId64, value / 10000, value % 10000);
	else if (clock_mode == WALL)
		printf("%" PRId64, (value + 500) / 1000);
	else if (value % 100 == 0)
		printf("%" PRId64, value / 100);
	else if (value % 10 == 0)
		printf("%" PRId64 ".%" PRId64, value / 100, value % 100 / 10);
	else
		printf("%" PRId64 ".%02" PRId64, value / 100, value % 100);
}

void samples_print(struct samples *samples, const char *bench)
{
	const char *mode = clock_mode == WALL ? "wall" : "icount";
	const char *unit = samples->index ? "jain" : clock_mode == WALL ? "ns" : "insn";

	if (!samples->count)
		return;
	qsort(samples->value, samples->count, sizeof(samples->value[0]), compare);
	printf("samples,%s,%s,%u,%s,", bench, mode, hl_info()->harts, unit);
	for (unsigned int i = 0, next; i < samples->count; i = next) {
		for (next = i + 1; next < samples->count; next++)
			if (samples->value[next] != samples->value[i])
				break;
		if (i)
			printf(" ");
		print_value(samples, samples->value[i]);
		if (next > i + 1)
			printf("*%u", next - i);
	}
	printf("\n");
	if (clock_mode == ICOUNT && samples->operations)
		printf("window,%s,%u,%lu,%" PRId64 ",%" PRId64 "\n", bench, samples->count,
		       samples->operations, samples->window_ticks, samples->ticks);
	fflush(stdout);
}

/* SPDX-License-Identifier: MIT
 *
 * Measures what the calls cost, all benches of one mode.  Started by bench/run,
 * which reads these lines: `start,NAME` before each bench, then `result,` and
 * the line for results.csv, or `fail,NAME,REASON` and the end.
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/rt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	void (*run)(const struct plan *plan, struct samples *samples);
	unsigned int modes;
} benches[] = {
#define BENCH(name, function, modes, description) {name, function, modes},
#include "benches.def"
#undef BENCH
};

/* Enough windows for a 99th percentile.  In wall mode a window is short, so that
 * most of them see no switch of QEMU's threads by the host, and long against
 * the tick of `time`, which is 100 ns there. */
static const struct plan plans[] = {
	[ICOUNT] = {.windows = 101, .ops = 1000},
	[WALL] = {.windows = 501, .ops = 200},
};

static const char *running = "none";

void bench_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("fail,%s,", running);
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	fflush(stdout);
	exit(1);
}

int main(int argc, char **argv)
{
	static struct samples samples;

	if (argc == 2 && !strcmp(argv[1], "icount")) {
		clock_mode = ICOUNT;
	} else if (argc == 2 && !strcmp(argv[1], "wall")) {
		clock_mode = WALL;
	} else {
		fprintf(stderr, "bench: one argument: icount or wall\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		if (!(benches[i].modes & clock_mode))
			continue;
		running = benches[i].name;
		printf("start,%s\n", running);
		fflush(stdout);
		samples_clear(&samples);
		benches[i].run(&plans[clock_mode], &samples);
		samples_print(&samples, running);
	}
	return 0;
}

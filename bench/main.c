/* SPDX-License-Identifier: MIT
 *
 * Measures what the calls cost, in one mode: the benches, or all those of a set, that
 * are named.  Started by bench/run, which reads these lines: `start,NAME` before each
 * bench, then `samples,` and what samples.h says, or `fail,NAME,REASON` and the end;
 * and by bench/profile, for `window,`.
 *
 * With several harts the benches run in an executor that is bound to hart 0: else a
 * sleeping hart, called up when it is woken, would take it away.
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/exec.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	void (*run)(const struct plan *plan, struct samples *samples);
	const char *set;
	unsigned int modes;
} benches[] = {
#define BENCH(name, function, set, modes, description) {name, function, set, modes},
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

static unsigned long size_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? strtoul(slash + 1, NULL, 10) : 0;
}

/* A name of a set means its benches, any other one bench. */
static bool wanted(const char *name, size_t i)
{
	return !strcmp(benches[i].set, name) || !strcmp(benches[i].name, name);
}

static long run_named(void *name)
{
	static struct samples samples;
	struct plan plan = plans[clock_mode];

	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		if (!(benches[i].modes & clock_mode) || !wanted(name, i))
			continue;
		running = benches[i].name;
		printf("start,%s\n", running);
		fflush(stdout);
		asm volatile(MARK(MARK_BENCH));
		samples_clear(&samples);
		plan.size = size_of(running);
		benches[i].run(&plan, &samples);
		samples_print(&samples, running);
	}
	return 0;
}

static void run_named_on_hart_0(char *name)
{
	const struct hl_exec_attr attr = {.flags = HL_EXEC_BOUND, .hart = 0, .stack_pages = 16};
	struct hl_exec *exec;

	if (hl_exec_create(&exec, run_named, name, &attr) || hl_exec_start(exec) ||
	    hl_exec_join(exec, NULL))
		bench_fail("no executor for hart 0");
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "icount")) {
		clock_mode = ICOUNT;
	} else if (argc > 2 && !strcmp(argv[1], "wall")) {
		clock_mode = WALL;
	} else {
		fprintf(stderr, "bench: arguments: icount or wall, names or sets of benches.def\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (hl_info()->harts > 1)
			run_named_on_hart_0(argv[i]);
		else
			run_named(argv[i]);
	}
	return 0;
}

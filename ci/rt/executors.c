/* SPDX-License-Identifier: MIT
 *
 * What rt makes executors with: harts they are bound to, floating point, the
 * arguments of main.  Boot it with hartleaf.slice_us=1000 one hartleaf. two
 */
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <hartleaf/exec.h>
#include <hartleaf/space.h>
#include <hartleaf/time.h>

#include "check.h"

#ifdef __riscv_flen
#define USES_FP 1
#else
#define USES_FP 0
#endif

#define CROWD 4
#define STEPS (USES_FP ? 400000 : 20000)

static void arguments(int argc, char **argv)
{
	CHECK(argc == 3 && !argv[3]);
	CHECK(strcmp(argv[1], "one") == 0 && strcmp(argv[2], "two") == 0);
	CHECK(hl_info()->slice_ns == 1000000);
}

static long nothing(void *arg)
{
	return (long)arg;
}

static void bound(void)
{
	struct hl_exec_attr attr = {.flags = HL_EXEC_BOUND, .hart = hl_info()->harts};
	struct hl_exec *e;
	long code;

	CHECK(hl_exec_create(&e, nothing, NULL, &attr) == -HL_EINVAL);
	while (attr.hart-- > 0) {
		CHECK(hl_exec_create(&e, nothing, (void *)5, &attr) == 0);
		CHECK(hl_exec_start(e) == 0);
		CHECK(hl_exec_view(e)->affinity == attr.hart);
		CHECK(hl_exec_join(e, &code) == 0 && code == 5);
	}
	/* the page of one that was bound serves another that isn't */
	CHECK(hl_exec_spawn(&e, nothing, NULL) == 0);
	CHECK(hl_exec_view(e)->affinity == EX_HART_ANY);
	CHECK(hl_exec_join(e, NULL) == 0);
}

/* Whatever the compiler keeps in f registers, others must not get at it. */
static double series(double first)
{
	double sum = first, term = first, sign = 1;

	for (unsigned i = 1; i < STEPS; i++) {
		sign = -sign;
		term = term * 0.9999 + first / i;
		sum = fma(sign, term, sum);
		if (i % 64 == 0)
			sys_yield();
	}
	return sum;
}

static long compute(void *arg)
{
	const double first = (double)(uintptr_t)arg / 3, once = series(first);
	char text[40];

	CHECK(once == once);
	for (unsigned i = 0; i < 3; i++)
		CHECK(series(first) == once);
	snprintf(text, sizeof(text), "%.3f", first);
	CHECK(strncmp(text, "0.333", 5) == 0 || (uintptr_t)arg != 1);
	CHECK(strlen(text) >= 5);
	return 0;
}

static void computing(void)
{
	struct hl_exec *e[CROWD];

	for (uint64_t i = 0; i < CROWD; i++)
		CHECK(hl_exec_spawn(&e[i], compute, (void *)(i + 1)) == 0);
	compute((void *)(CROWD + 1));
	for (unsigned i = 0; i < CROWD; i++)
		CHECK(hl_exec_join(e[i], NULL) == 0);
}

static void computing_in_a_space(void)
{
	struct hl_space *s;
	struct hl_end end;

	CHECK(hl_space_create(&s, NULL) == 0);
	CHECK(hl_space_start(s, compute, (void *)7) == 0);
	compute((void *)8);
	CHECK(hl_space_wait(s, &end) == 0);
	CHECK(end.how == TELL_ENDED && end.code == 0);
	hl_space_destroy(s);
}

static atomic_bool seen;

static long wait_seen(void *arg)
{
	(void)arg;
	while (!seen)
		sys_yield();
	return 0;
}

/* What was built for floating point has it, and nobody else pays for it. */
static void who_has_it(void)
{
	struct hl_exec *e;

	CHECK(hl_exec_spawn(&e, wait_seen, NULL) == 0);
	CHECK(!(hl_exec_view(e)->state & EX_FP) == !USES_FP);
	seen = true;
	CHECK(hl_exec_join(e, NULL) == 0);
}

int main(int argc, char **argv)
{
	arguments(argc, argv);
	bound();
	who_has_it();
	computing();
	computing_in_a_space();
	printf("executors: all as it should be\n");
	return 0;
}

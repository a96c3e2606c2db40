/* SPDX-License-Identifier: MIT
 *
 * The runner: see test.h.  main() runs the cases whose names contain one of
 * the arguments, or all.  An argument with a = is a setting instead.
 */
#include "test.h"
#include "kit.h"

#include <hartleaf/sys.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct test_case *const __start_test_cases[];
extern const struct test_case *const __stop_test_cases[];

enum { NONE, WRITING, WRITTEN };

/* The first failure of a case, by whichever executor. */
static struct {
	int state;
	bool has_values;
	int line;
	const char *file;
	const char *expr;
	uint64_t got;
	uint64_t want;
} failure;

static struct {
	const char *what;
	uint64_t number;
} note;

static jmp_buf escape;
static void *runner_tp;

static void *thread_pointer(void)
{
	void *tp;

	__asm__("mv %0, tp" : "=r"(tp));
	return tp;
}

uint64_t test_time(void)
{
	uint64_t time;

	__asm__ volatile("rdtime %0" : "=r"(time));
	return time;
}

unsigned harts(void)
{
	return INFO->harts;
}

unsigned rounds(unsigned n)
{
	return harts() <= 2 ? n : harts() <= 4 ? n / 4 + 1 : n / 16 + 1;
}

void test_note(const char *what, uint64_t number)
{
	note.what = what;
	note.number = number;
}

static _Noreturn void leave(void)
{
	if (thread_pointer() == runner_tp)
		longjmp(escape, 1);
	for (;;)
		stop(0, WORKER_FAILED);
}

static _Noreturn void fail(const char *file, int line, const char *expr, bool has_values,
			   uint64_t got, uint64_t want)
{
	int none = NONE;

	if (__atomic_compare_exchange_n(&failure.state, &none, WRITING, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED)) {
		failure.file = file;
		failure.line = line;
		failure.expr = expr;
		failure.has_values = has_values;
		failure.got = got;
		failure.want = want;
		__atomic_store_n(&failure.state, WRITTEN, __ATOMIC_RELEASE);
	}
	leave();
}

void test_fail(const char *file, int line, const char *expr)
{
	fail(file, line, expr, false, 0, 0);
}

void test_fail_eq(const char *file, int line, const char *expr, uint64_t got, uint64_t want)
{
	fail(file, line, expr, true, got, want);
}

void test_wait(uint64_t since, const char *file, int line, const char *expr)
{
	if (__atomic_load_n(&failure.state, __ATOMIC_ACQUIRE) != NONE)
		leave();
	if (test_time() - since > PATIENCE * INFO->timebase) {
		test_note("waited for it in vain; seconds", PATIENCE);
		test_fail(file, line, expr);
	}
	/* The queue is for those who have something to do. */
	for (unsigned i = 0; harts() > 1 && i < 1000; i++)
		__asm__ volatile("");
	yield();
}

/* Number as a person would write it: errors are small and negative. */
static void print_value(uint64_t value)
{
	if (value + 4096 < 8192)
		printf("%ld", (long)value);
	else
		printf("0x%lx", value);
}

static void print_failure(const char *name)
{
	while (__atomic_load_n(&failure.state, __ATOMIC_ACQUIRE) == WRITING)
		yield();
	printf("not ok %s: %s:%d %s", name, failure.file, failure.line, failure.expr);
	if (failure.has_values) {
		printf(" (got ");
		print_value(failure.got);
		printf(", want ");
		print_value(failure.want);
		printf(")");
	}
	if (note.what)
		printf(" [%s 0x%lx]", note.what, note.number);
	printf("\n");
}

/* Call fn; true unless a check failed. */
static bool guarded(void (*fn)(void))
{
	failure.state = NONE;
	if (setjmp(escape) == 0) {
		fn();
		if (__atomic_load_n(&failure.state, __ATOMIC_ACQUIRE) == NONE)
			return true;
	}
	return false;
}

static bool run_case(const struct test_case *c)
{
	uint64_t before = INFO->free_pages;
	bool ok;

	note.what = NULL;
	ok = guarded(c->run);
	if (!ok) {
		print_failure(c->name);
		kit_report();
	}
	note.what = NULL;
	if (!guarded(kit_reset)) {
		print_failure(c->name);
		printf("can't clean up after it, giving up\n");
		exit(1);
	}
	if (!frames_settle(before)) {
		printf("not ok %s: %lu free frames before, %lu after\n", c->name, before,
		       INFO->free_pages);
		return false;
	}
	if (ok)
		printf("ok %s\n", c->name);
	return ok;
}

static uint64_t at_start, staying;

/* The kit goes, too, and what is free is all budget of the first VAS, which nothing else is
 * left to have: it can be moved to another one, and comes back. */
static void end(void)
{
	const uint64_t last = CAPS;

	staying = kit_end();
	CHECK_FRAMES(at_start - staying);
	CHECK_EQ(vas_new(last, INFO->free_pages), -HL_ENOMEM);
	CHECK_EQ(vas_new(last, INFO->free_pages - 1), 1);
	vas_stop(last);
	CHECK_EQ(unmap(0, last, 1), 1);
	CHECK_FRAMES(at_start - staying);
}

/* All cases together: nothing may be missing, nor be back that was never taken. */
static bool all_is_back(void)
{
	note.what = NULL;
	if (guarded(end)) {
		/* And nothing more comes. */
		for (int i = 0; i < 1000; i++) {
			stop(pool[0].handle, 0);
			yield();
		}
		if (INFO->free_pages == at_start - staying)
			return true;
	} else {
		print_failure("at the end");
	}
	printf("not ok at the end: %lu free frames at the start, %lu now, %lu stay\n", at_start,
	       INFO->free_pages, staying);
	return false;
}

static int args_n;
static char **args;

uint64_t test_setting(const char *name, uint64_t otherwise)
{
	size_t length = strlen(name);

	for (int i = 1; i < args_n; i++)
		if (strncmp(args[i], name, length) == 0 && args[i][length] == '=')
			return strtoul(args[i] + length + 1, NULL, 10);
	return otherwise;
}

static bool chosen(const char *name)
{
	bool all = true;

	for (int i = 1; i < args_n; i++) {
		if (strchr(args[i], '='))
			continue;
		if (strstr(name, args[i]))
			return true;
		all = false;
	}
	return all;
}

int main(int argc, char **argv)
{
	unsigned good = 0, bad = 0, skipped = 0;

	args_n = argc;
	args = argv;
	runner_tp = thread_pointer();
	printf("%u harts\n", harts());
	at_start = INFO->free_pages;
	if (!guarded(kit_init)) {
		print_failure("kit_init");
		return 1;
	}
	for (const struct test_case *const *c = __start_test_cases; c < __stop_test_cases; c++) {
		if (!chosen((*c)->name))
			continue;
		if (harts() < (*c)->min_harts || harts() > (*c)->max_harts) {
			printf("skip %s: not with this number of harts\n", (*c)->name);
			skipped++;
		} else if (run_case(*c)) {
			good++;
		} else {
			bad++;
		}
	}
	if (!all_is_back())
		bad++;
	printf("%u ok, %u not ok, %u skipped\n", good, bad, skipped);
	/* Not by exit, which ends the machine by its own device: the kernel is to end it,
	 * and may have something to say about itself. */
	fflush(stdout);
	sys_stop_own_vas(bad || !good);
}

/* SPDX-License-Identifier: MIT
 *
 * What test.h promises, for the fuzzer, and what it says when something is wrong: who saw it,
 * and the last calls of everybody.
 */
#include <stdio.h>

#include "fuzz.h"

enum { NONE, WRITING, WRITTEN };

static struct {
	int state;
	bool has_values;
	int line;
	const char *file, *expr;
	uint64_t got, want;
} failure;

static uint64_t seed;
static void *main_tp;

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

static void print_words(const struct words *w)
{
	static const char *const names[] = {"yield", "park", "wake", "start", "map", "stop"};
	uint64_t number = w->a[7] & 0xff;

	printf("%s|%lx", number <= CALL_STOP ? names[number] : "?", w->a[7] - number);
	for (int i = 0; i < 7; i++)
		printf(" %lx", w->a[i]);
	printf(" t0=%lx", w->t0);
}

static void print_fuzzer(const struct fuzzer *f, const volatile struct executor *ex)
{
	printf("executor %lu, fp %d, mates %lx, calls %lu, touched %lx", f->number, f->fp, f->mates,
	       f->made, f->touched);
	if (ex != NULL)
		printf(": state %lx pc %lx scause %lx stval %lx", ex->state, ex->pc, ex->scause,
		       ex->stval);
	printf("\n");
	if (f->failed != NULL)
		printf("not ok: %s: got %lx, want %lx\n", f->failed, f->got, f->want);
	for (uint64_t i = f->made < RING ? 0 : f->made - RING; i < f->made; i++) {
		printf("  ");
		print_words(&f->ring[i % RING].words);
		printf(" = %ld\n", (long)f->ring[i % RING].result);
	}
}

static _Noreturn void report(void)
{
	while (__atomic_load_n(&failure.state, __ATOMIC_ACQUIRE) == WRITING)
		sys_yield();
	if (failure.state == WRITTEN) {
		printf("not ok fuzz: %s:%d %s", failure.file, failure.line, failure.expr);
		if (failure.has_values)
			printf(" (got 0x%lx, want 0x%lx)", failure.got, failure.want);
		printf("\n");
	}
	printf("seed=%lu, round %lu, time %lu\n", seed, round_number, test_time());
	for (unsigned i = 0; i < FUZZERS; i++)
		if (fuzzers[i].made != 0)
			print_fuzzer(&fuzzers[i], i < fuzzers_n ? fuzz_view(SUP_VIEW(i)) : NULL);
	print_fuzzer(&fuzzers[CANARY], NULL);
	fflush(stdout);
	sys_stop(BOOT_SELF_VA, 1);
	for (;;)
		sys_park(NULL, 0);
}

void report_failed(void)
{
	bool bad = __atomic_load_n(&failure.state, __ATOMIC_ACQUIRE) != NONE;

	for (unsigned i = 0; i <= CANARY; i++)
		bad |= __atomic_load_n(&fuzzers[i].failed, __ATOMIC_ACQUIRE) != NULL;
	if (bad)
		report();
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
	if (thread_pointer() == main_tp)
		report();
	for (;;)
		sys_park(NULL, 0);
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
	report_failed();
	if (test_time() - since > PATIENCE * INFO->timebase)
		test_fail(file, line, expr);
	/* The processors are for those who have something to do. */
	sys_park_until(NULL, 0, test_time() + INFO->timebase / 10000);
}

void report_init(uint64_t its_seed)
{
	seed = its_seed;
	main_tp = thread_pointer();
}

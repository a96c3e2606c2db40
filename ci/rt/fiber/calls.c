/* SPDX-License-Identifier: MIT
 *
 * What fibers are made with: runs, spawn, join, exit, yield; where they run, that workers
 * without work sleep, and that all memory comes back.
 */
#include <hartleaf/exec.h>
#include <hartleaf/fiber.h>
#include <hartleaf/space.h>
#include <stdatomic.h>
#include <stdint.h>

#include "check.h"
#include "worker.h"

static unsigned harts;

static long give_back(void *arg)
{
	return (long)arg;
}

static _Atomic unsigned ended;

static long ends_late(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++)
		hl_fiber_yield();
	atomic_fetch_add(&ended, 1);
	hl_fiber_exit(1);
}

static long ends_later(void *arg)
{
	(void)arg;
	hl_fiber_sleep_ns(3000000);
	atomic_fetch_add(&ended, 1);
	return 0;
}

static long run_errors(void *arg)
{
	long code;

	CHECK(arg == &harts);
	CHECK(hl_fiber_run(give_back, NULL, NULL, &code) == -HL_EINVAL);
	for (int i = 0; i < 10; i++)
		CHECK(hl_fiber_spawn(NULL, ends_late, NULL) == 0);
	CHECK(hl_fiber_spawn(NULL, ends_later, NULL) == 0);
	return 77;
}

static void a_run_ends_with_its_last_fiber(void)
{
	struct hl_fiber_attr attr = {.workers = HL_FIBER_WORKERS_MAX + 1};
	long code = 0;

	CHECK(hl_fiber_self() == NULL);
	CHECK(hl_fiber_spawn(NULL, give_back, NULL) == -HL_EINVAL);
	CHECK(hl_fiber_run(NULL, NULL, NULL, &code) == -HL_EINVAL);
	CHECK(hl_fiber_run(give_back, NULL, &attr, &code) == -HL_EINVAL);
	attr = (struct hl_fiber_attr){.stack_pages = 501};
	CHECK(hl_fiber_run(give_back, NULL, &attr, &code) == -HL_EINVAL);
	CHECK(hl_fiber_run(run_errors, &harts, NULL, &code) == 0 && code == 77);
	CHECK(ended == 11);
	CHECK(hl_fiber_run(give_back, NULL, NULL, NULL) == 0);
}

static long waits_for_flag(void *arg)
{
	while (!atomic_load((_Atomic bool *)arg))
		hl_fiber_yield();
	return 0;
}

static long another_run(void *arg)
{
	return hl_fiber_run(waits_for_flag, arg, NULL, NULL);
}

static long starts_another(void *flag)
{
	struct hl_exec *e;
	long code;

	CHECK(hl_exec_spawn(&e, another_run, flag) == 0);
	CHECK(hl_exec_join(e, &code) == 0 && code == -HL_EBUSY);
	return 0;
}

static long join_one(void *f)
{
	return hl_fiber_join(f, NULL);
}

static long joins(void *arg)
{
	_Atomic bool flag = false;
	struct hl_fiber *f, *other;
	long code;

	(void)arg;
	CHECK(hl_fiber_join(hl_fiber_self(), NULL) == -HL_EINVAL);
	CHECK(hl_fiber_spawn(&f, NULL, NULL) == -HL_EINVAL);
	/* before its end and after it */
	CHECK(hl_fiber_spawn(&f, give_back, (void *)-5) == 0);
	CHECK(hl_fiber_join(f, &code) == 0 && code == -5);
	CHECK(hl_fiber_spawn(&f, ends_late, NULL) == 0);
	while (atomic_load(&f->join) != JOIN_DONE)
		hl_fiber_yield();
	CHECK(hl_fiber_join(f, &code) == 0 && code == 1);
	/* by two */
	CHECK(hl_fiber_spawn(&f, waits_for_flag, &flag) == 0);
	CHECK(hl_fiber_spawn(&other, join_one, f) == 0);
	while (atomic_load(&f->join) == JOIN_NOBODY)
		hl_fiber_yield();
	CHECK(hl_fiber_join(f, NULL) == -HL_EBUSY && hl_fiber_detach(f) == -HL_EBUSY);
	flag = true;
	CHECK(hl_fiber_join(other, &code) == 0 && code == 0);
	/* by nobody, before its end and after it */
	flag = false;
	CHECK(hl_fiber_spawn(&f, waits_for_flag, &flag) == 0);
	CHECK(hl_fiber_detach(f) == 0 && hl_fiber_join(f, NULL) == -HL_EBUSY);
	flag = true;
	CHECK(hl_fiber_spawn(&f, give_back, NULL) == 0);
	while (atomic_load(&f->join) != JOIN_DONE)
		hl_fiber_yield();
	CHECK(hl_fiber_detach(f) == 0);
	flag = false;
	starts_another(&flag);
	return 0;
}

static unsigned turns[3];

static long takes_turns(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;

	for (unsigned i = 1; i <= 1000; i++) {
		turns[me] = i;
		hl_fiber_yield();
		/* all others had theirs since, and not two */
		for (unsigned k = 0; k < 3; k++)
			CHECK(turns[k] == i || turns[k] == i + (k < me));
	}
	return 0;
}

static long in_turn(void *arg)
{
	(void)arg;
	for (uintptr_t i = 0; i < 3; i++)
		CHECK(hl_fiber_spawn(NULL, takes_turns, (void *)i) == 0);
	return 0;
}

/* Each spins until all have begun: nobody but a thief can help. */
static _Atomic unsigned begun;

static long begins(void *arg)
{
	(void)arg;
	atomic_fetch_add(&begun, 1);
	while (atomic_load(&begun) < harts)
		;
	return 0;
}

static long on_all_harts(void *arg)
{
	begun = 0;
	for (unsigned i = 1; i < harts; i++)
		CHECK(hl_fiber_spawn(NULL, begins, NULL) == 0);
	return begins(arg);
}

static unsigned parked(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < rt_fibers.workers; i++) {
		const struct executor *view = hl_exec_view(rt_fibers.worker[i].exec);

		CHECK(view);
		n += (*(const volatile uint64_t *)&view->state & EX_LIFE) == EX_PARKED;
	}
	return n;
}

/* The same when all other workers have gone to sleep, with a deadline and without. */
static long after_a_sleep(void *arg)
{
	hl_fiber_sleep_ns(3000000);
	return on_all_harts(arg);
}

static long others_asleep(void *arg)
{
	for (int i = 0; i < 10; i++) {
		while (parked() < harts - 1)
			;
		on_all_harts(arg);
	}
	return 0;
}

/* An executor beside them sees all workers parked at once, time and again. */
static _Atomic bool seen_asleep;

static long watches(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		while (parked() < harts)
			hl_sleep_ns(100000);
		hl_sleep_ns(1000000);
	}
	seen_asleep = true;
	return 0;
}

static long sleeps(void *arg)
{
	struct hl_exec *e;

	(void)arg;
	seen_asleep = false;
	CHECK(hl_exec_spawn(&e, watches, NULL) == 0);
	while (!atomic_load(&seen_asleep))
		hl_fiber_sleep_ns(2000000);
	CHECK(hl_exec_join(e, NULL) == 0);
	return 0;
}

/* The end of one and the join by another at about the same time, on two harts. */
static long spins(void *arg)
{
	atomic_fetch_add(&begun, 1);
	for (volatile int i = 300; i > 0; i--)
		;
	return (long)arg;
}

static long join_races(void *arg)
{
	struct hl_fiber *f;
	long code;

	(void)arg;
	begun = 0;
	for (unsigned i = 1; harts > 1 && i <= 5000; i++) {
		CHECK(hl_fiber_spawn(&f, spins, (void *)(uintptr_t)i) == 0);
		while (atomic_load(&begun) < i)
			;
		for (volatile unsigned n = i % 600; n > 0; n--)
			;
		CHECK(hl_fiber_join(f, &code) == 0 && code == i);
	}
	return 0;
}

#define CROWD 70

static long crowd(void *arg)
{
	struct hl_fiber *f[CROWD];
	long code, sum = 0;

	(void)arg;
	for (long i = 0; i < CROWD; i++)
		CHECK(hl_fiber_spawn(&f[i], give_back, (void *)i) == 0);
	for (long i = 0; i < CROWD; i++) {
		CHECK(hl_fiber_join(f[i], &code) == 0);
		sum += code;
	}
	CHECK(sum == CROWD * (CROWD - 1) / 2);
	return 0;
}

static void run(const char *name, long (*fn)(void *), unsigned workers)
{
	struct hl_fiber_attr attr = {.workers = workers};
	long code;

	printf("%s\n", name);
	CHECK(hl_fiber_run(fn, NULL, &attr, &code) == 0 && code == 0);
}

/* Were what workers keep not given back, it would be more than there is. */
static void memory_comes_back(void)
{
	struct hl_fiber_attr attr = {.stack_pages = 64};

	printf("memory\n");
	for (int i = 0; i < 20; i++)
		CHECK(hl_fiber_run(crowd, NULL, &attr, NULL) == 0);
}

int main(void)
{
	harts = hl_info()->harts;
	a_run_ends_with_its_last_fiber();
	run("joins", joins, 0);
	run("in turn", in_turn, 1);
	run("on all harts", on_all_harts, 0);
	for (int i = 0; i < 20; i++)
		CHECK(hl_fiber_run(on_all_harts, NULL, NULL, NULL) == 0);
	run("after a sleep", after_a_sleep, 0);
	run("others asleep", others_asleep, 0);
	run("all asleep", sleeps, 0);
	run("join races", join_races, 0);
	run("more workers than harts", crowd, 2 * harts);
	memory_comes_back();
	printf("calls: all as it should be\n");
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * What test.h promises, for the soak: the first failure ends it, and all are shown.
 * Who has steps must make some, and counters in views only rise.
 */
#include <stdio.h>
#include <stdlib.h>

#include "soak.h"

/* Seconds without a step that count as a hang. */
#define PATIENCE 150
#define GLANCES  16 /* actors looked at each time */

enum { NONE, WRITING, WRITTEN };

static struct {
	int state;
	bool has_values;
	int line;
	const char *file;
	const char *expr;
	uint64_t got;
	uint64_t want;
	const struct actor *who;
} failure;

static struct {
	const char *what;
	uint64_t number;
} note;

static const void *main_tp;

uint64_t test_time(void)
{
	uint64_t time;

	__asm__ volatile("rdtime %0" : "=r"(time));
	return time;
}

void test_note(const char *what, uint64_t number)
{
	note.what = what;
	note.number = number;
}

static void print_actor(const struct actor *a)
{
	const volatile struct executor *v = a->view;

	printf("  %s %u: state 0x%lx pc 0x%lx steps %lu inside %lu affinity %ld", a->kind,
	       a->number, v->state, v->pc, a->steps, a->inside,
	       v->affinity == EX_HART_ANY ? -1L : (long)v->affinity);
	if (v->timer_hart != NULL)
		printf(" deadline %lu key %lu", v->deadline, v->timer_key);
	printf("\n");
}

static void print_actors(void)
{
	printf("time %lu, alive:\n", test_time());
	for (unsigned i = 0; i < actor_count; i++)
		/* Most of a herd sleeps. */
		if (life(&actors[i]) != EX_STOPPED &&
		    (life(&actors[i]) != EX_PARKED || actors[i].kind[0] != 'h'))
			print_actor(&actors[i]);
}

static _Noreturn void report(void)
{
	while (__atomic_load_n(&failure.state, __ATOMIC_ACQUIRE) == WRITING)
		sys_yield();
	printf("not ok soak: %s:%d %s", failure.file, failure.line, failure.expr);
	if (failure.has_values)
		printf(" (got 0x%lx, want 0x%lx)", failure.got, failure.want);
	if (failure.who != NULL)
		printf(" in %s %u", failure.who->kind, failure.who->number);
	if (note.what != NULL)
		printf(" [last note: %s 0x%lx]", note.what, note.number);
	printf("\n");
	print_actors();
	fflush(stdout);
	sys_stop_self(1);
}

static _Noreturn void fail(const char *file, int line, const char *expr, bool has_values,
			   uint64_t got, uint64_t want)
{
	const struct actor *a = myself();
	int none = NONE;

	if (__atomic_compare_exchange_n(&failure.state, &none, WRITING, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED)) {
		failure.file = file;
		failure.line = line;
		failure.expr = expr;
		failure.has_values = has_values;
		failure.got = got;
		failure.want = want;
		failure.who = a >= actors && a < actors + ACTORS_MAX ? a : NULL;
		__atomic_store_n(&failure.state, WRITTEN, __ATOMIC_RELEASE);
	}
	if (a == main_tp)
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

/* Main's only. */
void test_wait(uint64_t since, const char *file, int line, const char *expr)
{
	if (__atomic_load_n(&failure.state, __ATOMIC_ACQUIRE) != NONE)
		report();
	if (test_time() - since > PATIENCE * INFO->timebase) {
		test_note("waited for it in vain; seconds", PATIENCE);
		test_fail(file, line, expr);
	}
	sys_yield();
}

static void only_rises(const struct actor *a, const char *what, uint64_t *seen, uint64_t now)
{
	if (now < *seen) {
		printf("%s of %s %u: %lu, then %lu\n", what, a->kind, a->number, *seen, now);
		CHECK(!"a counter in a view fell");
	}
	*seen = now;
}

static void look_at(struct actor *a)
{
	uint64_t steps = a->steps, now = test_time();

	only_rises(a, "switches", &a->switches, a->view->switches);
	only_rises(a, "time", &a->time, a->view->time);
	only_rises(a, "preempted", &a->preempted, a->view->preempted);
	only_rises(a, "migrated", &a->migrated, a->view->migrated);
	if (!a->watched || steps != a->seen_steps) {
		a->seen_steps = steps;
		a->seen_at = now;
	} else if (now - a->seen_at > PATIENCE * INFO->timebase) {
		printf("hang:\n");
		print_actor(a);
		CHECK(!"no step for too long");
	}
}

void watch(struct random *dice)
{
	if (__atomic_load_n(&failure.state, __ATOMIC_ACQUIRE) != NONE)
		report();
	for (unsigned i = 0; i < GLANCES; i++)
		look_at(&actors[random_below(dice, actor_count)]);
}

void watch_start(void)
{
	for (unsigned i = 0; i < actor_count; i++) {
		actors[i].seen_steps = actors[i].steps;
		actors[i].seen_at = test_time();
	}
}

void watch_mark(void)
{
	for (unsigned i = 0; i < actor_count; i++)
		actors[i].marked_steps = actors[i].steps;
}

bool watch_all_moved(void)
{
	for (unsigned i = 0; i < actor_count; i++)
		if (actors[i].watched && actors[i].steps == actors[i].marked_steps)
			return false;
	return true;
}

void watch_init(void)
{
	main_tp = myself();
}

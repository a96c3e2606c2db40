/* SPDX-License-Identifier: MIT
 *
 * What the views count.  Numbers are exact where nobody's slice ended meanwhile; where
 * one did, that shows, and the experiment is done again.
 */
#include "kit.h"

static volatile uint64_t begun, done;

struct counters {
	uint64_t switches, time, preempted, migrated;
};

static struct counters count(const struct worker *w)
{
	return (struct counters){w->view->switches, w->view->time, w->view->preempted,
				 w->view->migrated};
}

static struct counters since(const struct worker *w, struct counters before)
{
	struct counters now = count(w);

	CHECK(now.switches >= before.switches);
	CHECK(now.time >= before.time);
	CHECK(now.preempted >= before.preempted);
	CHECK(now.migrated >= before.migrated);
	return (struct counters){now.switches - before.switches, now.time - before.time,
				 now.preempted - before.preempted, now.migrated - before.migrated};
}

static uint64_t slice_ticks(void)
{
	return INFO->slice_ns * INFO->timebase / 1000000000;
}

TEST(counters_begin_at_zero)
{
	struct worker *w = worker_new(space_new(100));

	CHECK_EQ(w->view->switches, 0);
	CHECK_EQ(w->view->time, 0);
	CHECK_EQ(w->view->preempted, 0);
	CHECK_EQ(w->view->migrated, 0);
	run_with(w, work_nothing, 0, ON_HART(harts() - 1));
	join(w);
	CHECK(w->view->switches >= 1);
	CHECK_EQ(w->view->migrated, 0);
}

TEST(counters_show_to_who_may_only_read)
{
	uint64_t less = slot(), seen = slot();
	const volatile struct executor *e;

	CHECK_EQ(share(0, less, pool[0].handle, 1, MAP_EXECUTOR | MAP_R), 1);
	CHECK_EQ(view(seen, less), 1);
	e = executor_of(seen);
	run(&pool[0], work_nothing, 0);
	join(&pool[0]);
	CHECK_EQ(e->switches, pool[0].view->switches);
	CHECK_EQ(e->time, pool[0].view->time);
	CHECK_EQ(protect(0, less, 1, MAP_EXECUTOR), 1);
	CHECK_EQ(view(slot(), less), -HL_EPERM);
}

/* --- switches ---------------------------------------------------------------------- */

#define YIELDS 500

static uint64_t yield_alone(uint64_t n)
{
	struct counters before = count(me());

	for (uint64_t i = 0; i < n; i++)
		yield();
	CHECK_EQ(since(me(), before).switches, 0);
	return 0;
}

/* Nothing else is ready on this hart. */
TEST_ON(a_yield_with_nobody_else_is_no_switch, 1, 1)
{
	CHECK_EQ(quietly(yield_alone, YIELDS, 0), 0);
}

static uint64_t yield_n(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		yield();
	return 0;
}

/* Two that take turns on hart 0; they are started before either runs. */
static uint64_t yield_in_pairs(uint64_t n)
{
	run_with(&pool[0], yield_n, n, ON_HART(0));
	run_with(&pool[1], yield_n, n, ON_HART(0));
	return 0;
}

TEST(each_yield_to_another_is_a_switch)
{
	struct counters a, b;

	do {
		struct counters a0 = count(&pool[0]), b0 = count(&pool[1]);
		struct counters q0 = count(&pool[POOL - 1]);

		quietly(yield_in_pairs, YIELDS, 0);
		join(&pool[0]);
		join(&pool[1]);
		a = since(&pool[0], a0);
		b = since(&pool[1], b0);
		/* The runner may have been in between, at the end. */
		if (since(&pool[POOL - 1], q0).preempted)
			a.preempted = 1;
	} while (a.preempted || b.preempted);
	/* Given the hart at first, and after each yield. */
	CHECK_EQ(a.switches, YIELDS + 1);
	CHECK_EQ(b.switches, YIELDS + 1);
}

static uint64_t park_n(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		park();
	return 0;
}

TEST(each_park_and_wake_is_a_switch)
{
	struct counters before = count(&pool[0]), now;

	run(&pool[0], park_n, 50);
	for (int i = 0; i < 50; i++) {
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(wake(pool[0].handle), 1);
	}
	join(&pool[0]);
	now = since(&pool[0], before);
	CHECK_EQ(now.switches, 51 + now.preempted);
}

static uint64_t swap_n(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		while (swap(pool[0].handle, 1, 2, 3, 4).a0 == -HL_EBUSY)
			;
	return 0;
}

static uint64_t swap_back(uint64_t arg)
{
	park();
	/* Until the other one has ended. */
	while (swap(pool[1].handle, 1, 2, 3, 4).a0 == 0)
		;
	return arg;
}

TEST(each_swap_is_a_switch)
{
	struct counters a, b;

	do {
		struct counters a0 = count(&pool[0]), b0 = count(&pool[1]);

		run_with(&pool[0], swap_back, 0, ON_HART(0));
		AWAIT(life(&pool[0]) == EX_PARKED);
		run_with(&pool[1], swap_n, 100, ON_HART(0));
		join(&pool[1]);
		a = since(&pool[0], a0);
		b = since(&pool[1], b0);
		halt(&pool[0]);
	} while (a.preempted || b.preempted);
	CHECK_EQ(b.switches, 101);
	CHECK_EQ(a.switches, 101);
}

/* --- slices ------------------------------------------------------------------------- */

#define SLICES 30

static bool had_slices(struct worker *w, uint64_t before)
{
	return w->view->preempted - before >= SLICES;
}

TEST(each_slice_that_ends_shows)
{
	struct counters before[3];

	for (unsigned i = 0; i < 3; i++) {
		before[i] = count(&pool[i]);
		run_with(&pool[i], work_spin, 0, ON_HART(harts() - 1));
	}
	for (unsigned i = 0; i < 3; i++)
		AWAIT(had_slices(&pool[i], before[i].preempted));
	for (unsigned i = 0; i < 3; i++)
		halt(&pool[i]);
	for (unsigned i = 0; i < 3; i++) {
		struct counters n = since(&pool[i], before[i]);

		/* It made no calls: a slice began each time that it was given the
		 * hart, and all but the last ended there. */
		CHECK(n.switches == n.preempted || n.switches == n.preempted + 1);
		CHECK_EQ(n.time % slice_ticks(), 0);
		CHECK(n.time >= n.preempted * slice_ticks());
	}
}

static uint64_t spin_till_done(uint64_t arg)
{
	begun = 1;
	while (!done)
		;
	return arg;
}

static uint64_t watch_one_alone(uint64_t hart)
{
	struct counters before;
	uint64_t until;

	run_with(&pool[0], spin_till_done, 4, ON_HART(hart));
	while (!begun)
		;
	/* What was to be done there is done by then, most likely; if not, it
	 * changes less each time. */
	do {
		before = count(&pool[0]);
		until = test_time() + 20 * slice_ticks();
		while (test_time() < until)
			;
	} while (since(&pool[0], before).time);
	done = 1;
	return 1;
}

/* There are no ticks where nobody waits. */
TEST_ON(one_that_has_a_hart_for_itself_is_not_charged, 2, 64)
{
	for (unsigned h = 1; h < harts(); h++) {
		begun = done = 0;
		CHECK_EQ(quietly(watch_one_alone, h, 0), 1);
		CHECK_EQ(join(&pool[0]), 4);
	}
}

/* --- harts ---------------------------------------------------------------------------- */

static uint64_t travel(uint64_t times)
{
	for (uint64_t i = 0; i < times; i++) {
		/* 4 bytes, also where there are shorter ones */
		__asm__ volatile(".option push; .option norvc; ebreak; .option pop" ::: "memory");
		yield();
	}
	return 0;
}

TEST(each_change_of_hart_shows)
{
	struct counters before;
	unsigned at = 0, changes = 0, times = 4 * harts();
	struct random dice = {3};

	run_with(&pool[0], work_nothing, 0, ON_HART(0));
	join(&pool[0]);
	before = count(&pool[0]);
	run_with(&pool[0], travel, times, 0);
	for (unsigned i = 0; i < times; i++) {
		unsigned to = random_below(&dice, harts());

		AWAIT(life(&pool[0]) == EX_FAULTED);
		CHECK_EQ(since(&pool[0], before).migrated, changes);
		CHECK_EQ(CALL(CALL_START, pool[0].handle, pool[0].view->pc + 4, 0, 0, 0,
			      START_RESUME | ON_HART(to)),
			 0);
		changes += to != at;
		at = to;
	}
	join(&pool[0]);
	CHECK_EQ(since(&pool[0], before).migrated, changes);
}

/* --- always ----------------------------------------------------------------------------- */

static uint64_t anything(uint64_t seed)
{
	struct random dice = {seed};

	while (!done) {
		switch (random_below(&dice, 4)) {
		case 0:
			yield();
			break;
		case 1:
			park_until(test_time() + random_below(&dice, 2000));
			break;
		case 2:
			wake(pool[random_below(&dice, 8)].handle);
			break;
		default:
			for (unsigned i = random_below(&dice, 30000); i; i--)
				__asm__ volatile("");
		}
	}
	return 0;
}

TEST(counters_never_go_back)
{
	struct counters last[8];

	done = 0;
	for (unsigned i = 0; i < 8; i++) {
		last[i] = count(&pool[i]);
		run(&pool[i], anything, i);
	}
	for (unsigned n = 0; n < rounds(400); n++) {
		for (unsigned i = 0; i < 8; i++) {
			since(&pool[i], last[i]);
			last[i] = count(&pool[i]);
		}
		yield();
	}
	done = 1;
	for (unsigned i = 0; i < 8; i++)
		join(&pool[i]);
}

TEST(counters_go_on_through_stops)
{
	for (int i = 0; i < 10; i++) {
		struct counters before = count(&pool[0]);

		run(&pool[0], work_park_forever, 0);
		AWAIT(life(&pool[0]) == EX_PARKED);
		halt(&pool[0]);
		CHECK(since(&pool[0], before).switches >= 1);
	}
}

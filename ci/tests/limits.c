/* SPDX-License-Identifier: MIT
 *
 * Many executors, and many deadlines; many spaces are in limits_spaces.c.
 */
#include "limits.h"

#include <stdio.h>

#define EXECUTORS 10000
#define HOMES     4 /* their spaces */
#define SLEEPERS  3000

void in_host(work *fn)
{
	uint64_t before = INFO->free_pages, vas = space_new(before - 100);
	struct worker *w = worker_new(vas);

	run(w, fn, 0);
	CHECK_EQ(join(w), 0);
	vas_stop(vas);
	kit_reset();
	CHECK_FRAMES(before);
}

static void unmap_all(uint64_t va, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i += MAP_COUNT_MAX)
		CHECK_EQ(unmap(0, va + i * PAGE_SIZE, MAP_COUNT_MAX), MAP_COUNT_MAX);
}

void let_go(uint64_t executors, uint64_t spaces)
{
	unmap_all(VASES, spaces);
	unmap_all(HANDLES, executors);
	unmap_all(VIEWS, executors);
}

static void make_tables_at(uint64_t va, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i += MAP_COUNT_MAX)
		CHECK_EQ(map_new(0, va + i * PAGE_SIZE, 1, RW), 1);
	unmap_all(va, pages);
}

void make_tables(uint64_t executors, uint64_t spaces)
{
	make_tables_at(HANDLES, executors);
	make_tables_at(VIEWS, executors);
	make_tables_at(VASES, spaces);
}

void make_executor(uint64_t vas, uint64_t i)
{
	test_note("executor", i);
	CHECK_EQ(executor_new(vas, handle(i), MAP_RIGHTS), 1);
	CHECK_EQ(view(VIEWS + i * PAGE_SIZE, handle(i)), 1);
}

/* --- executors ------------------------------------------------------------------- */

static volatile uint64_t woken[EXECUTORS];

/* No stack.  In: a0 = exit code, sp = a word that counts returns from park */
__attribute__((naked)) static void park_and_count(void)
{
	__asm__("mv s0, a0\n\t"
		"li a0, 0\n\t"
		"li a7, %0\n\t"
		"ecall\n\t"
		"ld t0, (sp)\n\t"
		"addi t0, t0, 1\n\t"
		"sd t0, (sp)\n\t"
		"mv a1, s0\n\t"
		"li a0, 0\n\t"
		"li a7, %1\n\t"
		"ecall\n\t"
		"unimp"
		:
		: "i"(CALL_PARK), "i"(CALL_STOP));
}

/* Every step-th. */
static void park_executors(uint64_t step)
{
	for (uint64_t i = 0; i < EXECUTORS; i += step) {
		test_note("executor", i);
		woken[i] = 0;
		CHECK_EQ(start(handle(i), (uint64_t)park_and_count, (uint64_t)&woken[i], i), 0);
	}
	for (uint64_t i = 0; i < EXECUTORS; i += step) {
		test_note("executor", i);
		AWAIT(life_of(i) == EX_PARKED);
	}
}

/* Of every step-th it ends a park. */
static void wake_executors(uint64_t step)
{
	for (uint64_t i = 0; i < EXECUTORS; i++) {
		test_note("executor", i);
		CHECK_EQ(wake(handle(i)), i % step == 0);
	}
	for (uint64_t i = 0; i < EXECUTORS; i++) {
		test_note("executor", i);
		AWAIT(life_of(i) == EX_STOPPED);
		if (i % step == 0) {
			CHECK_EQ(woken[i], 1);
			CHECK_EQ(seen(i)->exit, i);
		}
	}
}

static uint64_t host_executors(uint64_t arg)
{
	uint64_t before;

	make_tables(EXECUTORS, HOMES);
	before = INFO->free_pages;
	for (uint64_t h = 0; h < HOMES; h++) {
		CHECK_EQ(vas_new(vas_at(h), EXECUTORS / HOMES + 20), 1);
		space_fill(vas_at(h));
	}
	for (uint64_t i = 0; i < EXECUTORS; i++)
		make_executor(vas_at(i % HOMES), i);
	park_executors(2);
	wake_executors(2);
	/* All of them, and then they end where they are. */
	park_executors(1);
	for (uint64_t h = 0; h < HOMES; h++)
		vas_stop(vas_at(h));
	for (uint64_t i = 0; i < EXECUTORS; i++) {
		test_note("executor", i);
		CHECK_EQ(seen(i)->state & EX_LIFE, EX_STOPPED);
		CHECK_EQ(woken[i], 0);
		CHECK_EQ(wake(handle(i)), 0);
	}
	let_go(EXECUTORS, HOMES);
	CHECK_FRAMES(before);
	return arg;
}

TEST(ten_thousand_executors)
{
	in_host(host_executors);
}

/* --- deadlines ------------------------------------------------------------------- */

static struct sleeper {
	uint64_t deadline;
	uint64_t time; /* when it had come */
	int64_t result;
	uint64_t rank; /* so many were back before */
} sleepers[SLEEPERS];
static volatile uint64_t back;
static uint64_t preempted[SLEEPERS]; /* before they woke */

/* No stack.  In: sp = struct sleeper */
__attribute__((naked)) static void sleep_once(void)
{
	__asm__("ld t0, 0(sp)\n\t"
		"li a0, 0\n\t"
		"li a7, %0\n\t"
		"ecall\n\t"
		"li t0, 1\n\t"
		"lla t1, %2\n\t"
		"amoadd.d t0, t0, (t1)\n\t"
		"rdtime t1\n\t"
		"sd t1, 8(sp)\n\t"
		"sd a0, 16(sp)\n\t"
		"sd t0, 24(sp)\n\t"
		"li a0, 0\n\t"
		"li a7, %1\n\t"
		"ecall\n\t"
		"unimp"
		:
		: "i"(CALL_PARK | PARK_HAS_DEADLINE), "i"(CALL_STOP), "i"(&back));
}

static bool quiet;

/* Have all of them sleep, woken gap after gap, begun in another order.  False if some
 * came too late to be asleep at once, or so late that a hart had more ready ones than
 * its queue keeps in order. */
static bool sleep_all(uint64_t gap)
{
	uint64_t first = test_time() + (gap << 13), deadline = first, latest = 0;
	bool asleep;

	back = 0;
	for (unsigned i = 0; i < SLEEPERS; i++, deadline += gap)
		sleepers[i].deadline = deadline;
	for (unsigned n = 0, i = 0; n < SLEEPERS; n++, i = (i + 1237) % SLEEPERS)
		CHECK_EQ(CALL(CALL_START, handle(i), (uint64_t)sleep_once, (uint64_t)&sleepers[i],
			      0, 0, ON_HART(i % harts())),
			 0);
	for (unsigned i = 0; i < SLEEPERS; i++)
		AWAIT(life_of(i) != EX_READY);
	for (unsigned i = 0; i < SLEEPERS; i++)
		preempted[i] = seen(i)->preempted;
	asleep = test_time() < first && back == 0;
	park_until(deadline);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		const struct sleeper *s = &sleepers[i];

		test_note("sleeper", i);
		AWAIT(life_of(i) == EX_STOPPED);
		CHECK_EQ(s->result, -HL_ETIMEDOUT);
		CHECK(s->time >= s->deadline);
		if (s->time - s->deadline > latest)
			latest = s->time - s->deadline;
	}
	return asleep && latest < gap << 6;
}

static uint64_t host_sleepers(uint64_t arg)
{
	const struct sleeper *last[INFO_HARTS_LIMIT] = {0};

	CHECK_EQ(vas_new(vas_at(0), SLEEPERS + 20), 1);
	space_fill(vas_at(0));
	for (unsigned i = 0; i < SLEEPERS; i++)
		make_executor(vas_at(0), i);
	quiet = false;
	for (uint64_t us = 100; us <= 800 && !quiet; us += us)
		quiet = sleep_all(us * INFO->timebase / 1000000);
	for (unsigned i = 0; i < SLEEPERS && quiet; i++) {
		const struct sleeper *s = &sleepers[i], **before = &last[i % harts()];

		/* Who lost its hart on the way out may be late. */
		if (seen(i)->preempted != preempted[i])
			continue;
		test_note("sleeper", i);
		CHECK(*before == NULL || s->rank > (*before)->rank);
		*before = s;
	}
	return arg;
}

TEST(three_thousand_deadlines)
{
	in_host(host_sleepers);
	if (!quiet)
		printf("too busy a machine to tell their order\n");
}

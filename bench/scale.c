/* SPDX-License-Identifier: MIT
 *
 * Two executors on each hart that take turns, or one that gets its own back, all
 * harts at once.  All are bound to their hart, so none moves.  They count their turns
 * and go on until the end of the bench; a window is a stretch of that, from one look
 * at all the counts to the next.  So there is nothing to wait for in it, and no hart
 * without work.  Who looks sleeps between, on hart 0; that it comes and goes there
 * is in the figures.
 *
 * The figure is how far the clock went over what all harts did.  In mode icount the
 * clock, rdinstret, is what all harts of the machine executed.
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/exec.h>
#include <hartleaf/time.h>

#define WINDOWS_ICOUNT 7
#define WINDOWS_WALL   51
#define WINDOW_NS      10000000 /* virtual time in mode icount */
#define SETTLED        100      /* turns that each has had before */
#define NO_LIMIT       UINT64_MAX
#define EMPTY_TURNS    10000
#define SOON_INSN      5000 /* for a look at all counts */
#define SOON_TICKS     200  /* of `time`: 20 us */

static struct player {
	_Alignas(64) volatile uint64_t turns;
	struct hl_exec *exec;
	hl_handle other;
} players[2 * INFO_HARTS_LIMIT]; /* two of each hart side by side */

static volatile uint64_t limit; /* turns, after which they end */
static unsigned int step;       /* 2: only the first of each hart is there */

/* The loop that they all run.  Without `operation` it is what is subtracted. */
#define TAKE_TURNS(me, operation)                                                                  \
	do {                                                                                       \
		uint64_t turns_ = 0;                                                               \
		do {                                                                               \
			operation;                                                                 \
			(me)->turns = ++turns_;                                                    \
		} while (turns_ < limit);                                                          \
	} while (0)

static long play_yield(void *arg)
{
	struct player *me = arg;

	TAKE_TURNS(me, sys_yield());
	return 0;
}

static long play_signal_first(void *arg)
{
	struct player *me = arg;
	const hl_handle other = me->other;

	TAKE_TURNS(me, {
		sys_wake(other);
		sys_park(NULL, 0);
	});
	return 0;
}

static long play_signal_second(void *arg)
{
	struct player *me = arg;
	const hl_handle other = me->other;

	TAKE_TURNS(me, {
		sys_park(NULL, 0);
		sys_wake(other);
	});
	return 0;
}

static uint64_t measure_empty(void)
{
	uint64_t least = UINT64_MAX;

	limit = EMPTY_TURNS;
	for (int i = 0; i < 16; i++) {
		uint64_t begin = clock_now(), ticks;

		TAKE_TURNS(&players[0], );
		ticks = clock_now() - begin;
		if (ticks < least)
			least = ticks;
	}
	return least;
}

static void start(long (*first)(void *), long (*second)(void *))
{
	const unsigned int count = 2 * hl_info()->harts;

	limit = NO_LIMIT;
	step = second ? 1 : 2;
	for (unsigned int i = 0; i < count; i += step) {
		const struct hl_exec_attr attr = {.flags = HL_EXEC_BOUND, .hart = i / 2};

		players[i].turns = 0;
		if (hl_exec_create(&players[i].exec, i % 2 ? second : first, &players[i], &attr))
			bench_fail("no executor for hart %u", i / 2);
	}
	for (unsigned int i = 0; second && i < count; i++)
		players[i].other = hl_exec_handle(players[i ^ 1].exec);
	/* The second first: a wake that comes before its start is none. */
	for (unsigned int i = count; i; i -= step)
		if (hl_exec_start(players[i - step].exec))
			bench_fail("no executor starts on hart %u", (i - 1) / 2);
	for (unsigned int i = 0; i < count; i += step)
		while (players[i].turns < SETTLED)
			hl_sleep_ns(WINDOW_NS);
}

static void end(void)
{
	const unsigned int count = 2 * hl_info()->harts;

	limit = 0;
	for (unsigned int i = 0; i < count; i += step)
		sys_wake(hl_exec_handle(players[i].exec));
	for (unsigned int i = 0; i < count; i += step)
		hl_exec_join(players[i].exec, NULL);
}

struct look {
	uint64_t turns; /* of all */
	uint64_t ticks;
};

/* Not while others run and this hart doesn't: its turn, on the host, may end here. */
static struct look look(void)
{
	const unsigned int count = 2 * hl_info()->harts;
	const uint64_t soon = clock_mode == ICOUNT ? SOON_INSN : SOON_TICKS;
	struct look now;
	uint64_t begin;

	do {
		begin = clock_now();
		now.turns = 0;
		for (unsigned int i = 0; i < count; i += step)
			now.turns += players[i].turns;
		now.ticks = clock_now();
	} while (now.ticks - begin > soon);
	return now;
}

static void run(struct samples *samples, long (*first)(void *), long (*second)(void *))
{
	const unsigned int windows = clock_mode == ICOUNT ? WINDOWS_ICOUNT : WINDOWS_WALL;
	const uint64_t empty = measure_empty();
	/* harts that run at once do their empty loops at once, too */
	const uint64_t at_once = clock_mode == ICOUNT ? 1 : hl_info()->harts;
	struct look before, now;

	start(first, second);
	now = look();
	while (samples_wanted(samples, windows)) {
		uint64_t turns;

		before = now;
		hl_sleep_ns(WINDOW_NS);
		now = look();
		turns = now.turns - before.turns;
		samples_add(samples,
			    (int64_t)(now.ticks - before.ticks) -
				    (int64_t)(empty * turns / (EMPTY_TURNS * at_once)),
			    turns);
	}
	end();
}

void scale_null(const struct plan *plan, struct samples *samples)
{
	(void)plan;
	run(samples, play_yield, NULL);
}

void scale_yield(const struct plan *plan, struct samples *samples)
{
	(void)plan;
	run(samples, play_yield, play_yield);
}

void scale_signal(const struct plan *plan, struct samples *samples)
{
	(void)plan;
	run(samples, play_signal_first, play_signal_second);
}

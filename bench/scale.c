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
 *
 * Those that map do so each in a space of its own, which runs on one hart only, or
 * all in this one, each at addresses with a table of their own.
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/exec.h>
#include <hartleaf/layout.h>
#include <hartleaf/time.h>
#include <hartleaf/va.h>

#define WINDOWS_ICOUNT 7
#define WINDOWS_WALL   51
#define WINDOW_NS      10000000 /* virtual time in mode icount */
#define SETTLED        100      /* turns that each has had before */
#define NO_LIMIT       UINT64_MAX
#define EMPTY_TURNS    10000
#define SOON_INSN      5000 /* for a look at all counts */
#define SOON_TICKS     200  /* of `time`: 20 us */

#define RUN          64  /* pages */
#define ALONE_BUDGET 256 /* frames */

#define READ_WRITE (MAP_MEMORY | MAP_R | MAP_W)
#define TEXT       (MAP_MEMORY | MAP_R | MAP_X)

struct player {
	_Alignas(64) volatile uint64_t turns;
	uint64_t va; /* where it maps */
	struct hl_exec *exec;
	hl_handle vas; /* of one that has a space of its own */
	hl_handle other;
};

/* At the same address in all spaces. */
static struct game {
	volatile uint64_t limit; /* turns, after which they end */
	volatile bool failed;
	struct player players[2 * INFO_HARTS_LIMIT]; /* two of each hart side by side */
} *const game = (struct game *)(RT_MEET_VA + 0x100000);

#define GAME_PAGES ((sizeof(struct game) + PAGE_SIZE - 1) / PAGE_SIZE)
#define REGION     RT_MEET_GIGA /* 2 MiB each */
#define STACK      (REGION + 0x40000000)

struct cast {
	long (*first)(void *), (*second)(void *);
	unsigned long pages; /* that a turn maps; 0: a turn counts as one */
	bool alone;          /* each in a space of its own, only the first */
};

static unsigned int step; /* 2: only the first of each hart is there */

/* The loop that they all run.  Without `operation` it is what is subtracted. */
#define TAKE_TURNS(me, operation)                                                                  \
	do {                                                                                       \
		uint64_t turns_ = 0;                                                               \
		do {                                                                               \
			operation;                                                                 \
			(me)->turns = ++turns_;                                                    \
		} while (turns_ < game->limit);                                                    \
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

static _Noreturn void give_up(void)
{
	game->failed = true;
	for (;;)
		sys_park(NULL, 0);
}

static long play_map(void *arg)
{
	struct player *me = arg;
	const uint64_t va = me->va;

	TAKE_TURNS(me, {
		if (sys_map_new(va, 1, MAP_R | MAP_W) != 1 || sys_unmap(va, 1) != 1)
			give_up();
	});
	return 0;
}

static long play_map_run(void *arg)
{
	struct player *me = arg;
	const uint64_t va = me->va;

	TAKE_TURNS(me, {
		if (sys_map_new(va, RUN, MAP_R | MAP_W) != RUN || sys_unmap(va, RUN) != RUN)
			give_up();
	});
	return 0;
}

static uint64_t measure_empty(void)
{
	uint64_t least = UINT64_MAX;

	game->limit = EMPTY_TURNS;
	for (int i = 0; i < 16; i++) {
		uint64_t begin = clock_now(), ticks;

		TAKE_TURNS(&game->players[0], );
		ticks = clock_now() - begin;
		if (ticks < least)
			least = ticks;
	}
	return least;
}

static void check(long result, const char *what)
{
	if (result < 0)
		bench_fail("%s: error %ld", what, result);
}

/* In a space that has of this one the text and the game.  It joins that on its hart
 * alone, so nobody else is asked to forget a translation. */
static void start_alone(struct player *me, unsigned int hart, long (*play)(void *))
{
	extern char _start[], etext[];
	const uint64_t text = (uint64_t)_start & -PAGE_SIZE;
	const hl_handle vas = hl_va_alloc(2), exec = vas + PAGE_SIZE;

	me->vas = vas;
	check(sys_map_vas(vas, MAP_RIGHTS, ALONE_BUDGET), "no space");
	check(sys_map_executor(vas, exec, MAP_RIGHTS), "no executor in a space");
	check(hl_map(vas, text, text, ((uint64_t)etext - text + PAGE_SIZE - 1) >> PAGE_SHIFT,
		     MAP_SHARE | TEXT, HL_SELF),
	      "no text in a space");
	check(hl_map(vas, (uint64_t)game, (uint64_t)game, GAME_PAGES, MAP_SHARE | READ_WRITE,
		     HL_SELF),
	      "no game in a space");
	check(hl_map(vas, STACK, 0, 1, MAP_NEW | READ_WRITE, HL_SELF), "no stack in a space");
	check(sys_start(exec, (uint64_t)play, STACK + PAGE_SIZE, (uint64_t)me, 0, HL_HART(hart)),
	      "no executor starts in a space");
}

static void end_alone(struct player *me)
{
	while (sys_stop(me->vas, 0) == -HL_EAGAIN)
		sys_yield();
	check(sys_unmap(me->vas, 2), "a space stays");
	hl_va_free(me->vas, 2);
}

static void start(const struct cast *cast)
{
	const unsigned int count = 2 * hl_info()->harts;
	struct player *players = game->players;

	game->limit = NO_LIMIT;
	step = cast->second ? 1 : 2;
	for (unsigned int i = 0; i < count; i += step) {
		const struct hl_exec_attr attr = {.flags = HL_EXEC_BOUND, .hart = i / 2};

		players[i].turns = 0;
		players[i].va = REGION + i * 0x100000;
		if (cast->alone)
			start_alone(&players[i], i / 2, cast->first);
		else if (hl_exec_create(&players[i].exec, i % 2 ? cast->second : cast->first,
					&players[i], &attr))
			bench_fail("no executor for hart %u", i / 2);
	}
	for (unsigned int i = 0; cast->second && i < count; i++)
		players[i].other = hl_exec_handle(players[i ^ 1].exec);
	/* The second first: a wake that comes before its start is none. */
	for (unsigned int i = count; i && !cast->alone; i -= step)
		if (hl_exec_start(players[i - step].exec))
			bench_fail("no executor starts on hart %u", (i - 1) / 2);
	for (unsigned int i = 0; i < count; i += step)
		while (players[i].turns < SETTLED && !game->failed)
			hl_sleep_ns(WINDOW_NS);
}

static void end(const struct cast *cast)
{
	const unsigned int count = 2 * hl_info()->harts;
	struct player *players = game->players;

	game->limit = 0;
	for (unsigned int i = 0; i < count && !cast->alone; i += step)
		sys_wake(hl_exec_handle(players[i].exec));
	for (unsigned int i = 0; i < count; i += step)
		if (cast->alone)
			end_alone(&players[i]);
		else
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
			now.turns += game->players[i].turns;
		now.ticks = clock_now();
	} while (now.ticks - begin > soon);
	if (game->failed)
		bench_fail("a call did not do its pages");
	return now;
}

static void run(struct samples *samples, const struct cast *cast)
{
	const unsigned int windows = clock_mode == ICOUNT ? WINDOWS_ICOUNT : WINDOWS_WALL;
	/* harts that run at once do their empty loops at once, too */
	const uint64_t at_once = clock_mode == ICOUNT ? 1 : hl_info()->harts;
	struct look before, now;
	uint64_t empty;

	check(hl_map(HL_SELF, (uint64_t)game, 0, GAME_PAGES, MAP_NEW | READ_WRITE, HL_SELF),
	      "no game");
	empty = measure_empty();
	start(cast);
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
			    turns * (cast->pages ? cast->pages : 1));
	}
	end(cast);
	check(sys_unmap((uint64_t)game, GAME_PAGES), "the game stays");
}

#define SCALE(name, ...)                                                                           \
	void scale_##name(const struct plan *plan, struct samples *samples)                        \
	{                                                                                          \
		(void)plan;                                                                        \
		run(samples, &(const struct cast){__VA_ARGS__});                                   \
	}

SCALE(null, play_yield)
SCALE(yield, play_yield, play_yield)
SCALE(signal, play_signal_first, play_signal_second)
SCALE(map, play_map, .alone = true)
SCALE(map_run, play_map_run, .alone = true, .pages = RUN)
SCALE(map_shared, play_map)

/* SPDX-License-Identifier: MIT
 *
 * Many executors that yield on one hart, in one address space or each in its own.
 * It takes longer than one goes round: the hart's own queue holds 127, the rest are
 * in the global one, and each tick brings some in for others.  So a window is as many
 * yields as come in about one tick, whosever they are: the count is shared, and
 * who makes the last reads the clock.
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/space.h>
#include <stdlib.h>

#define WINDOW      100000 /* yields */
#define WINDOWS     21
#define TURNS_LEAST 1000 /* members that have a turn in that, if there are so many */

#define SPACE_FRAMES 96 /* of a member with its own space */

/* A page that all of them have at the same address.  One hart, and who
 * yields isn't preempted: nothing here needs to be atomic. */
static struct crowd {
	enum mode mode;
	bool begun;
	unsigned int windows; /* that are wanted */
	unsigned int done;
	unsigned int had_turns; /* members at their end */
	volatile unsigned long left;
	uint64_t window_begin;
	int64_t ticks[1 + WINDOWS];
} *const crowd = (struct crowd *)RT_MEET_VA;

#define CROWD_PAGES ((sizeof(struct crowd) + PAGE_SIZE - 1) / PAGE_SIZE)

static bool next_window(void)
{
	const uint64_t now = clock_now();

	if (crowd->done < crowd->windows)
		crowd->ticks[crowd->done++] = (int64_t)(now - crowd->window_begin);
	if (crowd->done == crowd->windows) {
		crowd->left = 1; /* all the others come here, too */
		return false;
	}
	crowd->left = WINDOW;
	crowd->window_begin = clock_now();
	return true;
}

/* Inlined with yield and without. */
static inline __attribute__((always_inline)) unsigned long take_turns(bool yields)
{
	unsigned long turns = 0;

	do {
		unsigned long now_left = crowd->left - 1;

		crowd->left = now_left;
		if (now_left == 0 && !next_window())
			break;
		turns++;
		if (yields)
			sys_yield();
	} while (true);
	return turns;
}

static void prepare(unsigned int windows)
{
	crowd->windows = windows;
	crowd->done = 0;
	crowd->left = WINDOW;
	crowd->window_begin = clock_now();
}

static int64_t measure_empty(void)
{
	prepare(1);
	take_turns(false);
	return crowd->ticks[0];
}

static long work(void *arg)
{
	clock_mode = crowd->mode;
	while (!*(volatile bool *)&crowd->begun)
		sys_yield();
	if (take_turns(true))
		crowd->had_turns++;
	return 0;
}

static void *start_thread(void)
{
	/* not watched: nobody stops them, and it saves the warden's looks */
	const struct hl_exec_attr attr = {.stack_pages = 1, .flags = HL_EXEC_UNWATCHED};
	struct hl_exec *exec;

	if (hl_exec_create(&exec, work, NULL, &attr) || hl_exec_start(exec))
		return NULL;
	return exec;
}

static void join_thread(void *exec)
{
	hl_exec_join(exec, NULL);
}

static void *start_space(void)
{
	const struct hl_space_attr attr = {.budget = SPACE_FRAMES, .stack_pages = 2};
	struct hl_space *space;

	if (hl_space_create(&space, &attr) ||
	    hl_space_share(space, RT_MEET_VA, RT_MEET_VA, CROWD_PAGES,
			   MAP_MEMORY | MAP_R | MAP_W) ||
	    hl_space_start(space, work, NULL))
		return NULL;
	return space;
}

static void join_space(void *space)
{
	struct hl_end end;

	hl_space_wait(space, &end);
	hl_space_destroy(space);
}

static void run(struct samples *samples, unsigned int count, void *(*start)(void),
		void (*join)(void *))
{
	void **members = calloc(count, sizeof(*members));
	int64_t empty;

	if (hl_info()->harts != 1)
		bench_fail("is for one hart");
	if (!members || sys_map_new(RT_MEET_VA, CROWD_PAGES, MAP_R | MAP_W) != CROWD_PAGES)
		bench_fail("no memory");
	crowd->mode = clock_mode;
	empty = measure_empty();
	for (unsigned int i = 0; i < count; i++) {
		members[i] = start();
		if (!members[i])
			bench_fail("no executor %u of %u", i + 1, count);
	}
	prepare(1 + WINDOWS);
	crowd->begun = true;
	for (unsigned int i = 0; i < count; i++)
		join(members[i]);
	if (crowd->had_turns < (count < TURNS_LEAST ? count : TURNS_LEAST))
		bench_fail("%u of %u executors had a turn", crowd->had_turns, count);
	for (unsigned int i = 0; i < crowd->windows; i++)
		samples_add(samples, crowd->ticks[i] - empty, WINDOW);
	sys_unmap(RT_MEET_VA, CROWD_PAGES);
	free(members);
}

void yield_threads(const struct plan *plan, struct samples *samples)
{
	run(samples, plan->size, start_thread, join_thread);
}

void yield_spaces(const struct plan *plan, struct samples *samples)
{
	run(samples, plan->size, start_space, join_space);
}

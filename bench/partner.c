/* SPDX-License-Identifier: MIT */
#include "partner.h"

#include "bench.h"

#include <hartleaf/layout.h>
#include <hartleaf/space.h>
#include <stddef.h>

/* What both sides agree on. */
#define MEET_PARTNER RT_MEET_VA               /* the page with struct partner */
#define MEET_MAIN    (RT_MEET_VA + PAGE_SIZE) /* in the other space: cap on main */

static long enter(void *arg)
{
	struct partner *me = arg;

	me->play(me);
	return 0;
}

static int start_in_other_space(struct partner *partner)
{
	int error = hl_space_create(&partner->space, NULL);

	if (error)
		return error;
	error = hl_space_share(partner->space, MEET_PARTNER, MEET_PARTNER, 1,
			       MAP_MEMORY | MAP_R | MAP_W);
	if (error)
		return error;
	error = hl_space_give(partner->space, MEET_MAIN, hl_self(), MAP_X, 0);
	if (error)
		return error;
	partner->exec = hl_space_exec(partner->space);
	partner->main = MEET_MAIN;
	return hl_space_start(partner->space, enter, partner);
}

static int start_in_same_space(struct partner *partner)
{
	int error = hl_exec_create(&partner->thread, enter, partner, NULL);

	if (error)
		return error;
	partner->exec = hl_exec_handle(partner->thread);
	partner->main = hl_self();
	return hl_exec_start(partner->thread);
}

struct partner *partner_start(enum where where, void (*play)(struct partner *me),
			      unsigned long turns)
{
	struct partner *partner = (struct partner *)MEET_PARTNER;
	long error = sys_map_new(MEET_PARTNER, 1, MAP_R | MAP_W);

	if (error != 1)
		bench_fail("no page for a partner: error %ld", error);
	partner->play = play;
	partner->turns = turns;
	error = where == SAME_SPACE ? start_in_same_space(partner) : start_in_other_space(partner);
	if (error)
		bench_fail("no partner: error %ld", error);
	return partner;
}

void partner_join(struct partner *partner)
{
	struct hl_end end = {.code = -1};

	if (partner->space) {
		hl_space_wait(partner->space, &end);
		hl_space_destroy(partner->space);
	} else {
		hl_exec_join(partner->thread, &end.code);
	}
	if (end.code || !partner->done)
		bench_fail("the partner ended with %ld, %s", end.code,
			   partner->done ? "done" : "not done");
	sys_unmap(MEET_PARTNER, 1);
}

static struct hl_exec *hogs[INFO_HARTS_LIMIT];
static atomic_uint hogs_busy;
static atomic_bool hogs_told_to_end;

static long hog(void *arg)
{
	(void)arg;
	hogs_busy++;
	while (!atomic_load_explicit(&hogs_told_to_end, memory_order_relaxed))
		;
	return 0;
}

void hogs_start(void)
{
	const unsigned int count = hl_info()->harts - 1;

	hogs_busy = 0;
	hogs_told_to_end = false;
	for (unsigned int i = 0; i < count; i++)
		if (hl_exec_spawn(&hogs[i], hog, NULL))
			bench_fail("no hog for hart %u of %u", i + 1, count);

	/* One that spins keeps its hart, so this ends with a hart for each. */
	while (hogs_busy < count)
		sys_yield();
}

void hogs_stop(void)
{
	hogs_told_to_end = true;
	for (unsigned int i = 0; i < hl_info()->harts - 1; i++)
		hl_exec_join(hogs[i], NULL);
}

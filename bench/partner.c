/* SPDX-License-Identifier: MIT */
#include "partner.h"

#include "bench.h"

#include <hartleaf/layout.h>
#include <hartleaf/space.h>
#include <stddef.h>

/* What both sides agree on. */
#define MEET_PARTNER RT_MEET_VA               /* the page with struct partner */
#define MEET_MAIN    (RT_MEET_VA + PAGE_SIZE) /* in the other space: cap on the first */

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

static int start_in_same_space(struct partner *partner, enum where where)
{
	const struct hl_exec_attr bound = {.flags = HL_EXEC_BOUND, .hart = 1};
	int error = hl_exec_create(&partner->thread, enter, partner,
				   where == OTHER_HART ? &bound : NULL);

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
	error = where == OTHER_SPACE ? start_in_other_space(partner)
				     : start_in_same_space(partner, where);
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

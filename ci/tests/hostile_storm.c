/* SPDX-License-Identifier: MIT
 *
 * Storms: hostile executors on all harts that do nothing but wake, swap to, or appoint
 * another, with no more than the right to wake it.  It may be woken for nothing all the time,
 * and still does its work; they find out nothing, and lose it nothing.
 */
#include "hostile.h"

#define ITEMS   100
#define STORMY  6    /* hostile executors */
#define VICTIM  0x10 /* pages where they have their capabilities: on the victim, */
#define OWN     0x20 /* and on one another */
#define WORDS_W 0xbad0bad0bad0bad0

static struct worker *victim, *peer, *stormy[STORMY];
static uint64_t storm;             /* their space */
static volatile uint64_t box, sum; /* from peer to victim */
static volatile uint64_t blows;    /* calls of theirs that reached it */

/* --- the victim ----------------------------------------------------------------- */

/* Takes ITEMS numbers out of the box; it looks at nothing but that. */
static uint64_t take_items(uint64_t arg)
{
	for (uint64_t i = 1; i <= ITEMS; i++) {
		while (box == 0)
			CHECK(park_if(&box, 0) != -HL_EFAULT);
		CHECK_EQ(box, i);
		sum += i;
		box = 0;
		wake(arg);
	}
	return sum;
}

static uint64_t give_items(uint64_t arg)
{
	for (uint64_t i = 1; i <= ITEMS; i++) {
		uint64_t was;

		while ((was = box) != 0)
			park_if(&box, was);
		box = i;
		wake(arg);
	}
	while (box != 0)
		yield();
	return 0;
}

/* --- the storm ----------------------------------------------------------------------- */

static uint64_t hail_of_wakes(uint64_t arg)
{
	for (;;)
		if (wake(page(VICTIM)) >= 0)
			blows++;
	return arg;
}

/* Each gives it his hart, with words that nobody asked for. */
static uint64_t hail_of_swaps(uint64_t arg)
{
	for (;;) {
		struct result r = PARK_TIMED(0, test_time() + 500, 0, 0, WORDS_W, WORDS_W, WORDS_W,
					     WORDS_W, page(VICTIM));

		CHECK(r.a0 == 0 || r.a0 == -HL_EBUSY || r.a0 == -HL_EAGAIN ||
		      r.a0 == -HL_ETIMEDOUT);
		if (r.a0 != -HL_EBUSY)
			blows++;
		/* Without a deadline he depends on his neighbour, who has one that wakes him
		 * up, and then wakes this one before he sleeps himself. */
		wake(page(OWN + (unsigned)(arg + 1) % STORMY));
		if (swap(page(VICTIM), WORDS_W, 2, 3, 4).a0 == 0)
			blows++;
	}
	return arg;
}

/* Appoints it keeper of his neighbour, with all bits of the badge, who faults at once. */
static uint64_t hail_of_tidings(uint64_t arg)
{
	uint64_t next = page(OWN + (unsigned)arg + 1);

	for (;;) {
		if (start_kept(next, FAR_HOLE, 0, 0, page(VICTIM), (1UL << START_BADGE_BITS) - 1) ==
		    0)
			blows++;
		CALL(CALL_START, next, 0, 0, 0, page(VICTIM),
		     START_RESUME | START_SET_KEEPER | 1UL << 63);
		stop(next, 7);
	}
	return arg;
}

/* Its own space may go meanwhile. */
static void check_refused(int64_t result)
{
	if (result != -HL_ESRCH)
		CHECK_EQ(result, -HL_EPERM);
}

/* It can't be harmed with that right; all that needs another is refused. */
static uint64_t hail_of_others(uint64_t arg)
{
	for (;;) {
		CHECK_EQ(stop(page(VICTIM), 0), -HL_EPERM);
		check_refused(start(page(VICTIM), FAR_HOLE, 0, 0));
		check_refused(resume(page(VICTIM), FAR_HOLE));
		check_refused(CALL(CALL_MAP, 0, page(0), page(VICTIM), 1, MAP_VIEW | MAP_R));
		check_refused(share(0, page(0), page(VICTIM), 1, MAP_EXECUTOR | MAP_W));
		check_refused(protect(0, page(VICTIM), 1, MAP_EXECUTOR | MAP_RIGHTS));
		CHECK(wake(page(VICTIM)) >= 0);
		blows++;
	}
	return arg;
}

static void weather(work *fn)
{
	uint64_t vas, before, good = 0;

	box = sum = blows = 0;
	bystander_start();
	vas = space_new(200);
	victim = worker_new(vas);
	peer = worker_new(vas);
	CHECK_EQ(share(vas, page(1), victim->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	CHECK_EQ(share(vas, page(2), peer->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	storm = space_new(400);
	CHECK_EQ(share(storm, page(VICTIM), victim->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	for (unsigned i = 0; i < STORMY; i++) {
		stormy[i] = worker_new(storm);
		CHECK_EQ(share(storm, page(OWN + i), stormy[i]->handle, 1,
			       MAP_EXECUTOR | MAP_W | MAP_X),
			 1);
	}
	/* Every other one is left for what they do with one another. */
	for (unsigned i = 0; i < STORMY; i += fn == hail_of_tidings ? 2 : 1)
		run_with(stormy[i], fn, i, ON_HART(i % harts()));
	run(victim, take_items, page(2));
	AWAIT(blows > 10);
	before = blows;
	run(peer, give_items, page(1));
	for (uint64_t i = 1; i <= ITEMS; i++)
		good += i;
	CHECK_EQ(join(victim), good);
	CHECK_EQ(join(peer), 0);
	AWAIT(blows > before || life(victim) == EX_STOPPED);
	bystander_check();
	vas_stop(storm);
	for (unsigned i = 0; i < STORMY; i++)
		CHECK(life(stormy[i]) == EX_STOPPED && stormy[i]->view->exit != WORKER_FAILED);
	bystander_check();
}

TEST(wakes_for_nothing_keep_nobody_from_work)
{
	weather(hail_of_wakes);
}

TEST(swaps_for_nothing_keep_nobody_from_work)
{
	weather(hail_of_swaps);
}

TEST(tidings_for_nothing_keep_nobody_from_work)
{
	weather(hail_of_tidings);
}

TEST(who_may_only_wake_can_do_nothing_else)
{
	weather(hail_of_others);
}

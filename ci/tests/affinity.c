/* SPDX-License-Identifier: MIT
 *
 * Executors that are bound to a hart.  Which hart runs one shows in its view: EX_HART
 * is an address that is the same for all that run on a hart.
 */
#include "kit.h"

static volatile uint64_t begun, go, done;
static struct result got;

static uint64_t say_and_spin(uint64_t arg)
{
	begun = 1;
	return work_spin(arg);
}

static uint64_t say_and_wait(uint64_t arg)
{
	begun = 1;
	while (!go)
		;
	return arg;
}

static uint64_t receive(uint64_t arg)
{
	got = CALL_ALL(CALL_PARK, 0, arg, arg, arg, arg, arg);
	done = 1;
	return here();
}

static void receiver_up(struct worker *w, unsigned hart)
{
	done = 0;
	run_with(w, receive, 0, ON_HART(hart));
	AWAIT(life(w) == EX_PARKED);
}

/* --- where ------------------------------------------------------------------ */

TEST(bound_ones_run_on_as_many_harts_as_there_are)
{
	find_places();
	for (unsigned h = 0; h < harts(); h++) {
		CHECK(place[h]);
		for (unsigned i = 0; i < h; i++)
			CHECK(place[i] != place[h]);
	}
}

TEST(a_view_shows_the_affinity)
{
	CHECK_EQ(pool[0].view->affinity, EX_HART_ANY);
	for (unsigned h = 0; h < harts(); h++) {
		run_with(&pool[0], work_park, 0, ON_HART(h));
		CHECK_EQ(pool[0].view->affinity, h);
		halt(&pool[0]);
		CHECK_EQ(pool[0].view->affinity, h);
	}
	run_with(&pool[0], work_nothing, 0, ON_HART(START_HART_ANY));
	join(&pool[0]);
	CHECK_EQ(pool[0].view->affinity, EX_HART_ANY);
}

TEST(a_new_executor_is_bound_to_no_hart)
{
	CHECK_EQ(worker_new(space_new(100))->view->affinity, EX_HART_ANY);
}

static volatile uint64_t stirred;

/* By all that may move somebody. */
static uint64_t stay(uint64_t hart)
{
	for (unsigned i = 0; i < rounds(300); i++) {
		CHECK_EQ(here(), place[hart]);
		switch (i % 4) {
		case 0:
			for (int n = 0; n < 300; n++)
				__asm__ volatile("");
			break;
		case 1:
			park_until(test_time() + i % 64);
			break;
		case 2:
			wake(pool[i % POOL].handle);
			break;
		}
		yield();
	}
	return hart;
}

static uint64_t stir(uint64_t arg)
{
	while (!stirred) {
		yield();
		wake(pool[arg].handle);
	}
	return 0;
}

TEST(bound_ones_stay_on_their_hart)
{
	unsigned bound = 2 * harts() < POOL - 4 ? 2 * harts() : POOL - 4;

	find_places();
	stirred = 0;
	/* Others, which go where there is room. */
	for (unsigned i = bound; i < bound + 4; i++)
		run(&pool[i], stir, i - bound);
	for (unsigned i = 0; i < bound; i++)
		run_with(&pool[i], stay, i % harts(), ON_HART(i % harts()));
	for (unsigned i = 0; i < bound; i++)
		CHECK_EQ(join(&pool[i]), i % harts());
	stirred = 1;
	for (unsigned i = bound; i < bound + 4; i++)
		CHECK_EQ(join(&pool[i]), 0);
}

static uint64_t start_and_wait(uint64_t hart)
{
	done = 0;
	run_with(&pool[0], receive, 0, ON_HART(hart));
	/* No call in here, and nobody else does anything. */
	while (life(&pool[0]) != EX_PARKED)
		;
	CHECK_EQ(wake(pool[0].handle), 1);
	while (!done)
		;
	return 7;
}

TEST_ON(start_and_wake_reach_one_bound_to_a_hart_that_sleeps, 2, 64)
{
	find_places();
	for (unsigned i = 0; i < rounds(100); i++) {
		unsigned h = 1 + i % (harts() - 1);

		CHECK_EQ(quietly(start_and_wait, h, 0), 7);
		CHECK_EQ(join(&pool[0]), place[h]);
	}
}

TEST(start_and_wake_reach_one_bound_to_a_hart_that_spins)
{
	find_places();
	for (unsigned i = 0; i < rounds(20) || i < harts(); i++) {
		unsigned h = i % harts();

		receiver_up(&pool[0], h);
		begun = 0;
		run_with(&pool[1], say_and_spin, 0, ON_HART(h));
		AWAIT(begun);
		CHECK_EQ(wake(pool[0].handle), 1);
		CHECK_EQ(join(&pool[0]), place[h]);
		run_with(&pool[0], work_nothing, 5, ON_HART(h));
		CHECK_EQ(join(&pool[0]), 5);
		halt(&pool[1]);
	}
}

static uint64_t wake_and_wait(uint64_t arg)
{
	CHECK_EQ(wake(pool[0].handle), 1);
	while (!done)
		;
	return arg;
}

/* The one that wakes spins, too, and the runner sleeps. */
TEST_ON(wake_reaches_a_hart_that_spins_without_anybody_elses_help, 2, 64)
{
	for (unsigned h = 1; h < harts(); h++) {
		receiver_up(&pool[0], h);
		begun = 0;
		run_with(&pool[1], say_and_spin, 0, ON_HART(h));
		AWAIT(begun);
		CHECK_EQ(quietly(wake_and_wait, 6, 0), 6);
		join(&pool[0]);
		halt(&pool[1]);
	}
}

/* --- a crowd ------------------------------------------------------------------ */

#define MANY 200

static volatile uint64_t arrived;

static uint64_t come_and_go(uint64_t hart)
{
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(here(), place[hart]);
		yield();
	}
	__atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED);
	while (!go)
		park_if(&go, 0);
	CHECK_EQ(here(), place[hart]);
	yield();
	CHECK_EQ(here(), place[hart]);
	return 3;
}

/* More than a hart's queue of its own can hold. */
TEST(very_many_can_be_bound_to_one_hart)
{
	find_places();
	for (unsigned h = 0; h<harts(); h += harts()> 2 ? harts() - 1 : 1) {
		if (!h)
			crowd_new(MANY);
		arrived = go = 0;
		for (unsigned i = 0; i < MANY; i++)
			run_with(&crowd[i], come_and_go, h, ON_HART(h));
		AWAIT(arrived == MANY);
		go = 1;
		for (unsigned i = 0; i < MANY; i++)
			wake(crowd[i].handle);
		crowd_join(MANY, 3);
	}
}

#define TURNS rounds(400)

static struct {
	volatile uint64_t turn __attribute__((aligned(64)));
} ring;

static uint64_t pass_on(uint64_t n)
{
	for (uint64_t i = n; i < TURNS; i += 6) {
		uint64_t seen;

		while ((seen = ring.turn) != i)
			park_if(&ring.turn, seen);
		CHECK_EQ(here(), place[n % harts()]);
		ring.turn = i + 1;
		CHECK(wake(pool[(n + 1) % 6].handle) >= 0);
	}
	return 0;
}

TEST(a_turn_goes_round_all_harts)
{
	find_places();
	ring.turn = 0;
	for (unsigned i = 0; i < 6; i++)
		run_with(&pool[i], pass_on, i, ON_HART(i % harts()));
	for (unsigned i = 0; i < 6; i++)
		CHECK_EQ(join(&pool[i]), 0);
	CHECK_EQ(ring.turn, TURNS);
}

/* --- swap --------------------------------------------------------------------- */

static uint64_t swap_once(uint64_t next)
{
	struct result r = swap(next, 1, 2, 3, 4);

	return (uint64_t)r.a0;
}

TEST_ON(swap_to_one_bound_elsewhere_is_refused, 2, 64)
{
	for (unsigned h = 1; h < harts(); h++) {
		receiver_up(&pool[0], h);
		run_with(&pool[1], swap_once, pool[0].handle, ON_HART(0));
		CHECK_EQ(join(&pool[1]), -HL_EBUSY);
		CHECK_EQ(pool[0].view->state & ~EX_FULL, EX_PARKED);
		CHECK_EQ(done, 0);
		/* It can be woken as ever, and no words came. */
		CHECK_EQ(wake(pool[0].handle), 1);
		join(&pool[0]);
		CHECK_EQ(got.a0, 0);
		CHECK_EQ(got.a1, 0);
		CHECK(got.a2 != 1);
	}
}

TEST(swap_to_one_bound_to_the_same_hart_works)
{
	find_places();
	for (unsigned h = 0; h < harts(); h++) {
		receiver_up(&pool[0], h);
		run_with(&pool[1], swap_once, pool[0].handle, ON_HART(h));
		CHECK_EQ(join(&pool[0]), place[h]);
		CHECK_EQ(got.a2, 1);
		CHECK_EQ(got.a5, 4);
		AWAIT(life(&pool[1]) == EX_PARKED);
		CHECK_EQ(wake(pool[1].handle), 1);
		CHECK_EQ(join(&pool[1]), 0);
	}
}

/* One that is free runs where its partner is bound. */
TEST(swap_takes_one_that_is_free_along)
{
	find_places();
	for (unsigned h = 0; h < harts(); h++) {
		receiver_up(&pool[0], START_HART_ANY);
		run_with(&pool[1], swap_once, pool[0].handle, ON_HART(h));
		join(&pool[0]);
		CHECK_EQ(got.a3, 2);
		halt(&pool[1]);
	}
}

/* --- keepers and stops ---------------------------------------------------------- */

TEST(a_keeper_bound_elsewhere_is_told)
{
	find_places();
	for (unsigned i = 0; i < 20; i++) {
		unsigned h = i % harts(), child = (i + 1) % harts();

		receiver_up(&pool[0], h);
		run_with(&pool[1], work_nothing, 0, ON_HART(child));
		join(&pool[1]);
		run_kept(&pool[1], i & 2 ? work_fault : work_nothing, FAR_HOLE, pool[0].handle,
			 0x99);
		CHECK_EQ(join(&pool[0]), place[h]);
		CHECK_EQ(got.a0, 0);
		CHECK_EQ(got.a1, 0x99);
		CHECK_EQ(got.a2, i & 2 ? TELL_FAULT : TELL_ENDED);
		CHECK_EQ(got.a3, i & 2 ? LOAD_FAULT : FAR_HOLE);
		if (i & 2)
			CHECK_EQ(got.a4, FAR_HOLE);
		halt(&pool[1]);
	}
}

/* It is told while its own hart spins. */
TEST(a_keeper_bound_to_a_hart_that_spins_is_told)
{
	unsigned last = harts() - 1;

	receiver_up(&pool[0], last);
	begun = 0;
	run_with(&pool[2], say_and_spin, 0, ON_HART(last));
	AWAIT(begun);
	run_kept(&pool[1], work_nothing, 44, pool[0].handle, 0x98);
	join(&pool[0]);
	CHECK_EQ(got.a1, 0x98);
	CHECK_EQ(got.a3, 44);
}

TEST(stop_of_one_queued_behind_a_spinner_ends_it)
{
	for (unsigned i = 0; i < rounds(10) || i < harts(); i++) {
		unsigned h = i % harts();

		begun = 0;
		run_with(&pool[0], say_and_spin, 0, ON_HART(h));
		AWAIT(begun);
		run_with(&pool[1], work_yield_forever, 0, ON_HART(h));
		CHECK(stop(pool[1].handle, 31) >= 0);
		CHECK_EQ(join(&pool[1]), 31);
		halt(&pool[0]);
	}
}

/* It is asked before it ever ran, and again started at once. */
TEST(one_bound_can_be_stopped_and_started_again)
{
	find_places();
	for (unsigned i = 0; i < rounds(100); i++) {
		unsigned h = i % harts();

		run_with(&pool[0], i & 1 ? work_park_forever : work_yield_forever, 0, ON_HART(h));
		if (i & 2)
			yield();
		CHECK(stop(pool[0].handle, i) >= 0);
		CHECK_EQ(join(&pool[0]), i);
	}
}

TEST_ON(harts_run_what_is_bound_to_them_at_once, 2, 64)
{
	go = 0;
	for (unsigned h = 0; h < harts(); h++) {
		begun = 0;
		run_with(&pool[h], say_and_wait, h, ON_HART(h));
		AWAIT(begun);
	}
	/* All are in the middle of it. */
	for (unsigned h = 0; h < harts(); h++)
		CHECK_EQ(life(&pool[h]), EX_READY);
	go = 1;
	for (unsigned h = 0; h < harts(); h++)
		CHECK_EQ(join(&pool[h]), h);
}

/* SPDX-License-Identifier: MIT
 *
 * Swap with a deadline; and deadlines of those who get tidings.
 */
#include "kit.h"

static volatile uint64_t done;
static struct result got;

static uint64_t us(uint64_t n)
{
	return n * INFO->timebase / 1000000;
}

#define HOUR (3600 * INFO->timebase)

static struct result swap_until(uint64_t time, uint64_t next, uint64_t w0)
{
	return PARK_TIMED(0, time, 0, 0, w0, w0 + 1, w0 + 2, ~w0, next);
}

static uint64_t receive(uint64_t arg)
{
	got = CALL_ALL(CALL_PARK, 0, arg, arg, arg, arg, arg);
	done = 1;
	return 0;
}

static void receiver_up(struct worker *w)
{
	done = 0;
	run(w, receive, 0);
	AWAIT(life(w) == EX_PARKED);
}

/* Still parked where it was. */
static void check_untouched_receiver(struct worker *w)
{
	CHECK_EQ(life(w), EX_PARKED);
	CHECK_EQ(done, 0);
	CHECK_EQ(wake(w->handle), 1);
	join(w);
	CHECK_EQ(got.a0, 0);
	CHECK_EQ(got.a1, 0);
	CHECK(got.a2 != 1);
}

/* --- refused -------------------------------------------------------------------- */

TEST(the_handle_is_looked_at_before_the_deadline)
{
	uint64_t less = slot();

	CHECK_EQ(share(0, less, pool[0].handle, 1, MAP_EXECUTOR | RW), 1);
	for (uint64_t time = 0; time < 2; time++) {
		uint64_t deadline = time ? test_time() + HOUR : 0;

		CHECK_EQ(swap_until(deadline, FAR_HOLE, 1).a0, -HL_EBADF);
		CHECK_EQ(swap_until(deadline, ~(uint64_t)0, 1).a0, -HL_EBADF);
		CHECK_EQ(swap_until(deadline, less, 1).a0, -HL_EPERM);
	}
	/* A token stays. */
	CHECK_EQ(wake(0), 0);
	CHECK_EQ(swap_until(0, FAR_HOLE, 1).a0, -HL_EBADF);
	CHECK_EQ(swap_until(0, less, 1).a0, -HL_EPERM);
	CHECK_EQ(park().a0, 0);
}

TEST(the_deadline_is_looked_at_before_the_partner)
{
	/* Stopped: -EBUSY. */
	CHECK_EQ(swap_until(0, pool[0].handle, 1).a0, -HL_ETIMEDOUT);
	CHECK_EQ(swap_until(test_time() + HOUR, pool[0].handle, 1).a0, -HL_EBUSY);
	CHECK_EQ(swap_until(~(uint64_t)0, pool[0].handle, 1).a0, -HL_EBUSY);
	/* Itself. */
	CHECK_EQ(swap_until(test_time() + HOUR, BOOT_SELF_VA, 1).a0, -HL_EBUSY);
}

TEST(a_deadline_that_has_passed_leaves_next_parked)
{
	receiver_up(&pool[0]);
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(swap_until(0, pool[0].handle, 1).a0, -HL_ETIMEDOUT);
		CHECK_EQ(swap_until(test_time(), pool[0].handle, 1).a0, -HL_ETIMEDOUT);
	}
	check_untouched_receiver(&pool[0]);
}

TEST(a_deadline_that_has_passed_leaves_the_token)
{
	receiver_up(&pool[0]);
	CHECK_EQ(wake(0), 0);
	CHECK_EQ(swap_until(0, pool[0].handle, 1).a0, -HL_ETIMEDOUT);
	CHECK_EQ(park().a0, 0);
	check_untouched_receiver(&pool[0]);
}

TEST(a_word_that_differs_beats_deadline_and_partner)
{
	static volatile uint64_t cell = 5;

	receiver_up(&pool[0]);
	CHECK_EQ(PARK_TIMED(0, 0, (uint64_t)&cell, 4, 1, 2, 3, 4, pool[0].handle).a0, -HL_EAGAIN);
	CHECK_EQ(PARK_TIMED(0, 0, (uint64_t)&cell, 4, 1, 2, 3, 4, FAR_HOLE).a0, -HL_EAGAIN);
	CHECK_EQ(PARK_TIMED(0, 0, (uint64_t)&cell, 5, 1, 2, 3, 4, FAR_HOLE).a0, -HL_EBADF);
	CHECK_EQ(PARK_TIMED(0, 0, (uint64_t)&cell, 5, 1, 2, 3, 4, pool[0].handle).a0,
		 -HL_ETIMEDOUT);
	CHECK_EQ(PARK_TIMED(0, 0, FAR_HOLE, 5, 1, 2, 3, 4, pool[0].handle).a0, -HL_EFAULT);
	check_untouched_receiver(&pool[0]);
}

static volatile uint64_t refused;

static uint64_t swap_with_token(uint64_t next)
{
	CHECK_EQ(wake(0), 0);
	CHECK_EQ(swap_until(test_time() + HOUR, next, 1).a0, -HL_EAGAIN);
	/* The token is used up. */
	CHECK_EQ(park_until(test_time() + us(500)), -HL_ETIMEDOUT);
	refused = 1;
	CHECK_EQ(park().a0, 0);
	return 4;
}

TEST(a_swap_with_deadline_and_token_returns_at_once)
{
	receiver_up(&pool[0]);
	refused = 0;
	run(&pool[1], swap_with_token, pool[0].handle);
	AWAIT(refused && life(&pool[1]) == EX_PARKED);
	if (!done) {
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(wake(pool[0].handle), 1);
	}
	join(&pool[0]);
	CHECK(got.a2 != 1);
	CHECK_EQ(wake(pool[1].handle), 1);
	CHECK_EQ(join(&pool[1]), 4);
}

/* --- done ----------------------------------------------------------------------- */

static uint64_t target;

static uint64_t send(uint64_t ticks)
{
	uint64_t deadline = test_time() + ticks;
	struct result r = swap_until(deadline, target, 1);

	CHECK_EQ(r.a1, 0);
	if (r.a0 == -HL_ETIMEDOUT)
		CHECK(test_time() >= deadline);
	return (uint64_t)r.a0;
}

static void check_words(uint64_t badge)
{
	CHECK_EQ(got.a0, 0);
	CHECK_EQ(got.a1, badge);
	CHECK_EQ(got.a2, 1);
	CHECK_EQ(got.a3, 2);
	CHECK_EQ(got.a4, 3);
	CHECK_EQ(got.a5, ~(uint64_t)1);
}

TEST(words_arrive_and_the_sender_times_out)
{
	target = slot();
	CHECK_EQ(CALL(CALL_MAP, 0, target, pool[0].handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X,
		      0x2aa),
		 1);
	for (unsigned i = 0; i < rounds(40); i++) {
		receiver_up(&pool[0]);
		/* A deadline that had passed by then would be another case. */
		run(&pool[1], send, us(i < 20 ? 20000 : 5000));
		if (join(&pool[1]) == (uint64_t)-HL_ETIMEDOUT && !done) {
			halt(&pool[0]);
			continue;
		}
		join(&pool[0]);
		check_words(0x2aa);
		CHECK_EQ(pool[1].view->exit, -HL_ETIMEDOUT);
	}
}

TEST(a_sender_that_is_woken_in_time_gets_zero)
{
	target = pool[0].handle;
	for (unsigned i = 0; i < rounds(40); i++) {
		receiver_up(&pool[0]);
		run(&pool[1], send, HOUR);
		join(&pool[0]);
		check_words(0);
		AWAIT(life(&pool[1]) == EX_PARKED);
		CHECK_EQ(wake(pool[1].handle), 1);
		CHECK_EQ(join(&pool[1]), 0);
	}
}

static uint64_t receive_and_spin(uint64_t arg)
{
	receive(arg);
	return work_spin(arg);
}

/* The partner keeps the hart. */
TEST(a_sender_times_out_while_its_partner_spins)
{
	for (unsigned i = 0; i < rounds(10) || i < harts(); i++) {
		unsigned h = i % harts();

		done = 0;
		run_with(&pool[0], receive_and_spin, 0, ON_HART(h));
		AWAIT(life(&pool[0]) == EX_PARKED);
		target = pool[0].handle;
		run_with(&pool[1], send, us(20000), ON_HART(h));
		CHECK_EQ(join(&pool[1]), -HL_ETIMEDOUT);
		halt(&pool[0]);
	}
}

#define SWAPS 1000

static uint64_t echo(uint64_t peer)
{
	struct result r = park();

	for (uint64_t i = 0; i < SWAPS; i++) {
		CHECK_EQ(r.a0, 0);
		CHECK_EQ(r.a2, i);
		CHECK_EQ(r.a5, ~i);
		while ((r = swap_until(test_time() + HOUR - i, peer, i + 7)).a0 == -HL_EBUSY)
			;
	}
	return 0;
}

static uint64_t ask(uint64_t peer)
{
	for (uint64_t i = 0; i < SWAPS; i++) {
		struct result r = swap_until(test_time() + HOUR + i, peer, i);

		CHECK_EQ(r.a0, 0);
		CHECK_EQ(r.a2, i + 7);
		CHECK_EQ(r.a3, i + 8);
	}
	return 6;
}

/* Each swap re-arms a timer that the next one leaves behind. */
TEST(two_swap_back_and_forth_with_deadlines)
{
	run(&pool[0], echo, pool[1].handle);
	AWAIT(life(&pool[0]) == EX_PARKED);
	run(&pool[1], ask, pool[0].handle);
	CHECK_EQ(join(&pool[1]), 6);
}

TEST(two_spaces_swap_with_deadlines)
{
	uint64_t va = slot(), other = space_new(1000), vb = space_new(1000);
	struct worker *a = worker_new(other), *b = worker_new(vb);

	CHECK_EQ(share(other, va, b->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	CHECK_EQ(share(vb, va, a->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	run(b, echo, va);
	AWAIT(life(b) == EX_PARKED);
	run(a, ask, va);
	CHECK_EQ(join(a), 6);
}

/* Swapped to while it waits with a deadline. */
static uint64_t receive_until(uint64_t ticks)
{
	got = PARK_TIMED(0, test_time() + ticks, 0);
	done = 1;
	return (uint64_t)got.a0;
}

static uint64_t send_plainly(uint64_t next)
{
	return (uint64_t)swap(next, 1, 2, 3, ~(uint64_t)1).a0;
}

TEST(one_with_a_deadline_can_be_swapped_to)
{
	for (unsigned i = 0; i < rounds(40); i++) {
		done = 0;
		run(&pool[0], receive_until, HOUR);
		AWAIT(life(&pool[0]) == EX_PARKED);
		run(&pool[1], send_plainly, pool[0].handle);
		CHECK_EQ(join(&pool[0]), 0);
		check_words(0);
		halt(&pool[1]);
	}
}

/* --- tidings -------------------------------------------------------------------- */

TEST(a_keeper_with_a_deadline_is_told)
{
	for (unsigned i = 0; i < 20; i++) {
		run(&pool[0], receive_until, HOUR);
		AWAIT(life(&pool[0]) == EX_PARKED);
		run_kept(&pool[1], i % 2 ? work_fault : work_nothing, FAR_HOLE, pool[0].handle,
			 0x123456789a);
		CHECK_EQ(join(&pool[0]), 0);
		CHECK_EQ(got.a1, 0x123456789a);
		CHECK_EQ(got.a2, i % 2 ? TELL_FAULT : TELL_ENDED);
		CHECK_EQ(got.a3, i % 2 ? LOAD_FAULT : FAR_HOLE);
		halt(&pool[1]);
	}
}

static uint64_t wait_for_badge(uint64_t badge)
{
	while (life(&pool[1]) != EX_STOPPED || me()->view->pending != badge)
		yield();
	/* Came while it wasn't parked: the deadline is not looked at. */
	return receive_until(0);
}

TEST(pending_badges_beat_a_deadline_that_has_passed)
{
	run(&pool[0], wait_for_badge, 0x77);
	run_kept(&pool[1], work_nothing, 1, pool[0].handle, 0x77);
	CHECK_EQ(join(&pool[0]), 0);
	CHECK_EQ(got.a1, 0x77);
}

TEST(a_keeper_that_timed_out_is_told_later)
{
	run(&pool[0], receive_until, us(500));
	run_kept(&pool[1], work_park, 1, pool[0].handle, 0x78);
	CHECK_EQ(join(&pool[0]), -HL_ETIMEDOUT);
	CHECK_EQ(got.a1, 0);
}

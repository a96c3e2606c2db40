/* SPDX-License-Identifier: MIT
 *
 * Swap: park that hands hart and words straight to another executor.
 */
#include "kit.h"

static volatile uint64_t go, done;
static struct result got;

/* Park once and note what came with it. */
static uint64_t receive(uint64_t arg)
{
	got = CALL_ALL(CALL_PARK, 0, arg, arg, arg, arg, arg);
	done = 1;
	return 0;
}

static uint64_t target; /* handle that send swaps to */

static uint64_t send(uint64_t arg)
{
	struct result r = swap(target, arg, arg + 1, arg + 2, ~arg);

	CHECK_EQ(r.a1, 0);
	return (uint64_t)r.a0;
}

static void receiver_up(struct worker *w)
{
	done = 0;
	run(w, receive, 0x5eed);
	AWAIT(life(w) == EX_PARKED);
}

static void check_words(uint64_t badge, uint64_t w0)
{
	CHECK_EQ(got.a0, 0);
	CHECK_EQ(got.a1, badge);
	CHECK_EQ(got.a2, w0);
	CHECK_EQ(got.a3, w0 + 1);
	CHECK_EQ(got.a4, w0 + 2);
	CHECK_EQ(got.a5, ~w0);
}

TEST(swap_carries_four_words)
{
	receiver_up(&pool[0]);
	target = pool[0].handle;
	run(&pool[1], send, 0x123456789abcdef0);
	join(&pool[0]);
	check_words(0, 0x123456789abcdef0);
	/* The sender sleeps until someone wakes it. */
	CHECK_EQ(life(&pool[1]), EX_PARKED);
	CHECK_EQ(wake(pool[1].handle), 1);
	CHECK_EQ(join(&pool[1]), 0);
}

TEST(swap_tells_the_badge_of_the_capability_used)
{
	static const uint64_t badges[] = {0, 1, 0x200, 0x3ff, 0x155};

	for (int i = 0; i < 5; i++) {
		test_note("badge", badges[i]);
		target = slot();
		CHECK_EQ(CALL(CALL_MAP, 0, target, pool[0].handle, 1,
			      MAP_SHARE | MAP_EXECUTOR | MAP_X, badges[i]),
			 1);
		receiver_up(&pool[0]);
		run(&pool[1], send, i);
		join(&pool[0]);
		check_words(badges[i], i);
		halt(&pool[1]);
	}
}

TEST(swap_crosses_spaces)
{
	uint64_t vas = space_new(1000), inside = slot();
	struct worker *child = worker_new(vas);

	receiver_up(child);
	target = child->handle;
	run(&pool[1], send, 77);
	join(child);
	check_words(0, 77);
	halt(&pool[1]);

	/* And out of it, by a capability that lies there. */
	receiver_up(&pool[0]);
	CHECK_EQ(
		CALL(CALL_MAP, vas, inside, pool[0].handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X, 3),
		1);
	target = inside;
	run(child, send, 78);
	join(&pool[0]);
	check_words(3, 78);
}

/* Refused: the caller goes on, and next is as it was. */
static uint64_t swap_refused(uint64_t want)
{
	static volatile uint64_t cell = 1;
	struct result r;

	r = swap(target, 1, 2, 3, 4);
	CHECK_EQ(r.a0, want);
	r = CALL_ALL(CALL_PARK, (uint64_t)&cell, 1, 1, 2, 3, 4, target);
	CHECK_EQ(r.a0, want);
	/* A value that differs comes first. */
	r = CALL_ALL(CALL_PARK, (uint64_t)&cell, 0, 1, 2, 3, 4, target);
	CHECK_EQ(r.a0, -HL_EAGAIN);
	return 9;
}

static void check_refused(uint64_t handle, int64_t want)
{
	target = handle;
	run(&pool[1], swap_refused, (uint64_t)want);
	CHECK_EQ(join(&pool[1]), 9);
}

TEST(swap_to_one_stopped_is_refused)
{
	check_refused(pool[0].handle, -HL_EBUSY);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(swap_to_one_faulted_is_refused)
{
	run(&pool[0], work_fault, FAR_HOLE);
	AWAIT(life(&pool[0]) == EX_FAULTED);
	check_refused(pool[0].handle, -HL_EBUSY);
	CHECK_EQ(life(&pool[0]), EX_FAULTED);
	CHECK_EQ(pool[0].view->scause, LOAD_FAULT);
}

TEST(swap_to_one_ready_is_refused)
{
	run(&pool[0], work_yield_forever, 0);
	check_refused(pool[0].handle, -HL_EBUSY);
}

TEST(swap_to_one_running_is_refused)
{
	run(&pool[0], work_spin, 0);
	check_refused(pool[0].handle, -HL_EBUSY);
}

TEST(swap_to_itself_is_refused)
{
	check_refused(pool[1].handle, -HL_EBUSY);
}

TEST(swap_to_nothing_is_refused)
{
	check_refused(FAR_HOLE, -HL_EBADF);
	check_refused(INFO_VA, -HL_EBADF);
	check_refused(slot(), -HL_EBADF);
}

TEST(swap_without_the_right_is_refused)
{
	uint64_t less = slot();

	CHECK_EQ(share(0, less, pool[0].handle, 1, MAP_EXECUTOR | RW), 1);
	receiver_up(&pool[0]);
	check_refused(less, -HL_EPERM);
	CHECK_EQ(life(&pool[0]), EX_PARKED);
	CHECK_EQ(done, 0);
}

TEST(swap_with_a_value_that_differs_leaves_next_parked)
{
	static volatile uint64_t cell = 5;

	receiver_up(&pool[0]);
	for (int i = 0; i < 20; i++) {
		struct result r =
			CALL_ALL(CALL_PARK, (uint64_t)&cell, 4, 1, 2, 3, 4, pool[0].handle);

		CHECK_EQ(r.a0, -HL_EAGAIN);
		yield();
	}
	CHECK_EQ(CALL(CALL_PARK, FAR_HOLE, 4, 1, 2, 3, 4, pool[0].handle), -HL_EFAULT);
	CHECK_EQ(CALL(CALL_PARK, 3, 4, 1, 2, 3, 4, pool[0].handle), -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_PARKED);
	CHECK_EQ(done, 0);
}

static uint64_t swap_with_token(uint64_t next)
{
	CHECK_EQ(wake(0), 0);
	CHECK_EQ(swap(next, 1, 2, 3, 4).a0, -HL_EAGAIN);
	go = 1;
	/* The token is used up: this sleeps. */
	CHECK_EQ(park().a0, 0);
	return 4;
}

TEST(swap_with_a_token_returns_at_once)
{
	receiver_up(&pool[0]);
	go = 0;
	run(&pool[1], swap_with_token, pool[0].handle);
	AWAIT(go && life(&pool[1]) == EX_PARKED);
	/* next was given back, parked; at most it was woken for nothing, with
	 * no words. */
	if (!done) {
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(wake(pool[0].handle), 1);
	}
	join(&pool[0]);
	CHECK_EQ(got.a1, 0);
	CHECK(got.a2 == 0 || got.a2 == 0x5eed);
	CHECK_EQ(wake(pool[1].handle), 1);
	CHECK_EQ(join(&pool[1]), 4);
}

/* Without harts that could interfere next is exactly as it was. */
TEST_ON(swap_with_a_token_leaves_next_parked, 1, 1)
{
	receiver_up(&pool[0]);
	go = 0;
	run(&pool[1], swap_with_token, pool[0].handle);
	AWAIT(go && life(&pool[1]) == EX_PARKED);
	CHECK_EQ(life(&pool[0]), EX_PARKED);
	CHECK_EQ(done, 0);
}

/* --- back and forth ------------------------------------------------------ */

#define ROUNDS 3000

static uint64_t echo(uint64_t peer)
{
	struct result r = park();

	for (uint64_t i = 0; i < ROUNDS; i++) {
		CHECK_EQ(r.a0, 0);
		CHECK_EQ(r.a2, i);
		CHECK_EQ(r.a3, i + 1000);
		r = swap(peer, r.a2 + 1, r.a3 + 1, ~r.a2, 0);
		while (r.a0 == -HL_EBUSY)
			r = swap(peer, i + 1, i + 1001, ~i, 0);
	}
	return 0;
}

static uint64_t ask(uint64_t peer)
{
	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct result r = swap(peer, i, i + 1000, 0, 0);

		CHECK_EQ(r.a0, 0);
		CHECK_EQ(r.a2, i + 1);
		CHECK_EQ(r.a3, i + 1001);
		CHECK_EQ(r.a4, ~i);
	}
	return 6;
}

static void back_and_forth(struct worker *a, struct worker *b, uint64_t a_in_b, uint64_t b_in_a)
{
	run(b, echo, a_in_b);
	AWAIT(life(b) == EX_PARKED);
	run(a, ask, b_in_a);
	CHECK_EQ(join(a), 6);
	CHECK_EQ(life(b), EX_PARKED);
}

TEST(two_swap_back_and_forth)
{
	back_and_forth(&pool[0], &pool[1], pool[0].handle, pool[1].handle);
}

TEST(two_spaces_swap_back_and_forth)
{
	uint64_t va = slot(), other = space_new(1000), vb = space_new(1000);
	struct worker *a = worker_new(other), *b = worker_new(vb);

	CHECK_EQ(share(other, va, b->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	CHECK_EQ(share(vb, va, a->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	back_and_forth(a, b, va, va);
}

/* Swap where one is always stopped while it waits. */
TEST(one_that_was_swapped_to_can_be_stopped)
{
	for (unsigned i = 0; i < rounds(50); i++) {
		receiver_up(&pool[0]);
		target = pool[0].handle;
		run(&pool[1], send, i);
		stop(pool[0].handle, 3);
		halt(&pool[0]);
		halt(&pool[1]);
	}
}

/* --- many to one --------------------------------------------------------- */

#define SENDERS  6
#define MESSAGES rounds(300)

static volatile uint64_t heard[SENDERS];
static volatile uint64_t last_from[SENDERS];

static uint64_t listen(uint64_t arg)
{
	for (uint64_t n = 0; n < SENDERS * MESSAGES;) {
		struct result r = park();
		uint64_t who = r.a1 - 1;

		CHECK_EQ(r.a0, 0);
		if (r.a1 == 0)
			continue; /* no swap */
		CHECK(who < SENDERS);
		CHECK_EQ(r.a2, last_from[who]);
		CHECK_EQ(r.a3, who);
		last_from[who] = r.a2 + 1;
		heard[who]++;
		n++;
		CHECK_EQ(wake(pool[1 + who].handle), 1);
	}
	return arg;
}

static uint64_t tell(uint64_t who)
{
	for (uint64_t n = 0; n < MESSAGES;) {
		struct result r = swap(CAPS + who * PAGE_SIZE, n, who, 0, 0);

		CHECK(r.a0 == 0 || r.a0 == -HL_EBUSY);
		if (r.a0 == 0)
			n++;
		else
			yield();
	}
	return who;
}

/* Each message arrives once, in order, with the badge of its sender. */
TEST(many_senders_swap_to_one)
{
	for (uint64_t i = 0; i < SENDERS; i++) {
		heard[i] = last_from[i] = 0;
		CHECK_EQ(slot(), CAPS + i * PAGE_SIZE);
		CHECK_EQ(CALL(CALL_MAP, 0, CAPS + i * PAGE_SIZE, pool[0].handle, 1,
			      MAP_SHARE | MAP_EXECUTOR | MAP_X, i + 1),
			 1);
	}
	run(&pool[0], listen, 8);
	for (uint64_t i = 0; i < SENDERS; i++)
		run(&pool[1 + i], tell, i);
	CHECK_EQ(join(&pool[0]), 8);
	for (uint64_t i = 0; i < SENDERS; i++) {
		CHECK_EQ(join(&pool[1 + i]), i);
		CHECK_EQ(heard[i], MESSAGES);
	}
}

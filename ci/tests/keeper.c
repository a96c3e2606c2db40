/* SPDX-License-Identifier: MIT
 *
 * Faults, and keepers: who is told, with which words.
 */
#include "kit.h"

/* What a keeper heard; it parks again until it has heard `wanted` badges. */
static struct result heard[8];
static volatile uint64_t count;
static volatile uint64_t badges; /* of all of it, ORed */

static uint64_t keep(uint64_t wanted)
{
	while ((badges & wanted) != wanted) {
		struct result r = park();

		CHECK_EQ(r.a0, 0);
		if (count < 8)
			heard[count] = r;
		badges |= r.a1;
		count++;
	}
	return badges;
}

static void keeper_up(struct worker *w, uint64_t wanted)
{
	count = badges = 0;
	run(w, keep, wanted);
	AWAIT(life(w) == EX_PARKED);
}

/* --- what is told -------------------------------------------------------- */

TEST(a_parked_keeper_is_told_of_the_end)
{
	keeper_up(&pool[0], 1);
	run_kept(&pool[1], work_nothing, 0x123456789, pool[0].handle, 1);
	CHECK_EQ(join(&pool[0]), 1);
	CHECK_EQ(count, 1);
	CHECK_EQ(heard[0].a1, 1);
	CHECK_EQ(heard[0].a2, TELL_ENDED);
	CHECK_EQ(heard[0].a3, 0x123456789);
	CHECK_EQ(life(&pool[1]), EX_STOPPED);
}

TEST(a_parked_keeper_is_told_of_a_fault)
{
	keeper_up(&pool[0], 2);
	CHECK_EQ(start_kept(pool[1].handle, (uint64_t)entry_load, 0, FAR_HOLE + 8, pool[0].handle,
			    2),
		 0);
	CHECK_EQ(join(&pool[0]), 2);
	CHECK_EQ(count, 1);
	CHECK_EQ(heard[0].a1, 2);
	CHECK_EQ(heard[0].a2, TELL_FAULT);
	CHECK_EQ(heard[0].a3, LOAD_FAULT);
	CHECK_EQ(heard[0].a4, FAR_HOLE + 8);
	CHECK_EQ(heard[0].a5, (uint64_t)entry_load);
	CHECK_EQ(life(&pool[1]), EX_FAULTED);
	CHECK_EQ(pool[1].view->scause, LOAD_FAULT);
	CHECK_EQ(pool[1].view->stval, FAR_HOLE + 8);
	CHECK_EQ(pool[1].view->pc, (uint64_t)entry_load);
}

TEST(a_parked_keeper_is_told_when_another_stops_it)
{
	keeper_up(&pool[0], 4);
	run_kept(&pool[1], work_park_forever, 0, pool[0].handle, 4);
	AWAIT(life(&pool[1]) == EX_PARKED);
	CHECK_EQ(stop(pool[1].handle, 55), 0);
	CHECK_EQ(join(&pool[0]), 4);
	CHECK_EQ(heard[0].a1, 4);
	CHECK_EQ(heard[0].a2, TELL_ENDED);
	CHECK_EQ(heard[0].a3, 55);
}

TEST(a_parked_keeper_is_told_when_one_asked_to_stop_ends)
{
	keeper_up(&pool[0], 4);
	run_kept(&pool[1], work_yield_forever, 0, pool[0].handle, 4);
	CHECK(stop(pool[1].handle, 56) >= 0);
	CHECK_EQ(join(&pool[0]), 4);
	CHECK_EQ(heard[0].a2, TELL_ENDED);
	CHECK_EQ(heard[0].a3, 56);
}

/* 0 too: the fault is told, if with no badge. */
TEST(all_forty_bits_of_the_badge_are_told)
{
	for (int bit = 0; bit < START_BADGE_BITS; bit++) {
		uint64_t badge = 1UL << bit;

		keeper_up(&pool[0], badge);
		run_kept(&pool[1], work_nothing, 0, pool[0].handle, badge);
		CHECK_EQ(join(&pool[0]), badge);
	}
	keeper_up(&pool[0], 0xffffffffff);
	run_kept(&pool[1], work_nothing, 0, pool[0].handle, 0xffffffffff);
	CHECK_EQ(join(&pool[0]), 0xffffffffff);
}

/* --- not parked ---------------------------------------------------------- */

static volatile uint64_t hold;

static uint64_t hold_then_keep(uint64_t wanted)
{
	while (hold)
		yield();
	return keep(wanted);
}

TEST(a_keeper_that_is_not_parked_finds_badges_at_its_next_park)
{
	count = badges = 0;
	hold = 1;
	run(&pool[0], hold_then_keep, 1 | 2 | 1UL << 39);
	run_kept(&pool[1], work_nothing, 11, pool[0].handle, 1);
	run_kept(&pool[2], work_fault, FAR_HOLE, pool[0].handle, 2);
	run_kept(&pool[3], work_nothing, 13, pool[0].handle, 1UL << 39);
	CHECK_EQ(join(&pool[1]), 11);
	AWAIT(life(&pool[2]) == EX_FAULTED);
	CHECK_EQ(join(&pool[3]), 13);
	/* On one hart all is told by now. */
	if (harts() == 1)
		CHECK_EQ(pool[0].view->pending, 1 | 2 | 1UL << 39);
	hold = 0;
	CHECK_EQ(join(&pool[0]), 1 | 2 | 1UL << 39);
	if (harts() == 1)
		CHECK_EQ(count, 1);
	CHECK_EQ(heard[0].a0, 0);
	CHECK_EQ(pool[2].view->scause, LOAD_FAULT);
	CHECK_EQ(pool[2].view->stval, FAR_HOLE);
}

static uint64_t end_child_then_keep(uint64_t child)
{
	CHECK_EQ(stop(child, 44), 0);
	return keep(8);
}

TEST(a_keeper_that_stops_its_child_is_told_too)
{
	count = badges = 0;
	run_kept(&pool[1], work_park_forever, 0, pool[0].handle, 8);
	AWAIT(life(&pool[1]) == EX_PARKED);
	run(&pool[0], end_child_then_keep, pool[1].handle);
	CHECK_EQ(join(&pool[0]), 8);
	CHECK_EQ(count, 1);
}

static uint64_t hold_then_swap(uint64_t next)
{
	struct result r;

	while (hold)
		yield();
	r = swap(next, 1, 2, 3, 4);
	CHECK_EQ(r.a0, -HL_EAGAIN);
	return r.a1;
}

/* The token goes with it, so the badges must come with it. */
TEST(a_swap_refused_for_a_token_tells_the_badges)
{
	hold = 1;
	run(&pool[2], work_park_forever, 0);
	AWAIT(life(&pool[2]) == EX_PARKED);
	run(&pool[0], hold_then_swap, pool[2].handle);
	run_kept(&pool[1], work_fault, FAR_HOLE, pool[0].handle, 0x51);
	AWAIT(life(&pool[1]) == EX_FAULTED);
	AWAIT(pool[0].view->state & EX_TOKEN);
	hold = 0;
	CHECK_EQ(join(&pool[0]), 0x51);
}

TEST(badges_told_are_not_told_again)
{
	keeper_up(&pool[0], 3);
	run_kept(&pool[1], work_nothing, 0, pool[0].handle, 1);
	AWAIT(count == 1 && life(&pool[0]) == EX_PARKED);
	CHECK_EQ(pool[0].view->pending, 0);
	CHECK_EQ(wake(pool[0].handle), 1);
	AWAIT(count == 2 && life(&pool[0]) == EX_PARKED);
	CHECK_EQ(heard[1].a1, 0);
	run_kept(&pool[1], work_nothing, 0, pool[0].handle, 2);
	CHECK_EQ(join(&pool[0]), 3);
}

static uint64_t first_park(uint64_t arg)
{
	(void)arg;
	return park().a1;
}

TEST(badges_die_with_the_keeper)
{
	hold = 1;
	run(&pool[0], hold_then_keep, 1);
	run_kept(&pool[1], work_nothing, 0, pool[0].handle, 0x99);
	join(&pool[1]);
	if (harts() == 1)
		CHECK_EQ(pool[0].view->pending, 0x99);
	else
		AWAIT(pool[0].view->pending == 0x99);
	halt(&pool[0]);
	/* Started again it has neither badge nor token. */
	run(&pool[0], first_park, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(wake(pool[0].handle), 1);
	CHECK_EQ(join(&pool[0]), 0);
	hold = 0;
}

/* --- no keeper, or a dead one -------------------------------------------- */

TEST(without_a_keeper_one_stays_faulted)
{
	run(&pool[1], work_fault, FAR_HOLE);
	AWAIT(life(&pool[1]) == EX_FAULTED);
	for (int i = 0; i < 100; i++)
		yield();
	CHECK_EQ(life(&pool[1]), EX_FAULTED);
	CHECK_EQ(pool[1].view->keeper, NULL);
}

TEST(with_a_stopped_keeper_one_stays_faulted)
{
	run_kept(&pool[1], work_fault, FAR_HOLE, pool[0].handle, 1);
	AWAIT(life(&pool[1]) == EX_FAULTED);
	for (int i = 0; i < 100; i++)
		yield();
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
	CHECK_EQ(life(&pool[1]), EX_FAULTED);
	CHECK_EQ(stop(pool[1].handle, 0), 0);
	run_kept(&pool[1], work_nothing, 3, pool[0].handle, 1);
	CHECK_EQ(join(&pool[1]), 3);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(an_end_drops_the_keeper)
{
	keeper_up(&pool[0], 3);
	run_kept(&pool[1], work_nothing, 0, pool[0].handle, 1);
	AWAIT(count == 1 && life(&pool[0]) == EX_PARKED);
	CHECK_EQ(join(&pool[1]), 0);
	CHECK_EQ(pool[1].view->keeper, NULL);
	run(&pool[1], work_nothing, 0);
	join(&pool[1]);
	for (int i = 0; i < 50; i++)
		yield();
	CHECK_EQ(count, 1);
	CHECK_EQ(life(&pool[0]), EX_PARKED);
}

TEST(a_keeper_can_be_set_when_resuming)
{
	run(&pool[1], work_fault, page(0));
	AWAIT(life(&pool[1]) == EX_FAULTED);
	keeper_up(&pool[0], 1);
	CHECK_EQ(CALL(CALL_START, pool[1].handle, 0, 0, 0, pool[0].handle,
		      START_RESUME | START_SET_KEEPER | 1UL << START_BADGE_SHIFT),
		 0);
	CHECK_EQ(join(&pool[0]), 1);
	CHECK_EQ(heard[0].a2, TELL_FAULT);
	CHECK_EQ(heard[0].a4, page(0));
}

TEST(a_keeper_stays_when_resuming)
{
	CHECK_EQ(map_new(0, page(1), 1, RW), 1);
	keeper_up(&pool[0], 1);
	run_kept(&pool[1], work_fault, page(0), pool[0].handle, 1);
	CHECK_EQ(join(&pool[0]), 1);
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	keeper_up(&pool[0], 1);
	CHECK_EQ(resume(pool[1].handle, 0), 0);
	CHECK_EQ(join(&pool[0]), 1);
	CHECK_EQ(heard[0].a2, TELL_ENDED);
}

/* --- pagers -------------------------------------------------------------- */

#define PAGES rounds(200)

static uint64_t pager(uint64_t child)
{
	for (uint64_t i = 0;; i++) {
		struct result r = park();

		if (r.a1 == 0)
			continue;
		if (life(&pool[1]) == EX_STOPPED)
			return i;
		CHECK_EQ(life(&pool[1]), EX_FAULTED);
		CHECK_EQ(pool[1].view->stval, page((unsigned)i));
		CHECK_EQ(map_new(0, page((unsigned)i), 1, RW), 1);
		CHECK_EQ(resume(child, 0), 0);
	}
}

static uint64_t write_all(uint64_t va)
{
	for (uint64_t i = 0; i < PAGES; i++)
		*word(va + i * PAGE_SIZE) = i;
	for (uint64_t i = 0; i < PAGES; i++)
		CHECK_EQ(*word(va + i * PAGE_SIZE), i);
	return 21;
}

TEST(a_keeper_can_page_in_memory)
{
	run(&pool[0], pager, pool[1].handle);
	AWAIT(life(&pool[0]) == EX_PARKED);
	run_kept(&pool[1], write_all, page(0), pool[0].handle, 1);
	CHECK_EQ(join(&pool[0]), PAGES);
	CHECK_EQ(join(&pool[1]), 21);
}

TEST(a_keeper_in_another_space_is_told)
{
	uint64_t vas = space_new(1000), va = slot();
	struct worker *child = worker_new(vas);

	/* Ours keeps the child ... */
	keeper_up(&pool[0], 1);
	run_kept(child, work_fault, FAR_HOLE, pool[0].handle, 1);
	CHECK_EQ(join(&pool[0]), 1);
	CHECK_EQ(heard[0].a2, TELL_FAULT);
	CHECK_EQ(heard[0].a4, FAR_HOLE);
	halt(child);
	/* ... and the child one of ours. */
	CHECK_EQ(share(vas, va, child->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	keeper_up(child, 2);
	run_kept(&pool[1], work_fault, FAR_HOLE, child->handle, 2);
	CHECK_EQ(join(child), 2);
	CHECK_EQ(heard[0].a2, TELL_FAULT);
}

TEST(a_keeper_may_have_a_keeper)
{
	keeper_up(&pool[0], 4);
	run_kept(&pool[1], work_fault, FAR_HOLE, pool[0].handle, 4);
	AWAIT(life(&pool[1]) == EX_FAULTED);
	CHECK_EQ(join(&pool[0]), 4);
	halt(&pool[1]);
	/* pool[2] faults, its keeper ends, whose keeper is told. */
	keeper_up(&pool[0], 4);
	run_kept(&pool[1], work_park, 0, pool[0].handle, 4);
	AWAIT(life(&pool[1]) == EX_PARKED);
	run_kept(&pool[2], work_fault, FAR_HOLE, pool[1].handle, 3);
	CHECK_EQ(join(&pool[0]), 4);
	CHECK_EQ(heard[0].a2, TELL_ENDED);
	CHECK_EQ(heard[0].a3, 3);
	CHECK_EQ(life(&pool[2]), EX_FAULTED);
}

/* Many at once; each must be heard of. */
TEST(no_end_goes_unheard)
{
	for (unsigned round = 0; round < rounds(40); round++) {
		keeper_up(&pool[0], (1UL << 12) - 1);
		for (uint64_t i = 0; i < 12; i++)
			run_kept(&pool[1 + i], i % 2 ? work_nothing : work_fault, FAR_HOLE,
				 pool[0].handle, 1UL << i);
		CHECK_EQ(join(&pool[0]), (1UL << 12) - 1);
		for (uint64_t i = 0; i < 12; i++)
			halt(&pool[1 + i]);
	}
}

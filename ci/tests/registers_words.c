/* SPDX-License-Identifier: MIT
 *
 * Words that come with a switch arrive untouched, and nothing comes with them:
 * tidings to keepers, swaps, interrupts, faults.
 */
#include "kit.h"
#include "regfile.h"

/* --- tidings ----------------------------------------------------------------- */

/* Park with a pattern in all registers; these words come back, and no others. */
static uint64_t park_and_check(unsigned pattern, const uint64_t documented[6])
{
	load_patterns(0, pattern);
	regfile(0)->before[A0] = 0;
	regfile(0)->before[A6] = 0;
	regfile(0)->before[A7] = CALL_PARK;
	regs_ecall_0();
	check_after(0, 0, documented);
	return 0;
}

/* Pending badges come back in a1, and nothing else does. */
static uint64_t park_for_badge(uint64_t badge)
{
	uint64_t documented[6] = {0, badge};

	while (pool[1].view->state != EX_STOPPED || pool[0].view->pending != badge)
		yield();
	return park_and_check(1, documented);
}

TEST(pending_badges_come_in_a1_only)
{
	regfile_map();
	run(&pool[0], park_for_badge, 0x123);
	run_kept(&pool[1], work_nothing, 0x5ec2e7, pool[0].handle, 0x123);
	CHECK_EQ(join(&pool[0]), 0);
}

/* A parked keeper gets five words. */
static uint64_t park_for_fault(uint64_t child)
{
	uint64_t documented[6] = {0,          0x77,          TELL_FAULT,
				  LOAD_FAULT, FAR_HOLE + 16, (uint64_t)entry_load};

	(void)child;
	return park_and_check(1, documented);
}

TEST(a_keeper_gets_the_words_of_a_fault_only)
{
	for (int i = 0; i < 20; i++) {
		regfile_map();
		run(&pool[0], park_for_fault, 0);
		AWAIT(life(&pool[0]) == EX_PARKED);
		CHECK_EQ(start_kept(pool[1].handle, (uint64_t)entry_load, 0x5ec2e7, FAR_HOLE + 16,
				    pool[0].handle, 0x77),
			 0);
		CHECK_EQ(join(&pool[0]), 0);
		halt(&pool[1]);
		unmap(0, 0, 1);
	}
}

static uint64_t park_for_end(uint64_t child)
{
	uint64_t documented[6] = {0, 0x78, TELL_ENDED, 0x321};

	(void)child;
	return park_and_check(2, documented);
}

/* By the one that ends, or by who stops it. */
TEST(a_keeper_gets_the_words_of_an_end_only)
{
	for (int i = 0; i < 20; i++) {
		regfile_map();
		run(&pool[0], park_for_end, 0);
		AWAIT(life(&pool[0]) == EX_PARKED);
		run_kept(&pool[1], i % 2 ? work_nothing : work_park, 0x321, pool[0].handle, 0x78);
		if (i % 2 == 0) {
			AWAIT(life(&pool[1]) == EX_PARKED);
			CHECK_EQ(stop(pool[1].handle, 0x321), 0);
		}
		CHECK_EQ(join(&pool[0]), 0);
		unmap(0, 0, 1);
	}
}

/* Its own past is kept in the executor page, where words are put, too. */
static uint64_t fault_then_park(uint64_t va)
{
	uint64_t documented[6] = {0, 0x79, TELL_ENDED, 0x321};

	load_patterns(0, 3);
	regfile(0)->before[T0] = va;
	regs_load[0]();
	load_patterns(0, 4);
	regfile(0)->before[A0] = 0;
	regfile(0)->before[A6] = 0;
	regfile(0)->before[A7] = CALL_PARK;
	regs_ecall[0]();
	check_after(0, 0, documented);
	return 0;
}

TEST(words_do_not_bring_back_older_registers)
{
	regfile_map();
	run(&pool[0], fault_then_park, page(0));
	AWAIT(life(&pool[0]) == EX_FAULTED);
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	CHECK_EQ(resume(pool[0].handle, 0), 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	run_kept(&pool[1], work_nothing, 0x321, pool[0].handle, 0x79);
	CHECK_EQ(join(&pool[0]), 0);
}

/* --- swap -------------------------------------------------------------------- */

#define SWAPS 300

/* Both have a set.  Each puts the round into the words that it sends. */
struct swapper {
	uint64_t set;
	uint64_t peer;  /* handle */
	uint64_t badge; /* of the peer's capability on us */
	bool first;
};
static struct swapper swappers[2];

static void check_words(unsigned s, const struct swapper *me, uint64_t round)
{
	uint64_t documented[6] = {0, me->badge};

	/* The words of the peer, untouched: its patterns. */
	for (int i = 2; i < 6; i++)
		documented[i] = pattern(!s, A0 + i, round);
	check_after(s, 0, documented);
}

static uint64_t swap_in_set(uint64_t which)
{
	const struct swapper *me = &swappers[which];
	unsigned s = (unsigned)me->set;

	for (uint64_t round = 0; round < SWAPS; round++) {
		bool wait = round == 0 && !me->first;

		load_patterns(s, round);
		regfile(s)->before[A0] = 0;
		regfile(s)->before[A6] = wait ? 0 : me->peer;
		regfile(s)->before[A7] = CALL_PARK;
		regs_ecall[s]();
		/* The first one gets the answer of the same round - 1 ... */
		check_words(s, me, me->first ? round + 1 : round);
	}
	return 0;
}

static void check_swap(struct worker *a, struct worker *b)
{
	run(b, swap_in_set, 1);
	AWAIT(life(b) == EX_PARKED);
	run(a, swap_in_set, 0);
	/* The last swap of a finds no answer: b has ended. */
	AWAIT(life(b) == EX_STOPPED);
	CHECK_EQ(b->view->exit, 0);
	AWAIT(life(a) == EX_PARKED);
}

TEST(swap_carries_words_and_nothing_else)
{
	uint64_t to_b = slot(), to_a = slot();

	regfile_map();
	CHECK_EQ(
		CALL(CALL_MAP, 0, to_b, pool[1].handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X, 0x2bb),
		1);
	CHECK_EQ(
		CALL(CALL_MAP, 0, to_a, pool[0].handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X, 0x1aa),
		1);
	swappers[0] = (struct swapper){0, to_b, 0x1aa, true};
	swappers[1] = (struct swapper){1, to_a, 0x2bb, false};
	check_swap(&pool[0], &pool[1]);
}

TEST(swap_between_spaces_carries_words_and_nothing_else)
{
	uint64_t other = space_new(1000), to_b = slot(), to_a = page(9);
	struct worker *b = worker_new(other);

	regfile_map();
	CHECK_EQ(share(other, 0, 0, 1, RW), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, to_b, b->handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X, 0x2bb), 1);
	CHECK_EQ(CALL(CALL_MAP, other, to_a, pool[0].handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X,
		      0x1aa),
		 1);
	swappers[0] = (struct swapper){0, to_b, 0x1aa, true};
	swappers[1] = (struct swapper){1, to_a, 0x2bb, false};
	check_swap(&pool[0], b);
}

/* --- interrupts and faults ---------------------------------------------------- */

static uint64_t spin_in_set(uint64_t s)
{
	load_patterns((unsigned)s, 5);
	regs_spin[s]();
	check_untouched((unsigned)s, T0);
	return 0;
}

/* Stops, takedowns and unmaps elsewhere, and ticks, interrupt the harts that spin. */
TEST(registers_survive_interrupts)
{
	unsigned n = harts() < REGFILE_SETS ? harts() : REGFILE_SETS;

	regfile_map();
	for (unsigned s = 0; s < n; s++)
		run(&pool[s], spin_in_set, s);
	for (unsigned s = 0; s < n; s++)
		AWAIT(regfile(s)->after[31]); /* the patterns are there */
	for (int i = 0; i < 20; i++) {
		uint64_t vas = space_new(1000);

		CHECK_EQ(map_new(vas, page(0), 3, RW), 3);
		run(worker_new(vas), work_park, 0);
		vas_stop(vas);
		CHECK_EQ(map_new(0, page(0), 10, RW), 10);
		CHECK_EQ(unmap(0, page(0), 10), 10);
	}
	for (unsigned s = 0; s < n; s++)
		regfile(s)->after[0] = 1;
	for (unsigned s = 0; s < n; s++)
		CHECK_EQ(join(&pool[s]), 0);
}

static uint64_t load_in_set(uint64_t s)
{
	load_patterns((unsigned)s, 6);
	regfile((unsigned)s)->before[T0] = page((unsigned)s);
	regs_load[s]();
	check_untouched((unsigned)s, T1);
	return regfile((unsigned)s)->after[T1];
}

TEST(registers_survive_a_fault)
{
	for (int round = 0; round < 10; round++) {
		regfile_map();
		for (unsigned s = 0; s < REGFILE_SETS; s++)
			run(&pool[s], load_in_set, s);
		for (unsigned s = 0; s < REGFILE_SETS; s++) {
			AWAIT(life(&pool[s]) == EX_FAULTED);
			CHECK_EQ(pool[s].view->stval, page(s));
			/* The view shows them all. */
			for (int n = 1; n < 32; n++)
				CHECK_EQ(pool[s].view->x[n - 1], regfile(s)->before[n]);
			CHECK_EQ(map_new(0, page(s), 1, RW), 1);
			*word(page(s)) = 800 + s;
			CHECK_EQ(resume(pool[s].handle, 0), 0);
		}
		for (unsigned s = 0; s < REGFILE_SETS; s++)
			CHECK_EQ(join(&pool[s]), 800 + s);
		CHECK_EQ(unmap(0, page(0), REGFILE_SETS), REGFILE_SETS);
		unmap(0, 0, 1);
	}
}

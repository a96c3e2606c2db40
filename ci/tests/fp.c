/* SPDX-License-Identifier: MIT
 *
 * Floating point: who may use it, and that registers survive.  What is here runs on
 * machines without it, too: there start refuses the flag.
 */
#include "fptest.h"

static struct fpregs shown;

/* --- without ---------------------------------------------------------------------- */

TEST(without_the_flag_each_instruction_is_illegal)
{
	static void (*const entries[])(void) = {fp_entry_arithmetic, fp_entry_load, fp_entry_store,
						fp_entry_move, fp_entry_csr};

	for (unsigned i = 0; i < 5; i++) {
		test_note("instruction", i);
		CHECK_EQ(start(pool[0].handle, (uint64_t)entries[i], 0, (uint64_t)&shown), 0);
		AWAIT(life(&pool[0]) == EX_FAULTED || life(&pool[0]) == EX_STOPPED);
		CHECK_EQ(life(&pool[0]), EX_FAULTED);
		CHECK_EQ(pool[0].view->scause, ILLEGAL);
		CHECK_EQ(pool[0].view->pc, (uint64_t)entries[i]);
		CHECK(!(pool[0].view->state & EX_FP));
		CHECK_EQ(stop(pool[0].handle, 0), 0);
	}
}

TEST(a_keeper_is_told_of_the_first_instruction)
{
	run(&pool[0], keep_once, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(start_kept(pool[1].handle, (uint64_t)fp_entry_move, 0, 0, pool[0].handle, 5), 0);
	CHECK_EQ(join(&pool[0]), 0);
	CHECK_EQ(kept.a1, 5);
	CHECK_EQ(kept.a2, TELL_FAULT);
	CHECK_EQ(kept.a3, ILLEGAL);
	CHECK_EQ(kept.a5, (uint64_t)fp_entry_move);
}

TEST(the_flag_is_refused_where_there_are_no_registers)
{
	int64_t want = has_fp() ? 0 : -HL_EINVAL;

	CHECK_EQ(CALL(CALL_START, pool[0].handle, (uint64_t)entry_work, 0, 0, 0, START_FP | 1 << 8),
		 -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
	CHECK_EQ(CALL(CALL_START, pool[0].handle, (uint64_t)entry_load, 0, (uint64_t)pool, 0,
		      START_FP),
		 want);
	CHECK_EQ(join(&pool[0]), want ? pool[0].view->exit : *(int64_t *)pool);
	CHECK_EQ(CALL_IN(&pool[1], CALL_START, 0, 0, 0, 0, 0, START_RESUME | START_FP), want);
}

/* --- start -------------------------------------------------------------------------- */

FP_TEST(start_begins_with_zeroes)
{
	for (unsigned i = 0; i < 4 * harts(); i++) {
		struct worker *dirty = &pool[i % 3], *clean = &pool[i % 2];
		unsigned h = i % harts();

		/* Somebody leaves the hart full of other values. */
		run_with(dirty, fill_and_end, i, START_FP | ON_HART(h));
		CHECK_EQ(join(dirty), i);
		shown.f[3] = shown.fcsr = 1;
		CHECK_EQ(CALL(CALL_START, clean->handle, (uint64_t)fp_entry_show, 0,
			      (uint64_t)&shown, 0, START_FP | ON_HART(h)),
			 0);
		CHECK_EQ(join(clean), 0);
		check_zeroes(&shown);
	}
}

FP_TEST(a_start_without_the_flag_takes_it_away)
{
	for (unsigned i = 0; i < 4; i++) {
		run_with(&pool[0], fill_and_end, i, START_FP);
		CHECK_EQ(join(&pool[0]), i);
		CHECK_EQ(start(pool[0].handle, (uint64_t)fp_entry_move, 0, 0), 0);
		AWAIT(life(&pool[0]) == EX_FAULTED);
		CHECK_EQ(pool[0].view->scause, ILLEGAL);
		halt(&pool[0]);
	}
}

FP_TEST(stopped_while_it_had_it_and_started_without)
{
	run_with(&pool[0], fill_and_park, 1, START_FP);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(pool[0].view->state & EX_FP, EX_FP);
	CHECK_EQ(stop(pool[0].handle, 0), 0);
	CHECK_EQ(pool[0].view->state, EX_STOPPED);
	CHECK_EQ(start(pool[0].handle, (uint64_t)fp_entry_csr, 0, 0), 0);
	AWAIT(life(&pool[0]) == EX_FAULTED);
	CHECK_EQ(pool[0].view->scause, ILLEGAL);
}

/* --- turned on later ------------------------------------------------------------------ */

static uint64_t turn_on(uint64_t salt)
{
	struct fpregs is, want;

	CHECK_EQ(CALL(CALL_START, 0, 0, 0, 0, 0, START_RESUME | START_FP), 0);
	CHECK_EQ(me()->view->state & EX_FP, EX_FP);
	fp_store(&is);
	check_zeroes(&is);
	fill(&want, salt);
	fp_load(&want);
	/* Again: nothing happens. */
	CHECK_EQ(CALL(CALL_START, 0, 0, 0, 0, 0, START_RESUME | START_FP), 0);
	check_holds(&want);
	yield();
	check_holds(&want);
	return 5;
}

FP_TEST(one_can_turn_it_on_for_itself)
{
	for (unsigned i = 0; i < 4 * harts(); i++) {
		run_with(&pool[1], fill_and_end, i, START_FP | ON_HART(i % harts()));
		join(&pool[1]);
		run_with(&pool[0], turn_on, i, ON_HART(i % harts()));
		CHECK_EQ(join(&pool[0]), 5);
	}
}

static uint64_t turn_on_badly(uint64_t arg)
{
	CHECK_EQ(CALL(CALL_START, 0, 0, 0, 0, 0, START_FP), -HL_EBUSY);
	CHECK_EQ(CALL(CALL_START, 0, 0, 0, 0, 0, START_RESUME), -HL_EBUSY);
	CHECK(CALL(CALL_START, 0, arg, 0, 0, 0, START_RESUME | START_FP) < 0);
	CHECK(CALL(CALL_START, 0, 0, arg, 0, 0, START_RESUME | START_FP) < 0);
	CHECK(CALL(CALL_START, 0, 0, 0, arg, 0, START_RESUME | START_FP) < 0);
	CHECK(CALL(CALL_START, 0, 0, 0, 0, arg, START_RESUME | START_FP) < 0);
	CHECK(CALL(CALL_START, 0, 0, 0, 0, 0, START_RESUME | START_FP, arg) < 0);
	CHECK(CALL(CALL_START, 0, 0, 0, 0, 0, START_RESUME | START_FP | ON_HART(0)) < 0);
	CHECK(CALL(CALL_START, 0, 0, 0, 0, 0, START_RESUME | START_FP | START_SET_KEEPER) < 0);
	CHECK(CALL(CALL_START, 0, 0, 0, 0, 0, START_RESUME | START_FP | 1 << 8) < 0);
	CHECK(CALL(CALL_START, 0, 0, 0, 0, 0, START_RESUME | START_FP | 0x10) < 0);
	CHECK_EQ(me()->view->affinity, EX_HART_ANY);
	fp_f31(); /* still a fault */
	return 1;
}

FP_TEST(turning_it_on_takes_no_other_arguments)
{
	run(&pool[0], turn_on_badly, 0x1000);
	AWAIT(life(&pool[0]) == EX_FAULTED || life(&pool[0]) == EX_STOPPED);
	CHECK_EQ(life(&pool[0]), EX_FAULTED);
	CHECK_EQ(pool[0].view->scause, ILLEGAL);
}

static uint64_t use_it_unasked(uint64_t salt)
{
	struct fpregs is, want;

	fp_store(&is);
	check_zeroes(&is);
	fill(&want, salt);
	fp_load(&want);
	CHECK_EQ(*word(page(0)), 0x600d);
	check_holds(&want);
	yield();
	check_holds(&want);
	return 6;
}

/* Given on the first fault; kept over others, of which not all give it again. */
FP_TEST(a_keeper_can_turn_it_on_at_the_first_use)
{
	for (unsigned i = 0; i < 4 * harts(); i++) {
		run_with(&pool[1], fill_and_end, i, START_FP | ON_HART(i % harts()));
		join(&pool[1]);
		run_with(&pool[0], use_it_unasked, i, ON_HART(i % harts()));
		AWAIT(life(&pool[0]) == EX_FAULTED);
		CHECK_EQ(pool[0].view->scause, ILLEGAL);
		CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 0, 0, 0, START_RESUME | START_FP), 0);
		AWAIT(life(&pool[0]) == EX_FAULTED && pool[0].view->scause == LOAD_FAULT);
		CHECK_EQ(pool[0].view->state & EX_FP, EX_FP);
		CHECK_EQ(pool[0].view->f[7], value(i, 7));
		CHECK_EQ(map_new(0, page(0), 1, RW), 1);
		*word(page(0)) = 0x600d;
		CHECK_EQ(CALL(CALL_START, pool[0].handle, 0, 0, 0, 0,
			      START_RESUME | (i % 2 ? START_FP : 0)),
			 0);
		CHECK_EQ(join(&pool[0]), 6);
		CHECK_EQ(unmap(0, page(0), 1), 1);
	}
}

/* --- views ----------------------------------------------------------------------------- */

static void check_view(const struct worker *w, uint64_t salt)
{
	struct fpregs want;

	fill(&want, salt);
	for (unsigned n = 0; n < 32; n++) {
		test_note("f", n);
		CHECK_EQ(w->view->f[n], want.f[n]);
	}
	CHECK_EQ(w->view->fcsr, want.fcsr);
}

FP_TEST(a_view_shows_the_registers)
{
	for (unsigned i = 0; i < 10; i++) {
		run_with(&pool[0], i % 2 ? fill_and_park : fill_and_fault, i, START_FP);
		AWAIT(life(&pool[0]) == (i % 2 ? EX_PARKED : EX_FAULTED));
		/* Others ran there since. */
		run_with(&pool[1], fill_and_end, ~i, START_FP);
		join(&pool[1]);
		check_view(&pool[0], i);
		halt(&pool[0]);
	}
}

FP_TEST(a_view_of_one_without_it_shows_nothing)
{
	struct worker *w = worker_new(space_new(100));

	run_with(&pool[0], fill_and_park, 9, START_FP | ON_HART(0));
	AWAIT(life(&pool[0]) == EX_PARKED);
	run_with(w, work_park, 0, ON_HART(0));
	AWAIT(life(w) == EX_PARKED);
	for (unsigned n = 0; n < 32; n++)
		CHECK_EQ(w->view->f[n], 0);
	CHECK_EQ(w->view->fcsr, 0);
	run_with(&pool[1], fill_and_end, 10, START_FP | ON_HART(0));
	join(&pool[1]);
	CHECK_EQ(wake(w->handle), 1);
	join(w);
	for (unsigned n = 0; n < 32; n++)
		CHECK_EQ(w->view->f[n], 0);
}

/* SPDX-License-Identifier: MIT
 *
 * Registers survive every kind of switch, and nothing leaks into them: after a
 * call a0 is the result; a1..a7 and t0..t6 hold what is documented, 0 or what
 * the caller had there itself; all others what they held before.
 */
#include "kit.h"
#include "regfile.h"

/* --- calls that come back at once ------------------------------------------ */

static void check_call(uint64_t number, const uint64_t *a, uint64_t result)
{
	load_patterns(0, number);
	for (int i = 0; i < 7; i++)
		regfile(0)->before[A0 + i] = a[i];
	regfile(0)->before[A7] = number;
	regs_ecall_0();
	check_after(0, result, nothing);
}
#define CHECK_CALL(result, number, ...)                                                            \
	check_call(number, (const uint64_t[7]){__VA_ARGS__}, (uint64_t)(int64_t)(result))

TEST(calls_leave_the_other_registers_alone)
{
	regfile_map();
	CHECK_CALL(0, CALL_YIELD, 1, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(-HL_ENOSYS, 6, 1, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(-HL_ENOSYS, 255, 1, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(-HL_EINVAL, CALL_YIELD | 0x100, 1, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(0, CALL_WAKE, pool[0].handle, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(-HL_EBADF, CALL_WAKE, FAR_HOLE, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(0, CALL_WAKE, 0, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(0, CALL_PARK, 0, 2, 3, 4, 5, 6, 0); /* takes the token */
	CHECK_CALL(-HL_EAGAIN, CALL_PARK, (uint64_t)&pool[0].handle, 2, 3, 4, 5, 6, 0);
	CHECK_CALL(-HL_EFAULT, CALL_PARK, FAR_HOLE, 2, 3, 4, 5, 6, 0);
	CHECK_CALL(-HL_EINVAL, CALL_PARK, 1, 2, 3, 4, 5, 6, 0);
	CHECK_CALL(-HL_EBADF, CALL_PARK, 0, 2, 3, 4, 5, 6, FAR_HOLE);
	CHECK_CALL(-HL_EBUSY, CALL_PARK, 0, 2, 3, 4, 5, 6, pool[0].handle);
	CHECK_CALL(-HL_EBUSY, CALL_START, pool[0].handle, 0, 0, 0, 0, START_RESUME);
	CHECK_CALL(-HL_EINVAL, CALL_START, pool[0].handle, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(0, CALL_STOP, pool[0].handle, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(-HL_EBADF, CALL_STOP, FAR_HOLE, 2, 3, 4, 5, 6, 7);
	CHECK_CALL(2, CALL_MAP, 0, page(0), 0, 2, MAP_NEW | RW);
	CHECK_CALL(-HL_EEXIST, CALL_MAP, 0, page(0), 0, 2, MAP_NEW | RW);
	CHECK_CALL(1, CALL_MAP, 0, page(2), page(0), 1, MAP_SHARE | MAP_R);
	CHECK_CALL(3, CALL_MAP, 0, page(0), 0, 3, MAP_UNMAP);
	CHECK_CALL(-HL_EINVAL, CALL_MAP, 1, 2, 3, 4, 5, 6, 7);
}

TEST(a_call_that_takes_a_token_with_next_leaks_nothing)
{
	regfile_map();
	run(&pool[0], work_park_forever, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	wake(0);
	CHECK_CALL(-HL_EAGAIN, CALL_PARK, 0, 2, 3, 4, 5, 6, pool[0].handle);
	AWAIT(life(&pool[0]) == EX_PARKED);
	wake(pool[0].handle);
	CHECK_CALL(0, CALL_START, pool[1].handle, (uint64_t)entry_load, 0, (uint64_t)pool, 0, 0, 0);
}

/* --- start ------------------------------------------------------------------ */

TEST(start_leaves_all_registers_zero_but_sp_and_a0)
{
	regfile_map();
	for (unsigned round = 0; round < 20; round++) {
		load_patterns(0, round);
		/* An executor that had other values before. */
		CHECK_EQ(start(pool[round % 3].handle, (uint64_t)regs_entry[0],
			       0x1234567890 + round, ~(uint64_t)round),
			 0);
		CHECK_EQ(join(&pool[round % 3]), 0);
		for (int n = 1; n < 32; n++) {
			test_note("register", n);
			if (n == SP)
				CHECK_EQ(regfile(0)->after[n], 0x1234567890 + round);
			else
				CHECK_EQ(regfile(0)->after[n], n == A0 ? ~(uint64_t)round : 0);
		}
	}
}

/* --- yield ------------------------------------------------------------------ */

static uint64_t yield_in_set(uint64_t s)
{
	for (uint64_t round = 0; round < rounds(300); round++) {
		load_patterns((unsigned)s, round);
		regfile((unsigned)s)->before[A7] = CALL_YIELD;
		regs_ecall[s]();
		check_after((unsigned)s, 0, nothing);
	}
	return 0;
}

TEST(registers_survive_yield)
{
	regfile_map();
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		run(&pool[s], yield_in_set, s);
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		CHECK_EQ(join(&pool[s]), 0);
}

TEST(registers_survive_yield_between_spaces)
{
	struct worker *w[REGFILE_SETS];

	regfile_map();
	for (unsigned s = 0; s < REGFILE_SETS; s++) {
		uint64_t vas = space_new(1000);

		CHECK_EQ(share(vas, 0, 0, 1, RW), 1);
		w[s] = worker_new(vas);
	}
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		run(w[s], yield_in_set, s);
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		CHECK_EQ(join(w[s]), 0);
}

/* --- park and wake ----------------------------------------------------------- */

static volatile uint64_t parks[REGFILE_SETS];

static uint64_t park_in_set(uint64_t s)
{
	for (uint64_t round = 0; round < rounds(200); round++) {
		load_patterns((unsigned)s, round);
		regfile((unsigned)s)->before[A0] = 0;
		regfile((unsigned)s)->before[A6] = 0;
		regfile((unsigned)s)->before[A7] = CALL_PARK;
		regs_ecall[s]();
		check_after((unsigned)s, 0, nothing);
		parks[s]++;
	}
	return 0;
}

TEST(registers_survive_park_and_wake)
{
	regfile_map();
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		run(&pool[s], park_in_set, s);
	for (unsigned s = 0; s < REGFILE_SETS; s++) {
		while (life(&pool[s]) != EX_STOPPED) {
			wake(pool[s].handle);
			AWAIT(life(&pool[s]) == EX_PARKED || life(&pool[s]) == EX_STOPPED);
		}
		CHECK_EQ(pool[s].view->exit, 0);
	}
}

/* While it is parked the view shows what a call preserves, and its pc. */
TEST(a_view_shows_the_registers_of_one_parked)
{
	regfile_map();
	run(&pool[0], park_in_set, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	for (int n = 1; n < 32; n++) {
		test_note("register", n);
		if (!clobbered(n))
			CHECK_EQ(pool[0].view->x[n - 1], regfile(0)->before[n]);
	}
	CHECK(pool[0].view->pc > (uint64_t)regs_ecall_0 &&
	      pool[0].view->pc < (uint64_t)regs_spin_0);
}

/* SPDX-License-Identifier: MIT
 *
 * Registers survive every kind of switch, and nothing leaks into them: after a
 * call a0 is the result; a1..a7 and t0..t6 hold what is documented, 0 or what
 * the caller had there itself; all others what they held before.
 */
#include "kit.h"
#include "regfile.h"

#define SETS ((struct regfile *)0)

/* Register numbers */
enum {
	RA = 1,
	SP = 2,
	T0 = 5,
	T1 = 6,
	A0 = 10,
	A1 = 11,
	A2 = 12,
	A5 = 15,
	A6 = 16,
	A7 = 17,
};

static struct regfile *set(unsigned n)
{
	/* The compiler would take an access by a null pointer for an error. */
	struct regfile *sets;

	__asm__("" : "=r"(sets) : "0"(SETS));
	return sets + n;
}

static bool clobbered(int n)
{
	return (n >= T0 && n < 8) || (n >= A0 && n <= A7) || n >= 28;
}

/* Different in every register, set and round. */
static uint64_t pattern(unsigned s, int n, uint64_t round)
{
	return 0xa5a5000000000000 | (uint64_t)s << 40 | (uint64_t)n << 32 | (round & 0xffff) << 8 | 0x5a;
}

static void load_patterns(unsigned s, uint64_t round)
{
	for (int n = 1; n < 32; n++) {
		set(s)->before[n] = pattern(s, n, round);
		set(s)->after[n] = 0xbad;
	}
}

static void map_sets(uint64_t vas)
{
	CHECK_EQ(map_new(vas, 0, 1, RW), 1);
}

/* What the call may have put into a1..a5: nothing. */
static const uint64_t nothing[6];

static void check_after(unsigned s, uint64_t result, const uint64_t *documented)
{
	for (int n = 1; n < 32; n++) {
		uint64_t is = set(s)->after[n], was = set(s)->before[n];

		test_note("register", n);
		if (n == A0)
			CHECK_EQ(is, result);
		else if (n > A0 && n <= A5 && documented[n - A0])
			CHECK_EQ(is, documented[n - A0]);
		else if (clobbered(n) && is != 0)
			CHECK_EQ(is, was);
		else if (!clobbered(n))
			CHECK_EQ(is, was);
	}
}

static void check_untouched(unsigned s, int but)
{
	for (int n = 1; n < 32; n++) {
		test_note("register", n);
		if (n != but)
			CHECK_EQ(set(s)->after[n], set(s)->before[n]);
	}
}

static void (*const ecall_in[])(void) = {regs_ecall_0, regs_ecall_1, regs_ecall_2, regs_ecall_3};
static void (*const spin_in[])(void) = {regs_spin_0, regs_spin_1, regs_spin_2, regs_spin_3};
static void (*const load_in[])(void) = {regs_load_0, regs_load_1, regs_load_2, regs_load_3};
static void (*const entry_in[])(void) = {regs_entry_0, regs_entry_1, regs_entry_2, regs_entry_3};

/* --- calls that come back at once ------------------------------------------ */

static void check_call(uint64_t number, const uint64_t *a, uint64_t result)
{
	load_patterns(0, number);
	for (int i = 0; i < 7; i++)
		set(0)->before[A0 + i] = a[i];
	set(0)->before[A7] = number;
	regs_ecall_0();
	check_after(0, result, nothing);
}
#define CHECK_CALL(result, number, ...)                                                            \
	check_call(number, (const uint64_t[7]){__VA_ARGS__}, (uint64_t)(int64_t)(result))

TEST(calls_leave_the_other_registers_alone)
{
	map_sets(0);
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
	map_sets(0);
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
	map_sets(0);
	for (unsigned round = 0; round < 20; round++) {
		load_patterns(0, round);
		/* An executor that had other values before. */
		CHECK_EQ(start(pool[round % 3].handle, (uint64_t)entry_in[0], 0x1234567890 + round,
			       ~(uint64_t)round),
			 0);
		CHECK_EQ(join(&pool[round % 3]), 0);
		for (int n = 1; n < 32; n++) {
			test_note("register", n);
			if (n == SP)
				CHECK_EQ(set(0)->after[n], 0x1234567890 + round);
			else
				CHECK_EQ(set(0)->after[n], n == A0 ? ~(uint64_t)round : 0);
		}
	}
}

/* --- yield ------------------------------------------------------------------ */

static uint64_t yield_in_set(uint64_t s)
{
	for (uint64_t round = 0; round < 300; round++) {
		load_patterns((unsigned)s, round);
		set((unsigned)s)->before[A7] = CALL_YIELD;
		ecall_in[s]();
		check_after((unsigned)s, 0, nothing);
	}
	return 0;
}

TEST(registers_survive_yield)
{
	map_sets(0);
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		run(&pool[s], yield_in_set, s);
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		CHECK_EQ(join(&pool[s]), 0);
}

TEST(registers_survive_yield_between_spaces)
{
	struct worker *w[REGFILE_SETS];

	map_sets(0);
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
	for (uint64_t round = 0; round < 200; round++) {
		load_patterns((unsigned)s, round);
		set((unsigned)s)->before[A0] = 0;
		set((unsigned)s)->before[A6] = 0;
		set((unsigned)s)->before[A7] = CALL_PARK;
		ecall_in[s]();
		check_after((unsigned)s, 0, nothing);
		parks[s]++;
	}
	return 0;
}

TEST(registers_survive_park_and_wake)
{
	map_sets(0);
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

/* Pending badges come back in a1, and nothing else does. */
static uint64_t park_for_badge(uint64_t badge)
{
	uint64_t documented[6] = {0, badge};

	while (pool[1].view->state != EX_STOPPED || pool[0].view->pending != badge)
		yield();
	load_patterns(0, 1);
	set(0)->before[A0] = 0;
	set(0)->before[A6] = 0;
	set(0)->before[A7] = CALL_PARK;
	regs_ecall_0();
	check_after(0, 0, documented);
	return 0;
}

TEST(pending_badges_come_in_a1_only)
{
	map_sets(0);
	run(&pool[0], park_for_badge, 0x123);
	run_kept(&pool[1], work_nothing, 0x5ec2e7, pool[0].handle, 0x123);
	CHECK_EQ(join(&pool[0]), 0);
}

/* A parked keeper gets five words. */
static uint64_t park_for_fault(uint64_t child)
{
	uint64_t documented[6] = {0, 0x77, TELL_FAULT, LOAD_FAULT, FAR_HOLE + 16,
				  (uint64_t)entry_load};

	(void)child;
	load_patterns(0, 1);
	set(0)->before[A0] = 0;
	set(0)->before[A6] = 0;
	set(0)->before[A7] = CALL_PARK;
	regs_ecall_0();
	check_after(0, 0, documented);
	return 0;
}

TEST(a_keeper_gets_the_words_of_a_fault_only)
{
	for (int i = 0; i < 20; i++) {
		map_sets(0);
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
	load_patterns(0, 2);
	set(0)->before[A0] = 0;
	set(0)->before[A6] = 0;
	set(0)->before[A7] = CALL_PARK;
	regs_ecall_0();
	check_after(0, 0, documented);
	return 0;
}

/* By the one that ends, or by who stops it. */
TEST(a_keeper_gets_the_words_of_an_end_only)
{
	for (int i = 0; i < 20; i++) {
		map_sets(0);
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

/* --- swap -------------------------------------------------------------------- */

#define SWAPS 300

/* Both have a set.  Each puts the round into the words that it sends. */
struct swapper {
	uint64_t set;
	uint64_t peer;	/* handle */
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
		set(s)->before[A0] = 0;
		set(s)->before[A6] = wait ? 0 : me->peer;
		set(s)->before[A7] = CALL_PARK;
		ecall_in[s]();
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

	map_sets(0);
	CHECK_EQ(CALL(CALL_MAP, 0, to_b, pool[1].handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X, 0x2bb), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, to_a, pool[0].handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X, 0x1aa), 1);
	swappers[0] = (struct swapper){0, to_b, 0x1aa, true};
	swappers[1] = (struct swapper){1, to_a, 0x2bb, false};
	check_swap(&pool[0], &pool[1]);
}

TEST(swap_between_spaces_carries_words_and_nothing_else)
{
	uint64_t other = space_new(1000), to_b = slot(), to_a = page(9);
	struct worker *b = worker_new(other);

	map_sets(0);
	CHECK_EQ(share(other, 0, 0, 1, RW), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, to_b, b->handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X, 0x2bb), 1);
	CHECK_EQ(CALL(CALL_MAP, other, to_a, pool[0].handle, 1, MAP_SHARE | MAP_EXECUTOR | MAP_X, 0x1aa),
		 1);
	swappers[0] = (struct swapper){0, to_b, 0x1aa, true};
	swappers[1] = (struct swapper){1, to_a, 0x2bb, false};
	check_swap(&pool[0], b);
}

/* --- interrupts and faults ---------------------------------------------------- */

static uint64_t spin_in_set(uint64_t s)
{
	load_patterns((unsigned)s, 5);
	spin_in[s]();
	check_untouched((unsigned)s, T0);
	return 0;
}

/* Stops, takedowns and unmaps elsewhere interrupt the harts that spin. */
TEST_ON(registers_survive_interrupts, 2, 64)
{
	unsigned n = harts() - 1 < REGFILE_SETS ? harts() - 1 : REGFILE_SETS;

	map_sets(0);
	for (unsigned s = 0; s < n; s++)
		run(&pool[s], spin_in_set, s);
	for (unsigned s = 0; s < n; s++)
		AWAIT(set(s)->after[31]); /* the patterns are there */
	for (int i = 0; i < 20; i++) {
		uint64_t vas = space_new(1000);

		CHECK_EQ(map_new(vas, page(0), 3, RW), 3);
		run(worker_new(vas), work_park, 0);
		vas_stop(vas);
		CHECK_EQ(map_new(0, page(0), 10, RW), 10);
		CHECK_EQ(unmap(0, page(0), 10), 10);
	}
	for (unsigned s = 0; s < n; s++)
		set(s)->after[0] = 1;
	for (unsigned s = 0; s < n; s++)
		CHECK_EQ(join(&pool[s]), 0);
}

static uint64_t load_in_set(uint64_t s)
{
	load_patterns((unsigned)s, 6);
	set((unsigned)s)->before[T0] = page((unsigned)s);
	load_in[s]();
	check_untouched((unsigned)s, T1);
	return set((unsigned)s)->after[T1];
}

TEST(registers_survive_a_fault)
{
	for (int round = 0; round < 10; round++) {
		map_sets(0);
		for (unsigned s = 0; s < REGFILE_SETS; s++)
			run(&pool[s], load_in_set, s);
		for (unsigned s = 0; s < REGFILE_SETS; s++) {
			AWAIT(life(&pool[s]) == EX_FAULTED);
			CHECK_EQ(pool[s].view->stval, page(s));
			/* The view shows them all. */
			for (int n = 1; n < 32; n++)
				CHECK_EQ(pool[s].view->x[n - 1], set(s)->before[n]);
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

/* While it is parked the view shows what a call preserves, and its pc. */
TEST(a_view_shows_the_registers_of_one_parked)
{
	map_sets(0);
	run(&pool[0], park_in_set, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	for (int n = 1; n < 32; n++) {
		test_note("register", n);
		if (!clobbered(n))
			CHECK_EQ(pool[0].view->x[n - 1], set(0)->before[n]);
	}
	CHECK(pool[0].view->pc > (uint64_t)regs_ecall_0 && pool[0].view->pc < (uint64_t)regs_spin_0);
}

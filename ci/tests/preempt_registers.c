/* SPDX-License-Identifier: MIT
 *
 * A slice may end at any instruction: then all registers are as they were, and an
 * instruction is executed once; and an sc fails whose lr was before.
 */
#include "kit.h"
#include "regfile.h"

#define SLICES 40

/* Preempted so often since then, on a hart that it shares with others. */
static bool had_slices(struct worker *const *w, unsigned n, const uint64_t *before)
{
	for (unsigned i = 0; i < n; i++)
		if (w[i]->view->preempted - before[i] < SLICES)
			return false;
	return true;
}

static const int count_flag[REGFILE_SETS] = {REGFILE_COUNT_FLAG_0, REGFILE_COUNT_FLAG_1,
					     REGFILE_COUNT_FLAG_2, REGFILE_COUNT_FLAG_3};

static uint64_t count_in_set(uint64_t set)
{
	unsigned s = (unsigned)set;
	uint64_t rounds;

	load_patterns(s, 9);
	regs_count[s]();
	rounds = regfile(s)->after[1] - regfile(s)->before[1];
	CHECK(rounds > 0);
	for (int n = 1; n < 32; n++) {
		test_note("register", n);
		if (n != count_flag[s])
			CHECK_EQ(regfile(s)->after[n], regfile(s)->before[n] + rounds);
	}
	return 1;
}

static uint64_t spin_in_set(uint64_t set)
{
	unsigned s = (unsigned)set;

	load_patterns(s, 10);
	regs_spin[s]();
	check_untouched(s, T0);
	return 1;
}

static void check_sets(struct worker *const *w, work *fn, unsigned hart)
{
	uint64_t before[REGFILE_SETS];

	for (unsigned s = 0; s < REGFILE_SETS; s++) {
		regfile(s)->after[0] = 0;
		before[s] = w[s]->view->preempted;
		run_with(w[s], fn, s, ON_HART(hart));
	}
	AWAIT(had_slices(w, REGFILE_SETS, before));
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		regfile(s)->after[0] = 1;
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		CHECK_EQ(join(w[s]), 1);
}

TEST(registers_survive_the_end_of_a_slice)
{
	struct worker *w[REGFILE_SETS];

	for (unsigned s = 0; s < REGFILE_SETS; s++)
		w[s] = &pool[s];
	for (unsigned h = 0; h<harts(); h += harts()> 2 ? harts() - 1 : 1) {
		regfile_map();
		check_sets(w, count_in_set, h);
		check_sets(w, spin_in_set, h);
		CHECK_EQ(unmap(0, 0, 1), 1);
	}
}

TEST(registers_survive_the_end_of_a_slice_in_spaces)
{
	struct worker *w[REGFILE_SETS];

	regfile_map();
	for (unsigned s = 0; s < REGFILE_SETS; s++) {
		uint64_t vas = space_new(1000);

		CHECK_EQ(share(vas, 0, 0, 1, RW), 1);
		w[s] = worker_new(vas);
	}
	check_sets(w, count_in_set, harts() - 1);
}

static uint64_t slices_of_pool(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < POOL; i++)
		sum += pool[i].view->preempted;
	return sum;
}

/* Wherever there is room, among others: slices end, and go on elsewhere. */
TEST(registers_survive_slices_on_any_hart)
{
	uint64_t before = slices_of_pool();

	regfile_map();
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		run(&pool[s], count_in_set, s);
	for (unsigned i = REGFILE_SETS; i < REGFILE_SETS + 2 * harts() && i < POOL; i++)
		run(&pool[i], work_spin, 0);
	AWAIT(slices_of_pool() - before >= 8 * SLICES);
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		regfile(s)->after[0] = 1;
	for (unsigned s = 0; s < REGFILE_SETS; s++)
		CHECK_EQ(join(&pool[s]), 1);
}

/* --- reservations --------------------------------------------------------------------- */

static uint64_t shared __attribute__((aligned(64)));
static volatile uint64_t made[POOL], enough;

/* Slow between lr and sc, so that most slices end there; see bench/plugin/unconstrained. */
static uint64_t add_slowly(uint64_t me)
{
	uint64_t mine = 0;

	while (!enough) {
		uint64_t old, failed, n = 200;

		__asm__ volatile("1:	lr.d.aqrl %0, (%3)\n"
				 "2:	addi	%2, %2, -1\n"
				 "	bnez	%2, 2b\n"
				 "	addi	%0, %0, 1\n"
				 "	sc.d.aqrl %1, %0, (%3)\n"
				 : "=&r"(old), "=&r"(failed), "+&r"(n)
				 : "r"(&shared)
				 : "memory");
		if (!failed)
			mine++;
	}
	made[me] = mine;
	return 1;
}

TEST(a_reservation_ends_with_the_slice)
{
	uint64_t before[4], sum = 0;
	struct worker *w[4];

	shared = enough = 0;
	for (unsigned i = 0; i < 4; i++) {
		w[i] = &pool[i];
		before[i] = w[i]->view->preempted;
		run_with(w[i], add_slowly, i, ON_HART(0));
	}
	AWAIT(had_slices(w, 4, before));
	enough = 1;
	for (unsigned i = 0; i < 4; i++) {
		CHECK_EQ(join(w[i]), 1);
		sum += made[i];
	}
	CHECK_EQ(*(volatile uint64_t *)&shared, sum);
}

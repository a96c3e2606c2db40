/* SPDX-License-Identifier: MIT
 *
 * See regfile.h.
 */
#include "kit.h"
#include "regfile.h"

struct regfile *regfile(unsigned set)
{
	struct regfile *sets = NULL;

	/* Hidden from the compiler, which takes accesses at 0 for errors. */
	__asm__("" : "+r"(sets));
	return sets + set;
}

bool clobbered(int n)
{
	return (n >= T0 && n < 8) || (n >= A0 && n <= A7) || n >= 28;
}

uint64_t pattern(unsigned s, int n, uint64_t round)
{
	return 0xa5a5000000000000 | (uint64_t)s << 40 | (uint64_t)n << 32 | (round & 0xffff) << 8 |
	       0x5a;
}

void load_patterns(unsigned s, uint64_t round)
{
	for (int n = 1; n < 32; n++) {
		regfile(s)->before[n] = pattern(s, n, round);
		regfile(s)->after[n] = 0xbad;
	}
}

void regfile_map(void)
{
	CHECK_EQ(map_new(0, 0, 1, RW), 1);
}

const uint64_t nothing[6];

void check_after(unsigned s, uint64_t result, const uint64_t *documented)
{
	for (int n = 1; n < 32; n++) {
		uint64_t is = regfile(s)->after[n], was = regfile(s)->before[n];

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

void check_untouched(unsigned s, int but)
{
	for (int n = 1; n < 32; n++) {
		test_note("register", n);
		if (n != but)
			CHECK_EQ(regfile(s)->after[n], regfile(s)->before[n]);
	}
}

void (*const regs_ecall[REGFILE_SETS])(void) = {regs_ecall_0, regs_ecall_1, regs_ecall_2,
						regs_ecall_3};
void (*const regs_spin[REGFILE_SETS])(void) = {regs_spin_0, regs_spin_1, regs_spin_2, regs_spin_3};
void (*const regs_count[REGFILE_SETS])(void) = {regs_count_0, regs_count_1, regs_count_2,
						regs_count_3};
void (*const regs_load[REGFILE_SETS])(void) = {regs_load_0, regs_load_1, regs_load_2, regs_load_3};
void (*const regs_entry[REGFILE_SETS])(void) = {regs_entry_0, regs_entry_1, regs_entry_2,
						regs_entry_3};

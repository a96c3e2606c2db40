/* SPDX-License-Identifier: MIT
 *
 * See fptest.h.
 */
#include "fptest.h"

struct result kept;

uint64_t value(uint64_t salt, unsigned n)
{
	struct random r = {salt << 8 | n};
	uint64_t bits = random_next(&r);

	return n % 8 == 3 ? bits | 0xfff0000000000000 : bits;
}

void fill(struct fpregs *regs, uint64_t salt)
{
	static const uint64_t modes[] = {0, 1, 2, 3, 4};

	for (unsigned n = 0; n < 32; n++)
		regs->f[n] = value(salt, n);
	/* Not 0: that is what one starts with. */
	regs->fcsr = modes[salt % 5] << 5 | (1 + salt % 31);
}

void check_same(const volatile struct fpregs *is, const struct fpregs *want)
{
	for (unsigned n = 0; n < 32; n++) {
		test_note("f", n);
		CHECK_EQ(is->f[n], want->f[n]);
	}
	CHECK_EQ(is->fcsr, want->fcsr);
}

void check_zeroes(const struct fpregs *is)
{
	static const struct fpregs zeroes;

	check_same(is, &zeroes);
}

void check_holds(const struct fpregs *want)
{
	struct fpregs is;

	fp_store(&is);
	check_same(&is, want);
}

static void load(uint64_t salt)
{
	struct fpregs regs;

	fill(&regs, salt);
	fp_load(&regs);
}

uint64_t fill_and_end(uint64_t salt)
{
	load(salt);
	return salt;
}

uint64_t fill_and_park(uint64_t salt)
{
	struct fpregs want;

	load(salt);
	for (;;) {
		park();
		fill(&want, salt);
		check_holds(&want);
	}
	return 0;
}

uint64_t fill_and_fault(uint64_t salt)
{
	load(salt);
	return work_fault(FAR_HOLE);
}

uint64_t keep_once(uint64_t arg)
{
	kept = CALL_ALL(CALL_PARK, 0, arg, arg, arg, arg, arg);
	return 0;
}

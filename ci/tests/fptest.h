/* SPDX-License-Identifier: MIT
 *
 * What the tests of floating point share.
 */
#ifndef TESTS_FPTEST_H
#define TESTS_FPTEST_H

#include "fpregs.h"
#include "kit.h"

#define ILLEGAL 2

/* A case that has nothing to do where there is no floating point. */
#define FP_TEST(id) FP_TEST_ON(id, 1, 64)
#define FP_TEST_ON(id, min, max)                                                                   \
	static void id##_with_fp(void);                                                            \
	TEST_ON(id, min, max)                                                                      \
	{                                                                                          \
		if (has_fp())                                                                      \
			id##_with_fp();                                                            \
	}                                                                                          \
	static void id##_with_fp(void)

static inline bool has_fp(void)
{
	return (INFO->isa & INFO_ISA_D) != 0;
}

/* Different in every register and for every salt.  Some are no numbers. */
uint64_t value(uint64_t salt, unsigned n);
/* These, and an fcsr with rounding mode and flags. */
void fill(struct fpregs *regs, uint64_t salt);
void check_same(const volatile struct fpregs *is, const struct fpregs *want);
void check_zeroes(const struct fpregs *is);
/* The registers hold that now. */
void check_holds(const struct fpregs *want);

/* Functions for workers with START_FP: fill the registers by arg, and ... */
uint64_t fill_and_end(uint64_t salt);
uint64_t fill_and_park(uint64_t salt);
uint64_t fill_and_fault(uint64_t salt);

/* Parks once; what came with it. */
uint64_t keep_once(uint64_t arg);
extern struct result kept;

#endif

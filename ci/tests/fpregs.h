/* SPDX-License-Identifier: MIT
 *
 * Floating-point registers, for C that is compiled without them: what these load stays
 * in the registers, as nothing else in the program touches them.
 */
#ifndef TESTS_FPREGS_H
#define TESTS_FPREGS_H

#define FPREGS_FCSR 256 /* offset of fcsr */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct fpregs {
	uint64_t f[32];
	uint64_t fcsr;
};

_Static_assert(offsetof(struct fpregs, fcsr) == FPREGS_FCSR, "");

void fp_load(const volatile struct fpregs *from);
void fp_store(volatile struct fpregs *to);
/* f0 into f1, f1 into f2, ... f31 into f0 */
void fp_rotate(void);
/* Add 1 to the bits of f31, only. */
void fp_touch(void);
/* 1 / 0 and 1 / 3: raises flags DZ and NX.  Changes f0, f1, f2. */
void fp_divide(void);
uint64_t fp_fcsr(void);
uint64_t fp_f31(void);

#define FP_NX 0x01
#define FP_DZ 0x08

/* Where executors may begin: one instruction each, that needs floating point, then they
 * end with 0. */
void fp_entry_arithmetic(void);
void fp_entry_load(void); /* a0 = address */
void fp_entry_store(void);
void fp_entry_move(void);
void fp_entry_csr(void);
/* Stores all to a0 before anything else. */
void fp_entry_show(void);
#endif

#endif

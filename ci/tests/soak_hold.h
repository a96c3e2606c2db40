/* SPDX-License-Identifier: MIT
 *
 * A whole register file held over something that the kernel does: spinning with
 * preemption, a call, a fault that a keeper mends.  tp is the address of it all;
 * every other register, and f0..f31 with fcsr if wanted, goes in from `before` and
 * is found in `after`.  Read by C and assembly.
 */
#ifndef TESTS_SOAK_HOLD_H
#define TESTS_SOAK_HOLD_H

#define HOLD_BEFORE     0x0 /* x0's slots: the caller's sp, tp */
#define HOLD_AFTER      0x100
#define HOLD_F          0x200
#define HOLD_F_AFTER    0x300
#define HOLD_FCSR       0x400
#define HOLD_FCSR_AFTER 0x408

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct hold {
	uint64_t before[32]; /* [0] is not a register */
	uint64_t after[32];
	uint64_t f[32];
	uint64_t f_after[32];
	uint64_t fcsr;
	uint64_t fcsr_after;
};

_Static_assert(offsetof(struct hold, after) == HOLD_AFTER, "");
_Static_assert(offsetof(struct hold, f) == HOLD_F, "");
_Static_assert(offsetof(struct hold, f_after) == HOLD_F_AFTER, "");
_Static_assert(offsetof(struct hold, fcsr) == HOLD_FCSR, "");
_Static_assert(offsetof(struct hold, fcsr_after) == HOLD_FCSR_AFTER, "");

/* Each loads, does it, stores, and returns.  The second of a pair has the
 * floating-point registers, too. */
void hold_spin(struct hold *h); /* counts t0 down to 0 */
void hold_spin_fp(struct hold *h);
void hold_call(struct hold *h); /* ecall */
void hold_call_fp(struct hold *h);
void hold_load(struct hold *h); /* ld t1, (t0): 4 bytes, to be skipped by a keeper */
void hold_load_fp(struct hold *h);
#endif

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the assembly files share: function brackets, register lists, the lock.
 */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

#include "csr.h"
#include <kern/global.h>

#include <hartleaf/executor.h>

	.macro FUNCTION name
	.global \name
	.balign 4
	.type \name, @function
\name:
	.endm

	.macro END_FUNCTION name
	.size \name, . - \name
	.endm

/* The registers that a call preserves, but for s0, in which the executor is. */
	.macro FOR_PRESERVED op
	\op ra, 1
	\op sp, 2
	\op gp, 3
	\op tp, 4
	\op s1, 9
	\op s2, 18
	\op s3, 19
	\op s4, 20
	\op s5, 21
	\op s6, 22
	\op s7, 23
	\op s8, 24
	\op s9, 25
	\op s10, 26
	\op s11, 27
	.endm

/* The others, but for t0, which is needed to get at them. */
	.macro FOR_CLOBBERED op
	\op t1, 6
	\op t2, 7
	\op a0, 10
	\op a1, 11
	\op a2, 12
	\op a3, 13
	\op a4, 14
	\op a5, 15
	\op a6, 16
	\op a7, 17
	\op t3, 28
	\op t4, 29
	\op t5, 30
	\op t6, 31
	.endm

	.macro SPILL reg, n
	sd \reg, EX_X(\n)(s0)
	.endm

	.macro FILL reg, n
	ld \reg, EX_X(\n)(s0)
	.endm

	.macro ZERO regs:vararg
	.irp reg, \regs
	li \reg, 0
	.endr
	.endm

/*
 * MCS lock.  The lock word is the tail of a queue of hart pages; a hart's node
 * is its page.  \lock holds the word's address, \hart this hart's page.
 *
 * Acquire: the swap has .rl so that mcs_next = 0 is there before a successor can
 * write it, and .aq so that nothing protected moves above it; pairs with the
 * .rl of the release's sc, or that of a hand-over by the fences.
 */
	.macro MCS_LOCK lock, hart, tmp
	sd zero, HT_MCS_NEXT(\hart)
	amoswap.d.aqrl \tmp, \hart, (\lock)
	beqz \tmp, 2f
	/* held before the link: else the predecessor's release could be
	 * overwritten by our own store. */
	sd \hart, HT_MCS_HELD(\hart)
	fence rw, w
	sd \hart, HT_MCS_NEXT(\tmp)
1:	ld \tmp, HT_MCS_HELD(\hart)
	bnez \tmp, 1b
	/* Pairs with the fence before mcs_held = 0. */
	fence r, rw
2:
	.endm

/* Release.  The sc with .rl pairs with the .aq of the next swap. */
	.macro MCS_UNLOCK lock, hart, tmp
	ld \tmp, HT_MCS_NEXT(\hart)
	bnez \tmp, 3f
1:	lr.d \tmp, (\lock)
	bne \tmp, \hart, 2f
	sc.d.rl \tmp, zero, (\lock)
	bnez \tmp, 1b
	j 4f
	/* Somebody has swapped himself in and is about to link. */
2:	ld \tmp, HT_MCS_NEXT(\hart)
	beqz \tmp, 2b
	/* What was protected, and the load of the link, before the hand-over.
	 * The sc fails: no reservation outlives a switch on this way either. */
3:	fence rw, w
	sd zero, HT_MCS_HELD(\tmp)
	sc.d \tmp, zero, (\hart)
4:
	.endm

/* Save the call frame and enter the kernel: tp, gp; sscratch = 0. */
	.macro SAVE_CALL
	FOR_PRESERVED SPILL
	csrrw t0, sscratch, zero
	sd t0, EX_X(8)(s0)
	csrr t0, sepc
	addi t0, t0, 4
	sd t0, EX_PC(s0)
	ld tp, EX_HART(s0)
	la gp, global_page
	.endm

/* Leave without having switched or saved; t0 is free, s0 = executor. */
	.macro LEAVE
	csrr t0, sepc
	addi t0, t0, 4
	csrw sepc, t0
	li t0, 0
	csrrw s0, sscratch, s0
	sret
	.endm

/* Leave with an error, after code that used t1-t6. */
	.macro FAIL error
	li a0, -\error
	j leave_clean
	.endm

#endif

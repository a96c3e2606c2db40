/* SPDX-License-Identifier: MIT
 *
 * What this hart has, found by trying: a device tree may be wrong, and what the kernel
 * executes in the belief of it would be a panic.  At boot only, so in .init; but for the body of
 * pages_zero that may be copied from here.
 */
#include "asm.inc"

	.option arch, +d

#define SECOND 8 /* word of the page */

/* From here to the next TRY: what traps goes on there, with SPP set. */
	.macro TRY
	la t0, 9f
	csrw stvec, t0
	.endm
	.macro ELSE
	.balign 4
9:
	.endm

	.macro CBO_ZERO reg
	.insn i MISC_MEM, 2, zero, \reg, 4
	.endm

	.section .text.boot, "ax"

/*
 * uint64_t probe_isa(uint64_t *page)
 * In: a page of memory, all ones, where nothing is that matters.  Out: INFO_ISA_*.  For Zicboz
 * that means only that a cbo.zero on the page didn't trap.  Writes stvec and restores it.
 * Clobbers f0, the timer (off), senvcfg: users may use cbo.zero, and nothing else.
 */
FUNCTION probe_isa
	csrr t2, stvec
	li t3, 0

	TRY
	li t1, -1
	csrw STIMECMP, t1
	ori t3, t3, INFO_ISA_SSTC
	ELSE

	/* What fp_save and fp_load do: FS is there, and doubles come back.  There may be F alone
	 * (the load traps), or floating point in the integer registers (FS stays Off). */
	TRY
	li t1, SSTATUS_FS
	csrs sstatus, t1
	csrr t0, sstatus
	and t0, t0, t1
	bne t0, t1, 9f
	sd a0, (a0)
	fld f0, (a0)
	fsd f0, SECOND(a0)
	ld t0, SECOND(a0)
	bne t0, a0, 9f
	ori t3, t3, INFO_ISA_F | INFO_ISA_D
	ELSE

	/* senvcfg came late, and the firmware may keep cbo.zero to itself. */
	TRY
	li t1, SENVCFG_CBZE
	csrw senvcfg, t1
	CBO_ZERO a0
	ori t3, t3, INFO_ISA_ZICBOZ
	j 1f
	ELSE
	TRY
	csrw senvcfg, zero
	ELSE
1:
	csrw stvec, t2
	li t0, SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_FS
	csrc sstatus, t0
	mv a0, t3
	ret
END_FUNCTION probe_isa

/*
 * void blocks_zero(void *first, uint64_t n)
 * What pages_zero becomes where there is Zicboz; fits there, and runs at any address.
 */
FUNCTION blocks_zero
	ld t1, GL_INFO(gp)
	slli t0, a1, PAGE_SHIFT
	ld t1, INFO_ZERO_BYTES(t1)
	add t0, t0, a0
1:	CBO_ZERO a0
	add a0, a0, t1
	bne a0, t0, 1b
	ret
END_FUNCTION blocks_zero
	.global blocks_zero_end
blocks_zero_end:

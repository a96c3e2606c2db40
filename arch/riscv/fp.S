/* SPDX-License-Identifier: MIT
 *
 * Floating point.  sstatus.FS is Off but while an executor with EX_FP runs, or is
 * on its way out of this hart: then Clean means that its page is up to date.
 * The kernel itself never touches f0..f31 or fcsr between save and load.
 */
#include "asm.inc"

	.option arch, +d

	.section .text.trap, "ax"

	.macro FOR_F op
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op f\n, EX_F(\n)(s0)
	.endr
	.endm

/*
 * Save what s0 has changed; FS is Clean then, and the registers still hold it.
 * Clobbers t0, t1; returns to t6.
 */
FUNCTION fp_save
	csrr t0, sstatus
	li t1, SSTATUS_FS
	and t0, t0, t1
	bne t0, t1, 1f /* not Dirty */
	FOR_F fsd
	frcsr t0
	sd t0, EX_FCSR(s0)
	li t0, SSTATUS_FS & ~SSTATUS_FS_CLEAN
	csrc sstatus, t0
1:	jr t6
END_FUNCTION fp_save

/* Load the registers of s0; FS is Clean then.  Clobbers t1; returns to t6. */
FUNCTION fp_load
	li t1, SSTATUS_FS
	csrs sstatus, t1
	ld t1, EX_FCSR(s0)
	fscsr t1
	FOR_F fld
	li t1, SSTATUS_FS & ~SSTATUS_FS_CLEAN
	csrc sstatus, t1
	jr t6
END_FUNCTION fp_load

/* void fp_keep(struct executor *ex): fp_save for C. */
FUNCTION fp_keep
	mv t2, s0
	mv s0, a0
	jal t6, fp_save
	mv s0, t2
	ret
END_FUNCTION fp_keep

/* void fp_begin(struct executor *ex): fp_load for C. */
FUNCTION fp_begin
	mv t2, s0
	mv s0, a0
	jal t6, fp_load
	mv s0, t2
	ret
END_FUNCTION fp_begin

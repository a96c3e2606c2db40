/* SPDX-License-Identifier: MIT
 *
 * Fills all registers that a call preserves, yields, and looks at them.
 */
	.equ	WORDS, 26

.macro each op, fop
	.set	at, 0
	.irp	reg, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
	\op	\reg, at
	.set	at, at + 8
	.endr
#ifdef __riscv_flen
	.irp	reg, fs0, fs1, fs2, fs3, fs4, fs5, fs6, fs7, fs8, fs9, fs10, fs11
	\fop	\reg, at
	.set	at, at + 8
	.endr
#endif
.endm

.macro save reg, at
	sd	\reg, \at + 16(sp)
.endm
.macro fsave reg, at
	fsd	\reg, \at + 16(sp)
.endm
.macro load reg, at
	ld	\reg, \at + 16(sp)
.endm
.macro fload reg, at
	fld	\reg, \at + 16(sp)
.endm
.macro fill reg, at
	addi	\reg, a0, \at
.endm
.macro ffill reg, at
	addi	t0, a0, \at
	fmv.d.x	\reg, t0
.endm
.macro compare reg, at
	.if	\at > 0 /* ra is what the call has left */
	addi	t0, t1, \at
	xor	t0, t0, \reg
	or	a0, a0, t0
	.endif
.endm
.macro fcompare reg, at
	addi	t0, t1, \at
	fmv.x.d	t2, \reg
	xor	t0, t0, t2
	or	a0, a0, t0
.endm

	.text
	.global	registers_kept
	.type	registers_kept, @function
/* uint64_t registers_kept(uint64_t seed): 0 if all are as they were */
registers_kept:
	addi	sp, sp, -16 - 8 * WORDS
	each	save, fsave
	sd	a0, 0(sp)
	each	fill, ffill
	call	hl_fiber_yield
	ld	t1, 0(sp)
	li	a0, 0
	each	compare, fcompare
	each	load, fload
	addi	sp, sp, 16 + 8 * WORDS
	ret
	.size	registers_kept, . - registers_kept

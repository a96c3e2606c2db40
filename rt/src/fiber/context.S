/* SPDX-License-Identifier: MIT
 *
 * The switch of stacks.  sp, gp and tp: sp changes, gp is not used by programs, tp
 * stays, for it is the executor's.  Nobody holds a lock here or is told; a preemption
 * anywhere in it is the executor's own.
 *
 * Memory order: none.  Who hands a context to another executor orders what is stored here
 * by the release with which he publishes it (queue.c).
 */
#include "context.h"

/* Register list, used for saving and for loading. */
.macro each_register store, fstore
	.set	at, 8 * CX_RA
	.irp	reg, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
	\store	\reg, at(sp)
	.set	at, at + 8
	.endr
#ifdef __riscv_flen
	.set	at, 8 * CX_FS0
	.irp	reg, fs0, fs1, fs2, fs3, fs4, fs5, fs6, fs7, fs8, fs9, fs10, fs11
	\fstore	\reg, at(sp)
	.set	at, at + 8
	.endr
#endif
.endm

	.section .text.hl_context_switch, "ax"
	.global	hl_context_switch
	.type	hl_context_switch, @function
/* void *hl_context_switch(struct hl_context *from, struct hl_context *to, void *word)
 * Clobbers a0, and t0 with floating point. */
hl_context_switch:
	addi	sp, sp, -8 * CX_WORDS
	each_register sd, fsd
#ifdef __riscv_flen
	frcsr	t0
	sd	t0, 8 * CX_FCSR(sp)
#endif
	sd	sp, 0(a0)
	ld	sp, 0(a1)
#ifdef __riscv_flen
	ld	t0, 8 * CX_FCSR(sp)
	fscsr	t0
#endif
	each_register ld, fld
	addi	sp, sp, 8 * CX_WORDS
	mv	a0, a2
	ret
	.size	hl_context_switch, . - hl_context_switch

/* Where a new context begins: a0 = word, s1 = entry.  ra = 0 ends a backtrace. */
	.global	rt_context_begin
	.type	rt_context_begin, @function
rt_context_begin:
	li	ra, 0
	jr	s1
	.size	rt_context_begin, . - rt_context_begin

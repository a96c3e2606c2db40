/* SPDX-License-Identifier: MIT
 *
 * See soak_hold.h.
 */
#include "soak_hold.h"

	.option	arch, +d

/* What C wants back; on its stack. */
#define FRAME_RA   0
#define FRAME_GP   8
#define FRAME_TP   16
#define FRAME_S(n) (24 + 8 * (n))
#define FRAME_SIZE 128

.macro	callee_saved op
	\op	ra, FRAME_RA(sp)
	\op	gp, FRAME_GP(sp)
	\op	tp, FRAME_TP(sp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	s\n, FRAME_S(\n)(sp)
	.endr
.endm

/* All but tp, which is x4. */
.macro	all_registers op, base
	.irp	n, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	x\n, (\base + 8 * \n)(tp)
	.endr
.endm

.macro	all_f op, base
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	f\n, (\base + 8 * \n)(tp)
	.endr
.endm

.macro	enter fp
	addi	sp, sp, -FRAME_SIZE
	callee_saved sd
	mv	tp, a0
	sd	sp, HOLD_BEFORE(tp)
	.if	\fp
	ld	t0, HOLD_FCSR(tp)
	fscsr	t0
	all_f	fld, HOLD_F
	.endif
	all_registers ld, HOLD_BEFORE
.endm

.macro	leave fp
	all_registers sd, HOLD_AFTER
	.if	\fp
	frcsr	t0
	sd	t0, HOLD_FCSR_AFTER(tp)
	all_f	fsd, HOLD_F_AFTER
	.endif
	ld	sp, HOLD_BEFORE(tp)
	callee_saved ld
	addi	sp, sp, FRAME_SIZE
	ret
.endm

.macro	function name
	.globl	\name
	.type	\name, @function
\name:
.endm

	.text
.macro	functions suffix, fp
function hold_spin\suffix
	enter	\fp
1:	addi	t0, t0, -1
	bnez	t0, 1b
	leave	\fp

function hold_call\suffix
	enter	\fp
	ecall
	leave	\fp

function hold_load\suffix
	enter	\fp
	ld	t1, (t0)
	leave	\fp
.endm

functions "", 0
functions _fp, 1

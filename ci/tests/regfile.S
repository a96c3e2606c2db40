/* SPDX-License-Identifier: MIT
 *
 * See regfile.h.  Addresses are offsets from register zero: the page at 0.
 */
#include <hartleaf/call.h>

#include "regfile.h"

/* One list for loads and stores. */
.macro	all_registers op, base
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	x\n, (\base + 8 * \n)(zero)
	.endr
.endm

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

.macro	enter set
	addi	sp, sp, -FRAME_SIZE
	callee_saved sd
	sd	sp, (REGFILE_SET * \set + REGFILE_SP)(zero)
	all_registers ld, REGFILE_SET * \set
.endm

.macro	leave set
	all_registers sd, REGFILE_SET * \set + REGFILE_AFTER
	ld	sp, (REGFILE_SET * \set + REGFILE_SP)(zero)
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
.macro	functions set, flag
function regs_ecall_\set
	enter	\set
	ecall
	leave	\set

function regs_spin_\set
	enter	\set
1:	ld	t0, (REGFILE_SET * \set + REGFILE_FLAG)(zero)
	beqz	t0, 1b
	leave	\set

/* All but the one that is needed for the flag count, one after the other. */
function regs_count_\set
	enter	\set
1:	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.if	\n != \flag
	addi	x\n, x\n, 1
	.endif
	.endr
	ld	x\flag, (REGFILE_SET * \set + REGFILE_FLAG)(zero)
	beqz	x\flag, 1b
	leave	\set

function regs_load_\set
	enter	\set
	ld	t1, (t0)
	leave	\set

function regs_entry_\set
	all_registers sd, REGFILE_SET * \set + REGFILE_AFTER
	li	a0, 0
	li	a1, 0
	li	a7, CALL_STOP
	ecall
	unimp
.endm

functions 0, REGFILE_COUNT_FLAG_0
functions 1, REGFILE_COUNT_FLAG_1
functions 2, REGFILE_COUNT_FLAG_2
functions 3, REGFILE_COUNT_FLAG_3

/* SPDX-License-Identifier: MIT
 *
 * See fpregs.h.
 */
#include <hartleaf/call.h>

#include "fpregs.h"

	.option	arch, +d

.macro	function name
	.globl	\name
	.type	\name, @function
\name:
.endm

.macro	all_registers op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	f\n, (8 * \n)(a0)
	.endr
.endm

.macro	end
	li	a0, 0
	li	a1, 0
	li	a7, CALL_STOP
	ecall
	unimp
.endm

	.text
function fp_load
	all_registers fld
	ld	t0, FPREGS_FCSR(a0)
	fscsr	t0
	ret

function fp_store
	all_registers fsd
	frcsr	t0
	sd	t0, FPREGS_FCSR(a0)
	ret

function fp_rotate
	fmv.x.d	t0, f31
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fmv.x.d	t1, f\n
	fmv.d.x	f\n, t0
	mv	t0, t1
	.endr
	ret

function fp_touch
	fmv.x.d	t0, f31
	addi	t0, t0, 1
	fmv.d.x	f31, t0
	ret

function fp_divide
	li	t0, 1
	fcvt.d.l f0, t0
	fmv.d.x	f1, zero
	fdiv.d	f2, f0, f1
	li	t0, 3
	fcvt.d.l f1, t0
	fdiv.d	f2, f0, f1
	ret

function fp_fcsr
	frcsr	a0
	ret

function fp_f31
	fmv.x.d	a0, f31
	ret

function fp_entry_arithmetic
	fadd.d	f1, f2, f3
	end

function fp_entry_load
	fld	f1, (a0)
	end

function fp_entry_store
	fsd	f1, (a0)
	end

function fp_entry_move
	fmv.x.d	t0, f1
	end

function fp_entry_csr
	frcsr	t0
	end

function fp_entry_show
	all_registers fsd
	frcsr	t0
	sd	t0, FPREGS_FCSR(a0)
	end

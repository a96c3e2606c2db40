/* SPDX-License-Identifier: MIT
 *
 * First instructions of a program.  a0 = INFO_VA when the loader stub jumps here in
 * the first VAS, RT_BOOT_BLOCK_VA when a parent started it; sp = top of a stack.
 *
 * To rt_start with that in a0, and in a1 an error if this program is compiled for
 * floating point and can't have it.  Before the call here no such instruction may run.
 * After an error none may, either: rt_start's way to its message is C that computes
 * with integers only, which GCC keeps in integer registers
 * (riscv_hard_regno_mode_ok); ci boots a machine without F and D to see that.
 */
#include <hartleaf/call.h>

	.section .text.start, "ax"
	.global	_start
	.type	_start, @function
_start:
	andi	sp, sp, -16
	li	fp, 0
	li	ra, 0
	li	a1, 0
#ifdef __riscv_flen
	/* sys_fp_on(); s1 is preserved */
	mv	s1, a0
	li	a0, 0
	li	a2, 0
	li	a3, 0
	li	a4, 0
	li	a5, START_RESUME | START_FP
	li	a6, 0
	li	a7, CALL_START
	ecall
	mv	a1, a0
	mv	a0, s1
#endif
	tail	rt_start
	.size	_start, . - _start

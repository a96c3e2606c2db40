/* SPDX-License-Identifier: MIT
 *
 * First instructions of a program.  a0 = INFO_VA when the loader stub jumps here in
 * the first VAS, RT_BOOT_BLOCK_VA when a parent started it; sp = top of a stack.
 */
	.section .text.start, "ax"
	.global	_start
	.type	_start, @function
_start:
	andi	sp, sp, -16
	li	fp, 0
	li	ra, 0
	tail	rt_start
	.size	_start, . - _start

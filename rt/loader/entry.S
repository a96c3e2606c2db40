/* SPDX-License-Identifier: MIT
 *
 * First instruction of user mode: a0 = INFO_VA, sp = BOOT_STACK_TOP, the other
 * registers 0.  Offset 0 of the stub.
 */
	.section .text.start, "ax"
	.global	_start
	.type	_start, @function
_start:
	tail	loader_main
	.size	_start, . - _start

/* _Noreturn void loader_enter(uint64_t entry, uint64_t sp, const struct info *)
 *
 * To the program, with the info page in a0.  fence.i: its code was written as data by this
 * hart; the kernel sees to other harts when the executor moves. */
	.text
	.global	loader_enter
	.type	loader_enter, @function
loader_enter:
	fence.i
	mv	t0, a0
	mv	sp, a1
	mv	a0, a2
	li	ra, 0
	jr	t0
	.size	loader_enter, . - loader_enter

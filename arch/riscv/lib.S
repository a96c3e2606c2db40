/* SPDX-License-Identifier: MIT
 *
 * Assembly that C calls.  The C calling convention holds; tp = hart page.
 */
#include "asm.inc"

#include <hartleaf/leaf.h>

	.text

/* void mcs_lock(struct hart **lock); void mcs_unlock(struct hart **lock); */
FUNCTION mcs_lock
	MCS_LOCK a0, tp, t0
	ret
END_FUNCTION mcs_lock

FUNCTION mcs_unlock
	MCS_UNLOCK a0, tp, t0
	ret
END_FUNCTION mcs_unlock

/* void page_zero(void *page) */
FUNCTION page_zero
	li t0, PAGE_SIZE
	add t0, t0, a0
1:
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	sd zero, 8 * \n(a0)
	.endr
	addi a0, a0, 8 * 16
	bne a0, t0, 1b
	ret
END_FUNCTION page_zero

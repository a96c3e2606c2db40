/* SPDX-License-Identifier: MIT
 *
 * Assembly that C calls.  The C calling convention holds; tp = hart page.
 */
#include "asm.inc"

#include <hartleaf/leaf.h>

	.text

/*
 * MCS lock.  The lock word is the tail of a queue of hart pages; a hart's node
 * is its page.
 *
 * void mcs_lock(struct hart **lock)
 * The swap has .rl so that mcs_next = 0 is there before a successor can write it,
 * and .aq so that nothing protected moves above it; pairs with the .rl of the
 * release's sc, or that of a hand-over by the fences.
 */
FUNCTION mcs_lock
	sd zero, HT_MCS_NEXT(tp)
	amoswap.d.aqrl t0, tp, (a0)
	beqz t0, 2f
	/* held before the link: else the predecessor's release could be
	 * overwritten by our own store. */
	sd tp, HT_MCS_HELD(tp)
	fence rw, w
	sd tp, HT_MCS_NEXT(t0)
1:	ld t0, HT_MCS_HELD(tp)
	bnez t0, 1b
	/* Pairs with the fence before mcs_held = 0. */
	fence r, rw
2:	ret
END_FUNCTION mcs_lock

/*
 * void mcs_unlock(struct hart **lock)
 * The sc with .rl pairs with the .aq of the next swap.
 */
FUNCTION mcs_unlock
	ld t0, HT_MCS_NEXT(tp)
	bnez t0, 3f
1:	lr.d t0, (a0)
	bne t0, tp, 2f
	sc.d.rl t0, zero, (a0)
	bnez t0, 1b
	ret
	/* Somebody has swapped himself in and is about to link. */
2:	ld t0, HT_MCS_NEXT(tp)
	beqz t0, 2b
	/* What was protected, and the load of the link, before the hand-over. */
3:	fence rw, w
	sd zero, HT_MCS_HELD(t0)
	ret
END_FUNCTION mcs_unlock

/* void pages_zero(void *first, uint64_t n): n > 0 pages in a row */
FUNCTION pages_zero
	slli t0, a1, PAGE_SHIFT
	add t0, t0, a0
1:
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	sd zero, 8 * \n(a0)
	.endr
	addi a0, a0, 8 * 16
	bne a0, t0, 1b
	ret
END_FUNCTION pages_zero

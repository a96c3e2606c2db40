/* SPDX-License-Identifier: MIT
 *
 * park, wake and swap.  Entered from trap_entry with its invariants: s0 = the
 * executor, gp and tp the user's until SAVE_CALL.
 *
 * A claim or publication is one LR/SC on a state word, never two steps.  A park
 * saves first and publishes then; it doesn't look at the user's word again: a
 * waker stores, then always wakes, and the PARKED or the token that it meets
 * closes the race.
 */
#include "asm.inc"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

#define DIRECT_MAP_SHIFT 38 /* -1 << this is where the direct map begins */
#define WALK_TOP	 30 /* Sv39: three levels of 9 bits */

	.section .text.trap, "ax"

/*
 * wake(a0 executor)
 * Doesn't switch: t1-t6 only.  The claim is one LR/SC loop; .rl: what the caller
 * stored before is seen by the woken; .aq on the lr: the frame is ours after it.
 * Pairs with the .rl of the sc that parked it.
 */
FUNCTION call_wake
	ld t1, EX_HC_VA(s0)
	bne t1, a0, wake_miss
	ld t1, EX_HC_ENTRY(s0)
	ld t1, (t1)
	ld t2, EX_HC_VALUE(s0)
	bne t1, t2, wake_miss
	ld t2, EX_HC_BASE(s0)
wake_found:
	addi t1, t2, EX_STATE
	li t4, EX_PARKED
wake_claim:
	lr.d.aq t3, (t1)
	bne t3, t4, wake_token
	sc.d.rl t3, zero, (t1)
	bnez t3, wake_claim
	ld t5, EX_HART(s0)
	la t6, global_page
	addi t1, t6, GL_SCHED_LOCK
	sd zero, EX_NEXT(t2)
	MCS_LOCK t1, t5, t0
	ld t3, GL_SCHED_HEAD(t6)
	beqz t3, wake_first
	ld t3, GL_SCHED_TAIL(t6)
	sd t2, EX_NEXT(t3)
wake_queued:
	sd t2, GL_SCHED_TAIL(t6)
	MCS_UNLOCK t1, t5, t0
	/* Queue -> idle bits; pairs with the fence in sched_idle. */
	fence rw, rw
	ld t0, GL_IDLE(t6)
	bnez t0, wake_kick
	li a0, 1
	j leave_clean
wake_first:
	sd t2, GL_SCHED_HEAD(t6)
	j wake_queued

/* Somebody sleeps: C sends the interrupt. */
wake_kick:
	SAVE_CALL
	ld sp, HT_STACK(tp)
	call sched_kick
	li a0, 1
	li a1, 0
	j exit_result

/* Not parked: leave a token, unless STOPPED.  A loop of its own, short enough for
 * the ISA to promise that it ends. */
wake_token:
	lr.d t3, (t1)
	beq t3, t4, wake_claim
	andi t0, t3, EX_LIFE
	addi t0, t0, -EX_STOPPED
	beqz t0, 1f
	ori t3, t3, EX_TOKEN
	/* Even if it is set already: .rl orders the caller's stores before it,
	 * for who takes the token. */
	sc.d.rl t0, t3, (t1)
	bnez t0, wake_token
1:	li a0, 0
	j leave_clean
wake_miss:
	mv t0, a0
	jal t6, handle_enter
	bgez t0, wake_found
	mv a0, t0
	j leave_clean
END_FUNCTION call_wake

/*
 * park(a0 address, a1 expected, a2..a5 words, a6 next; a7 flags)
 */
FUNCTION call_park
	addi t0, a7, -CALL_PARK
	/* WORD32 says nothing without an address, but is legal. */
	andi t1, t0, ~PARK_WORD32
	bnez t1, park_invalid
	bnez a0, park_compare
park_compared:
	bnez a6, park_swap
	SAVE_CALL
	/* Publish.  .rl: the frame is there before anybody can claim it; pairs
	 * with the .aq of the claims. */
	addi t1, s0, EX_STATE
	li t2, EX_PARKED
1:	lr.d t0, (t1)
	bnez t0, park_special
	sc.d.rl t0, t2, (t1)
	bnez t0, 1b
	j dispatch
END_FUNCTION call_park

park_invalid:
	FAIL HL_EINVAL

/* s0's state was not 0 when it meant to park; nothing claimed. */
park_special:
	li a1, 0
park_special_next:
	ld sp, HT_STACK(tp)
	mv a0, s0
	call executor_park_special
	j exit_result

/*
 * Compare the word at a0 with a1; t0 = flags.  The word is read through the
 * direct map, after a walk that found readable memory.  The kernel needs no order
 * here: a waker that stores after this load finds PARKED, or leaves a token.  The
 * fences are for users, whose waker may look at a count of waiters before it
 * calls: the load comes after all they did, and before all they do if it differs.
 */
park_compare:
	andi t1, t0, PARK_WORD32
	seqz t1, t1
	slli t1, t1, 2
	addi t1, t1, 3 /* 3 or 7 */
	and t1, t1, a0
	bnez t1, park_invalid /* PARK_IRQ as well */
	srli t1, a0, DIRECT_MAP_SHIFT
	bnez t1, park_fault
	mv t5, t0
	mv t0, a0
	jal t6, walk
	beqz t1, park_fault
	mv t3, t1
	andi t1, t2, LEAF_V | LEAF_R | LEAF_U | LEAF_TAG
	addi t1, t1, -(LEAF_V | LEAF_R | LEAF_U)
	bnez t1, park_fault
	srli t0, t2, LEAF_PPN_SHIFT
	slli t0, t0, PAGE_SHIFT
	li t1, -1
	slli t1, t1, DIRECT_MAP_SHIFT
	add t0, t0, t1
	slli t1, a0, 64 - PAGE_SHIFT
	srli t1, t1, 64 - PAGE_SHIFT
	add t0, t0, t1
	andi t4, t5, PARK_WORD32
	mv t1, a1
	fence rw, rw
	bnez t4, 1f
	ld t0, (t0)
	j 2f
1:	lw t0, (t0)
	sext.w t1, a1
	/* The page may have gone, and belong to others, when its word was read:
	 * then the leaf has changed.  Pairs with the release that freed it. */
2:	fence r, r
	ld t4, (t3)
	bne t4, t2, park_again
	beq t0, t1, park_compared
	fence r, rw
	FAIL HL_EAGAIN
park_again:
	mv t0, t5
	j park_compare
park_fault:
	FAIL HL_EFAULT

/*
 * park with next: swap.  Compare, save, claim next, then publish the own state:
 * the other order would leave nobody to run if next turned out not to be parked.
 */
park_swap:
	ld t1, EX_HC_VA(s0)
	bne t1, a6, swap_miss
	ld t1, EX_HC_ENTRY(s0)
	ld t1, (t1)
	ld t2, EX_HC_VALUE(s0)
	bne t1, t2, swap_miss
	ld t2, EX_HC_BASE(s0)
swap_found:
	addi t3, t2, EX_STATE
	li t4, EX_PARKED
	SAVE_CALL
	/* .aq: its frame is ours to read; pairs with the .rl of its park. */
1:	lr.d.aq t1, (t3)
	bne t1, t4, swap_busy
	sc.d t1, zero, (t3)
	bnez t1, 1b
	ld a1, EX_HC_VALUE(s0)
	addi t1, s0, EX_STATE
	/* .rl: the frame before PARKED, as in park. */
1:	lr.d t0, (t1)
	bnez t0, swap_special
	sc.d.rl t0, t4, (t1)
	bnez t0, 1b
	mv s0, t2
	srli a1, a1, LEAF_BADGE_SHIFT
	li a0, 0
	j run

swap_special:
	mv a1, t2
	j park_special_next
swap_busy:
	li a0, -HL_EBUSY
	li a1, 0
	j exit_result
swap_miss:
	mv t0, a6
	jal t6, handle_enter
	bgez t0, swap_found
	mv a0, t0
	j leave_clean

/*
 * Look up a handle that must be an executor capability with X, and remember it.
 * In: t0 = handle, s0.  Out: t0 = 0 and t2 = base, or t0 = negative error.
 * Clobbers t1-t5; returns to t6.
 *
 * Tables stay as long as the VAS, so the entry's address stays good; its value
 * is compared at each use, and a base follows from the value.
 */
handle_enter:
	srli t1, t0, DIRECT_MAP_SHIFT
	bnez t1, 1f
	slli t1, t0, 64 - PAGE_SHIFT
	bnez t1, 1f
	mv t5, t6
	jal t6, walk
	mv t6, t5
	beqz t1, 1f
	andi t3, t2, LEAF_V | LEAF_TAG
	addi t3, t3, -(TAG_EXECUTOR << LEAF_TAG_SHIFT)
	bnez t3, 1f
	andi t3, t2, LEAF_X
	beqz t3, 2f
	sd t0, EX_HC_VA(s0)
	sd t1, EX_HC_ENTRY(s0)
	sd t2, EX_HC_VALUE(s0)
	slli t2, t2, 64 - LEAF_BADGE_SHIFT
	srli t2, t2, 64 - LEAF_BADGE_SHIFT + LEAF_PPN_SHIFT
	slli t2, t2, PAGE_SHIFT
	li t3, -1
	slli t3, t3, DIRECT_MAP_SHIFT
	add t2, t2, t3
	li t3, PAGE_SIZE
	add t3, t3, t2
	ld t3, EX_PAGE_COLOUR - PAGE_SIZE(t3)
	add t2, t2, t3
	sd t2, EX_HC_BASE(s0)
	li t0, 0
	jr t6
1:	li t0, -HL_EBADF
	jr t6
2:	li t0, -HL_EPERM
	jr t6

/*
 * Walk the current VAS.  In: t0 = address in the user half, s0.  Out: t1 =
 * address of the leaf entry, 0 if there is none; t2 = its value.  Clobbers t3,
 * t4; returns to t6.  Loads are ordered by their addresses.
 */
walk:
	ld t1, EX_VAS(s0)
	li t3, WALK_TOP
1:	srl t4, t0, t3
	andi t4, t4, 511
	slli t4, t4, 3
	add t1, t1, t4
	ld t2, (t1)
	addi t3, t3, -PAGE_SHIFT
	blez t3, 2f
	addi t3, t3, PAGE_SHIFT - 9
	beqz t2, 3f
	srli t2, t2, LEAF_PPN_SHIFT
	slli t2, t2, PAGE_SHIFT
	li t1, -1
	slli t1, t1, DIRECT_MAP_SHIFT
	add t1, t1, t2
	j 1b
2:	jr t6
3:	li t1, 0
	jr t6

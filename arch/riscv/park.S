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

#define LARGE_SHIFT 21 /* of a leaf one level up */

/* a7 serves as the state that is compared with and stored. */
#if CALL_PARK != EX_PARKED
#error "park's number is the state it leads to"
#endif

	.section .text.trap, "ax"

/*
 * wake(a0 executor)
 * Doesn't switch: t1-t6 only.  The claim is one LR/SC loop; .rl: what the caller
 * stored before is seen by the woken; .aq on the lr: the frame is ours after it.
 * Pairs with the .rl of the sc that parked it.
 */
FUNCTION call_wake
	beqz a0, call_slow
	ld t1, EX_HC_VA(s0)
	bne t1, a0, wake_miss
	ld t1, EX_HC_ENTRY(s0)
	ld t1, (t1)
	ld t2, EX_HC_VALUE(s0)
	bne t1, t2, wake_miss
	ld t1, EX_HC_STATE(s0)
wake_found:
	li t4, EX_PARKED
1:	lr.d.aq t3, (t1)
	bne t3, t4, wake_flags
	sc.d.rl t3, zero, (t1)
	bnez t3, 1b
wake_claimed:
	addi t1, t1, -EX_STATE
	ld t5, EX_HART(s0)
	ld t6, EX_HART(t1)
	bne t5, t6, wake_far
	/* To the tail of this hart's ring.  The slot may be filled when its last
	 * thief's CAS is seen: the branch on the head orders that. */
	ld t0, HT_RQ_TAIL(t5)
	ld t3, HT_RQ_HEAD(t5)
	addi t4, t0, -RQ_FULL
	beq t3, t4, wake_far
	andi t4, t0, RQ_MASK
	add t4, t4, t5
	sd t1, HT_RING(t4)
	/* The slot, and the frame that came with the claim, before the tail;
	 * pairs with the acquire of the tail in runq_steal. */
	fence rw, w
	addi t0, t0, RQ_STEP
	sd t0, HT_RQ_TAIL(t5)
	/* Tail -> idle bits; pairs with the fence in sched_sleep. */
	fence rw, rw
	la t1, global_page
	ld t1, GL_IDLE(t1)
	ld t0, HT_TICKLESS(t5)
	or t0, t0, t1
	bnez t0, wake_pushed
	li a0, 1
	j leave_clean
END_FUNCTION call_wake

/* Somebody sleeps, or the tick is to be set. */
wake_pushed:
	SAVE_CALL
	ENTER_C
	call sched_pushed
	j wake_done

/* It ran elsewhere, or is bound there, or the ring is full. */
wake_far:
	SAVE_CALL
	ENTER_C
	mv a0, t1
	call sched_enqueue
wake_done:
	li a0, 1
	li a1, 0
	j exit_result

/* Not simply parked: with floating point or a deadline; or to be left a token, unless
 * STOPPED.  Even where the state stays as it is, its .rl orders the caller's stores before
 * it, for who takes the token, or starts the stopped one next. */
wake_flags:
	lr.d.aq t3, (t1)
	andi t0, t3, EX_LIFE
	bne t0, t4, 1f
	andi t0, t3, ~(EX_LIFE | EX_TIMED)
	sc.d.rl t0, t0, (t1)
	bnez t0, wake_flags
	j wake_claimed
1:	addi t0, t0, -EX_STOPPED
	beqz t0, 2f
	ori t3, t3, EX_TOKEN
2:	sc.d.rl t0, t3, (t1)
	bnez t0, wake_flags
	li a0, 0
	j leave_clean

wake_miss:
	mv t0, a0
	jal t6, handle_enter
	beqz t0, wake_found
	mv a0, t0
	j leave_clean

/*
 * Publish s0, whose frame is saved, as PARKED.  .rl: the frame is there before
 * anybody can claim it; pairs with the .aq of the claims.  Leaves t6 = 0;
 * clobbers t0, t1.  To \special with the state in t0 if that has flags.
 */
	.macro PUBLISH special
	addi t1, s0, EX_STATE
1:	lr.d t0, (t1)
	bnez t0, \special
	sc.d.rl t6, a7, (t1)
	bnez t6, 1b
	.endm

/*
 * park(a0 address, a1 expected, a2..a5 words, a6 next), no flags in a7
 */
FUNCTION call_park
	bnez a0, park_compare
/* In: a0 = 0, a7 = CALL_PARK. */
park_compared:
	bnez a6, park_swap
	SAVE_CALL
	PUBLISH park_special
park_done:
	ld t2, HT_RQ_TAIL(tp)
	li a7, 0
	j dispatch_take
END_FUNCTION call_park

park_special:
	jal t4, park_fp
	beqz t2, park_done
	li a1, 0
/* s0 doesn't park after all; a1 = what it has claimed to swap to, or 0. */
park_stay:
	ENTER_C
	mv a0, s0
	call executor_park_special
	j exit_result

/*
 * The same as PUBLISH for a state that isn't 0, in t0: with floating point that is
 * saved first.  Out: t2 = 0, or not 0 and nothing done.  Clobbers t0, t1, t6;
 * returns to t4.
 */
park_fp:
	addi t2, t0, -EX_FP
	bnez t2, 2f
	jal t6, fp_save
	addi t1, s0, EX_STATE
1:	lr.d t0, (t1)
	addi t2, t0, -EX_FP
	bnez t2, 2f
	ori t2, t0, EX_PARKED
	sc.d.rl t2, t2, (t1)
	bnez t2, 1b
	FP_OFF t0
	li t6, 0
2:	jr t4

/*
 * park with next: swap.  Compare, save, claim next, then publish the own state:
 * the other order would leave nobody to run if next turned out not to be parked.
 */
park_swap:
	ld t1, EX_HC_VA(s0)
	bne t1, a6, swap_miss
	ld t1, EX_HC_ENTRY(s0)
	ld t1, (t1)
	ld t5, EX_HC_VALUE(s0)
	bne t1, t5, swap_miss
	ld t3, EX_HC_STATE(s0)
swap_found:
	SAVE_CALL
	/* .aq: its frame is ours to read; pairs with the .rl of its park. */
1:	lr.d.aq t1, (t3)
	bne t1, a7, swap_flags
	sc.d t1, zero, (t3)
	bnez t1, 1b
swap_claimed:
	ld t1, EX_HART - EX_STATE(t3)
	bne t1, tp, swap_far
swap_publish:
	PUBLISH swap_special
swap_run:
	addi s0, t3, -EX_STATE
	srli a1, t5, LEAF_BADGE_SHIFT
	ZERO a6, a7
	j run

swap_special:
	jal t4, park_fp
	beqz t2, swap_run
	addi a1, t3, -EX_STATE
	j park_stay

/* Parked with flags: they stay, so that it can be given back. */
swap_flags:
	lr.d.aq t1, (t3)
	andi t0, t1, EX_LIFE
	bne t0, a7, swap_busy
	andi t1, t1, ~EX_LIFE
	sc.d t1, t1, (t3)
	bnez t1, swap_flags
	j swap_claimed
swap_busy:
	li a0, -HL_EBUSY
	li a1, 0
	j exit_result

/* It ran elsewhere, or is bound there.  s1-s6 are saved already. */
swap_far:
	mv s1, a2
	mv s2, a3
	mv s3, a4
	mv s4, a5
	mv s5, t3
	mv s6, t5
	ENTER_C
	addi a0, t3, -EX_STATE
	call sched_accept
	beqz a0, swap_busy
	li a0, 0
	mv a2, s1
	mv a3, s2
	mv a4, s3
	mv a5, s4
	mv t3, s5
	mv t5, s6
	li a7, CALL_PARK
	j swap_publish

swap_miss:
	mv t0, a6
	jal t6, handle_enter
	mv t3, t1
	mv t5, t2
	beqz t0, swap_found
	mv a0, t0
	j leave_clean

/* park with flags in a7 */
	.global park_flags
park_flags:
	addi t0, a7, -CALL_PARK
	andi t0, t0, ~(PARK_WORD32 | PARK_HAS_DEADLINE)
	bnez t0, park_invalid
	bnez a0, park_compare
park_compared_flags:
	andi t0, a7, PARK_HAS_DEADLINE
	li a7, CALL_PARK
	beqz t0, park_compared
	/* C does the rest; the deadline is in the page since trap_entry. */
	beqz a6, 1f
	mv t0, a6
	jal t6, handle_enter
	beqz t0, 1f
	mv a0, t0
	j leave_clean
1:	SAVE_CALL
	ENTER_C
	mv a0, s0
	mv a1, a6
	call executor_park_until
	j exit_result

park_invalid:
	FAIL HL_EINVAL

/*
 * Compare the word at a0 with a1.  The word is read through the direct map, after
 * a walk that found readable memory.  The kernel needs no order here: a waker that
 * stores after this load finds PARKED, or leaves a token.  The fences are for
 * users, whose waker may look at a count of waiters before it calls: the load
 * comes after all they did, and before all they do if it differs.
 */
park_compare:
	andi t5, a7, PARK_WORD32
	seqz t1, t5
	slli t1, t1, 2
	addi t1, t1, 3 /* 3 or 7 */
	and t1, t1, a0
	bnez t1, park_invalid /* PARK_IRQ as well */
	mv t0, a0
	jal t6, walk
	beqz t1, park_fault
	andi t3, t2, LEAF_V | LEAF_R | LEAF_U | LEAF_TAG
	addi t3, t3, -(LEAF_V | LEAF_R | LEAF_U)
	bnez t3, park_fault
	mv t0, t2
	DIRECT t0, t3
	li t3, -1
	sll t3, t3, t4
	not t3, t3
	and t3, t3, a0
	add t0, t0, t3
	mv t3, a1
	fence rw, rw
	bnez t5, 1f
	ld t0, (t0)
	j 2f
1:	lw t0, (t0)
	sext.w t3, a1
	/* The page may have gone, and belong to others, when its word was read:
	 * then the leaf has changed.  Pairs with the release that freed it. */
2:	fence r, r
	ld t4, (t1)
	bne t4, t2, park_compare
	bne t0, t3, 3f
	li a0, 0
	j park_compared_flags
3:	fence r, rw
	FAIL HL_EAGAIN
park_fault:
	FAIL HL_EFAULT

/*
 * Look up a handle that must be an executor capability with X, and remember it.
 * In: t0 = handle, s0.  Out: t0 = 0, t1 = address of its state, t2 = value of the
 * entry; or t0 = negative error.  Clobbers t3-t5; returns to t6.
 *
 * Tables stay as long as the VAS, so the entry's address stays good; its value
 * is compared at each use, and the executor follows from the value.
 */
handle_enter:
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
	mv t1, t2
	DIRECT t1, t3
	li t3, PAGE_SIZE
	add t3, t3, t1
	ld t3, EX_PAGE_COLOUR - PAGE_SIZE(t3)
	add t1, t1, t3
	addi t1, t1, EX_STATE
	sd t1, EX_HC_STATE(s0)
	li t0, 0
	jr t6
1:	li t0, -HL_EBADF
	jr t6
2:	li t0, -HL_EPERM
	jr t6

/*
 * Walk the current VAS.  In: t0 = address, s0.  Out: t1 =
 * address of the leaf entry, 0 if there is none; t2 = its value; t4 = shift of its
 * size.  Clobbers t3; returns to t6.  Loads are ordered by their addresses.
 */
walk:
	la t3, global_page
	ld t3, GL_TOP_SHIFT(t3)
	addi t4, t3, 8
	srl t4, t0, t4
	bnez t4, 3f /* not in the user half */
	ld t1, EX_VAS(s0)
1:	srl t4, t0, t3
	andi t4, t4, 511
	slli t4, t4, 3
	add t1, t1, t4
	ld t2, (t1)
	addi t3, t3, -PAGE_SHIFT
	blez t3, 2f
	addi t3, t3, PAGE_SHIFT - 9
	beqz t2, 3f
	andi t4, t2, LEAF_RIGHTS
	bnez t4, 4f
	mv t1, t2
	DIRECT t1, t4
	j 1b
2:	li t4, PAGE_SHIFT
	jr t6
3:	li t1, 0
	jr t6
4:	li t4, LARGE_SHIFT
	jr t6

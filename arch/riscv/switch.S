/* SPDX-License-Identifier: MIT
 *
 * From one executor to another: yield, dispatch, and the ways out.  Invariants as
 * in trap.S.
 *
 * The run queue is a ring in the hart page (kern/runq.h).  Who is in this hart's
 * ring has EX_HART = this hart already, so that running the next one tests
 * nothing but its state.
 */
#include "asm.inc"

	.section .text.trap, "ax"

/*
 * yield, something else is ready.  In: t2 = tail; a7 = 0.
 * Pushes first, which the ring keeps a slot for; then off with the head, even
 * if that is s0 again because thieves took all others.
 */
FUNCTION yield_switch
	ld t1, EX_STATE(s0)
	bnez t1, yield_flags
yield_save:
	SAVE_CALL
	andi t1, t2, RQ_MASK
	add t1, t1, tp
	sd s0, HT_RING(t1)
	/* The frame and the slot before the tail, which publishes s0; pairs with
	 * the acquire of the tail in runq_steal. */
	fence rw, w
	addi t2, t2, RQ_STEP
	sd t2, HT_RQ_TAIL(tp)
	/* Falls through. */

/*
 * Take the head.  In: tp; t2 = tail; a7 = 0; s0 dead.  Out: s0; t6 = 0.
 * Nothing but base instructions between lr and sc: a core may drop the reservation at
 * any access.  So the slot is read after the sc; only its owner, this hart, ever
 * writes it.  .rl: who sees this head sees the tail that was pushed before it; pairs with
 * the acquire in work_waits.  It and the .aq make a switch the full fence that sys.h
 * promises: what the executor that comes back did before an earlier sc, of its park or
 * of the take that left it, is before this lr, and what it does now after.
 */
	.global dispatch_take
dispatch_take:
	addi t1, tp, HT_RQ_HEAD
1:	lr.d.aq t3, (t1)
	li a0, 0
	beq t3, t2, dispatch_empty
	addi t4, t3, RQ_STEP
	sc.d.rl t6, t4, (t1)
	andi t3, t3, RQ_MASK
	add t3, t3, tp
	bnez t6, 1b
	ld s0, HT_RING(t3)
	ZERO a1, a2, a3, a4, a5, a6

/*
 * Run s0.  In: s0 = this hart's (EX_HART); a0-a7 what it finds if its frame is a
 * call frame; t6 = 0, left by a sc.
 */
	.global run
run:
	csrr t1, satp
	ld t0, EX_SATP(s0)
	ld t2, EX_SWITCHES(s0)
	ld t3, EX_STATE(s0)
	bne t0, t1, run_satp
run_state:
	addi t2, t2, 1
	sd t2, EX_SWITCHES(s0)
	bnez t3, run_special

/* Load the call frame of s0 and leave.  In: a0-a7; t6 = 0. */
exit_call:
	ld t0, EX_PC(s0)
	csrw sscratch, s0
	csrw sepc, t0
	FOR_PRESERVED FILL
	ZERO t0, t1, t2, t3, t4, t5
	ld s0, EX_X(8)(s0)
	sret
END_FUNCTION yield_switch

/* Back to s0, which never stopped running, with results a0 and a1. */
	.global exit_result
exit_result:
	ZERO a2, a3, a4, a5, a6, a7, t6
	j exit_call

/*
 * Another address space.  Those that got no ASID of their own share 0, which
 * is then flushed; no fence where there are ASIDs.  rs2 is a register that holds 0, and
 * not x0: so what is global, the kernel's half, stays in the TLB.
 */
run_satp:
	csrw satp, t0
	ld t1, HT_SATP_UNSHARED(tp)
	bgeu t0, t1, run_state
	sfence.vma zero, t6
	j run_state

/*
 * _Noreturn void dispatch(void)
 * In: tp; sscratch = 0.  Runs what comes next, or sleeps.
 */
FUNCTION dispatch
	FP_OFF t0
	ld t2, HT_RQ_TAIL(tp)
	li a7, 0
	j dispatch_take
dispatch_empty:
	ENTER_C
	call sched_find
	unimp
END_FUNCTION dispatch

/* _Noreturn void dispatch_to(struct executor *ex): run one that is this hart's. */
FUNCTION dispatch_to
	mv s0, a0
	FP_OFF t0
	ZERO a0, a1, a2, a3, a4, a5, a6, a7, t6
	/* No reservation may survive: this sc has none of its own to succeed. */
	addi t0, tp, HT_CURRENT
	sc.d t0, s0, (t0)
	j run
END_FUNCTION dispatch_to

/* A token says nothing here, and floating point is saved before s0 is given up. */
yield_flags:
	andi t1, t1, EX_FP
	beqz t1, yield_save
	jal t6, fp_save
	FP_OFF t0
	j yield_save

/* t3 = state, not 0 */
run_special:
	andi t1, t3, EX_STOPREQ
	bnez t1, run_stop
	andi t1, t3, EX_FP
	beqz t1, 1f
	jal t6, fp_load
	li t6, 0
1:	andi t1, t3, EX_FULL | EX_TIMED
	beqz t1, exit_call
	/* Ours alone but for flags that others may set, hence the AMO; these two
	 * order nothing.  TIMED: it was swapped to. */
	li t1, ~(EX_FULL | EX_TIMED)
	addi t2, s0, EX_STATE
	amoand.d zero, t1, (t2)
	andi t1, t3, EX_FULL
	beqz t1, exit_call

/* Load everything and leave. */
	.global exit_full
exit_full:
	/* No reservation may survive, as above. */
	addi t0, tp, HT_CURRENT
	sc.d t0, s0, (t0)
	ld t0, EX_PC(s0)
	csrw sscratch, s0
	csrw sepc, t0
	FOR_PRESERVED FILL
	FOR_CLOBBERED FILL
	ld t0, EX_X(5)(s0)
	ld s0, EX_X(8)(s0)
	sret

run_stop:
	ENTER_C
	mv a0, s0
	call executor_end_asked
	unimp

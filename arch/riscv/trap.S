/* SPDX-License-Identifier: MIT
 *
 * Traps, the fast calls, and the switch.
 *
 * INVARIANTS
 *   user mode     sscratch = base of the executor that runs, which is READY and
 *                 this hart's; all other registers are the user's.
 *   entry         after the swap: s0 = that base, sscratch = the user's s0.
 *                 gp and tp are still the user's until a path says otherwise.
 *   kernel        sscratch = 0 from the moment a frame is saved; a trap then is
 *                 the kernel's own and a panic.  gp = global page, tp = hart
 *                 page, s0 = executor; sp = the hart's stack where C runs, and
 *                 nothing anywhere else.
 *   always        SIE = 0 in S-mode; SPP = 0, FS = VS = Off.  So no interrupt,
 *                 no nesting, and a plain sret goes to the user.
 *   satp          the current executor's, or the kernel's own while idle.
 *
 * Frames.  A call saves what calls preserve (the call frame) and the pc behind
 * the ecall; the rest is 0 or a result when it goes on.  An interrupt or fault
 * saves everything.  EX_FULL in the state word tells which one is to be loaded.
 *
 * After the instruction that publishes an executor (the sc to PARKED, the unlock
 * after queueing it) s0 is dead: another hart may be running it.
 *
 * Reservations: a user's must not survive into another executor.  Every switch
 * passes a sc in the scheduler's lock or in a state word; the way back from an
 * interrupt executes one that is bound to fail.
 */
#include "asm.inc"

#include <hartleaf/call.h>

	.section .text.trap, "ax"

/*
 * void trap_entry(void): stvec.
 * The checks are in the order of how often they are needed, yield first.
 */
FUNCTION trap_entry
	csrrw s0, sscratch, s0
	beqz s0, trap_kernel
	sd t0, EX_X(5)(s0)
	csrr t0, scause
	addi t0, t0, -CAUSE_ECALL
	bnez t0, trap_other
	bnez a7, call_other

/*
 * yield.  Null if the queue is empty.  A racy look is enough for that: what is
 * queued at the same moment may as well have come later.
 */
call_yield:
	la t0, global_page
	ld t0, GL_SCHED_HEAD(t0)
	bnez t0, yield_switch
	li a0, 0
	LEAVE

yield_switch:
	SAVE_CALL
	addi t1, gp, GL_SCHED_LOCK
	MCS_LOCK t1, tp, t0
	ld t2, GL_SCHED_HEAD(gp)
	beqz t2, yield_alone
	/* Behind the last, then off with the first: right for one as well. */
	ld t3, GL_SCHED_TAIL(gp)
	sd zero, EX_NEXT(s0)
	sd s0, EX_NEXT(t3)
	sd s0, GL_SCHED_TAIL(gp)
	ld t0, EX_NEXT(t2)
	sd t0, GL_SCHED_HEAD(gp)
yield_unlock:
	/* Publishes s0. */
	MCS_UNLOCK t1, tp, t0
	mv s0, t2
	ZERO a0, a1, a2, a3, a4, a5
	j run
	/* Others took them all in between: to itself, then. */
yield_alone:
	mv t2, s0
	j yield_unlock
END_FUNCTION trap_entry

/*
 * Leave with a0 after code that used t1-t6 and nothing else.
 */
FUNCTION leave_clean
	ZERO t1, t2, t3, t4, t5, t6
	LEAVE
END_FUNCTION leave_clean

call_other:
	andi t0, a7, 0xff
	addi t0, t0, -CALL_PARK
	beqz t0, call_park
	addi t0, t0, CALL_PARK - CALL_WAKE
	bnez t0, call_slow
	/* wake; flags and the caller itself go the slow way */
	addi t0, a7, -CALL_WAKE
	bnez t0, call_slow
	bnez a0, call_wake

/*
 * map, start, stop and what else C does.  a0-a7 go through as they are.
 */
call_slow:
	SAVE_CALL
	ld sp, HT_STACK(tp)
	sd s0, HT_CURRENT(tp)
	call call_c
	ld s0, HT_CURRENT(tp)
	li a1, 0
	j exit_result

/*
 * _Noreturn void dispatch(void)
 * In: tp, gp; sscratch = 0.  Runs the head of the queue, or sleeps.
 */
FUNCTION dispatch
	addi t1, gp, GL_SCHED_LOCK
	MCS_LOCK t1, tp, t0
	ld s0, GL_SCHED_HEAD(gp)
	beqz s0, 1f
	ld t0, EX_NEXT(s0)
	sd t0, GL_SCHED_HEAD(gp)
1:	MCS_UNLOCK t1, tp, t0
	beqz s0, dispatch_empty
dispatch_zero:
	ZERO a0, a1, a2, a3, a4, a5

/*
 * Run s0, which this hart owns; a0-a5 are what it finds if its frame is a call
 * frame.
 */
	.global run
run:
	ld t0, EX_HART(s0)
	bne t0, tp, run_adopt
run_here:
	ld t0, EX_SATP(s0)
	csrr t1, satp
	bne t0, t1, run_satp
run_state:
	ld t0, EX_STATE(s0)
	bnez t0, run_special
exit_zero:
	ZERO a6, a7

/* Load the call frame of s0 and leave.  a0-a7 are ready. */
exit_call:
	ld t0, EX_PC(s0)
	csrw sepc, t0
	csrw sscratch, s0
	FOR_PRESERVED FILL
	ZERO t0, t1, t2, t3, t4, t5, t6
	ld s0, EX_X(8)(s0)
	sret

	.global exit_result
exit_result:
	ZERO a2, a3, a4, a5, a6, a7
	j exit_call

dispatch_empty:
	ld sp, HT_STACK(tp)
	call sched_idle
	j dispatch
END_FUNCTION dispatch

/* _Noreturn void dispatch_to(struct executor *ex): run one the caller owns. */
FUNCTION dispatch_to
	mv s0, a0
	j dispatch_zero
END_FUNCTION dispatch_to

/*
 * Another address space.  Those that got no ASID of their own share 0, which
 * is then flushed; no fence where there are ASIDs.
 */
run_satp:
	csrw satp, t0
	slli t0, t0, 64 - SATP_ASID_FIRST - SATP_ASID_BITS
	srli t0, t0, 64 - SATP_ASID_BITS
	bnez t0, run_state
	sfence.vma
	j run_state

/* It ran elsewhere before: it becomes this hart's. s1-s11 are to be loaded. */
run_adopt:
	mv s1, a1
	mv s2, a2
	mv s3, a3
	mv s4, a4
	mv s5, a5
	ld sp, HT_STACK(tp)
	mv a0, s0
	call executor_adopt
	li a0, 0
	mv a1, s1
	mv a2, s2
	mv a3, s3
	mv a4, s4
	mv a5, s5
	j run_here

/* t0 = state, not 0 */
run_special:
	andi t1, t0, EX_STOPREQ
	bnez t1, run_stop
	andi t1, t0, EX_FULL
	beqz t1, exit_zero
	/* Ours alone but for flags that others may set, hence the AMO; the flag
	 * itself orders nothing. */
	li t1, ~EX_FULL
	addi t2, s0, EX_STATE
	amoand.d zero, t1, (t2)

/* Load everything and leave. */
exit_full:
	/* No reservation may survive: this sc has none of its own to succeed. */
	addi t0, tp, HT_CURRENT
	sc.d t0, s0, (t0)
	ld t0, EX_PC(s0)
	csrw sepc, t0
	csrw sscratch, s0
	FOR_PRESERVED FILL
	FOR_CLOBBERED FILL
	ld t0, EX_X(5)(s0)
	ld s0, EX_X(8)(s0)
	sret

run_stop:
	ld sp, HT_STACK(tp)
	mv a0, s0
	call executor_end_asked
	unimp

/*
 * Interrupt or exception in user mode; t0 is saved already.
 */
trap_other:
	FOR_PRESERVED SPILL
	FOR_CLOBBERED SPILL
	csrrw t0, sscratch, zero
	sd t0, EX_X(8)(s0)
	csrr t0, sepc
	sd t0, EX_PC(s0)
	ld tp, EX_HART(s0)
	la gp, global_page
	ld sp, HT_STACK(tp)
	sd s0, HT_CURRENT(tp)
	mv a0, s0
	csrr a1, scause
	csrr a2, stval
	call trap_user
	ld s0, HT_CURRENT(tp)
	j exit_full

/*
 * The kernel itself has trapped.  Nothing is to be trusted, not even sp: all
 * registers go to a place of their own, and the panic has its own stack.  The
 * first hart to come here reports; others wait for the end.
 */
trap_kernel:
	la s0, panic_taken
	amoadd.d s0, s0, (s0)
1:	bnez s0, 1b
	la s0, panic_regs
	sd t0, EX_X(5)(s0)
	FOR_PRESERVED SPILL
	FOR_CLOBBERED SPILL
	csrr t0, sscratch
	sd t0, EX_X(8)(s0)
	csrr t0, sepc
	sd t0, EX_PC(s0)
	la gp, global_page
	la sp, panic_stack_top
	mv a0, s0
	csrr a1, scause
	csrr a2, stval
	call panic_trap
	unimp

	.bss
	.balign 16
panic_taken:
	.space 8
panic_regs:
	.space EX_X(32)
	.balign 16
	.space 1024
panic_stack_top:

/* SPDX-License-Identifier: MIT
 *
 * Traps: the way in, and which way on.
 *
 * INVARIANTS
 *   user mode     sscratch = base of the executor that runs, which is READY and
 *                 this hart's; all other registers are the user's.
 *   entry         after the swap: s0 = that base, sscratch = the user's s0.
 *                 gp and tp are still the user's until a path says otherwise.
 *   kernel        sscratch = 0 from the moment a frame is saved; a trap then is
 *                 the kernel's own and a panic.  tp = hart page, s0 = executor;
 *                 gp = global page and sp = the hart's stack where C runs
 *                 (ENTER_C), and nothing anywhere else.
 *   always        SIE = 0 in S-mode; SPP = 0, VS = Off.  So no interrupt, no
 *                 nesting, and a plain sret goes to the user.
 *   FS            Off, but for an executor with EX_FP: see fp.S.
 *   satp          the current executor's, or the kernel's own while idle.
 *
 * Frames.  A call saves what calls preserve (the call frame) and the pc behind
 * the ecall; the rest is 0 or a result when it goes on.  An interrupt or fault
 * saves everything.  EX_FULL in the state word tells which one is to be loaded.
 *
 * After the instruction that publishes an executor (the sc to PARKED, the store
 * of the ring's tail) s0 is dead: another hart may be running it.
 *
 * Reservations: a user's must not survive into another executor.  Every switch
 * passes a sc, of the ring's head or of a state word; the ways to one that was not
 * switched to so execute one that is bound to fail.
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
	bnez a7, call_other
	addi t0, t0, -CAUSE_ECALL
	bnez t0, trap_other

/* yield.  Null if nobody else is in this hart's ring. */
call_yield:
	ld t0, EX_HART(s0)
	ld t1, HT_RQ_HEAD(t0)
	ld t2, HT_RQ_TAIL(t0)
	bne t1, t2, yield_switch
	LEAVE a0, t1, t2
END_FUNCTION trap_entry

/*
 * Leave with a0 after code that used t1-t6 and nothing else.
 */
FUNCTION leave_clean
	LEAVE t1, t2, t3, t4, t5, t6
END_FUNCTION leave_clean

/*
 * a7 isn't 0: a call other than yield, or no call.  park and wake without flags, and with
 * other executors than the caller, are the ones in a hurry.
 */
call_other:
	addi t0, t0, -CAUSE_ECALL
	bnez t0, trap_other
	addi t0, a7, -CALL_PARK
	beqz t0, call_park
	addi t0, t0, CALL_PARK - CALL_WAKE
	beqz t0, call_wake
	andi t0, a7, 0xff
	addi t0, t0, -CALL_PARK
	beqz t0, park_flags

/*
 * map, start, stop and what else C does.  a0-a7 go through as they are, and C keeps
 * s0-s11.
 */
	.global call_slow
call_slow:
	SAVE_CALL
	ENTER_C
	sd s0, HT_CURRENT(tp)
	addi t0, a7, -CALL_MAP
	bnez t0, call_others
	call map_call
call_done:
	/* A step to be done, or a stop that was asked for? */
	ld t0, GL_RECLAIM_EVENTS(gp)
	ld t1, GL_RECLAIM_SEEN(gp)
	ld t2, EX_STATE(s0)
	bne t0, t1, call_more
	andi t2, t2, EX_STOPREQ
	bnez t2, call_more
call_leave:
	ld t0, EX_PC(s0)
	csrw sepc, t0
	csrw sscratch, s0
	ld ra, EX_X(1)(s0)
	ld sp, EX_X(2)(s0)
	ld gp, EX_X(3)(s0)
	ld tp, EX_X(4)(s0)
	ZERO a1, a2, a3, a4, a5, a6, a7, t0, t1, t2, t3, t4, t5, t6
	ld s0, EX_X(8)(s0)
	sret
call_others:
	call call_c
	j call_done
call_more:
	call call_end
	j call_leave

/*
 * Interrupt or exception in user mode; t0 is saved already.  Or the kernel's own, before
 * the path it was on had saved a frame: sscratch wasn't 0 yet, and s0 is the user's.
 */
trap_other:
	csrr t0, sstatus
	andi t0, t0, SSTATUS_SPP
	bnez t0, trap_kernel
	FOR_PRESERVED SPILL
	csrrw ra, sscratch, zero
	csrr gp, sepc
	FOR_CLOBBERED SPILL
	sd ra, EX_X(8)(s0)
	sd gp, EX_PC(s0)
	ld tp, EX_HART(s0)
	ENTER_C
	sd s0, HT_CURRENT(tp)
	mv a0, s0
	csrr a1, scause
	csrr a2, stval
	call trap_user
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

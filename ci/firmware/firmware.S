/* SPDX-License-Identifier: MIT
 *
 * The smallest firmware that the kernel can refuse: M-mode, one hart of QEMU's
 * virt machine, started by QEMU in place of OpenSBI (-bios).  It offers the
 * legacy putchar, probing, and shutdown, and leaves timers to Sstc; whatever else is probed is "there",
 * but LACKING, and answers "not supported" when called.
 *
 * Built several times with other numbers (CMakeLists.txt):
 *   LACKING      id of the SBI extension that probing denies; 0: none
 *   TREE_SHIFT   added to the device tree's address
 *   DAMAGE_AT    offset in the device tree where a word is overwritten; a
 *                negative one leaves the tree whole
 *   DAMAGE_WORD  with this, as a big-endian word
 *   ZERO_BYTES   cbo.zero (a0) is there, by emulation, and clears as many; 0: it
 *                does nothing; negative: it isn't there
 *
 * INVARIANTS
 *   start     by QEMU: M-mode, a0 = hart id, a1 = device tree, a2 = address of
 *             a block with the kernel's address at DYNAMIC_NEXT
 *   S mode    mscratch = save area
 *   handler   all registers but t0-t2, which are in the save area, are the
 *             kernel's
 */
#define UART         0x10000000
#define FINISHER     0x100000
#define FINISHER_OK  0x5555
#define FINISHER_BAD 0x3333
#define STATUS_REASON 1 /* exit status where the kernel gave a failure reason */
#define STATUS_TRAP   9 /* where M-mode met a trap that isn't a call */

#define DYNAMIC_NEXT 16

#define MSTATUS_MPP_S (1 << 11)
#define MEDELEG       0xb1ff /* all but the calls of S- and M-mode */
#define MIDELEG       0x222
#define PMP_ALL       0x1f
#define CAUSE_ILLEGAL 2
#define CAUSE_CALL_S  9
#define CBO_ZERO_A0   0x45200f

#define MENVCFG       0x30a
#define MENVCFG_STCE  (1 << 63)
#define SENVCFG_CBZE  0x80
#define MSTATUS_MPRV  (1 << 17)
#define MSTATUS_MPP   (3 << 11)
#define SSTATUS_SIE   0x2
#define SSTATUS_SPIE  0x20
#define SSTATUS_SPP   0x100
#define MPP_TO_SPP    3 /* shifts right */
#define SIE_TO_SPIE   4 /* left */

#define SBI_PUTCHAR 0x1
#define SBI_BASE    0x10
#define SBI_PROBE   3
#define SBI_SRST    0x53525354
#define SBI_NOT_SUPPORTED (-2)

#define SAVE_T0 0
#define SAVE_T1 8
#define SAVE_T2 16

	.section .text
	.globl _start
_start:
	csrr t0, mhartid
	bnez t0, park

	li t0, -1
	csrw pmpaddr0, t0
	csrw mcounteren, t0
	li t0, PMP_ALL
	csrw pmpcfg0, t0
	li t0, MENVCFG_STCE
	csrw MENVCFG, t0
	.if ZERO_BYTES >= 0
	li t0, MEDELEG & ~(1 << CAUSE_ILLEGAL)
	.else
	li t0, MEDELEG
	.endif
	csrw medeleg, t0
	li t0, MIDELEG
	csrw mideleg, t0
	la t0, handler
	csrw mtvec, t0
	la t0, save
	csrw mscratch, t0

	.if DAMAGE_AT >= 0
	li t0, DAMAGE_AT
	add t0, t0, a1
	la t1, damage
	ld t1, (t1)
	sw t1, (t0)
	.endif
	li t0, TREE_SHIFT
	add a1, a1, t0

	li t0, MSTATUS_MPP_S
	csrw mstatus, t0
	ld t0, DYNAMIC_NEXT(a2)
	csrw mepc, t0
	csrw satp, zero
	fence.i
	mret

park:
	wfi
	j park

	.balign 4
handler:
	csrrw t0, mscratch, t0
	sd t1, SAVE_T1(t0)
	sd t2, SAVE_T2(t0)
	csrr t1, mscratch
	sd t1, SAVE_T0(t0)
	csrr t1, mcause
	.if ZERO_BYTES >= 0
	li t2, CAUSE_ILLEGAL
	beq t1, t2, illegal
	.endif
	li t2, CAUSE_CALL_S
	bne t1, t2, die
	csrr t1, mepc
	addi t1, t1, 4
	csrw mepc, t1

	li t1, SBI_PUTCHAR
	beq a7, t1, putchar
	li t1, SBI_BASE
	beq a7, t1, base
	li t1, SBI_SRST
	beq a7, t1, reset
	li a0, SBI_NOT_SUPPORTED

return:
	csrw mscratch, t0
	ld t2, SAVE_T2(t0)
	ld t1, SAVE_T1(t0)
	ld t0, SAVE_T0(t0)
	mret

putchar:
	li t1, UART
	sb a0, (t1)
	li a0, 0
	j return

base:
	li t1, SBI_PROBE
	mv t2, a0
	li a0, SBI_NOT_SUPPORTED
	bne a6, t1, return
	li a0, 0
	li t1, LACKING
	sub a1, t2, t1
	snez a1, a1
	j return

reset:
	li t1, FINISHER_OK
	beqz a1, 1f
	li t1, FINISHER_BAD | STATUS_REASON << 16
1:	li t2, FINISHER
	sw t1, (t2)
	j park

	.if ZERO_BYTES >= 0
/* Users only where senvcfg lets them.  The stores are made as from the mode that trapped. */
illegal:
	csrr t1, mtval
	li t2, CBO_ZERO_A0
	bne t1, t2, supervisors
	csrr t1, mstatus
	li t2, MSTATUS_MPP
	and t1, t1, t2
	bnez t1, 1f
	csrr t1, senvcfg
	andi t1, t1, SENVCFG_CBZE
	beqz t1, supervisors
1:	li t2, MSTATUS_MPRV
	.if ZERO_BYTES > 0
	andi t1, a0, -ZERO_BYTES
	csrs mstatus, t2
	.rept ZERO_BYTES / 8
	sd zero, (t1)
	addi t1, t1, 8
	.endr
	csrc mstatus, t2
	.endif
	csrr t1, mepc
	addi t1, t1, 4
	csrw mepc, t1
	j return

/* As if it were delegated.  MPP is U or S: bit 11, which is SPP's 8. */
supervisors:
	csrr t1, mtval
	csrw stval, t1
	csrr t1, mepc
	csrw sepc, t1
	li t1, CAUSE_ILLEGAL
	csrw scause, t1
	li t1, SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SIE
	csrr t2, mstatus
	csrc mstatus, t1
	srli t1, t2, MPP_TO_SPP
	andi t1, t1, SSTATUS_SPP
	csrs mstatus, t1
	andi t1, t2, SSTATUS_SIE
	slli t1, t1, SIE_TO_SPIE
	csrs mstatus, t1
	li t1, MSTATUS_MPP_S
	csrs mstatus, t1
	csrr t1, stvec
	csrw mepc, t1
	j return
	.endif

die:
	li t1, FINISHER_BAD | STATUS_TRAP << 16
	li t2, FINISHER
	sw t1, (t2)
	j park

	.balign 8
damage:
	.4byte (DAMAGE_WORD >> 24 & 0xff) | (DAMAGE_WORD >> 8 & 0xff00) | \
		(DAMAGE_WORD << 8 & 0xff0000) | (DAMAGE_WORD << 24 & 0xff000000)
	.4byte 0
save:
	.8byte 0, 0, 0

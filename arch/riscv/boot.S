/* SPDX-License-Identifier: MIT
 *
 * First instructions of every hart.
 *
 * INVARIANTS
 *   start          by SBI: S-mode, satp = 0, SIE = 0, a0 = the firmware's id of
 *                  this hart; a1 = device tree (first hart).
 *                  Addresses are physical, no stack, gp and tp undefined.
 *   early space    first hart only: gigapages for the direct map, 2 MiB for the
 *                  image, RWX.  Nobody uses it once the kernel's own tables stand.
 *                  One page: as its own next table behind SLOT_IMAGE it has the
 *                  image's leaf among the slots of a VAS's words.
 *   the jump up    stvec is set to the upper address of what comes next, so that
 *                  the fetch after satp was written faults its way there.  No
 *                  identity mapping is needed.  A hart without Sv39 ignores
 *                  the write and just goes on.
 */
#include "asm.inc"

#include <hartleaf/leaf.h>

#define EARLY_LEAF (LEAF_V | LEAF_R | LEAF_W | LEAF_A | LEAF_D | LEAF_G)
#define GIGA_SHIFT  30
#define LARGE_SHIFT 21
#define IMAGE_LARGE (IMAGE_VA >> LARGE_SHIFT & 511)

/* \reg = address that \symbol has where the image is linked. */
	.macro LINKED reg, symbol
	ld \reg, 7f
	j 8f
	.balign 8
7:	.dword \symbol
8:
	.endm

/* What every hart sets once. */
	.macro SET_CSRS tmp
	la \tmp, trap_entry
	csrw stvec, \tmp
	csrw sscratch, zero
	li \tmp, SSTATUS_SIE | SSTATUS_SPP | SSTATUS_VS | SSTATUS_FS | SSTATUS_XS | SSTATUS_SUM | SSTATUS_MXR
	csrc sstatus, \tmp
	li \tmp, SI_SOFTWARE | SI_TIMER
	csrw sie, \tmp
	li \tmp, COUNTEREN
	csrw scounteren, \tmp
	.endm

/* The first bytes of the image are the header by which boot loaders know a kernel of
 * RISC-V (Linux, Documentation/riscv/boot-image-header.rst): kernel.bin is the image alone.
 * A firmware that loads ELF files jumps here all the same. */
#define HEADER_VERSION 2 /* 0.2 */
#define HEADER_MAGIC   0x05435352 /* "RSC", 5 */

	.section .text.boot.first, "ax"
FUNCTION _start
	j start
	.balign 8
	.dword 1 << LARGE_SHIFT /* to be loaded so far into the memory */
	.dword image_size       /* with .bss */
	.dword 0                /* flags: little-endian */
	.word HEADER_VERSION
	.word 0
	.dword 0
	.ascii "RISCV\0\0\0" /* magic of version 0.1 */
	.word HEADER_MAGIC
	.word 0
END_FUNCTION _start

	.section .text.boot, "ax"
FUNCTION start
	csrw sie, zero
	/* The first to come boots.  A firmware may let a hart that is being
	 * started run before it has taken note of where: then it comes here,
	 * and is the one that the boot hart waits for. */
	la t0, boot_taken
	li t1, 1
	amoswap.w.aqrl t0, t1, (t0)
	bnez t0, secondary_start
	mv s0, a0
	mv s1, a1
	la s2, image_start /* physical */
	la t0, bss_start
	la t1, bss_end
1:	sd zero, (t0)
	addi t0, t0, 8
	bltu t0, t1, 1b
	la s3, bad_address
	LINKED t0, image_start
	xor t0, t0, s2
	slli t0, t0, 64 - LARGE_SHIFT
	bnez t0, no_way_up
	la s3, no_sv39

	/* Direct map: every gigabyte, whatever is there. */
	la t0, early_root
	li t1, SLOT_DIRECT * 8
	add t1, t1, t0
	li t2, EARLY_LEAF
	li t3, 1 << (GIGA_SHIFT - PAGE_SHIFT + LEAF_PPN_SHIFT)
	li t4, SLOT_WORDS * 8
	add t4, t4, t0
1:	sd t2, (t1)
	add t2, t2, t3
	addi t1, t1, 8
	bltu t1, t4, 1b
	/* The image's 2 MiB. */
	srli t1, t0, PAGE_SHIFT
	slli t1, t1, LEAF_PPN_SHIFT
	ori t1, t1, LEAF_V
	li t2, SLOT_IMAGE * 8
	add t2, t2, t0
	sd t1, (t2)
	srli t1, s2, LARGE_SHIFT
	slli t1, t1, LARGE_SHIFT - PAGE_SHIFT + LEAF_PPN_SHIFT
	ori t1, t1, EARLY_LEAF | LEAF_X
	li t2, IMAGE_LARGE * 8
	add t2, t2, t0
	sd t1, (t2)

	LINKED t1, 2f
	csrw stvec, t1
	srli t0, t0, PAGE_SHIFT
	li t1, SATP_SV39_TOP
	or t0, t0, t1
	csrw satp, t0
	sfence.vma
	csrr t1, satp
	bne t0, t1, no_way_up
	/* Here only if the addresses happened to fit: jump all the same. */
	LINKED t1, 2f
	jr t1

	.balign 4
2:	SET_CSRS t0
	la gp, global_page
	la sp, boot_stack_top
	mv tp, zero
	mv a0, s0
	mv a1, s1
	mv a2, s2
	call boot_main
	unimp
END_FUNCTION start

/* Physical addresses all the way; C does what it has to say. */
no_way_up:
	la gp, global_page
	la sp, boot_stack_top
	mv a0, s1
	mv a1, s3
	call boot_without_paging
	unimp
	.section .rodata
no_sv39:
	.asciz "no Sv39 paging"
bad_address:
	.asciz "loaded at an address that isn't a multiple of 2 MiB"
	.section .text.boot, "ax"

/*
 * void secondary_start(uint64_t sbi_id)
 * The kernel's tables stand; go there at once.  Harts are started one by one, so
 * the page of this one stands in the global page; a1 is not to be trusted, see _start.
 * One that nobody waits for sleeps, in code that stays.
 */
FUNCTION secondary_start
	csrw sie, zero
	la t0, global_page /* physical */
	ld a1, GL_STARTING(t0)
	beqz a1, 2f
	ld t0, GL_KERNEL_SATP(t0)
	LINKED t1, 1f
	csrw stvec, t1
	csrw satp, t0
	sfence.vma
	unimp
	.balign 4
1:	fence.i
	sfence.vma
	la gp, global_page
	mv tp, a1
	ld t0, HT_SBI_ID(tp)
	bne t0, a0, 2f
	SET_CSRS t0
	ld sp, HT_STACK(tp)
	call boot_secondary
	unimp
2:	j hart_astray
END_FUNCTION secondary_start

	.text
hart_astray: /* sie = 0; paging may be on or off */
	wfi
	j hart_astray
	.section .text.boot, "ax"

/* _Noreturn void machine_enter(struct hart *hart) */
FUNCTION machine_enter
	mv tp, a0
	ld sp, HT_STACK(tp)
	call boot_rest
	unimp
END_FUNCTION machine_enter

	.data
boot_taken:
	.word 0

	.section .rodata
	.global stub_start, stub_end
	.balign 8
stub_start:
	.incbin LOADER_STUB
stub_end:

	.bss
	.balign 4096
	.global global_page, early_root
global_page:
	.space 4096
early_root:
	.space 4096
	.space 8192
boot_stack_top:

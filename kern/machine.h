/* SPDX-License-Identifier: MIT
 *
 * What the kernel proper needs of the machine; arch/ provides it.
 */
#ifndef KERN_MACHINE_H
#define KERN_MACHINE_H

#include "layout.h"

#include <stdbool.h>
#include <stdint.h>

struct executor;
struct hart;

/* Code that only boot runs: its frames are given away afterwards. */
#define BOOT_ONLY __attribute__((section(".text.boot")))

/* Small rather than fast, in a file that is compiled for speed. */
#define COLD __attribute__((cold, noinline))

/* The address of physical memory in the direct map, and back. */
static inline void *direct(uint64_t pa)
{
	return (void *)(pa + DIRECT_MAP);
}

static inline uint64_t physical(const void *p)
{
	return (uint64_t)p - DIRECT_MAP;
}

#define SATP_SV39       8UL
#define SATP_SV48       9UL
#define SATP_MODE_SHIFT 60
#define SATP_ASID_SHIFT 44

/* n > 0 pages in a row. */
void pages_zero(void *first, uint64_t n);

/* Interrupt each hart of the mask (dense ids). */
void hart_interrupt(uint64_t harts);
/* Forget a pending interrupt, then order that before every later access. */
void hart_interrupt_clear(void);
/* Sleep until an interrupt is pending; may return early. */
void hart_wait(void);
/* `time` now; an interrupt when it is `at` or later, UINT64_MAX for none; whether one
 * is pending. */
uint64_t hart_time(void);
void hart_timer(uint64_t at);
bool hart_timer_due(void);
/* Boot: once on each hart, before its first hart_timer.  INFO_ISA_* that it has been seen to
 * execute, and the bytes that its cbo.zero clears; 0: it has none.  The page is scratch. */
uint64_t hart_probe(uint64_t *page, uint64_t *zero_bytes);
/* Boot: all harts have cbo.zero, of info->zero_bytes: pages_zero is by that from now on. */
void pages_zero_by_block(void);
/* Leave every user address space. */
void hart_use_kernel_space(void);
/* Drop what this hart may have cached of user space under `asid`. */
void tlb_forget_space(uint64_t asid);
/* Drop what it may have cached of a leaf at that user address, or of there being none. */
void tlb_forget(uint64_t va);
/* Drop `pages` user pages from va on under `asid`, on every hart of the mask and before
 * returning.  ASID 0 is shared: there they go of whoever has it. */
void tlb_shootdown(uint64_t harts, uint64_t asid, uint64_t va, uint64_t pages);
/* Boot: drop everything on every hart of the mask. */
void tlb_flush(uint64_t harts);
/* Code has become executable: neither this hart nor one of the mask runs stale
 * instructions. */
void code_sync(uint64_t harts);

void console_putc(char c);
_Noreturn void machine_stop(bool failed);

/* Boot: what the firmware lacks, or NULL. */
const char *machine_lacks(void);
/* Boot: bits of an ASID that this hart keeps. */
unsigned machine_asid_bits(void);
/* Boot: start the hart that the firmware calls by hart->sbi_id; false: it
 * can't.  It enters boot_secondary on its own stack, in the kernel's space. */
bool hart_start(struct hart *hart);
/* Boot: use the kernel's own space; false: this hart doesn't have its mode. */
bool machine_use_kernel_space(void);
/* Boot: go on there, as this hart, at boot_rest. */
_Noreturn void machine_enter(struct hart *hart);

/* Run whatever is ready; the hart's stack starts anew. */
_Noreturn void dispatch(void);
/* Run this one, which the caller owns and has adopted. */
_Noreturn void dispatch_to(struct executor *ex);

/* Save the floating-point registers in the page of ex, who runs, if they have
 * changed; or load them. */
void fp_keep(struct executor *ex);
void fp_begin(struct executor *ex);

/* MCS queue lock; the node is the hart page, so a hart holds one at a time. */
void mcs_lock(struct hart **lock);
void mcs_unlock(struct hart **lock);

#endif

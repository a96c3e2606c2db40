/* SPDX-License-Identifier: MIT
 *
 * What kern/machine.h promises, by CSRs and SBI.  The one device that
 * the kernel writes is the emulator's test device, in machine_stop.
 */
#include <kern/machine.h>

#include "csr.h"
#include "sbi.h"
#include <kern/atomic.h>
#include <kern/global.h>
#include <kern/panic.h>

#include <hartleaf/leaf.h>

#define FINISHER_FAIL 0x3333
#define FINISHER_PASS 0x5555
#define MASK_BITS     64
#define FLUSH_SINGLY  32 /* pages up to which a local flush goes page by page */

extern char image_start[], secondary_start[];

BOOT_ONLY static uint64_t image_pa(const void *p)
{
	return (uint64_t)p - (uint64_t)image_start + global->image_pa;
}

/* Make a call for the firmware's names of the harts in the mask, 64 at a time. */
static void for_sbi_harts(uint64_t harts, uint64_t extension, uint64_t function, uint64_t start,
			  uint64_t size, uint64_t asid)
{
	/* What was stored for them to see, before the interrupt: a device write as far as
	 * RVWMO is concerned. */
	asm volatile("fence" ::: "memory");
	while (harts != 0) {
		uint64_t base = 0, mask = 0;
		for (uint64_t i = 0; i < global->harts; i++) {
			uint64_t id = global->hart[i]->sbi_id;
			if (!(harts >> i & 1))
				continue;
			if (mask == 0)
				base = id & -MASK_BITS;
			if ((id ^ base) >= MASK_BITS)
				continue;
			mask |= 1UL << (id ^ base);
			harts &= ~(1UL << i);
		}
		if (mask == 0)
			return;
		struct sbi_result done =
			sbi_call(extension, function, mask, base, start, size, asid);
		/* Else a wakeup would be lost, or a translation stay that is no more. */
		if (done.error != 0)
			panic_firmware(extension, done.error);
	}
}

void hart_interrupt(uint64_t harts)
{
	if (harts != 0)
		for_sbi_harts(harts, SBI_IPI, SBI_IPI_SEND, 0, 0, 0);
}

void hart_interrupt_clear(void)
{
	csr_clear(sip, SI_SOFTWARE);
	/* A write of a CSR counts as output. */
	asm volatile("fence" ::: "memory");
}

uint64_t hart_time(void)
{
	return csr_read(time);
}

void hart_timer(uint64_t at)
{
	if (this_hart->sstc) {
		asm volatile("csrw %0, %1" ::"i"(STIMECMP), "r"(at));
		return;
	}
	struct sbi_result done = sbi_call(SBI_TIME, SBI_TIME_SET, at, 0, 0, 0, 0);
	if (done.error != 0)
		panic_firmware(SBI_TIME, done.error);
}

bool hart_timer_due(void)
{
	return csr_read(sip) & SI_TIMER;
}

void hart_wait(void)
{
	asm volatile("wfi" ::: "memory");
}

void hart_use_kernel_space(void)
{
	csr_write(satp, global->kernel_satp);
}

/* An ASID, 0 as well, is in a register, so that what is global stays. */
void tlb_forget_space(uint64_t asid)
{
	asm volatile("sfence.vma zero, %0" ::"r"(asid) : "memory");
}

void tlb_forget(uint64_t va)
{
	asm volatile("sfence.vma %0" ::"r"(va) : "memory");
}

static void flush_pages(uint64_t asid, uint64_t va, uint64_t pages)
{
	if (pages > FLUSH_SINGLY) {
		tlb_forget_space(asid);
		return;
	}
	for (; pages != 0; pages--, va += PAGE_SIZE)
		asm volatile("sfence.vma %0, %1" ::"r"(va), "r"(asid) : "memory");
}

void tlb_shootdown(uint64_t harts, uint64_t asid, uint64_t va, uint64_t pages)
{
	uint64_t self = 1UL << this_hart->id;

	if (harts & self)
		flush_pages(asid, va, pages);
	harts &= ~self;
	if (harts != 0)
		for_sbi_harts(harts, SBI_RFENCE, SBI_RFENCE_ASID, va, pages << PAGE_SHIFT, asid);
}

static void flush_here(void)
{
	asm volatile("sfence.vma" ::: "memory");
}

void tlb_flush(uint64_t harts)
{
	flush_here();
	for_sbi_harts(harts & ~(1UL << this_hart->id), SBI_RFENCE, SBI_RFENCE_VMA, 0, 0, 0);
}

void code_sync(uint64_t harts)
{
	uint64_t self = 1UL << this_hart->id;

	asm volatile("fence.i" ::: "memory");
	if (harts & ~self)
		for_sbi_harts(harts & ~self, SBI_RFENCE, SBI_RFENCE_I, 0, 0, 0);
}

void console_putc(char c)
{
	sbi_call(SBI_PUTCHAR, 0, (unsigned char)c, 0, 0, 0, 0);
}

_Noreturn void machine_stop(bool failed)
{
	/* QEMU's firmware has the failure reason end with status 0, and may not find the
	 * test device where a bus moves it: so that is told first, where there is one. */
	if (global->finisher != NULL)
		*global->finisher = failed ? FINISHER_FAIL | 1 << 16 : FINISHER_PASS;
	sbi_call(SBI_SRST, SBI_SRST_RESET, SBI_SHUTDOWN,
		 failed ? SBI_SYSTEM_FAILURE : SBI_NO_REASON, 0, 0, 0);
	for (;;)
		hart_wait();
}

BOOT_ONLY const char *machine_lacks(void)
{
	static const struct {
		uint64_t extension;
		char why[40];
	} needed[] = {
		{SBI_HSM, "the firmware lacks SBI HSM"},
		{SBI_IPI, "the firmware lacks SBI IPI"},
		{SBI_RFENCE, "the firmware lacks SBI RFENCE"},
		{SBI_TIME, "the firmware lacks SBI TIME"},
	};
	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (sbi_call(SBI_BASE, SBI_PROBE, needed[i].extension, 0, 0, 0, 0).value == 0)
			return needed[i].why;
	return (void *)0;
}

BOOT_ONLY unsigned machine_asid_bits(void)
{
	uint64_t satp = csr_read(satp);
	unsigned bits = 0;

	csr_write(satp, satp | ((1UL << SATP_ASID_BITS) - 1) << SATP_ASID_FIRST);
	uint64_t kept = csr_read(satp) >> SATP_ASID_FIRST & ((1UL << SATP_ASID_BITS) - 1);
	csr_write(satp, satp);
	flush_here();
	while (kept >> bits & 1)
		bits++;
	return bits;
}

BOOT_ONLY bool machine_use_kernel_space(void)
{
	/* What is mapped of the kernel is the same before and after. */
	csr_write(satp, global->kernel_satp);
	flush_here();
	return csr_read(satp) == global->kernel_satp;
}

BOOT_ONLY bool hart_start(struct hart *hart)
{
	/* Everything that the hart will read; pairs with its start, which the
	 * firmware orders after this call. */
	asm volatile("fence" ::: "memory");
	return sbi_call(SBI_HSM, SBI_HSM_START, hart->sbi_id, image_pa(secondary_start), 0, 0, 0)
		       .error == 0;
}

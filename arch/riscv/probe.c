/* SPDX-License-Identifier: MIT
 *
 * Boot: what harts have beyond what every one has, and what the kernel makes of it.
 */
#include <kern/global.h>
#include <kern/machine.h>

#include "csr.h"

#include <hartleaf/leaf.h>

extern char image_start[];
extern uint32_t blocks_zero[], blocks_zero_end[];

uint64_t probe_isa(uint64_t *page);

BOOT_ONLY uint64_t hart_probe(uint64_t *page, uint64_t *zero_bytes)
{
	uint64_t zeroed = 0;

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		page[i] = -1UL;
	uint64_t isa = probe_isa(page);
	this_hart->sstc = isa & INFO_ISA_SSTC;
	this_hart->timer_at = -1UL;
	hart_timer(-1UL);
	/* A hart may take for some fence what it doesn't know. */
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		if (page[i] == 0)
			zeroed += sizeof(*page);
	if ((isa & INFO_ISA_ZICBOZ) && (zeroed == 0 || (zeroed & (zeroed - 1)))) {
		csr_write(senvcfg, 0);
		zeroed = 0;
	}
	*zero_bytes = zeroed;
	return isa & ~(uint64_t)INFO_ISA_ZICBOZ;
}

BOOT_ONLY void pages_zero_by_block(void)
{
	/* The kernel's text is writable by the direct map only. */
	uint64_t pa = (uint64_t)pages_zero - (uint64_t)image_start + global->image_pa;
	uint32_t *to = direct(pa);

	for (uint32_t *from = blocks_zero; from < blocks_zero_end; from++)
		*to++ = *from;
	code_sync((2UL << (global->harts - 1)) - 1);
}

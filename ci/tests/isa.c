/* SPDX-License-Identifier: MIT
 *
 * What info.isa promises, printed as "N harts: F D C Sstc Zicboz", and whether that is kept.
 * ci/tests/expect compares the line with what the machine has.  Exit status 0: kept.
 */
#include <hartleaf/call.h>
#include <hartleaf/layout.h>
#include <hartleaf/leaf.h>
#include <hartleaf/rt.h>
#include <hartleaf/sys.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fpregs.h"

#define FP    (INFO_ISA_F | INFO_ISA_D)
#define PAGES 8

static const struct {
	uint64_t bit;
	const char *name;
} names[] = {
	{INFO_ISA_F, "F"}, {INFO_ISA_D, "D"},       {INFO_ISA_C, "C"},
	{INFO_ISA_V, "V"}, {INFO_ISA_SSTC, "Sstc"}, {INFO_ISA_ZICBOZ, "Zicboz"},
};

static unsigned char area[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/* Floating point is there, or refused. */
static bool fp_is_kept(bool promised)
{
	static const struct fpregs some = {.f = {1, 2, 3, ~0ull}, .fcsr = FP_NX};
	struct fpregs is;

	if (sys_fp_on() != (promised ? 0 : -HL_EINVAL))
		return false;
	if (!promised)
		return true;
	fp_load(&some);
	for (unsigned i = 0; i < 3; i++)
		sys_yield();
	fp_store(&is);
	return memcmp(&is, &some, sizeof(is)) == 0;
}

/* cbo.zero clears as much as promised, from an address in the midst of it. */
static bool zeroing_is_kept(uint64_t bytes)
{
	if (bytes == 0)
		return true;
	memset(area, 1, sizeof(area));
	/* ci/firmware emulates it with a0 only. */
	register unsigned char *inside asm("a0") = area + PAGE_SIZE + bytes / 2;
	asm volatile(".insn i MISC_MEM, 2, zero, %0, 4" ::"r"(inside) : "memory");
	for (uint64_t i = 0; i < sizeof(area); i++)
		if (area[i] != (i < PAGE_SIZE || i >= PAGE_SIZE + bytes))
			return false;
	return true;
}

/* Zeroes of the kernel's, which may use it, too. */
static bool new_pages_are_zero(void)
{
	const unsigned char *pages = (const unsigned char *)RT_MEET_VA;

	for (unsigned count = 1; count <= PAGES; count++) {
		if (sys_map_new(RT_MEET_VA, count, MAP_R | MAP_W) != count)
			return false;
		for (uint64_t i = 0; i < count * PAGE_SIZE; i++)
			if (pages[i] != 0)
				return false;
		memset((void *)RT_MEET_VA, 0x5a, count * PAGE_SIZE);
		if (sys_unmap(RT_MEET_VA, count) != count)
			return false;
	}
	return true;
}

int main(void)
{
	const struct info *info = hl_info();

	printf("%u harts:", (unsigned)info->harts);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (info->isa & names[i].bit)
			printf(" %s", names[i].name);
	printf("\n%lu pages at boot\n", (unsigned long)info->boot_pages);
	if ((info->isa & FP) != 0 && (info->isa & FP) != FP)
		return 1;
	if (!fp_is_kept(info->isa & INFO_ISA_D))
		return 2;
	if (!(info->isa & INFO_ISA_ZICBOZ) != !info->zero_bytes)
		return 3;
	if (!zeroing_is_kept(info->zero_bytes))
		return 4;
	return new_pages_are_zero() ? 0 : 5;
}

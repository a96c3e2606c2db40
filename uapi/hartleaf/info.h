/* SPDX-License-Identifier: MIT
 *
 * The info page: what is true of the machine, mapped read-only at INFO_VA in
 * every address space.  It can't be unmapped and costs a VAS nothing.  It
 * grows only at its end.  `abi` is that of calls, pages and this: it changes when
 * programs built for the one before can't run any more, and rt ends such a
 * program with a line (rt/src/start.c).  NOTES.md, Changes, has what changed.
 */
#ifndef HARTLEAF_INFO_H
#define HARTLEAF_INFO_H

#define INFO_VA    0xffffffff7a1d8000
#define INFO_MAGIC 0x6661656c74726168 /* "hartleaf", little-endian */
#define INFO_ABI   1

/* What every hart has, and programs may use.  All but C is tried out on each hart at boot,
 * whatever the device tree says; for what isn't here see <hartleaf/isa.h>. */
#define INFO_ISA_F        0x1 /* single and double precision, by START_FP: both or neither */
#define INFO_ISA_D        0x2
#define INFO_ISA_C        0x4  /* compressed instructions, if the device tree says so */
#define INFO_ISA_V        0x8  /* never: the kernel keeps no vector registers, so they are off */
#define INFO_ISA_SSTC     0x10 /* the kernel sets timers without the firmware */
#define INFO_ISA_ZICBOZ   0x20 /* cbo.zero, of info.zero_bytes */
#define INFO_ZERO_BYTES   760  /* offset */
#define INFO_HARTS_LIMIT  64
#define INFO_RANGES_LIMIT 24

/* The first VAS as boot leaves it. */
#define BOOT_SELF_VA     0x1f0000 /* capability on the first executor, all rights */
#define BOOT_STUB_VA     0x10000  /* loader stub, RX */
#define BOOT_STACK_TOP   0x100000 /* its stack, RW, BOOT_STACK_PAGES below */
#define BOOT_STACK_PAGES 4
#define BOOT_DT_VA       0x183d048000 /* page that the device tree starts in */
#define BOOT_INITRD_VA   0x193d088000 /* page that the initrd starts in */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct info {
	uint64_t magic;
	uint32_t abi;
	uint32_t satp_mode;    /* 8 = Sv39, 9 = Sv48; boot argument hartleaf.paging=sv48 */
	uint32_t harts;        /* running, ids 0..harts-1 */
	uint32_t asid_bits;    /* 0: address spaces share ASID 0; hartleaf.asid_bits=N limits it */
	uint64_t timebase;     /* ticks of `time` a second */
	uint64_t isa;          /* INFO_ISA_*, what every hart has */
	uint64_t slice_ns;     /* of preemption; boot argument hartleaf.slice_us */
	uint64_t memory_pages; /* RAM that the kernel manages */
	uint64_t free_pages;   /* changes while it is read */
	uint64_t dt_va;        /* device tree, in the first VAS */
	uint64_t dt_size;
	uint64_t initrd_va; /* initrd, in the first VAS */
	uint64_t initrd_size;
	uint64_t boot_pages; /* free_pages when the first executor started */
	uint64_t user_top;   /* first address above the user half */
	uint32_t nodes;      /* of memory; one takes from the near one first */
	uint32_t ranges;     /* entries of memory[] */
	uint8_t hart_node[INFO_HARTS_LIMIT];
	struct {
		uint64_t first; /* page number */
		uint64_t pages;
		uint64_t node;
	} memory[INFO_RANGES_LIMIT];
	uint64_t zero_bytes; /* that a cbo.zero clears, aligned to as many; 0 without Zicboz */
};
#endif

#endif

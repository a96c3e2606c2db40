/* SPDX-License-Identifier: MIT
 *
 * Where rt puts things in an address space.  The kernel dictates only the boot
 * addresses of <hartleaf/info.h>; the rest is this library's choice.  Small
 * things lie together in the first 2 MiB, which costs one page table; main's stack and
 * a small program share another.
 *
 *	0x0000000000  nothing: null pointers fault
 *	0x0000010000  loader stub and its stack, gone once the program runs
 *	0x0000110000  console UART, test device, boot block, console lock
 *	0x00001f0000  BOOT_SELF_VA: cap on the first executor of the VAS
 *	0x002897c000  top of main's stack; nothing above and below it
 *	0x0028980000  program; what sbrk hands out growing up behind it
 *	0x01e9068000  nothing of rt's: for agreements between programs
 *	0x062c150000  heap
 *	0x183d048000  device tree, 0x193d088000 initrd (first VAS only)
 *	0x1e2d028000  hl_va_alloc: stacks, caps, views
 *	0x30af1e0000  mmap
 *	0x4000000000  end of the user half (Sv39)
 *
 * Why they aren't round: all spaces have the same addresses, and an address that is
 * round has page-table entries which begin their tables.  Those of all areas and spaces
 * would compete for one set of an L1 cache, at each switch (NOTES.md, "Addresses and
 * cache sets").  So areas begin where their entries, at all three levels, lie in sets of
 * their own; behind each are its indices in root, middle and last table, and their sets,
 * index / 8.  ci/host/test_sets.c counts.
 *
 * Areas are aligned to pages only, the heap to 64 KiB.
 */
#ifndef HARTLEAF_LAYOUT_H
#define HARTLEAF_LAYOUT_H

#include <hartleaf/info.h>
#include <hartleaf/leaf.h>

#define RT_SMALL_TOP       0x200000 /* of the small things */
#define RT_UART_VA         0x110000
#define RT_TEST_VA         0x111000
#define RT_BOOT_BLOCK_VA   0x112000
#define RT_CONSOLE_LOCK_VA 0x113000
#define RT_STACK_TOP       0x2897c000 /* 0, 324, 379 below it (0, 40, 47) */
#define RT_STACK_PAGES     32         /* of the first program's main */

/* An ELF image must lie in here, which keeps it off everything else; program.ld has it
 * begin where this does.  Below 2 GiB, so that compilers' every model of code will do. */
#define RT_PROGRAM_LOW 0x28980000 /* 0, 324, 384 (0, 40, 48) */
#define RT_PROGRAM_TOP 0x1c0000000

#define RT_HEAP_LOW 0x62c150000 /* 24, 352, 336 (3, 44, 42) */
#define RT_HEAP_TOP BOOT_DT_VA

#define RT_MEET_VA   0x1e9068000 /* 7, 328, 104 (0, 41, 13) */
#define RT_MEET_GIGA 0x200000000 /* the first whole GiB in there */
#define RT_MEET_TOP  0x600000000
#define RT_VA_LOW    0x1e2d028000 /* 120, 360, 40 (15, 45, 5) */
#define RT_VA_TOP    0x3000000000
#define RT_MAPS_LOW  0x30af1e0000 /* 194, 376, 480 (24, 47, 60); no switch touches it */
#define RT_MAPS_TOP  USER_TOP

#endif

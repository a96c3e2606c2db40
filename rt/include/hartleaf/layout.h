/* SPDX-License-Identifier: MIT
 *
 * Where rt puts things in an address space.  The kernel dictates only the boot
 * addresses of <hartleaf/info.h>; the rest is this library's choice.  Small
 * things lie together in the first 2 MiB, which costs one page table.
 *
 *	0x0000000000  nothing: null pointers fault
 *	0x0000008000  BOOT_SELF_VA: cap on the first executor of the VAS
 *	0x0000010000  loader stub and its stack, gone once the program runs
 *	0x0000110000  console UART, test device, boot block, console lock
 *	0x00001f0000  top of main's stack; nothing above and below it
 *	0x0000400000  program; what sbrk hands out growing up behind it
 *	0x0400000000  heap
 *	0x1000000000  device tree, 0x1100000000 initrd (first VAS only)
 *	0x1800000000  nothing of rt's: for agreements between programs
 *	0x2000000000  hl_va_alloc: stacks, caps, views
 *	0x4000000000  end of the user half (Sv39)
 */
#ifndef HARTLEAF_LAYOUT_H
#define HARTLEAF_LAYOUT_H

#include <hartleaf/info.h>
#include <hartleaf/leaf.h>

#define RT_UART_VA         0x110000
#define RT_TEST_VA         0x111000
#define RT_BOOT_BLOCK_VA   0x112000
#define RT_CONSOLE_LOCK_VA 0x113000
#define RT_STACK_TOP       0x1f0000
#define RT_STACK_PAGES     32 /* of the first program's main */

/* An ELF image must lie in here, which keeps it off everything else. */
#define RT_PROGRAM_LOW 0x200000
#define RT_PROGRAM_TOP RT_HEAP_LOW

#define RT_HEAP_LOW 0x400000000
#define RT_HEAP_TOP BOOT_DT_VA

#define RT_MEET_VA  0x1800000000
#define RT_MEET_TOP 0x2000000000
#define RT_VA_LOW   0x2000000000
#define RT_VA_TOP   USER_TOP

#endif

/* SPDX-License-Identifier: MIT
 *
 * Where things are in the kernel's half of every address space, for C, assembly and
 * kernel.ld.  By slots of an Sv39 root (with Sv48 the same is one level down, behind
 * slot 511):
 *
 *	256..447  direct map of physical memory, gigapages, RW
 *	448..507  the VAS's own words, invalid entries
 *	508       per hart: page, guard, stack, guard; then the test device
 *	509       info page, readable by users: INFO_VA
 *	510       blocks, frame descriptors, mapped only where RAM is, RW
 *	511       image: text RX, rodata R, data RW
 *
 * A page-table entry of index i lies at 8 * i of its table, so in an L1 of 64 sets it
 * falls into set i / 8, whichever frame the table is.  The places within the slots are
 * chosen such that what a switch walks through spreads over the sets; NOTES.md has the
 * rules, ci/host/test_sets.c counts.  Behind each address: its indices at the two lower
 * levels, and their sets.
 */
#ifndef KERN_LAYOUT_H
#define KERN_LAYOUT_H

#define SLOT_DIRECT  256
#define SLOT_WORDS   448
#define SLOT_WINDOWS 508
#define SLOT_INFO    509
#define SLOT_VMEMMAP 510
#define SLOT_IMAGE   511

#define DIRECT_MAP       0xffffffc000000000
#define DIRECT_MAP_SHIFT 38           /* it is -1 << this */
#define DIRECT_TOP       0x3000000000 /* first physical address it can't reach: 192 GiB */

/* Within the last 2 GiB, so that one instruction makes them.  With RAM from 2 GiB on,
 * what describes its first frames is at 306, 448 (sets 38, 56) and 296, 496 (37, 62). */
#define VMEMMAP   0xffffffffa61c0000 /* 8 bytes a frame */
#define BLOCKS_VA 0xffffffffa51d0000 /* below it */

#define WINDOWS      0xffffffff38108000 /* 448, 264 (56, 33): two harts a line of entries */
#define WINDOW_PAGES 4

/* Physical and virtual address agree below 2 MiB: see boot.S, which for a while has the
 * leaf of the image at 456 of a root, among the words of a VAS.  Text begins with a line of
 * entries of its own (set 1) and fits into it; what is hot of the data is in the next. */
#define IMAGE_VA   0xfffffffff9000000 /* 456, 0 (57, 0) */
#define IMAGE_PA   0x80200000
#define IMAGE_TEXT 0x8000 /* from image_start on; what only boot needs is before it */
#define IMAGE_DATA 0x10000

#endif

/* SPDX-License-Identifier: MIT
 *
 * Where the kernel has something, for programs that try to get at it: kern/layout.h says
 * where, which no program sees, and ci/host/test_sets.c that these are the same.
 */
#ifndef TESTS_KERNEL_HALF_H
#define TESTS_KERNEL_HALF_H

#define KERNEL_RAM    0xffffffc080000000 /* the direct map where RAM begins */
#define KERNEL_BLOCKS 0xffffffffa51f0000 /* what describes its first frames */
#define KERNEL_FRAMES 0xffffffffa65c0000
#define KERNEL_WINDOW 0xffffffff38108000 /* page of hart 0, a guard, its stack */
#define KERNEL_IMAGE  0xfffffffff9000000 /* boot's, gone by now */
#define KERNEL_TEXT   0xfffffffff9008000

#endif

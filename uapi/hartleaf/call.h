/* SPDX-License-Identifier: MIT
 *
 * The six calls: numbers, flags, error codes and the attribute word of map.
 * Read by C and by assembly. What each call does is documented at its stub in
 * <hartleaf/sys.h>; this file holds only the numbers both sides agree on.
 *
 * Convention: `ecall`, call number in a7 bits 7:0 with flags above it,
 * arguments in a0..a6, result in a0: >= 0, or a negative error.  t0-t6 and
 * a1-a7 are clobbered as by a C call, every other register is preserved.
 */
#ifndef HARTLEAF_CALL_H
#define HARTLEAF_CALL_H

#define CALL_YIELD 0
#define CALL_PARK  1
#define CALL_WAKE  2
#define CALL_START 3
#define CALL_MAP   4
#define CALL_STOP  5

/* a7 flags.  A bit that is not listed for a call is refused with -EINVAL. */
#define PARK_HAS_DEADLINE 0x100 /* t0 = absolute time, in ticks of `time` */
#define PARK_WORD32       0x200 /* the word compared is 4 bytes, else 8 */
#define STOP_VAS          0x100 /* with a0 = 0: the caller's own VAS */

/* park: special addresses in a0 */
#define PARK_NO_WORD 0 /* no compare */
#define PARK_IRQ     1 /* wait for an interrupt; refused: not there yet */

/* park returning to a keeper: a2 says what is told */
#define TELL_ENDED 1 /* a3 = exit code */
#define TELL_FAULT 2 /* a3 = scause, a4 = stval, a5 = pc */

/* start: a5 */
#define START_RESUME       0x1 /* go on after a fault, registers kept */
#define START_FP           0x2 /* it may use floating point (F and D) */
#define START_SET_KEEPER   0x4 /* a4 names the keeper (0: none) */
#define START_SET_AFFINITY 0x8 /* START_HART_* says where it may run */
#define START_HART_SHIFT   8   /* 16 bits, a hart's id; 0 without SET_AFFINITY */
#define START_HART_ANY     0xffff
#define START_BADGE_SHIFT  24 /* 40 bits; 0 without SET_KEEPER */
#define START_BADGE_BITS   40

/* map: a4, the attribute word */
#define MAP_R         0x1
#define MAP_W         0x2
#define MAP_X         0x4
#define MAP_RIGHTS    0x7
#define MAP_WX        0x8 /* memory may be writable and executable at once */
#define MAP_TAG_SHIFT 4   /* 2 bits: TAG_*, see leaf.h */
#define MAP_TAG_MASK  0x30
#define MAP_MEMORY    0x00
#define MAP_DEVICE    0x10
#define MAP_EXECUTOR  0x20
#define MAP_VAS       0x30
#define MAP_LARGE     0x40 /* leaves of 2 MiB instead of 4 KiB */
#define MAP_OP_SHIFT  8
#define MAP_OP_MASK   0xf00
#define MAP_NEW       0x000
#define MAP_SHARE     0x100
#define MAP_MOVE      0x200
#define MAP_VIEW      0x300
#define MAP_UNMAP     0x400
#define MAP_PROTECT   0x500
#define MAP_IO        0x600 /* map device memory by physical address */
#define MAP_REPLACE   0x1000
#define MAP_TRACK     0x2000 /* A and D left clear, for who watches them (VIEW) */

#define MAP_COUNT_MAX 512 /* leaves a call */

/* Error codes: Linux's numbers, returned negated.  picolibc's errno.h has
 * other numbers for some of them, so they carry a prefix. */
#define HL_EPERM     1
#define HL_ESRCH     3
#define HL_EBADF     9
#define HL_EAGAIN    11
#define HL_ENOMEM    12
#define HL_EFAULT    14
#define HL_EBUSY     16
#define HL_EEXIST    17
#define HL_EINVAL    22
#define HL_ENOSYS    38
#define HL_ETIMEDOUT 110

#endif

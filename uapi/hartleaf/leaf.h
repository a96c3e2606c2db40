/* SPDX-License-Identifier: MIT
 *
 * A leaf of a user page table is either memory or a capability.  The two RSW
 * bits (privileged spec, "Sv39", bits reserved for supervisor software) tell
 * which:
 *
 *   tag       V U   R           W                        X
 *   MEMORY    1 1   read        write                    execute
 *   DEVICE    1 1   read        write                    -
 *   EXECUTOR  0 0   view        start, stop              wake, swap to, keeper
 *   VAS       0 0   share from  map into, create, stop   -
 *
 * Capabilities keep V clear: hardware then ignores the other 63 bits, so all
 * eight combinations of rights are legal, nothing can load, store or execute
 * through one, and taking one away needs no TLB shootdown.  An empty entry is
 * exactly 0.
 */
#ifndef HARTLEAF_LEAF_H
#define HARTLEAF_LEAF_H

#define LEAF_V 0x001
#define LEAF_R 0x002
#define LEAF_W 0x004
#define LEAF_X 0x008
#define LEAF_U 0x010
#define LEAF_G 0x020
#define LEAF_A 0x040
#define LEAF_D 0x080

#define LEAF_RIGHTS_SHIFT 1 /* R, W, X as in MAP_R, MAP_W, MAP_X */
#define LEAF_RIGHTS       0x00e
#define LEAF_TAG_SHIFT    8
#define LEAF_TAG          0x300
#define LEAF_PPN_SHIFT    10
#define LEAF_PPN_BITS     44
#define LEAF_BADGE_SHIFT  54 /* capabilities only: 10 bits, 0 = none yet */
#define LEAF_BADGE_BITS   10

#define TAG_MEMORY   0
#define TAG_DEVICE   1
#define TAG_EXECUTOR 2
#define TAG_VAS      3

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096
#define USER_TOP                                                                                   \
	0x4000000000 /* first address above the user half of Sv39; info.h has that
				    of this machine */

#endif

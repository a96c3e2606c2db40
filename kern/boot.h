/* SPDX-License-Identifier: MIT
 *
 * Where arch/ enters the kernel proper at boot.
 */
#ifndef KERN_BOOT_H
#define KERN_BOOT_H

#include <stdint.h>

/* One hart, in the makeshift address space.  Doesn't return. */
void boot_main(uint64_t sbi_id, uint64_t device_tree, uint64_t image_pa);
/* There is no way up: addresses are physical. Says why; doesn't return. */
void boot_without_paging(uint64_t device_tree, const char *why);
/* The same hart, in the kernel's own, on its own stack. Doesn't return. */
void boot_rest(void);
/* Boot is over: its code goes, the frames to the first VAS, whose executor is
 * started.  Doesn't return. */
void boot_discard(void);
/* Every other hart. Doesn't return. */
void boot_secondary(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Boot: what the device tree says, for who has looked at it with fdt_check.
 */
#ifndef KERN_TREE_H
#define KERN_TREE_H

#include <hartleaf/fdt_address.h>
#include <stdbool.h>

/* The emulator's test device, for exit statuses; 0 on machines without one. */
uint64_t tree_finisher(const void *tree);
/* All memory to memory_add, then what of it is in use to memory_reserve. */
void tree_memory(const void *tree);
/* The node of memory that a hart or a bank belongs to. */
uint64_t tree_node(const struct fdt_node *n);
/* Ticks of `time` a second. */
uint64_t tree_timebase(const void *tree);
/* Where the firmware or the boot loader has put the program; false: nowhere. */
bool tree_initrd(const void *tree, uint64_t *base, uint64_t *size);

/* What the boot argument `name`, which ends in '=', is set to; NULL: it isn't there. */
const char *tree_option(const void *tree, const char *name);
/* Is this what an option is set to? */
bool tree_option_is(const char *value, const char *word);
/* A number that a boot argument gives, within limits; `why` says which. */
uint64_t tree_option_number(const void *tree, const char *name, uint64_t least, uint64_t most,
			    uint64_t otherwise, const char *why);

#endif

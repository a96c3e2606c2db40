/* SPDX-License-Identifier: MIT
 *
 * What the kernel has to say.  At the end: one line that tells why, registers, and a failing
 * shutdown.
 */
#ifndef KERN_PANIC_H
#define KERN_PANIC_H

#include <hartleaf/executor.h>

/* Boot meets a machine it can't use. */
_Noreturn void boot_refuse(const char *why);
/* It goes on without these frames. */
void boot_left_out(uint64_t first, uint64_t pages, const char *why);
/* A call of the firmware that the kernel can't go on without has failed. */
_Noreturn void panic_firmware(uint64_t extension, int64_t error);
/* The first executor has faulted. */
_Noreturn void panic_first(const struct executor *ex);
/* The kernel itself has trapped; regs[0] is the pc, regs[n] is xn. */
_Noreturn void panic_trap(const uint64_t *regs, uint64_t cause, uint64_t addr);

#endif

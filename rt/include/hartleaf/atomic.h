/* SPDX-License-Identifier: MIT
 *
 * What <stdatomic.h> can't be trusted with: GCC 12 for RISC-V makes no release of a
 * compare-and-exchange unless its order on failure has one, which C forbids.  Your own
 * code that needs one can use this, or order it with
 * atomic_thread_fence(memory_order_release) before.
 */
#ifndef HARTLEAF_ATOMIC_H
#define HARTLEAF_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

/* *p == *expected: stores desired with release order, true.  Else *expected is what was
 * found, without order, and false.  Doesn't fail without cause.  (Unprivileged spec,
 * table A.6.) */
static inline bool hl_cas_release(_Atomic uint64_t *p, uint64_t *expected, uint64_t desired)
{
	uint64_t found, failed, want = *expected;

	asm volatile("1: lr.d %0, %2\n"
		     "bne %0, %3, 2f\n"
		     "sc.d.rl %1, %4, %2\n"
		     "bnez %1, 1b\n"
		     "2:"
		     : "=&r"(found), "=&r"(failed), "+A"(*p)
		     : "r"(want), "r"(desired)
		     : "memory");
	*expected = found;
	return found == want;
}

#endif

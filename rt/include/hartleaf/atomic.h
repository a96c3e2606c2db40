/* SPDX-License-Identifier: MIT
 *
 * What <stdatomic.h> can't be trusted with.  For RISC-V, GCC 12 takes the order of the
 * LR of a compare-and-exchange from the order on failure, makes SC.aq of an acquire, and
 * a release only of seq_cst.  So with acquire and relaxed, or with release and anything
 * that C allows, the order is missing: SC.aq orders nothing (unprivileged spec, chapter
 * "A").  Code of yours that is to run on weakly ordered harts can use these instead.
 *
 * All are of 8-byte objects and strong: *p == *expected stores desired and is true;
 * else *expected is what was found, and false, without order but for that of acquire.
 * Standard headers include this one, so it brings no names but its own.
 */
#ifndef HARTLEAF_ATOMIC_H
#define HARTLEAF_ATOMIC_H

#include <stdint.h>

#define hl_cas_relaxed(p, expected, desired) HL_CAS("", "", p, expected, desired)
#define hl_cas_acquire(p, expected, desired) HL_CAS(".aq", "", p, expected, desired)
#define hl_cas_release(p, expected, desired) HL_CAS("", ".rl", p, expected, desired)
#define hl_cas_acq_rel(p, expected, desired) HL_CAS(".aq", ".rl", p, expected, desired)

/* As in table A.6 of the unprivileged spec. */
#define HL_CAS(lr, sc, p, expected, desired)                                                       \
	__extension__({                                                                            \
		__auto_type expected_ = (expected);                                                \
		__typeof__(*expected_) found_, want_ = *expected_, new_ = (desired);               \
		uint64_t failed_;                                                                  \
		_Static_assert(sizeof(found_) == 8, "of 8 bytes");                                 \
		__asm__ volatile("1: lr.d" lr " %0, %2\n"                                          \
				 "bne %0, %3, 2f\n"                                                \
				 "sc.d" sc " %1, %4, %2\n"                                         \
				 "bnez %1, 1b\n"                                                   \
				 "2:"                                                              \
				 : "=&r"(found_), "=&r"(failed_), "+A"(*(p))                       \
				 : "r"(want_), "r"(new_)                                           \
				 : "memory");                                                      \
		*expected_ = found_;                                                               \
		found_ == want_;                                                                   \
	})

/* Loads and stores of one instruction: the compiler's relaxed store is an AMO, its acquire
 * load has a full fence.  Of objects up to 8 bytes.  (Table A.6 again.) */
#define HL_ACCESS(p) (*(volatile __typeof__(((void)0, *(p))) *)(p))

#define hl_load_relaxed(p)     HL_ACCESS(p)
#define hl_store_relaxed(p, v) ((void)(HL_ACCESS(p) = (v)))

#define hl_load_acquire(p)                                                                         \
	__extension__({                                                                            \
		__typeof__(((void)0, *(p))) value_ = HL_ACCESS(p);                                 \
		__asm__ volatile("fence r, rw" ::: "memory");                                      \
		value_;                                                                            \
	})

#define hl_store_release(p, v)                                                                     \
	do {                                                                                       \
		__asm__ volatile("fence rw, w" ::: "memory");                                      \
		HL_ACCESS(p) = (v);                                                                \
	} while (0)

#endif

/* SPDX-License-Identifier: MIT
 *
 * Atomics of 64-bit words under short names.  The default has acquire and release;
 * anything weaker says so and names its partner at the use.  Stores before it are seen before
 * loads after it: of an AMO its own, and with .aqrl all; of a compare-and-exchange, whose
 * acquire is the lr's and whose release the sc's, none, so fence_full is needed there.
 *
 * Where order matters they aren't the compiler's: GCC 12 makes no release of a
 * compare-and-exchange unless its failure has one, too, and makes full fences of acquire
 * loads and AMOs of plain stores.  These are the mappings of the unprivileged spec, table A.6.
 */
#ifndef KERN_ATOMIC_H
#define KERN_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#define atomic_load(p)     (*(volatile typeof(*(p)) *)(p))
#define atomic_store(p, v) ((void)(*(volatile typeof(*(p)) *)(p) = (v)))

#define fence_acquire() asm volatile("fence r, rw" ::: "memory")
#define fence_release() asm volatile("fence rw, w" ::: "memory")
#define fence_full()    asm volatile("fence rw, rw" ::: "memory")

#define atomic_load_acquire(p)                                                                     \
	({                                                                                         \
		__auto_type value_ = atomic_load(p);                                               \
		fence_acquire();                                                                   \
		value_;                                                                            \
	})
#define atomic_store_release(p, v)                                                                 \
	({                                                                                         \
		fence_release();                                                                   \
		atomic_store(p, v);                                                                \
	})

/* The value before; order: ".aqrl" or "". */
#define ATOMIC_AMO(op, order, p, v)                                                                \
	({                                                                                         \
		typeof(*(p)) before_;                                                              \
		_Static_assert(sizeof(before_) == 8, "");                                          \
		asm volatile("amo" op ".d" order " %0, %2, %1"                                     \
			     : "=r"(before_), "+A"(*(p))                                           \
			     : "r"((typeof(before_))(v))                                           \
			     : "memory");                                                          \
		before_;                                                                           \
	})
#define atomic_swap(p, v)        ATOMIC_AMO("swap", ".aqrl", p, v)
#define atomic_add(p, v)         ATOMIC_AMO("add", ".aqrl", p, v)
#define atomic_sub(p, v)         ATOMIC_AMO("add", ".aqrl", p, -(v))
#define atomic_or(p, v)          ATOMIC_AMO("or", ".aqrl", p, v)
#define atomic_and(p, v)         ATOMIC_AMO("and", ".aqrl", p, v)
#define atomic_add_relaxed(p, v) ((void)ATOMIC_AMO("add", "", p, v))

/* *p == *old: store new, true.  Else *old is what was found, false: an acquire only. */
#define atomic_cas(p, old, new)                                                                    \
	({                                                                                         \
		typeof(*(p)) *old_ = (old), expected_ = *old_, found_;                             \
		uint64_t failed_;                                                                  \
		_Static_assert(sizeof(found_) == 8, "");                                           \
		asm volatile("1: lr.d.aq %0, %2\n"                                                 \
			     "bne %0, %3, 2f\n"                                                    \
			     "sc.d.rl %1, %4, %2\n"                                                \
			     "bnez %1, 1b\n"                                                       \
			     "2:"                                                                  \
			     : "=&r"(found_), "=&r"(failed_), "+A"(*(p))                           \
			     : "r"(expected_), "r"((typeof(found_))(new))                          \
			     : "memory");                                                          \
		*old_ = found_;                                                                    \
		found_ == expected_;                                                               \
	})

#endif

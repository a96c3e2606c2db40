/* SPDX-License-Identifier: MIT
 *
 * Kernel sources on the build machine: include this, then the .c file.  The structures
 * are the kernel's; the two that it has in registers are variables of each thread, and the
 * atomics are the compiler's, of the same orders, so that the sanitizers see them.
 */
#ifndef HOST_KERN_H
#define HOST_KERN_H

#include <stdbool.h>
#include <stdint.h>

#define KERN_ATOMIC_H /* in place of kern/atomic.h: */

/* Before each of them a test may let others run. */
#ifndef atomic_point
#define atomic_point() ((void)0)
#endif

#define HOST_ATOMIC(op, ...)       (atomic_point(), __atomic_##op(__VA_ARGS__))
#define atomic_load(p)             HOST_ATOMIC(load_n, p, __ATOMIC_RELAXED)
#define atomic_store(p, v)         HOST_ATOMIC(store_n, p, v, __ATOMIC_RELAXED)
#define atomic_load_acquire(p)     HOST_ATOMIC(load_n, p, __ATOMIC_ACQUIRE)
#define atomic_store_release(p, v) HOST_ATOMIC(store_n, p, v, __ATOMIC_RELEASE)
#define atomic_swap(p, v)          HOST_ATOMIC(exchange_n, p, v, __ATOMIC_ACQ_REL)
#define atomic_add(p, v)           HOST_ATOMIC(fetch_add, p, v, __ATOMIC_ACQ_REL)
#define atomic_sub(p, v)           HOST_ATOMIC(fetch_sub, p, v, __ATOMIC_ACQ_REL)
#define atomic_or(p, v)            HOST_ATOMIC(fetch_or, p, v, __ATOMIC_ACQ_REL)
#define atomic_and(p, v)           HOST_ATOMIC(fetch_and, p, v, __ATOMIC_ACQ_REL)
#define atomic_add_relaxed(p, v)   ((void)HOST_ATOMIC(fetch_add, p, v, __ATOMIC_RELAXED))
#define atomic_cas(p, old, new)                                                                    \
	({                                                                                         \
		typeof(*(p)) new_ = (new); /* made before others may run */                        \
		HOST_ATOMIC(compare_exchange_n, p, old, new_, false, __ATOMIC_ACQ_REL,             \
			    __ATOMIC_ACQUIRE);                                                     \
	})

/* register struct hart *this_hart asm("tp") */
#define register extern _Thread_local
#define asm(name)
#include "../../kern/global.h"
#include "../../kern/machine.h"
#undef register
#undef asm

_Thread_local struct global *global;
_Thread_local struct hart *this_hart;

#endif

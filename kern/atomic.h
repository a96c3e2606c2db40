/* SPDX-License-Identifier: MIT
 *
 * Atomics under short names.  The default is the fully ordered one (an aqrl
 * AMO or LR/SC; stores before it are seen before loads after it only with
 * fence_full); anything weaker says so and names its partner at the use.
 */
#ifndef KERN_ATOMIC_H
#define KERN_ATOMIC_H

#define atomic_load(p)             __atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_load_acquire(p)     __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_store(p, v)         __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define atomic_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define atomic_swap(p, v)          __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)
#define atomic_add(p, v)           __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL)
#define atomic_sub(p, v)           __atomic_fetch_sub(p, v, __ATOMIC_ACQ_REL)
#define atomic_or(p, v)            __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL)
#define atomic_and(p, v)           __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL)
#define fence_full()               __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* *p == *old: store new, true.  Else *old is what was found, false. */
#define atomic_cas(p, old, new)                                                                    \
	__atomic_compare_exchange_n(p, old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)

#endif

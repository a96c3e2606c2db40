/* SPDX-License-Identifier: MIT
 *
 * What GCC calls for atomics that the hart has no instruction for; there is no libatomic.
 * Those of 1 and 2 bytes are done on the word around them.  Larger ones take one of a few
 * locks, so they are not lock-free, and not atomic between address spaces.  All are
 * sequentially consistent, whatever order is asked for.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../rt.h"

typedef unsigned __int128 uint128_t;

/* lr.aqrl and sc.rl: seq_cst, as in table A.6 of the unprivileged spec */
static inline bool cas_word(volatile uint32_t *p, uint32_t *expected, uint32_t desired)
{
	int32_t found, want = (int32_t)*expected;
	uint32_t failed = 1;

	__asm__ volatile("1:	lr.w.aqrl %0, %2\n"
			 "	bne %0, %3, 2f\n"
			 "	sc.w.rl %1, %4, %2\n"
			 "	bnez %1, 1b\n"
			 "2:"
			 : "=&r"(found), "=&r"(failed), "+A"(*p)
			 : "r"(want), "r"(desired)
			 : "memory");
	*expected = (uint32_t)found;
	return found == want;
}

#define WORD(p)     ((volatile uint32_t *)((uint64_t)(p) & ~3ul))
#define SHIFT(p)    (8 * ((uint64_t)(p)&3))
#define PART(T)     ((uint32_t)(T)-1)
#define NAMED(what) __asm__("__atomic_" what)

/* what: the new value, of `old` and `value` */
#define DEFINE_PART(T, suffix, name, what)                                                         \
	T rt_atomic_##name##suffix(volatile void *, T, int) NAMED(#name #suffix);                  \
	T rt_atomic_##name##suffix(volatile void *p, T value, int order)                           \
	{                                                                                          \
		volatile uint32_t *word = WORD(p);                                                 \
		unsigned shift = SHIFT(p);                                                         \
		uint32_t all = *word, mask = PART(T) << shift;                                     \
		T old;                                                                             \
                                                                                                   \
		(void)order;                                                                       \
		do                                                                                 \
			old = (T)(all >> shift);                                                   \
		while (!cas_word(word, &all, (all & ~mask) | ((uint32_t)(T)(what) << shift)));     \
		return old;                                                                        \
	}

#define DEFINE_PART_CAS(T, suffix)                                                                 \
	bool rt_atomic_cas##suffix(volatile void *, T *, T, int, int)                              \
		NAMED("compare_exchange" #suffix);                                                 \
	bool rt_atomic_cas##suffix(volatile void *p, T *expected, T value, int order, int failed)  \
	{                                                                                          \
		volatile uint32_t *word = WORD(p);                                                 \
		unsigned shift = SHIFT(p);                                                         \
		uint32_t all = *word, mask = PART(T) << shift;                                     \
		T old;                                                                             \
                                                                                                   \
		(void)order, (void)failed;                                                         \
		do {                                                                               \
			uint32_t rest = all & ~mask;                                               \
                                                                                                   \
			old = (T)(all >> shift);                                                   \
			/* a failure is ordered, too: the word is written as it was */             \
			if (cas_word(word, &all,                                                   \
				     old == *expected ? rest | (uint32_t)value << shift : all)) {  \
				bool same = old == *expected;                                      \
                                                                                                   \
				*expected = old;                                                   \
				return same;                                                       \
			}                                                                          \
		} while (true);                                                                    \
	}

#define DEFINE_ALL(DEFINE, T, suffix)                                                              \
	DEFINE(T, suffix, exchange, value)                                                         \
	DEFINE(T, suffix, fetch_add, old + value)                                                  \
	DEFINE(T, suffix, fetch_sub, old - value)                                                  \
	DEFINE(T, suffix, fetch_and, old &value)                                                   \
	DEFINE(T, suffix, fetch_or, old | value)                                                   \
	DEFINE(T, suffix, fetch_xor, old ^ value)                                                  \
	DEFINE(T, suffix, fetch_nand, ~(old & value))

DEFINE_ALL(DEFINE_PART, uint8_t, _1)
DEFINE_ALL(DEFINE_PART, uint16_t, _2)
DEFINE_PART_CAS(uint8_t, _1)
DEFINE_PART_CAS(uint16_t, _2)

/* Those with locks. */
#define LOCKS 16

static struct hl_mutex locks[LOCKS];

/* A mutex acquires and releases: small accesses may be moved into it from both sides.  The full
 * fences keep those of this executor before and behind, so that what is done to the object
 * stands between them in the one order of all; harts are multi-copy atomic, so that is enough.
 * They pair with those of the others here and with the fences and orders that the compiler has
 * for small objects: of two that each store and then look, one has a fence of these between. */
static struct hl_mutex *lock(const volatile void *p)
{
	struct hl_mutex *m = &locks[((uint64_t)p >> 4) % LOCKS];

	atomic_thread_fence(memory_order_seq_cst);
	rt_bare_lock(m);
	return m;
}

static void unlock(struct hl_mutex *m)
{
	hl_mutex_unlock(m);
	atomic_thread_fence(memory_order_seq_cst);
}

#define DEFINE_LARGE(T, suffix, name, what)                                                        \
	T rt_atomic_##name##suffix(volatile void *, T, int) NAMED(#name #suffix);                  \
	T rt_atomic_##name##suffix(volatile void *p, T value, int order)                           \
	{                                                                                          \
		struct hl_mutex *m = lock(p);                                                      \
		T old = *(volatile T *)p;                                                          \
                                                                                                   \
		(void)order;                                                                       \
		*(volatile T *)p = what;                                                           \
		unlock(m);                                                                         \
		return old;                                                                        \
	}

DEFINE_ALL(DEFINE_LARGE, uint128_t, _16)

void rt_atomic_load(size_t, const volatile void *, void *, int) NAMED("load");
void rt_atomic_store(size_t, volatile void *, const void *, int) NAMED("store");
void rt_atomic_exchange(size_t, volatile void *, const void *, void *, int) NAMED("exchange");
bool rt_atomic_cas(size_t, volatile void *, void *, const void *, int, int)
	NAMED("compare_exchange");
uint128_t rt_atomic_load_16(const volatile void *, int) NAMED("load_16");
void rt_atomic_store_16(volatile void *, uint128_t, int) NAMED("store_16");
bool rt_atomic_cas_16(volatile void *, void *, uint128_t, int, int) NAMED("compare_exchange_16");
bool rt_atomic_is_lock_free(size_t, const volatile void *) NAMED("is_lock_free");

void rt_atomic_load(size_t size, const volatile void *p, void *value, int order)
{
	struct hl_mutex *m = lock(p);

	(void)order;
	memcpy(value, (const void *)p, size);
	unlock(m);
}

void rt_atomic_store(size_t size, volatile void *p, const void *value, int order)
{
	struct hl_mutex *m = lock(p);

	(void)order;
	memcpy((void *)p, value, size);
	unlock(m);
}

void rt_atomic_exchange(size_t size, volatile void *p, const void *value, void *old, int order)
{
	struct hl_mutex *m = lock(p);

	(void)order;
	/* value and old may be the same */
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = ((const uint8_t *)value)[i];

		((uint8_t *)old)[i] = ((volatile uint8_t *)p)[i];
		((volatile uint8_t *)p)[i] = byte;
	}
	unlock(m);
}

bool rt_atomic_cas(size_t size, volatile void *p, void *expected, const void *value, int order,
		   int failed)
{
	struct hl_mutex *m = lock(p);
	bool same = memcmp((const void *)p, expected, size) == 0;

	(void)order, (void)failed;
	if (same)
		memcpy((void *)p, value, size);
	else
		memcpy(expected, (const void *)p, size);
	unlock(m);
	return same;
}

uint128_t rt_atomic_load_16(const volatile void *p, int order)
{
	uint128_t value;

	rt_atomic_load(sizeof(value), p, &value, order);
	return value;
}

void rt_atomic_store_16(volatile void *p, uint128_t value, int order)
{
	rt_atomic_store(sizeof(value), p, &value, order);
}

bool rt_atomic_cas_16(volatile void *p, void *expected, uint128_t value, int order, int failed)
{
	return rt_atomic_cas(sizeof(value), p, expected, &value, order, failed);
}

bool rt_atomic_is_lock_free(size_t size, const volatile void *p)
{
	return (size == 1 || size == 2 || size == 4 || size == 8) && (uint64_t)p % size == 0;
}

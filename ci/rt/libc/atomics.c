/* SPDX-License-Identifier: MIT
 *
 * Atomics of 1, 2 and 16 bytes, and of odd sizes: each operation, and that none is lost,
 * nor a neighbour's byte.
 */
#include <stdatomic.h>
#include <stdint.h>

#include <hartleaf/exec.h>

#include "../check.h"

#define WORKERS 4
#define ROUNDS  5000

struct three {
	uint64_t a, b, c;
};

static struct {
	_Atomic uint8_t byte[4];
	_Atomic uint16_t half[2];
	_Atomic unsigned __int128 large;
	_Atomic struct three three;
} at;

#define OPERATIONS(T)                                                                              \
	do {                                                                                       \
		static _Atomic T x[4];                                                             \
		T expected = 7;                                                                    \
                                                                                                   \
		for (int i = 0; i < 4; i++)                                                        \
			atomic_store(&x[i], (T)0x5a);                                              \
		CHECK(atomic_exchange(&x[1], 0xf0) == 0x5a);                                       \
		CHECK(atomic_fetch_add(&x[1], 0x11) == 0xf0 && atomic_load(&x[1]) == (T)0x101);    \
		CHECK(atomic_fetch_sub(&x[1], 3) == (T)0x101 && atomic_load(&x[1]) == (T)0xfe);    \
		CHECK(atomic_fetch_and(&x[1], 0x3c) == (T)0xfe && atomic_load(&x[1]) == 0x3c);     \
		CHECK(atomic_fetch_or(&x[1], 0x41) == 0x3c && atomic_load(&x[1]) == 0x7d);         \
		CHECK(atomic_fetch_xor(&x[1], 0x0f) == 0x7d && atomic_load(&x[1]) == 0x72);        \
		CHECK(__atomic_fetch_nand((T *)&x[1], 0x12, __ATOMIC_SEQ_CST) == 0x72);            \
		CHECK(atomic_load(&x[1]) == (T) ~(T)0x12);                                         \
		CHECK(!atomic_compare_exchange_strong_explicit(                                    \
			&x[1], &expected, 1, memory_order_relaxed, memory_order_relaxed));         \
		CHECK(expected == (T) ~(T)0x12 && atomic_load(&x[1]) == expected);                 \
		CHECK(atomic_compare_exchange_strong_explicit(                                     \
			&x[1], &expected, (T)-1, memory_order_relaxed, memory_order_relaxed));     \
		CHECK(atomic_load(&x[1]) == (T)-1);                                                \
		CHECK(atomic_load(&x[0]) == 0x5a && atomic_load(&x[2]) == 0x5a);                   \
		CHECK(atomic_load(&x[3]) == 0x5a);                                                 \
	} while (0)

static long work(void *arg)
{
	uint64_t me = (uint64_t)arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct three old = atomic_load(&at.three), new;

		atomic_fetch_add(&at.byte[me % 4], 1);
		atomic_fetch_add(&at.half[me % 2], 1);
		atomic_fetch_add(&at.large, ((unsigned __int128)1 << 64) + 1);
		do {
			CHECK(old.a == old.b && old.b == old.c);
			new = (struct three){old.a + 1, old.b + 1, old.c + 1};
		} while (!atomic_compare_exchange_strong_explicit(
			&at.three, &old, new, memory_order_relaxed, memory_order_relaxed));
	}
	return 0;
}

int main(void)
{
	struct hl_exec *e[WORKERS];
	struct three three = {1, 2, 3};
	uint8_t byte = 0;

	OPERATIONS(uint8_t);
	OPERATIONS(uint16_t);
	OPERATIONS(unsigned __int128);
	for (uint64_t i = 0; i < WORKERS; i++)
		CHECK(hl_exec_spawn(&e[i], work, (void *)i) == 0);
	for (int i = 0; i < WORKERS; i++)
		CHECK(hl_exec_join(e[i], NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(atomic_load(&at.byte[i]) == (uint8_t)(ROUNDS * WORKERS / 4));
	CHECK(atomic_load(&at.half[0]) == ROUNDS * 2 && atomic_load(&at.half[1]) == ROUNDS * 2);
	CHECK((uint64_t)atomic_load(&at.large) == ROUNDS * WORKERS);
	CHECK((uint64_t)(atomic_load(&at.large) >> 64) == ROUNDS * WORKERS);
	CHECK(atomic_load(&at.three).c == ROUNDS * WORKERS);
	three = atomic_exchange(&at.three, three);
	CHECK(three.b == ROUNDS * WORKERS && atomic_load(&at.three).c == 3);
	CHECK(__atomic_is_lock_free(sizeof(byte), &byte));
	CHECK(!atomic_is_lock_free(&at.large));
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Damage for tests of parsers: always the same, so that a failure comes back,
 * and in a block of exactly the input's size, so that the sanitizer sees the
 * first byte read beyond it.
 */
#ifndef MUTATE_H
#define MUTATE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mutate_seed;

/* xorshift64* */
static inline uint64_t mutate_random(void)
{
	mutate_seed ^= mutate_seed >> 12;
	mutate_seed ^= mutate_seed << 25;
	mutate_seed ^= mutate_seed >> 27;
	return mutate_seed * 0x2545f4914f6cdd1d;
}

static inline void *exact_copy(const void *from, size_t size)
{
	void *p = malloc(size);

	if (!p && size)
		abort();
	memcpy(p, from, size);
	return p;
}

/* Damages 1 to 8 places: a bit, a byte, or an aligned number of `width` bytes
 * that becomes one that parsers tend to stumble over.  Half of them fall into
 * the first `front` bytes, where headers are. */
static inline void mutate(uint8_t *p, size_t size, size_t front, unsigned width)
{
	for (unsigned n = mutate_random() % 8 + 1; n; n--) {
		size_t at = mutate_random() % (mutate_random() % 2 && front < size ? front : size);
		uint64_t value = 0;

		switch (mutate_random() % 4) {
		case 0:
			p[at] ^= 1 << mutate_random() % 8;
			break;
		case 1:
			p[at] = mutate_random();
			break;
		default:
			at -= at % width;
			if (at + width > size)
				break;
			switch (mutate_random() % 8) {
			case 0:
				value = ~0ull;
				break;
			case 1:
				value = 0;
				break;
			case 2:
				value = 1ull << mutate_random() % 64;
				break;
			case 3:
				value = -(mutate_random() % 64);
				break;
			case 4:
				value = mutate_random() % (2 * size);
				break;
			case 5:
				value = size - mutate_random() % 16;
				break;
			case 6:
				value = mutate_random();
				break;
			default:
				value = __builtin_bswap32(mutate_random() % (2 * size));
				break;
			}
			memcpy(p + at, &value, width);
		}
	}
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * getentropy: ChaCha20 (RFC 8439) from the seed that the firmware gave by the device tree,
 * /chosen rng-seed.  Each call replaces the key by the first bytes of its output, so that what
 * was given out can't be computed afterwards.  Without a seed, and in address spaces that
 * have no device tree: ENOSYS.  Time and counters are no entropy.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <hartleaf/fdt.h>

#include "../rt.h"

#define KEY_WORDS 8
#define MOST      256 /* bytes a call, by POSIX */

static struct hl_mutex lock;
static uint32_t key[KEY_WORDS];
static bool seeded;

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b, *d = rotate(*d ^ *a, 16);
	*c += *d, *b = rotate(*b ^ *c, 12);
	*a += *b, *d = rotate(*d ^ *a, 8);
	*c += *d, *b = rotate(*b ^ *c, 7);
}

static void block(uint32_t out[16], uint32_t counter)
{
	static const char constant[17] = "expand 32-byte k";
	uint32_t x[16] = {0};

	memcpy(x, constant, 16);
	memcpy(x + 4, key, sizeof(key));
	x[12] = counter;
	memcpy(out, x, sizeof(x));
	for (int i = 0; i < 10; i++) {
		for (int k = 0; k < 4; k++)
			quarter(&x[k], &x[4 + k], &x[8 + k], &x[12 + k]);
		for (int k = 0; k < 4; k++)
			quarter(&x[k], &x[4 + (k + 1) % 4], &x[8 + (k + 2) % 4],
				&x[12 + (k + 3) % 4]);
	}
	for (int i = 0; i < 16; i++)
		out[i] += x[i];
}

static bool seed(void)
{
	struct fdt_node chosen;
	const void *fdt = hl_device_tree(), *bytes;
	uint32_t size;

	if (seeded)
		return true;
	if (!fdt || fdt_find(fdt, "/chosen", &chosen) <= 0)
		return false;
	bytes = fdt_prop(&chosen, "rng-seed", &size);
	if (!bytes || size < sizeof(key))
		return false;
	memcpy(key, bytes, sizeof(key));
	seeded = true;
	return true;
}

int getentropy(void *out, size_t size)
{
	uint32_t words[16], next[KEY_WORDS], counter = 0;
	char *at = out;

	if (size > MOST) {
		errno = EIO;
		return -1;
	}
	hl_mutex_lock(&lock);
	if (!seed()) {
		hl_mutex_unlock(&lock);
		errno = ENOSYS;
		return -1;
	}
	block(words, counter++);
	memcpy(next, words, sizeof(next));
	while (size > 0) {
		size_t part = size < sizeof(words) ? size : sizeof(words);

		block(words, counter++);
		memcpy(at, words, part);
		at += part;
		size -= part;
	}
	memcpy(key, next, sizeof(key));
	hl_mutex_unlock(&lock);
	return 0;
}

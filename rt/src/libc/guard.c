/* SPDX-License-Identifier: MIT
 *
 * The heap under suspicion (boot word MALLOC_DEBUG=1): each block ends with its size,
 * scrambled, and between that and what was asked for there are known bytes.  They are
 * looked at when it is freed or resized.  What is handed out and what is freed is filled.
 */
#include <stdlib.h>
#include <string.h>

#include <hartleaf/layout.h>

#include "slab.h"

#define KEY   0x6b636f6c42646c48
#define FREED 0x6465657246646c48
#define PAD   0xa5
#define FRESH 0xcd
#define DEAD  0xdd

static _Noreturn void fail(const char *what)
{
	static const char lead[] = "malloc: ";

	hl_console_force(lead, sizeof(lead) - 1);
	hl_console_force(what, strlen(what));
	abort();
}

/* The last word, which tells the size. */
static uint64_t *word_of(const void *block)
{
	const struct rt_slab *s = slab_of(block);

	if ((uint64_t)block < RT_HEAP_LOW || (uint64_t)block > RT_HEAP_TOP ||
	    (uint64_t)block % ALIGN)
		fail("no block of the heap\n");
	return (uint64_t *)((uint64_t)block + s->size - sizeof(uint64_t));
}

void *rt_guard_set(void *block, size_t size)
{
	uint64_t *word;

	if (!block)
		return NULL;
	word = word_of(block);
	*word = size ^ KEY ^ (uint64_t)block;
	if (slab_of(block)->owner)
		memset(block, FRESH, size);
	memset((char *)block + size, PAD, (size_t)((char *)word - (char *)block) - size);
	return block;
}

size_t rt_guard_size(const void *block)
{
	const uint64_t *word = word_of(block);
	const uint8_t *end = (const uint8_t *)word;
	size_t size = *word ^ KEY ^ (uint64_t)block;

	if (*word == (FREED ^ (uint64_t)block))
		fail("freed twice, or used after free\n");
	if (size > (size_t)(end - (const uint8_t *)block))
		fail("written far beyond the end of a block, or no block\n");
	for (const uint8_t *p = (const uint8_t *)block + size; p < end; p++)
		if (*p != PAD)
			fail("written beyond the end of a block\n");
	return size;
}

void rt_guard_free(void *block)
{
	size_t size = rt_guard_size(block);

	if (slab_of(block)->owner)
		memset(block, DEAD, size);
	*word_of(block) = FREED ^ (uint64_t)block;
}

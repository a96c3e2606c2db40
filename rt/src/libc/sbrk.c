/* SPDX-License-Identifier: MIT
 *
 * sbrk, for who wants it: pages right behind the program, mapped as they are asked for.
 * malloc doesn't.
 */
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include <hartleaf/layout.h>
#include <hartleaf/sync.h>
#include <hartleaf/sys.h>

#include "../va.h"

extern char __heap_low[];

static struct hl_mutex lock;
static uint64_t at;     /* first byte not handed out */
static uint64_t mapped; /* first byte not mapped */

void *sbrk(ptrdiff_t size)
{
	uint64_t old, want, pages;

	hl_mutex_lock(&lock);
	if (at == 0)
		at = mapped = (uint64_t)__heap_low;
	old = at;
	want = at + (uint64_t)size;
	if (size < 0) {
		if (want > at || want < (uint64_t)__heap_low)
			goto none;
		/* pages stay */
	} else if (want < at || want > RT_PROGRAM_TOP) {
		goto none;
	} else if (want > mapped) {
		pages = (want - mapped + PAGE_SIZE - 1) >> PAGE_SHIFT;
		/* Where mmap was told to map, it fails. */
		if (rt_map_new(mapped, pages, MAP_R | MAP_W) < 0)
			goto none;
		mapped += pages << PAGE_SHIFT;
	}
	at = want;
	hl_mutex_unlock(&lock);
	return (void *)old;
none:
	hl_mutex_unlock(&lock);
	errno = ENOMEM;
	return (void *)-1;
}

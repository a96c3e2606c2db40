/* SPDX-License-Identifier: MIT
 *
 * map for ranges of any length, and what is done when there is no memory: what rt keeps
 * for later goes back to the kernel, and it is tried again.
 */
#include <hartleaf/va.h>

#include "rt.h"
#include "va.h"

/* kept.c and libc/malloc.c, if the program has them */
bool rt_kept_drop(void) __attribute__((weak));
bool rt_malloc_release(void) __attribute__((weak));

bool hl_memory_release(void)
{
	/* Only who has thread-local storage can wait for a lock there. */
	bool any = rt_kept_drop && rt_has_tls() && rt_kept_drop();

	return (rt_malloc_release && rt_malloc_release()) || any;
}

/* How many were done; if not all, *error says why. */
static uint64_t map_some(hl_handle vas, uint64_t va, uint64_t source, uint64_t count, uint64_t attr,
			 hl_handle from, int *error)
{
	/* NEW and UNMAP name no source, PROTECT neither */
	uint64_t op = attr & MAP_OP_MASK, all = 0;
	bool moves = op == MAP_SHARE || op == MAP_MOVE || op == MAP_IO;

	while (all < count) {
		uint64_t step = count - all < MAP_COUNT_MAX ? count - all : MAP_COUNT_MAX;
		long done =
			sys_map(vas, va + (all << PAGE_SHIFT),
				moves ? source + (all << PAGE_SHIFT) : source, step, attr, 0, from);

		if (done == -HL_ENOMEM && vas == HL_SELF && hl_memory_release())
			continue;
		if (done < 0) {
			*error = (int)done;
			break;
		}
		all += (uint64_t)done;
	}
	return all;
}

int hl_map(hl_handle vas, uint64_t va, uint64_t source, uint64_t count, uint64_t attr,
	   hl_handle from)
{
	int error = 0;

	map_some(vas, va, source, count, attr, from, &error);
	return error;
}

void rt_unmap(uint64_t va, size_t pages)
{
	hl_map(HL_SELF, va, 0, pages, MAP_UNMAP, HL_SELF);
}

int rt_map_new(uint64_t va, size_t pages, uint64_t rights)
{
	int error = 0;
	uint64_t done =
		map_some(HL_SELF, va, 0, pages, MAP_NEW | MAP_MEMORY | rights, HL_SELF, &error);

	if (error)
		rt_unmap(va, done);
	return error;
}

void *rt_page_new(void)
{
	uint64_t va = hl_va_alloc(1);

	if (va && rt_map_new(va, 1, MAP_R | MAP_W) < 0) {
		hl_va_free(va, 1);
		va = 0;
	}
	return (void *)va;
}

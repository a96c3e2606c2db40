/* SPDX-License-Identifier: MIT
 *
 * What whoever maps a plan of elf_plan relies on.
 */
#ifndef SOUND_H
#define SOUND_H

#include <stdbool.h>

#include <hartleaf/call.h>
#include <hartleaf/elf.h>
#include <hartleaf/leaf.h>

#define SOUND(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__;                                                           \
	} while (0)

/* Line of what is wrong with a plan for an image of `size` bytes, or 0. */
static inline int plan_unsound(const struct elf_plan *plan, size_t size, uint64_t low, uint64_t top)
{
	uint64_t end = low, pages = 0;
	bool entered = false;

	SOUND(plan->count >= 1 && plan->count <= ELF_SEGMENTS_MAX);
	for (size_t i = 0; i < plan->count; i++) {
		const struct elf_segment *s = &plan->segment[i];

		SOUND(s->page % PAGE_SIZE == 0 && s->page >= end && s->page < top);
		SOUND(s->pages > 0 && s->pages <= (top - s->page) >> PAGE_SHIFT);
		end = s->page + (s->pages << PAGE_SHIFT);
		SOUND(s->va >= s->page && s->va < s->page + PAGE_SIZE);
		SOUND(s->file_size <= end - s->va);
		SOUND(s->offset <= size && s->file_size <= size - s->offset);
		SOUND(s->rights == MAP_R || s->rights == (MAP_R | MAP_W) ||
		      s->rights == (MAP_R | MAP_X));
		pages += s->pages;
		entered |= (s->rights & MAP_X) && plan->entry >= s->va && plan->entry < end;
	}
	SOUND(pages == plan->pages);
	SOUND(entered && plan->entry % 2 == 0);
	return 0;
}

#endif

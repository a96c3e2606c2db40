/* SPDX-License-Identifier: MIT
 *
 * One page a call.  The page tables stand from the first window on, which is
 * not counted.
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/layout.h>
#include <hartleaf/space.h>
#include <hartleaf/va.h>

/* free in every address space, and away from what partner.c keeps there */
#define REGION (RT_MEET_VA + 0x200000)

#define READ_WRITE (MAP_MEMORY | MAP_R | MAP_W)

/* Times `call`, which is to do one page at `va` and to return 1. */
#define PAGES_WINDOW(ops, call)                                                                    \
	({                                                                                         \
		uint64_t va = REGION;                                                              \
		unsigned long pages_ = 0;                                                          \
		int64_t ticks_ = CLOCK_WINDOW(ops, {                                               \
			pages_ += (unsigned long)(call);                                           \
			va += PAGE_SIZE;                                                           \
		});                                                                                \
		if (pages_ != (ops))                                                               \
			bench_fail("a call did not do its page");                                  \
		ticks_;                                                                            \
	})

/* The loop of PAGES_WINDOW without the call. */
static int64_t empty_window(unsigned long ops)
{
	int64_t least = INT64_MAX;
	unsigned long one = 1;

	for (int i = 0; i < 16; i++) {
		int64_t ticks = PAGES_WINDOW(ops, ({
						     asm volatile("" : "+r"(one), "+r"(va));
						     one;
					     }));

		if (ticks < least)
			least = ticks;
	}
	return least;
}

static void check(int error, const char *what)
{
	if (error)
		bench_fail("%s: error %d", what, error);
}

static void map_region(unsigned long pages)
{
	check(hl_map(HL_SELF, REGION, 0, pages, MAP_NEW | READ_WRITE, HL_SELF), "map");
}

static void unmap_region(hl_handle vas, unsigned long pages)
{
	check(hl_map(vas, REGION, 0, pages, MAP_UNMAP, HL_SELF), "unmap");
}

void map_run(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = empty_window(plan->ops);

	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = PAGES_WINDOW(plan->ops, sys_map_new(va, 1, MAP_R | MAP_W));

		unmap_region(HL_SELF, plan->ops);
		samples_add(samples, ticks - empty, plan->ops);
	}
}

/* Pages that were written, so that a TLB may hold them. */
void unmap_run(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = empty_window(plan->ops);

	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks;

		map_region(plan->ops);
		for (uint64_t va = REGION; va < REGION + plan->ops * PAGE_SIZE; va += PAGE_SIZE)
			*(volatile uint64_t *)va = va;
		ticks = PAGES_WINDOW(plan->ops, sys_unmap(va, 1));
		samples_add(samples, ticks - empty, plan->ops);
	}
}

void share_run(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = empty_window(plan->ops);
	struct hl_space *space;
	hl_handle vas;

	check(hl_space_create(&space, NULL), "no second address space");
	vas = hl_space_vas(space);
	map_region(plan->ops);
	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = PAGES_WINDOW(plan->ops, sys_map_share(vas, va, va, 1, READ_WRITE));

		unmap_region(vas, plan->ops);
		samples_add(samples, ticks - empty, plan->ops);
	}
	unmap_region(HL_SELF, plan->ops);
	hl_space_destroy(space);
}

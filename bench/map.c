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
#define REGION RT_MEET_GIGA

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

/* The same way for 512 pages a call, and a call for 2 MiB at once. */
#define MANY  512
#define LARGE ((REGION + 0x10000000) & -0x200000UL)

void map_many_run(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = clock_empty(1);

	map_region(MANY); /* tables */
	unmap_region(HL_SELF, MANY);
	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(1, {
			if (sys_map_new(REGION, MANY, MAP_R | MAP_W) != MANY)
				bench_fail("a call did not do its pages");
		});

		unmap_region(HL_SELF, MANY);
		samples_add(samples, ticks - empty, MANY);
	}
}

void unmap_many_run(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = clock_empty(1);

	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks;

		map_region(MANY);
		for (uint64_t va = REGION; va < REGION + MANY * PAGE_SIZE; va += PAGE_SIZE)
			*(volatile uint64_t *)va = va;
		ticks = CLOCK_WINDOW(1, {
			if (sys_unmap(REGION, MANY) != MANY)
				bench_fail("a call did not do its pages");
		});
		samples_add(samples, ticks - empty, MANY);
	}
}

static void unmap_large(void)
{
	if (sys_map(HL_SELF, LARGE, 0, 1, MAP_UNMAP | MAP_LARGE, 0, HL_SELF) != 1)
		bench_fail("the leaf of 2 MiB stays");
}

void map_large_run(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = clock_empty(1);

	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(1, {
			if (sys_map_new(LARGE, 1, MAP_R | MAP_W | MAP_LARGE) != 1)
				bench_fail("no leaf of 2 MiB");
		});

		unmap_large();
		samples_add(samples, ticks - empty, 1);
	}
}

void move_run(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = empty_window(plan->ops);
	const uint64_t away = plan->ops * PAGE_SIZE;

	map_region(2 * plan->ops); /* tables of the other place, too */
	check(hl_map(HL_SELF, REGION + away, 0, plan->ops, MAP_UNMAP, HL_SELF), "unmap");
	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = PAGES_WINDOW(plan->ops,
					     sys_map_move(HL_SELF, va + away, va, 1, READ_WRITE));

		check(hl_map(HL_SELF, REGION, REGION + away, plan->ops, MAP_MOVE | READ_WRITE,
			     HL_SELF),
		      "move back");
		samples_add(samples, ticks - empty, plan->ops);
	}
	unmap_region(HL_SELF, plan->ops);
}

/* As the kernel does: 16 stores, a step and a branch. */
static inline void clear(uint64_t *from, unsigned long pages)
{
	uint64_t *end = from + pages * (PAGE_SIZE / sizeof(*from));

	asm volatile("1:\n"
		     ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
		     "sd zero, 8 * \\n(%0)\n"
		     ".endr\n"
		     "addi %0, %0, 128\n"
		     "bne %0, %1, 1b"
		     : "+r"(from)
		     : "r"(end)
		     : "memory");
}

void zero_run(const struct plan *plan, struct samples *samples)
{
	static uint64_t page[PAGE_SIZE / sizeof(uint64_t)];
	const int64_t empty = clock_empty(plan->ops);

	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(plan->ops, clear(page, 1));

		samples_add(samples, ticks - empty, plan->ops);
	}
}

void zero_large_run(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = clock_empty(1);

	if (sys_map_new(LARGE, 1, MAP_R | MAP_W | MAP_LARGE) != 1)
		bench_fail("no leaf of 2 MiB");
	while (samples_wanted(samples, plan->windows)) {
		int64_t ticks = CLOCK_WINDOW(1, clear((uint64_t *)LARGE, MANY));

		samples_add(samples, ticks - empty, 1);
	}
	unmap_large();
}

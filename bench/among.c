/* SPDX-License-Identifier: MIT
 *
 * Calls that others measure alone, where there is much else already.
 */
#include "bench.h"
#include "samples.h"

#include <hartleaf/exec.h>
#include <hartleaf/layout.h>
#include <hartleaf/va.h>
#include <stdlib.h>

/* Far from what the others map: 512 pages, and then as often as is wanted again. */
#define FRAMES     (RT_MEET_GIGA + 0x100000000)
#define LEAVES     (FRAMES + 0x40000000)
#define PAGES      512UL
#define READ_WRITE (MAP_MEMORY | MAP_R | MAP_W)

/* Enough where all of them are the same or nearly. */
static struct plan few(const struct plan *plan)
{
	return (struct plan){.windows = 11, .ops = plan->ops};
}

static void check(int error, const char *what)
{
	if (error)
		bench_fail("%s: error %d", what, error);
}

/* At least `leaves`, of the same 512 frames: they fill tables, not memory. */
static uint64_t map_leaves(unsigned long leaves)
{
	uint64_t va = LEAVES;

	check(hl_map(HL_SELF, FRAMES, 0, PAGES, MAP_NEW | READ_WRITE, HL_SELF), "map");
	for (; va < LEAVES + leaves * PAGE_SIZE; va += PAGES * PAGE_SIZE)
		check(hl_map(HL_SELF, va, FRAMES, PAGES, MAP_SHARE | READ_WRITE, HL_SELF), "share");
	return va;
}

static void unmap_leaves(uint64_t end)
{
	check(hl_map(HL_SELF, FRAMES, 0, PAGES, MAP_UNMAP, HL_SELF), "unmap");
	check(hl_map(HL_SELF, LEAVES, 0, (end - LEAVES) / PAGE_SIZE, MAP_UNMAP, HL_SELF), "unmap");
}

void map_among(const struct plan *plan, struct samples *samples)
{
	const struct plan each = few(plan);
	const uint64_t end = map_leaves(plan->size);

	map_run(&each, samples);
	unmap_leaves(end);
}

void unmap_among(const struct plan *plan, struct samples *samples)
{
	const struct plan each = few(plan);
	const uint64_t end = map_leaves(plan->size);

	unmap_run(&each, samples);
	unmap_leaves(end);
}

static long wait_for_end(void *arg)
{
	while (!*(volatile bool *)arg)
		sys_park(NULL, 0);
	return 0;
}

void start_among(const struct plan *plan, struct samples *samples)
{
	const struct hl_exec_attr attr = {.stack_pages = 1, .flags = HL_EXEC_UNWATCHED};
	const struct plan each = few(plan);
	struct hl_exec **others = calloc(plan->size, sizeof(struct hl_exec *));
	static bool end;

	if (!others)
		bench_fail("no memory");
	end = false;
	for (unsigned long i = 0; i < plan->size; i++) {
		check(hl_exec_create(&others[i], wait_for_end, &end, &attr), "create");
		check(hl_exec_start(others[i]), "start");
	}
	start_run(&each, samples);
	end = true;
	for (unsigned long i = 0; i < plan->size; i++) {
		sys_wake(hl_exec_handle(others[i]));
		hl_exec_join(others[i], NULL);
	}
	free(others);
}

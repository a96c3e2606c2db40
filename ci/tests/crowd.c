/* SPDX-License-Identifier: MIT
 *
 * Crowds: see kit.h.
 */
#include "kit.h"

#define STACK_SIZE 1024
#define SPARE      20 /* frames of the space, for tables */

struct worker crowd[CROWD];
static char stacks[CROWD][STACK_SIZE] __attribute__((aligned(16)));

void crowd_new(unsigned n)
{
	uint64_t vas = space_new(n + SPARE);

	CHECK(n <= CROWD);
	for (unsigned i = 0; i < n; i++) {
		uint64_t handle = slot(), view_va = slot();

		CHECK_EQ(executor_new(vas, handle, MAP_RIGHTS), 1);
		worker_init(&crowd[i], handle, view_va, stacks[i + 1]);
		/* They look at their own, too. */
		CHECK_EQ(share(vas, view_va, view_va, 1, MAP_R), 1);
	}
}

void crowd_join(unsigned n, uint64_t code)
{
	for (unsigned i = 0; i < n; i++) {
		test_note("of the crowd", i);
		CHECK_EQ(join(&crowd[i]), code);
	}
}

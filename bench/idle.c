/* SPDX-License-Identifier: MIT
 *
 * Nothing to do until a time far off.  What that costs only the host can tell:
 * bench/run reads it between these two lines, and makes the result.
 */
#include "bench.h"
#include "samples.h"

#include <hartleaf/time.h>
#include <stdio.h>

#define SECONDS 8

void idle_run(const struct plan *plan, struct samples *samples)
{
	const uint64_t until = hl_time() + SECONDS * hl_info()->timebase;

	(void)plan;
	(void)samples;
	printf("idle,begin\n");
	fflush(stdout);
	while (hl_time() < until)
		sys_park_until(NULL, 0, until);
	printf("idle,end\n");
	fflush(stdout);
}

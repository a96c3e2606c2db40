/* SPDX-License-Identifier: MIT
 *
 * A fiber that uses more stack than there is.
 */
#include <hartleaf/fiber.h>
#include <stdio.h>

static long deep(long n)
{
	volatile char room[256];

	room[0] = (char)n;
	return n ? deep(n - 1) + room[0] : 0;
}

static long first(void *arg)
{
	(void)arg;
	printf("10 is fine: %ld\n", deep(10) * 0);
	return deep(1000);
}

int main(void)
{
	return hl_fiber_run(first, NULL, NULL, NULL) + 1;
}

/* SPDX-License-Identifier: MIT
 *
 * A program outside of hartleaf's tree: two executors share the work of finding primes.
 */
#include <hartleaf/exec.h>
#include <stdio.h>

#define LIMIT 2000

struct half {
	unsigned int first;
	unsigned int found;
};

static long find_primes(void *arg)
{
	struct half *half = arg;

	for (unsigned int n = half->first; n < LIMIT; n += 4) {
		unsigned int d = 3;

		while (d * d <= n && n % d)
			d += 2;
		half->found += d * d > n;
	}
	return 0;
}

int main(void)
{
	struct half halves[2] = {{.first = 3}, {.first = 5}};
	struct hl_exec *execs[2];

	for (int i = 0; i < 2; i++)
		if (hl_exec_spawn(&execs[i], find_primes, &halves[i]) < 0)
			return 1;
	for (int i = 0; i < 2; i++)
		hl_exec_join(execs[i], NULL);
	/* and 2 */
	printf("%u primes below %d\n", halves[0].found + halves[1].found + 1, LIMIT);
	return 0;
}

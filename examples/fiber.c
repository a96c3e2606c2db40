/* SPDX-License-Identifier: MIT
 *
 * The sieve of Eratosthenes as a chain of fibers.  The first one sends 2, 3, 4, ...; each
 * number that comes out at the end of the chain is a prime, and gets a fiber of its own,
 * which lets through what it doesn't divide.
 *
 *	numbers -> [2] -> [3] -> [5] -> ... -> main
 */
#include <hartleaf/fiber.h>
#include <stdio.h>

#define PRIMES 40

struct stage {
	unsigned int room[4];
	struct hl_fiber_chan out;
	struct hl_fiber_chan *in;
	unsigned int prime;
};

static struct stage stages[PRIMES + 1];

static long numbers(void *arg)
{
	struct stage *me = arg;

	for (unsigned int n = 2; hl_fiber_send(&me->out, &n) == 0; n++)
		;
	return 0;
}

static long filter(void *arg)
{
	struct stage *me = arg;
	unsigned int n;

	while (hl_fiber_recv(me->in, &n) == 0)
		if (n % me->prime && hl_fiber_send(&me->out, &n) < 0)
			break;
	/* nobody listens any more: so pass it on, to the front */
	hl_fiber_close(me->in);
	return 0;
}

static struct stage *stage(unsigned int i)
{
	stages[i].out = (struct hl_fiber_chan)HL_FIBER_CHAN(stages[i].room);
	return &stages[i];
}

static long sieve(void *arg)
{
	struct stage *last = stage(0), *next;

	(void)arg;
	if (hl_fiber_spawn(NULL, numbers, last) < 0)
		return 1;
	for (unsigned int i = 1; i <= PRIMES; i++) {
		next = stage(i);
		next->in = &last->out;
		if (hl_fiber_recv(next->in, &next->prime) < 0 ||
		    hl_fiber_spawn(NULL, filter, next) < 0)
			return 1;
		printf("%u%c", next->prime, i % 10 ? ' ' : '\n');
		last = next;
	}
	hl_fiber_close(&last->out);
	return 0;
}

int main(void)
{
	long code;

	if (hl_fiber_run(sieve, NULL, NULL, &code) < 0)
		return 1;
	return (int)code;
}

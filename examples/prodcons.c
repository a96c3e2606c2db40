/* SPDX-License-Identifier: MIT
 *
 * Producers and consumers at a bounded buffer: mutex, condition variables, join.  Run it
 * on four harts with
 *
 *	ci/boot -n 4 build/examples/prodcons
 *
 * Exit status 0 if everything that was produced was consumed, once.
 */
#include <stdio.h>

#include <hartleaf/exec.h>
#include <hartleaf/sync.h>

#define PRODUCERS 2
#define CONSUMERS 2
#define EACH      5000 /* numbers a producer makes */
#define ROOM      16

static struct hl_mutex lock;
static struct hl_cond not_full, not_empty;
static unsigned long buffer[ROOM];
static unsigned in, out; /* counts; in - out are in the buffer */
static unsigned producing = PRODUCERS;

static long produce(void *arg)
{
	unsigned long first = (unsigned long)arg * EACH;

	for (unsigned long i = 0; i < EACH; i++) {
		hl_mutex_lock(&lock);
		while (in - out == ROOM)
			hl_cond_wait(&not_full, &lock);
		buffer[in++ % ROOM] = first + i;
		hl_cond_signal(&not_empty);
		hl_mutex_unlock(&lock);
	}
	hl_mutex_lock(&lock);
	if (--producing == 0)
		hl_cond_broadcast(&not_empty); /* nothing more will come */
	hl_mutex_unlock(&lock);
	printf("producer %lu is done\n", (unsigned long)arg);
	return 0;
}

/* Its exit code is the sum of what it got. */
static long consume(void *arg)
{
	unsigned long sum = 0, count = 0;

	for (;;) {
		hl_mutex_lock(&lock);
		while (in == out && producing > 0)
			hl_cond_wait(&not_empty, &lock);
		if (in == out)
			break;
		sum += buffer[out++ % ROOM];
		count++;
		hl_cond_signal(&not_full);
		hl_mutex_unlock(&lock);
	}
	hl_mutex_unlock(&lock);
	printf("consumer %lu got %lu numbers\n", (unsigned long)arg, count);
	return (long)sum;
}

int main(void)
{
	const unsigned long n = PRODUCERS * EACH, want = n * (n - 1) / 2;
	struct hl_exec *e[PRODUCERS + CONSUMERS];
	unsigned long got = 0;

	for (unsigned long i = 0; i < PRODUCERS + CONSUMERS; i++) {
		int error = i < PRODUCERS ? hl_exec_spawn(&e[i], produce, (void *)i)
					  : hl_exec_spawn(&e[i], consume, (void *)(i - PRODUCERS));

		if (error) {
			printf("prodcons: can't make an executor: error %d\n", error);
			return 1;
		}
	}
	for (unsigned i = 0; i < PRODUCERS + CONSUMERS; i++) {
		long code;

		hl_exec_join(e[i], &code);
		got += (unsigned long)code;
	}
	printf("prodcons: sum %lu, should be %lu\n", got, want);
	return got == want ? 0 : 1;
}

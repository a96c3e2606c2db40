/* SPDX-License-Identifier: MIT
 *
 * Many fibers that do everything at once, in an order that nobody plans.  Each round sums
 * up what must be there in the end.  The argument is how many rounds a fiber makes.
 */
#include <hartleaf/fiber.h>
#include <stdatomic.h>
#include <stdint.h>

#include "check.h"

#define FIBERS   400 /* more than a ring holds */
#define CHANNELS 4

static unsigned rounds = 100;
static struct hl_fiber_mutex mutex;
static long locked;
static long rooms[CHANNELS][2];
static struct hl_fiber_chan chans[CHANNELS];
static _Atomic long sent, received, gave_up, leaves;

static uint64_t roll(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static long leaf(void *arg)
{
	atomic_fetch_add(&leaves, (long)arg);
	return (long)arg;
}

/* In a deadline's time, 0, some microseconds, or for ever, but never all fibers: who
 * waits without one could wait for somebody who does, too. */
static uint64_t some_time(uint64_t r)
{
	return r % 3 ? hl_time() + r / 4 % 300 : 0;
}

static void step(uint64_t r)
{
	struct hl_fiber_chan *c = &chans[r / 8 % CHANNELS];
	struct hl_fiber *f;
	long n = (long)(r >> 40), code;

	switch (r % 8) {
	case 0:
		hl_fiber_yield();
		break;
	case 1:
		hl_fiber_mutex_lock(&mutex);
		code = locked;
		if (r / 8 % 4 == 0)
			hl_fiber_yield();
		locked = code + 1;
		hl_fiber_mutex_unlock(&mutex);
		break;
	case 2:
	case 3:
		if (hl_fiber_send_until(c, &n, some_time(r / 64)) == 0)
			atomic_fetch_add(&sent, n);
		else
			atomic_fetch_add(&gave_up, 1);
		break;
	case 4:
	case 5:
		if (hl_fiber_recv_until(c, &n, some_time(r / 64)) == 0)
			atomic_fetch_add(&received, n);
		break;
	case 6:
		hl_fiber_sleep_until(hl_time() + r / 64 % 200);
		break;
	case 7:
		CHECK(hl_fiber_spawn(&f, leaf, (void *)1) == 0);
		CHECK(hl_fiber_join(f, &code) == 0 && code == 1);
		break;
	}
}

struct work {
	uint64_t seed;
	unsigned steps[8];
};

static long works(void *arg)
{
	struct work *w = arg;

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t r = roll(&w->seed);

		w->steps[r % 8]++;
		step(r);
	}
	return 0;
}

static long all(void *arg)
{
	static struct work work[FIBERS];
	static struct hl_fiber *f[FIBERS];
	long lock_steps = 0, spawns = 0, n;

	(void)arg;
	for (int i = 0; i < CHANNELS; i++)
		chans[i] = (struct hl_fiber_chan)HL_FIBER_CHAN(rooms[i]);
	for (uint64_t i = 0; i < FIBERS; i++) {
		work[i].seed = 0x9e3779b97f4a7c15 * (i + 1);
		CHECK(hl_fiber_spawn(&f[i], works, &work[i]) == 0);
	}
	for (int i = 0; i < FIBERS; i++) {
		CHECK(hl_fiber_join(f[i], NULL) == 0);
		lock_steps += work[i].steps[1];
		spawns += work[i].steps[7];
	}
	for (int i = 0; i < CHANNELS; i++) {
		CHECK(!chans[i].senders.first && !chans[i].receivers.first);
		while (hl_fiber_recv_until(&chans[i], &n, 0) == 0)
			received += n;
	}
	CHECK(locked == lock_steps && leaves == spawns);
	CHECK(sent == received);
	return 0;
}

/* A tree of fibers that wait for each other: all the stealing there can be. */
static long fib(void *arg)
{
	long n = (long)arg, a, b;
	struct hl_fiber *f;

	if (n < 2)
		return n;
	CHECK(hl_fiber_spawn(&f, fib, (void *)(n - 1)) == 0);
	b = fib((void *)(n - 2));
	CHECK(hl_fiber_join(f, &a) == 0);
	return a + b;
}

/* Two that hand each other a token, each pair on its own: sleeps and kicks. */
static long tokens[2][16];
static struct hl_fiber_chan there[16], back[16];

static long answers(void *arg)
{
	uintptr_t i = (uintptr_t)arg;
	long n;

	while (hl_fiber_recv(&there[i], &n) == 0) {
		n++;
		CHECK(hl_fiber_send(&back[i], &n) == 0);
	}
	return 0;
}

static long asks(void *arg)
{
	uintptr_t i = (uintptr_t)arg;
	long n = 0;

	for (unsigned k = 1; k <= 20 * rounds; k++) {
		CHECK(hl_fiber_send(&there[i], &n) == 0 && hl_fiber_recv(&back[i], &n) == 0);
		CHECK(n == (long)k);
	}
	hl_fiber_close(&there[i]);
	return 0;
}

static long pairs(void *arg)
{
	for (uintptr_t i = 0; i < (uintptr_t)arg; i++) {
		there[i] = (struct hl_fiber_chan){
			.size = 8, .bytes = 8, .room = (char *)&tokens[0][i]};
		back[i] = (struct hl_fiber_chan){
			.size = 8, .bytes = 8, .room = (char *)&tokens[1][i]};
		CHECK(hl_fiber_spawn(NULL, asks, (void *)i) == 0);
		CHECK(hl_fiber_spawn(NULL, answers, (void *)i) == 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct hl_fiber_attr small = {.stack_pages = 2};
	long code;

	if (argc > 1)
		rounds = (unsigned)strtoul(argv[1], NULL, 10);
	CHECK(hl_fiber_run(pairs, (void *)1, NULL, NULL) == 0);
	CHECK(hl_fiber_run(pairs, (void *)16, NULL, NULL) == 0);
	printf("pairs\n");
	CHECK(hl_fiber_run(fib, (void *)18, &small, &code) == 0 && code == 2584);
	printf("tree\n");
	CHECK(hl_fiber_run(all, NULL, NULL, NULL) == 0);
	printf("stress: sent %ld, gave up %ld times, all as it should be\n", sent, gave_up);
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * kern/block.c under threads, one a hart, and ThreadSanitizer.  What is written of a
 * frame by who has it is plain memory: without order between giving and taking
 * the sanitizer says so.
 *
 * sanitize: thread
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Now and then another thread goes on just here. */
static _Thread_local uint64_t point_random;

static void point(void)
{
	point_random = point_random * 6364136223846793005 + 1442695040888963407;
	if (point_random >> 62 == 0)
		sched_yield();
}
#define atomic_point() point()

#include "blocks.h"

#define HELD 160

/* What the threads do at a time. */
static const struct phase {
	const char *name;
	uint64_t left;   /* frames for all of them together */
	unsigned rounds; /* of each */
	unsigned held;   /* runs that one may have, HELD at most */
	unsigned want;   /* frames in a run */
	unsigned whole;  /* of 64 turns, those that take a whole block */
} phases[] =
	{
		{"the last few frames", 150, 150000, 24, 12, 0},
		{"single ones", 12, 150000, 6, 1, 0},
		{"whole blocks", FRAMES, 100000, 5, 64, 24},
		{"all of it", FRAMES, 200000, HELD, 64, 1},
},
  *phase;

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct run {
	uint64_t first, n;
};

static unsigned owner[FRAMES]; /* plain: hart + 1, or 0 */
static int64_t budget;

/* As vas_charge and vas_uncharge do it. */
static bool charge(int64_t n)
{
	int64_t old = atomic_load(&budget);

	do
		if (old < n)
			return false;
	while (!atomic_cas(&budget, &old, old - n));
	return true;
}

static void have(struct run r, unsigned self)
{
	for (uint64_t f = r.first; f < r.first + r.n; f++) {
		MUST(in_memory(f) && owner[f] == 0);
		owner[f] = self + 1;
	}
}

static void give(struct run r, unsigned self)
{
	for (uint64_t f = r.first; f < r.first + r.n; f++) {
		MUST(owner[f] == self + 1);
		owner[f] = 0;
	}
	if (r.n == BLOCK_FRAMES)
		block_give_whole(r.first);
	else
		block_give(r.first, r.n);
	atomic_add(&budget, (int64_t)r.n);
}

/* Up to `want` frames; n = 0: none. */
static struct run take(uint64_t want)
{
	struct run r = {0, 0};

	if (want == BLOCK_FRAMES) {
		r.first = block_take_whole();
		if (r.first == 0)
			return r;
		r.n = BLOCK_FRAMES;
		if (charge(BLOCK_FRAMES))
			return r;
		block_give_whole(r.first);
		r.n = 0;
		return r;
	}
	if (!charge((int64_t)want))
		return r;
	if (want == 1) {
		r.first = block_take_one();
		r.n = 1;
		return r;
	}
	r.first = block_take(want, &r.n);
	MUST(r.first != 0 && r.n >= 1 && r.n <= want);
	MUST(r.first / 64 == (r.first + r.n - 1) / 64);
	atomic_add(&budget, (int64_t)(want - r.n));
	return r;
}

static void *hart(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg, held = 0;
	uint64_t random = self * 0x9e3779b97f4a7c15 + 1;
	struct run runs[HELD];

	be_hart(self);
	point_random = random;
	for (unsigned i = 0; i < phase->rounds; i++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		unsigned what = random >> 40 & 63;
		/* mostly on the brink of having nothing */
		if (random >> 60 < 9 && held < phase->held) {
			uint64_t want = what < phase->whole ? BLOCK_FRAMES
					: what % 2          ? 1
							    : (random >> 50) % phase->want + 1;
			struct run r = take(want);
			if (r.n != 0) {
				have(r, self);
				runs[held++] = r;
			}
		} else if (held > 0) {
			unsigned k = (random >> 48) % held;
			give(runs[k], self);
			runs[k] = runs[--held];
		}
	}
	while (held > 0)
		give(runs[--held], self);
	return NULL;
}

/* Takes frames here and there until so many are left to the harts. */
static void keep(struct run *kept, unsigned *n)
{
	for (*n = 0; (uint64_t)budget > phase->left; ++*n) {
		be_hart(*n / 16 % HARTS);
		kept[*n] = take(1);
		have(kept[*n], HARTS);
	}
}

int main(void)
{
	static struct run kept[FRAMES];
	uint64_t all = blocks_begin(), free = 0;
	pthread_t threads[HARTS];
	unsigned n;

	budget = (int64_t)all;
	for (phase = phases; phase < phases + sizeof(phases) / sizeof(phases[0]); phase++) {
		keep(kept, &n);
		for (unsigned i = 0; i < HARTS; i++)
			MUST(pthread_create(&threads[i], NULL, hart, (void *)(uintptr_t)i) == 0);
		for (unsigned i = 0; i < HARTS; i++)
			pthread_join(threads[i], NULL);
		be_hart(0);
		while (n > 0)
			give(kept[--n], HARTS);
		int line = blocks_wrong(&free);
		if (line != 0)
			fprintf(stderr, "blocks.h:%d: not so after %s\n", line, phase->name);
		MUST(line == 0 && free == all && budget == (int64_t)all);
	}
	return 0;
}

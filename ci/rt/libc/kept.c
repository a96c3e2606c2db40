/* SPDX-License-Identifier: MIT
 *
 * Pages of the heap that are kept: a program that does the same over and over makes no call
 * of map, whatever the size and however many executors; what is kept stays in proportion to
 * what was used; and it is there for whoever is out of memory, in whatever way he asks.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <hartleaf/exec.h>
#include <hartleaf/space.h>
#include <hartleaf/sync.h>
#include <hartleaf/va.h>

#include "../../../rt/src/libc/run.h"
#include "../check.h"

#define WORKERS 4
#define LARGEST (4ul << 20)

static uint64_t below(uint64_t *state, uint64_t n)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (*state >> 33) % n;
}

static uint64_t mapped(void)
{
	return atomic_load(&rt_run_mapped);
}

static uint64_t in_heap(void)
{
	return mapped() - atomic_load(&rt_run_unmapped);
}

/* malloc, write at both ends, free, as often as told; first all at once. */
static size_t size;
static unsigned rounds, workers;
static _Atomic unsigned come;
static bool mixed; /* any size up to that; and realloc */

static void use(char *block, size_t n)
{
	CHECK(block && malloc_usable_size(block) >= n);
	block[0] = block[n - 1] = 1;
}

static long work(void *arg)
{
	uint64_t state = (uint64_t)arg;
	char *first = malloc(size);

	use(first, size);
	come++;
	while (come < workers)
		sys_yield();
	free(first);
	for (unsigned i = 0; i < rounds; i++) {
		size_t n = mixed ? 1 + below(&state, size) : size;
		char *block = malloc(n);

		use(block, n);
		if (mixed && below(&state, 4) == 0) {
			n = 1 + below(&state, size);
			block = realloc(block, n);
			use(block, n);
		}
		if (below(&state, 8) == 0)
			sys_yield(); /* others run while it is had */
		free(block);
	}
	return 0;
}

static void crowd(unsigned number, unsigned turns)
{
	struct hl_exec *e[WORKERS];

	rounds = turns;
	workers = number;
	come = 0;
	for (uint64_t i = 0; i < workers; i++)
		CHECK(hl_exec_spawn(&e[i], work, (void *)(i + 1)) == 0);
	for (unsigned i = 0; i < workers; i++)
		CHECK(hl_exec_join(e[i], NULL) == 0);
}

/* Has each worker's block at once, or as many: then there are enough of them. */
static void fill(void)
{
	void *blocks[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		CHECK((blocks[i] = malloc(size)));
	for (int i = 0; i < WORKERS; i++)
		free(blocks[i]);
}

static void one_size(void)
{
	for (size = 24; size <= LARGEST; size = size * 5 / 2 + 1) {
		uint64_t before;

		crowd(WORKERS, 4);
		before = mapped();
		crowd(WORKERS, 100);
		if (mapped() != before)
			printf("%zu bytes: %llu pages mapped\n", size,
			       (unsigned long long)(mapped() - before));
		CHECK(mapped() == before);
	}
	size = LARGEST;
	fill();
	for (uint64_t before = mapped(), i = 0; i < 50; i++) {
		fill();
		CHECK(mapped() == before);
	}
}

/* Of all sizes: at first there are new ones all the time, then hardly any. */
static void all_sizes(void)
{
	uint64_t before, calls;

	mixed = true;
	size = LARGEST;
	crowd(WORKERS, 200);
	before = mapped();
	crowd(WORKERS, 200);
	calls = mapped() - before;
	printf("all sizes: %llu pages mapped in %d rounds\n", (unsigned long long)calls,
	       WORKERS * 200);
	/* it would be some 500 for each of them */
	CHECK(calls < 20000);
	mixed = false;
}

/* What was used at once, with two that an executor has for itself; twice that, and a little. */
static void in_proportion(void)
{
	uint64_t most;

	hl_memory_release();
	most = in_heap();
	for (size = 20000; size < LARGEST; size += size / 6) {
		char *block = malloc(size);

		use(block, size);
		free(block);
		CHECK(in_heap() <= 3 * (most + 3 * 1025) + 512);
	}
	/* and less when less is used for long */
	size = LARGEST;
	fill();
	fill();
	most = in_heap();
	CHECK(most >= WORKERS * LARGEST / PAGE_SIZE);
	for (int i = 0; i < 1500; i++) {
		void *some[4];

		for (int k = 0; k < 4; k++)
			CHECK((some[k] = malloc(20000)));
		for (int k = 0; k < 4; k++)
			free(some[k]);
	}
	CHECK(in_heap() < most / 2);
}

static long nothing(void *arg)
{
	return (long)arg;
}

static void *wait(void *arg)
{
	hl_sem_wait(arg);
	return arg;
}

/* Where there is little memory, all of it is kept by the heap: then for others. */
static long pressed(void *arg)
{
	const uint64_t rw = PROT_READ | PROT_WRITE;
	struct hl_exec *e;
	static void *blocks[200];
	struct hl_sem sem = HL_SEM_INIT(0);
	pthread_t t[8];
	size_t n = 0, most;
	uint64_t va;
	char *p;

	(void)arg;
	CHECK(hl_exec_spawn(&e, nothing, NULL) == 0 && hl_exec_join(e, NULL) == 0);
	for (int round = 0; round < 3; round++) {
		for (n = 0; (blocks[n] = malloc(100000)); n++)
			CHECK(n < 199);
		most = n - n / 8; /* tables are going to take some */
		CHECK(most > 20);
		while (n > 0)
			free(blocks[--n]);
		/* with what is kept there is no memory for this */
		p = mmap(NULL, most * 90000, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
		memset(p, 1, most * 90000);
		CHECK(munmap(p, most * 90000) == 0);

		for (n = 0; n < most; n++)
			CHECK((blocks[n] = malloc(100000)));
		while (n > 0)
			free(blocks[--n]);
		/* nor for that, a block of another size */
		p = malloc(most * 90000);
		CHECK(p);
		free(p);

		for (n = 0; n < most; n++)
			CHECK((blocks[n] = malloc(100000)));
		while (n > 0)
			free(blocks[--n]);
		/* nor stacks */
		for (int i = 0; i < 8; i++)
			CHECK(pthread_create(&t[i], NULL, wait, &sem) == 0);
		for (int i = 0; i < 8; i++)
			hl_sem_post(&sem);
		for (int i = 0; i < 8; i++)
			CHECK(pthread_join(t[i], NULL) == 0);

		for (n = 0; (blocks[n] = malloc(100000)); n++)
			CHECK(n < 199);
		while (n > 0)
			free(blocks[--n]);
		/* and who calls the kernel himself can ask for it */
		va = hl_va_alloc(2000);
		CHECK(va);
		for (n = 0; sys_map_new(va + n * PAGE_SIZE, 1, MAP_R | MAP_W) == 1; n++)
			;
		CHECK(n < 2000 && hl_memory_release());
		CHECK(sys_map_new(va + n * PAGE_SIZE, 1, MAP_R | MAP_W) == 1);
		CHECK(hl_map(HL_SELF, va, 0, 2000, MAP_UNMAP, HL_SELF) == 0);
		hl_va_free(va, 2000);
	}
	return 7;
}

static void under_pressure(void)
{
	const struct hl_space_attr attr = {.budget = 1500};
	struct hl_space *s;
	struct hl_end end;

	CHECK(hl_space_create(&s, &attr) == 0 && hl_space_start(s, pressed, NULL) == 0);
	CHECK(hl_space_wait(s, &end) == 0 && end.how == TELL_ENDED && end.code == 7);
	hl_space_destroy(s);
}

int main(void)
{
	one_size();
	all_sizes();
	in_proportion();
	under_pressure();
	return 0;
}

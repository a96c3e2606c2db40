/* SPDX-License-Identifier: MIT
 *
 * malloc: what each function promises, that blocks never overlap, that memory goes back to
 * the kernel, and that executors free what others made, also when those have ended.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>

#include <hartleaf/exec.h>
#include <hartleaf/space.h>
#include <hartleaf/sync.h>
#include <hartleaf/va.h>

#include "../../../rt/src/rt.h"
#include "../check.h"

#define SLOTS_LIVE 400
#define STEPS      2000
#define WORKERS    4
#define MESSAGES   3000

struct live {
	uint8_t *block;
	size_t size;
	uint8_t mark;
};

static uint64_t below(uint64_t *state, uint64_t n)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (*state >> 33) % n;
}

static size_t some_size(uint64_t *state)
{
	switch (below(state, 64)) {
	case 0:
		return below(state, 200000);
	case 1 ... 10:
		return below(state, 17000);
	default:
		return below(state, 300);
	}
}

static int holds(const struct live *l)
{
	for (size_t i = 0; i<l->size; i += l->size> 1000 ? 97 : 1)
		if (l->block[i] != l->mark)
			return 0;
	return l->size == 0 || l->block[l->size - 1] == l->mark;
}

/* Random calls; what is in a block stays until it is freed. */
static long churn(void *arg)
{
	struct live *live = calloc(SLOTS_LIVE, sizeof(*live));
	uint64_t state = (uint64_t)arg * 77 + 1;

	CHECK(live);
	for (int i = 0; i < STEPS; i++) {
		struct live *l = &live[below(&state, SLOTS_LIVE)];
		size_t size = some_size(&state);

		if (!l->block) {
			size_t align = 1ul << below(&state, 14);

			l->block = below(&state, 4) ? malloc(size) : memalign(align, size);
			CHECK(l->block && (uint64_t)l->block % 16 == 0);
			CHECK(malloc_usable_size(l->block) >= size);
		} else if (below(&state, 3) == 0) {
			uint8_t *block = realloc(l->block, size);

			CHECK(block);
			l->block = block;
			if (l->size > size)
				l->size = size;
			CHECK(holds(l));
		} else {
			CHECK(holds(l));
			free(l->block);
			l->block = NULL;
			continue;
		}
		l->size = size;
		l->mark = (uint8_t)below(&state, 256);
		memset(l->block, l->mark, size);
	}
	for (int i = 0; i < SLOTS_LIVE; i++) {
		CHECK(!live[i].block || holds(&live[i]));
		free(live[i].block);
	}
	free(live);
	return 0;
}

static void promises(void)
{
	const volatile size_t most = SIZE_MAX; /* the compiler warns of what is tested here */
	void *volatile p;                      /* or the compiler makes nothing of it all */
	void *q;
	uint8_t *bytes;

	p = malloc(0);
	q = malloc(0);
	CHECK(p && q && p != q);
	free(p);
	free(q);
	free(NULL);
	errno = 0;
	p = malloc(most / 2);
	CHECK(!p && errno == ENOMEM);
	errno = 0;
	p = malloc(most);
	CHECK(!p && errno == ENOMEM);
	errno = 0;
	p = calloc(most / 2, 3);
	CHECK(!p && errno == ENOMEM);
	errno = 0;
	p = malloc(10);
	memcpy(p, "123456789", 10);
	q = realloc(p, most - 100);
	CHECK(!q && errno == ENOMEM && strcmp(p, "123456789") == 0);
	p = realloc(p, 300000);
	CHECK(p && strcmp(p, "123456789") == 0);
	p = realloc(p, 30000000);
	CHECK(p && strcmp(p, "123456789") == 0);
	errno = 0;
	q = realloc(p, 1ul << 38);
	CHECK(!q && errno == ENOMEM && strcmp(p, "123456789") == 0);
	p = realloc(p, 20);
	CHECK(p && strcmp(p, "123456789") == 0);
	free(p);
	for (size_t size = 1; size < 200000; size = size * 3 + 1) {
		bytes = malloc(size);
		memset(bytes, 0xff, size);
		__asm__ volatile("" : : "r"(bytes) : "memory"); /* or it isn't written */
		free(bytes);
		bytes = calloc(1, size);
		for (size_t i = 0; i < size; i++)
			CHECK(bytes[i] == 0);
		free(bytes);
	}
	CHECK(posix_memalign(&q, 3, 8) == EINVAL && posix_memalign(&q, 4, 8) == EINVAL);
	CHECK(posix_memalign(&q, 64, most / 2) == ENOMEM);
	for (size_t align = 8; align <= 1 << 22; align <<= 1)
		for (size_t size = 1; size < 100000; size = size * 7 + 3) {
			CHECK(posix_memalign(&q, align, size) == 0);
			CHECK((uint64_t)q % align == 0 && malloc_usable_size(q) >= size);
			memset(q, 1, size);
			free(q);
		}
	p = aligned_alloc(4096, 8192);
	CHECK(p && (uint64_t)p % 4096 == 0);
	free(p);
}

/* volatile: GCC thinks that malloc changes nothing */
static uint64_t free_pages(void)
{
	return *(const volatile uint64_t *)&hl_info()->free_pages;
}

/* All frames come back, of small blocks and of large ones. */
static void gives_back(void)
{
	static void *blocks[4000];

	for (int round = 0; round < 2; round++) {
		uint64_t before = free_pages();

		for (int i = 0; i < 4000; i++)
			CHECK((blocks[i] = malloc(i % 40 == 0 ? 50000 : 1000)));
		CHECK(before - free_pages() > 1500);
		for (int i = 0; i < 4000; i++)
			free(blocks[i]);
		CHECK(hl_memory_release() || round > 0);
		/* a hart may keep what it took for the next; blocks stay with classes */
		CHECK(before < free_pages() + 300);
	}
}

static void *_Atomic box[16];

/* Takes what the others have put into boxes and puts there what it has made. */
static long trade(void *arg)
{
	uint64_t state = (uint64_t)arg * 13 + 5;

	for (int i = 0; i < MESSAGES; i++) {
		size_t size = 16 + below(&state, 700);
		uint8_t *block = malloc(size), *other;

		CHECK(block);
		memset(block, (int)size & 0xff, size);
		memcpy(block, &size, sizeof(size));
		other = atomic_exchange_explicit(&box[below(&state, 16)], block,
						 memory_order_acq_rel);
		if (!other)
			continue;
		memcpy(&size, other, sizeof(size));
		for (size_t k = sizeof(size); k < size; k++)
			CHECK(other[k] == (uint8_t)size);
		free(other);
	}
	return 0;
}

static void crowd(long (*fn)(void *))
{
	struct hl_exec *e[WORKERS];
	long code;

	for (uint64_t i = 0; i < WORKERS; i++)
		CHECK(hl_exec_spawn(&e[i], fn, (void *)i) == 0);
	for (int i = 0; i < WORKERS; i++)
		CHECK(hl_exec_join(e[i], &code) == 0 && code == 0);
}

static long ends_at_once(void *arg)
{
	*(void **)arg = malloc(100);
	return 0;
}

/* Executors that end leave no memory behind, nor what they made and others free. */
static void ends(void)
{
	uint64_t before = 0;

	for (int i = 0; i < 300; i++) {
		struct hl_exec *e;
		void *block;

		if (i == 100)
			before = free_pages();
		CHECK(hl_exec_spawn(&e, ends_at_once, &block) == 0 && hl_exec_join(e, NULL) == 0);
		free(block);
	}
	CHECK(free_pages() + 100 > before);
}

static _Atomic uint64_t bare_done;

/* Without stack guard, thread-local storage or rt's knowledge. */
static void bare(void)
{
	void *all[50];

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 50; i++) {
			all[i] = i == 0 ? malloc(100000) : malloc((size_t)i * 20);
			if (!all[i])
				sys_stop_self(1);
			memset(all[i], i, (size_t)i * 20);
		}
		for (int i = 0; i < 50; i++)
			free(all[i]);
	}
	if (malloc(SIZE_MAX / 2) || posix_memalign(all, 64, 100))
		sys_stop_self(1);
	atomic_store_explicit(&bare_done, 1, memory_order_release);
	sys_stop_self(0);
}

static void without_tls(void)
{
	hl_handle e = hl_va_alloc(1);
	uint64_t stack = hl_va_alloc(4);

	CHECK(sys_map_executor(HL_SELF, e, MAP_R | MAP_W | MAP_X) == 1);
	CHECK(sys_map_new(stack, 4, MAP_R | MAP_W) == 4);
	CHECK(sys_start(e, (uint64_t)bare, stack + 4 * PAGE_SIZE, 0, 0, HL_START_ABI) == 0);
	while (!atomic_load_explicit(&bare_done, memory_order_acquire)) {
		free(malloc(3000));
		sys_yield();
	}
}

/* With all memory in use malloc says so, and goes on when there is some again. */
static long exhaust(void *arg)
{
	void *list = NULL, *next, **block;
	size_t got = 0;

	(void)arg;
	for (size_t size = 20000; size >= 16; size = size * 2 / 3)
		while ((block = malloc(size))) {
			*block = list;
			list = block;
			got += size;
		}
	CHECK(errno == ENOMEM && got > 100 * PAGE_SIZE);
	for (int i = 0; list; i++, list = next) {
		next = *(void **)list;
		free(list);
	}
	block = malloc(got * 9 / 10);
	CHECK(block);
	free(block);
	return 7;
}

static void in_a_child(long (*fn)(void *), long code)
{
	struct hl_space *s;
	struct hl_end end;

	CHECK(hl_space_create(&s, NULL) == 0 && hl_space_start(s, fn, NULL) == 0);
	CHECK(hl_space_wait(s, &end) == 0 && end.how == TELL_ENDED && end.code == code);
	hl_space_destroy(s);
}

int main(void)
{
	promises();
	without_tls();
	gives_back();
	churn(NULL);
	crowd(churn);
	for (int i = 0; i < 3; i++)
		crowd(trade);
	ends();
	in_a_child(exhaust, 7);
	return 0;
}

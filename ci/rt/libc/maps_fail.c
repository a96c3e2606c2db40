/* SPDX-License-Identifier: MIT
 *
 * mmap and its like where they fail: what is refused, what lies in somebody's way, and no memory.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hartleaf/layout.h>
#include <hartleaf/space.h>
#include <hartleaf/va.h>

#include "../check.h"
#include "maps.h"

/* Addresses of nobody's, and of others that rt has taken for itself. */
void maps_refused(void)
{
	char *fixed = (char *)RT_MEET_GIGA, *heap = (char *)(RT_HEAP_TOP - 5 * PAGE_SIZE);
	void *p;

	CHECK(mmap(NULL, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(munmap(NULL, PAGE_SIZE) == -1 && errno == EINVAL);
	CHECK(mprotect(NULL, PAGE_SIZE, RW) == -1 && errno == ENOMEM);
	CHECK(munmap(fixed, PAGE_SIZE) == 0 && munmap(fixed + 1, 1) == -1 && errno == EINVAL);
	CHECK(mmap(fixed, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0) == fixed);
	*fixed = 1;
	CHECK(munmap(fixed, PAGE_SIZE) == 0 && munmap(fixed, PAGE_SIZE) == 0);
	/* in the midst of what the heap is going to take */
	CHECK(mmap(heap, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0) == heap);
	*heap = 1;
	p = malloc(3000000);
	CHECK(p && *heap == 1);
	free(p);
	CHECK(munmap(heap, PAGE_SIZE) == 0);
	/* and of what sbrk would */
	p = sbrk(0);
	heap = (char *)(((uint64_t)p + 3 * PAGE_SIZE) & -PAGE_SIZE);
	CHECK(mmap(heap, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0) == heap);
	*heap = 7;
	CHECK(sbrk(20 * PAGE_SIZE) == (void *)-1 && errno == ENOMEM && *heap == 7 && sbrk(0) == p);
	CHECK(munmap(heap, PAGE_SIZE) == 0 && sbrk(20 * PAGE_SIZE) == p);
}

/* Where there is no memory, and what fails leaves no frame and no address behind. */
static long without_memory(void *arg)
{
	static char *at[4000];
	char *const far = (char *)0x3800000000;
	char *p, *q;
	uint64_t va = 0;
	int n = 0;

	(void)arg;
	p = mmap(NULL, 64 * PAGE_SIZE, RW, ANON, -1, 0);
	CHECK(p != MAP_FAILED);
	memset(p, 3, 64 * PAGE_SIZE);
	CHECK(mmap(far, 600 * PAGE_SIZE, PROT_NONE, ANON | MAP_FIXED, -1, 0) == far);
	CHECK(munmap(far + 100 * PAGE_SIZE, 300 * PAGE_SIZE) == 0);
	for (size_t pages = 16; pages > 0; pages /= 4)
		while ((q = mmap(NULL, pages * PAGE_SIZE, RW, ANON, -1, 0)) != MAP_FAILED) {
			CHECK(n < 4000);
			at[n++] = q;
			memset(q, 4, pages * PAGE_SIZE);
		}
	for (int i = 0; i < 300; i++) {
		CHECK(mmap(NULL, 10 * PAGE_SIZE, RW, ANON, -1, 0) == MAP_FAILED);
		CHECK(errno == ENOMEM);
		/* over what is free, and what is its own */
		CHECK(mmap(far, 600 * PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED);
		CHECK(errno == ENOMEM && hl_va_alloc(1ul << 30) == 0);
		va = hl_va_alloc(1);
		CHECK(va);
		hl_va_free(va, 1);
	}
	CHECK(mmap(far, 200 * PAGE_SIZE, PROT_NONE, ANON | MAP_FIXED, -1, 0) == far);
	for (int i = 0; i < 64; i++)
		CHECK(p[i * PAGE_SIZE] == 3);
	for (int i = 0; i < n; i++)
		CHECK(*at[i] == 4);
	CHECK(munmap(p, 64 * PAGE_SIZE) == 0);
	q = mmap(NULL, 50 * PAGE_SIZE, RW, ANON, -1, 0);
	CHECK(q == p);
	return 7;
}

void maps_without_memory(void)
{
	const struct hl_space_attr attr = {.budget = 1000};
	struct hl_space *s;
	struct hl_end end;

	CHECK(hl_space_create(&s, &attr) == 0 && hl_space_start(s, without_memory, NULL) == 0);
	CHECK(hl_space_wait(s, &end) == 0 && end.how == TELL_ENDED && end.code == 7);
	hl_space_destroy(s);
}

/* SPDX-License-Identifier: MIT
 *
 * mmap and its like, over addresses (va.h) and map.  PROT_NONE is addresses without memory.
 *
 * Rights of a leaf never grow.  So that mprotect can give some that a page was not made
 * with, it makes another with the same bytes and puts that in its place; as nobody else may
 * write it meanwhile, that isn't seen.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <hartleaf/layout.h>
#include <hartleaf/sync.h>
#include <hartleaf/va.h>

#include "../va.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

static int fail(int error)
{
	errno = error;
	return -1;
}

static size_t pages_of(size_t size)
{
	return (size >> PAGE_SHIFT) + (size % PAGE_SIZE != 0);
}

static uint64_t rights_of(int prot)
{
	return (prot ? MAP_R : 0) | (prot & PROT_WRITE ? MAP_W : 0) |
	       (prot & PROT_EXEC ? MAP_X : 0);
}

static int error_of(int result)
{
	return result == -HL_EINVAL ? EINVAL : result == -HL_EPERM ? EACCES : ENOMEM;
}

static int check(const void *addr, size_t size, int prot)
{
	uint64_t va = (uint64_t)addr;

	if (va % PAGE_SIZE || size == 0 || (prot & ~PROT_ALL))
		return EINVAL;
	if ((prot & PROT_WRITE) && (prot & PROT_EXEC))
		return ENOTSUP;
	return va >= USER_TOP || pages_of(size) > (USER_TOP - va) >> PAGE_SHIFT ? ENOMEM : 0;
}

/* What boot and rt have put there for themselves: no mmap. */
static bool is_low(uint64_t va)
{
	return va < RT_SMALL_TOP;
}

void *mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	size_t pages = pages_of(size);
	bool fixed = flags & MAP_FIXED;
	int error = check(fixed ? addr : NULL, size, prot), result = 0;
	struct rt_claim c;

	(void)fd, (void)offset;
	if (!error && !(flags & (MAP_PRIVATE | MAP_SHARED)))
		error = EINVAL;
	if (!error && !(flags & MAP_ANONYMOUS))
		error = ENODEV;
	if (!error && (fixed ? is_low((uint64_t)addr) || !rt_va_claim(&c, (uint64_t)addr, pages)
			     : !rt_va_claim_new(&c, pages)))
		error = ENOMEM;
	if (error) {
		errno = error;
		return MAP_FAILED;
	}
	if (prot != PROT_NONE && !fixed)
		result = rt_map_new(c.va, pages, rights_of(prot));
	else if (fixed)
		result = hl_map(HL_SELF, c.va, 0, pages,
				prot == PROT_NONE
					? MAP_UNMAP
					: MAP_NEW | MAP_MEMORY | MAP_REPLACE | rights_of(prot),
				HL_SELF);
	if (result == 0) {
		rt_va_settle(&c, RT_VA_TAKEN);
		return (void *)c.va;
	}
	/* What was there may be unmapped then, as the standard says; but it stays the program's. */
	rt_va_settle(&c, fixed ? RT_VA_AS_IT_WAS : RT_VA_FREE);
	errno = error_of(result);
	return MAP_FAILED;
}

int munmap(void *addr, size_t size)
{
	struct rt_claim c;
	int result;

	if (check(addr, size, PROT_NONE) || is_low((uint64_t)addr))
		return fail(EINVAL);
	/* claimed, so that nobody is given a hole in it before it is unmapped */
	if (!rt_va_claim(&c, (uint64_t)addr, pages_of(size)))
		return fail(ENOMEM);
	result = hl_map(HL_SELF, c.va, 0, pages_of(size), MAP_UNMAP, HL_SELF);
	rt_va_settle(&c, result == 0 ? RT_VA_FREE : RT_VA_AS_IT_WAS);
	return result == 0 ? 0 : fail(EINVAL);
}

/* Another page with the same bytes and these rights. */
static int replace(uint64_t va, uint64_t rights)
{
	uint64_t fresh = hl_va_alloc(1);
	long result;

	if (!fresh)
		return -HL_ENOMEM;
	result = rt_map_new(fresh, 1, rights | MAP_W | (rights & MAP_X ? MAP_WX : 0));
	if (result == 0) {
		memcpy((void *)fresh, (const void *)va, PAGE_SIZE);
		result = sys_protect(fresh, 1, rights);
		if (result == 1)
			result = sys_map_move(HL_SELF, va, fresh, 1,
					      MAP_MEMORY | MAP_REPLACE | rights);
		sys_unmap(fresh, 1);
	}
	hl_va_free(fresh, 1);
	return result == 1 ? 0 : (int)result;
}

int mprotect(void *addr, size_t size, int prot)
{
	uint64_t va = (uint64_t)addr, rights = rights_of(prot);
	int error = check(addr, size, prot);

	if (error)
		return fail(error);
	if (prot == PROT_NONE)
		return fail(ENOTSUP); /* a leaf without rights is no leaf: the bytes would go */
	if (!rt_va_taken(va, pages_of(size)))
		return fail(ENOMEM); /* nothing was mapped there, not even PROT_NONE */
	for (size_t left = pages_of(size); left > 0;) {
		size_t some = left < MAP_COUNT_MAX ? left : MAP_COUNT_MAX;
		long done = sys_protect(va, some, MAP_MEMORY | rights);

		if (done == -HL_EFAULT && !is_low(va))
			done = rt_map_new(va, 1, rights) == 0 ? 1 : -HL_ENOMEM;
		else if (done == -HL_EPERM)
			done = replace(va, rights) == 0 ? 1 : -HL_ENOMEM;
		if (done < 0)
			return fail(error_of((int)done));
		va += (uint64_t)done << PAGE_SHIFT;
		left -= (size_t)done;
	}
	return 0;
}

/* None of these is needed. */
int madvise(void *addr, size_t size, int advice)
{
	if ((uint64_t)addr % PAGE_SIZE || advice < MADV_NORMAL || advice > MADV_WILLNEED)
		return fail(EINVAL);
	(void)size;
	return 0;
}

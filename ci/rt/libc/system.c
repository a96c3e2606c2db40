/* SPDX-License-Identifier: MIT
 *
 * mmap and mprotect, sysconf, getentropy, the environment, and how a program ends.  Booted
 * with the words COLOUR=blue and plain=word.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hartleaf/rt.h>

#include "../check.h"

#define RW        (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static void memory(void)
{
	size_t size = 600 * 4096;
	uint32_t *code;
	char *p = mmap(NULL, size, RW, ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && (uint64_t)p % 4096 == 0);
	for (size_t i = 0; i < size; i += 4096)
		CHECK(p[i] == 0);
	memset(p, 7, size);
	CHECK(mprotect(p, size, PROT_READ) == 0 && p[size - 1] == 7);
	CHECK(mprotect(p + 4096, 4096, RW) == 0);
	p[4096] = 8;
	CHECK(p[4097] == 7 && p[0] == 7);
	CHECK(mmap(p + 8192, 4096, RW, ANONYMOUS | MAP_FIXED, -1, 0) == p + 8192);
	CHECK(p[8192] == 0 && p[8191] == 7 && p[3 * 4096] == 7);
	CHECK(madvise(p, size, MADV_WILLNEED) == 0);
	CHECK(munmap(p, size) == 0);
	/* addresses first, memory later */
	p = mmap(NULL, size, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(p != MAP_FAILED && mprotect(p + 4096, 8192, RW) == 0);
	memset(p + 4096, 1, 8192);
	CHECK(munmap(p, size) == 0);
	/* code that is written, then run: li a0, 42; ret */
	code = mmap(NULL, 4096, RW, ANONYMOUS, -1, 0);
	code[0] = 0x02a00513;
	code[1] = 0x00008067;
	CHECK(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
	__asm__ volatile("fence.i" ::: "memory");
	CHECK(((int (*)(void))code)() == 42);
	CHECK(mprotect(code, 4096, RW) == 0);
	code[0] = 0;
	CHECK(munmap(code, 4096) == 0);
	errno = 0;
	CHECK(mmap(NULL, 4096, RW | PROT_EXEC, ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOTSUP);
	CHECK(mmap(NULL, 0, RW, ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 1, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 1, RW, MAP_PRIVATE, 0, 0) == MAP_FAILED && errno == ENODEV);
	CHECK(mmap(NULL, 1ul << 50, RW, ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(mmap(NULL, 1ul << 35, RW, ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(munmap((void *)1, 4096) == -1 && errno == EINVAL);
	CHECK(mprotect((void *)0x2000000001, 4096, RW) == -1 && errno == EINVAL);
}

static void facts(void)
{
	char a[32] = "", b[32] = "", big[257];

	CHECK(sysconf(_SC_PAGESIZE) == 4096 && getpagesize() == 4096);
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) == hl_info()->harts);
	CHECK(sysconf(_SC_PHYS_PAGES) > sysconf(_SC_AVPHYS_PAGES));
	errno = 0;
	CHECK(sysconf(12345) == -1 && errno == EINVAL);
	CHECK(getentropy(a, 32) == 0 && getentropy(b, 32) == 0 && memcmp(a, b, 32) != 0);
	errno = 0;
	CHECK(getentropy(big, 257) == -1 && errno == EIO);
	CHECK(getpid() == 1 && kill(1, 0) == 0 && kill(7, 0) == -1 && errno == ESRCH);
}

static volatile int raised;

static void handler(int signal)
{
	raised = signal;
}

static void words(int argc, char **argv)
{
	CHECK(argc == 2 && strcmp(argv[1], "plain=word") == 0);
	CHECK(strcmp(getenv("COLOUR"), "blue") == 0 && !getenv("plain") && !getenv("COLOU"));
	CHECK(setenv("COLOUR", "red", 0) == 0 && strcmp(getenv("COLOUR"), "blue") == 0);
	CHECK(setenv("COLOUR", "very red", 1) == 0 && strcmp(getenv("COLOUR"), "very red") == 0);
	CHECK(setenv("NEW", "1", 0) == 0 && strcmp(getenv("NEW"), "1") == 0);
	CHECK(unsetenv("NEW") == 0 && !getenv("NEW"));
	CHECK(signal(SIGUSR1, handler) == SIG_DFL && raise(SIGUSR1) == 0 && raised == SIGUSR1);
}

static void first(void)
{
	CHECK(raised == SIGUSR1);
	raised = 0;
}

static void second(void)
{
	_Exit(raised == 0 ? 0 : 5);
}

static void never(void)
{
	_Exit(6);
}

int main(int argc, char **argv)
{
	memory();
	facts();
	words(argc, argv);
	CHECK(atexit(never) == 0);
	CHECK(at_quick_exit(second) == 0 && at_quick_exit(first) == 0);
	quick_exit(4);
}

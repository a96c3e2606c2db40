/* SPDX-License-Identifier: MIT
 *
 * What language runtimes and benchmarks ask of a C library: errors by longjmp, numbers to
 * text and back, files, dates, signals, sorting, clocks.  One function for each sort of
 * program; what they use was taken from how such programs are written, nothing from them.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"

/* An interpreter with a garbage collector: everything from one realloc, errors that jump
 * through frames, scripts read by character. */
struct catcher {
	jmp_buf here;
	volatile int code;
};

static void *counted(void *p, size_t old, size_t size, size_t *total)
{
	*total += size - old;
	if (size == 0) {
		free(p);
		return NULL;
	}
	return realloc(p, size);
}

static void throw(struct catcher * c, int code)
{
	c->code = code;
	longjmp(c->here, 1);
}

/* volatile: or the compiler sees that nobody returns */
static void (*volatile thrower)(struct catcher *, int) = throw;

static int deep(struct catcher *c, int n)
{
	char frame[64];

	if (n == 0) {
		thrower(c, 42);
		return 0;
	}
	memset(frame, n, sizeof(frame));
	return deep(c, n - 1) + frame[n % 64];
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	interrupted = signal;
}

static void catches(void)
{
	struct catcher c = {.code = 0};

	if (setjmp(c.here) == 0)
		deep(&c, 100);
	CHECK(c.code == 42);
}

static void interpreter(void)
{
	size_t total = 0;
	char *text = NULL, number[40], *end;
	FILE *f = fopen("text.txt", "r");
	int ch, n = 0;

	CHECK(f);
	while ((ch = getc(f)) != EOF) {
		text = counted(text, (size_t)n, (size_t)n + 1, &total);
		text[n++] = (char)ch;
	}
	CHECK(fclose(f) == 0 && n == 20 && total == 20 && isalpha((unsigned char)text[0]));
	counted(text, total, 0, &total);
	CHECK(total == 0);
	snprintf(number, sizeof(number), "%.14g", 0.1 + 0.2);
	CHECK(strcmp(number, "0.3") == 0);
	snprintf(number, sizeof(number), "%.17g", 1e300 / 3);
	CHECK(strtod(number, &end) == 1e300 / 3 && *end == 0);
	CHECK(strtol("0x7fz", &end, 16) == 127 && *end == 'z');
	CHECK(strtoll("-9223372036854775808", NULL, 10) == INT64_MIN);
	CHECK(*localeconv()->decimal_point == '.' && setlocale(LC_ALL, "C") &&
	      strcoll("a", "b") < 0);
	CHECK(fmod(7.5, 2) == 1.5 && pow(2, 0.5) > 1.41421356 && pow(2, 0.5) < 1.41421357);
	CHECK(floor(-2.5) == -3 && ldexp(0.75, 3) == 6 && frexp(6, &n) == 0.75 && n == 3);
	CHECK(strpbrk("key=value", "=") && strspn("   x", " ") == 3 && strstr("haystack", "st"));
	CHECK(signal(SIGINT, on_interrupt) != SIG_ERR && raise(SIGINT) == 0);
	CHECK(interrupted == SIGINT && signal(SIGINT, SIG_DFL) != SIG_ERR);
	CHECK(!system(NULL) && !tmpfile() && remove("text.txt") == -1 && strerror(ENOENT));
}

/* A data base in memory: dates, random numbers, the size of blocks, modes of files that
 * aren't to be changed. */
static int ascending(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void data_base(void)
{
	struct tm tm = {.tm_year = 100, .tm_mon = 1, .tm_mday = 29, .tm_hour = 12}, back;
	struct timeval tv;
	time_t t = mktime(&tm);
	char text[40];
	int numbers[500];
	struct stat st;
	void *page, *block = malloc(1000);

	CHECK(t == 951825600 && gmtime_r(&t, &back) && back.tm_mday == 29 && back.tm_wday == 2);
	CHECK(strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&t, &back)) == 19);
	CHECK(strcmp(text, "2000-02-29 12:00:00") == 0 && difftime(t + 5, t) == 5);
	CHECK(gettimeofday(&tv, NULL) == 0 && tv.tv_usec < 1000000 && tv.tv_sec > t);
	CHECK(block && malloc_usable_size(block) >= 1000);
	block = realloc(block, 100000);
	CHECK(block && malloc_usable_size(block) >= 100000);
	free(block);
	srand(1);
	for (int i = 0; i < 500; i++)
		numbers[i] = rand();
	qsort(numbers, 500, sizeof(int), ascending);
	for (int i = 1; i < 500; i++)
		CHECK(numbers[i - 1] <= numbers[i]);
	CHECK(bsearch(&numbers[77], numbers, 500, sizeof(int), ascending));
	page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED && munmap(page, 65536) == 0);
	CHECK(open("data.db", O_RDWR | O_CREAT, 0644) == -1 && errno == EROFS);
	CHECK(access("data.db", F_OK) == -1 && stat("data.db-journal", &st) == -1);
	CHECK(fchmod(1, 0644) == -1 && errno == EROFS && fchown(1, 0, 0) == -1 && geteuid() == 0);
	CHECK(readlink("text.txt", text, sizeof(text)) == -1 && errno == EINVAL);
	CHECK(getcwd(text, sizeof(text)) && strcmp(text, "/") == 0 && chdir("/") == 0);
	CHECK(getpid() > 0 && sysconf(_SC_PAGESIZE) == 4096 && usleep(1) == 0);
}

/* A benchmark: time in clock ticks, a report with fractions. */
static void benchmark(void)
{
	clock_t begin = clock();
	uint32_t crc = 0;
	char text[80];
	double seconds;

	while (clock() - begin < CLOCKS_PER_SEC / 1000)
		for (uint32_t i = 0; i < 1000; i++)
			crc = crc >> 1 ^ (-(crc & 1) & 0xedb88320) ^ i;
	seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
	snprintf(text, sizeof(text), "%-10s: %8.3f %08x", "Total time", seconds, (unsigned)crc);
	CHECK(seconds >= 0.001 && strlen(text) == 29 && strchr(text, '.'));
}

int main(void)
{
	catches();
	interpreter();
	data_base();
	benchmark();
	return 0;
}

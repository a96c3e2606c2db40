/* SPDX-License-Identifier: MIT
 *
 * What a bench is measured with: instructions retired (mode icount) or the
 * machine's time (mode wall).  Neither is read inside a loop that is measured,
 * but where two harts are compared.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include "mark.h"

#include <stdbool.h>
#include <stdint.h>

enum mode {
	ICOUNT = 1,
	WALL = 2,
};

extern enum mode clock_mode;

static inline uint64_t clock_now(void)
{
	uint64_t now;

	if (clock_mode == ICOUNT)
		asm volatile("rdinstret %0" : "=r"(now)::"memory");
	else
		asm volatile("rdtime %0" : "=r"(now)::"memory");
	return now;
}

/* How the last CLOCK_WINDOW moved the clock, for samples_add; 0: there was none. */
extern int64_t clock_window;

/* The same clock with the plugin's marks beside it, which see what it sees but for
 * CLOCK_MARKED instructions: both marks and the first read of the clock. */
#define CLOCK_MARKED 3

static inline uint64_t clock_begin(void)
{
	uint64_t now;

	if (clock_mode != ICOUNT)
		return clock_now();
	asm volatile("rdinstret %0\n\t" MARK(MARK_BEGIN) : "=r"(now)::"memory");
	return now;
}

static inline uint64_t clock_end(void)
{
	uint64_t now;

	if (clock_mode != ICOUNT)
		return clock_now();
	asm volatile(MARK(MARK_END) "rdinstret %0" : "=r"(now)::"memory");
	return now;
}

/* Runs `body` `ops` times and says what the clock moved by.  In it is also what
 * clock_empty(ops) says: the loop, and reading the clock. */
#define CLOCK_WINDOW(ops, body)                                                                    \
	({                                                                                         \
		uint64_t begin_ = clock_begin();                                                   \
		for (unsigned long n_ = (ops); n_; n_--) {                                         \
			body;                                                                      \
			asm volatile("" : "+r"(n_));                                               \
		}                                                                                  \
		clock_window = (int64_t)(clock_end() - begin_);                                    \
	})

int64_t clock_empty(unsigned long ops);

/* The same where a partner runs a loop of its own for `ops` turns. */
static inline int64_t clock_empty_pair(unsigned long ops)
{
	return 2 * clock_empty(ops) - clock_empty(0);
}

#endif

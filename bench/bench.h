/* SPDX-License-Identifier: MIT
 *
 * What a bench gets and gives: a plan of how much to measure, and the samples
 * it fills.  benches.def lists them all.
 */
#ifndef BENCH_H
#define BENCH_H

struct samples;

struct plan {
	unsigned int windows;
	unsigned long ops;  /* in one window */
	unsigned long size; /* the number at the end of the bench's name, or 0 */
};

#define BENCH(name, function, set, modes, description)                                             \
	void function(const struct plan *plan, struct samples *samples);
#include "benches.def"
#undef BENCH

/* Says why the running bench failed, and ends the program with 1. */
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

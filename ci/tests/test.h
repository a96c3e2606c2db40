/* SPDX-License-Identifier: MIT
 *
 * A small test framework for programs that try the kernel as a black box.
 *
 * A case registers itself by TEST and says by its name what it expects.  It
 * runs in the first executor, the runner, which polls with yield and so needs
 * nobody to wake it.  Checks may stand anywhere, also in executors that a case
 * starts: a failing one ends the case.  What a case made goes away by itself
 * (kit_reset), and then all frames must be there again.
 *
 * Waiting has a limit, but that detects hangs: no result depends on time.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdbool.h>
#include <stdint.h>

struct test_case {
	const char *name;
	void (*run)(void);
	unsigned min_harts;
	unsigned max_harts;
};

#define TEST(id) TEST_ON(id, 1, 64)
/* A case that needs, or bears, only so many harts; elsewhere it is skipped. */
#define TEST_ON(id, min, max)                                                                      \
	static void id(void);                                                                      \
	static const struct test_case case_##id = {#id, id, min, max};                             \
	static const struct test_case *const entry_##id                                            \
		__attribute__((section("test_cases"), used)) = &case_##id;                         \
	static void id(void)

#define CHECK(expr)                                                                                \
	do {                                                                                       \
		if (!(expr))                                                                       \
			test_fail(__FILE_NAME__, __LINE__, #expr);                                 \
	} while (0)

#define CHECK_EQ(got, want)                                                                        \
	do {                                                                                       \
		uint64_t got_ = (uint64_t)(got), want_ = (uint64_t)(want);                         \
		if (got_ != want_)                                                                 \
			test_fail_eq(__FILE_NAME__, __LINE__, #got " == " #want, got_, want_);     \
	} while (0)

/* Yield until it is so. */
#define AWAIT(expr)                                                                                \
	do {                                                                                       \
		uint64_t since_ = test_time();                                                     \
		while (!(expr))                                                                    \
			test_wait(since_, __FILE_NAME__, __LINE__, #expr);                         \
	} while (0)

/* Seconds after which waiting counts as a hang. */
#define PATIENCE 150

/* Said beside a failing check: which row of a table, which seed, which step. */
void test_note(const char *what, uint64_t number);

_Noreturn void test_fail(const char *file, int line, const char *expr);
_Noreturn void test_fail_eq(const char *file, int line, const char *expr, uint64_t got,
			    uint64_t want);
/* The argument name=number, in decimal, of the program; else what is given here.  For
 * the runner: the arguments are in no other space. */
uint64_t test_setting(const char *name, uint64_t otherwise);
void test_wait(uint64_t since, const char *file, int line, const char *expr);
uint64_t test_time(void);
unsigned harts(void);
/* n on few harts, less on many.  An emulated machine may have more harts than
 * there are processors for them; then every hand-over of a queue lock, every
 * shootdown, can cost a time slice. */
unsigned rounds(unsigned n);

/* Pseudo-random numbers, the same in every run. */
struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	/* Shifts and sums only: the target has no multiplier. */
	z ^= z >> 30;
	z += z << 21;
	z ^= z >> 27;
	z += z << 9;
	z ^= z >> 31;
	z += z << 4;
	return z ^ z >> 33;
}

/* 0..n-1, n up to 65536 */
static inline unsigned random_below(struct random *r, unsigned n)
{
	return (unsigned)((random_next(r) >> 48) % n);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * A fuzzer of the calls.  In each round a supervisor, which lives in the first VAS, makes
 * a few address spaces with a few executors each, capabilities on each other, and little
 * budget.  They make random calls, and sequences of calls that they remember and mutate,
 * until the supervisor takes everything down and accounts for it.
 *
 * In such a space there are the program's text and rodata, nothing of its data, and a block
 * for each executor, which the supervisor sees, too.  What must hold there is checked there
 * (fuzz_judge.c, fuzz_quiet.c); the supervisor has the rest (fuzz.c, fuzz_keep.c).
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#define AT_ALARM 0x2f13578000 /* in a fuzzed space: where orphans say what is wrong */

#ifndef __ASSEMBLER__
#include <hartleaf/executor.h>
#include <hartleaf/info.h>
#include <hartleaf/layout.h>
#include <hartleaf/sys.h>
#include <stdbool.h>
#include <stdint.h>

#include "soak_hold.h"
#include "test.h"

#define INFO ((const volatile struct info *)INFO_VA)
#define RW   (MAP_R | MAP_W)
#define RX   (MAP_R | MAP_X)

#define FUZZERS 8 /* at most, in all spaces of a round */
#define SPACES  3
#define LARGE   0x200000UL

/* In a fuzzed space.  What calls are aimed at: pages on both sides of a table's border,
 * slots of capabilities, large leaves; nothing else is near these. */
#define AT_PAGES (RT_MEET_GIGA + LARGE - 8 * PAGE_SIZE)
#define PAGES    16
#define AT_CAPS  (RT_MEET_GIGA + 0x10000000)
#define CAPS     (FUZZERS + 1) /* the last one is on the canary, with R and nothing else */
#define AT_VASES (AT_CAPS + (uint64_t)CAPS * PAGE_SIZE)
#define VASES    (SPACES + 1)                             /* the same */
#define AT_OWN   (AT_VASES + (uint64_t)VASES * PAGE_SIZE) /* for what they make themselves */
#define OWN      8
#define AT_LARGE (RT_MEET_GIGA + 0x40000000 - LARGE) /* on both sides of a border, too */
#define LARGES   4
/* And out of their way: the blocks, and for each executor a window that only it maps. */
#define AT_BLOCKS   (AT_ALARM + PAGE_SIZE)
#define AT_QUIET    0x1b57913000
#define QUIET_PAGES 32
#define AT_BARE     (AT_QUIET + (FUZZERS + 1) * QUIET_PAGES * PAGE_SIZE) /* see bare() */
#define QUIET_COPY  6 /* where no copy of one with fewer rights may come to stand */
#define QUIET_SHOT  7 /* the page that the others in this space store to */

struct words {
	uint64_t a[8]; /* a0..a7 */
	uint64_t t0;
};

#define SEQUENCE  8
#define REMEMBERS 16

struct sequence {
	unsigned n;
	struct words call[SEQUENCE];
};

#define RING 32

/* One executor's; the supervisor has all of them as an array. */
struct fuzzer {
	struct random dice;
	volatile uint64_t beats;
	const char *volatile failed; /* a string of rodata; NULL: nothing is wrong */
	uint64_t got, want;          /* what it was */
	uint64_t number;             /* in the round */
	uint64_t mates;              /* mask of those in the same space */
	uint64_t touched;            /* address of the last load or store that may fault */
	bool fp;
	uint64_t made; /* calls, of which the last ones are in the ring */
	struct {
		struct words words;
		uint64_t result;
	} ring[RING];
	struct hold hold;
	unsigned quiet; /* pages in its window */
	bool shot;      /* so is the one that others store to */
	uint64_t stamp;
	/* Kept from round to round. */
	uint64_t seen[64]; /* what has happened, by hash */
	unsigned remembered;
	struct sequence memory[REMEMBERS];
	char stack[4096] __attribute__((aligned(16)));
} __attribute__((aligned(PAGE_SIZE)));

#define BLOCK(n) (AT_BLOCKS + (n) * sizeof(struct fuzzer))

/* Where fuzzed executors begin: sp = end of the stack, arg = block. */
void fuzz_begin(struct fuzzer *f);
/* In: a0 = seed.  One that needs no memory, for those whom fuzzed ones start. */
void fuzz_orphan(void);
/* Loads and stores that may fault, and then a keeper says so. */
struct touched {
	uint64_t value;
	uint64_t faulted;
};
struct touched fuzz_load(uint64_t va);
struct touched fuzz_store(uint64_t va, uint64_t value);
/* Where a keeper finds them, and where they go on. */
extern const char fuzz_load_at[], fuzz_store_at[], fuzz_faulted[];
extern const char _start[], etext[], __init_array_start[];

/* fuzz_child.c */
uint64_t fuzz_call(struct fuzzer *f, const struct words *w);
struct touched fuzz_touch(struct fuzzer *f, uint64_t va, bool store, uint64_t value);
_Noreturn void fuzz_bad(struct fuzzer *f, const char *what, uint64_t got, uint64_t want);
/* fuzz_words.c */
void fuzz_any_call(struct fuzzer *f, struct words *w);
void fuzz_mutate(struct fuzzer *f, struct words *w);
void fuzz_valid(struct fuzzer *f, struct sequence *s);
/* fuzz_judge.c: is this what such a call may leave? */
void fuzz_judge(struct fuzzer *f, const struct words *w);
void fuzz_judge_load(struct fuzzer *f); /* all as it was, whether it faulted or not */
/* fuzz_quiet.c */
void fuzz_quiet(struct fuzzer *f);
void fuzz_quiet_begin(struct fuzzer *f);
void fuzz_shoot(struct fuzzer *f);
_Noreturn void fuzz_canary(struct fuzzer *f);

static inline bool one_in(struct fuzzer *f, unsigned n)
{
	return random_below(&f->dice, n) == 0;
}

/* --- the supervisor's -------------------------------------------------------------- */

#define CANARY FUZZERS /* its block, behind the others' */

extern struct fuzzer fuzzers[FUZZERS + 1];
extern unsigned fuzzers_n;
extern volatile uint64_t fuzz_alarm[]; /* the page at AT_ALARM */
extern volatile uint64_t round_number;
/* Addresses in the first VAS */
#define SUP_EXEC(n) (RT_MEET_VA + (n)*PAGE_SIZE)
#define SUP_VIEW(n) (SUP_EXEC(16) + (n)*PAGE_SIZE)
#define SUP_VAS(n)  (SUP_EXEC(32) + (n)*PAGE_SIZE)
#define SUP_KEPT    (SUP_EXEC(48)) /* keepers and watchmen, then their views */
#define SUP_PROBE   (SUP_EXEC(300))

static inline const volatile struct executor *fuzz_view(uint64_t va)
{
	return (const volatile struct executor *)(va + *(volatile uint64_t *)(va + EX_PAGE_COLOUR));
}

/* fuzz_keep.c */
void keep_init(void);
long keep_start(unsigned n, uint64_t flags); /* fuzzer n, with its keeper */
void keep_quiet(void);                       /* until no keeper has anything to do */
void keep_lock(void);                        /* executors and views come and go */
void keep_unlock(void);
bool keep_beats(void); /* since the last time, all harts got on */
extern volatile uint64_t faults_told, faults_mended;
/* fuzz_report.c */
void report_init(uint64_t seed);
void report_failed(void); /* somebody did: says what, and ends */

#endif

#endif

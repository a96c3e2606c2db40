/* SPDX-License-Identifier: MIT
 *
 * Soak: for as long as told, executors of many kinds do everything to each other at
 * once, with pseudo-random choices, and every one checks what it can see.  No check
 * depends on who is faster.  A kind is a file or half of one, and says what it
 * checks; what all share is here.
 *
 * - Between soak_enter and soak_leave, which stand around every call, an executor
 *   has its word `inside` set: one that runs twice, or twice from the same frame,
 *   meets itself there.
 * - Who has steps counted and makes none for PATIENCE seconds hangs: that is how
 *   wakes and deadlines that get lost are noticed.
 */
#ifndef TESTS_SOAK_H
#define TESTS_SOAK_H

#include <hartleaf/executor.h>
#include <hartleaf/info.h>
#include <hartleaf/layout.h>
#include <hartleaf/sys.h>
#include <stdbool.h>
#include <stdint.h>

#include "entry.h"
#include "test.h"

#define INFO ((const volatile struct info *)INFO_VA)

#define ACTORS_MAX 256
#define STACK_SIZE 4096

/* Addresses in the first VAS */
#define SOAK_CAPS   RT_MEET_GIGA
#define SOAK_VIEWS  (SOAK_CAPS + ACTORS_MAX * PAGE_SIZE)
#define SOAK_BADGED (RT_MEET_GIGA + 0x10000000) /* soak_talk.c */
#define SOAK_SPACES (RT_MEET_GIGA + 0x20000000) /* soak_spaces.c */
#define SOAK_HOLE   (RT_MEET_GIGA + 0x300000000)

struct actor {
	uint64_t inside __attribute__((aligned(64)));
	volatile uint64_t steps;
	struct random dice;
	hl_handle handle; /* all rights */
	const volatile struct executor *view;
	struct entry_frame *entry; /* top of its stack */
	void (*act)(struct actor *);
	const char *kind;
	unsigned number;   /* among its kind */
	uint64_t flags;    /* for its start: START_FP, START_SET_AFFINITY | hart */
	uint64_t argument; /* of its start */
	bool watched;      /* makes steps */
	bool kept;         /* is started by others, with their flags */
	bool fp;           /* of one that is kept: has START_FP */

	/* soak_watch.c */
	uint64_t seen_steps;
	uint64_t seen_at;
	uint64_t marked_steps;
	uint64_t switches, time, preempted, migrated;
};

extern struct actor actors[ACTORS_MAX];
extern unsigned actor_count;
/* The end of a phase: whoever is asked to comes to an end. */
extern volatile bool over;
/* EX_HART of an executor that is bound to this hart */
extern struct hart *hart_page[INFO_HARTS_LIMIT];

/* A new executor; it runs act when all start. */
struct actor *actor_new(const char *kind, unsigned number, void (*act)(struct actor *),
			uint64_t flags, void *stack, uint64_t stack_size);
/* Start one that is stopped; what start returns. */
long actor_start(struct actor *a, uint64_t argument, hl_handle keeper, uint64_t flags);
static inline uint64_t life(const struct actor *a)
{
	return a->view->state & EX_LIFE;
}

/* Flags that bind to one of the harts, by turns. */
uint64_t bound(unsigned n);
/* Some hart, or any: flags. */
uint64_t random_affinity(struct random *dice);

/* What has happened; a phase goes on until nothing of it is missing. */
enum {
	SENT,    /* words by swap */
	MET,     /* a swap found nobody parked, or bound elsewhere */
	TOKEN,   /* a swap met a token */
	PASSED,  /* a deadline that had passed before */
	EXPIRED, /* one that came */
	WOKEN,   /* a wake before the deadline */
	ITEMS,   /* handed over by a word */
	HERDS,   /* times that all of a herd were woken */
	HELD,    /* registers over preemption, call or fault */
	HELD_FP,
	MENDED, /* faults that a keeper resumed */
	TOLD,   /* ends that a keeper was told of */
	STARTED,
	STOPPED,
	STOPPING, /* asked to, as it ran or was queued */
	RESUMED,
	ILLEGAL, /* floating point without leave to */
	SPACES,  /* address spaces made and taken down */
	COUNTS,
};
extern uint64_t counts[COUNTS];

static inline void count(unsigned what)
{
	__atomic_fetch_add(&counts[what], 1, __ATOMIC_RELAXED);
}

static inline uint64_t random_bit(struct random *dice)
{
	return random_next(dice) >> 63;
}

static inline struct actor *myself(void)
{
	struct actor *a;

	__asm__("mv %0, tp" : "=r"(a));
	return a;
}

/* --- calls ------------------------------------------------------------------- */

static inline void soak_enter(struct actor *a)
{
	CHECK_EQ(__atomic_exchange_n(&a->inside, 1, __ATOMIC_ACQ_REL), 0);
}

static inline void soak_leave(struct actor *a)
{
	uint64_t affinity = a->view->affinity;

	CHECK_EQ(__atomic_exchange_n(&a->inside, 0, __ATOMIC_ACQ_REL), 1);
	if (affinity != EX_HART_ANY)
		CHECK_EQ(a->view->hart, hart_page[affinity]);
}

static inline void soak_yield(struct actor *a)
{
	soak_enter(a);
	CHECK_EQ(sys_yield(), 0);
	soak_leave(a);
}

static inline long soak_wake(struct actor *a, hl_handle exec)
{
	soak_enter(a);
	long r = sys_wake(exec);
	soak_leave(a);
	CHECK(r == 0 || r == 1);
	return r;
}

/* A point in time that has passed, is near, or is never reached. */
uint64_t soak_deadline(struct random *dice);

/* park with everything.  Checks and counts what concerns the deadline. */
struct park {
	const volatile void *addr;
	uint64_t expected;
	unsigned flags;
	hl_handle next;
	uint64_t w[4];
	uint64_t deadline; /* with PARK_HAS_DEADLINE */
};
struct hl_words soak_park(struct actor *a, const struct park *p);
/* The same with a deadline half of the time. */
struct hl_words soak_park_any(struct actor *a, struct park p);
/* Wait for a time up to this, in microseconds, by whatever means. */
void soak_pause(struct actor *a, unsigned us);

/* --- kinds ------------------------------------------------------------------- */

void talk_init(void); /* soak_talk.c: talkers, sleepers */
void talk_check(void);
hl_handle random_talker(struct random *dice);
void wake_far_sleepers(struct actor *a);
void words_init(void); /* soak_words.c: pairs, a herd */
void words_start(void);
void torment_init(void); /* soak_torment.c: victims and who torments them */
void torment_end(void);
void keep_init(void); /* soak_keep.c: keepers, who faults, who holds registers */
hl_handle woken_keeper(void);
void spaces_init(void); /* soak_spaces.c: address spaces that come and go */

/* Load all registers with patterns, do one of these, compare. */
enum { HOLD_SPIN, HOLD_YIELD, HOLD_SLEEP, HOLD_FAULT };
void soak_hold(struct actor *a, unsigned what, bool fp);

/* --- watching ---------------------------------------------------------------- */

void watch_init(void);
/* A phase begins. */
void watch_start(void);
/* Look at some of the actors: steps, counters.  Ends the program on failure. */
void watch(struct random *dice);
/* Whether all who make steps have made one since watch_mark. */
void watch_mark(void);
bool watch_all_moved(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the tests are made of: calls with any arguments, scratch addresses,
 * workers (executors that run a function of this program), spaces (address
 * spaces that share this program's image) and probes (an access that may
 * fault).  Everything but the pool is taken back by kit_reset.
 *
 * The calls here are not rt's stubs: tests pass what no stub would.
 */
#ifndef TESTS_KIT_H
#define TESTS_KIT_H

#include <hartleaf/call.h>
#include <hartleaf/executor.h>
#include <hartleaf/info.h>
#include <hartleaf/layout.h>
#include <hartleaf/leaf.h>
#include <stdbool.h>
#include <stdint.h>

#include "entry.h"
#include "kernel_half.h"
#include "test.h"

#define INFO ((const volatile struct info *)INFO_VA)

/* First address above the user half, and how many tables lead to a page. */
#define TOP_OF_USER (INFO->user_top)
#define TABLES_DEEP (INFO->satp_mode == 9 ? 3U : 2U)
#define SV48        (INFO->satp_mode == 9)

/* Addresses that the kit uses in the first VAS; their tables are made once. */
#define ARENA       RT_MEET_GIGA /* scratch memory */
#define ARENA_PAGES 1024
#define CAPS        (ARENA + 0x10000000) /* scratch capability slots */
#define CAPS_PAGES  1024
#define POOL_CAPS   (ARENA + 0x20000000)  /* capabilities of the pool, then its views */
#define FAR_HOLE    (ARENA + 0x300000000) /* nothing here, and no table */
#define LARGE_AREA  (ARENA + 0x30000000)  /* no table for pages, one for large leaves */
#define LARGE_MAX   32
#define LARGE_SIZE  0x200000UL
#define LARGE_PAGES 512

#define RW (MAP_R | MAP_W)
#define RX (MAP_R | MAP_X)

/* --- calls --------------------------------------------------------------- */

struct result {
	int64_t a0;
	uint64_t a1, a2, a3, a4, a5;
};

static inline struct result call_words(uint64_t number, const uint64_t *a)
{
	register uint64_t a0 __asm__("a0") = a[0];
	register uint64_t a1 __asm__("a1") = a[1];
	register uint64_t a2 __asm__("a2") = a[2];
	register uint64_t a3 __asm__("a3") = a[3];
	register uint64_t a4 __asm__("a4") = a[4];
	register uint64_t a5 __asm__("a5") = a[5];
	register uint64_t a6 __asm__("a6") = a[6];
	register uint64_t a7 __asm__("a7") = number;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(a7)
			 :
			 : "memory", "t0", "t1", "t2", "t3", "t4", "t5", "t6");
	return (struct result){(int64_t)a0, a1, a2, a3, a4, a5};
}

/* With t0, where park has its deadline. */
static inline struct result call_timed(uint64_t number, uint64_t time, const uint64_t *a)
{
	register uint64_t t0 __asm__("t0") = time;
	register uint64_t a0 __asm__("a0") = a[0];
	register uint64_t a1 __asm__("a1") = a[1];
	register uint64_t a2 __asm__("a2") = a[2];
	register uint64_t a3 __asm__("a3") = a[3];
	register uint64_t a4 __asm__("a4") = a[4];
	register uint64_t a5 __asm__("a5") = a[5];
	register uint64_t a6 __asm__("a6") = a[6];
	register uint64_t a7 __asm__("a7") = number;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(a7), "+r"(t0)
			 :
			 : "memory", "t1", "t2", "t3", "t4", "t5", "t6");
	return (struct result){(int64_t)a0, a1, a2, a3, a4, a5};
}

/* CALL(number | flags, a0, a1, ...): what is left out is 0. */
#define CALL_ALL(number, ...) call_words(number, (const uint64_t[7]){__VA_ARGS__})
#define CALL(number, ...)     call_a0(number, (const uint64_t[7]){__VA_ARGS__})
/* PARK_TIMED(flags, deadline, a0, a1, ...) */
#define PARK_TIMED(flags, time, ...)                                                               \
	call_timed(CALL_PARK | PARK_HAS_DEADLINE | (flags), time, (const uint64_t[7]){__VA_ARGS__})

static inline int64_t call_a0(uint64_t number, const uint64_t *a)
{
	return call_words(number, a).a0;
}

static inline int64_t yield(void)
{
	return CALL(CALL_YIELD, 0);
}

static inline int64_t wake(uint64_t exec)
{
	return CALL(CALL_WAKE, exec);
}

static inline struct result park(void)
{
	return CALL_ALL(CALL_PARK, 0);
}

static inline int64_t park_if(volatile uint64_t *word, uint64_t expected)
{
	return CALL(CALL_PARK, (uint64_t)word, expected);
}

static inline int64_t park_until(uint64_t time)
{
	return PARK_TIMED(0, time, 0).a0;
}

/* Park and hand the hart and four words to next. */
static inline struct result swap(uint64_t next, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	return CALL_ALL(CALL_PARK, 0, 0, w0, w1, w2, w3, next);
}

static inline int64_t start(uint64_t exec, uint64_t pc, uint64_t sp, uint64_t arg)
{
	return CALL(CALL_START, exec, pc, sp, arg);
}

/* A flag of start: run only there; START_HART_ANY: anywhere. */
#define ON_HART(id) (START_SET_AFFINITY | (uint64_t)(id) << START_HART_SHIFT)

static inline int64_t start_kept(uint64_t exec, uint64_t pc, uint64_t sp, uint64_t arg,
				 uint64_t keeper, uint64_t badge)
{
	return CALL(CALL_START, exec, pc, sp, arg, keeper,
		    START_SET_KEEPER | badge << START_BADGE_SHIFT);
}

static inline int64_t resume(uint64_t exec, uint64_t pc)
{
	return CALL(CALL_START, exec, pc, 0, 0, 0, START_RESUME);
}

static inline int64_t stop(uint64_t handle, uint64_t code)
{
	return CALL(CALL_STOP, handle, code);
}

static inline int64_t map_new(uint64_t vas, uint64_t va, uint64_t count, uint64_t rights)
{
	return CALL(CALL_MAP, vas, va, 0, count, MAP_NEW | rights);
}

/* attr is rights and tag */
static inline int64_t share(uint64_t vas, uint64_t va, uint64_t source, uint64_t count,
			    uint64_t attr)
{
	return CALL(CALL_MAP, vas, va, source, count, MAP_SHARE | attr);
}

static inline int64_t move(uint64_t vas, uint64_t va, uint64_t source, uint64_t count,
			   uint64_t attr)
{
	return CALL(CALL_MAP, vas, va, source, count, MAP_MOVE | attr);
}

static inline int64_t protect(uint64_t vas, uint64_t va, uint64_t count, uint64_t attr)
{
	return CALL(CALL_MAP, vas, va, 0, count, MAP_PROTECT | attr);
}

static inline int64_t unmap(uint64_t vas, uint64_t va, uint64_t count)
{
	return CALL(CALL_MAP, vas, va, 0, count, MAP_UNMAP);
}

static inline int64_t large_new(uint64_t vas, uint64_t va, uint64_t count, uint64_t rights)
{
	return map_new(vas, va, count, rights | MAP_LARGE);
}

static inline int64_t large_unmap(uint64_t vas, uint64_t va, uint64_t count)
{
	return CALL(CALL_MAP, vas, va, 0, count, MAP_UNMAP | MAP_LARGE);
}

static inline int64_t view(uint64_t va, uint64_t handle)
{
	return CALL(CALL_MAP, 0, va, handle, 1, MAP_VIEW | MAP_R);
}

/* The table of a space that has its entry for `of` at this level. */
static inline int64_t view_table(uint64_t va, uint64_t vas, uint64_t of, unsigned level)
{
	return CALL(CALL_MAP, 0, va, vas, 1, MAP_VIEW | MAP_R, (of & -PAGE_SIZE) | level);
}

static inline int64_t executor_new(uint64_t vas, uint64_t va, uint64_t rights)
{
	return CALL(CALL_MAP, vas, va, 0, 1, MAP_NEW | MAP_EXECUTOR | rights);
}

static inline int64_t vas_new(uint64_t va, uint64_t budget)
{
	return CALL(CALL_MAP, 0, va, 0, 1, MAP_NEW | MAP_VAS | MAP_RIGHTS, budget);
}

/* --- scratch ------------------------------------------------------------- */

/* Page n of the scratch memory: nothing is mapped there when a case begins. */
static inline uint64_t page(unsigned n)
{
	return ARENA + (uint64_t)n * PAGE_SIZE;
}

/* Large leaf n of the scratch memory. */
static inline uint64_t large(unsigned n)
{
	return LARGE_AREA + n * LARGE_SIZE;
}

static inline volatile uint64_t *word(uint64_t va)
{
	return (volatile uint64_t *)va;
}

/* An unused capability slot, valid until the case ends. */
uint64_t slot(void);

/* --- workers ------------------------------------------------------------- */

#define POOL          24
#define WORKER_FAILED 0xfa11ed

typedef uint64_t work(uint64_t arg);

struct worker {
	uint64_t handle; /* with all rights, in the first VAS */
	const volatile struct executor *view;
	struct entry_frame *entry; /* top of its stack */
};

/* Workers of the first VAS, STOPPED when a case begins. */
extern struct worker pool[POOL];

/* A new worker of this space. */
struct worker *worker_new(uint64_t vas);
/* NULL if the space has no frame left for it. */
struct worker *try_worker_new(uint64_t vas);
/* The base in a page that shows an executor. */
const volatile struct executor *executor_of(uint64_t va);

/* Start it in fn(arg); it ends with what fn returns as exit code. */
void run(struct worker *w, work *fn, uint64_t arg);
void run_kept(struct worker *w, work *fn, uint64_t arg, uint64_t keeper, uint64_t badge);
void run_with(struct worker *w, work *fn, uint64_t arg, uint64_t flags);
int64_t try_run(struct worker *w, work *fn, uint64_t arg);
/* The same, on this hart only; START_HART_ANY: anywhere again. */
void run_on_hart(struct worker *w, work *fn, uint64_t arg, uint64_t hart);
/* Its sp to begin with in entry_work, for who starts it by hand. */
uint64_t worker_stack(struct worker *w, work *fn);
/* Wait until it is STOPPED; its exit code. */
uint64_t join(struct worker *w);

static inline uint64_t life(const struct worker *w)
{
	return w->view->state & EX_LIFE;
}

/* Stop it wherever it is. */
void halt(struct worker *w);

/* The worker that runs this. */
static inline struct worker *me(void)
{
	struct worker *w;

	__asm__("mv %0, tp" : "=r"(w));
	return w;
}

/* Where a worker runs: EX_HART of its view, and what that is on each hart, by id. */
static inline uint64_t here(void)
{
	return (uint64_t)me()->view->hart;
}

extern uint64_t place[INFO_HARTS_LIMIT];
void find_places(void);

/* fn(arg) in the last of the pool, bound to a hart, while the runner sleeps: so
 * nobody polls, and only what fn does makes anything happen. */
uint64_t quietly(work *fn, uint64_t arg, unsigned hart);

/* Functions that workers often run. */
uint64_t work_nothing(uint64_t arg);      /* returns arg */
uint64_t work_park(uint64_t arg);         /* parks once, returns a1 of that */
uint64_t work_park_forever(uint64_t arg); /* again and again */
uint64_t work_yield_forever(uint64_t arg);
uint64_t work_spin(uint64_t arg);  /* never enters the kernel */
uint64_t work_fault(uint64_t arg); /* loads from arg */

/* Have it make this call, in its space, with its handles; a0 of that. */
int64_t call_in(struct worker *w, uint64_t number, const uint64_t *a);
#define CALL_IN(w, number, ...) call_in(w, number, (const uint64_t[7]){__VA_ARGS__})

/* --- crowds -------------------------------------------------------------- */

#define CROWD 320

/* More workers, of a space that shares this image.  Small stacks. */
extern struct worker crowd[CROWD];
/* Make the first n of them; they are gone when the case has ended. */
void crowd_new(unsigned n);
/* All of them are STOPPED, with this exit code. */
void crowd_join(unsigned n, uint64_t code);

/* --- spaces -------------------------------------------------------------- */

/* A VAS with this image shared into it, every page as here.  The image costs
 * it IMAGE_TABLES of its budget. */
uint64_t space_new(uint64_t budget);
void space_fill(uint64_t vas);
/* Take it down, and wait until that is done. */
void vas_stop(uint64_t vas);

extern char _end[];
/* More than one of the lowest level if it lies across their borders. */
#define IMAGE_TABLES (TABLES_DEEP + ((uint64_t)_end - 1) / LARGE_SIZE - RT_PROGRAM_LOW / LARGE_SIZE)

/* --- probes -------------------------------------------------------------- */

#define NO_FAULT    (~(uint64_t)0)
#define FETCH_FAULT 12
#define LOAD_FAULT  13
#define STORE_FAULT 15

struct probe {
	uint64_t cause; /* or NO_FAULT */
	uint64_t addr;
	uint64_t value; /* loaded */
};

struct probe probe_load(struct worker *w, uint64_t va);
struct probe probe_store(struct worker *w, uint64_t va, uint64_t value);
/* Jumps there; the page is to hold CODE_RETURN. */
struct probe probe_fetch(struct worker *w, uint64_t va);

#define CODE_RETURN 0x00008067 /* jr ra */

/* Which of R, W, X executors of w's space have on this page.  Overwrites its
 * last word. */
unsigned probe_rights(struct worker *w, uint64_t va);

/* --- the runner's -------------------------------------------------------- */

void worker_init(struct worker *w, uint64_t handle, uint64_t view_va, char *stack_top);
void kit_init(void);
void kit_reset(void);
/* Give back all that kit_init made; so many frames can't be. */
uint64_t kit_end(void);
/* Print which workers have not stopped, and where they are. */
void kit_report(void);
/* Wait until so many frames are free; false if that doesn't come. */
bool frames_settle(uint64_t want);
#define CHECK_FRAMES(want) CHECK(frames_settle(want))

#endif

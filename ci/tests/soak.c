/* SPDX-License-Identifier: MIT
 *
 * The soak; see soak.h.  Arguments: seconds=N (default 10), seed=N (default: the
 * time), and the kernel's own.  It makes all actors, lets them run for that long and
 * until each kind of event has happened and nobody hangs, asks them to end, and looks
 * at what must add up then.  After that they all start once more, and the machine is stopped
 * with everything going on: a kernel with checks then looks at itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soak.h"

#define PATIENCE 150 /* seconds */

struct actor actors[ACTORS_MAX];
unsigned actor_count;
volatile bool over;
struct hart *hart_page[INFO_HARTS_LIMIT];
uint64_t counts[COUNTS];

static uint64_t seed;
static struct actor self; /* main, which isn't among the actors */
static char end_stack[STACK_SIZE] __attribute__((aligned(16)));

/* --- what actors use ------------------------------------------------------------ */

static const volatile struct executor *view_of(uint64_t va, hl_handle exec)
{
	CHECK_EQ(sys_map_view(va, exec), 1);
	return (const volatile struct executor *)(va + *(volatile uint64_t *)(va + EX_PAGE_COLOUR));
}

struct actor *actor_new(const char *kind, unsigned number, void (*act)(struct actor *),
			uint64_t flags, void *stack, uint64_t stack_size)
{
	struct actor *a = &actors[actor_count];

	CHECK(actor_count < ACTORS_MAX);
	a->kind = kind;
	a->number = number;
	a->act = act;
	a->flags = flags;
	a->dice.state = seed + actor_count * 0x9e3779b97f4a7c15;
	a->entry = (struct entry_frame *)((char *)stack + stack_size - ENTRY_SIZE);
	a->handle = SOAK_CAPS + actor_count * PAGE_SIZE;
	CHECK_EQ(sys_map_executor(HL_SELF, a->handle, MAP_RIGHTS), 1);
	a->view = view_of(SOAK_VIEWS + actor_count * PAGE_SIZE, a->handle);
	actor_count++;
	return a;
}

static uint64_t act(uint64_t argument)
{
	struct actor *a = myself();

	a->argument = argument;
	a->act(a);
	return 0;
}

long actor_start(struct actor *a, uint64_t argument, hl_handle keeper, uint64_t flags)
{
	a->entry->work = act;
	a->entry->tp = a;
	return sys_start(a->handle, (uint64_t)entry_work, (uint64_t)a->entry, argument, keeper,
			 flags);
}

uint64_t bound(unsigned n)
{
	return START_SET_AFFINITY | (uint64_t)(n % INFO->harts) << START_HART_SHIFT;
}

uint64_t random_affinity(struct random *dice)
{
	if (random_bit(dice))
		return START_SET_AFFINITY | (uint64_t)START_HART_ANY << START_HART_SHIFT;
	return bound(random_below(dice, INFO_HARTS_LIMIT));
}

uint64_t soak_deadline(struct random *dice)
{
	uint64_t now = test_time(), ms = INFO->timebase / 1000;

	switch (random_below(dice, 8)) {
	case 0:
		return random_bit(dice) ? 0 : now - 1;
	case 1:
		return now + random_below(dice, 200);
	case 2:
		return now + random_below(dice, 20) * ms;
	case 3:
		return now + 3600 * INFO->timebase;
	default:
		return now + random_below(dice, 3 * ms);
	}
}

struct hl_words soak_park(struct actor *a, const struct park *p)
{
	register uint64_t t0 __asm__("t0") = p->deadline;
	register uint64_t a0 __asm__("a0");
	register uint64_t a1 __asm__("a1");
	register uint64_t a2 __asm__("a2");
	register uint64_t a3 __asm__("a3");
	register uint64_t a4 __asm__("a4");
	register uint64_t a5 __asm__("a5");
	register uint64_t a6 __asm__("a6");
	register uint64_t a7 __asm__("a7");
	bool timed = p->flags & PARK_HAS_DEADLINE;
	bool passed = timed && p->deadline <= test_time();
	struct hl_words r;

	soak_enter(a);
	a0 = (uint64_t)p->addr;
	a1 = p->expected;
	a2 = p->w[0];
	a3 = p->w[1];
	a4 = p->w[2];
	a5 = p->w[3];
	a6 = p->next;
	a7 = CALL_PARK | p->flags;
	t0 = p->deadline;
	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(a7), "+r"(t0)
			 :
			 : "t1", "t2", "t3", "t4", "t5", "t6", "memory");
	r = (struct hl_words){(long)a0, a1, {a2, a3, a4, a5}};
	soak_leave(a);
	if (r.result == -HL_ETIMEDOUT) {
		CHECK(timed);
		CHECK(test_time() >= p->deadline);
		count(passed ? PASSED : EXPIRED);
	} else if (timed && r.result == 0 && !passed && test_time() < p->deadline) {
		count(WOKEN);
	}
	return r;
}

struct hl_words soak_park_any(struct actor *a, struct park p)
{
	if (random_bit(&a->dice)) {
		p.flags |= PARK_HAS_DEADLINE;
		p.deadline = soak_deadline(&a->dice);
	}
	return soak_park(a, &p);
}

void soak_pause(struct actor *a, unsigned us)
{
	if (random_bit(&a->dice)) {
		soak_park(a, &(struct park){.flags = PARK_HAS_DEADLINE,
					    .deadline = test_time() + random_below(&a->dice, us) *
									      INFO->timebase /
									      1000000});
		return;
	}
	for (unsigned n = random_below(&a->dice, 4); n > 0; n--)
		soak_yield(a);
}

/* --- phases ----------------------------------------------------------------------- */

static void nothing(struct actor *a)
{
	(void)a;
}

/* What EX_HART is on each hart. */
static void learn_harts(struct actor *a)
{
	for (unsigned i = 0; i < INFO->harts; i++) {
		CHECK_EQ(actor_start(a, 0, HL_SELF, bound(i)), 0);
		AWAIT(life(a) == EX_STOPPED);
		hart_page[i] = a->view->hart;
		for (unsigned n = 0; n < i; n++)
			CHECK(hart_page[n] != hart_page[i]);
	}
}

static const char *const names[COUNTS] = {
	[SENT] = "sent",       [MET] = "busy",        [TOKEN] = "token",
	[PASSED] = "passed",   [EXPIRED] = "expired", [WOKEN] = "woken in time",
	[ITEMS] = "items",     [HERDS] = "herds",     [HELD] = "held",
	[HELD_FP] = "held fp", [MENDED] = "mended",   [TOLD] = "told",
	[STARTED] = "started", [STOPPED] = "stopped", [STOPPING] = "stopping",
	[RESUMED] = "resumed", [ILLEGAL] = "illegal", [SPACES] = "spaces",
};

static const char *missing(void)
{
	for (unsigned i = 0; i < COUNTS; i++)
		if (counts[i] == 0)
			return names[i];
	return NULL;
}

static void print_counts(void)
{
	uint64_t preempted = 0, migrated = 0, switches = 0;

	for (unsigned i = 0; i < actor_count; i++) {
		preempted += actors[i].view->preempted;
		migrated += actors[i].view->migrated;
		switches += actors[i].view->switches;
	}
	printf("switches %lu, preempted %lu, migrated %lu", switches, preempted, migrated);
	for (unsigned i = 0; i < COUNTS; i++)
		printf(", %s %lu", names[i], counts[i]);
	printf("\n");
	CHECK(INFO->slice_ns == 0 || preempted > 0);
	CHECK(INFO->harts == 1 ? migrated == 0 : migrated > 0);
}

/* Those who sleep until somebody cares are woken here, now and then. */
static void prod(void)
{
	for (unsigned i = 0; i < 3; i++)
		soak_wake(&self, random_talker(&self.dice));
	if (random_below(&self.dice, 4) == 0)
		soak_wake(&self, woken_keeper());
	wake_far_sleepers(&self);
	watch(&self.dice);
	soak_pause(&self, 500);
}

static void begin(void)
{
	over = false;
	words_start();
	watch_start();
	for (unsigned i = 0; i < actor_count; i++)
		if (!actors[i].kept)
			CHECK_EQ(actor_start(&actors[i], 0, HL_SELF, actors[i].flags), 0);
}

static bool all_ended(void)
{
	bool all = true;

	for (unsigned i = 0; i < actor_count; i++)
		if (actors[i].act != NULL && life(&actors[i]) != EX_STOPPED &&
		    strcmp(actors[i].kind, "victim") != 0) {
			soak_wake(&self, actors[i].handle);
			all = false;
		}
	watch(&self.dice);
	return all;
}

static void finish(void)
{
	over = true;
	AWAIT(all_ended());
	torment_end();
	talk_check();
}

static bool frames_are(uint64_t want)
{
	/* Reclaiming goes on in such calls. */
	sys_stop(actors[0].handle, 0);
	return INFO->free_pages == want;
}

/* --- the end ------------------------------------------------------------------------ */

static void stop_first(struct actor *a)
{
	for (;;) {
		soak_pause(a, 1000);
		sys_stop(BOOT_SELF_VA, 0);
	}
}

static void stop_all(struct actor *a)
{
	(void)a;
	sys_stop_own_vas(0);
}

/* In one of several ways; what the status is, the kernel says. */
static _Noreturn void end(struct actor *ender)
{
	unsigned way = random_below(&self.dice, 4);

	printf("soak ok; the end: %s\n",
	       (const char *const[]){"itself", "stopped while busy", "stopped while parked",
				     "all stopped"}[way]);
	fflush(stdout);
	if (way == 0)
		sys_stop_self(0);
	ender->act = way == 3 ? stop_all : stop_first;
	AWAIT(life(ender) == EX_STOPPED);
	CHECK_EQ(actor_start(ender, 0, HL_SELF, 0), 0);
	for (;;) {
		if (way == 1)
			sys_yield();
		else
			sys_park(NULL, 0);
	}
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t otherwise)
{
	size_t n = strlen(name);

	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], name, n) && argv[i][n] == '=')
			return strtoul(argv[i] + n + 1, NULL, 0);
	return otherwise;
}

int main(int argc, char **argv)
{
	uint64_t seconds = number(argc, argv, "seconds", 10), since, frames;
	struct actor *ender;

	watch_init();
	seed = number(argc, argv, "seed", test_time());
	printf("soak: seed=%lu seconds=%lu, %u harts, slice %lu us\n", seed, seconds, INFO->harts,
	       INFO->slice_ns / 1000);
	self.kind = "main";
	self.dice.state = seed;
	self.handle = BOOT_SELF_VA;
	self.view = view_of(SOAK_VIEWS + ACTORS_MAX * PAGE_SIZE, BOOT_SELF_VA);
	CHECK(INFO->slice_ns != 0);
	ender = actor_new("ender", 0, nothing, 0, end_stack, STACK_SIZE);
	learn_harts(ender);
	talk_init();
	words_init();
	torment_init();
	keep_init();
	spaces_init();
	frames = INFO->free_pages;

	since = test_time();
	begin();
	while (test_time() - since < seconds * INFO->timebase)
		prod();
	/* The end would wake who has been forgotten, so all must move once more. */
	watch_mark();
	while (missing() != NULL || !watch_all_moved()) {
		prod();
		if (test_time() - since > (seconds + 2 * PATIENCE) * INFO->timebase) {
			printf("never happened: %s\n", missing());
			CHECK(missing() == NULL);
		}
	}
	finish();
	print_counts();
	AWAIT(frames_are(frames));

	since = test_time();
	begin();
	while (test_time() - since < INFO->timebase / 4)
		prod();
	end(ender);
}

/* SPDX-License-Identifier: MIT
 *
 * Address spaces that come and go.  A maker makes one, runs two executors of it in
 * one page of this program, lets them live for a while, and takes it down in one
 * of several ways.  They map and unmap, sleep, fault, end, and wake their maker.
 */
#include "soak.h"

#define MAKERS   2
#define CHILDREN 2
#define BUDGET   24

/* In the child's space */
#define CHILD_DATA  (SOAK_SPACES + 0x200000) /* struct child, one page for both */
#define CHILD_STACK (CHILD_DATA + PAGE_SIZE) /* a page each */
#define CHILD_WAKE  (CHILD_STACK + CHILDREN * PAGE_SIZE)
#define CHILD_HOLE  (CHILD_WAKE + PAGE_SIZE)
#define CHILD_MAPS  (CHILD_HOLE + PAGE_SIZE) /* a page each */

struct child {
	uint64_t inside __attribute__((aligned(64)));
	volatile uint64_t beats;
	volatile uint64_t failed;
	uint64_t random;
	uint64_t number;
};

static char stacks[MAKERS][STACK_SIZE] __attribute__((aligned(16)));

/* A maker's slots */
static uint64_t slot(const struct actor *a, unsigned n)
{
	return SOAK_SPACES + (a->number * 16 + n) * PAGE_SIZE;
}
#define SLOT_VAS   0
#define SLOT_DATA  1
#define SLOT_EXECS 2
#define SLOT_VIEWS (SLOT_EXECS + CHILDREN)
#define SLOTS      (SLOT_VIEWS + CHILDREN)

static inline long child_sleep(uint64_t deadline)
{
	register uint64_t t0 __asm__("t0") = deadline;
	register uint64_t a0 __asm__("a0") = PARK_NO_WORD;
	register uint64_t a6 __asm__("a6") = HL_SELF;
	register uint64_t a7 __asm__("a7") = CALL_PARK | PARK_HAS_DEADLINE;

	__asm__ volatile("ecall"
			 : "+r"(t0), "+r"(a0), "+r"(a6), "+r"(a7)
			 :
			 : "a1", "a2", "a3", "a4", "a5", "t1", "t2", "t3", "t4", "t5", "t6",
			   "memory");
	return (long)a0;
}

static inline uint64_t child_time(void)
{
	uint64_t time;

	__asm__ volatile("rdtime %0" : "=r"(time));
	return time;
}

/* All that it needs is in this page: it calls nothing and has no data. */
__attribute__((section(".text.soak_child"), aligned(PAGE_SIZE), noinline, flatten)) static void
child(struct child *c)
{
	uint64_t r = c->random, deadline, page = CHILD_MAPS + (c->number << PAGE_SHIFT);

	for (;;) {
		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		uint64_t what = r >> 32 & 63;

		if (__atomic_exchange_n(&c->inside, 1, __ATOMIC_ACQ_REL) != 0)
			c->failed = 1;
		if (what < 16) {
			sys_yield();
		} else if (what < 32) {
			deadline = child_time() + (r >> 50) - 1000;
			if (child_sleep(deadline) == -HL_ETIMEDOUT && child_time() < deadline)
				c->failed = 2;
		} else if (what < 48) {
			if (sys_wake(CHILD_WAKE) < 0)
				c->failed = 3;
		} else if (what < 62) {
			long done = sys_map_new(page, 1, MAP_R | MAP_W);
			if (done == 1) {
				if (*(volatile uint64_t *)page != 0)
					c->failed = 5;
				*(volatile uint64_t *)page = r;
				done = sys_unmap(page, 1);
			}
			/* The space may be about to go. */
			if (done != 1 && done != -HL_ESRCH)
				c->failed = 4;
		} else if (what == 62) {
			(void)*(volatile uint64_t *)CHILD_HOLE;
		} else {
			sys_stop_self(0);
		}
		if (__atomic_exchange_n(&c->inside, 0, __ATOMIC_ACQ_REL) != 1)
			c->failed = 6;
		c->beats = c->beats + 1;
	}
}

static void give(hl_handle vas, uint64_t va, uint64_t source, uint64_t attr)
{
	CHECK_EQ(sys_map_share(vas, va, source, 1, attr), 1);
}

static void start_child(struct actor *a, unsigned n)
{
	hl_handle vas = slot(a, SLOT_VAS), exec = slot(a, SLOT_EXECS + n);
	struct child *c = (struct child *)slot(a, SLOT_DATA) + n;
	uint64_t flags = random_affinity(&a->dice);

	c->random = random_next(&a->dice) | 1;
	c->number = n;
	CHECK_EQ(sys_map(vas, CHILD_STACK + n * PAGE_SIZE, 0, 1, MAP_NEW | MAP_R | MAP_W, 0, 0), 1);
	CHECK_EQ(sys_map_executor(vas, exec, MAP_RIGHTS), 1);
	CHECK_EQ(sys_map_view(slot(a, SLOT_VIEWS + n), exec), 1);
	/* Told of its end, which it takes for a wake. */
	if (n == 0)
		flags |= START_SET_KEEPER | HL_BADGE(1);
	CHECK_EQ(sys_start(exec, (uint64_t)child, CHILD_STACK + (n + 1) * PAGE_SIZE,
			   CHILD_DATA + n * sizeof(*c), n == 0 ? a->handle : HL_SELF, flags),
		 0);
}

static const volatile struct executor *child_view(const struct actor *a, unsigned n)
{
	uint64_t va = slot(a, SLOT_VIEWS + n);

	return (const volatile struct executor *)(va + *(volatile uint64_t *)(va + EX_PAGE_COLOUR));
}

static void stop_children(struct actor *a)
{
	for (unsigned n = 0; n < CHILDREN; n++) {
		const volatile struct executor *ex = child_view(a, n);

		while (sys_stop(slot(a, SLOT_EXECS + n), 0) != 0)
			soak_pause(a, 200);
		CHECK_EQ(ex->state, EX_STOPPED);
	}
}

static void stop_space(struct actor *a)
{
	long r;

	while ((r = sys_stop(slot(a, SLOT_VAS), 0)) == -HL_EAGAIN)
		soak_pause(a, 200);
	CHECK_EQ(r, 0);
}

static void check_children(struct actor *a)
{
	struct child *c = (struct child *)slot(a, SLOT_DATA);

	for (unsigned n = 0; n < CHILDREN; n++)
		CHECK_EQ(c[n].failed, 0);
}

static void make(struct actor *a)
{
	while (!over) {
		hl_handle vas = slot(a, SLOT_VAS);
		long r = sys_map_vas(vas, MAP_RIGHTS, BUDGET);

		/* Then those that are going down have it. */
		while (r == -HL_ENOMEM) {
			soak_pause(a, 1000);
			r = sys_map_vas(vas, MAP_RIGHTS, BUDGET);
		}
		CHECK_EQ(r, 1);
		CHECK_EQ(sys_map_new(slot(a, SLOT_DATA), 1, MAP_R | MAP_W), 1);
		give(vas, (uint64_t)child, (uint64_t)child, MAP_R | MAP_X);
		give(vas, CHILD_DATA, slot(a, SLOT_DATA), MAP_R | MAP_W);
		give(vas, CHILD_WAKE, a->handle, MAP_EXECUTOR | MAP_X);
		for (unsigned n = 0; n < CHILDREN; n++)
			start_child(a, n);
		for (unsigned i = random_below(&a->dice, 6); i > 0; i--) {
			soak_pause(a, 1000);
			check_children(a);
		}
		switch (random_below(&a->dice, 3)) {
		case 0:
			stop_children(a);
			break; /* the rest goes with the last that names it */
		case 1:
			stop_children(a);
			/* Falls through. */
		default:
			stop_space(a);
		}
		check_children(a);
		CHECK_EQ(sys_unmap(slot(a, 0), SLOTS), SLOTS);
		count(SPACES);
		a->steps++;
	}
}

void spaces_init(void)
{
	for (unsigned i = 0; i < MAKERS; i++) {
		struct actor *a =
			actor_new("maker", i, make, i ? bound(1) : 0, stacks[i], STACK_SIZE);

		a->watched = true;
		/* The table stays. */
		CHECK_EQ(sys_map_new(slot(a, 0), 1, MAP_R), 1);
		CHECK_EQ(sys_unmap(slot(a, 0), 1), 1);
	}
}

/* SPDX-License-Identifier: MIT
 *
 * Tormentors start, stop, wake and resume victims, each its own, wherever they are
 * and with any affinity; a victim may be asleep, with a deadline or without, in a
 * queue, running, faulted, or at its end.
 */
#include "soak.h"

#define TORMENTORS 2
#define VICTIMS    4 /* of each */
#define STOP_CODE  9

#define LOAD_FAULT 13
#define ILLEGAL_OP 2

/* What a victim does; its argument, with WITH_FP if it was started so. */
#define WITH_FP 0x100
enum {
	END,
	PARK,
	SLEEP,
	SLEEP_LONG,
	YIELD,
	SPIN,
	FAULT,
	USE_FP,
	SWAP,
	ACTS,
};

static struct actor *victims[TORMENTORS][VICTIMS];
static char stacks[TORMENTORS * (VICTIMS + 1)][STACK_SIZE] __attribute__((aligned(16)));

static uint64_t read_fcsr(void)
{
	uint64_t fcsr;

	__asm__ volatile(".option push\n\t"
			 ".option arch, +d\n\t"
			 "frcsr %0\n\t"
			 ".option pop"
			 : "=r"(fcsr));
	return fcsr;
}

/* 4 bytes, so that it can be skipped. */
static void load_hole(void)
{
	__asm__ volatile(".option push\n\t"
			 ".option norvc\n\t"
			 "ld zero, (%0)\n\t"
			 ".option pop"
			 :
			 : "r"(SOAK_HOLE));
}

static void swap_about(struct actor *a)
{
	unsigned of = random_below(&a->dice, TORMENTORS), n = random_below(&a->dice, VICTIMS);
	struct hl_words r = soak_park_any(a, (struct park){.next = victims[of][n]->handle});

	CHECK(r.result == 0 || r.result == -HL_EBUSY || r.result == -HL_EAGAIN ||
	      r.result == -HL_ETIMEDOUT);
}

static void suffer(struct actor *a)
{
	struct park p = {0};

	/* It may have been stopped between enter and leave. */
	a->inside = 0;
	a->fp = a->argument & WITH_FP;
	for (;;) {
		switch (a->argument & ~WITH_FP) {
		case END:
			return;
		case PARK:
			soak_park(a, &p);
			break;
		case SLEEP:
			soak_park_any(a, p);
			break;
		case SLEEP_LONG:
			p.flags = PARK_HAS_DEADLINE;
			p.deadline = test_time() + 3600 * INFO->timebase;
			soak_park(a, &p);
			break;
		case YIELD:
			soak_yield(a);
			break;
		case SPIN:
			soak_hold(a, HOLD_SPIN, false);
			break;
		case FAULT:
			load_hole();
			break;
		case USE_FP:
			CHECK_EQ(read_fcsr(), 0);
			CHECK(a->fp);
			for (;;)
				soak_hold(a, HOLD_SPIN, true);
		case SWAP:
			swap_about(a);
			break;
		}
	}
}

/* Where some go on after a fault; registers are as they were. */
static void go_on(void)
{
	for (;;)
		sys_yield();
}

static void check_stopped(const struct actor *v)
{
	CHECK_EQ(v->view->state, EX_STOPPED);
	CHECK(v->view->exit == 0 || v->view->exit == STOP_CODE);
}

static void start(struct actor *a, struct actor *v)
{
	uint64_t flags = 0, argument = random_below(&a->dice, ACTS);
	bool stopped = life(v) == EX_STOPPED;
	long r;

	if (random_bit(&a->dice)) {
		flags |= START_FP;
		argument |= WITH_FP;
	}
	if (random_bit(&a->dice))
		flags |= random_affinity(&a->dice);
	soak_enter(a);
	r = actor_start(v, argument, HL_SELF, flags);
	soak_leave(a);
	if (stopped)
		CHECK_EQ(r, 0);
	else
		CHECK(r == 0 || r == -HL_EBUSY);
	if (r != 0)
		return;
	count(STARTED);
	if (flags & START_SET_AFFINITY)
		CHECK_EQ(v->view->affinity, flags >> START_HART_SHIFT & START_HART_ANY);
}

static void stop(struct actor *a, struct actor *v)
{
	soak_enter(a);
	long r = sys_stop(v->handle, STOP_CODE);
	soak_leave(a);
	CHECK(r == 0 || r == 1);
	count(r == 0 ? STOPPED : STOPPING);
	if (r == 0)
		check_stopped(v);
	else if (random_bit(&a->dice)) {
		while (life(v) != EX_STOPPED)
			soak_pause(a, 100);
		check_stopped(v);
	}
}

static void resume(struct actor *a, struct actor *v)
{
	uint64_t flags = START_RESUME, pc = 0;

	if (life(v) != EX_FAULTED)
		return;
	if (v->view->scause == LOAD_FAULT) {
		CHECK_EQ(v->view->stval, SOAK_HOLE);
		if (random_bit(&a->dice))
			pc = random_bit(&a->dice) ? (uint64_t)go_on : v->view->pc + 4;
	} else {
		CHECK_EQ(v->view->scause, ILLEGAL_OP);
		CHECK(!v->fp);
		CHECK_EQ(v->argument & ~WITH_FP, USE_FP);
		count(ILLEGAL);
	}
	if (random_bit(&a->dice)) {
		flags |= START_FP;
		v->fp = true;
	}
	if (random_bit(&a->dice))
		flags |= random_affinity(&a->dice);
	soak_enter(a);
	CHECK_EQ(sys_start(v->handle, pc, 0, 0, HL_SELF, flags), 0);
	soak_leave(a);
	count(RESUMED);
}

static void torment(struct actor *a)
{
	while (!over) {
		struct actor *v = victims[a->number][random_below(&a->dice, VICTIMS)];

		switch (random_below(&a->dice, 8)) {
		case 0:
		case 1:
		case 2:
			start(a, v);
			break;
		case 3:
		case 4:
			stop(a, v);
			break;
		case 5:
			soak_wake(a, v->handle);
			break;
		case 6:
			resume(a, v);
			break;
		default:
			soak_pause(a, 500);
		}
		a->steps++;
	}
}

void torment_init(void)
{
	for (unsigned i = 0; i < TORMENTORS; i++) {
		char(*stack)[STACK_SIZE] = &stacks[i * (VICTIMS + 1)];

		actor_new("tormentor", i, torment, i ? bound(2) : 0, *stack, STACK_SIZE)->watched =
			true;
		for (unsigned n = 0; n < VICTIMS; n++) {
			victims[i][n] =
				actor_new("victim", i << 4 | n, suffer, 0, *++stack, STACK_SIZE);
			victims[i][n]->kept = true;
		}
	}
}

void torment_end(void)
{
	for (unsigned i = 0; i < TORMENTORS * VICTIMS; i++) {
		struct actor *v = victims[i / VICTIMS][i % VICTIMS];

		AWAIT(sys_stop(v->handle, STOP_CODE) == 0);
		check_stopped(v);
	}
}

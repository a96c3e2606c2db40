/* SPDX-License-Identifier: MIT
 *
 * A reservation ends with the switch: an sc whose lr was on the other side of one, one's own
 * or another's, fails.  Between lr and sc here are only calls, and all of it is on one hart.
 * preempt_registers.c has the end of a slice.
 *
 * QEMU drops reservations at every change of privilege, whatever the kernel does: there these
 * cases show that nothing else goes wrong, and can fail only on hardware.
 */
#include "hostile.h"

#define ROUNDS rounds(1000)
#define NEVER  (~(uint64_t)0)

static volatile uint64_t cell __attribute__((aligned(64)));

struct attempt {
	int64_t a0;
	uint64_t failed; /* of the sc */
};

/* lr, call, sc.  Here and below, names stand in bench/plugin/unconstrained. */
__attribute__((noinline)) static struct attempt reserve_around(uint64_t number, const uint64_t a[7])
{
	register uint64_t a0 __asm__("a0") = a[0];
	register uint64_t a1 __asm__("a1") = a[1];
	register uint64_t a2 __asm__("a2") = a[2];
	register uint64_t a3 __asm__("a3") = a[3];
	register uint64_t a4 __asm__("a4") = a[4];
	register uint64_t a5 __asm__("a5") = a[5];
	register uint64_t a6 __asm__("a6") = a[6];
	register uint64_t a7 __asm__("a7") = number;
	register uint64_t deadline __asm__("t0") = NEVER;
	register volatile uint64_t *at __asm__("s1") = &cell;
	register uint64_t failed __asm__("s2");

	__asm__ volatile("lr.d	zero, (s1)\n\t"
			 "ecall\n\t"
			 "sc.d	s2, zero, (s1)"
			 : "=r"(failed), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5),
			   "+r"(a6), "+r"(a7), "+r"(deadline)
			 : "r"(at)
			 : "memory", "t1", "t2", "t3", "t4", "t5", "t6");
	return (struct attempt){(int64_t)a0, failed};
}
#define RESERVE_AROUND(number, ...) reserve_around(number, (const uint64_t[7]){__VA_ARGS__})

/* --- both ways ---------------------------------------------------------------- */

static volatile uint64_t switched;

/* Fails where a switch came in between; until there were enough. */
static uint64_t reserve_and_yield(uint64_t arg)
{
	while (switched < ROUNDS) {
		uint64_t before = me()->view->switches;
		struct attempt a = RESERVE_AROUND(CALL_YIELD, 0);

		if (me()->view->switches == before)
			continue;
		CHECK(a.failed);
		switched++;
	}
	return arg;
}

TEST(a_reservation_ends_with_a_yield)
{
	switched = 0;
	for (unsigned i = 0; i < 3; i++)
		run_on_hart(&pool[i], reserve_and_yield, i, 0);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(join(&pool[i]), i);
}

/* In two spaces: the address is the same, and the memory. */
TEST(a_reservation_ends_with_a_yield_between_spaces)
{
	uint64_t vas = space_new(100);
	struct worker *w = worker_new(vas);
	uint64_t seen = (uint64_t)w->view & -PAGE_SIZE;

	CHECK_EQ(share(vas, seen, seen, 1, MAP_R), 1);
	switched = 0;
	run_on_hart(&pool[0], reserve_and_yield, 1, 0);
	run_on_hart(w, reserve_and_yield, 2, 0);
	CHECK_EQ(join(&pool[0]), 1);
	CHECK_EQ(join(w), 2);
}

static uint64_t reserve_and_swap(uint64_t peer)
{
	uint64_t swaps = 0;

	if (peer == pool[0].handle)
		park();
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct attempt a = RESERVE_AROUND(CALL_PARK, 0, 0, 1, 2, 3, 4, peer);

		if (a.a0 == 0) {
			CHECK(a.failed);
			swaps++;
		} else {
			yield();
		}
	}
	wake(peer);
	return swaps;
}

TEST(a_reservation_ends_with_a_swap)
{
	run_on_hart(&pool[1], reserve_and_swap, pool[0].handle, 0);
	AWAIT(life(&pool[1]) == EX_PARKED);
	run_on_hart(&pool[0], reserve_and_swap, pool[1].handle, 0);
	CHECK(join(&pool[0]) + join(&pool[1]) > 0);
}

/* --- one way -------------------------------------------------------------------- */

/* No stack.  In: a0 = address; exit code: not 0 if an sc without lr failed. */
__attribute__((naked)) static void begin_with_sc(void)
{
	__asm__("sc.d	a1, zero, (a0)\n\t"
		"li	a0, 0\n\t"
		"li	a7, %0\n\t"
		"ecall\n\t"
		"unimp"
		:
		: "i"(CALL_STOP));
}

/* In: a0 = address, sp = where nothing is.  The same for the sc after the fault. */
__attribute__((naked)) static void reserve_and_fault(void)
{
	__asm__(".option push\n\t.option norvc\n\t"
		"lr.d	zero, (a0)\n\t"
		"ld	a1, (sp)\n\t"
		"sc.d	a1, zero, (a0)\n\t"
		"li	a0, 0\n\t"
		"li	a7, %0\n\t"
		"ecall\n\t"
		"unimp\n\t"
		".option pop"
		:
		: "i"(CALL_STOP));
}

enum way { BY_YIELD, BY_PARK, BY_PARK_UNTIL, BY_STOP, BY_FAULT, WAYS };

static uint64_t reserve_and_leave(uint64_t way)
{
	struct attempt a = {0, 1};

	if (way == BY_YIELD)
		a = RESERVE_AROUND(CALL_YIELD, 0);
	else if (way == BY_PARK)
		a = RESERVE_AROUND(CALL_PARK, 0);
	else if (way == BY_PARK_UNTIL)
		a = RESERVE_AROUND(CALL_PARK | PARK_HAS_DEADLINE, 0);
	else
		RESERVE_AROUND(CALL_STOP, 0);
	CHECK(a.failed);
	return way;
}

static int64_t begin(struct worker *w, void (*entry)(void), uint64_t sp)
{
	return CALL(CALL_START, w->handle, (uint64_t)entry, sp, (uint64_t)&cell, 0, ON_HART(0));
}

/* On hart 0: one that leaves with a reservation, and behind it one that would like it. */
static uint64_t one_after_the_other(uint64_t way)
{
	if (way == BY_FAULT)
		CHECK_EQ(begin(&pool[1], reserve_and_fault, FAR_HOLE), 0);
	else
		run_on_hart(&pool[1], reserve_and_leave, way, 0);
	CHECK_EQ(begin(&pool[2], begin_with_sc, 0), 0);
	return 0;
}

TEST(a_reservation_is_not_inherited)
{
	for (uint64_t way = 0; way < WAYS; way++) {
		for (unsigned i = 0; i < 20; i++) {
			test_note("way", way);
			run_on_hart(&pool[0], one_after_the_other, way, 0);
			CHECK_EQ(join(&pool[0]), 0);
			CHECK(join(&pool[2]) != 0);
			halt(&pool[1]);
		}
	}
}

/* The keeper goes on at once with what it is told, and has an lr of its own behind it. */
static uint64_t keep_with_reservation(uint64_t arg)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct attempt a = RESERVE_AROUND(CALL_PARK, 0);

		CHECK(a.failed);
		CHECK_EQ(a.a0, 0);
		while (life(&pool[1]) == EX_READY)
			yield();
		if (life(&pool[1]) == EX_FAULTED)
			CHECK_EQ(resume(pool[1].handle, i % 2 ? 0 : (uint64_t)reserve_and_fault),
				 0);
	}
	return arg;
}

TEST(a_reservation_ends_with_a_fault)
{
	run_on_hart(&pool[0], keep_with_reservation, 3, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(CALL(CALL_START, pool[1].handle, (uint64_t)reserve_and_fault, FAR_HOLE,
		      (uint64_t)&cell, pool[0].handle,
		      START_SET_KEEPER | 1UL << START_BADGE_SHIFT | ON_HART(0)),
		 0);
	CHECK_EQ(join(&pool[0]), 3);
	halt(&pool[1]);
	/* Its own, when it is resumed behind the fault: all of these are 4 bytes. */
	for (unsigned i = 0; i < 20; i++) {
		CHECK_EQ(begin(&pool[1], reserve_and_fault, FAR_HOLE), 0);
		AWAIT(life(&pool[1]) == EX_FAULTED);
		CHECK_EQ(resume(pool[1].handle, pool[1].view->pc + 4), 0);
		CHECK(join(&pool[1]) != 0);
	}
}

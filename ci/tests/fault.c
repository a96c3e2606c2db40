/* SPDX-License-Identifier: MIT
 *
 * Exceptions of user code: what the view says of them, and how to go on.
 */
#include "kit.h"

/* --- causes ------------------------------------------------------------------ */

static void check_fault(work *fn, uint64_t arg, uint64_t cause, uint64_t addr)
{
	test_note("cause", cause);
	run(&pool[1], fn, arg);
	AWAIT(life(&pool[1]) != EX_READY);
	CHECK_EQ(life(&pool[1]), EX_FAULTED);
	CHECK_EQ(pool[1].view->scause, cause);
	if (addr)
		CHECK_EQ(pool[1].view->stval, addr);
	halt(&pool[1]);
}

static uint64_t do_illegal(uint64_t arg)
{
	__asm__ volatile("unimp");
	return arg;
}

static uint64_t do_ebreak(uint64_t arg)
{
	__asm__ volatile("ebreak");
	return arg;
}

static uint64_t do_privileged(uint64_t arg)
{
	__asm__ volatile("csrr %0, sstatus" : "=r"(arg));
	return arg;
}

static uint64_t do_sret(uint64_t arg)
{
	__asm__ volatile("sret");
	return arg;
}

static uint64_t do_sfence(uint64_t arg)
{
	__asm__ volatile("sfence.vma");
	return arg;
}

/* Without start's FP flag: frcsr. */
static uint64_t do_fp(uint64_t arg)
{
	__asm__ volatile("csrr %0, fcsr" : "=r"(arg));
	return arg;
}

static uint64_t do_store(uint64_t arg)
{
	*word(arg) = 1;
	return arg;
}

static uint64_t do_amo(uint64_t arg)
{
	__asm__ volatile("amoadd.d zero, zero, (%0)" ::"r"(arg) : "memory");
	return arg;
}

static uint64_t do_reserve(uint64_t arg)
{
	__asm__ volatile("lr.d zero, (%0)" ::"r"(arg) : "memory");
	return arg;
}

static uint64_t do_jump(uint64_t arg)
{
	((void (*)(void))arg)();
	return arg;
}

#define ILLEGAL         2
#define BREAKPOINT      3
#define LOAD_MISALIGNED 4

TEST(every_exception_of_user_code_is_a_fault)
{
	static uint64_t cells[2];

	check_fault(do_illegal, 0, ILLEGAL, 0);
	check_fault(do_ebreak, 0, BREAKPOINT, 0);
	check_fault(do_privileged, 0, ILLEGAL, 0);
	check_fault(do_sret, 0, ILLEGAL, 0);
	check_fault(do_sfence, 0, ILLEGAL, 0);
	check_fault(do_fp, 0, ILLEGAL, 0);
	check_fault(work_fault, FAR_HOLE, LOAD_FAULT, FAR_HOLE);
	check_fault(work_fault, INFO_VA - 8, LOAD_FAULT, INFO_VA - 8);
	check_fault(do_store, FAR_HOLE, STORE_FAULT, FAR_HOLE);
	check_fault(do_store, (uint64_t)entry_load, STORE_FAULT, (uint64_t)entry_load);
	check_fault(do_amo, (uint64_t)entry_load & -PAGE_SIZE, STORE_FAULT,
		    (uint64_t)entry_load & -PAGE_SIZE);
	check_fault(do_reserve, (uint64_t)cells + 1, LOAD_MISALIGNED, (uint64_t)cells + 1);
	check_fault(do_jump, FAR_HOLE, FETCH_FAULT, FAR_HOLE);
	check_fault(do_jump, (uint64_t)cells, FETCH_FAULT, (uint64_t)cells);
	check_fault(do_jump, pool[0].handle, FETCH_FAULT, pool[0].handle);
}

/* --- resuming ---------------------------------------------------------------- */

static uint64_t touch(uint64_t va)
{
	uint64_t sum = 0;

	for (int i = 0; i < 4; i++)
		sum += *word(va + i * PAGE_SIZE);
	return sum;
}

TEST(a_mended_fault_can_be_resumed)
{
	run(&pool[0], touch, page(0));
	for (unsigned i = 0; i < 4; i++) {
		AWAIT(life(&pool[0]) == EX_FAULTED);
		CHECK_EQ(pool[0].view->scause, LOAD_FAULT);
		CHECK_EQ(pool[0].view->stval, page(i));
		CHECK_EQ(map_new(0, page(i), 1, RW), 1);
		*word(page(i)) = i + 1;
		CHECK_EQ(resume(pool[0].handle, 0), 0);
	}
	CHECK_EQ(join(&pool[0]), 1 + 2 + 3 + 4);
}

TEST(an_unmended_fault_comes_again)
{
	run(&pool[0], touch, page(0));
	for (unsigned i = 0; i < 10; i++) {
		AWAIT(life(&pool[0]) == EX_FAULTED);
		CHECK_EQ(pool[0].view->stval, page(0));
		CHECK_EQ(resume(pool[0].handle, 0), 0);
	}
	AWAIT(life(&pool[0]) == EX_FAULTED);
}

TEST(resume_can_go_on_elsewhere)
{
	static uint64_t cell = 0x1357;

	CHECK_EQ(start(pool[0].handle, FAR_HOLE, 0, (uint64_t)&cell), 0);
	AWAIT(life(&pool[0]) == EX_FAULTED);
	CHECK_EQ(pool[0].view->pc, FAR_HOLE);
	/* Registers are kept: a0 is still the address. */
	CHECK_EQ(resume(pool[0].handle, (uint64_t)entry_load), 0);
	CHECK_EQ(join(&pool[0]), 0x1357);
}

/* SPDX-License-Identifier: MIT
 *
 * Instructions that are none of a user's, and places where there are none.  All of it is
 * a fault of who does it, which his keeper is told of.
 */
#include "hostile.h"

/* --- instructions ------------------------------------------------------------- */

/* Privileged spec, "RISC-V Privileged Instruction Set Listings". */
static const struct {
	const char *name;
	uint32_t insn;
	uint64_t cause;
} insns[] = {
	{"sret", 0x10200073, ILLEGAL},
	{"mret", 0x30200073, ILLEGAL},
	{"uret", 0x00200073, ILLEGAL},
	{"mnret", 0x70200073, ILLEGAL},
	{"dret", 0x7b200073, ILLEGAL},
	{"wfi", 0x10500073, ILLEGAL},
	{"sfence.vma", 0x12000073, ILLEGAL},
	{"sfence.vma a0, a0", 0x12a50073, ILLEGAL},
	{"sinval.vma", 0x16000073, ILLEGAL},
	{"sfence.w.inval", 0x18000073, ILLEGAL},
	{"sfence.inval.ir", 0x18100073, ILLEGAL},
	{"hfence.vvma", 0x22000073, ILLEGAL},
	{"hfence.gvma", 0x62000073, ILLEGAL},
	{"hlv.d a1, (a0)", 0x6c0545f3, ILLEGAL},
	{"hsv.d zero, (a0)", 0x6e054073, ILLEGAL},
	{"ecall with a register", 0x00050073, ILLEGAL},
	{"csrw cycle", 0xc0001073, ILLEGAL},
	{"flw fa0, (a0)", 0x00052507, ILLEGAL},
	{"fsd fa0, (a0)", 0x00a53027, ILLEGAL},
	{"vsetvli", 0x00057057, ILLEGAL},
	{"all ones", 0xffffffff, ILLEGAL},
	{"ebreak", 0x00100073, BREAKPOINT},
};

TEST(privileged_instructions_are_faults)
{
	static uint64_t cell;

	bystander_start();
	for (unsigned i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
		uint64_t pc;

		test_note(insns[i].name, insns[i].insn);
		code_begin();
		code32(0, insns[i].insn);
		code32(4, INSN_ECALL);
		pc = code_end();
		check_told(pc, (uint64_t)&cell, insns[i].cause, pc, pc);
	}
	told_end();
	bystander_check();
}

/* 0 is an illegal instruction of two bytes. */
TEST(zeroes_are_no_instruction)
{
	uint64_t pc;

	code_begin();
	pc = code_end();
	for (uint64_t at = 0; at < PAGE_SIZE; at += 510)
		check_told(pc + at, 0, ILLEGAL, 0, pc + at);
	told_end();
}

/* --- CSRs ----------------------------------------------------------------------- */

#define CSRS          4096
#define CSRS_A_PAGE   1024
#define CSR_CYCLE     0xc00
#define CSR_INSTRET   0xc02
#define CSRRS_A0      0x00002573 /* csrrs a0, csr, zero */
#define CSRRW_ZERO_A0 0x00051073 /* csrrw zero, csr, a0 */

/* Each CSR in turn, and which ones don't fault. */
static void check_csrs(uint32_t insn, uint64_t value, uint64_t first_good, uint64_t last_good)
{
	struct worker *w = &pool[1];

	for (uint64_t csr = 0; csr < CSRS; csr += CSRS_A_PAGE) {
		uint64_t pc, n;

		code_begin();
		for (n = 0; n < CSRS_A_PAGE; n++)
			code32(4 * n, insn | (uint32_t)(csr + n) << 20);
		pc = code_end();
		CHECK_EQ(start(w->handle, pc, value, value), 0);
		for (n = 0; n < CSRS_A_PAGE; n++) {
			test_note("csr", csr + n);
			if (csr + n >= first_good && csr + n <= last_good)
				continue;
			AWAIT(life(w) == EX_FAULTED);
			CHECK_EQ(w->view->scause, ILLEGAL);
			CHECK_EQ(w->view->pc, pc + 4 * n);
			if (n < CSRS_A_PAGE - 1)
				CHECK_EQ(resume(w->handle, pc + 4 * (n + 1)), 0);
		}
		halt(w);
	}
}

/* cycle, time and instret: no more. */
TEST(a_user_reads_three_csrs)
{
	bystander_start();
	check_csrs(CSRRS_A0, 0, CSR_CYCLE, CSR_INSTRET);
	bystander_check();
}

TEST(a_user_writes_no_csr)
{
	bystander_start();
	check_csrs(CSRRW_ZERO_A0, ~(uint64_t)0, CSRS, 0);
	check_csrs(CSRRW_ZERO_A0, 0, CSRS, 0);
	bystander_check();
}

static uint64_t read_counters(uint64_t arg)
{
	uint64_t cycle, time, instret, cycle2, time2, instret2;

	for (unsigned i = 0; i < 1000; i++) {
		__asm__ volatile("rdcycle %0\n\trdtime %1\n\trdinstret %2\n\t"
				 "rdcycle %3\n\trdtime %4\n\trdinstret %5"
				 : "=&r"(cycle), "=&r"(time), "=&r"(instret), "=&r"(cycle2),
				   "=&r"(time2), "=&r"(instret2));
		CHECK(cycle2 >= cycle && time2 >= time && instret2 > instret);
	}
	return arg;
}

TEST(each_hart_lets_users_read_the_counters)
{
	for (unsigned h = 0; h < harts(); h++) {
		run_on_hart(&pool[0], read_counters, h, h);
		CHECK_EQ(join(&pool[0]), h);
	}
}

/* --- where there is no code --------------------------------------------------------- */

TEST(jumps_to_what_is_no_code_are_faults)
{
	uint64_t vas = space_new(100);
	const uint64_t bad[] = {
		page(0),
		page(1),
		page(2),
		page(3),
		page(4),
		page(5),
		pool[2].handle,
		vas,
		FAR_HOLE,
		0,
		TOP_OF_USER - 2,
		TOP_OF_USER,
		1UL << 55,
		1UL << 63,
		INFO_VA,
		0xffffffc000000000,
		KERNEL_RAM,
		KERNEL_TEXT,
		KERNEL_WINDOW,
		0xfffffffffffff000,
		0xfffffffffffffffe,
	};

	bystander_start();
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	CHECK_EQ(map_new(0, page(1), 1, MAP_R), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, page(2), 0x10000000, 1, MAP_IO | MAP_DEVICE | RW), 1);
	CHECK_EQ(view(page(3), pool[2].handle), 1);
	CHECK_EQ(view_table(page(4), 0, page(0), 0), 1);
	CHECK_EQ(view_table(page(5), vas, (uint64_t)entry_work, 1), 1);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		test_note("pc", bad[i]);
		check_told(bad[i], 0, FETCH_FAULT, bad[i], bad[i]);
		check_told((uint64_t)entry_fetch, bad[i], FETCH_FAULT, bad[i], bad[i]);
	}
	told_end();
	bystander_check();
}

/* An instruction with its second half on a page that isn't there, or is no code: the pc is
 * on a page that is fine. */
TEST(half_an_instruction_is_a_fault)
{
	uint64_t pc, next, at;

	if (!(INFO->isa & INFO_ISA_C))
		return;
	code_begin();
	code32(PAGE_SIZE - 6, 0x00150513); /* addi a0, a0, 1 */
	code16(PAGE_SIZE - 2, 0x0513);     /* and half of that */
	pc = code_end();
	next = pc + PAGE_SIZE;
	at = next - 2;
	check_told(pc + PAGE_SIZE - 6, 7, FETCH_FAULT, next, at);
	CHECK_EQ(map_new(0, next, 1, RW), 1);
	*(volatile uint16_t *)next = 0x0015;
	for (int i = 0; i < 4; i++)
		((volatile uint16_t *)next)[1 + i] = i % 2 ? 0x0010 : 0x0073; /* ebreak */
	check_told(pc + PAGE_SIZE - 6, 7, FETCH_FAULT, next, at);
	/* Mended, it is done once. */
	CHECK_EQ(start(pool[2].handle, at, 0, 7), 0);
	AWAIT(life(&pool[2]) == EX_FAULTED);
	CHECK_EQ(pool[2].view->pc, at);
	CHECK_EQ(share(0, page(0), next, 1, RW), 1);
	CHECK_EQ(share(0, next, page(0), 1, RX | MAP_REPLACE), -HL_EPERM);
	CHECK_EQ(unmap(0, next, 1), 1);
	CHECK_EQ(map_new(0, next, 1, RW | MAP_X | MAP_WX), 1);
	for (int i = 0; i < 5; i++)
		((volatile uint16_t *)next)[i] = ((volatile uint16_t *)page(0))[i];
	CHECK_EQ(protect(0, next, 1, RX), 1);
	CHECK_EQ(resume(pool[2].handle, 0), 0);
	AWAIT(life(&pool[2]) == EX_FAULTED);
	CHECK_EQ(pool[2].view->scause, BREAKPOINT);
	CHECK_EQ(pool[2].view->pc, next + 2);
	CHECK_EQ(pool[2].view->x[9], 8);
	told_end();
}

/* --- where code ends --------------------------------------------------------------------- */

/* A call from the last instruction of a page, and of all pages: it goes on behind it. */
static void check_last_ecall(uint64_t va)
{
	code_begin();
	code32(PAGE_SIZE - 4, INSN_ECALL);
	code_end();
	CHECK_EQ(share(0, va, page(CODE_PAGE + 1), 1, RX), 1);
	/* All registers but sp and a0 are 0: yield. */
	check_told(va + PAGE_SIZE - 4, 0, FETCH_FAULT, va + PAGE_SIZE, va + PAGE_SIZE);
	CHECK_EQ(unmap(0, va, 1), 1);
}

TEST(a_call_at_the_end_of_a_page_returns_behind_it)
{
	/* Far up in the user half: its tables stay, so they are a space's own. */
	uint64_t vas = space_new(100), last = TOP_OF_USER - PAGE_SIZE;
	struct worker *w = worker_new(vas);

	check_last_ecall(page(0));
	told_end();
	code_begin();
	code32(PAGE_SIZE - 4, INSN_ECALL);
	CHECK_EQ(share(vas, last, code_end(), 1, RX), 1);
	bystander_start();
	for (int others = 0; others < 2; others++) {
		/* With others about, it is left and comes back. */
		if (others)
			run_on_hart(&pool[2], work_yield_forever, 0, 0);
		CHECK_EQ(CALL(CALL_START, w->handle, TOP_OF_USER - 4, 0, 0, 0, ON_HART(0)), 0);
		AWAIT(life(w) == EX_FAULTED);
		CHECK_EQ(w->view->scause, FETCH_FAULT);
		CHECK_EQ(w->view->stval, TOP_OF_USER);
		CHECK_EQ(w->view->pc, TOP_OF_USER);
		halt(w);
	}
	bystander_check();
}

/* A fault at odd halves of words. */
TEST(calls_and_breakpoints_stand_at_any_halfword)
{
	uint64_t pc;

	if (!(INFO->isa & INFO_ISA_C))
		return;
	for (uint64_t at = 2; at < 12; at += 2) {
		code_begin();
		code16(at - 2, INSN_CNOP);
		code32(at, INSN_ECALL);
		code16(at + 4, 0x9002); /* c.ebreak */
		pc = code_end();
		check_told(pc + at - 2, 0, BREAKPOINT, pc + at + 4, pc + at + 4);
	}
	told_end();
}

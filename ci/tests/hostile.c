/* SPDX-License-Identifier: MIT
 *
 * See hostile.h.
 */
#include "hostile.h"

/* --- the bystander ----------------------------------------------------------- */

#define CANARIES 4
#define CANARY   page(900)
#define SPARE    page(910)

struct worker *bystander;
static volatile uint64_t turns;
static uint64_t turns_seen;

static uint64_t canary(uint64_t i)
{
	return 0x5afe000000000000 | i * PAGE_SIZE * 7;
}

/* When the case is over its space goes, which is the only reason for that. */
static void check_two(int64_t result)
{
	while (result == -HL_ESRCH)
		yield();
	CHECK_EQ(result, 2);
}

static uint64_t look_after(uint64_t arg)
{
	uint64_t words = CANARIES * PAGE_SIZE / sizeof(uint64_t);

	for (uint64_t i = 0; i < words; i++)
		word(CANARY)[i] = canary(i);
	for (uint64_t at = 0;; at = (at + 61) % words) {
		CHECK_EQ(word(CANARY)[at], canary(at));
		check_two(map_new(0, SPARE, 2, RW));
		CHECK_EQ(word(SPARE)[at % 512] | word(SPARE)[512 + at % 512], 0);
		word(SPARE)[at % 512] = at;
		check_two(unmap(0, SPARE, 2));
		CHECK_EQ(yield(), 0);
		CHECK_EQ(wake(0), 0);
		park();
		park_until(test_time());
		CHECK_EQ(CALL(CALL_START, FAR_HOLE), -HL_EBADF);
		CHECK_EQ(stop(FAR_HOLE, 0), -HL_EBADF);
		CHECK_EQ(INFO->magic, INFO_MAGIC);
		turns++;
	}
	return arg;
}

void bystander_start(void)
{
	uint64_t vas = space_new(100);

	bystander = worker_new(vas);
	CHECK_EQ(map_new(vas, CANARY, CANARIES, RW), CANARIES);
	CHECK_EQ(map_new(vas, SPARE, 2, RW), 2);
	CHECK_EQ(unmap(vas, SPARE, 2), 2);
	turns = turns_seen = 0;
	run_on_hart(bystander, look_after, 0, BYSTANDERS_HART);
	bystander_check();
}

void bystander_check(void)
{
	AWAIT(turns >= turns_seen + 3 || life(bystander) == EX_STOPPED ||
	      life(bystander) == EX_FAULTED);
	CHECK(life(bystander) != EX_STOPPED && life(bystander) != EX_FAULTED);
	turns_seen = turns;
}

/* --- faults ------------------------------------------------------------------- */

#define BADGE 0xabcdef0123

static struct result told;
static volatile uint64_t tidings;

static uint64_t listen(uint64_t arg)
{
	for (;;) {
		told = park();
		tidings++;
	}
	return arg;
}

void check_told(uint64_t pc, uint64_t arg, uint64_t cause, uint64_t addr, uint64_t at)
{
	if (life(&pool[0]) == EX_STOPPED) {
		tidings = 0;
		run(&pool[0], listen, 0);
	}
	AWAIT(life(&pool[0]) == EX_PARKED);
	uint64_t before = tidings;

	CHECK_EQ(start_kept(pool[1].handle, pc, 0, arg, pool[0].handle, BADGE), 0);
	AWAIT(tidings != before);
	CHECK_EQ(life(&pool[1]), EX_FAULTED);
	CHECK_EQ(told.a0, 0);
	CHECK_EQ(told.a1, BADGE);
	CHECK_EQ(told.a2, TELL_FAULT);
	CHECK_EQ(told.a3, cause);
	/* The ISA lets hardware leave these out, and QEMU tells an older instruction for some. */
	if (cause != ILLEGAL && (cause != BREAKPOINT || told.a4 != 0))
		CHECK_EQ(told.a4, addr);
	CHECK_EQ(told.a5, at);
	CHECK_EQ(pool[1].view->scause, cause);
	CHECK_EQ(pool[1].view->stval, told.a4);
	CHECK_EQ(pool[1].view->pc, at);
	/* The keeper is told of the end as well. */
	AWAIT(life(&pool[0]) == EX_PARKED);
	CHECK_EQ(stop(pool[1].handle, 0), 0);
	AWAIT(tidings == before + 2);
	CHECK_EQ(told.a2, TELL_ENDED);
}

void told_end(void)
{
	halt(&pool[1]);
	halt(&pool[0]);
}

/* --- code ---------------------------------------------------------------------- */

void code_begin(void)
{
	CHECK_EQ(CALL(CALL_MAP, 0, page(CODE_PAGE), 0, 1,
		      MAP_NEW | MAP_RIGHTS | MAP_WX | MAP_REPLACE),
		 1);
}

void code16(uint64_t offset, uint16_t insn)
{
	*(volatile uint16_t *)(page(CODE_PAGE) + offset) = insn;
}

void code32(uint64_t offset, uint32_t insn)
{
	code16(offset, (uint16_t)insn);
	code16(offset + 2, (uint16_t)(insn >> 16));
}

uint64_t code_end(void)
{
	CHECK_EQ(share(0, page(CODE_PAGE + 1), page(CODE_PAGE), 1, RX | MAP_REPLACE), 1);
	return page(CODE_PAGE + 1);
}

/* SPDX-License-Identifier: MIT
 *
 * The ways in which the first executor, and with it the machine, can end.
 * argv: the way, then a number if it takes one.  ci/tests/expect looks at the
 * exit status and at what the console says.
 */
#include <hartleaf/layout.h>
#include <hartleaf/rt.h>
#include <hartleaf/sys.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"

#define CAP    RT_MEET_VA
#define HOLE   (RT_MEET_VA + 0x123456000)
#define MARK   "0x5ca1ab1e0ddba111" /* to be found in the register dump */
#define STACKS 3

static char stacks[STACKS][4096] __attribute__((aligned(16)));

static void run(unsigned i, uint64_t (*fn)(uint64_t), uint64_t arg)
{
	struct entry_frame *f = (struct entry_frame *)(stacks[i] + 4096 - ENTRY_SIZE);
	hl_handle exec = CAP + i * PAGE_SIZE;

	f->work = fn;
	if (sys_map_executor(HL_SELF, exec, MAP_RIGHTS) != 1 ||
	    sys_start(exec, (uint64_t)entry_work, (uint64_t)f, arg, 0, 0) != 0)
		exit(99);
}

static uint64_t spin(uint64_t arg)
{
	for (;;)
		__asm__ volatile("");
	return arg;
}

static uint64_t fault(uint64_t arg)
{
	return *(volatile uint64_t *)HOLE + arg;
}

static uint64_t stop_first(uint64_t code)
{
	return (uint64_t)sys_stop(BOOT_SELF_VA, (long)code);
}

static uint64_t stop_space(uint64_t code)
{
	sys_stop_own_vas((long)code);
}

/* Asleep: a takedown goes on where a hart has nothing else to do. */
static void wait_for_end(void)
{
	for (;;)
		sys_park(NULL, 0);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	long code = argc > 2 ? atol(argv[2]) : 0;

	if (!strcmp(way, "return"))
		return (int)code;
	if (!strcmp(way, "exit"))
		exit((int)code);
	if (!strcmp(way, "stop"))
		sys_stop_self(code);
	if (!strcmp(way, "stop-space"))
		sys_stop_own_vas(code);
	if (!strcmp(way, "stopped-by-another")) {
		run(0, stop_first, (uint64_t)code);
		for (;;)
			sys_yield();
	}
	if (!strcmp(way, "stopped-while-parked")) {
		run(0, stop_first, (uint64_t)code);
		wait_for_end();
	}
	if (!strcmp(way, "another-stops-the-space")) {
		run(0, stop_space, (uint64_t)code);
		wait_for_end();
	}
	if (!strcmp(way, "others-fault-and-spin")) {
		run(0, fault, 0);
		for (int i = 0; i < 100; i++)
			sys_yield();
		for (unsigned i = 1; i < STACKS && i < hl_info()->harts; i++)
			run(i, spin, 0);
		for (int i = 0; i < 100; i++)
			sys_yield();
		sys_stop_self(code);
	}
	if (!strcmp(way, "load"))
		__asm__ volatile("li s5, " MARK "\n\tld a0, (%0)" ::"r"(HOLE) : "s5", "a0");
	if (!strcmp(way, "store"))
		__asm__ volatile("li s5, " MARK "\n\tsd a0, (%0)" ::"r"(HOLE) : "s5", "memory");
	if (!strcmp(way, "fetch"))
		__asm__ volatile("li s5, " MARK "\n\tjr %0" ::"r"(HOLE) : "s5");
	if (!strcmp(way, "illegal"))
		__asm__ volatile("li s5, " MARK "\n\tunimp" ::: "s5");
	if (!strcmp(way, "breakpoint"))
		__asm__ volatile("li s5, " MARK "\n\tebreak" ::: "s5");
	printf("no such way to end: %s\n", way);
	return 99;
}

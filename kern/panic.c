/* SPDX-License-Identifier: MIT */
#include "panic.h"
#include "machine.h"

#include <hartleaf/leaf.h>

static const char name[32][5] = {"pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
				 "a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
				 "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

static void print(const char *s)
{
	while (*s != 0)
		console_putc(*s++);
}

static void print_hex(const char *label, uint64_t value)
{
	print(label);
	print("=0x");
	for (int shift = 60; shift >= 0; shift -= 4)
		console_putc("0123456789abcdef"[value >> shift & 15]);
}

static void print_trap(const uint64_t *regs, uint64_t cause, uint64_t addr)
{
	print_hex("scause", cause);
	print_hex(" stval", addr);
	for (unsigned i = 0; i < 32; i++) {
		print(i % 4 == 0 ? "\n  " : " ");
		print_hex(name[i], regs[i]);
	}
	print("\n");
}

BOOT_ONLY _Noreturn void boot_refuse(const char *why)
{
	print("hartleaf: can't boot: ");
	print(why);
	print("\n");
	machine_stop(true);
}

BOOT_ONLY void boot_left_out(uint64_t first, uint64_t pages, const char *why)
{
	print("hartleaf: memory left out, ");
	print(why);
	print_hex(": base", first << PAGE_SHIFT);
	print_hex(" size", pages << PAGE_SHIFT);
	print("\n");
}

_Noreturn void panic_firmware(uint64_t extension, int64_t error)
{
	print("hartleaf: panic: the firmware fails: ");
	print_hex("extension", extension);
	print_hex(" error", error);
	print("\n");
	machine_stop(true);
}

_Noreturn void panic_first(const struct executor *ex)
{
	print("hartleaf: fault in the first executor: ");
	print_trap(&ex->pc, ex->scause, ex->stval);
	machine_stop(true);
}

_Noreturn void panic_trap(const uint64_t *regs, uint64_t cause, uint64_t addr)
{
	print("hartleaf: panic: trap in the kernel: ");
	print_trap(regs, cause, addr);
	machine_stop(true);
}

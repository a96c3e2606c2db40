/* SPDX-License-Identifier: MIT
 *
 * What hostile programs share.  They attack from user mode and expect that nothing
 * gives.  What other tests try already is not tried again:
 *
 *	forged handles            calls.c
 *	rights that grow          rights.c, map_errors.c, map_view.c, map_tables.c
 *	RAM as a device           map_view.c
 *	all memory, all budget    exhaust.c, map_new.c, vas_budget.c
 *	many executors, spaces    limits.c, limits_spaces.c
 *	random calls              stress.c
 *	spinners                  preempt.c; that are taken down: vas_races.c
 *	registers over switches   registers.c, registers_words.c, preempt_registers.c
 *	floating point            fp.c, fp_switch.c
 *	the kernel's half         map_view.c, fault.c
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include "kit.h"

#define ILLEGAL    2
#define BREAKPOINT 3

/* --- the bystander ----------------------------------------------------------
 * A space with memory of its own, and an executor in it that is bound to the last hart.
 * It looks after its memory, makes each kind of call, and counts its rounds. */
void bystander_start(void);
/* It has gone round several times since the last look. */
void bystander_check(void);
/* Its executor, with all rights. */
extern struct worker *bystander;
#define BYSTANDERS_HART (harts() - 1)

/* --- faults -----------------------------------------------------------------
 * pool[1] is started at pc with a0 = arg, and does this: what pool[0], its keeper, is
 * told, is this fault; and so does the view say. */
void check_told(uint64_t pc, uint64_t arg, uint64_t cause, uint64_t addr, uint64_t at);
/* Stop both. */
void told_end(void);

/* --- code -------------------------------------------------------------------
 * Instructions, as halfwords or words, in a page to run them; code_end puts it there. */
#define CODE_PAGE 1000u /* writable; executable at the next one */
void code_begin(void);
void code16(uint64_t offset, uint16_t insn);
void code32(uint64_t offset, uint32_t insn);
/* Its address, to run. */
uint64_t code_end(void);

#define INSN_ECALL 0x00000073
#define INSN_CNOP  0x0001

#endif

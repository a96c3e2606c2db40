/* SPDX-License-Identifier: MIT
 *
 * Whole register files, as tests load them before an instruction and find them
 * after it.  They lie in the page at address 0, the only one that loads and
 * stores reach without a register: so all 31 can hold a pattern at once, sp,
 * gp and tp too.  Read by C and assembly.
 */
#ifndef TESTS_REGFILE_H
#define TESTS_REGFILE_H

/* A set is for one executor at a time: before, after, and its C stack. */
#define REGFILE_SET   0x200
#define REGFILE_AFTER 0x100
#define REGFILE_SP    0x0   /* x0's slot of `before` */
#define REGFILE_FLAG  0x100 /* x0's slot of `after` */
#define REGFILE_SETS  4

/* Registers that don't count in regs_count: a different one in each set. */
#define REGFILE_COUNT_FLAG_0 5
#define REGFILE_COUNT_FLAG_1 8
#define REGFILE_COUNT_FLAG_2 10
#define REGFILE_COUNT_FLAG_3 31

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

/* Index 0 isn't a register: sp of the caller, and a flag for regs_spin. */
struct regfile {
	volatile uint64_t before[32];
	volatile uint64_t after[32];
};

_Static_assert(sizeof(struct regfile) == REGFILE_SET, "");
_Static_assert(sizeof(uint64_t[32]) == REGFILE_AFTER, "");

/* Load `before`, do it, store `after`; they return as C functions do. */
#define REGFILE_FUNCTIONS(n)                                                                       \
	void regs_ecall_##n(void); /* ecall */                                                     \
	void regs_spin_##n(void);  /* spin until the flag is not 0; t0 is used for that */         \
	void regs_count_##n(void); /* the same, and add 1 to all but one in each round */          \
	void regs_load_##n(void);  /* ld t1, (t0) */                                               \
	void regs_entry_##n(void); /* where start begins: store all, then end */
REGFILE_FUNCTIONS(0)
REGFILE_FUNCTIONS(1)
REGFILE_FUNCTIONS(2)
REGFILE_FUNCTIONS(3)

/* The functions above, by set. */
extern void (*const regs_ecall[REGFILE_SETS])(void);
extern void (*const regs_spin[REGFILE_SETS])(void);
extern void (*const regs_count[REGFILE_SETS])(void);
extern void (*const regs_load[REGFILE_SETS])(void);
extern void (*const regs_entry[REGFILE_SETS])(void);

/* Register numbers */
enum {
	SP = 2,
	T0 = 5,
	T1 = 6,
	A0 = 10,
	A5 = 15,
	A6 = 16,
	A7 = 17,
};

struct regfile *regfile(unsigned set);
/* Map the page of the sets; kit_reset takes it away. */
void regfile_map(void);
/* A call may change it: a0-a7, t0-t6. */
bool clobbered(int n);
/* Different in every register, set and round. */
uint64_t pattern(unsigned set, int n, uint64_t round);
/* All of `before`. */
void load_patterns(unsigned set, uint64_t round);
/* After a call: a0 is the result, a1..a5 as documented where that is not 0. */
void check_after(unsigned set, uint64_t result, const uint64_t *documented);
/* All as before, but one register. */
void check_untouched(unsigned set, int but);

/* Words that no call documents. */
extern const uint64_t nothing[6];
#endif

#endif

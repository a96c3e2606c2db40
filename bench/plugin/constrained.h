/* SPDX-License-Identifier: MIT
 *
 * A constrained LR/SC loop, whose sc succeeds in the end on any hart (unprivileged spec,
 * chapter "A", "Eventual Success of Store-Conditional Instructions"): at most 16 instructions
 * in a row; from lr to sc and from a failed sc back to lr base instructions only, no load,
 * store, jalr, fence or system instruction; from lr to sc nothing goes backward; sc has
 * the lr's address and size.
 *
 * lr_sc.c asks this of linked programs, strict.c of what a hart executes.
 */
#ifndef PLUGIN_CONSTRAINED_H
#define PLUGIN_CONSTRAINED_H

#include <stdbool.h>
#include <stdint.h>

#define CONSTRAINED_MAX 16 /* instructions of a loop */

/* What comes after an instruction. */
enum flow {
	FLOW_NEXT,
	FLOW_BRANCH, /* the next one, or what is at `offset` */
	FLOW_JUMP,   /* what is at `offset` */
	FLOW_CALL,   /* somewhere else, and later the next one */
	FLOW_AWAY,
};

struct insn {
	enum flow flow;
	int32_t offset;
	uint8_t size;    /* 2, 4 */
	uint8_t rd, rs1; /* 0: none; rs1 of branches, lr and sc only */
	uint8_t width;   /* lr, sc: of the access, as encoded */
	bool lr, sc;
	bool if_zero, if_not; /* a branch that compares rs1 with 0 */
	const char *unfit;    /* what it is, if it can't be in such a loop; else NULL */
};

/* Of a compressed instruction the low half is looked at alone. */
struct insn insn_decode(uint32_t word);

/* Functions that are let alone, with the reason, by their names in a file. */
struct exception {
	char *name;
	bool met; /* for who uses the list */
	struct exception *next;
};

/* False: no such file.  A line is `name: reason`, or a comment from # on. */
bool exceptions_read(struct exception **list, const char *path);
/* That of a function, of which the compiler may have made a clone (name.what); or NULL. */
struct exception *exceptions_find(struct exception *list, const char *function);

#endif

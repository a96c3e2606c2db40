/* SPDX-License-Identifier: MIT
 *
 * The instructions of a linked program, by address, and whose they are.
 */
#ifndef PLUGIN_CODE_H
#define PLUGIN_CODE_H

#include "constrained.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct place {
	uint64_t address;
	struct insn insn;
	/* lr_sc.c's: last walk that came by without and with a fault; an sc's lr */
	uint32_t seen[2];
	bool reached;
	const struct place *lr;
};

struct label {
	uint64_t address;
	const char *name;
};

struct code {
	struct place *places; /* one instruction behind the other */
	size_t count;
	struct label *labels; /* sorted */
	size_t labels_count;
	unsigned char *file;
};

/* Reads an ELF file for 64-bit RISC-V; false, with a message: it is none. */
bool code_read(struct code *code, const char *path);
void code_free(struct code *code);

/* The instruction there, or NULL. */
struct place *code_at(const struct code *code, uint64_t address);
/* The label that `address` lies behind, or "?". */
const char *code_label(const struct code *code, uint64_t address);

#endif

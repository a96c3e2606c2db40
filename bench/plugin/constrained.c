/* SPDX-License-Identifier: MIT */
#include "constrained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A field of the word, moved to where it belongs in what it is a part of. */
static uint32_t field(uint32_t word, unsigned int from, unsigned int bits, unsigned int to)
{
	return (word >> from & ((1u << bits) - 1)) << to;
}

static int32_t sign_extend(uint32_t value, unsigned int bits)
{
	return (int32_t)(value << (32 - bits)) >> (32 - bits);
}

static void decode_c_jump(struct insn *insn, uint32_t word)
{
	insn->flow = FLOW_JUMP;
	insn->offset = sign_extend(field(word, 3, 3, 1) | field(word, 11, 1, 4) |
					   field(word, 2, 1, 5) | field(word, 7, 1, 6) |
					   field(word, 6, 1, 7) | field(word, 9, 2, 8) |
					   field(word, 8, 1, 10) | field(word, 12, 1, 11),
				   12);
}

static void decode_c_branch(struct insn *insn, uint32_t word)
{
	insn->flow = FLOW_BRANCH;
	insn->rs1 = (uint8_t)(8 + field(word, 7, 3, 0));
	insn->if_zero = !(word & 0x2000);
	insn->if_not = !insn->if_zero;
	insn->offset =
		sign_extend(field(word, 3, 2, 1) | field(word, 10, 2, 3) | field(word, 2, 1, 5) |
				    field(word, 5, 2, 6) | field(word, 12, 1, 8),
			    9);
}

static void decode_c_memory(struct insn *insn, uint32_t word)
{
	const uint32_t what = field(word, 13, 3, 0);

	insn->unfit = what == 4 ? "instruction outside of I" : what < 4 ? "load" : "store";
}

/* Quadrant 1: all of the base, but for what later extensions have put in its gaps. */
static void decode_c_1(struct insn *insn, uint32_t word)
{
	switch (field(word, 13, 3, 0)) {
	case 4:
		insn->rd = (uint8_t)(8 + field(word, 7, 3, 0));
		if (field(word, 10, 2, 0) == 3 && word & 0x1000 && word & 0x40)
			insn->unfit = "instruction outside of I";
		break;
	case 5:
		decode_c_jump(insn, word);
		break;
	case 6:
	case 7:
		decode_c_branch(insn, word);
		break;
	default:
		insn->rd = (uint8_t)field(word, 7, 5, 0);
		break;
	}
}

static void decode_c_jr_mv_add(struct insn *insn, uint32_t word)
{
	const bool link = word & 0x1000;

	insn->rd = (uint8_t)field(word, 7, 5, 0);
	if (field(word, 2, 5, 0)) /* mv, add */
		return;
	insn->unfit = insn->rd ? "jalr" : "ebreak";
	insn->flow = !insn->rd ? FLOW_NEXT : link ? FLOW_CALL : FLOW_AWAY;
	insn->rd = link && insn->rd ? 1 : 0;
}

static struct insn decode_compressed(uint32_t word)
{
	struct insn insn = {.size = 2};

	switch ((word & 3) << 4 | field(word, 13, 3, 0)) {
	case 0x00: /* addi rd, sp, n; 0 is no instruction */
		insn.rd = (uint8_t)(8 + field(word, 2, 3, 0));
		if (!(word & 0xffff)) {
			insn.unfit = "no instruction";
			insn.flow = FLOW_AWAY;
		}
		break;
	case 0x20: /* slli */
		insn.rd = (uint8_t)field(word, 7, 5, 0);
		break;
	case 0x24:
		decode_c_jr_mv_add(&insn, word);
		break;
	default:
		if ((word & 3) == 1)
			decode_c_1(&insn, word);
		else
			decode_c_memory(&insn, word);
		break;
	}
	return insn;
}

static void decode_atomic(struct insn *insn, uint32_t word)
{
	const uint32_t what = word >> 27;

	insn->unfit = "atomic";
	insn->lr = what == 2;
	insn->sc = what == 3;
	insn->width = (uint8_t)field(word, 12, 3, 0);
	insn->rs1 = (uint8_t)field(word, 15, 5, 0);
}

static void decode_branch(struct insn *insn, uint32_t word)
{
	const uint32_t what = field(word, 12, 3, 0), rs1 = field(word, 15, 5, 0),
		       rs2 = field(word, 20, 5, 0);

	insn->flow = FLOW_BRANCH;
	insn->rd = 0;
	insn->rs1 = (uint8_t)(rs1 ? rs1 : rs2);
	insn->if_zero = what == 0 && (!rs1 || !rs2);
	insn->if_not = what == 1 && (!rs1 || !rs2);
	insn->offset = sign_extend(field(word, 8, 4, 1) | field(word, 25, 6, 5) |
					   field(word, 7, 1, 11) | field(word, 31, 1, 12),
				   13);
}

static void decode_jal(struct insn *insn, uint32_t word)
{
	insn->flow = insn->rd ? FLOW_CALL : FLOW_JUMP;
	insn->unfit = insn->rd ? "call" : NULL;
	insn->offset = sign_extend(field(word, 21, 10, 1) | field(word, 20, 1, 11) |
					   field(word, 12, 8, 12) | field(word, 31, 1, 20),
				   21);
}

/* sret, mret and unimp, which is csrrw zero, cycle, zero, go nowhere that the code tells. */
static void decode_system(struct insn *insn, uint32_t word)
{
	insn->unfit = "system instruction";
	if (word == 0x10200073 || word == 0x30200073 || word == 0xc0001073)
		insn->flow = FLOW_AWAY;
}

/* What the base has of OP, OP-IMM and their 32-bit forms: M and B live there, too. */
static bool is_base_arithmetic(uint32_t word)
{
	const uint32_t what = field(word, 12, 3, 0), upper = word >> 25;
	const bool immediate = !(word & 0x20), is_32 = word & 8, shift = what == 1 || what == 5;

	if (is_32 && what != 0 && !shift)
		return false;
	if (immediate && !shift)
		return true;
	if (immediate && !is_32) /* a shift of up to 63 */
		return (upper & ~1u) == 0 || (what == 5 && (upper & ~1u) == 0x20);
	return upper == 0 || (upper == 0x20 && (what == 5 || (what == 0 && !immediate)));
}

struct insn insn_decode(uint32_t word)
{
	struct insn insn = {.size = 4, .rd = (uint8_t)field(word, 7, 5, 0)};

	if ((word & 3) != 3)
		return decode_compressed(word);
	switch (word & 0x7f) {
	case 0x17: /* auipc */
	case 0x37: /* lui */
		break;
	case 0x13:
	case 0x1b:
	case 0x33:
	case 0x3b:
		if (!is_base_arithmetic(word))
			insn.unfit = "instruction outside of I";
		break;
	case 0x03:
	case 0x07:
		insn.unfit = "load";
		break;
	case 0x23:
	case 0x27:
		insn.unfit = "store";
		break;
	case 0x2f:
		decode_atomic(&insn, word);
		break;
	case 0x0f:
		insn.unfit = "fence";
		break;
	case 0x63:
		decode_branch(&insn, word);
		break;
	case 0x67:
		insn.unfit = "jalr";
		insn.flow = insn.rd ? FLOW_CALL : FLOW_AWAY;
		break;
	case 0x6f:
		decode_jal(&insn, word);
		break;
	case 0x73:
		decode_system(&insn, word);
		break;
	default:
		insn.unfit = "instruction outside of I";
		break;
	}
	return insn;
}

bool exceptions_read(struct exception **list, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256], name[128];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		struct exception *one;

		if (sscanf(line, "%127[^:# \t\n]", name) != 1)
			continue;
		one = calloc(1, sizeof(*one));
		if (!one)
			abort();
		one->name = strdup(name);
		one->next = *list;
		*list = one;
	}
	fclose(file);
	return true;
}

struct exception *exceptions_find(struct exception *list, const char *function)
{
	for (struct exception *one = list; one; one = one->next) {
		const size_t length = strlen(one->name);

		if (!strncmp(one->name, function, length) &&
		    (function[length] == 0 || function[length] == '.'))
			return one;
	}
	return NULL;
}

/* SPDX-License-Identifier: MIT
 *
 * decode.h on this machine: what kind an instruction is counted as.  Words as the
 * assembler makes them.
 */
#include "decode.h"

#include "../mark.h"

#include <stdio.h>

static const struct {
	const char *text;
	uint32_t word;
	enum kind kind;
} instructions[] = {
	{"ld s8,8(s0)", 0x00843c03, KIND_LOAD},
	{"lbu t0,0(t1)", 0x00034283, KIND_LOAD},
	{"fld ft0,0(a0)", 0x00053007, KIND_LOAD},
	{"flw fa0,4(sp)", 0x00412507, KIND_LOAD},
	{"c.lw a0,4(a1)", 0x41c8, KIND_LOAD},
	{"c.ld a0,8(a1)", 0x6588, KIND_LOAD},
	{"c.fld fa0,8(a1)", 0x2588, KIND_LOAD},
	{"c.lwsp a0,4(sp)", 0x4512, KIND_LOAD},
	{"c.ldsp a0,8(sp)", 0x6522, KIND_LOAD},
	{"c.fldsp fa0,8(sp)", 0x2522, KIND_LOAD},
	{"sd ra,8(s0)", 0x00143423, KIND_STORE},
	{"sb zero,0(t1)", 0x00030023, KIND_STORE},
	{"fsd ft0,0(a0)", 0x00053027, KIND_STORE},
	{"c.sw a0,4(a1)", 0xc1c8, KIND_STORE},
	{"c.sd a0,8(a1)", 0xe588, KIND_STORE},
	{"c.fsd fa0,8(a1)", 0xa588, KIND_STORE},
	{"c.swsp a0,4(sp)", 0xc22a, KIND_STORE},
	{"c.sdsp a0,8(sp)", 0xe42a, KIND_STORE},
	{"c.fsdsp fa0,8(sp)", 0xa42a, KIND_STORE},
	{"lr.d.aq t3,(t1)", 0x14033e2f, KIND_AMO},
	{"sc.d.rl t6,a7,(t1)", 0x1b133faf, KIND_AMO},
	{"amoadd.w zero,a0,(a1)", 0x00a5a02f, KIND_AMO},
	{"amoswap.d.aqrl a0,a1,(a2)", 0x0eb6352f, KIND_AMO},
	{"csrrw s0,sscratch,s0", 0x14041473, KIND_CSR},
	{"csrr t0,scause", 0x142022f3, KIND_CSR},
	{"csrci sstatus,2", 0x10017073, KIND_CSR},
	{"csrwi sscratch,3", 0x1401d073, KIND_CSR},
	{"frcsr t0", 0x003022f3, KIND_CSR},
	{"rdinstret a0", 0xc0202573, KIND_CSR},
	{"fence rw,w", 0x0310000f, KIND_FENCE},
	{"fence.i", 0x0000100f, KIND_FENCE},
	{"sfence.vma", 0x12000073, KIND_SFENCE},
	{"sfence.vma a0,a1", 0x12b50073, KIND_SFENCE},
	{"sinval.vma a0,a1", 0x16b50073, KIND_SFENCE},
	{"sfence.w.inval", 0x18000073, KIND_SFENCE},
	{"sfence.inval.ir", 0x18100073, KIND_SFENCE},
	{"ecall", 0x00000073, KIND_OTHER},
	{"ebreak", 0x00100073, KIND_OTHER},
	{"sret", WORD_SRET, KIND_OTHER},
	{"mret", 0x30200073, KIND_OTHER},
	{"wfi", WORD_WFI, KIND_OTHER},
	{"unimp", 0xc0001073, KIND_CSR}, /* csrrw zero,cycle,zero */
	{"add a0,a1,a2", 0x00c58533, KIND_OTHER},
	{"slti zero,zero,5", 0x00502013, KIND_OTHER},
	{"auipc a0,0x1", 0x00001517, KIND_OTHER},
	{"jal ra,.", 0x000000ef, KIND_OTHER},
	{"jalr ra,0(a0)", 0x000500e7, KIND_OTHER},
	{"beq a0,a1,.", 0x00b50063, KIND_OTHER},
	{"fadd.d ft0,ft0,ft0", 0x02007053, KIND_OTHER},
	{"c.addi4spn a0,sp,8", 0x0028, KIND_OTHER},
	{"c.addi a0,1", 0x0505, KIND_OTHER},
	{"c.lui a0,0x1", 0x6505, KIND_OTHER},
	{"c.j .", 0xa001, KIND_OTHER},
	{"c.beqz a0,.", 0xc101, KIND_OTHER},
	{"c.slli a0,3", 0x050e, KIND_OTHER},
	{"c.mv a0,a1", 0x852e, KIND_OTHER},
	{"c.jr ra", 0x8082, KIND_OTHER},
};

static int failures;

static void check(const char *text, uint32_t word, enum kind kind)
{
	if (decode(word) == kind)
		return;
	printf("%s, %08x: %s instead of %s\n", text, word, kind_names[decode(word)],
	       kind_names[kind]);
	failures++;
}

int main(void)
{
	const size_t count = sizeof(instructions) / sizeof(instructions[0]);

	for (size_t i = 0; i < count; i++) {
		const uint32_t word = instructions[i].word;

		check(instructions[i].text, word, instructions[i].kind);
		/* What is behind a compressed one is of no concern. */
		if ((word & 3) != 3)
			check(instructions[i].text, word | 0xffff0000, instructions[i].kind);
	}
	/* slti zero,zero,5 */
	if (MARK_WORD(5) != 0x00502013) {
		printf("a mark is %08x\n", MARK_WORD(5));
		failures++;
	}
	printf("%zu instructions, %d failures\n", count, failures);
	return failures != 0;
}

/* SPDX-License-Identifier: MIT */
#include "decode.h"

const char *const kind_names[KINDS] = {
	[KIND_OTHER] = "other",   [KIND_LOAD] = "load", [KIND_STORE] = "store",
	[KIND_AMO] = "amo",       [KIND_CSR] = "csr",   [KIND_FENCE] = "fence",
	[KIND_SFENCE] = "sfence",
};

/* The upper half of quadrants 0 and 2 is symmetric: floating point double, word,
 * doubleword; loads, then stores. */
static enum kind decode_compressed(uint32_t word)
{
	if ((word & 3) == 1)
		return KIND_OTHER;
	switch (word >> 13 & 7) {
	case 1:
	case 2:
	case 3:
		return KIND_LOAD;
	case 5:
	case 6:
	case 7:
		return KIND_STORE;
	default:
		return KIND_OTHER;
	}
}

static enum kind decode_system(uint32_t word)
{
	switch (word >> 12 & 7) {
	case 0:
		break;
	case 4: /* hlv, hsv */
		return KIND_OTHER;
	default:
		return KIND_CSR;
	}
	switch (word >> 25) {
	case 0x09: /* sfence.vma */
	case 0x0b: /* sinval.vma */
	case 0x0c: /* sfence.w.inval, sfence.inval.ir */
	case 0x11: /* hfence.vvma */
	case 0x31: /* hfence.gvma */
		return KIND_SFENCE;
	default: /* ecall, sret, wfi, ... */
		return KIND_OTHER;
	}
}

enum kind decode(uint32_t word)
{
	if ((word & 3) != 3)
		return decode_compressed(word);
	switch (word & 0x7f) {
	case 0x03:
	case 0x07:
		return KIND_LOAD;
	case 0x23:
	case 0x27:
		return KIND_STORE;
	case 0x2f:
		return KIND_AMO;
	case 0x0f: /* 2: cbo.* */
		return (word >> 12 & 7) < 2 ? KIND_FENCE : KIND_OTHER;
	case 0x73:
		return decode_system(word);
	default:
		return KIND_OTHER;
	}
}

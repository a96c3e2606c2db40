/* SPDX-License-Identifier: MIT */
#ifndef PLUGIN_DECODE_H
#define PLUGIN_DECODE_H

#include <stdint.h>

/* What an instruction is counted as, one of these. */
enum kind {
	KIND_OTHER,
	KIND_LOAD,
	KIND_STORE,
	KIND_AMO, /* LR and SC, too */
	KIND_CSR,
	KIND_FENCE,  /* fence, fence.i */
	KIND_SFENCE, /* and its relatives of Svinval and H */
	KINDS,
};

extern const char *const kind_names[KINDS];

/* Of a compressed instruction the low half is looked at alone. */
enum kind decode(uint32_t word);

#define WORD_SRET 0x10200073
#define WORD_WFI  0x10500073

#endif

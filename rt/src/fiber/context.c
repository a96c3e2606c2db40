/* SPDX-License-Identifier: MIT */
#include <hartleaf/context.h>
#include <stdint.h>

#include "context.h"

_Static_assert(8 * CX_WORDS % 16 == 0, "sp stays aligned");
_Static_assert(CX_S11 - CX_S0 == 11 && CX_FS11 - CX_FS0 == 11, "in order");

void rt_context_begin(void);

void hl_context_make(struct hl_context *context, void *top, void (*entry)(void *word))
{
	uint64_t *sp = (uint64_t *)((uintptr_t)top & -16ul) - CX_WORDS;

	sp[CX_RA] = (uint64_t)rt_context_begin;
	sp[CX_S0] = 0; /* the frame pointer, if there is one */
	sp[CX_S1] = (uint64_t)entry;
#ifdef __riscv_flen
	__asm__ volatile("frcsr %0" : "=r"(sp[CX_FCSR]));
#endif
	context->sp = sp;
}

/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a program: elf_plan reads no others, and its plan is sound.
 *
 * sources: rt/src/elf.c
 */
#include <stdlib.h>

#include <hartleaf/layout.h>

#include "sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_plan plan;

	if (elf_plan(&plan, data, size, RT_PROGRAM_LOW, RT_PROGRAM_TOP) == ELF_OK &&
	    plan_unsound(&plan, size, RT_PROGRAM_LOW, RT_PROGRAM_TOP) != 0)
		abort();
	return 0;
}

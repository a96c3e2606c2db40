/* SPDX-License-Identifier: MIT
 *
 * What a worker finds at the top of its stack; read by C and assembly.
 */
#ifndef TESTS_ENTRY_H
#define TESTS_ENTRY_H

#define ENTRY_WORK 0
#define ENTRY_TP   8
#define ENTRY_SIZE 16

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct entry_frame {
	uint64_t (*work)(uint64_t arg);
	void *tp; /* the worker */
};

_Static_assert(offsetof(struct entry_frame, work) == ENTRY_WORK, "");
_Static_assert(offsetof(struct entry_frame, tp) == ENTRY_TP, "");
_Static_assert(sizeof(struct entry_frame) == ENTRY_SIZE, "");

/* Where executors begin; not to be called. */
void entry_work(void);
void entry_load(void);
void entry_store(void);
void entry_fetch(void);
#endif

#endif

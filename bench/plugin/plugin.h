/* SPDX-License-Identifier: MIT
 *
 * What the parts of the plugin share.  plugin.c looks at each instruction once, when
 * QEMU translates it, and offers it to the parts that were asked for.
 *
 * Harts may run at once, each in a thread of QEMU's.  What is counted lies in memory of
 * one hart, which only its thread writes; who adds it up reads with atomics, and gets
 * what is exact if the other harts don't run just then.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include "decode.h"
#include "qemu.h"

#include <stdbool.h>
#include <stdint.h>

/* An instruction at a place; stays for ever. */
struct site {
	uint64_t address; /* virtual */
	uint64_t line;    /* of the code, by the host's address */
	uint32_t word;
	uint16_t function;
	uint8_t kind; /* enum kind */
	struct site *next;
};

struct part {
	const char *option; /* its file: `option=FILE` */
	const char *file;   /* NULL: not asked for */
	bool (*begin)(void);
	/* What is translated comes by the instruction, or by the block. */
	void (*translate)(struct qemu_plugin_insn *insn, struct site *site);
	void (*block)(struct qemu_plugin_tb *tb, struct site **sites, size_t count);
	void (*end)(void);
};

extern struct part part_count, part_cover, part_masked, part_strict;

extern unsigned int harts;

/* The value of another option of the plugin, or NULL. */
const char *option(const char *name);
/* The same, a number in hexadecimal; 0 without. */
uint64_t option_number(const char *name);

/* Zeroes, or the end.  Shares no line with anything else. */
void *allocate(size_t count, size_t size);

/* A counter that one thread counts up and others may read. */
static inline void count_up(uint64_t *counter, uint64_t by)
{
	__atomic_store_n(counter, *counter + by, __ATOMIC_RELAXED);
}

static inline uint64_t count_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif

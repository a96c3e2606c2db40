/* SPDX-License-Identifier: MIT
 *
 * Device trees to read: made piece by piece, or QEMU's own.
 */
#ifndef TREE_H
#define TREE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <hartleaf/fdt_address.h>

#include "mutate.h"

/* A tree under construction. */
struct maker {
	uint8_t tokens[4096], strings[512], reserve[64];
	uint32_t tokens_size, strings_size, reserve_size;
};

static inline void put32(uint8_t *p, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(p, &value, 4);
}

static inline void token(struct maker *m, uint32_t value)
{
	put32(m->tokens + m->tokens_size, value);
	m->tokens_size += 4;
}

static inline void bytes(struct maker *m, const void *p, uint32_t size)
{
	memcpy(m->tokens + m->tokens_size, p, size);
	m->tokens_size += (size + 3) & ~3u;
}

static inline void begin(struct maker *m, const char *name)
{
	token(m, FDT_BEGIN_NODE);
	bytes(m, name, strlen(name) + 1);
}

static inline void end(struct maker *m)
{
	token(m, FDT_END_NODE);
}

static inline void prop(struct maker *m, const char *name, const void *value, uint32_t size)
{
	token(m, FDT_PROP);
	token(m, size);
	token(m, m->strings_size);
	bytes(m, value, size);
	strcpy((char *)m->strings + m->strings_size, name);
	m->strings_size += strlen(name) + 1;
}

static inline void prop_string(struct maker *m, const char *name, const char *value)
{
	prop(m, name, value, strlen(value) + 1);
}

static inline void prop_cells(struct maker *m, const char *name, unsigned n, ...)
{
	uint8_t value[64];
	va_list ap;

	va_start(ap, n);
	for (unsigned i = 0; i < n; i++)
		put32(value + 4 * i, va_arg(ap, unsigned));
	va_end(ap);
	prop(m, name, value, 4 * n);
}

static inline void reserve(struct maker *m, uint32_t base, uint32_t size)
{
	put32(m->reserve + m->reserve_size + 4, base);
	put32(m->reserve + m->reserve_size + 12, size);
	m->reserve_size += 16;
}

/* The blob, in memory of exactly its size. */
static inline uint8_t *make(const struct maker *m)
{
	uint32_t reserve_at = FDT_HEADER_SIZE;
	uint32_t tokens_at = reserve_at + m->reserve_size + 16;
	uint32_t strings_at = tokens_at + m->tokens_size;
	uint32_t total = strings_at + m->strings_size;
	uint8_t *p = calloc(1, total);

	put32(p + FDT_MAGIC_AT, FDT_MAGIC);
	put32(p + FDT_TOTAL_AT, total);
	put32(p + FDT_STRUCT_AT, tokens_at);
	put32(p + FDT_STRINGS_AT, strings_at);
	put32(p + FDT_RESERVE_AT, reserve_at);
	put32(p + FDT_VERSION_AT, FDT_VERSION);
	put32(p + FDT_COMPAT_AT, 16);
	put32(p + FDT_STRINGS_SIZE_AT, m->strings_size);
	put32(p + FDT_STRUCT_SIZE_AT, m->tokens_size);
	memcpy(p + reserve_at, m->reserve, m->reserve_size);
	memcpy(p + tokens_at, m->tokens, m->tokens_size);
	memcpy(p + strings_at, m->strings, m->strings_size);
	return p;
}

static inline uint32_t total(const uint8_t *fdt)
{
	return fdt_be32(fdt + FDT_TOTAL_AT);
}

static inline int check(const uint8_t *fdt)
{
	return fdt_check(fdt, total(fdt));
}

/* A small machine: two harts (one disabled), two banks, a bus with a UART. */
static inline uint8_t *machine(void)
{
	struct maker m = {0};

	reserve(&m, 0x80000000, 0x20000);
	reserve(&m, 0x90000000, 0x1000);
	begin(&m, "");
	prop_cells(&m, "#address-cells", 1, 2);
	prop_cells(&m, "#size-cells", 1, 2);
	prop(&m, "compatible", "first,board\0generic", 20);
	begin(&m, "chosen");
	prop_cells(&m, "linux,initrd-start", 2, 1, 0x80000000);
	prop_cells(&m, "linux,initrd-end", 1, 0x88000000);
	prop_string(&m, "bootargs", "one two");
	prop_string(&m, "stdout-path", "/soc/serial@10000000:115200");
	prop(&m, "unterminated", "abc", 3);
	end(&m);
	token(&m, FDT_NOP);
	begin(&m, "cpus");
	token(&m, FDT_NOP);
	prop_cells(&m, "#address-cells", 1, 1);
	prop_cells(&m, "#size-cells", 1, 0);
	prop_cells(&m, "timebase-frequency", 1, 10000000);
	begin(&m, "cpu@0");
	prop_cells(&m, "reg", 1, 0);
	prop_string(&m, "status", "okay");
	begin(&m, "interrupt-controller");
	end(&m);
	end(&m);
	begin(&m, "cpu@3");
	prop_cells(&m, "reg", 1, 3);
	prop_string(&m, "status", "disabled");
	end(&m);
	end(&m);
	begin(&m, "memory@80000000");
	prop_cells(&m, "reg", 8, 0, 0x80000000, 0, 0x08000000, 4, 0, 1, 0x1000);
	end(&m);
	begin(&m, "soc");
	begin(&m, "serial@10000000"); /* a parent that says nothing: 2 and 1 cells */
	prop_cells(&m, "reg", 3, 0, 0x10000000, 0x100);
	prop(&m, "compatible", "ns16550a", 8); /* lacks its 0 */
	end(&m);
	begin(&m, "half");
	prop_cells(&m, "reg", 5, 0, 0x20000000, 0x100, 0, 0x30000000);
	end(&m);
	end(&m);
	end(&m);
	token(&m, FDT_END);
	return make(&m);
}

static inline uint8_t *qemu_tree(size_t *size)
{
	const char *name = getenv("HARTLEAF_DTB");
	FILE *f = name ? fopen(name, "rb") : NULL;
	static uint8_t buffer[1 << 20];

	if (!f)
		fail_msg("HARTLEAF_DTB is not a file");
	*size = fread(buffer, 1, sizeof(buffer), f);
	fclose(f);
	*size = total(buffer) < *size ? total(buffer) : *size;
	return exact_copy(buffer, *size);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * <hartleaf/fdt.h> on trees that are whole, odd, damaged and hostile.  Boot
 * code trusts fdt_check: what it accepts must be walked without a stray load
 * and without FDT_BAD.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <hartleaf/fdt.h>

#include "mutate.h"

/* A tree under construction. */
struct maker {
	uint8_t tokens[4096], strings[512], reserve[64];
	uint32_t tokens_size, strings_size, reserve_size;
};

static void put32(uint8_t *p, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(p, &value, 4);
}

static void token(struct maker *m, uint32_t value)
{
	put32(m->tokens + m->tokens_size, value);
	m->tokens_size += 4;
}

static void bytes(struct maker *m, const void *p, uint32_t size)
{
	memcpy(m->tokens + m->tokens_size, p, size);
	m->tokens_size += (size + 3) & ~3u;
}

static void begin(struct maker *m, const char *name)
{
	token(m, FDT_BEGIN_NODE);
	bytes(m, name, strlen(name) + 1);
}

static void end(struct maker *m)
{
	token(m, FDT_END_NODE);
}

static void prop(struct maker *m, const char *name, const void *value, uint32_t size)
{
	token(m, FDT_PROP);
	token(m, size);
	token(m, m->strings_size);
	bytes(m, value, size);
	strcpy((char *)m->strings + m->strings_size, name);
	m->strings_size += strlen(name) + 1;
}

static void prop_string(struct maker *m, const char *name, const char *value)
{
	prop(m, name, value, strlen(value) + 1);
}

static void prop_cells(struct maker *m, const char *name, unsigned n, ...)
{
	uint8_t value[64];
	va_list ap;

	va_start(ap, n);
	for (unsigned i = 0; i < n; i++)
		put32(value + 4 * i, va_arg(ap, unsigned));
	va_end(ap);
	prop(m, name, value, 4 * n);
}

static void reserve(struct maker *m, uint32_t base, uint32_t size)
{
	put32(m->reserve + m->reserve_size + 4, base);
	put32(m->reserve + m->reserve_size + 12, size);
	m->reserve_size += 16;
}

/* The blob, in memory of exactly its size. */
static uint8_t *make(const struct maker *m)
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

static uint32_t total(const uint8_t *fdt)
{
	return fdt_be32(fdt + FDT_TOTAL_AT);
}

static int check(const uint8_t *fdt)
{
	return fdt_check(fdt, total(fdt));
}

/* A small machine: two harts (one disabled), two banks, a bus with a UART. */
static uint8_t *machine(void)
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

static void a_whole_tree_is_walked_in_document_order(void **state)
{
	static const char *const names[] = {
		"",      "chosen",          "cpus", "cpu@0",           "interrupt-controller",
		"cpu@3", "memory@80000000", "soc",  "serial@10000000", "half"};
	static const int depths[] = {0, 1, 1, 2, 3, 2, 1, 1, 2, 2};
	uint8_t *fdt = machine();
	struct fdt_node n;
	unsigned i = 0;
	int got;

	(void)state;
	assert_int_equal(check(fdt), total(fdt));
	assert_int_equal(fdt_check(fdt, SIZE_MAX), total(fdt));
	for (got = fdt_root(fdt, &n); got > 0; got = fdt_next(&n), i++) {
		assert_true(i < 10);
		assert_string_equal(n.name, names[i]);
		assert_int_equal(n.depth, depths[i]);
	}
	assert_int_equal(got, 0);
	assert_int_equal(i, 10);
	assert_int_equal(fdt_next(&n), 0); /* and stays there */
	free(fdt);
}

static void reg_follows_the_cells_of_the_parent(void **state)
{
	uint8_t *fdt = machine();
	uint64_t base, size;
	struct fdt_node n;

	(void)state;
	assert_int_equal(fdt_find(fdt, "/memory", &n), 1);
	assert_int_equal(fdt_reg(&n, 0, &base, &size), 1);
	assert_true(base == 0x80000000 && size == 0x08000000);
	assert_int_equal(fdt_reg(&n, 1, &base, &size), 1);
	assert_true(base == 0x400000000 && size == 0x100001000);
	assert_int_equal(fdt_reg(&n, 2, &base, &size), 0);
	assert_int_equal(fdt_find(fdt, "/cpus/cpu@3", &n), 1);
	assert_int_equal(fdt_reg(&n, 0, &base, &size), 1);
	assert_true(base == 3 && size == 0);
	assert_int_equal(fdt_reg(&n, 1, &base, &size), 0);
	assert_int_equal(fdt_find(fdt, "/soc/serial", &n), 1);
	assert_int_equal(fdt_reg(&n, 0, &base, &size), 1);
	assert_true(base == 0x10000000 && size == 0x100);
	assert_int_equal(fdt_find(fdt, "/soc", &n), 1);
	assert_int_equal(fdt_reg(&n, 0, &base, &size), 0);
	assert_int_equal(fdt_find(fdt, "/soc/half", &n), 1);
	assert_int_equal(fdt_reg(&n, 0, &base, &size), 1);
	assert_int_equal(fdt_reg(&n, 1, &base, &size), 0); /* cut short */
	free(fdt);
}

static void properties_have_their_types(void **state)
{
	uint8_t *fdt = machine();
	struct fdt_node n;
	uint64_t number;
	uint32_t len;

	(void)state;
	assert_int_equal(fdt_find(fdt, "/", &n), 1);
	assert_true(fdt_compatible(&n, "first,board"));
	assert_true(fdt_compatible(&n, "generic"));
	assert_false(fdt_compatible(&n, "gener"));
	assert_false(fdt_compatible(&n, "board"));
	assert_false(fdt_compatible(&n, ""));
	assert_int_equal(fdt_find(fdt, "/chosen", &n), 1);
	assert_true(fdt_number(&n, "linux,initrd-start", &number) && number == 0x180000000);
	assert_true(fdt_number(&n, "linux,initrd-end", &number) && number == 0x88000000);
	assert_false(fdt_number(&n, "bootargs-", &number));
	assert_false(fdt_number(&n, "unterminated", &number));
	assert_string_equal(fdt_string(&n, "bootargs"), "one two");
	assert_null(fdt_string(&n, "unterminated"));
	assert_null(fdt_string(&n, "boot"));
	assert_null(fdt_string(&n, "timebase-frequency")); /* of a later node */
	assert_non_null(fdt_prop(&n, "unterminated", &len));
	assert_int_equal(len, 3);
	assert_false(fdt_compatible(&n, "x"));
	assert_int_equal(fdt_find(fdt, "/cpus/cpu@0", &n), 1);
	assert_true(fdt_enabled(&n));
	assert_int_equal(fdt_find(fdt, "/cpus/cpu@3", &n), 1);
	assert_false(fdt_enabled(&n));
	assert_int_equal(fdt_find(fdt, "/soc", &n), 1);
	assert_true(fdt_enabled(&n));
	assert_int_equal(fdt_find(fdt, "/soc/serial", &n), 1);
	assert_false(fdt_compatible(&n, "ns16550a"));
	free(fdt);
}

static void paths_find_nodes(void **state)
{
	uint8_t *fdt = machine();
	struct fdt_node n, child;
	int cpus = 0;

	(void)state;
	assert_int_equal(fdt_find(fdt, "/soc/serial@10000000:115200", &n), 1);
	assert_string_equal(n.name, "serial@10000000");
	assert_int_equal(fdt_find(fdt, "/cpus/cpu", &n), 1);
	assert_string_equal(n.name, "cpu@0");
	assert_int_equal(fdt_find(fdt, "/cpus/cpu@3", &n), 1);
	assert_string_equal(n.name, "cpu@3");
	assert_int_equal(fdt_find(fdt, "/cpus/cpu@1", &n), 0);
	assert_int_equal(fdt_find(fdt, "/cpu@0", &n), 0);
	assert_int_equal(fdt_find(fdt, "/soc/cpu@0", &n), 0);
	assert_int_equal(fdt_find(fdt, "/memory@8", &n), 0);
	assert_int_equal(fdt_find(fdt, "/soc/serial/more", &n), 0);
	assert_int_equal(fdt_find(fdt, "/cpus", &n), 1);
	for (child = n; fdt_child(&n, &child) > 0;)
		cpus += fdt_name_is(&child, "cpu");
	assert_int_equal(cpus, 2);
	assert_false(fdt_name_is(&n, "cpu"));
	assert_false(fdt_name_is(&n, "cpus0"));
	free(fdt);
}

static void reservations_end_at_a_zero_entry(void **state)
{
	uint8_t *fdt = machine();
	uint64_t base, size;

	(void)state;
	assert_int_equal(fdt_reserved(fdt, 0, &base, &size), 1);
	assert_true(base == 0x80000000 && size == 0x20000);
	assert_int_equal(fdt_reserved(fdt, 1, &base, &size), 1);
	assert_true(base == 0x90000000 && size == 0x1000);
	assert_int_equal(fdt_reserved(fdt, 2, &base, &size), 0);
	assert_int_equal(fdt_reserved(fdt, UINT32_MAX, &base, &size), FDT_BAD);
	free(fdt);
}

static void a_truncated_tree_is_refused_at_every_length(void **state)
{
	uint8_t *fdt = machine();

	(void)state;
	for (size_t size = 0; size < total(fdt); size++) {
		uint8_t *cut = exact_copy(fdt, size);

		assert_int_equal(fdt_check(cut, size), FDT_BAD);
		if (size >= 8) { /* and when its header owns up to it */
			put32(cut + FDT_TOTAL_AT, size);
			assert_int_equal(fdt_check(cut, size), FDT_BAD);
		}
		free(cut);
	}
	free(fdt);
}

/* The same with the structure block as the last one, at `shift` from where it
 * belongs, and `size` bytes long. */
static uint8_t *struct_last(const uint8_t *fdt, size_t shift, size_t size)
{
	uint32_t whole = total(fdt) + shift + size;
	uint8_t *p = calloc(1, whole);

	memcpy(p, fdt, total(fdt));
	memcpy(p + total(fdt) + shift, fdt + fdt_be32(fdt + FDT_STRUCT_AT), size);
	put32(p + FDT_TOTAL_AT, whole);
	put32(p + FDT_STRUCT_AT, total(fdt) + shift);
	put32(p + FDT_STRUCT_SIZE_AT, size);
	return p;
}

static void a_structure_block_may_end_anywhere(void **state)
{
	uint8_t *fdt = machine();
	size_t shift = -total(fdt) & 3, whole = fdt_be32(fdt + FDT_STRUCT_SIZE_AT);

	(void)state;
	for (size_t size = 0; size <= whole; size++) {
		uint8_t *cut = struct_last(fdt, shift, size);
		struct fdt_node n;

		assert_int_equal(check(cut), size == whole ? (int)total(cut) : FDT_BAD);
		/* a reader that forgot to check gets no further than the damage */
		for (int got = fdt_root(cut, &n); got > 0; got = fdt_next(&n)) {
			uint32_t len;

			(void)fdt_prop(&n, "none", &len);
		}
		free(cut);
	}
	for (size_t odd = 1; odd < 4; odd++) {
		uint8_t *cut = struct_last(fdt, shift + odd, whole);

		assert_int_equal(check(cut), FDT_BAD);
		free(cut);
	}
	free(fdt);
}

static void refused_with(size_t at, uint32_t value)
{
	uint8_t *fdt = machine();

	put32(fdt + at, value);
	if (check(fdt) != FDT_BAD)
		fail_msg("accepted with 0x%x at %zu", value, at);
	free(fdt);
}

static void each_header_field_is_checked(void **state)
{
	uint8_t *fdt = machine();
	uint32_t size = total(fdt), at_struct = fdt_be32(fdt + FDT_STRUCT_AT);

	(void)state;
	refused_with(FDT_MAGIC_AT, 0);
	refused_with(FDT_MAGIC_AT, FDT_MAGIC + 1);
	refused_with(FDT_TOTAL_AT, 0);
	refused_with(FDT_TOTAL_AT, FDT_HEADER_SIZE - 1);
	refused_with(FDT_VERSION_AT, FDT_VERSION - 1);
	refused_with(FDT_COMPAT_AT, FDT_VERSION + 1);
	refused_with(FDT_STRUCT_AT, at_struct + 1);
	refused_with(FDT_STRUCT_AT, at_struct + 4);
	refused_with(FDT_STRUCT_AT, size & ~3u);
	refused_with(FDT_STRUCT_AT, size + 4);
	refused_with(FDT_STRUCT_AT, 0xfffffffc);
	refused_with(FDT_STRUCT_SIZE_AT, 0);
	refused_with(FDT_STRUCT_SIZE_AT, fdt_be32(fdt + FDT_STRUCT_SIZE_AT) - 4);
	refused_with(FDT_STRUCT_SIZE_AT, size);
	refused_with(FDT_STRUCT_SIZE_AT, UINT32_MAX);
	refused_with(FDT_STRINGS_AT, size + 1);
	refused_with(FDT_STRINGS_AT, UINT32_MAX);
	refused_with(FDT_STRINGS_SIZE_AT, size);
	refused_with(FDT_STRINGS_SIZE_AT, UINT32_MAX);
	refused_with(FDT_RESERVE_AT, size);
	refused_with(FDT_RESERVE_AT, size - 15);
	refused_with(FDT_RESERVE_AT, UINT32_MAX);
	put32(fdt + FDT_TOTAL_AT, UINT32_MAX);
	assert_int_equal(fdt_check(fdt, size), FDT_BAD);
	free(fdt);
}

enum odd {
	NO_END,
	NO_ROOT,
	NO_CLOSE,
	CLOSE_TWICE,
	TWO_ROOTS,
	PROP_FIRST,
	PROP_LATE,
	PROP_LAST,
	ODD_TOKEN,
	TOO_DEEP
};

static uint8_t *odd_tree(enum odd odd)
{
	struct maker m = {0};
	unsigned depth = odd == TOO_DEEP ? FDT_DEPTH_MAX + 1 : FDT_DEPTH_MAX;

	if (odd == PROP_FIRST)
		prop_string(&m, "p", "v");
	for (unsigned i = 0; i < depth && odd != NO_ROOT; i++)
		begin(&m, i ? "n" : "");
	if (odd == ODD_TOKEN)
		token(&m, 5);
	for (unsigned i = 0; i < depth && odd != NO_ROOT; i++) {
		if (i == 1 && odd == PROP_LATE)
			prop_string(&m, "p", "v");
		if (i || odd != NO_CLOSE)
			end(&m);
	}
	if (odd == CLOSE_TWICE)
		end(&m);
	if (odd == TWO_ROOTS) {
		begin(&m, "");
		end(&m);
	}
	if (odd == PROP_LAST)
		prop_string(&m, "p", "v");
	if (odd != NO_END)
		token(&m, FDT_END);
	return make(&m);
}

static void a_tree_of_wrong_shape_is_refused(void **state)
{
	uint8_t *fdt = odd_tree(TOO_DEEP + 1); /* nothing odd: as deep as allowed */

	(void)state;
	assert_int_equal(check(fdt), total(fdt));
	free(fdt);
	for (enum odd odd = NO_END; odd <= TOO_DEEP; odd++) {
		fdt = odd_tree(odd);
		if (check(fdt) != FDT_BAD)
			fail_msg("accepted shape %d", odd);
		free(fdt);
	}
}

static void a_bad_property_is_refused_or_not_found(void **state)
{
	struct maker m = {0};
	uint8_t *fdt;
	uint32_t value_at, len;
	uint64_t base, size;
	struct fdt_node n;

	(void)state;
	begin(&m, "");
	prop_cells(&m, "#address-cells", 1, 3);
	value_at = m.tokens_size;
	prop_string(&m, "p", "v");
	begin(&m, "n");
	prop_cells(&m, "reg", 4, 1, 2, 3, 4);
	end(&m);
	end(&m);
	token(&m, FDT_END);

	fdt = make(&m);
	assert_int_equal(check(fdt), total(fdt));
	assert_int_equal(fdt_find(fdt, "/n", &n), 1);
	assert_int_equal(fdt_reg(&n, 0, &base, &size), FDT_BAD);          /* 96-bit addresses */
	put32(fdt + fdt_be32(fdt + FDT_STRUCT_AT) + value_at + 8, 10000); /* its name */
	assert_int_equal(check(fdt), total(fdt));
	fdt_root(fdt, &n);
	assert_null(fdt_prop(&n, "p", &len));
	for (uint32_t bad = 0xfffffff0; bad; bad++) { /* its length */
		put32(fdt + fdt_be32(fdt + FDT_STRUCT_AT) + value_at + 4, bad);
		assert_int_equal(check(fdt), FDT_BAD);
	}
	free(fdt);
}

static uint8_t *qemu_tree(size_t *size)
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

static void qemus_tree_says_what_the_machine_is(void **state)
{
	size_t avail;
	uint8_t *fdt = qemu_tree(&avail);
	uint64_t base, size, number, memory = 0;
	unsigned harts = 0;
	struct fdt_node n;
	int got;

	(void)state;
	assert_int_equal(fdt_check(fdt, avail), avail);
	for (got = fdt_root(fdt, &n); got > 0; got = fdt_next(&n)) {
		if (n.depth == 1 && fdt_name_is(&n, "memory"))
			for (unsigned i = 0; fdt_reg(&n, i, &base, &size) > 0; i++)
				memory += size;
		if (n.depth == 2 && fdt_name_is(&n, "cpu"))
			harts += fdt_reg(&n, 0, &base, &size) == 1 && fdt_enabled(&n) && base < 4;
	}
	assert_int_equal(got, 0);
	assert_int_equal(harts, 4);
	assert_int_equal(memory, 128 << 20);
	assert_int_equal(fdt_find(fdt, "/cpus", &n), 1);
	assert_true(fdt_number(&n, "timebase-frequency", &number) && number == 10000000);
	assert_int_equal(fdt_find(fdt, "/chosen", &n), 1);
	assert_int_equal(fdt_find(fdt, fdt_string(&n, "stdout-path"), &n), 1);
	assert_true(fdt_compatible(&n, "ns16550a"));
	free(fdt);
}

/* Everything that a reader may call, on every node. */
static void read_all(const uint8_t *fdt)
{
	static const char *const paths[] = {"/", "/chosen", "/cpus/cpu@1", "/soc/serial:1", "/n/n"};
	static const char *const props[] = {"reg", "compatible", "status", "#size-cells", ""};
	uint64_t a, b;
	uint32_t len;
	struct fdt_node n, child;
	int got;

	for (got = fdt_root(fdt, &n); got > 0; got = fdt_next(&n)) {
		for (unsigned i = 0; i < 3; i++)
			(void)fdt_reg(&n, i, &a, &b);
		for (unsigned i = 0; i < 5; i++) {
			const uint8_t *p = fdt_prop(&n, props[i], &len);
			const char *s = fdt_string(&n, props[i]);
			volatile uint8_t sum = 0;

			while (p && len)
				sum += p[--len];
			sum += s ? strlen(s) : 0;
			(void)fdt_number(&n, props[i], &a);
		}
		(void)fdt_compatible(&n, "riscv,cpu");
		(void)fdt_enabled(&n);
		(void)fdt_name_is(&n, "memory");
		child = n;
		while ((got = fdt_child(&n, &child)) > 0)
			;
		assert_int_equal(got, 0);
	}
	assert_int_equal(got, 0);
	for (unsigned i = 0; i < 5; i++)
		assert_true(fdt_find(fdt, paths[i], &n) >= 0);
	for (unsigned i = 0; fdt_reserved(fdt, i, &a, &b) > 0; i++)
		;
}

static void mutated(const uint8_t *good, size_t size, unsigned rounds)
{
	unsigned accepted = 0;

	mutate_seed = 0x6861727474726565;
	for (unsigned i = 0; i < rounds; i++) {
		size_t avail = i % 8 ? size : mutate_random() % (size + 1);
		uint8_t *fdt = exact_copy(good, avail);

		if (avail)
			mutate(fdt, avail, FDT_HEADER_SIZE + 128, 4);
		if (fdt_check(fdt, avail) >= 0) {
			accepted++;
			read_all(fdt);
		}
		free(fdt);
	}
	/* else the loop proves little */
	assert_in_range(accepted, rounds / 50, rounds - rounds / 50);
}

static void no_mutation_makes_the_reader_stray(void **state)
{
	uint8_t *fdt = machine();
	size_t size;

	(void)state;
	mutated(fdt, total(fdt), 200000);
	free(fdt);
	fdt = qemu_tree(&size);
	mutated(fdt, size, 10000);
	free(fdt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_tree_is_walked_in_document_order),
		cmocka_unit_test(reg_follows_the_cells_of_the_parent),
		cmocka_unit_test(properties_have_their_types),
		cmocka_unit_test(paths_find_nodes),
		cmocka_unit_test(reservations_end_at_a_zero_entry),
		cmocka_unit_test(a_truncated_tree_is_refused_at_every_length),
		cmocka_unit_test(a_structure_block_may_end_anywhere),
		cmocka_unit_test(each_header_field_is_checked),
		cmocka_unit_test(a_tree_of_wrong_shape_is_refused),
		cmocka_unit_test(a_bad_property_is_refused_or_not_found),
		cmocka_unit_test(qemus_tree_says_what_the_machine_is),
		cmocka_unit_test(no_mutation_makes_the_reader_stray),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

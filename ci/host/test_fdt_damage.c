/* SPDX-License-Identifier: MIT
 *
 * <hartleaf/fdt.h> on trees that are cut, odd, damaged and hostile.  Boot code
 * trusts fdt_check: what it accepts must be walked without a stray load and
 * without FDT_BAD.
 */
#include "read_all.h"
#include "tree.h"

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
			assert_int_equal(read_all(fdt), 0);
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
		cmocka_unit_test(a_truncated_tree_is_refused_at_every_length),
		cmocka_unit_test(a_structure_block_may_end_anywhere),
		cmocka_unit_test(each_header_field_is_checked),
		cmocka_unit_test(a_tree_of_wrong_shape_is_refused),
		cmocka_unit_test(a_bad_property_is_refused_or_not_found),
		cmocka_unit_test(no_mutation_makes_the_reader_stray),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

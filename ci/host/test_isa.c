/* SPDX-License-Identifier: MIT
 *
 * <hartleaf/isa.h>: ISA strings by their grammar, and which property counts.
 */
#include "tree.h"

#include <hartleaf/isa.h>

/* The single letters that a string has, in the order of the alphabet. */
static const char *letters(const char *isa)
{
	static char found[32];
	char *p = found;

	for (const char *l = "abcdefghimpqvwy"; *l; l++) {
		const char want[] = {*l, 0};
		if (isa_string_has(isa, want))
			*p++ = *l;
	}
	*p = 0;
	return found;
}

static void letters_end_where_a_name_begins(void **state)
{
	(void)state;
	assert_string_equal(letters("rv64imafdc"), "acdfim");
	assert_string_equal(letters("rv64imacxvendorfd"), "acim");
	assert_string_equal(letters("rv64imacsvadu"), "acim");
	assert_string_equal(letters("rv64imaczdinx"), "acim");
	assert_string_equal(letters("rv64imaczdinx_zicsr"), "acim");
	assert_string_equal(letters("rv64imafdcsuh"), "acdfim"); /* once written by an emulator */
	assert_string_equal(letters("rv64imac_xvendorfd"), "acim");
	assert_string_equal(letters("rv64imac_zfinx_xfd_svinval"), "acim");
	assert_string_equal(letters("rv64imafdch_zicsr"), "acdfhim");
}

static void letters_may_stand_apart_and_have_versions(void **state)
{
	(void)state;
	assert_string_equal(letters("rv64i_m_a_c"), "acim");
	assert_string_equal(letters("rv64i_zicsr_f_d"), "dfi");
	assert_string_equal(letters("rv64i2p1m2a2p1f2p2d2p2c2p0"), "acdfim");
	assert_string_equal(letters("rv64i2_m2p0_f2"), "fim");
	assert_string_equal(letters("rv64i2pv"), "ipv"); /* version 2, then P */
	assert_string_equal(letters("rv64i2p"), "ip");
	assert_string_equal(letters("rv64i2p10p"), "ip");
}

static void g_is_five_letters(void **state)
{
	(void)state;
	assert_string_equal(letters("rv64gc"), "acdfim");
	assert_string_equal(letters("rv64g2p0_xg"), "adfim");
	assert_false(isa_string_has("rv64g", "im"));
}

static void case_does_not_matter(void **state)
{
	(void)state;
	assert_string_equal(letters("RV64IMAFDC"), "acdfim");
	assert_string_equal(letters("rV64GCXFd"), "acdfim");
	assert_string_equal(letters("RV64I2P1M"), "im");
	assert_true(isa_string_has("RV64IMA_ZicBoz", "zicboz"));
}

static void names_are_whole(void **state)
{
	(void)state;
	assert_true(isa_string_has("rv64ima_zicsr_sstc", "sstc"));
	assert_true(isa_string_has("rv64imasstc", "sstc"));
	assert_true(isa_string_has("rv64imasstc_zba", "zba"));
	assert_true(isa_string_has("rv64ima_sstc1p0", "sstc"));
	assert_true(isa_string_has("rv64ima_sstc1_zba", "sstc"));
	assert_true(isa_string_has("rv64ima_zve64d", "zve64d"));
	assert_true(isa_string_has("rv64ima_zve64d1p0", "zve64d"));
	assert_true(isa_string_has("rv64ima__sstc_", "sstc"));
	assert_false(isa_string_has("rv64ima_sstcx", "sstc"));
	assert_false(isa_string_has("rv64ima_sstc1p", "sstc"));
	assert_false(isa_string_has("rv64ima_sst", "sstc"));
	assert_false(isa_string_has("rv64ima_xsstc", "sstc"));
	assert_false(isa_string_has("rv64imaxsstc", "sstc"));
	assert_false(isa_string_has("rv64ima_zve64d", "zve64"));
	assert_false(isa_string_has("rv64ima", "ima"));
}

static void what_is_no_isa_has_nothing(void **state)
{
	static const char *const odd[] = {"",      "r",        "rv", "rv64", "RV128",
					  "riscv", "64imafdc", "_",  "rv_"};

	(void)state;
	for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_string_equal(letters(odd[i]), "");
		assert_false(isa_string_has(odd[i], "sstc"));
		assert_false(isa_string_has(odd[i], ""));
	}
}

/* The first node of the tree has `list` and `string`, either of which may be missing. */
static int has(const char *list, size_t size, const char *string, const char *want)
{
	struct maker m = {0};
	struct fdt_node n;

	begin(&m, "");
	if (list)
		prop(&m, "riscv,isa-extensions", list, size);
	if (string)
		prop_string(&m, "riscv,isa", string);
	end(&m);
	token(&m, FDT_END);
	uint8_t *fdt = make(&m);
	assert_int_equal(fdt_root(fdt, &n), 1);
	int got = isa_has(&n, want);
	free(fdt);
	return got;
}

static void a_list_is_preferred(void **state)
{
	static const char list[] = "i\0m\0a\0sstc\0zicsr";

	(void)state;
	assert_true(has(list, sizeof(list), NULL, "i"));
	assert_true(has(list, sizeof(list), NULL, "sstc"));
	assert_true(has(list, sizeof(list), NULL, "zicsr"));
	assert_false(has(list, sizeof(list), NULL, "c"));
	assert_false(has(list, sizeof(list), NULL, "s"));
	assert_false(has(list, sizeof(list), "rv64imafdc", "c"));
	assert_true(has(list, sizeof(list), "rv64i", "a"));
	assert_true(has(NULL, 0, "rv64imac", "c"));
	assert_false(has(NULL, 0, NULL, "i"));
	/* Damaged: it has no end. */
	assert_false(has(list, sizeof(list) - 1, "rv64imac", "c"));
	assert_false(has(list, sizeof(list) - 1, "rv64imac", "i"));
	assert_false(has(list, 0, "rv64imac", "i"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_end_where_a_name_begins),
		cmocka_unit_test(letters_may_stand_apart_and_have_versions),
		cmocka_unit_test(g_is_five_letters),
		cmocka_unit_test(case_does_not_matter),
		cmocka_unit_test(names_are_whole),
		cmocka_unit_test(what_is_no_isa_has_nothing),
		cmocka_unit_test(a_list_is_preferred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

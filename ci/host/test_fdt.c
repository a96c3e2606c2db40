/* SPDX-License-Identifier: MIT
 *
 * <hartleaf/fdt.h> on trees that are whole: what is in them is found.
 */
#include "tree.h"

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
	assert_int_equal(fdt_reg(&n, 1, &base, &size), FDT_BAD); /* cut short */
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

/* A bus that moves addresses by 0x10000000, in it one that moves them by 0x100000 and one
 * that passes nothing on; beside them one that passes all on as it is. */
static uint8_t *buses(void)
{
	struct maker m = {0};

	begin(&m, "");
	prop_cells(&m, "#address-cells", 1, 2);
	prop_cells(&m, "#size-cells", 1, 2);
	begin(&m, "outer@0");
	prop_cells(&m, "#address-cells", 1, 1);
	prop_cells(&m, "#size-cells", 1, 1);
	prop_cells(&m, "ranges", 8, 0x8000000, 1, 0, 0x1000, 0, 0, 0x10000000, 0x2000000);
	begin(&m, "far@8000010");
	prop_cells(&m, "reg", 4, 0x8000010, 0x10, 0x8000ff0,
		   0x20); /* the second one over its end */
	end(&m);
	begin(&m, "inner@0");
	prop_cells(&m, "#address-cells", 1, 1);
	prop_cells(&m, "#size-cells", 1, 1);
	prop_cells(&m, "ranges", 3, 0, 0x100000, 0x1000);
	begin(&m, "test@800");
	prop_string(&m, "compatible", "sifive,test1");
	prop_string(&m, "status", "disabled");
	prop_cells(&m, "reg", 2, 0x800, 0x100);
	end(&m);
	begin(&m, "test@400");
	prop_string(&m, "compatible", "sifive,test1");
	prop_cells(&m, "reg", 4, 0x400, 0x100, 0x2400, 0x100); /* the second one outside */
	end(&m);
	end(&m);
	begin(&m, "closed@0");
	prop_cells(&m, "#address-cells", 1, 1);
	prop_cells(&m, "#size-cells", 1, 1);
	begin(&m, "i2c@50");
	prop_cells(&m, "reg", 2, 0x50, 1);
	end(&m);
	end(&m);
	end(&m);
	begin(&m, "soc");
	prop_cells(&m, "#address-cells", 1, 2);
	prop_cells(&m, "#size-cells", 1, 2);
	prop(&m, "ranges", "", 0);
	begin(&m, "serial@10");
	prop_cells(&m, "reg", 4, 3, 0x10, 0, 0x10);
	end(&m);
	end(&m);
	end(&m);
	token(&m, FDT_END);
	return make(&m);
}

static void addresses_go_through_the_ranges_of_buses(void **state)
{
	uint8_t *fdt = buses();
	uint64_t base, size;
	struct fdt_node n, parent;

	(void)state;
	assert_int_equal(check(fdt), total(fdt));
	assert_int_equal(fdt_find(fdt, "/outer/far", &n), 1);
	assert_int_equal(fdt_address(&n, 0, &base, &size), 1);
	assert_true(base == 0x100000010 && size == 0x10);
	assert_int_equal(fdt_address(&n, 1, &base, &size), 0);
	assert_int_equal(fdt_address(&n, 2, &base, &size), 0);
	assert_int_equal(fdt_find(fdt, "/outer/closed/i2c", &n), 1);
	assert_int_equal(fdt_address(&n, 0, &base, &size), 0);
	assert_int_equal(fdt_find(fdt, "/soc/serial", &n), 1);
	assert_int_equal(fdt_address(&n, 0, &base, &size), 1);
	assert_true(base == 0x300000010 && size == 0x10);
	assert_int_equal(fdt_parent(&n, &parent), 1);
	assert_string_equal(parent.name, "soc");
	assert_int_equal(fdt_find(fdt, "/", &n), 1);
	assert_int_equal(fdt_parent(&n, &parent), 0);
	free(fdt);
}

static void the_test_device_is_one_that_is_enabled(void **state)
{
	uint8_t *fdt = buses(), *other = machine();
	uint64_t base, size;
	struct fdt_node n;

	(void)state;
	assert_int_equal(fdt_test_device(fdt, &n), 1);
	assert_string_equal(n.name, "test@400");
	assert_int_equal(fdt_address(&n, 0, &base, &size), 1);
	assert_true(base == 0x10100400 && size == 0x100);
	assert_int_equal(fdt_address(&n, 1, &base, &size), 0);
	assert_int_equal(fdt_test_device(other, &n), 0);
	free(fdt);
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_tree_is_walked_in_document_order),
		cmocka_unit_test(reg_follows_the_cells_of_the_parent),
		cmocka_unit_test(properties_have_their_types),
		cmocka_unit_test(paths_find_nodes),
		cmocka_unit_test(reservations_end_at_a_zero_entry),
		cmocka_unit_test(addresses_go_through_the_ranges_of_buses),
		cmocka_unit_test(the_test_device_is_one_that_is_enabled),
		cmocka_unit_test(qemus_tree_says_what_the_machine_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

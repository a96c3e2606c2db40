/* SPDX-License-Identifier: MIT
 *
 * What boot reads in the device tree, but for the harts, which boot.c starts as it
 * finds them.  Trees differ: where there are two ways to say something, both are read.
 */
#include "tree.h"
#include "machine.h"
#include "memory.h"
#include "panic.h"

uint64_t tree_finisher(const void *tree)
{
	struct fdt_node n;
	uint64_t base, size;

	if (fdt_test_device(tree, &n) <= 0 || fdt_address(&n, 0, &base, &size) <= 0)
		return 0;
	return base < DIRECT_TOP && base % sizeof(uint32_t) == 0 ? base : 0;
}

uint64_t tree_node(const struct fdt_node *n)
{
	uint64_t node;

	/* Nodes beyond what is told apart are as good as the first. */
	return fdt_number(n, "numa-node-id", &node) && node < NODES_MAX ? node : 0;
}

static bool read_range(const struct fdt_node *n, unsigned i, uint64_t *base, uint64_t *size)
{
	int got = fdt_reg(n, i, base, size);

	if (got < 0)
		boot_refuse("a range of memory that can't be read");
	return got > 0;
}

/* By its name, or by what older trees have. */
static bool is_memory(const struct fdt_node *n)
{
	const char *type = fdt_string(n, "device_type");

	return fdt_name_is(n, "memory") || (type != NULL && fdt_same(type, "memory"));
}

void tree_memory(const void *tree)
{
	struct fdt_node n;
	uint64_t base, size;
	bool inside = false;

	for (int got = fdt_root(tree, &n); got > 0; got = fdt_next(&n))
		if (n.depth == 1 && is_memory(&n) && fdt_enabled(&n))
			for (unsigned i = 0; read_range(&n, i, &base, &size); i++)
				memory_add(base, size, tree_node(&n));
	memory_all_added();
	for (unsigned i = 0; fdt_reserved(tree, i, &base, &size) > 0; i++)
		memory_reserve(base, size);
	for (int got = fdt_root(tree, &n); got > 0; got = fdt_next(&n)) {
		if (n.depth == 1)
			inside = fdt_name_is(&n, "reserved-memory");
		else if (n.depth == 2 && inside && fdt_enabled(&n))
			for (unsigned i = 0; read_range(&n, i, &base, &size); i++)
				memory_reserve(base, size);
	}
}

uint64_t tree_timebase(const void *tree)
{
	struct fdt_node n;
	uint64_t ticks;
	bool inside = false;

	/* One for all harts, in their parent or in each of them. */
	for (int got = fdt_root(tree, &n); got > 0; got = fdt_next(&n)) {
		if (n.depth == 1)
			inside = fdt_name_is(&n, "cpus");
		if (inside && (n.depth == 1 || (n.depth == 2 && fdt_name_is(&n, "cpu"))) &&
		    fdt_number(&n, "timebase-frequency", &ticks))
			return ticks;
	}
	boot_refuse("no timebase-frequency in the device tree");
}

bool tree_initrd(const void *tree, uint64_t *base, uint64_t *size)
{
	struct fdt_node n;
	uint64_t end;

	if (fdt_find(tree, "/chosen", &n) <= 0 || !fdt_number(&n, "linux,initrd-start", base) ||
	    !fdt_number(&n, "linux,initrd-end", &end) || end <= *base)
		return false;
	*size = end - *base;
	return true;
}

const char *tree_option(const void *tree, const char *name)
{
	const char *args;
	struct fdt_node n;
	bool start = true;

	args = fdt_find(tree, "/chosen", &n) > 0 ? fdt_string(&n, "bootargs") : NULL;
	for (; args != NULL && *args != 0; start = *args++ == ' ') {
		unsigned i = 0;
		while (start && name[i] != 0 && args[i] == name[i])
			i++;
		if (i != 0 && name[i] == 0)
			return args + i;
	}
	return NULL;
}

bool tree_option_is(const char *value, const char *word)
{
	while (*word != 0 && *value == *word)
		value++, word++;
	return *word == 0 && (*value == 0 || *value == ' ');
}

uint64_t tree_option_number(const void *tree, const char *name, uint64_t least, uint64_t most,
			    uint64_t otherwise, const char *why)
{
	const char *value = tree_option(tree, name);
	uint64_t n = 0, digits = 0;

	if (value == NULL)
		return otherwise;
	for (; *value >= '0' && *value <= '9' && n <= most; value++, digits++)
		n = n * 10 + *value - '0';
	if (digits == 0 || n < least || n > most || (*value != 0 && *value != ' '))
		boot_refuse(why);
	return n;
}

/* SPDX-License-Identifier: MIT
 *
 * Where harts find what a device tree describes: addresses of a bus are moved by its
 * `ranges` (Devicetree Specification v0.3, section 2.3.8).  As in <hartleaf/fdt.h>: 1 =
 * found, 0 = there is none, negative = damaged.
 */
#ifndef HARTLEAF_FDT_ADDRESS_H
#define HARTLEAF_FDT_ADDRESS_H

#include <hartleaf/fdt.h>

/* Puts the cursor `parent` on the node around n.  The root has none. */
static inline int fdt_parent(const struct fdt_node *n, struct fdt_node *parent)
{
	uint32_t last = 0; /* that isn't as deep as n */
	int got;

	for (got = fdt_root(n->fdt, parent); got > 0 && parent->at < n->at; got = fdt_next(parent))
		if (parent->depth == n->depth - 1)
			last = parent->at;
	if (got < 0 || last == 0)
		return got < 0 ? got : 0;
	for (got = fdt_root(n->fdt, parent); got > 0 && parent->at < last; got = fdt_next(parent))
		;
	return got;
}

/* Takes an address on a bus, for the child n of the bus, to where the bus's parent has it. */
static inline int fdt_translate(const struct fdt_node *bus, const struct fdt_node *n,
				uint64_t *address, uint64_t size)
{
	uint32_t len, entry = 4 * ((uint32_t)n->addr_cells + bus->addr_cells + n->size_cells);
	const uint8_t *p = fdt_prop(bus, "ranges", &len), *to;

	if (!p)
		return 0;
	if (len == 0)
		return 1;
	if (n->addr_cells < 1 || n->addr_cells > 2 || bus->addr_cells < 1 || bus->addr_cells > 2 ||
	    n->size_cells > 2)
		return FDT_BAD;
	for (; len >= entry; len -= entry, p += entry) {
		to = p + 4 * n->addr_cells;
		uint64_t at = *address - fdt_cells(p, n->addr_cells);
		uint64_t room = fdt_cells(to + 4 * bus->addr_cells, n->size_cells);

		if (at < room && size <= room - at) {
			*address = fdt_cells(to, bus->addr_cells) + at;
			return 1;
		}
	}
	return 0;
}

/* Entry `index` of the node's reg where harts have it, through the `ranges` of all buses
 * above.  0: there is none, or a bus doesn't pass it on. */
static inline int fdt_address(const struct fdt_node *n, unsigned index, uint64_t *base,
			      uint64_t *size)
{
	struct fdt_node buses[2];
	const struct fdt_node *at = n;
	int got;

	*base = *size = 0;
	got = fdt_reg(n, index, base, size);
	for (int i = 0; got > 0 && at->depth > 1; i ^= 1) {
		got = fdt_parent(at, &buses[i]);
		if (got > 0)
			got = fdt_translate(&buses[i], at, base, *size);
		at = &buses[i];
	}
	return got;
}

/* Puts the cursor on the emulator's test device, which ends it with an exit status. */
static inline int fdt_test_device(const void *fdt, struct fdt_node *n)
{
	int got;

	for (got = fdt_root(fdt, n); got > 0; got = fdt_next(n))
		if ((fdt_compatible(n, "sifive,test0") || fdt_compatible(n, "sifive,test1")) &&
		    fdt_enabled(n))
			return 1;
	return got;
}

#endif

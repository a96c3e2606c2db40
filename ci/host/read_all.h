/* SPDX-License-Identifier: MIT
 *
 * All that a reader of <hartleaf/fdt.h> may do with a tree that fdt_check accepted.
 */
#ifndef READ_ALL_H
#define READ_ALL_H

#include <string.h>

#include <hartleaf/fdt_address.h>
#include <hartleaf/isa.h>

/* Line of the first call that says the tree is damaged after all, or 0. */
static inline int read_all(const uint8_t *fdt)
{
	static const char *const paths[] = {"/", "/chosen", "/cpus/cpu@1", "/soc/serial:1", "/n/n"};
	static const char *const props[] = {"reg", "compatible", "status", "#size-cells", ""};
	uint64_t a, b;
	uint32_t len;
	struct fdt_node n, child;
	int got;

	for (got = fdt_root(fdt, &n); got > 0; got = fdt_next(&n)) {
		for (unsigned i = 0; i < 3; i++)
			(void)(fdt_reg(&n, i, &a, &b) + fdt_address(&n, i, &a, &b));
		for (unsigned i = 0; i < 5; i++) {
			const uint8_t *p = fdt_prop(&n, props[i], &len);
			const char *s = fdt_string(&n, props[i]);
			volatile uint8_t sum = 0;

			while (p && len)
				sum += p[--len];
			sum += s ? strlen(s) : 0;
			(void)sum;
			(void)fdt_number(&n, props[i], &a);
		}
		(void)fdt_compatible(&n, "riscv,cpu");
		(void)fdt_enabled(&n);
		(void)isa_has(&n, "c");
		(void)isa_has(&n, "zicboz");
		(void)fdt_name_is(&n, "memory");
		if (fdt_parent(&n, &child) != (n.depth != 0))
			return __LINE__;
		child = n;
		while ((got = fdt_child(&n, &child)) > 0)
			;
		if (got != 0)
			return __LINE__;
	}
	if (got != 0)
		return __LINE__;
	for (unsigned i = 0; i < 5; i++)
		if (fdt_find(fdt, paths[i], &n) < 0)
			return __LINE__;
	for (unsigned i = 0; fdt_reserved(fdt, i, &a, &b) > 0; i++)
		;
	return 0;
}

#endif

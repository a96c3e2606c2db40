/* SPDX-License-Identifier: MIT
 *
 * A reader for flattened device trees (Devicetree Specification v0.3, chapter
 * 5), shared by the kernel's boot code and by rt.  Pure logic: no calls, no
 * allocation, no recursion, nothing written but what the caller passes.
 *
 * The tree is walked by a cursor, in document order:
 *
 *	struct fdt_node n;
 *	if (fdt_check(dt, avail) < 0)
 *		...
 *	for (int got = fdt_root(dt, &n); got > 0; got = fdt_next(&n))
 *		if (n.depth == 1 && fdt_name_is(&n, "memory"))
 *			for (unsigned i = 0; fdt_reg(&n, i, &base, &size) > 0; i++)
 *				...
 *
 * Every read is checked against the block it belongs to, so that a damaged tree
 * gives FDT_BAD and never a stray load; a tree that fdt_check accepted gives no
 * FDT_BAD from a walk.  Bytes are read one by one: nothing is assumed about the
 * tree's alignment.
 *
 * Walk functions return 1 = found, 0 = no more, negative = damaged.
 */
#ifndef HARTLEAF_FDT_H
#define HARTLEAF_FDT_H

#include <stddef.h>
#include <stdint.h>

#define FDT_BAD       (-1)
#define FDT_DEPTH_MAX 16

/* header: big-endian 32-bit words at these offsets */
#define FDT_MAGIC_AT        0
#define FDT_TOTAL_AT        4
#define FDT_STRUCT_AT       8
#define FDT_STRINGS_AT      12
#define FDT_RESERVE_AT      16
#define FDT_VERSION_AT      20
#define FDT_COMPAT_AT       24
#define FDT_STRINGS_SIZE_AT 32
#define FDT_STRUCT_SIZE_AT  36
#define FDT_HEADER_SIZE     40
#define FDT_MAGIC           0xd00dfeed
#define FDT_VERSION         17

/* tokens of the structure block */
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP        4
#define FDT_END        9

struct fdt_node {
	const char *name;   /* with its unit address: "cpu@0"; "" for the root */
	int depth;          /* the root has 0 */
	uint8_t addr_cells; /* the parent's #address-cells: they rule this */
	uint8_t size_cells; /* node's reg */
	/* private */
	const uint8_t *fdt;
	uint32_t at;  /* offset of the token after the name */
	uint32_t end; /* offset of the end of the structure block */
	uint8_t cells[FDT_DEPTH_MAX][2];
};

static inline uint32_t fdt_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t fdt_be64(const void *p)
{
	return (uint64_t)fdt_be32(p) << 32 | fdt_be32((const uint8_t *)p + 4);
}

/* The property's name is a string in the strings block; is it `want`? */
static inline int fdt_prop_named(const uint8_t *fdt, uint32_t name, const char *want)
{
	uint32_t size = fdt_be32(fdt + FDT_STRINGS_SIZE_AT);
	const uint8_t *strings = fdt + fdt_be32(fdt + FDT_STRINGS_AT);

	for (; name < size && strings[name] == (uint8_t)*want; name++, want++)
		if (*want == 0)
			return 1;
	return 0;
}

/* With *at behind a FDT_PROP token: takes length and name and steps over the
 * value.  Returns the value, or NULL when it reaches beyond the block. */
static inline const uint8_t *fdt_prop_take(const struct fdt_node *n, uint32_t *at, uint32_t *len,
					   uint32_t *name)
{
	uint32_t value;

	if (n->end - *at < 8)
		return NULL;
	*len = fdt_be32(n->fdt + *at);
	*name = fdt_be32(n->fdt + *at + 4);
	value = *at + 8;
	if (*len > n->end - value || n->end - value - *len < (-*len & 3))
		return NULL;
	*at = value + *len + (-*len & 3);
	return n->fdt + value;
}

/* Moves the cursor to the next node in document order.  At the end it stays. */
static inline int fdt_next(struct fdt_node *n)
{
	uint32_t at = n->at;
	int depth = n->depth;
	int own = 1; /* still in the properties of the node we start from */

	for (;;) {
		uint32_t len, name;
		const uint8_t *value;

		if (n->end - at < 4)
			return FDT_BAD;
		at += 4;
		switch (fdt_be32(n->fdt + at - 4)) {
		case FDT_NOP:
			break;
		case FDT_PROP:
			value = fdt_prop_take(n, &at, &len, &name);
			if (!value || !own || depth < 0)
				return FDT_BAD;
			if (len != 4)
				break;
			len = fdt_be32(value);
			if (fdt_prop_named(n->fdt, name, "#address-cells"))
				n->cells[depth][0] = len < 255 ? len : 255;
			else if (fdt_prop_named(n->fdt, name, "#size-cells"))
				n->cells[depth][1] = len < 255 ? len : 255;
			break;
		case FDT_END_NODE:
			if (depth-- < 0)
				return FDT_BAD;
			own = 0;
			break;
		case FDT_BEGIN_NODE:
			/* one root only, and it is the first */
			if ((depth < 0 && !own) || ++depth == FDT_DEPTH_MAX)
				return FDT_BAD;
			n->name = (const char *)n->fdt + at;
			do {
				if (at == n->end)
					return FDT_BAD;
			} while (n->fdt[at++] != 0);
			if (n->end - at < (-at & 3))
				return FDT_BAD;
			n->at = at + (-at & 3);
			n->depth = depth;
			n->addr_cells = depth ? n->cells[depth - 1][0] : 2;
			n->size_cells = depth ? n->cells[depth - 1][1] : 1;
			n->cells[depth][0] = 2; /* what the specification says */
			n->cells[depth][1] = 1; /* where a node says nothing */
			return 1;
		case FDT_END:
			return depth < 0 ? 0 : FDT_BAD;
		default:
			return FDT_BAD;
		}
	}
}

/* Puts the cursor on the root node.  The header must have passed fdt_check. */
static inline int fdt_root(const void *fdt, struct fdt_node *n)
{
	n->fdt = fdt;
	n->name = "";
	n->depth = -1;
	n->at = fdt_be32(n->fdt + FDT_STRUCT_AT);
	n->end = n->at + fdt_be32(n->fdt + FDT_STRUCT_SIZE_AT);
	return fdt_next(n);
}

/* Entry `index` of the memory reservation block. */
static inline int fdt_reserved(const void *fdt, unsigned index, uint64_t *base, uint64_t *size)
{
	const uint8_t *p = fdt;
	uint64_t at = fdt_be32(p + FDT_RESERVE_AT) + 16 * (uint64_t)index;

	if (at + 16 > fdt_be32(p + FDT_TOTAL_AT))
		return FDT_BAD;
	*base = fdt_be64(p + at);
	*size = fdt_be64(p + at + 8);
	return *base != 0 || *size != 0;
}

/* Is this a device tree, and whole?  `avail` is how many bytes may be read.
 * Returns its size in bytes, or FDT_BAD.  Walks all of it once. */
static inline int fdt_check(const void *fdt, size_t avail)
{
	const uint8_t *p = fdt;
	uint32_t total, at, size;
	uint64_t base, len;
	struct fdt_node n;
	int got;

	if (avail < FDT_HEADER_SIZE || fdt_be32(p + FDT_MAGIC_AT) != FDT_MAGIC)
		return FDT_BAD;
	total = fdt_be32(p + FDT_TOTAL_AT);
	if (total < FDT_HEADER_SIZE || total > avail || total > INT32_MAX)
		return FDT_BAD;
	if (fdt_be32(p + FDT_VERSION_AT) < FDT_VERSION || fdt_be32(p + FDT_COMPAT_AT) > FDT_VERSION)
		return FDT_BAD;
	at = fdt_be32(p + FDT_STRUCT_AT);
	size = fdt_be32(p + FDT_STRUCT_SIZE_AT);
	if (at % 4 != 0 || at > total || size > total - at)
		return FDT_BAD;
	at = fdt_be32(p + FDT_STRINGS_AT);
	size = fdt_be32(p + FDT_STRINGS_SIZE_AT);
	if (at > total || size > total - at)
		return FDT_BAD;
	for (unsigned i = 0; (got = fdt_reserved(fdt, i, &base, &len)) > 0; i++)
		;
	if (got < 0 || fdt_root(fdt, &n) != 1)
		return FDT_BAD;
	while ((got = fdt_next(&n)) > 0)
		;
	return got < 0 ? FDT_BAD : (int)total;
}

/* A property's value and its length in bytes, or NULL if the node has none. */
static inline const void *fdt_prop(const struct fdt_node *n, const char *want, uint32_t *len)
{
	uint32_t at = n->at, name;

	while (n->end - at >= 4) {
		uint32_t token = fdt_be32(n->fdt + at);
		const uint8_t *value;

		at += 4;
		if (token == FDT_NOP)
			continue;
		if (token != FDT_PROP)
			return NULL;
		value = fdt_prop_take(n, &at, len, &name);
		if (!value || fdt_prop_named(n->fdt, name, want))
			return value;
	}
	return NULL;
}

/* A property that is one string, or NULL if there is none that ends in 0. */
static inline const char *fdt_string(const struct fdt_node *n, const char *name)
{
	uint32_t len;
	const char *s = fdt_prop(n, name, &len);

	return s && len && s[len - 1] == 0 ? s : NULL;
}

/* A property that is one number of 4 or 8 bytes.  Returns 1 if it is there. */
static inline int fdt_number(const struct fdt_node *n, const char *name, uint64_t *number)
{
	uint32_t len;
	const void *p = fdt_prop(n, name, &len);

	if (!p || (len != 4 && len != 8))
		return 0;
	*number = len == 4 ? fdt_be32(p) : fdt_be64(p);
	return 1;
}

/* `cells` cells of 4 bytes as a number; 0 cells are 0. */
static inline uint64_t fdt_cells(const void *p, unsigned cells)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < cells; i++)
		value = value << 32 | fdt_be32((const uint8_t *)p + 4 * i);
	return value;
}

/* Entry `index` of the node's reg.  0: there is none; FDT_BAD: only part of one is
 * there, or an address or size has more than 64 bits.  (No multiplication: the kernel has none.) */
static inline int fdt_reg(const struct fdt_node *n, unsigned index, uint64_t *base, uint64_t *size)
{
	uint32_t len, entry = 4 * ((uint32_t)n->addr_cells + n->size_cells);
	const uint8_t *p = fdt_prop(n, "reg", &len);

	if (!p)
		return 0;
	if (n->addr_cells < 1 || n->addr_cells > 2 || n->size_cells > 2)
		return FDT_BAD;
	for (; len >= entry; len -= entry, p += entry) {
		if (index-- != 0)
			continue;
		*base = fdt_cells(p, n->addr_cells);
		*size = fdt_cells(p + 4 * n->addr_cells, n->size_cells);
		return 1;
	}
	return len == 0 ? 0 : FDT_BAD;
}

/* Is the node's name `want` up to its unit address?  "cpu@1" is "cpu". */
static inline int fdt_name_is(const struct fdt_node *n, const char *want)
{
	const char *s = n->name;

	while (*want && *s == *want)
		s++, want++;
	return *want == 0 && (*s == 0 || *s == '@');
}

static inline int fdt_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* A node without status is in use. */
static inline int fdt_enabled(const struct fdt_node *n)
{
	const char *s = fdt_string(n, "status");

	return !s || fdt_same(s, "okay") || fdt_same(s, "ok");
}

/* Is `want` one of the strings of a property that is a list of them? */
static inline int fdt_list_has(const struct fdt_node *n, const char *name, const char *want)
{
	uint32_t len;
	const char *s = fdt_prop(n, name, &len), *end;

	if (!s || !len || s[len - 1] != 0)
		return 0;
	for (end = s + len; s < end; s++) {
		if (fdt_same(s, want))
			return 1;
		while (*s)
			s++;
	}
	return 0;
}

static inline int fdt_compatible(const struct fdt_node *n, const char *want)
{
	return fdt_list_has(n, "compatible", want);
}

/* Moves `child` to the next direct child of `parent`; start with *child =
 * *parent. */
static inline int fdt_child(const struct fdt_node *parent, struct fdt_node *child)
{
	int got;

	while ((got = fdt_next(child)) > 0) {
		if (child->depth <= parent->depth)
			return 0;
		if (child->depth == parent->depth + 1)
			return 1;
	}
	return got;
}

/* Puts the cursor on the node at `path` ("/", "/cpus", "/soc/serial@10000000").
 * A component may leave out its unit address: the first one that fits is taken.
 * The path ends at 0 or at ':', as in stdout-path. */
static inline int fdt_find(const void *fdt, const char *path, struct fdt_node *n)
{
	int got = fdt_root(fdt, n);

	while (got > 0) {
		struct fdt_node parent = *n;

		while (*path == '/')
			path++;
		if (*path == 0 || *path == ':')
			return 1;
		while ((got = fdt_child(&parent, n)) > 0) {
			const char *s = n->name, *p = path;

			while (*s && *s == *p)
				s++, p++;
			if ((*p == 0 || *p == '/' || *p == ':') && (*s == 0 || *s == '@')) {
				path = p;
				break;
			}
		}
	}
	return got;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the device tree says of a hart's extensions.  Pure logic, as <hartleaf/fdt.h>.  It is
 * the tree's word and no more: the kernel may keep an extension from programs (vector), and
 * info.isa (<hartleaf/info.h>) has those that the kernel has tried.
 *
 *	if (isa_has(&cpu, "zbb")) ...
 *
 * Names are in lower case.  A node has a list of strings, riscv,isa-extensions; older ones have
 * one string, riscv,isa, written as the unprivileged specification names ISAs (chapter "ISA
 * Extension Naming Conventions"):
 *
 *	"rv64" then letters ("g" = "imafd"), up to the first s, x or z, which begins a name
 *	of several letters; such a name ends at a '_', which may stand before any other, too.
 *	Any of them may have a version, 2 or 2p1.  Upper and lower case are the same.
 */
#ifndef HARTLEAF_ISA_H
#define HARTLEAF_ISA_H

#include "fdt.h"

static inline char isa_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static inline const char *isa_digits(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return s;
}

/* What is behind a version; s itself if there is none. */
static inline const char *isa_version(const char *s)
{
	const char *major = isa_digits(s);

	if (major == s || isa_lower(*major) != 'p')
		return major;
	const char *minor = isa_digits(major + 1);
	return minor != major + 1 ? minor : major; /* 2p is version 2, then P */
}

/* Does the name at s, up to a '_' or the end, begin with `want`, and is what follows a version? */
static inline int isa_word_is(const char *s, const char *want)
{
	while (*want && isa_lower(*s) == *want)
		s++, want++;
	s = isa_version(s);
	return *want == 0 && (*s == 0 || *s == '_');
}

static inline int isa_letter_is(char letter, const char *want)
{
	if (want[0] == 0 || want[1] != 0)
		return 0;
	if (letter != 'g')
		return letter == *want;
	return *want == 'i' || *want == 'm' || *want == 'a' || *want == 'f' || *want == 'd';
}

/* The same for riscv,isa. */
static inline int isa_string_has(const char *s, const char *want)
{
	if (isa_lower(s[0]) != 'r' || isa_lower(s[1]) != 'v')
		return 0;
	s = isa_digits(s + 2);
	while (*s) {
		char c = isa_lower(*s);
		if (c == 's' || c == 'x' || c == 'z') {
			if (isa_word_is(s, want))
				return 1;
			while (*s && *s != '_')
				s++;
		} else {
			if (isa_letter_is(c, want))
				return 1;
			s = isa_version(s + 1);
		}
	}
	return 0;
}

/* Has the hart of this node the extension? */
static inline int isa_has(const struct fdt_node *cpu, const char *want)
{
	uint32_t len;
	const char *s;

	if (fdt_prop(cpu, "riscv,isa-extensions", &len))
		return fdt_list_has(cpu, "riscv,isa-extensions", want);
	s = fdt_string(cpu, "riscv,isa");
	return s && isa_string_has(s, want);
}

#endif

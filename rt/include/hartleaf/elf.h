/* SPDX-License-Identifier: MIT
 *
 * From an ELF image in memory to a plan for mapping it.  Pure logic: no calls, no
 * allocation, nothing is mapped or copied; whoever has a plan that elf_plan
 * returned 0 for may follow it without further checks.  Nothing of the image is
 * believed, only its bytes [0, size) are read, and no alignment of it is assumed.
 */
#ifndef HARTLEAF_ELF_H
#define HARTLEAF_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 16

enum elf_error {
	ELF_OK = 0,
	ELF_TOO_SMALL = -1,
	ELF_BAD_MAGIC = -2,
	ELF_NOT_64LE = -3,
	ELF_NOT_RISCV = -4,
	ELF_NOT_EXEC = -5,
	ELF_BAD_HEADER = -6,
	ELF_NO_SEGMENTS = -7,
	ELF_TOO_MANY = -8,
	ELF_OUTSIDE_FILE = -9,
	ELF_BAD_SIZE = -10,
	ELF_OUTSIDE_AREA = -11,
	ELF_BAD_RIGHTS = -12,
	ELF_OVERLAP = -13,
	ELF_BAD_ENTRY = -14,
	ELF_NEEDS_LOADER = -15,
};

/* One range of whole pages with the same rights. */
struct elf_segment {
	uint64_t va;        /* where its bytes begin; not always page aligned */
	uint64_t offset;    /* of its bytes in the image */
	uint64_t file_size; /* bytes to copy; the rest is zero */
	uint64_t page;      /* va of its first page */
	uint64_t pages;     /* how many; never 0 */
	uint64_t rights;    /* MAP_R, with MAP_W or MAP_X, never both */
};

struct elf_plan {
	uint64_t entry;
	uint64_t pages; /* of all segments */
	size_t count;
	struct elf_segment segment[ELF_SEGMENTS_MAX]; /* ascending, disjoint pages */
};

/* Checks the image and fills the plan.  All segments have to lie in [low, top),
 * both page aligned.  Returns ELF_OK or what is wrong. */
int elf_plan(struct elf_plan *plan, const void *image, size_t size, uint64_t low, uint64_t top);

/* What an error means, in a few words, for people. */
const char *elf_error_text(int error);

#endif

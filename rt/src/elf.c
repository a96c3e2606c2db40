/* SPDX-License-Identifier: MIT
 *
 * Checks an ELF image and makes a plan for mapping it.  Every sum is checked
 * before it is made, so that no number in the image can wrap.
 */
#include <hartleaf/call.h>
#include <hartleaf/elf.h>
#include <hartleaf/leaf.h>

/* offsets in the file header and in a program header, ELF-64 */
#define E_CLASS     4
#define E_DATA      5
#define E_VERSION   6
#define E_TYPE      16
#define E_MACHINE   18
#define E_ENTRY     24
#define E_PHOFF     32
#define E_EHSIZE    52
#define E_PHENTSIZE 54
#define E_PHNUM     56
#define E_SIZE      64
#define P_TYPE      0
#define P_FLAGS     4
#define P_OFFSET    8
#define P_VADDR     16
#define P_FILESZ    32
#define P_MEMSZ     40
#define P_SIZE      56

#define CLASS_64       2
#define DATA_LITTLE    1
#define TYPE_EXEC      2
#define MACHINE_RISCV  243
#define SEGMENT_LOAD   1
#define SEGMENT_DYN    2
#define SEGMENT_INTERP 3
#define FLAG_X         1
#define FLAG_W         2
#define FLAG_R         4

static uint64_t little(const uint8_t *p, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | p[bytes];
	return value;
}

static int check_header(const uint8_t *image, size_t size)
{
	uint64_t phoff, phnum;

	if (size < E_SIZE)
		return ELF_TOO_SMALL;
	if (little(image, 4) != 0x464c457f) /* 7f 'E' 'L' 'F' */
		return ELF_BAD_MAGIC;
	if (image[E_CLASS] != CLASS_64 || image[E_DATA] != DATA_LITTLE)
		return ELF_NOT_64LE;
	if (little(image + E_MACHINE, 2) != MACHINE_RISCV)
		return ELF_NOT_RISCV;
	if (little(image + E_TYPE, 2) != TYPE_EXEC)
		return ELF_NOT_EXEC;
	if (image[E_VERSION] != 1 || little(image + E_EHSIZE, 2) < E_SIZE ||
	    little(image + E_PHENTSIZE, 2) != P_SIZE)
		return ELF_BAD_HEADER;
	phoff = little(image + E_PHOFF, 8);
	phnum = little(image + E_PHNUM, 2);
	if (phnum == 0)
		return ELF_NO_SEGMENTS;
	/* 65535 * 56 can't wrap */
	if (phoff > size || phnum * P_SIZE > size - phoff)
		return ELF_OUTSIDE_FILE;
	return ELF_OK;
}

static int check_segment(struct elf_segment *s, const uint8_t *p, size_t size, uint64_t low,
			 uint64_t top)
{
	uint64_t memory = little(p + P_MEMSZ, 8), flags = little(p + P_FLAGS, 4);

	s->offset = little(p + P_OFFSET, 8);
	s->va = little(p + P_VADDR, 8);
	s->file_size = little(p + P_FILESZ, 8);
	if (s->file_size > memory)
		return ELF_BAD_SIZE;
	/* where nothing is taken from, doesn't matter */
	if (s->file_size == 0)
		s->offset = 0;
	if (s->offset > size || s->file_size > size - s->offset)
		return ELF_OUTSIDE_FILE;
	if (s->va < low || s->va > top || memory > top - s->va)
		return ELF_OUTSIDE_AREA;
	/* What can be written or executed can be read: page tables know no W
	 * without R, and code has constants in it. */
	if ((flags & (FLAG_W | FLAG_X)) == (FLAG_W | FLAG_X) || !(flags & (FLAG_R | FLAG_X)))
		return ELF_BAD_RIGHTS;
	s->rights = MAP_R | (flags & FLAG_W ? MAP_W : 0) | (flags & FLAG_X ? MAP_X : 0);
	s->page = s->va & ~(uint64_t)(PAGE_SIZE - 1);
	/* top is page aligned, so rounding up stays below it */
	s->pages = (s->va - s->page + memory + PAGE_SIZE - 1) >> PAGE_SHIFT;
	return ELF_OK;
}

int elf_plan(struct elf_plan *plan, const void *image, size_t size, uint64_t low, uint64_t top)
{
	const uint8_t *base = image, *p;
	int error = check_header(base, size);
	unsigned number;
	uint64_t end = 0;
	int entry_ok = 0;

	if (error)
		return error;
	plan->entry = little(base + E_ENTRY, 8);
	plan->count = 0;
	plan->pages = 0;
	p = base + little(base + E_PHOFF, 8);
	number = little(base + E_PHNUM, 2);
	for (unsigned i = 0; i < number; i++, p += P_SIZE) {
		struct elf_segment *s = &plan->segment[plan->count];
		uint32_t type = little(p + P_TYPE, 4);

		if (type == SEGMENT_DYN || type == SEGMENT_INTERP)
			return ELF_NEEDS_LOADER;
		if (type != SEGMENT_LOAD || little(p + P_MEMSZ, 8) == 0)
			continue;
		if (plan->count == ELF_SEGMENTS_MAX)
			return ELF_TOO_MANY;
		error = check_segment(s, p, size, low, top);
		if (error)
			return error;
		/* ELF wants them ascending; a page has one set of rights */
		if (s->page < end)
			return ELF_OVERLAP;
		end = s->page + s->pages * PAGE_SIZE;
		if ((s->rights & MAP_X) && plan->entry >= s->va && plan->entry < end)
			entry_ok = 1;
		plan->pages += s->pages;
		plan->count++;
	}
	if (plan->count == 0)
		return ELF_NO_SEGMENTS;
	return entry_ok && plan->entry % 2 == 0 ? ELF_OK : ELF_BAD_ENTRY;
}

const char *elf_error_text(int error)
{
	switch (error) {
	case ELF_OK:
		return "no error";
	case ELF_TOO_SMALL:
		return "too small for an ELF header";
	case ELF_BAD_MAGIC:
		return "bad magic";
	case ELF_NOT_64LE:
		return "not 64-bit little-endian";
	case ELF_NOT_RISCV:
		return "not for RISC-V";
	case ELF_NOT_EXEC:
		return "not an executable (type EXEC: static, not position independent)";
	case ELF_BAD_HEADER:
		return "bad header version or sizes";
	case ELF_NO_SEGMENTS:
		return "nothing to load in it";
	case ELF_TOO_MANY:
		return "too many segments";
	case ELF_OUTSIDE_FILE:
		return "reaches beyond its end (cut short?)";
	case ELF_BAD_SIZE:
		return "a segment is larger in the file than in memory";
	case ELF_OUTSIDE_AREA:
		return "a segment lies outside the area for programs";
	case ELF_BAD_RIGHTS:
		return "a segment is writable and executable, or not readable";
	case ELF_OVERLAP:
		return "segments overlap, share a page or are out of order";
	case ELF_BAD_ENTRY:
		return "entry point is not in executable code";
	case ELF_NEEDS_LOADER:
		return "dynamically linked";
	default:
		return "unknown error";
	}
}

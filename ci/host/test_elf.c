/* SPDX-License-Identifier: MIT
 *
 * <hartleaf/elf.h>: what elf_plan accepts may be mapped without looking again.
 *
 * sources: rt/src/elf.c
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <hartleaf/call.h>
#include <hartleaf/elf.h>
#include <hartleaf/leaf.h>

#include "mutate.h"
#include "sound.h"

#define LOW 0x200000ull
#define TOP 0x4000000ull

#define TEXT_VA 0x400000ull
#define DATA_AT 4096u
#define SIZE    (DATA_AT + 0x1234)

/* Text, constants and data with bss behind the headers, and a note of no
 * consequence in between. */
struct image {
	Elf64_Ehdr head;
	Elf64_Phdr segment[ELF_SEGMENTS_MAX + 2];
	uint8_t rest[SIZE - sizeof(Elf64_Ehdr) - (ELF_SEGMENTS_MAX + 2) * sizeof(Elf64_Phdr)];
} __attribute__((packed));

static struct image good(void)
{
	struct image i = {
		.head =
			{
				.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
					    EV_CURRENT},
				.e_type = ET_EXEC,
				.e_machine = EM_RISCV,
				.e_version = EV_CURRENT,
				.e_entry = TEXT_VA + 0x10,
				.e_phoff = sizeof(Elf64_Ehdr),
				.e_ehsize = sizeof(Elf64_Ehdr),
				.e_phentsize = sizeof(Elf64_Phdr),
				.e_phnum = 4,
			},
		.segment =
			{
				{.p_type = PT_LOAD,
				 .p_flags = PF_R | PF_X,
				 .p_offset = 0,
				 .p_vaddr = TEXT_VA,
				 .p_filesz = 0x1000,
				 .p_memsz = 0x1000},
				{.p_type = PT_NOTE,
				 .p_flags = PF_R,
				 .p_offset = ~0ull,
				 .p_vaddr = 1,
				 .p_filesz = ~0ull,
				 .p_memsz = 7},
				{.p_type = PT_LOAD,
				 .p_flags = PF_R,
				 .p_offset = 0x1010,
				 .p_vaddr = TEXT_VA + 0x2010,
				 .p_filesz = 0xff0,
				 .p_memsz = 0xff1},
				{.p_type = PT_LOAD,
				 .p_flags = PF_R | PF_W,
				 .p_offset = DATA_AT,
				 .p_vaddr = TEXT_VA + 0x5800,
				 .p_filesz = SIZE - DATA_AT,
				 .p_memsz = 0x3000},
			},
	};

	return i;
}

/* The last of good()'s segments: changes to it touch no other one. */
#define LAST 3

/* elf_plan on `size` bytes that nothing readable follows, at an odd address. */
static int plan_bytes(struct elf_plan *plan, const void *bytes, size_t size)
{
	uint8_t *p = malloc(size + 1);
	int error;

	memcpy(p + 1, bytes, size);
	memset(plan, 0x5a, sizeof(*plan));
	error = elf_plan(plan, p + 1, size, LOW, TOP);
	free(p);
	return error;
}

static int plan_image(struct image i)
{
	struct elf_plan plan;

	return plan_bytes(&plan, &i, sizeof(i));
}

static void a_good_image_gives_its_plan(void **state)
{
	struct image i = good();
	struct elf_plan plan;

	(void)state;
	assert_int_equal(sizeof(i), SIZE);
	assert_int_equal(plan_bytes(&plan, &i, sizeof(i)), ELF_OK);
	assert_true(plan.entry == TEXT_VA + 0x10);
	assert_int_equal(plan.count, 3);
	assert_int_equal(plan.pages, 1 + 2 + 4);
	assert_true(plan.segment[0].page == TEXT_VA && plan.segment[0].pages == 1);
	assert_int_equal(plan.segment[0].rights, MAP_R | MAP_X);
	assert_true(plan.segment[1].va == TEXT_VA + 0x2010 && plan.segment[1].offset == 0x1010);
	assert_true(plan.segment[1].page == TEXT_VA + 0x2000 && plan.segment[1].pages == 2);
	assert_int_equal(plan.segment[1].rights, MAP_R);
	assert_true(plan.segment[2].page == TEXT_VA + 0x5000 && plan.segment[2].pages == 4);
	assert_true(plan.segment[2].file_size == SIZE - DATA_AT);
	assert_int_equal(plan.segment[2].rights, MAP_R | MAP_W);
}

static void an_image_cut_anywhere_is_refused(void **state)
{
	struct image i = good();
	struct elf_plan plan;

	(void)state;
	for (size_t size = 0; size < sizeof(i); size++) {
		int error = plan_bytes(&plan, &i, size);

		assert_int_equal(error,
				 size < sizeof(Elf64_Ehdr) ? ELF_TOO_SMALL : ELF_OUTSIDE_FILE);
	}
}

/* elf_plan of a good image after `change` */
#define REFUSED(error, change)                                                                     \
	do {                                                                                       \
		struct image i = good();                                                           \
		change;                                                                            \
		assert_int_equal(plan_image(i), error);                                            \
	} while (0)

static void each_field_of_the_header_is_checked(void **state)
{
	(void)state;
	for (int n = 0; n < 4; n++)
		REFUSED(ELF_BAD_MAGIC, i.head.e_ident[n] ^= 0x20);
	REFUSED(ELF_NOT_64LE, i.head.e_ident[EI_CLASS] = ELFCLASS32);
	REFUSED(ELF_NOT_64LE, i.head.e_ident[EI_DATA] = ELFDATA2MSB);
	REFUSED(ELF_NOT_RISCV, i.head.e_machine = EM_X86_64);
	REFUSED(ELF_NOT_RISCV, i.head.e_machine = EM_RISCV << 8);
	REFUSED(ELF_NOT_EXEC, i.head.e_type = ET_DYN);
	REFUSED(ELF_NOT_EXEC, i.head.e_type = ET_REL);
	REFUSED(ELF_NOT_EXEC, i.head.e_type = ET_CORE);
	REFUSED(ELF_BAD_HEADER, i.head.e_ident[EI_VERSION] = 0);
	REFUSED(ELF_BAD_HEADER, i.head.e_ehsize = sizeof(Elf64_Ehdr) - 1);
	REFUSED(ELF_BAD_HEADER, i.head.e_phentsize = sizeof(Elf64_Phdr) - 1);
	REFUSED(ELF_BAD_HEADER, i.head.e_phentsize = sizeof(Elf64_Phdr) + 8);
	REFUSED(ELF_BAD_HEADER, i.head.e_phentsize = 0);
	REFUSED(ELF_NO_SEGMENTS, i.head.e_phnum = 0);
	REFUSED(ELF_OUTSIDE_FILE, i.head.e_phnum = 0xffff);
	REFUSED(ELF_OUTSIDE_FILE, i.head.e_phoff = SIZE);
	REFUSED(ELF_OUTSIDE_FILE, i.head.e_phoff = SIZE - 4 * sizeof(Elf64_Phdr) + 1);
	REFUSED(ELF_OUTSIDE_FILE, i.head.e_phoff = ~0ull);
	REFUSED(ELF_OUTSIDE_FILE, i.head.e_phoff = -(4 * sizeof(Elf64_Phdr)));
	REFUSED(ELF_BAD_ENTRY, i.head.e_entry = 0);
	REFUSED(ELF_BAD_ENTRY, i.head.e_entry = TEXT_VA + 0x11);
	REFUSED(ELF_BAD_ENTRY, i.head.e_entry = TEXT_VA - 2);
	REFUSED(ELF_BAD_ENTRY, i.head.e_entry = TEXT_VA + 0x1000);
	REFUSED(ELF_BAD_ENTRY, i.head.e_entry = TEXT_VA + 0x2010);
	REFUSED(ELF_BAD_ENTRY, i.head.e_entry = ~1ull);
}

static void each_field_of_a_segment_is_checked(void **state)
{
	(void)state;
	REFUSED(ELF_OUTSIDE_FILE, i.segment[LAST].p_offset++);
	REFUSED(ELF_OUTSIDE_FILE, i.segment[LAST].p_offset = SIZE + 1);
	REFUSED(ELF_OUTSIDE_FILE, i.segment[LAST].p_offset = ~0ull);
	REFUSED(ELF_OUTSIDE_FILE, i.segment[LAST].p_offset = -i.segment[LAST].p_filesz);
	REFUSED(ELF_OUTSIDE_FILE, i.segment[LAST].p_filesz++);
	REFUSED(ELF_BAD_SIZE, i.segment[LAST].p_filesz = 0x3001);
	REFUSED(ELF_BAD_SIZE, i.segment[LAST].p_filesz = ~0ull);
	REFUSED(ELF_BAD_SIZE, i.segment[LAST].p_memsz = i.segment[LAST].p_filesz - 1);
	REFUSED(ELF_OUTSIDE_AREA, i.segment[LAST].p_memsz = ~0ull);
	REFUSED(ELF_OUTSIDE_AREA, i.segment[LAST].p_memsz = -i.segment[LAST].p_vaddr);
	REFUSED(ELF_OUTSIDE_AREA, i.segment[LAST].p_vaddr = TOP - 0x2fff);
	REFUSED(ELF_OK, i.segment[LAST].p_vaddr = TOP - 0x3000);
	REFUSED(ELF_OUTSIDE_AREA, i.segment[LAST].p_vaddr = TOP);
	REFUSED(ELF_OUTSIDE_AREA, i.segment[LAST].p_vaddr = -0x3000ull);
	REFUSED(ELF_OUTSIDE_AREA, i.segment[LAST].p_vaddr = 1ull << 63);
	REFUSED(ELF_OUTSIDE_AREA, i.segment[0].p_vaddr = LOW - 1);
	REFUSED(ELF_BAD_ENTRY, i.segment[0].p_vaddr = LOW);
	REFUSED(ELF_BAD_RIGHTS, i.segment[LAST].p_flags = PF_R | PF_W | PF_X);
	REFUSED(ELF_BAD_RIGHTS, i.segment[LAST].p_flags = PF_W | PF_X);
	REFUSED(ELF_BAD_RIGHTS, i.segment[LAST].p_flags = 0);
	REFUSED(ELF_BAD_RIGHTS, i.segment[LAST].p_flags = 8);
	REFUSED(ELF_OK, i.segment[LAST].p_flags = PF_X);
	REFUSED(ELF_OVERLAP, i.segment[LAST].p_vaddr = TEXT_VA + 0x3fff);
	REFUSED(ELF_OVERLAP, i.segment[LAST].p_vaddr = TEXT_VA + 0x2010);
	REFUSED(ELF_OVERLAP, i.segment[LAST].p_vaddr = LOW);
	REFUSED(ELF_OK, i.segment[LAST].p_vaddr = TEXT_VA + 0x4000);
	REFUSED(ELF_NEEDS_LOADER, i.segment[LAST].p_type = PT_DYNAMIC);
	REFUSED(ELF_NEEDS_LOADER, i.segment[LAST].p_type = PT_INTERP);
	REFUSED(ELF_NO_SEGMENTS, i.head.e_phnum = 1; i.segment[0].p_type = PT_NULL);
	REFUSED(ELF_NO_SEGMENTS, i.head.e_phnum = 1;
		i.segment[0].p_filesz = i.segment[0].p_memsz = 0);
}

/* n segments of one page each, the first one text */
static struct image crowd(unsigned n)
{
	struct image i = good();

	for (unsigned k = 0; k < n; k++) {
		i.segment[k] = i.segment[0];
		i.segment[k].p_vaddr = TEXT_VA + 0x1000 * k;
	}
	i.head.e_phnum = n;
	return i;
}

static void there_is_a_largest_number_of_segments(void **state)
{
	struct image i = crowd(ELF_SEGMENTS_MAX);

	(void)state;
	assert_int_equal(plan_image(i), ELF_OK);
	i = crowd(ELF_SEGMENTS_MAX + 1);
	assert_int_equal(plan_image(i), ELF_TOO_MANY);
	i.segment[0].p_type = PT_NOTE; /* only those that are loaded count */
	i.head.e_entry = TEXT_VA + 0x1000;
	assert_int_equal(plan_image(i), ELF_OK);
}

static void every_error_has_its_text(void **state)
{
	(void)state;
	for (int a = ELF_NEEDS_LOADER; a <= ELF_OK; a++) {
		assert_true(strlen(elf_error_text(a)) > 3);
		for (int b = ELF_NEEDS_LOADER; b < a; b++)
			assert_string_not_equal(elf_error_text(a), elf_error_text(b));
	}
	assert_non_null(elf_error_text(ELF_NEEDS_LOADER - 1));
	assert_non_null(elf_error_text(1));
}

static void no_mutation_gives_an_unsound_plan(void **state)
{
	const unsigned rounds = 500000;
	unsigned accepted = 0;

	(void)state;
	mutate_seed = 0x656c666d75746174;
	for (unsigned n = 0; n < rounds; n++) {
		struct image i = n % 2 ? good() : crowd(mutate_random() % ELF_SEGMENTS_MAX + 1);
		size_t front = sizeof(i.head) + i.head.e_phnum * sizeof(i.segment[0]);
		size_t size = n % 16 ? sizeof(i) : mutate_random() % sizeof(i);
		struct elf_plan plan;

		if (size)
			mutate((uint8_t *)&i, size, front, mutate_random() % 2 ? 8 : 4);
		if (plan_bytes(&plan, &i, size) == ELF_OK) {
			assert_int_equal(plan_unsound(&plan, size, LOW, TOP), 0);
			accepted++;
		}
	}
	/* else the loop proves little */
	assert_in_range(accepted, rounds / 50, rounds - rounds / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_image_gives_its_plan),
		cmocka_unit_test(an_image_cut_anywhere_is_refused),
		cmocka_unit_test(each_field_of_the_header_is_checked),
		cmocka_unit_test(each_field_of_a_segment_is_checked),
		cmocka_unit_test(there_is_a_largest_number_of_segments),
		cmocka_unit_test(every_error_has_its_text),
		cmocka_unit_test(no_mutation_gives_an_unsound_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * cpio.h: what an archive says is found, and nothing that is not in its bytes is read,
 * whatever it says.
 *
 * sources: rt/src/cpio.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpio.h"
#include "mutate.h"

#define ROUNDS 300000

static uint8_t archive[2000];
static size_t used;

static void put(const char *name, const char *data, unsigned mode)
{
	size_t size = strlen(data);

	used += (size_t)sprintf((char *)archive + used,
				"070701%08X%08X%08X%08X%08X%08x%08X%08X%08X%08X%08X%08X%08X", 7,
				mode, 0, 0, 1, 99, (unsigned)size, 0, 0, 0, 0,
				(unsigned)strlen(name) + 1, 0);
	memcpy(archive + used, name, strlen(name) + 1);
	used = (used + strlen(name) + 1 + 3) & ~3ul;
	memcpy(archive + used, data, size);
	used = (used + size + 3) & ~3ul;
}

static int make(void **state)
{
	(void)state;
	memset(archive, 0, sizeof(archive));
	used = 0;
	put("./folder", "", CPIO_DIR | 0755);
	put("./folder/a", "hello", CPIO_FILE | 0644);
	put("b", "abcd", CPIO_FILE | 0755);
	put("TRAILER!!!", "", 0);
	return 0;
}

static void walk(void **state)
{
	static const char elf[] = "\177ELF...";
	struct cpio_entry e;
	size_t at = 0, size;

	(void)state;
	assert_int_equal(rt_cpio_next(archive, used, &at, &e), 1);
	assert_string_equal(e.name, "folder");
	assert_int_equal(e.mode, CPIO_DIR | 0755);
	assert_int_equal(rt_cpio_next(archive, used, &at, &e), 1);
	assert_string_equal(e.name, "folder/a");
	assert_int_equal(e.size, 5);
	assert_memory_equal(e.data, "hello", 5);
	assert_int_equal(e.mtime, 99);
	assert_int_equal(e.inode, 7);
	assert_int_equal(rt_cpio_next(archive, used, &at, &e), 1);
	assert_string_equal(e.name, "b");
	assert_memory_equal(e.data, "abcd", 4);
	assert_int_equal(rt_cpio_next(archive, used, &at, &e), 0);
	assert_ptr_equal(rt_cpio_program(archive, used, &size), archive + 110 + 10 + 116 + 8);
	assert_int_equal(size, 5);
	assert_ptr_equal(rt_cpio_program(elf, 7, &size), elf);
	assert_int_equal(size, 7);
}

/* Each length; only the whole one is all right. */
static void cut_short(void **state)
{
	(void)state;
	for (size_t size = 0; size < used; size++) {
		uint8_t *copy = exact_copy(archive, size);
		struct cpio_entry e;
		size_t at = 0, program;
		int got;

		while ((got = rt_cpio_next(copy, size, &at, &e)) > 0)
			;
		/* the trailer's padding may go */
		assert_true(got == -1 || size + 3 >= used);
		rt_cpio_program(copy, size, &program);
		free(copy);
	}
}

static void damaged(void **state)
{
	unsigned volatile sum = 0;

	(void)state;
	mutate_seed = 1;
	for (int i = 0; i < ROUNDS; i++) {
		size_t size = i % 4 ? used : mutate_random() % used + 1, at = 0;
		uint8_t *copy = exact_copy(archive, size);
		struct cpio_entry e;

		mutate(copy, size, 110, 8);
		for (int n = 0; n < 10; n++) {
			size_t before = at;

			if (rt_cpio_next(copy, size, &at, &e) <= 0)
				break;
			assert_true(at > before && at <= size);
			assert_true(strlen(e.name) < size);
			for (uint64_t k = 0; k < e.size; k++)
				sum += e.data[k];
		}
		free(copy);
	}
}

static void not_numbers(void **state)
{
	static const char bad[] = "gG:/@`x -+";

	(void)state;
	for (size_t i = 0; bad[i]; i++)
		for (size_t field = 0; field < 8; field++) {
			struct cpio_entry e;
			size_t at = 0;

			make(NULL);
			archive[6 + 8 * 6 + field] = (uint8_t)bad[i]; /* the size */
			assert_int_equal(rt_cpio_next(archive, used, &at, &e), -1);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(walk, make),
		cmocka_unit_test_setup(cut_short, make),
		cmocka_unit_test_setup(damaged, make),
		cmocka_unit_test(not_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

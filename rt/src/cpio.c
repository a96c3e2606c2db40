/* SPDX-License-Identifier: MIT
 *
 * newc: a header of text, a magic and 13 numbers of 8 hexadecimal digits; the name; the
 * data.  Name and data are followed by zeros up to a multiple of 4.  The last entry is
 * called TRAILER!!!.
 */
#include <string.h>

#include "cpio.h"

#define HEADER   110
#define MAGIC    "070701"
#define F_INODE  0
#define F_MODE   1
#define F_MTIME  5
#define F_SIZE   6
#define F_NAME   11
#define NAME_MAX 4096

/* False: not 8 hexadecimal digits. */
static int field(const uint8_t *header, unsigned number, uint32_t *value)
{
	const uint8_t *p = header + 6 + 8 * number;

	*value = 0;
	for (int i = 0; i < 8; i++) {
		uint32_t digit = p[i] - '0';

		if (digit > 9) {
			digit = (p[i] | 0x20) - 'a' + 10;
			if (digit < 10 || digit > 15)
				return 0;
		}
		*value = *value << 4 | digit;
	}
	return 1;
}

/* Numbers are below 2^32, so that no sum here wraps. */
int rt_cpio_next(const void *archive, size_t size, size_t *at, struct cpio_entry *entry)
{
	const uint8_t *header = (const uint8_t *)archive + *at;
	uint32_t name_size, data_size;
	uint64_t left = size - *at, data;

	if (*at > size || left < HEADER || memcmp(header, MAGIC, 6) != 0)
		return -1;
	if (!field(header, F_NAME, &name_size) || !field(header, F_SIZE, &data_size) ||
	    !field(header, F_MODE, &entry->mode) || !field(header, F_MTIME, &entry->mtime) ||
	    !field(header, F_INODE, &entry->inode))
		return -1;
	data = (HEADER + (uint64_t)name_size + 3) & ~3ul;
	if (name_size == 0 || name_size > NAME_MAX || data > left || data_size > left - data ||
	    header[HEADER + name_size - 1] != 0)
		return -1;
	entry->name = (const char *)header + HEADER;
	entry->data = header + data;
	entry->size = data_size;
	if (strcmp(entry->name, "TRAILER!!!") == 0)
		return 0;
	while (entry->name[0] == '/' || (entry->name[0] == '.' && entry->name[1] == '/'))
		entry->name += entry->name[0] == '/' ? 1 : 2;
	data = (data + data_size + 3) & ~3ul;
	*at += data < left ? data : left;
	return 1;
}

const void *rt_cpio_program(const void *initrd, size_t size, size_t *program_size)
{
	struct cpio_entry entry;
	size_t at = 0;

	*program_size = size;
	if (size < 6 || memcmp(initrd, MAGIC, 6) != 0)
		return initrd;
	while (rt_cpio_next(initrd, size, &at, &entry) > 0)
		if ((entry.mode & CPIO_TYPE) == CPIO_FILE) {
			*program_size = entry.size;
			return entry.data;
		}
	return NULL;
}

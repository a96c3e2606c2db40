/* SPDX-License-Identifier: MIT
 *
 * cpio archives of the "newc" kind, in memory.  Pure logic; nothing of the archive is
 * believed, and nothing beyond its `size` bytes is read.
 */
#ifndef RT_CPIO_H
#define RT_CPIO_H

#include <stddef.h>
#include <stdint.h>

#define CPIO_TYPE 0170000 /* of mode, as in <sys/stat.h> */
#define CPIO_FILE 0100000
#define CPIO_DIR  0040000

struct cpio_entry {
	const char *name; /* ends with a zero; without leading "./" and "/" */
	const uint8_t *data;
	uint64_t size;
	uint32_t mode;
	uint32_t mtime;
	uint32_t inode;
};

/* The entry at offset *at, which is moved to the next.  Returns 1; 0 at the end; -1 for
 * what is no archive, or is cut short. */
int rt_cpio_next(const void *archive, size_t size, size_t *at, struct cpio_entry *entry);

/* The program in an initrd: if that is an archive its first file, else the initrd itself.
 * NULL: no file in it. */
const void *rt_cpio_program(const void *initrd, size_t size, size_t *program_size);

#endif

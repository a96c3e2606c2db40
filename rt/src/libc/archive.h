/* SPDX-License-Identifier: MIT
 *
 * Files of the archive in the initrd; only the first address space has it.
 */
#ifndef RT_ARCHIVE_H
#define RT_ARCHIVE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "../cpio.h"

#define RT_PATH_MAX 256 /* with its zero */

/* Absolute, or relative to the root, which is the only working directory there is, in the
 * form in which the archive has names; "" for the root.  Returns 0 or an errno value. */
int rt_path_plain(char plain[RT_PATH_MAX], const char *path);

/* Looks a plain path up.  Directories need no entry of their own.  0 or ENOENT, ENOTDIR. */
int rt_archive_find(const char *plain, struct cpio_entry *entry);

/* What stands in the directory `plain`, from *at on: its name goes to `name`.  False: no
 * more. */
bool rt_archive_list(const char *plain, size_t *at, char name[RT_PATH_MAX],
		     struct cpio_entry *entry);

void rt_archive_stat(const struct cpio_entry *entry, struct stat *st);

#endif

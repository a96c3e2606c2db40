/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <hartleaf/rt.h>

#include "../rt.h"
#include "archive.h"

static int next(size_t *at, struct cpio_entry *entry)
{
	const struct info *info = hl_info();

	if (!rt_is_first())
		return 0;
	return rt_cpio_next((const void *)info->initrd_va, info->initrd_size, at, entry);
}

int rt_path_plain(char plain[RT_PATH_MAX], const char *path)
{
	size_t used = 0;

	if (!*path)
		return ENOENT;
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (used > 0 && plain[--used] != '/')
				;
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			if (used + n + 2 > RT_PATH_MAX)
				return ENAMETOOLONG;
			if (used > 0)
				plain[used++] = '/';
			memcpy(plain + used, path, n);
			used += n;
		}
		path += n;
		while (*path == '/')
			path++;
	}
	plain[used] = 0;
	return 0;
}

/* The rest of a name that stands below the directory; NULL: it doesn't. */
static const char *below(const char *name, const char *directory)
{
	size_t n = strlen(directory);

	if (n == 0)
		return name;
	return strncmp(name, directory, n) == 0 && name[n] == '/' ? name + n + 1 : NULL;
}

int rt_archive_find(const char *plain, struct cpio_entry *entry)
{
	static const struct cpio_entry directory = {.mode = CPIO_DIR | 0555};
	bool is_directory = *plain == 0;
	size_t at = 0;

	while (next(&at, entry) > 0) {
		if (strcmp(entry->name, plain) == 0)
			return 0;
		if (below(entry->name, plain))
			is_directory = true;
		if ((entry->mode & CPIO_TYPE) == CPIO_FILE && below(plain, entry->name) &&
		    *entry->name)
			return ENOTDIR;
	}
	*entry = directory;
	return is_directory ? 0 : ENOENT;
}

/* Is this the first entry that says there is `name` in the directory? */
static bool first_of(const char *directory, const char *name, size_t size, size_t here)
{
	struct cpio_entry entry;
	const char *rest;
	size_t at = 0;

	while (next(&at, &entry) > 0 && at < here) {
		rest = below(entry.name, directory);
		if (rest && strncmp(rest, name, size) == 0 && (rest[size] == '/' || !rest[size]))
			return false;
	}
	return true;
}

bool rt_archive_list(const char *plain, size_t *at, char name[RT_PATH_MAX],
		     struct cpio_entry *entry)
{
	while (next(at, entry) > 0) {
		const char *rest = below(entry->name, plain);
		size_t size = rest ? strcspn(rest, "/") : 0;

		if (size == 0 || size >= RT_PATH_MAX || !first_of(plain, rest, size, *at))
			continue;
		memcpy(name, rest, size);
		name[size] = 0;
		if (rest[size])
			entry->mode = CPIO_DIR | 0555;
		return true;
	}
	return false;
}

void rt_archive_stat(const struct cpio_entry *entry, struct stat *st)
{
	*st = (struct stat){
		.st_ino = (ino_t)entry->inode,
		.st_mode = (entry->mode & CPIO_TYPE) | (entry->mode & 0555),
		.st_nlink = 1,
		.st_size = (off_t)entry->size,
		.st_blksize = 512,
		.st_blocks = (blkcnt_t)((entry->size + 511) / 512),
	};
	st->st_mtim.tv_sec = st->st_ctim.tv_sec = st->st_atim.tv_sec = (time_t)entry->mtime;
}

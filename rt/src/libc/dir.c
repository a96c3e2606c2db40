/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"

struct __rt_dir {
	char path[RT_PATH_MAX];
	size_t at;
	struct dirent entry;
};

DIR *opendir(const char *path)
{
	struct cpio_entry found;
	DIR *dir = calloc(1, sizeof(*dir));
	int error;

	if (!dir)
		return NULL;
	error = rt_path_plain(dir->path, path);
	if (!error)
		error = rt_archive_find(dir->path, &found);
	if (!error && (found.mode & CPIO_TYPE) != CPIO_DIR)
		error = ENOTDIR;
	if (!error)
		return dir;
	free(dir);
	errno = error;
	return NULL;
}

struct dirent *readdir(DIR *dir)
{
	struct cpio_entry found;

	_Static_assert(sizeof(dir->entry.d_name) >= RT_PATH_MAX, "room for every name");
	if (!rt_archive_list(dir->path, &dir->at, dir->entry.d_name, &found))
		return NULL;
	dir->entry.d_ino = (ino_t)found.inode;
	dir->entry.d_type = (found.mode & CPIO_TYPE) == CPIO_DIR ? DT_DIR : DT_REG;
	return &dir->entry;
}

void rewinddir(DIR *dir)
{
	dir->at = 0;
}

int closedir(DIR *dir)
{
	free(dir);
	return 0;
}

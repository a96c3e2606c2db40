/* SPDX-License-Identifier: MIT
 *
 * File descriptors: 0, 1 and 2 are the console, others the console again (dup) or files of
 * the archive, which can only be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <hartleaf/sync.h>

#include "../rt.h"
#include "archive.h"

#define FILES 64 /* descriptors, and open files */

struct file {
	unsigned users; /* descriptors; 0: unused */
	bool console;
	struct cpio_entry entry;
	uint64_t offset;
};

static struct hl_mutex lock; /* of all that follows */
static struct file console = {.users = 3, .console = true};
static struct file files[FILES];
static struct file *at[FILES] = {&console, &console, &console};

static int fail(int error)
{
	errno = error;
	return -1;
}

/* The file, with the lock held; NULL, and not: EBADF. */
static struct file *get(int fd)
{
	hl_mutex_lock(&lock);
	if (fd >= 0 && fd < FILES && at[fd])
		return at[fd];
	hl_mutex_unlock(&lock);
	errno = EBADF;
	return NULL;
}

/* The lock is held, and no longer then. */
static int put(struct file *file, int from)
{
	int fd = from;

	while (fd < FILES && at[fd])
		fd++;
	if (file && fd < FILES) {
		at[fd] = file;
		file->users++;
	}
	hl_mutex_unlock(&lock);
	return file && fd < FILES ? fd : fail(EMFILE);
}

static int find(const char *path, struct cpio_entry *entry)
{
	char plain[RT_PATH_MAX];
	int error = rt_path_plain(plain, path);

	if (!error)
		error = rt_archive_find(plain, entry);
	/* "name/" is a directory */
	if (!error && (entry->mode & CPIO_TYPE) != CPIO_DIR && path[strlen(path) - 1] == '/')
		error = ENOTDIR;
	return error;
}

int open(const char *path, int flags, ...)
{
	struct cpio_entry entry;
	struct file *file = files;
	int error = find(path, &entry);

	if (error)
		return fail(error == ENOENT && (flags & O_CREAT) ? EROFS : error);
	if ((flags & O_CREAT) && (flags & O_EXCL))
		return fail(EEXIST);
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))
		return fail((entry.mode & CPIO_TYPE) == CPIO_DIR ? EISDIR : EROFS);
	hl_mutex_lock(&lock);
	while (file < files + FILES && file->users)
		file++;
	if (file == files + FILES)
		file = NULL;
	else
		*file = (struct file){.entry = entry};
	return put(file, 0);
}

int close(int fd)
{
	struct file *file = get(fd);

	if (!file)
		return -1;
	at[fd] = NULL;
	file->users--;
	hl_mutex_unlock(&lock);
	return 0;
}

int dup(int fd)
{
	struct file *file = get(fd);

	return file ? put(file, 0) : -1;
}

int dup2(int fd, int to)
{
	struct file *file = get(fd);

	if (!file)
		return -1;
	if (to < 0 || to >= FILES) {
		hl_mutex_unlock(&lock);
		return fail(EBADF);
	}
	if (at[to] != file) {
		if (at[to])
			at[to]->users--;
		at[to] = file;
		file->users++;
	}
	hl_mutex_unlock(&lock);
	return to;
}

int fcntl(int fd, int command, ...)
{
	struct file *file = get(fd);
	va_list args;
	int from;

	if (!file)
		return -1;
	switch (command) {
	case F_DUPFD:
		va_start(args, command);
		from = va_arg(args, int);
		va_end(args);
		if (from >= 0 && from < FILES)
			return put(file, from);
		break;
	case F_GETFL:
		hl_mutex_unlock(&lock);
		return file->console ? O_RDWR : O_RDONLY;
	case F_GETFD: /* there is no exec */
		hl_mutex_unlock(&lock);
		return 0;
	}
	hl_mutex_unlock(&lock);
	return fail(EINVAL);
}

/* From `offset`, or where the file stands and further on. */
static ssize_t read_at(int fd, void *data, size_t size, const off_t *offset)
{
	struct file *file = get(fd);
	uint64_t from;

	if (!file)
		return -1;
	if (file->console) {
		hl_mutex_unlock(&lock);
		return offset ? fail(ESPIPE) : rt_console_read(data, size);
	}
	if ((file->entry.mode & CPIO_TYPE) == CPIO_DIR) {
		hl_mutex_unlock(&lock);
		return fail(EISDIR);
	}
	from = offset ? (uint64_t)*offset : file->offset;
	if (from >= file->entry.size)
		size = 0;
	else if (size > file->entry.size - from)
		size = file->entry.size - from;
	memcpy(data, file->entry.data + from, size);
	if (!offset)
		file->offset += size;
	hl_mutex_unlock(&lock);
	return (ssize_t)size;
}

ssize_t read(int fd, void *data, size_t size)
{
	return read_at(fd, data, size, NULL);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
	return offset < 0 ? fail(EINVAL) : read_at(fd, data, size, &offset);
}

ssize_t write(int fd, const void *data, size_t size)
{
	struct file *file = get(fd);
	bool is_console;

	if (!file)
		return -1;
	is_console = file->console;
	hl_mutex_unlock(&lock);
	if (!is_console)
		return fail(EBADF); /* not open for writing */
	rt_console_write(data, size);
	return (ssize_t)size;
}

off_t lseek(int fd, off_t offset, int whence)
{
	struct file *file = get(fd);
	off_t from = 0;
	int error = 0;

	if (!file)
		return -1;
	if (whence == SEEK_CUR)
		from = (off_t)file->offset;
	else if (whence == SEEK_END)
		from = (off_t)file->entry.size;
	else if (whence != SEEK_SET)
		error = EINVAL;
	if (file->console)
		error = ESPIPE;
	else if (!error && __builtin_add_overflow(from, offset, &offset))
		error = EOVERFLOW;
	else if (!error && offset < 0)
		error = EINVAL;
	else if (!error)
		file->offset = (uint64_t)offset;
	hl_mutex_unlock(&lock);
	return error ? fail(error) : offset;
}

int fstat(int fd, struct stat *st)
{
	struct file *file = get(fd);

	if (!file)
		return -1;
	if (file->console)
		*st = (struct stat){.st_mode = S_IFCHR | 0666, .st_nlink = 1, .st_blksize = 1};
	else
		rt_archive_stat(&file->entry, st);
	hl_mutex_unlock(&lock);
	return 0;
}

int stat(const char *restrict path, struct stat *restrict st)
{
	struct cpio_entry entry;
	int error = find(path, &entry);

	if (error)
		return fail(error);
	rt_archive_stat(&entry, st);
	return 0;
}

/* A symbolic link is what it is: nothing follows it. */
int lstat(const char *restrict path, struct stat *restrict st)
{
	return stat(path, st);
}

int access(const char *path, int mode)
{
	struct cpio_entry entry;
	int error = find(path, &entry);

	if (!error && (mode & W_OK))
		error = EROFS;
	else if (!error && (mode & X_OK) && !(entry.mode & 0111))
		error = EACCES;
	return error ? fail(error) : 0;
}

int isatty(int fd)
{
	struct file *file = get(fd);
	bool is_console;

	if (!file)
		return 0;
	is_console = file->console;
	hl_mutex_unlock(&lock);
	if (!is_console)
		errno = ENOTTY;
	return is_console;
}

/* Those that would change a file: there is none, or it can't be changed. */
static int refuse(const char *path)
{
	struct cpio_entry entry;
	int error = find(path, &entry);

	return fail(error ? error : EROFS);
}

int unlink(const char *path)
{
	return refuse(path);
}

int rmdir(const char *path)
{
	return refuse(path);
}

int rename(const char *old, const char *new)
{
	(void)new;
	return refuse(old);
}

int mkdir(const char *path, mode_t mode)
{
	struct cpio_entry entry;
	int error = find(path, &entry);

	(void)mode;
	return fail(!error ? EEXIST : error == ENOENT ? EROFS : error);
}

int ftruncate(int fd, off_t size)
{
	struct file *file = get(fd);

	(void)size;
	if (!file)
		return -1;
	hl_mutex_unlock(&lock);
	return fail(EINVAL); /* not open for writing */
}

int fsync(int fd)
{
	if (!get(fd))
		return -1;
	hl_mutex_unlock(&lock);
	return 0;
}

char *getcwd(char *path, size_t size)
{
	if (size < 2 || !path) {
		errno = size && path ? ERANGE : EINVAL;
		return NULL;
	}
	return strcpy(path, "/");
}

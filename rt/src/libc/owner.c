/* SPDX-License-Identifier: MIT
 *
 * Users, modes and links, as a system has them that has one user and files that nobody
 * changes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"

static int fail(int error)
{
	errno = error;
	return -1;
}

/* Of what would change the file; or `error` if there is one. */
static int refuse(const char *path, int error)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : fail(error);
}

static int refuse_open(int fd, int error)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : fail(error);
}

uid_t getuid(void)
{
	return 0;
}

uid_t geteuid(void)
{
	return 0;
}

gid_t getgid(void)
{
	return 0;
}

gid_t getegid(void)
{
	return 0;
}

pid_t getppid(void)
{
	return 0;
}

mode_t umask(mode_t mask)
{
	(void)mask; /* nothing is ever made */
	return 022;
}

int chmod(const char *path, mode_t mode)
{
	(void)mode;
	return refuse(path, EROFS);
}

int fchmod(int fd, mode_t mode)
{
	(void)mode;
	return refuse_open(fd, EROFS);
}

int chown(const char *path, uid_t owner, gid_t group)
{
	(void)owner, (void)group;
	return refuse(path, EROFS);
}

int fchown(int fd, uid_t owner, gid_t group)
{
	(void)owner, (void)group;
	return refuse_open(fd, EROFS);
}

int truncate(const char *path, off_t size)
{
	(void)size;
	return refuse(path, EROFS);
}

int link(const char *path, const char *name)
{
	(void)name;
	return refuse(path, EROFS);
}

int symlink(const char *target, const char *name)
{
	struct stat st;

	(void)target;
	return fail(stat(name, &st) == 0 ? EEXIST : EROFS);
}

ssize_t readlink(const char *restrict path, char *restrict target, size_t size)
{
	(void)target, (void)size;
	return refuse(path, EINVAL); /* no link */
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	(void)data, (void)size, (void)offset;
	return refuse_open(fd, isatty(fd) ? ESPIPE : EBADF);
}

int chdir(const char *path)
{
	char plain[RT_PATH_MAX];
	struct stat st;

	if (stat(path, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return fail(ENOTDIR);
	/* the root is the only one there is */
	return rt_path_plain(plain, path) == 0 && !*plain ? 0 : fail(EACCES);
}

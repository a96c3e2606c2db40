/* SPDX-License-Identifier: MIT
 *
 * What picolibc's other parts refer to.  There are no files, processes or signals
 * here: those that stand for them fail.
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/types.h>
#include <unistd.h>

#include <hartleaf/rt.h>

#include "rt.h"

int close(int fd)
{
	(void)fd;
	errno = EBADF;
	return -1;
}

off_t lseek(int fd, off_t offset, int whence)
{
	(void)fd, (void)offset, (void)whence;
	errno = ESPIPE;
	return -1;
}

int fstat(int fd, struct stat *st)
{
	(void)fd, (void)st;
	errno = EBADF;
	return -1;
}

int stat(const char *path, struct stat *st)
{
	(void)path, (void)st;
	errno = ENOENT;
	return -1;
}

int open(const char *path, int flags, ...)
{
	(void)path, (void)flags;
	errno = ENOENT;
	return -1;
}

int unlink(const char *path)
{
	(void)path;
	errno = ENOENT;
	return -1;
}

int isatty(int fd)
{
	return fd >= 0 && fd <= 2;
}

pid_t getpid(void)
{
	return 1;
}

/* abort() and assert() end here */
int kill(pid_t pid, int signal)
{
	(void)pid;
	rt_exit_now(128 + signal);
}

static uint64_t microseconds(void)
{
	uint64_t ticks = hl_time(), rate = hl_info()->timebase;

	return ticks / rate * 1000000 + ticks % rate * 1000000 / rate;
}

/* Time since the machine started: nobody has told us the date. */
int gettimeofday(struct timeval *tv, void *zone)
{
	uint64_t now = microseconds();

	(void)zone;
	tv->tv_sec = (time_t)(now / 1000000);
	tv->tv_usec = (suseconds_t)(now % 1000000);
	return 0;
}

clock_t times(struct tms *t)
{
	clock_t now = (clock_t)(microseconds() / (1000000 / CLOCKS_PER_SEC));

	t->tms_utime = now;
	t->tms_stime = t->tms_cutime = t->tms_cstime = 0;
	return now;
}

/* SPDX-License-Identifier: MIT
 *
 * Locks of streams.  picolibc takes a buffered stream's lock for each character, and none
 * for a whole call; so those that do more than one character are wrapped (ld --wrap, see
 * CMakeLists.txt) to hold it throughout.  It is recursive (sync/lock.c).  Output on the
 * console, which isn't buffered, holds the console's lock instead; who waits for input
 * there holds nothing.  Who is cancelled while he waits in a buffered stream gives its lock back, and
 * the buffer is as if he had not read.  Streams of sprintf and its like are the caller's own.
 */
#include <stdarg.h>
#include <stdio-bufio.h>
#include <stdio.h>
#include <sys/lock.h>

#include "../pthread/thread.h"

static bool is_console(const FILE *file)
{
	return file == stdout;
}

static _LOCK_T lock_of(FILE *file)
{
	return file->flags & __SBUF ? ((struct __file_bufio *)file)->lock : NULL;
}

void flockfile(FILE *file)
{
	if (is_console(file))
		rt_console_acquire();
	else if (lock_of(file))
		__retarget_lock_acquire_recursive(lock_of(file));
}

int ftrylockfile(FILE *file)
{
	if (is_console(file))
		return rt_console_try() ? 0 : -1;
	return !lock_of(file) || __retarget_lock_try_acquire_recursive(lock_of(file)) ? 0 : -1;
}

void funlockfile(FILE *file)
{
	if (is_console(file))
		rt_console_release();
	else if (lock_of(file))
		__retarget_lock_release_recursive(lock_of(file));
}

static void unlock_input(void *file)
{
	if (!is_console(file))
		funlockfile(file);
}

static void begin_input(FILE *file, struct __hl_cleanup *cleanup)
{
	if (!is_console(file))
		flockfile(file);
	__hl_cleanup_push(cleanup, unlock_input, file);
}

static void end_input(struct __hl_cleanup *cleanup)
{
	__hl_cleanup_pop(cleanup, 1);
}

/* clang-format off */
int __real_vfprintf(FILE *file, const char *format, va_list args);
int __wrap_vfprintf(FILE *file, const char *format, va_list args);
int __real_vfscanf(FILE *file, const char *format, va_list args);
int __wrap_vfscanf(FILE *file, const char *format, va_list args);
int __real_fputs(const char *s, FILE *file);
int __wrap_fputs(const char *s, FILE *file);
int __real_puts(const char *s);
int __wrap_puts(const char *s);
size_t __real_fwrite(const void *data, size_t size, size_t count, FILE *file);
size_t __wrap_fwrite(const void *data, size_t size, size_t count, FILE *file);
size_t __real_fread(void *data, size_t size, size_t count, FILE *file);
size_t __wrap_fread(void *data, size_t size, size_t count, FILE *file);
char *__real_fgets(char *s, int size, FILE *file);
char *__wrap_fgets(char *s, int size, FILE *file);
/* clang-format on */

int __wrap_vfprintf(FILE *file, const char *format, va_list args)
{
	int n;

	flockfile(file);
	n = __real_vfprintf(file, format, args);
	funlockfile(file);
	return n;
}

int __wrap_vfscanf(FILE *file, const char *format, va_list args)
{
	struct __hl_cleanup cleanup;
	int n;

	begin_input(file, &cleanup);
	n = __real_vfscanf(file, format, args);
	end_input(&cleanup);
	return n;
}

int __wrap_fputs(const char *s, FILE *file)
{
	int n;

	flockfile(file);
	n = __real_fputs(s, file);
	funlockfile(file);
	return n;
}

int __wrap_puts(const char *s)
{
	int n;

	flockfile(stdout);
	n = __real_puts(s);
	funlockfile(stdout);
	return n;
}

size_t __wrap_fwrite(const void *data, size_t size, size_t count, FILE *file)
{
	size_t n;

	flockfile(file);
	n = __real_fwrite(data, size, count, file);
	funlockfile(file);
	return n;
}

size_t __wrap_fread(void *data, size_t size, size_t count, FILE *file)
{
	struct __hl_cleanup cleanup;
	size_t n;

	begin_input(file, &cleanup);
	n = __real_fread(data, size, count, file);
	end_input(&cleanup);
	return n;
}

char *__wrap_fgets(char *s, int size, FILE *file)
{
	struct __hl_cleanup cleanup;
	char *got;

	begin_input(file, &cleanup);
	got = __real_fgets(s, size, file);
	end_input(&cleanup);
	return got;
}

/* SPDX-License-Identifier: MIT
 *
 * picolibc's own knows no descriptor of a stream without a buffer.  stdin, stdout and stderr
 * are one stream here, so it can't be told which of them is meant: 1.
 */
#include <errno.h>
#include <stdio-bufio.h>

int fileno(FILE *file)
{
	if (file->flags & __SBUF)
		return ((struct __file_bufio *)file)->fd;
	if (file == stdout)
		return 1;
	errno = EBADF;
	return -1;
}

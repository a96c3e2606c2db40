/* SPDX-License-Identifier: MIT
 *
 * <stdio.h> of the C library, and the locks of streams that it leaves out.
 */
#ifndef RT_STDIO_H
#define RT_STDIO_H

#pragma GCC system_header /* strict compilers know no #include_next */
#include_next <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

void flockfile(FILE *file);
int ftrylockfile(FILE *file);
void funlockfile(FILE *file);

#define getc_unlocked(file)    getc(file)
#define putc_unlocked(c, file) putc(c, file)
#define getchar_unlocked()     getchar()
#define putchar_unlocked(c)    putchar(c)

#ifdef __cplusplus
}
#endif

#endif

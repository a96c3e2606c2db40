/* SPDX-License-Identifier: MIT
 *
 * What POSIX wants of threads in here, beside the compiler's and the C library's.
 */
#pragma GCC system_header /* strict compilers know no #include_next */
#include_next <limits.h>

#ifndef HARTLEAF_LIMITS_H
#define HARTLEAF_LIMITS_H

#define PTHREAD_KEYS_MAX              128
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#define PTHREAD_STACK_MIN             8192 /* a page for storage of the thread, a page for it */

#ifndef _POSIX_THREAD_KEYS_MAX
#define _POSIX_THREAD_KEYS_MAX              128
#define _POSIX_THREAD_DESTRUCTOR_ITERATIONS 4
#define _POSIX_THREAD_THREADS_MAX           64
#endif

#endif

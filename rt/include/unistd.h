/* SPDX-License-Identifier: MIT
 *
 * <unistd.h> of the C library, and what of POSIX's options there is.  Not _POSIX_TIMERS (no
 * timer_create), nor those of priorities.
 */
#ifndef RT_UNISTD_H
#define RT_UNISTD_H

#pragma GCC system_header /* strict compilers know no #include_next */
#include_next <unistd.h>

#define _POSIX_BARRIERS              200809L
#define _POSIX_CLOCK_SELECTION       200809L
#define _POSIX_MONOTONIC_CLOCK       200809L
#define _POSIX_READER_WRITER_LOCKS   200809L
#define _POSIX_SEMAPHORES            200809L
#define _POSIX_SPIN_LOCKS            200809L
#define _POSIX_THREADS               200809L
#define _POSIX_THREAD_ATTR_STACKADDR 200809L
#define _POSIX_THREAD_ATTR_STACKSIZE 200809L
#define _POSIX_THREAD_SAFE_FUNCTIONS 200809L
#define _POSIX_TIMEOUTS              200809L

#endif

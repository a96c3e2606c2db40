/* SPDX-License-Identifier: MIT
 *
 * Who runs.  Alone in its file, so that a program without threads has no more of them.
 */
#include <hartleaf/layout.h>

#include "thread.h"

struct rt_thread rt_thread_main = {
	.exec = {.handle = BOOT_SELF_VA, .flags = EXEC_MAIN, .started = true},
	.name = "main",
};

_Thread_local struct rt_thread *rt_thread = &rt_thread_main;

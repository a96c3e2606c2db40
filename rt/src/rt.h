/* SPDX-License-Identifier: MIT
 *
 * What the files of rt share among themselves.
 */
#ifndef RT_RT_H
#define RT_RT_H

#include <hartleaf/exec.h>
#include <hartleaf/sync.h>

/* start.c */

/* Passed to the main executor of a child; at RT_BOOT_BLOCK_VA there.  One page. */
#define RT_BLOCK_MAGIC 0x6b636f6c42746f42
#define RT_BLOCK_ARGS  64

struct rt_block {
	uint64_t magic;
	long (*fn)(void *); /* runs instead of main unless NULL */
	void *arg;
	uint32_t has_uart; /* mapped at RT_UART_VA */
	uint32_t uart_shift;
	int64_t argc;
	char *argv[RT_BLOCK_ARGS + 1]; /* addresses in the child */
	char text[2048];
};
_Static_assert(sizeof(struct rt_block) <= PAGE_SIZE, "the boot block is one page");

/* Ends the program as a fault does: nothing is flushed, no atexit handler runs. */
#define RT_FAULT_CODE 139
_Noreturn void rt_exit_now(long code);
_Noreturn void _exit(int code);

/* Fills a TLS block of rt_tls_size() bytes; for the executor `self`. */
size_t rt_tls_size(void);
size_t rt_tls_align(void);
void rt_tls_init(void *block);

/* In the first VAS the device tree is there: */
int rt_is_first(void);

/* console.c */
void rt_console_first(const void *fdt);
void rt_console_child(const struct rt_block *block);
/* for a child's block; makes the lock that both will use */
int rt_console_share(struct rt_block *block, hl_handle vas);

/* waiter.c: a park for a lock has taken a keeper's tidings.  Set only. */
extern _Thread_local bool rt_told;

/* lock.c: recursive, as picolibc wants them */
struct rt_lock {
	struct hl_mutex mutex;
	_Atomic uint64_t owner; /* handle */
	uint64_t depth;
};
void rt_lock_acquire(struct rt_lock *l);
int rt_lock_try(struct rt_lock *l);
void rt_lock_release(struct rt_lock *l);

#endif

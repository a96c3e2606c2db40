/* SPDX-License-Identifier: MIT
 *
 * What the files of rt share among themselves.
 */
#ifndef RT_RT_H
#define RT_RT_H

#include <sys/types.h>

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
	uint64_t epoch; /* libc/clock.h */
	uint64_t malloc_debug;
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

/* Locks m also in an executor without thread-local storage, whom nobody could wake: it
 * yields until it has it.  hl_mutex_unlock asks for nothing like that. */
static inline bool rt_has_tls(void)
{
	uint64_t tp;

	__asm__ volatile("mv %0, tp" : "=r"(tp));
	/* volatile: not to be read before the test */
	return tp != 0 && *(volatile hl_handle *)&hl_self_handle != 0;
}

static inline void rt_bare_lock(struct hl_mutex *m)
{
	while (!hl_mutex_trylock(m)) {
		if (rt_has_tls()) {
			hl_mutex_lock(m);
			return;
		}
		sys_yield();
	}
}

/* libc/malloc.c: what an executor had in hand when it ended goes to those who come after.
 * Of the caller itself, last thing, or of one that has ended, before its thread-local
 * storage goes. */
void rt_malloc_thread_end(void *tp);
extern bool rt_malloc_debug; /* set before the first malloc, if at all */

/* console.c */
void rt_console_acquire(void); /* recursive */
int rt_console_try(void);
void rt_console_release(void);
void rt_console_write(const void *data, size_t size);
ssize_t rt_console_read(void *data, size_t size); /* 0: there is none */
void rt_console_first(const void *fdt);
void rt_console_child(const struct rt_block *block);
/* for a child's block; makes the lock that both will use */
int rt_console_share(struct rt_block *block, hl_handle vas);

/* sync/waiter.c: a park for a lock has taken a keeper's tidings.  Set only. */
extern _Thread_local bool rt_told;

/* sync/lock.c: recursive, as picolibc wants them */
void rt_lock_acquire(struct rt_lock *l);
int rt_lock_try(struct rt_lock *l);
void rt_lock_release(struct rt_lock *l);

/* Called where the caller is to be cancelled.  True: it is in the midst of filling the buffer of a
 * stream, whose lock it has.  That is to end as if nothing had come, and then the thread does. */
bool rt_lock_cancel(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * stdin, stdout and stderr: the UART, unbuffered.
 *
 * picolibc's stdio doesn't lock a stream, so each call that writes more than one
 * character is wrapped (ld --wrap, see CMakeLists.txt) to hold the console's lock
 * throughout: what one call prints stays together.  Between address spaces a second
 * lock does the same, a word in a page that all of them share.  There nobody can be
 * woken across, so it is spun on, with yields; and only for a while, for its
 * holder may have been taken down.
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <hartleaf/layout.h>
#include <hartleaf/rt.h>
#include <hartleaf/va.h>

#include "rt.h"
#include "uart.h"

#define PATIENCE 100000 /* yields */

static volatile uint8_t *uart; /* NULL: no console */
static uint32_t uart_shift;
static struct rt_lock lock;
static _Atomic uint64_t *shared; /* NULL: no other address space prints */

static void shared_acquire(void)
{
	for (int i = 0; shared && i < PATIENCE; i++) {
		/* acquire, and release below: order the device accesses between,
		 * together with the fences, which name device output */
		if (atomic_exchange_explicit(shared, 1, memory_order_acquire) == 0)
			break;
		sys_yield();
	}
	__asm__ volatile("fence rw, iorw" ::: "memory");
}

static void shared_release(void)
{
	__asm__ volatile("fence iorw, rw" ::: "memory");
	if (shared)
		atomic_store_explicit(shared, 0, memory_order_release);
}

static void acquire(void)
{
	rt_lock_acquire(&lock);
	if (lock.depth == 1)
		shared_acquire();
}

static void release(void)
{
	if (lock.depth == 1)
		shared_release();
	rt_lock_release(&lock);
}

static void put_all(const char *text, size_t size)
{
	if (uart)
		for (size_t i = 0; i < size; i++)
			uart_put(uart, uart_shift, text[i]);
}

void hl_console_force(const char *text, size_t size)
{
	int got = 0;

	for (int i = 0; !got && i < PATIENCE; i++) {
		got = rt_lock_try(&lock);
		if (!got)
			sys_yield();
	}
	if (got && lock.depth == 1)
		shared_acquire();
	put_all(text, size);
	if (got)
		release();
}

static int put(char c, FILE *file)
{
	(void)file;
	acquire();
	put_all(&c, 1);
	release();
	return (unsigned char)c;
}

/* Waits by yielding: there are no interrupts yet. */
static int get(FILE *file)
{
	int c;

	(void)file;
	if (!uart)
		return _FDEV_EOF;
	while ((c = uart_get(uart, uart_shift)) < 0)
		sys_yield();
	return c;
}

static FILE console = FDEV_SETUP_STREAM(put, get, NULL, _FDEV_SETUP_RW);

FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;

ssize_t write(int fd, const void *data, size_t size)
{
	if (fd != 1 && fd != 2)
		return -1;
	acquire();
	put_all(data, size);
	release();
	return (ssize_t)size;
}

ssize_t read(int fd, void *data, size_t size)
{
	if (fd != 0 || (size && !uart))
		return -1;
	if (size)
		*(char *)data = (char)get(NULL);
	return size != 0;
}

int __real_vfprintf(FILE *file, const char *format, va_list args);
int __wrap_vfprintf(FILE *file, const char *format, va_list args);
int __real_fputs(const char *s, FILE *file);
int __wrap_fputs(const char *s, FILE *file);
int __real_puts(const char *s);
int __wrap_puts(const char *s);
size_t __real_fwrite(const void *data, size_t size, size_t count, FILE *file);
size_t __wrap_fwrite(const void *data, size_t size, size_t count, FILE *file);

/* sprintf and its like come here too, with a stream of their own */
int __wrap_vfprintf(FILE *file, const char *format, va_list args)
{
	int n;

	if (file != &console)
		return __real_vfprintf(file, format, args);
	acquire();
	n = __real_vfprintf(file, format, args);
	release();
	return n;
}

int __wrap_fputs(const char *s, FILE *file)
{
	int n;

	acquire();
	n = __real_fputs(s, file);
	release();
	return n;
}

int __wrap_puts(const char *s)
{
	int n;

	acquire();
	n = __real_puts(s);
	release();
	return n;
}

size_t __wrap_fwrite(const void *data, size_t size, size_t count, FILE *file)
{
	size_t n;

	acquire();
	n = __real_fwrite(data, size, count, file);
	release();
	return n;
}

void rt_console_first(const void *fdt)
{
	struct uart u;

	if (!fdt || !uart_find(fdt, &u) || sys_map_io(RT_UART_VA, u.physical, 1) != 1)
		return;
	uart = (volatile uint8_t *)RT_UART_VA;
	uart_shift = u.shift;
}

void rt_console_child(const struct rt_block *block)
{
	if (!block->has_uart)
		return;
	uart = (volatile uint8_t *)RT_UART_VA;
	uart_shift = block->uart_shift;
	shared = (_Atomic uint64_t *)RT_CONSOLE_LOCK_VA;
}

int rt_console_share(struct rt_block *block, hl_handle vas)
{
	const uint64_t rw = MAP_R | MAP_W;

	if (!uart)
		return 0;
	acquire();
	if (!shared) {
		if (sys_map_new(RT_CONSOLE_LOCK_VA, 1, rw) != 1) {
			release();
			return -HL_ENOMEM;
		}
		shared = (_Atomic uint64_t *)RT_CONSOLE_LOCK_VA;
		shared_acquire();
	}
	release();
	block->has_uart = 1;
	block->uart_shift = uart_shift;
	if (sys_map_share(vas, RT_UART_VA, RT_UART_VA, 1, MAP_DEVICE | rw) != 1 ||
	    sys_map_share(vas, RT_CONSOLE_LOCK_VA, RT_CONSOLE_LOCK_VA, 1, MAP_MEMORY | rw) != 1)
		return -HL_ENOMEM;
	return 0;
}

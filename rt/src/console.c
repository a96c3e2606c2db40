/* SPDX-License-Identifier: MIT
 *
 * stdin, stdout and stderr: the UART, unbuffered.
 *
 * What one call prints stays together: libc/stdio.c holds the console's lock throughout.
 * Between address spaces a second lock does the same, a word in a page that all of them
 * share.  There nobody can be woken across, so it is spun on, with yields; and only for a
 * while, for its holder may have been taken down.
 */
#include <stdio.h>

#include <hartleaf/layout.h>
#include <hartleaf/rt.h>
#include <hartleaf/va.h>

#include "pthread/thread.h"
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

void rt_console_acquire(void)
{
	rt_lock_acquire(&lock);
	if (lock.depth == 1)
		shared_acquire();
}

int rt_console_try(void)
{
	if (!rt_lock_try(&lock))
		return 0;
	if (lock.depth == 1)
		shared_acquire();
	return 1;
}

void rt_console_release(void)
{
	if (lock.depth == 1)
		shared_release();
	rt_lock_release(&lock);
}

static void put_all(const char *text, size_t size)
{
	if (uart)
		for (size_t i = 0; i < size; i++)
			rt_uart_put(uart, uart_shift, text[i]);
}

void hl_console_force(const char *text, size_t size)
{
	int got = 0;

	for (int i = 0; !got && i < PATIENCE; i++) {
		got = rt_console_try();
		if (!got)
			sys_yield();
	}
	put_all(text, size);
	if (got)
		rt_console_release();
}

static int put(char c, FILE *file)
{
	(void)file;
	rt_console_acquire();
	put_all(&c, 1);
	rt_console_release();
	return (unsigned char)c;
}

/* Waits by yielding: there are no interrupts yet.  A cancellation point; within a buffered stream,
 * that sees an end of file, and nobody sees what it makes of that. */
static int get(FILE *file)
{
	int c;

	(void)file;
	if (!uart)
		return _FDEV_EOF;
	while ((c = rt_uart_get(uart, uart_shift)) < 0) {
		if (rt_cancel_pending() && rt_lock_cancel())
			return _FDEV_EOF;
		rt_cancel_test();
		sys_yield();
	}
	return c;
}

static FILE console = FDEV_SETUP_STREAM(put, get, NULL, _FDEV_SETUP_RW);

FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;

void rt_console_write(const void *data, size_t size)
{
	rt_console_acquire();
	put_all(data, size);
	rt_console_release();
}

/* One character, and what has come beyond it. */
ssize_t rt_console_read(void *data, size_t size)
{
	char *text = data;
	size_t n = 0;
	int c;

	if (size == 0)
		return 0;
	c = get(NULL);
	while (c >= 0 && n < size) {
		text[n++] = (char)c;
		c = n < size ? rt_uart_get(uart, uart_shift) : -1;
	}
	return (ssize_t)n;
}

void rt_console_first(const void *fdt)
{
	struct uart u;

	if (!fdt || !rt_uart_find(fdt, &u) || sys_map_io(RT_UART_VA, u.physical, 1) != 1)
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
	rt_console_acquire();
	if (!shared) {
		if (sys_map_new(RT_CONSOLE_LOCK_VA, 1, rw) != 1) {
			rt_console_release();
			return -HL_ENOMEM;
		}
		shared = (_Atomic uint64_t *)RT_CONSOLE_LOCK_VA;
		shared_acquire();
	}
	rt_console_release();
	block->has_uart = 1;
	block->uart_shift = uart_shift;
	if (sys_map_share(vas, RT_UART_VA, RT_UART_VA, 1, MAP_DEVICE | rw) != 1 ||
	    sys_map_share(vas, RT_CONSOLE_LOCK_VA, RT_CONSOLE_LOCK_VA, 1, MAP_MEMORY | rw) != 1)
		return -HL_ENOMEM;
	return 0;
}

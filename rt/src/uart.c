/* SPDX-License-Identifier: MIT
 *
 * Two polled UARTs: the 16550, and that of the SiFive FU540 (its manual, chapter 13).
 * Baud rate and format are left as the firmware set them.
 */
#include <hartleaf/fdt.h>

#include "uart.h"

#define DATA   0
#define STATUS 5

#define STATUS_INPUT 0x01 /* a character has come */
#define STATUS_ROOM  0x20 /* one may be sent */

/* SiFive's: words, to be accessed as such */
#define TXDATA 0
#define RXDATA 1

#define TXDATA_FULL  0x80000000
#define RXDATA_EMPTY 0x80000000

static int is_sifive(const struct fdt_node *n)
{
	return fdt_compatible(n, "sifive,uart0");
}

static int is_uart(const struct fdt_node *n)
{
	return fdt_enabled(n) &&
	       (fdt_compatible(n, "ns16550a") || fdt_compatible(n, "ns16550") || is_sifive(n));
}

/* stdout-path is a path or the name of an alias, both with options behind ':'. */
static int stdout_node(const void *fdt, struct fdt_node *n)
{
	struct fdt_node chosen, aliases;
	const char *path;

	if (fdt_find(fdt, "/chosen", &chosen) <= 0)
		return 0;
	path = fdt_string(&chosen, "stdout-path");
	if (!path)
		return 0;
	if (path[0] != '/') {
		char name[32];
		size_t i = 0;

		while (i < sizeof(name) - 1 && path[i] && path[i] != ':') {
			name[i] = path[i];
			i++;
		}
		name[i] = 0;
		if (fdt_find(fdt, "/aliases", &aliases) <= 0)
			return 0;
		path = fdt_string(&aliases, name);
		if (!path)
			return 0;
	}
	return fdt_find(fdt, path, n) > 0;
}

int rt_uart_find(const void *fdt, struct uart *uart)
{
	struct fdt_node n;
	uint64_t size, shift = 0;
	int found = stdout_node(fdt, &n) && is_uart(&n);

	if (!found)
		for (int got = fdt_root(fdt, &n); got > 0 && !found; got = fdt_next(&n))
			if (is_uart(&n)) {
				found = 1;
				break;
			}
	if (!found || fdt_reg(&n, 0, &uart->physical, &size) <= 0)
		return 0;
	fdt_number(&n, "reg-shift", &shift);
	if (uart->physical % 4096 != 0 || shift > 8)
		return 0;
	uart->shift = is_sifive(&n) ? UART_SIFIVE : (uint32_t)shift;
	return 1;
}

void rt_uart_put(volatile uint8_t *base, uint32_t shift, char c)
{
	volatile uint32_t *words = (volatile uint32_t *)base;

	if (shift == UART_SIFIVE) {
		while (words[TXDATA] & TXDATA_FULL)
			;
		words[TXDATA] = (uint8_t)c;
		return;
	}
	while (!(base[STATUS << shift] & STATUS_ROOM))
		;
	base[DATA << shift] = (uint8_t)c;
}

int rt_uart_get(volatile uint8_t *base, uint32_t shift)
{
	if (shift == UART_SIFIVE) {
		/* one read tells whether there is a character, and takes it */
		uint32_t data = ((volatile uint32_t *)base)[RXDATA];

		return data & RXDATA_EMPTY ? -1 : (int)(data & 0xff);
	}
	if (!(base[STATUS << shift] & STATUS_INPUT))
		return -1;
	return base[DATA << shift];
}

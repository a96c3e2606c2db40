/* SPDX-License-Identifier: MIT
 *
 * The console's UART, a 16550 or SiFive's: found in the device tree, polled.  Used by
 * rt and by the loader stub, so it has no data of its own.
 */
#ifndef RT_UART_H
#define RT_UART_H

#include <stddef.h>
#include <stdint.h>

struct uart {
	uint64_t physical;
	uint32_t shift; /* registers are 1 << shift bytes apart; or UART_SIFIVE */
};

#define UART_SIFIVE 32 /* no 16550, and no shift of one */

/* Looks for the console in a checked device tree: /chosen stdout-path, else the
 * first such UART that is not disabled.  Returns 1 if there is one. */
int rt_uart_find(const void *fdt, struct uart *uart);

/* `base` is where the registers are mapped. */
void rt_uart_put(volatile uint8_t *base, uint32_t shift, char c);

/* The next character, or -1 if none has come. */
int rt_uart_get(volatile uint8_t *base, uint32_t shift);

#endif

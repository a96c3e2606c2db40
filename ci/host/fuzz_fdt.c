/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a device tree: none makes the reader, or rt's search for the console,
 * stray; one that fdt_check accepts is whole.
 *
 * sources: rt/src/uart.c
 */
#include <stdlib.h>

#include "read_all.h"
#include "uart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uart uart;
	int total = fdt_check(data, size);

	if (total < 0)
		return 0;
	if ((size_t)total > size || read_all(data) != 0)
		abort();
	if (rt_uart_find(data, &uart) && (uart.physical % 4096 != 0 || uart.shift > UART_SIFIVE))
		abort();
	return 0;
}

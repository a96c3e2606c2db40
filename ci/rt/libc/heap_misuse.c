/* SPDX-License-Identifier: MIT
 *
 * With MALLOC_DEBUG=1 what is wrong with blocks is said and ends the program; the argument
 * says what is to be wrong.  Without, and with nothing wrong, all goes on.
 */
#include <malloc.h>
#include <stdint.h>
#include <string.h>

#include "../check.h"

int main(int argc, char **argv)
{
	static char nothing[64];
	char *volatile no_block = (char *)((uint64_t)nothing & ~15ul) + 16;
	const char *what = argc > 1 ? argv[1] : "";
	char *volatile a = malloc(100), *volatile b = malloc(50000);
	const char *volatile debug = getenv("MALLOC_DEBUG");

	memset(a, 1, 100);
	memset(b, 1, 50000);
	a = realloc(a, 90);
	b = realloc(b, 60000);
	CHECK(a && b && a[89] == 1 && b[49999] == 1);
	CHECK(!debug || malloc_usable_size(a) == 90);
	if (strcmp(what, "overrun") == 0)
		a[90] = 0;
	if (strcmp(what, "overrun-large") == 0)
		b[60000] = 0;
	if (strcmp(what, "twice") == 0)
		free(a);
	if (strcmp(what, "static") == 0)
		free(no_block);
	free(a);
	free(b);
	a = calloc(10, 10);
	for (int i = 0; i < 100; i++)
		CHECK(a[i] == 0);
	free(a);
	return 0;
}

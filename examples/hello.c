/* SPDX-License-Identifier: MIT
 *
 * The smallest program.  Run it with
 *
 *	ci/boot build/examples/hello
 *
 * or with words to greet:
 *
 *	ci/boot --append "you there" build/examples/hello
 *
 * Exit status 0.
 */
#include <stdio.h>

#include <hartleaf/rt.h>

int main(int argc, char **argv)
{
	const struct info *info = hl_info();

	printf("hello");
	for (int i = 1; i < argc; i++)
		printf(" %s", argv[i]);
	printf(" from hartleaf: %u harts, %llu of %llu pages free\n", (unsigned)info->harts,
	       (unsigned long long)info->free_pages, (unsigned long long)info->memory_pages);
	return 0;
}

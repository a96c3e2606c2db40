/* SPDX-License-Identifier: MIT
 *
 * Checks in any executor of a program that main alone ends well.
 */
#ifndef RT_TESTS_CHECK_H
#define RT_TESTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(expr)                                                                                \
	do {                                                                                       \
		if (!(expr)) {                                                                     \
			printf("%s:%d: not so: %s\n", __FILE_NAME__, __LINE__, #expr);             \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#endif

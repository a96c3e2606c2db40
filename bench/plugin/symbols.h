/* SPDX-License-Identifier: MIT
 *
 * Functions: the labels of the kernel and of one program, so those inside of an
 * assembly function, too.  Each has a number.
 */
#ifndef PLUGIN_SYMBOLS_H
#define PLUGIN_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#define FUNCTION_ELSEWHERE 0 /* known to nobody */
#define FUNCTION_FIRMWARE  1

struct function {
	uint64_t address;
	const char *image; /* "kernel", "program" */
	char *name;
};

extern struct function *functions;
extern unsigned int functions_count;

/* Adds the code labels of what `nm` has written to a file; of several at one place the
 * first. */
bool symbols_read(const char *image, const char *path);

/* The function that `address` lies in, or behind. */
unsigned int symbols_find(uint64_t address);

/* Its address by name, or 0. */
uint64_t symbols_address(const char *image, const char *name);

#endif

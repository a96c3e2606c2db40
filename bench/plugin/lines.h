/* SPDX-License-Identifier: MIT
 *
 * A hart's cache lines of 64 bytes: how many are touched from one kernel entry to the
 * next, and how many in a window.
 */
#ifndef PLUGIN_LINES_H
#define PLUGIN_LINES_H

#include <stdint.h>

struct line {
	uint64_t number; /* + 1; 0: nothing here */
	uint32_t round;  /* last one that touched it */
	uint32_t window;
};

struct lines {
	struct line *table;
	uint64_t size, used;
	uint32_t round, window;
	uint64_t touched; /* first touches of a line in a round, all rounds together */
	uint64_t set;     /* in this window */
};

void lines_begin(struct lines *lines);
void lines_touch(struct lines *lines, uint64_t number);

/* What comes from here on touches lines anew. */
void lines_round(struct lines *lines);
void lines_window(struct lines *lines);

#endif

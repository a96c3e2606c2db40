/* SPDX-License-Identifier: MIT
 *
 * A hash table with open addressing.  Nothing is ever taken out; which round and
 * window a line was last touched in stands in its entry.
 */
#include "lines.h"

#include "plugin.h"

#include <stdlib.h>

#define FIRST_SIZE 4096

static struct line *find(const struct lines *lines, uint64_t number)
{
	uint64_t i = number * 0x9e3779b97f4a7c15 >> 20;

	for (;; i++) {
		struct line *line = &lines->table[i & (lines->size - 1)];

		if (line->number == 0 || line->number == number + 1)
			return line;
	}
}

static void grow(struct lines *lines)
{
	const struct lines old = *lines;

	lines->size *= 2;
	lines->table = allocate(lines->size, sizeof(*lines->table));
	for (uint64_t i = 0; i < old.size; i++)
		if (old.table[i].number)
			*find(lines, old.table[i].number - 1) = old.table[i];
	free(old.table);
}

void lines_begin(struct lines *lines)
{
	*lines = (struct lines){.size = FIRST_SIZE, .round = 1, .window = 1};
	lines->table = allocate(lines->size, sizeof(*lines->table));
}

void lines_touch(struct lines *lines, uint64_t number)
{
	struct line *line = find(lines, number);

	if (line->number == 0) {
		line->number = number + 1;
		if (++lines->used * 2 > lines->size) {
			grow(lines);
			line = find(lines, number);
		}
	}
	if (line->round != lines->round) {
		line->round = lines->round;
		count_up(&lines->touched, 1);
	}
	if (line->window != lines->window) {
		line->window = lines->window;
		count_up(&lines->set, 1);
	}
}

void lines_round(struct lines *lines)
{
	lines->round++;
}

void lines_window(struct lines *lines)
{
	lines->round++;
	lines->window++;
}

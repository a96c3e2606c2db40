/* SPDX-License-Identifier: MIT */
#include "clock.h"

enum mode clock_mode;
int64_t clock_window;

int64_t clock_empty(unsigned long ops)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 16; i++) {
		int64_t ticks = CLOCK_WINDOW(ops, );

		if (ticks < least)
			least = ticks;
	}
	clock_window = 0;
	return least;
}

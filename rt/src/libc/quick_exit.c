/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "../rt.h"

#define LIMIT 32 /* what C asks for */

static void (*functions[LIMIT])(void);
static int count;
static struct hl_mutex lock;

int at_quick_exit(void (*function)(void))
{
	int result = -1;

	hl_mutex_lock(&lock);
	if (count < LIMIT) {
		functions[count++] = function;
		result = 0;
	}
	hl_mutex_unlock(&lock);
	return result;
}

void quick_exit(int status)
{
	void (*function)(void);

	for (;;) {
		hl_mutex_lock(&lock);
		function = count > 0 ? functions[--count] : NULL;
		hl_mutex_unlock(&lock);
		if (!function)
			_exit(status);
		function();
	}
}

/* SPDX-License-Identifier: MIT */
#ifndef KERN_MAP_H
#define KERN_MAP_H

#include <stdbool.h>
#include <stdint.h>

/* The call, by the current executor; arguments as in <hartleaf/sys.h>. */
int64_t map_call(uint64_t target, uint64_t va, uint64_t src, uint64_t count, uint64_t attr,
		 uint64_t aux, uint64_t source);

/* The same for all that the short way doesn't do. */
int64_t map_any(uint64_t target, uint64_t va, uint64_t src, uint64_t count, uint64_t attr,
		uint64_t aux, uint64_t source);

/* What can be told from the words alone. */
bool map_words_are_legal(uint64_t va, uint64_t src, uint64_t count, uint64_t attr, uint64_t aux,
			 uint64_t source_vas);

#endif

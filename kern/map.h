/* SPDX-License-Identifier: MIT */
#ifndef KERN_MAP_H
#define KERN_MAP_H

#include <stdint.h>

struct vas;

/* The call; arguments as in <hartleaf/sys.h>. */
int64_t map_call(struct vas *caller, uint64_t target, uint64_t va, uint64_t src, uint64_t count,
		 uint64_t attr, uint64_t aux, uint64_t source);

#endif

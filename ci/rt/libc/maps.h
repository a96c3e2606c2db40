/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MAPS_H
#define TESTS_MAPS_H

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

void maps_refused(void);
void maps_without_memory(void);

#endif

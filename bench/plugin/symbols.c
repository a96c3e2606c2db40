/* SPDX-License-Identifier: MIT */
#include "symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where QEMU's virt machine has its firmware, below the kernel. */
#define FIRMWARE_BEGIN 0x80000000
#define FIRMWARE_END   0x80200000

#define NAME_MAX 127
#define FORMAT   "%" SCNx64 " %c %127s"

static struct function own[] = {{0, "-", "elsewhere"}, {0, "-", "firmware"}};

struct function *functions = own;
unsigned int functions_count = sizeof(own) / sizeof(own[0]);

static void add(uint64_t address, const char *image, const char *name)
{
	static struct function *grown;

	grown = realloc(grown, (functions_count + 1) * sizeof(*grown));
	if (!grown)
		abort();
	if (functions == own)
		memcpy(grown, own, sizeof(own));
	functions = grown;
	functions[functions_count++] = (struct function){address, image, strdup(name)};
}

bool symbols_read(const char *image, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256], name[NAME_MAX + 1], type;
	uint64_t address;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, FORMAT, &address, &type, name) == 3 && strchr("tTwW", type))
			add(address, image, name);
	fclose(file);
	return true;
}

/* Linear: a translated instruction asks once. */
unsigned int symbols_find(uint64_t address)
{
	unsigned int best = FUNCTION_ELSEWHERE;

	if (address >= FIRMWARE_BEGIN && address < FIRMWARE_END)
		return FUNCTION_FIRMWARE;
	for (unsigned int i = FUNCTION_FIRMWARE + 1; i < functions_count; i++)
		if (functions[i].address <= address &&
		    (best == FUNCTION_ELSEWHERE || functions[i].address > functions[best].address))
			best = i;
	return best;
}

uint64_t symbols_address(const char *image, const char *name)
{
	for (unsigned int i = FUNCTION_FIRMWARE + 1; i < functions_count; i++)
		if (!strcmp(functions[i].image, image) && !strcmp(functions[i].name, name))
			return functions[i].address;
	return 0;
}

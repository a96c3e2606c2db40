/* SPDX-License-Identifier: MIT
 *
 * Which instructions were executed: the file has a byte for each 2 bytes of code, 1 if
 * one was executed there.  It is mapped, so that runs of the same kernel share it, also
 * at the same time, and one that is killed has its part in it.
 */
#include "plugin.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t from, to;
static uint8_t *map;

static void executed(unsigned int hart, void *data)
{
	__atomic_store_n((uint8_t *)data, 1, __ATOMIC_RELAXED);
	(void)hart;
}

static void cover_translate(struct qemu_plugin_insn *insn, struct site *site)
{
	if (site->address >= from && site->address < to)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_NO_REGISTERS,
						       &map[(site->address - from) / 2]);
}

static bool cover_begin(void)
{
	size_t size;
	int file;

	from = option_number("from");
	to = option_number("to");
	if (from >= to) {
		fprintf(stderr, "plugin: cover needs from and to\n");
		return false;
	}
	size = (to - from) / 2;
	file = open(part_cover.file, O_RDWR | O_CREAT, 0666);
	if (file >= 0 && ftruncate(file, (off_t)size) == 0)
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (!map || map == MAP_FAILED) {
		fprintf(stderr, "plugin: can't map %s\n", part_cover.file);
		return false;
	}
	close(file);
	return true;
}

static void cover_end(void)
{
}

struct part part_cover = {
	.option = "cover",
	.begin = cover_begin,
	.translate = cover_translate,
	.end = cover_end,
};

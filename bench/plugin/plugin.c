/* SPDX-License-Identifier: MIT
 *
 * A plugin for QEMU's translator that looks at what the guest executes.  Options, as
 * NAME=VALUE behind the file's name in QEMU's -plugin; a file is written for each of
 * the first three that are given:
 *
 *   count=FILE    windows of a bench by kind of instruction and function (count.c)
 *   cover=FILE    which instructions from `from` up to `to` were executed (cover.c)
 *   masked=FILE   how long the kernel runs without a look at interrupts (masked.c)
 *   strict=FILE   the run fails at an sc that no core need let succeed (strict.c), but in
 *                 the functions that FILE names
 *   kernel=FILE   output of nm for the kernel, for count, masked and strict
 *   program=FILE  the same for the program
 *   from=, to=    virtual addresses, hexadecimal
 *   paths=A+B+..., looks=A+B+...  labels for masked
 */
#include "plugin.h"

#include "symbols.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 16
#define BUCKETS     65536
#define LINE        64
#define BLOCK_MAX   512 /* QEMU's TCG_MAX_INSNS */

int qemu_plugin_version = 1;

unsigned int harts;

static struct part *const parts[] = {&part_count, &part_cover, &part_masked, &part_strict};
#define FOR_PARTS(part)                                                                            \
	for (struct part *const *p_ = parts; p_ < parts + sizeof(parts) / sizeof(parts[0]); p_++)  \
		for (struct part *part = (*p_)->file ? *p_ : NULL; part; part = NULL)

static struct {
	char *name, *value;
} options[OPTIONS_MAX];

static pthread_mutex_t sites_lock = PTHREAD_MUTEX_INITIALIZER;
static struct site *sites[BUCKETS];

const char *option(const char *name)
{
	for (int i = 0; i < OPTIONS_MAX && options[i].name; i++)
		if (!strcmp(options[i].name, name))
			return options[i].value;
	return NULL;
}

uint64_t option_number(const char *name)
{
	const char *value = option(name);

	return value ? strtoull(value, NULL, 16) : 0;
}

void *allocate(size_t count, size_t size)
{
	const size_t bytes = (count * size + LINE - 1) / LINE * LINE;
	void *memory = aligned_alloc(LINE, bytes);

	if (!memory) {
		fprintf(stderr, "plugin: no memory\n");
		abort();
	}
	return memset(memory, 0, bytes);
}

/* QEMU translates the same place again and again. */
static struct site *site_get(const struct qemu_plugin_insn *insn)
{
	const uint64_t address = qemu_plugin_insn_vaddr(insn);
	const uint64_t line = (uintptr_t)qemu_plugin_insn_haddr(insn) / LINE;
	struct site **bucket = &sites[(address >> 1 ^ line) % BUCKETS], *site;
	uint32_t word = 0;

	memcpy(&word, qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
	pthread_mutex_lock(&sites_lock);
	for (site = *bucket; site; site = site->next)
		if (site->address == address && site->line == line && site->word == word)
			break;
	if (!site) {
		site = allocate(1, sizeof(*site));
		*site = (struct site){
			.address = address,
			.line = line,
			.word = word,
			.function = (uint16_t)symbols_find(address),
			.kind = (uint8_t)decode(word),
			.next = *bucket,
		};
		*bucket = site;
	}
	pthread_mutex_unlock(&sites_lock);
	return site;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	const size_t count = qemu_plugin_tb_n_insns(tb);
	struct site *block[BLOCK_MAX];

	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		block[i] = site_get(insn);
		FOR_PARTS(part)
		if (part->translate)
			part->translate(insn, block[i]);
	}
	FOR_PARTS(part)
	if (part->block)
		part->block(tb, block, count);
	(void)id;
}

static void end(qemu_plugin_id_t id, void *data)
{
	FOR_PARTS(part)
	part->end();
	(void)id;
	(void)data;
}

static bool read_options(int count, char **arguments)
{
	if (count >= OPTIONS_MAX)
		return false;
	for (int i = 0; i < count; i++) {
		char *name = strdup(arguments[i]), *value = strchr(name, '=');

		if (!value)
			return false;
		*value++ = 0;
		options[i].name = name;
		options[i].value = value;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		parts[i]->file = option(parts[i]->option);
	return true;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	const char *path;

	/* QEMU looks before it calls this; but what is declared in qemu.h is nobody's header. */
	if (info->version.oldest > qemu_plugin_version ||
	    info->version.current < qemu_plugin_version) {
		fprintf(stderr, "plugin: has version %d of QEMU's interface, this QEMU %d to %d\n",
			qemu_plugin_version, info->version.oldest, info->version.current);
		return -1;
	}
	if (!info->system || strcmp(info->target, "riscv64") != 0 || !read_options(argc, argv)) {
		fprintf(stderr, "plugin: for qemu-system-riscv64, with options NAME=VALUE\n");
		return -1;
	}
	harts = (unsigned int)info->machine.harts_max;
	if (((path = option("kernel")) && !symbols_read("kernel", path)) ||
	    ((path = option("program")) && !symbols_read("program", path))) {
		fprintf(stderr, "plugin: can't read %s\n", path);
		return -1;
	}
	FOR_PARTS(part)
	if (!part->begin())
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, end, NULL);
	return 0;
}

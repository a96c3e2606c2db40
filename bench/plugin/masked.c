/* SPDX-License-Identifier: MIT
 *
 * Interrupts are off while the kernel runs.  A run is from its entry to the sret, or to
 * where it looks for interrupts itself: at a wfi or a label of `looks`; then the next one
 * begins, called "idle".  Its length, in instructions of the kernel, is how long an
 * interrupt waits at most, but for what firmware does meanwhile, which is told apart.
 *
 * A run is one of the path whose label it reached, of those in `paths` the last one.
 * For each path the file has a line: label, runs, instructions in all, in the longest
 * run, firmware's in that run, and where those of the longest were:
 * `function=instructions`, joined by +.
 */
#include "plugin.h"

#include "symbols.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATHS_MAX 32
#define LOOKS_MAX 8

struct path {
	uint64_t runs, total, longest;
	uint32_t *where; /* [function], of the longest */
};

struct hart {
	bool inside;
	unsigned int path;
	uint64_t length; /* without firmware */
	uint32_t *where; /* [function], of this run */
	struct path paths[PATHS_MAX];
} __attribute__((aligned(64)));

struct label {
	const char *name;
	uint64_t address;
};

/* A run that has reached nothing is one of the first. */
enum {
	PATH_OTHER,
	PATH_IDLE,
	PATH_NAMED,
};

static struct label paths[PATHS_MAX] = {{"other", 0}, {"idle", 0}}, looks[LOOKS_MAX];
static unsigned int paths_count = PATH_NAMED, looks_count;

static struct hart *all;
static uint64_t entry, image;

/* Of the `where` of longest runs, and what goes with them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void begin_run(struct hart *hart, unsigned int path)
{
	hart->inside = true;
	hart->path = path;
	hart->length = 0;
}

static void end_run(struct hart *hart)
{
	struct path *path = &hart->paths[hart->path];

	count_up(&path->runs, 1);
	count_up(&path->total, hart->length);
	if (hart->length > path->longest) {
		pthread_mutex_lock(&lock);
		path->longest = hart->length;
		memcpy(path->where, hart->where, functions_count * sizeof(uint32_t));
		pthread_mutex_unlock(&lock);
	}
	memset(hart->where, 0, functions_count * sizeof(uint32_t));
	hart->inside = false;
}

static void executed(unsigned int index, void *data)
{
	const struct site *site = data;
	struct hart *hart = &all[index];

	if (!hart->inside)
		return;
	hart->length += site->function != FUNCTION_FIRMWARE;
	hart->where[site->function]++;
}

/* A label of `paths`; before `executed` of the same instruction. */
static void at_path(unsigned int index, void *data)
{
	const struct site *site = data;
	struct hart *hart = &all[index];

	if (hart->path == PATH_IDLE)
		return;
	for (unsigned int i = hart->path + 1; i < paths_count; i++)
		if (paths[i].address == site->address)
			hart->path = i;
}

static void at_entry(unsigned int index, void *data)
{
	begin_run(&all[index], PATH_OTHER);
	(void)data;
}

static void at_sret(unsigned int index, void *data)
{
	if (all[index].inside)
		end_run(&all[index]);
	(void)data;
}

static void at_look(unsigned int index, void *data)
{
	at_sret(index, data);
	begin_run(&all[index], PATH_IDLE);
}

static bool is_label(const struct label *labels, unsigned int count, uint64_t address)
{
	for (unsigned int i = 0; i < count; i++)
		if (labels[i].address == address)
			return true;
	return false;
}

static void call_at(struct qemu_plugin_insn *insn, void (*call)(unsigned int, void *),
		    struct site *site)
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, call, QEMU_NO_REGISTERS, site);
}

/* The calls for an instruction come in the order they are registered in. */
static void masked_translate(struct qemu_plugin_insn *insn, struct site *site)
{
	const bool kernel = site->address >= image;

	if (!kernel && site->function != FUNCTION_FIRMWARE)
		return;
	if (site->address == entry)
		call_at(insn, at_entry, site);
	if (is_label(paths, paths_count, site->address))
		call_at(insn, at_path, site);
	call_at(insn, executed, site);
	if (kernel && site->word == WORD_SRET)
		call_at(insn, at_sret, site);
	if ((kernel && site->word == WORD_WFI) || is_label(looks, looks_count, site->address))
		call_at(insn, at_look, site);
}

/* The labels of `list`, joined by +, behind those that are there. */
static bool read_labels(struct label *labels, unsigned int *count, unsigned int max,
			const char *list)
{
	char *copy = strdup(list ? list : "");

	for (char *name = strtok(copy, "+"); name; name = strtok(NULL, "+")) {
		struct label *label = &labels[*count];

		if (*count == max)
			return false;
		*label = (struct label){name, symbols_address("kernel", name)};
		if (!label->address) {
			fprintf(stderr, "plugin: the kernel has no label %s\n", name);
			return false;
		}
		++*count;
	}
	return true;
}

static bool masked_begin(void)
{
	entry = symbols_address("kernel", "trap_entry");
	image = symbols_address("kernel", "_start");
	if (!entry || !image) {
		fprintf(stderr, "plugin: masked needs kernel\n");
		return false;
	}
	if (!read_labels(paths, &paths_count, PATHS_MAX, option("paths")) ||
	    !read_labels(looks, &looks_count, LOOKS_MAX, option("looks")))
		return false;
	all = allocate(harts, sizeof(*all));
	for (unsigned int i = 0; i < harts; i++) {
		all[i].where = allocate(functions_count, sizeof(uint32_t));
		for (unsigned int n = 0; n < paths_count; n++)
			all[i].paths[n].where = allocate(functions_count, sizeof(uint32_t));
	}
	return true;
}

static void print_path(FILE *file, unsigned int n)
{
	const struct path *longest = &all[0].paths[n];
	uint64_t runs = 0, total = 0;
	const char *before = ",";

	for (unsigned int i = 0; i < harts; i++) {
		const struct path *path = &all[i].paths[n];

		runs += count_read(&path->runs);
		total += count_read(&path->total);
		if (path->longest > longest->longest)
			longest = path;
	}
	if (!runs)
		return;
	fprintf(file, "%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu32, paths[n].name, runs, total,
		longest->longest, longest->where[FUNCTION_FIRMWARE]);
	for (unsigned int i = 0; i < functions_count; i++) {
		if (i == FUNCTION_FIRMWARE || !longest->where[i])
			continue;
		fprintf(file, "%s%s=%" PRIu32, before, functions[i].name, longest->where[i]);
		before = "+";
	}
	fputc('\n', file);
}

static void masked_end(void)
{
	FILE *file = fopen(part_masked.file, "w");

	if (!file) {
		fprintf(stderr, "plugin: can't write %s\n", part_masked.file);
		return;
	}
	pthread_mutex_lock(&lock);
	for (unsigned int n = 0; n < paths_count; n++)
		print_path(file, n);
	pthread_mutex_unlock(&lock);
	fclose(file);
}

struct part part_masked = {
	.option = "masked",
	.begin = masked_begin,
	.translate = masked_translate,
	.end = masked_end,
};

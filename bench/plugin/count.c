/* SPDX-License-Identifier: MIT
 *
 * Counts the windows of a bench, between its marks (bench/mark.h).  The figures of a
 * window that the program keeps are added to those of the bench and written as a line
 * `window`; at its end follow those of each function.  All harts together.
 *
 * Lines of data are physical.  A round (lines.h) is from one kernel entry to the next.
 */
#include "plugin.h"

#include "lines.h"
#include "symbols.h"

#include "../mark.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct hart {
	uint64_t *executed; /* [function][kind] */
	struct lines data, code;
	uint32_t window;
	uint64_t last_line;
} __attribute__((aligned(64)));

struct figures {
	uint64_t *executed; /* as above */
	uint64_t data_touched, data_set, code_touched, code_set;
};

static struct hart *all;
static FILE *out;
static uint64_t entry; /* trap_entry */

/* All that follows is under the lock but `window`: odd while one is open. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t window;
static struct figures before, pending, kept;
static unsigned int bench, windows;

static size_t counters(void)
{
	return (size_t)functions_count * KINDS;
}

static void sum(struct figures *figures)
{
	memset(figures->executed, 0, counters() * sizeof(uint64_t));
	figures->data_touched = figures->data_set = 0;
	figures->code_touched = figures->code_set = 0;
	for (unsigned int i = 0; i < harts; i++) {
		struct hart *hart = &all[i];

		for (size_t n = 0; n < counters(); n++)
			figures->executed[n] += count_read(&hart->executed[n]);
		figures->data_touched += count_read(&hart->data.touched);
		figures->data_set += count_read(&hart->data.set);
		figures->code_touched += count_read(&hart->code.touched);
		figures->code_set += count_read(&hart->code.set);
	}
}

static void add(struct figures *to, const struct figures *from, int sign)
{
	for (size_t n = 0; n < counters(); n++)
		to->executed[n] += (uint64_t)sign * from->executed[n];
	to->data_touched += (uint64_t)sign * from->data_touched;
	to->data_set += (uint64_t)sign * from->data_set;
	to->code_touched += (uint64_t)sign * from->code_touched;
	to->code_set += (uint64_t)sign * from->code_set;
}

static void print_kinds(const uint64_t *executed)
{
	uint64_t instructions = 0;

	for (int kind = 0; kind < KINDS; kind++)
		instructions += executed[kind];
	fprintf(out, ",%" PRIu64, instructions);
	for (int kind = KIND_LOAD; kind < KINDS; kind++)
		fprintf(out, ",%" PRIu64, executed[kind]);
}

static void print_window(void)
{
	uint64_t executed[KINDS] = {0};

	for (size_t n = 0; n < counters(); n++)
		executed[n % KINDS] += pending.executed[n];
	fprintf(out, "window,%u,%u", bench, windows);
	print_kinds(executed);
	fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", pending.data_touched,
		pending.code_touched, pending.data_set, pending.code_set);
}

static void print_functions(void)
{
	for (unsigned int i = 0; i < functions_count; i++) {
		const uint64_t *executed = &kept.executed[(size_t)i * KINDS];
		bool any = false;

		for (int kind = 0; kind < KINDS; kind++)
			any = any || executed[kind];
		if (!any)
			continue;
		fprintf(out, "function,%u,%s,%s", bench, functions[i].image, functions[i].name);
		print_kinds(executed);
		fputc('\n', out);
	}
}

static void at_mark(unsigned int index, void *data)
{
	const struct site *site = data;

	pthread_mutex_lock(&lock);
	switch (site->word) {
	case MARK_WORD(MARK_BENCH):
		print_functions();
		memset(kept.executed, 0, counters() * sizeof(uint64_t));
		bench++;
		windows = 0;
		break;
	case MARK_WORD(MARK_BEGIN):
		sum(&before);
		__atomic_store_n(&window, window | 1, __ATOMIC_RELEASE);
		break;
	case MARK_WORD(MARK_END):
		__atomic_store_n(&window, (window | 1) + 1, __ATOMIC_RELEASE);
		sum(&pending);
		add(&pending, &before, -1);
		break;
	case MARK_WORD(MARK_KEEP):
		windows++;
		add(&kept, &pending, 1);
		print_window();
		break;
	}
	pthread_mutex_unlock(&lock);
	(void)index;
}

/* Lines are looked at in windows only.  False: there is none. */
static bool in_window(struct hart *hart)
{
	const uint32_t now = __atomic_load_n(&window, __ATOMIC_RELAXED);

	if (!(now & 1))
		return false;
	if (hart->window != now) {
		hart->window = now;
		lines_window(&hart->data);
		lines_window(&hart->code);
		hart->last_line = 0;
	}
	return true;
}

static void executed(unsigned int index, void *data)
{
	const struct site *site = data;
	struct hart *hart = &all[index];

	count_up(&hart->executed[(size_t)site->function * KINDS + site->kind], 1);
	if (!in_window(hart))
		return;
	if (site->address == entry) {
		lines_round(&hart->data);
		lines_round(&hart->code);
		hart->last_line = 0;
	}
	if (site->line != hart->last_line) {
		hart->last_line = site->line;
		lines_touch(&hart->code, site->line);
	}
}

static void accessed(unsigned int index, qemu_plugin_meminfo_t info, uint64_t va, void *data)
{
	struct qemu_plugin_hwaddr *where;

	if (!in_window(&all[index]))
		return;
	where = qemu_plugin_get_hwaddr(info, va);
	if (where && !qemu_plugin_hwaddr_is_io(where))
		lines_touch(&all[index].data, qemu_plugin_hwaddr_phys_addr(where) / 64);
	(void)data;
}

static void count_translate(struct qemu_plugin_insn *insn, struct site *site)
{
	if (site->word >= MARK_WORD(MARK_BENCH) && site->word <= MARK_WORD(MARK_KEEP) &&
	    (site->word & 0xfffff) == (MARK_WORD(0))) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, at_mark, QEMU_NO_REGISTERS, site);
		return;
	}
	qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_NO_REGISTERS, site);
	if (site->kind == KIND_LOAD || site->kind == KIND_STORE || site->kind == KIND_AMO)
		qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_NO_REGISTERS, QEMU_LOAD_STORE,
						 NULL);
}

static bool count_begin(void)
{
	out = fopen(part_count.file, "w");
	if (!out) {
		fprintf(stderr, "plugin: can't write %s\n", part_count.file);
		return false;
	}
	fprintf(out, "kinds");
	for (int kind = 0; kind < KINDS; kind++)
		fprintf(out, ",%s", kind_names[kind]);
	fputc('\n', out);
	entry = symbols_address("kernel", "trap_entry");
	all = allocate(harts, sizeof(*all));
	for (unsigned int i = 0; i < harts; i++) {
		all[i].executed = allocate(counters(), sizeof(uint64_t));
		lines_begin(&all[i].data);
		lines_begin(&all[i].code);
	}
	before.executed = allocate(counters(), sizeof(uint64_t));
	pending.executed = allocate(counters(), sizeof(uint64_t));
	kept.executed = allocate(counters(), sizeof(uint64_t));
	return true;
}

static void count_end(void)
{
	pthread_mutex_lock(&lock);
	print_functions();
	fclose(out);
	pthread_mutex_unlock(&lock);
}

struct part part_count = {
	.option = "count",
	.begin = count_begin,
	.translate = count_translate,
	.end = count_end,
};

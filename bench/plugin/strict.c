/* SPDX-License-Identifier: MIT
 *
 * QEMU keeps a reservation whatever a hart does between lr and sc; a core needn't.  Here
 * the run fails, with a message and status 1, when a hart comes to the sc that belongs to
 * its last lr by what constrained.h doesn't allow.  A trap ends the watch: the reservation
 * is simply gone.  Firmware isn't watched.
 *
 * Blocks in which there is neither lr nor sc get one call: that they were executed tells
 * that the first unfit instruction in them was, or a trap came.
 */
#include "plugin.h"

#include "constrained.h"
#include "symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct hart {
	enum { IDLE, WATCHED, UNFIT } state;
	const struct site *lr;
	const struct site *fault; /* UNFIT: the first that may not be there */
	uint64_t last;            /* end of the block before */
} __attribute__((aligned(64)));

static struct hart *all;
static struct exception *exceptions;
static uint64_t entry; /* trap_entry */

static void print_site(const char *what, const struct site *site)
{
	const struct function *function = &functions[site->function];

	fprintf(stderr, "%s at 0x%" PRIx64 " (%s+0x%" PRIx64 ")", what, site->address,
		function->name, site->address - function->address);
}

static _Noreturn void fail(unsigned int index, const struct site *sc, const char *what)
{
	flockfile(stderr);
	fprintf(stderr, "strict: hart %u: ", index);
	print_site("sc", sc);
	fprintf(stderr, " after ");
	print_site("lr", all[index].lr);
	fprintf(stderr, ": %s", what);
	if (all[index].state == UNFIT)
		print_site("", all[index].fault);
	fputc('\n', stderr);
	/* Not exit: QEMU's other threads go on. */
	_exit(EXIT_FAILURE);
}

static void at_away(unsigned int index, void *data)
{
	all[index].state = IDLE;
	(void)data;
}

static void at_lr(unsigned int index, void *data)
{
	all[index].state = WATCHED;
	all[index].lr = data;
	all[index].last = all[index].lr->address;
}

static void at_unfit(unsigned int index, void *data)
{
	if (all[index].state != WATCHED)
		return;
	all[index].state = UNFIT;
	all[index].fault = data;
}

/* Its first instruction: no further back than the block before it. */
static void at_block(unsigned int index, void *data)
{
	const struct site *site = data;

	if (site->address <= all[index].last)
		at_unfit(index, data);
}

static void at_block_end(unsigned int index, void *data)
{
	all[index].last = ((const struct site *)data)->address;
}

static void at_sc(unsigned int index, void *data)
{
	const struct site *sc = data;
	struct hart *hart = &all[index];

	if (hart->state != IDLE && !exceptions_find(exceptions, functions[sc->function].name)) {
		const struct insn at_first = insn_decode(hart->lr->word),
				  at_last = insn_decode(sc->word);

		if (hart->state == UNFIT) {
			const char *what = insn_decode(hart->fault->word).unfit;

			fail(index, sc, what ? what : "branch backward");
		}
		if (at_first.width != at_last.width)
			fail(index, sc, "of another size");
		if (at_first.rs1 != at_last.rs1)
			fail(index, sc, "by another register");
		/* Compressed ones are counted by ci/lint only. */
		if (sc->address - hart->lr->address > 4 * (CONSTRAINED_MAX - 1))
			fail(index, sc, "more than 16 instructions");
	}
	hart->state = IDLE;
}

static void call_at(struct qemu_plugin_insn *insn, void (*call)(unsigned int, void *),
		    struct site *site)
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, call, QEMU_NO_REGISTERS, site);
}

static void call_at_block(struct qemu_plugin_tb *tb, void (*call)(unsigned int, void *),
			  struct site *site)
{
	qemu_plugin_register_vcpu_tb_exec_cb(tb, call, QEMU_NO_REGISTERS, site);
}

/* Calls for a block come before those for its instructions. */
static void strict_block(struct qemu_plugin_tb *tb, struct site **sites, size_t count)
{
	bool reserves = false, unfit = false;
	struct site *first = sites[0], *last = sites[count - 1];

	if (first->function == FUNCTION_FIRMWARE || first->address == entry)
		call_at_block(tb, at_away, first);
	if (first->function == FUNCTION_FIRMWARE)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct insn insn = insn_decode(sites[i]->word);

		reserves = reserves || insn.lr || insn.sc;
	}
	if (reserves)
		call_at_block(tb, at_block, first);
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *at = qemu_plugin_tb_get_insn(tb, i);
		const struct insn insn = insn_decode(sites[i]->word);

		if (insn.lr || insn.sc)
			call_at(at, insn.lr ? at_lr : at_sc, sites[i]);
		else if (insn.unfit && reserves)
			call_at(at, at_unfit, sites[i]);
		else if (insn.unfit && !unfit)
			call_at_block(tb, at_unfit, sites[i]);
		unfit = unfit || insn.unfit;
	}
	if (reserves) {
		call_at(qemu_plugin_tb_get_insn(tb, count - 1), at_block_end, last);
	} else if (!unfit) {
		call_at_block(tb, at_block, first);
		call_at_block(tb, at_block_end, last);
	}
}

static bool strict_begin(void)
{
	entry = symbols_address("kernel", "trap_entry");
	if (!entry) {
		fprintf(stderr, "plugin: strict needs kernel\n");
		return false;
	}
	if (!exceptions_read(&exceptions, part_strict.file)) {
		fprintf(stderr, "plugin: can't read %s\n", part_strict.file);
		return false;
	}
	all = allocate(harts, sizeof(*all));
	return true;
}

static void strict_end(void)
{
}

struct part part_strict = {
	.option = "strict",
	.begin = strict_begin,
	.block = strict_block,
	.end = strict_end,
};

/* SPDX-License-Identifier: MIT
 *
 * usage: lr_sc EXCEPTIONS FILE...
 *
 * Are the LR/SC loops of linked programs constrained (constrained.h)?  A line for each that
 * isn't: file, address, what, separated by tabs; at the end, on standard error, how many
 * there are.
 *
 * From each lr all paths are followed, over jumps and calls too, to the next lr or sc.  One
 * that meets no sc is no loop's, whatever is on it.  An sc must be met by such a path.  The
 * way back is followed where the sc's result is compared with 0 at once.
 */
#include "code.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct exception *exceptions;
static struct code code;
static const char *file;
static unsigned int loops, findings;

/* What is wrong on a path, and where; `what` is NULL while nothing is. */
struct fault {
	const char *what;
	uint64_t address;
};

struct step {
	uint64_t address;
	struct fault fault;
	uint64_t first, last; /* of the loop up to there: lowest and highest address */
};

/* Steps to be made; each place is gone through twice at most, with and without fault. */
static struct step *steps;
static size_t steps_count;
static uint32_t walk;

static void walk_begin(uint64_t address, uint64_t first, uint64_t last)
{
	walk++;
	steps[0] = (struct step){.address = address, .first = first, .last = last};
	steps_count = 1;
}

/* The next step, and its place; NULL: there is none. */
static struct place *walk_next(struct step *step)
{
	while (steps_count) {
		struct place *place;

		*step = steps[--steps_count];
		place = code_at(&code, step->address);
		if (place && place->seen[step->fault.what != NULL] != walk) {
			place->seen[step->fault.what != NULL] = walk;
			return place;
		}
	}
	return NULL;
}

static void finding(uint64_t address, const char *what, const char *where)
{
	printf("%s\t%" PRIx64 "\t%s: %s%s\n", file, address, code_label(&code, address), what,
	       where);
	findings++;
}

static bool is_exception(uint64_t address)
{
	struct exception *one = exceptions_find(exceptions, code_label(&code, address));

	if (one)
		one->met = true;
	return one;
}

/* To all that may come after it; to go backward is a fault, or not. */
static void walk_on(const struct place *place, const struct step *step, bool backward)
{
	const struct insn *insn = &place->insn;

	if (insn->flow == FLOW_BRANCH || insn->flow == FLOW_JUMP) {
		struct step *taken = &steps[steps_count++];

		*taken = *step;
		taken->address = place->address + (uint64_t)(int64_t)insn->offset;
		if (!backward && !taken->fault.what && insn->offset <= 0)
			taken->fault = (struct fault){"branch backward", place->address};
	}
	if (insn->flow != FLOW_JUMP && insn->flow != FLOW_AWAY) {
		steps[steps_count] = *step;
		steps[steps_count++].address = place->address + insn->size;
	}
}

static void check_length(uint64_t first, uint64_t last)
{
	const struct place *begin = code_at(&code, first), *end = code_at(&code, last);

	if (end - begin >= CONSTRAINED_MAX)
		finding(first, "longer than 16 instructions", ", with the way back to the lr");
}

/* From where a failed sc goes to; only a path that leads to the lr again is its loop's. */
static void check_retry(const struct place *lr, uint64_t address, uint64_t last)
{
	struct place *place;
	struct step step;

	for (walk_begin(address, lr->address, last); (place = walk_next(&step));) {
		const struct insn *insn = &place->insn;

		if (place == lr) {
			if (step.fault.what)
				finding(step.fault.address, step.fault.what,
					" between a failed sc and its lr");
			else
				check_length(step.first, step.last);
		}
		if (insn->lr || insn->sc)
			continue;
		if (!step.fault.what && insn->unfit)
			step.fault = (struct fault){insn->unfit, place->address};
		if (place->address < step.first)
			step.first = place->address;
		if (place->address > step.last)
			step.last = place->address;
		walk_on(place, &step, true);
	}
}

/* The branch on the sc's result, if nothing but base instructions comes before it. */
static void find_retry(const struct place *lr, const struct place *sc)
{
	const struct place *p = code_at(&code, sc->address + sc->insn.size);

	for (; p && !p->insn.unfit && p->insn.rd != sc->insn.rd;
	     p = code_at(&code, p->address + p->insn.size)) {
		const struct insn *insn = &p->insn;

		if (insn->rs1 == sc->insn.rd && (insn->if_zero || insn->if_not)) {
			const int offset = insn->if_not ? insn->offset : insn->size;

			check_retry(lr, p->address + (uint64_t)(int64_t)offset, p->address);
			return;
		}
		if (insn->flow != FLOW_NEXT)
			return;
	}
}

static void at_sc(struct place *sc, const struct place *lr, const struct fault *fault)
{
	sc->reached = true;
	if (is_exception(sc->address))
		return;
	if (fault->what)
		finding(fault->address, fault->what, " between lr and sc");
	else if (sc->insn.rs1 != lr->insn.rs1)
		finding(sc->address, "sc by another register than its lr", "");
	else if (sc->insn.width != lr->insn.width)
		finding(sc->address, "sc of another size than its lr", "");
	else
		sc->lr = lr;
}

static void check_lr(const struct place *lr)
{
	struct step step;
	struct place *place;

	loops++;
	walk_begin(lr->address, lr->address, lr->address);
	while ((place = walk_next(&step))) {
		const struct insn *insn = &place->insn;

		if (insn->sc) {
			at_sc(place, lr, &step.fault);
			continue;
		}
		if (insn->lr && (place != lr || step.fault.what))
			continue;
		if (!step.fault.what && insn->unfit && place != lr)
			step.fault = (struct fault){insn->unfit, place->address};
		if (!step.fault.what && insn->rd && insn->rd == lr->insn.rs1)
			step.fault = (struct fault){"write of the address", place->address};
		walk_on(place, &step, false);
	}
	for (const struct place *sc = lr; sc < code.places + code.count; sc++) {
		if (sc->lr != lr)
			continue;
		check_length(lr->address, sc->address);
		if (sc->insn.rd)
			find_retry(lr, sc);
	}
}

static void check_file(void)
{
	steps = realloc(steps, (4 * code.count + 4) * sizeof(*steps));
	if (!steps)
		abort();
	for (size_t i = 0; i < code.count; i++)
		if (code.places[i].insn.lr)
			check_lr(&code.places[i]);
	for (size_t i = 0; i < code.count; i++) {
		const struct place *sc = &code.places[i];

		if (sc->insn.sc && !sc->reached && !is_exception(sc->address))
			finding(sc->address, "sc without lr", "");
	}
}

int main(int count, char **arguments)
{
	if (count < 3 || !exceptions_read(&exceptions, arguments[1])) {
		fprintf(stderr, "usage: lr_sc EXCEPTIONS FILE...\n");
		return 2;
	}
	for (int i = 2; i < count; i++) {
		file = arguments[i];
		if (!code_read(&code, file))
			return 2;
		check_file();
		code_free(&code);
	}
	for (const struct exception *one = exceptions; one; one = one->next) {
		if (one->met)
			continue;
		printf("%s\t-\t%s: an exception for nothing\n", arguments[1], one->name);
		findings++;
	}
	fprintf(stderr, "%u lr in %d files, %u findings\n", loops, count - 2, findings);
	return findings != 0;
}

/* SPDX-License-Identifier: MIT
 *
 * Rights never grow, whatever the sequence of operations.
 *
 * Random operations of map run on a few slots of two spaces, our own and
 * another one, and beside it in a model of what each slot should hold.  The
 * kernel must allow exactly what the model allows, and what a slot lets one do
 * must be what the model says: for memory by real loads, stores and fetches of
 * executors in that space, for capabilities by calls that need the right.
 */
#include "kit.h"

#define SLOTS   12
#define SPACES  2
#define OBJECTS 512
#define STEPS   rounds(1200)
#define UART    0x10000000

enum kind { EMPTY, MEMORY, VIEWED, DEVICE, EXECUTOR, SPACE };

struct entry {
	enum kind kind;
	uint64_t rights;
	uint64_t badge;
	unsigned object; /* memory: which; executor: index in pool */
};

static struct entry model[SPACES][SLOTS];
static uint64_t content[OBJECTS]; /* of memory objects, at CONTENT */
static unsigned objects;

#define CONTENT 8 /* offset in the page */

static struct random dice;
static uint64_t held[MAP_RIGHTS + 1]; /* capabilities on the other space, by rights */
static uint64_t third;                /* a space whose capability goes around */
static struct worker *probers[SPACES];

/* What capabilities the slots are filled from. */
static const struct {
	enum kind kind;
	unsigned object;
} masters[] = {{EXECUTOR, 8}, {EXECUTOR, 9}, {SPACE, 0}};

static uint64_t master_handle(unsigned i)
{
	return masters[i].kind == SPACE ? third : pool[masters[i].object].handle;
}

static unsigned roll(unsigned n)
{
	return random_below(&dice, n);
}

static uint64_t tag_of(enum kind kind)
{
	switch (kind) {
	case DEVICE:
		return MAP_DEVICE;
	case EXECUTOR:
		return MAP_EXECUTOR;
	case SPACE:
		return MAP_VAS;
	default:
		return MAP_MEMORY;
	}
}

/* Which rights are legal for an entry with this tag. */
static bool legal(uint64_t tag, uint64_t rights, uint64_t wx)
{
	if (tag == MAP_EXECUTOR || tag == MAP_VAS)
		return !wx;
	if (rights == 0 || (rights & RW) == MAP_W)
		return false;
	if (tag == MAP_DEVICE)
		return !wx && !(rights & MAP_X);
	return wx || (rights & (MAP_W | MAP_X)) != (MAP_W | MAP_X);
}

/* A space as an argument: 0 is ours, else by a capability with some rights. */
struct space_arg {
	unsigned space;
	uint64_t handle;
	uint64_t rights;
};

static struct space_arg any_space(void)
{
	struct space_arg a = {roll(2), 0, MAP_RIGHTS};

	if (a.space) {
		a.rights = roll(3) ? MAP_RIGHTS : roll(8);
		a.handle = held[a.rights];
	}
	return a;
}

/* Rights to ask for: often those of the source, sometimes anything. */
static uint64_t any_rights(uint64_t of)
{
	return roll(2) ? of & ~(uint64_t)(roll(2) ? roll(8) : 0) : roll(8);
}

static uint64_t any_tag(enum kind kind)
{
	return roll(8) ? tag_of(kind) : (uint64_t)roll(4) << MAP_TAG_SHIFT;
}

static uint64_t any_wx(void)
{
	return roll(3) ? 0 : MAP_WX;
}

/* --- operations: true if it went through as the model says ---------------- */

/* The kernel did it exactly if it should have. */
static bool agree(int64_t result, bool allowed)
{
	if (allowed)
		CHECK_EQ(result, 1);
	else
		CHECK(result < 0);
	return allowed;
}

static void do_new(unsigned slot_no)
{
	struct space_arg to = any_space();
	struct entry *e = &model[to.space][slot_no];
	uint64_t rights = any_rights(MAP_RIGHTS), wx = any_wx(),
		 replace = roll(3) ? 0 : MAP_REPLACE;

	if (!agree(CALL(CALL_MAP, to.handle, page(slot_no), 0, 1, MAP_NEW | rights | wx | replace),
		   (to.rights & MAP_W) && legal(MAP_MEMORY, rights, wx) &&
			   (replace || e->kind == EMPTY)))
		return;
	CHECK(objects < OBJECTS);
	*e = (struct entry){MEMORY, rights, 0, objects};
	content[objects] = 0;
	if (rights & MAP_W) {
		content[objects] = 1000 + objects;
		CHECK_EQ(probe_store(probers[to.space], page(slot_no) + CONTENT, 1000 + objects)
				 .cause,
			 NO_FAULT);
	}
	objects++;
}

static void do_io(unsigned slot_no)
{
	struct space_arg to = any_space();
	struct entry *e = &model[to.space][slot_no];
	uint64_t rights = any_rights(RW), wx = roll(6) ? 0 : MAP_WX,
		 replace = roll(3) ? 0 : MAP_REPLACE;

	if (agree(CALL(CALL_MAP, to.handle, page(slot_no), UART, 1,
		       MAP_IO | MAP_DEVICE | rights | wx | replace),
		  (to.rights & MAP_W) && legal(MAP_DEVICE, rights, wx) &&
			  (replace || e->kind == EMPTY)))
		*e = (struct entry){DEVICE, rights, 0, 0};
}

static void do_copy(unsigned slot_no)
{
	struct space_arg to = any_space(), from = any_space();
	struct entry *target = &model[to.space][slot_no], *source, got;
	uint64_t op = roll(2) ? MAP_SHARE : MAP_MOVE, replace = roll(3) ? 0 : MAP_REPLACE;
	uint64_t source_va, rights, tag, wx, badge;
	struct entry master;
	bool allowed;

	if (roll(4)) {
		unsigned i = roll(SLOTS);

		source = &model[from.space][i];
		source_va = page(i);
	} else {
		unsigned i = roll(3);

		master = (struct entry){masters[i].kind, MAP_RIGHTS, 0, masters[i].object};
		source = &master;
		source_va = master_handle(i);
		from = (struct space_arg){0, 0, MAP_RIGHTS};
		op = MAP_SHARE;
	}
	if (source == target)
		return; /* map_share.c has that */
	rights = any_rights(source->rights);
	tag = any_tag(source->kind);
	wx = any_wx();
	badge = roll(4) ? 0 : roll(0x480);

	allowed = (to.rights & MAP_W) && source->kind != EMPTY && tag == tag_of(source->kind) &&
		  legal(tag, rights, wx) && (rights & ~source->rights) == 0 &&
		  (replace || target->kind == EMPTY) &&
		  (from.rights & (op == MAP_MOVE ? MAP_W : MAP_R));
	if (from.space && !(from.rights & MAP_W))
		allowed = allowed && rights == MAP_R && source->kind < EXECUTOR;
	if (badge)
		allowed =
			allowed && source->kind >= EXECUTOR && source->badge == 0 && badge < 0x400;
	got = *source;
	got.rights = rights;
	got.badge = badge ? badge : source->badge;

	if (agree(CALL(CALL_MAP, to.handle, page(slot_no), source_va, 1,
		       op | tag | rights | wx | replace, badge, from.handle),
		  allowed)) {
		if (op == MAP_MOVE)
			*source = (struct entry){EMPTY, 0, 0, 0};
		*target = got;
	}
}

static void do_protect(unsigned slot_no)
{
	struct space_arg in = any_space();
	struct entry *e = &model[in.space][slot_no];
	uint64_t rights = any_rights(e->rights), tag = any_tag(e->kind), wx = any_wx();

	if (agree(protect(in.handle, page(slot_no), 1, tag | rights | wx),
		  (in.rights & MAP_W) && e->kind != EMPTY && tag == tag_of(e->kind) &&
			  legal(tag, rights, wx) && (rights & ~e->rights) == 0))
		e->rights = rights;
}

static void do_unmap(unsigned slot_no)
{
	struct space_arg in = any_space();

	if (agree(unmap(in.handle, page(slot_no), 1), in.rights & MAP_W))
		model[in.space][slot_no] = (struct entry){EMPTY, 0, 0, 0};
}

static void do_view(unsigned slot_no)
{
	struct space_arg to = any_space();
	struct entry *e = &model[to.space][slot_no];
	unsigned from = roll(SLOTS);
	const struct entry *source = &model[0][from];
	uint64_t rights = roll(4) ? MAP_R : roll(8);

	if (agree(CALL(CALL_MAP, to.handle, page(slot_no), page(from), 1, MAP_VIEW | rights),
		  (to.rights & MAP_W) && e->kind == EMPTY && source->kind == EXECUTOR &&
			  (source->rights & MAP_R) && rights == MAP_R))
		*e = (struct entry){VIEWED, MAP_R, 0, source->object};
}

/* --- what a slot is good for ---------------------------------------------- */

static int64_t call_from(unsigned space, uint64_t number, const uint64_t *a)
{
	return space ? call_in(probers[space], number, a) : call_a0(number, a);
}
#define CALL_FROM(space, number, ...) call_from(space, number, (const uint64_t[7]){__VA_ARGS__})

/* A call that needs a right, and what it returns when one has it. */
static void check_right(int64_t result, bool has, int64_t good)
{
	CHECK_EQ(result, has ? good : -HL_EPERM);
}

static void check_slot(unsigned space, unsigned i)
{
	const struct entry *e = &model[space][i];
	uint64_t va = page(i), spare = page(SLOTS);

	if (e->kind == EXECUTOR) {
		check_right(CALL_FROM(space, CALL_MAP, 0, spare, va, 1, MAP_VIEW | MAP_R),
			    e->rights & MAP_R, 1);
		check_right(CALL_FROM(space, CALL_STOP, va), e->rights & MAP_W, 0);
		check_right(CALL_FROM(space, CALL_WAKE, va), e->rights & MAP_X, 0);
		CHECK_EQ(CALL_FROM(space, CALL_MAP, 0, spare, 0, 1, MAP_UNMAP), 1);
	} else if (e->kind == SPACE) {
		check_right(CALL_FROM(space, CALL_MAP, va, spare, 0, 1, MAP_UNMAP),
			    e->rights & MAP_W, 1);
		check_right(
			CALL_FROM(space, CALL_MAP, 0, spare, spare, 1, MAP_SHARE | MAP_R, 0, va),
			e->rights & MAP_R, -HL_EFAULT);
	}
	if (e->kind >= EXECUTOR || e->kind == EMPTY) {
		CHECK_EQ(probe_rights(probers[space], va), 0);
		return;
	}
	CHECK_EQ(probe_rights(probers[space], va), e->rights);
	if (e->kind == MEMORY && e->rights & MAP_R)
		CHECK_EQ(probe_load(probers[space], va + CONTENT).value, content[e->object]);
	if (e->kind == VIEWED)
		CHECK_EQ(probe_load(probers[space], va + EX_PAGE_COLOUR).value,
			 (uint64_t)pool[e->object].view % PAGE_SIZE);
}

static void setup(uint64_t seed)
{
	dice.state = seed;
	objects = 0;
	for (unsigned s = 0; s < SPACES; s++)
		for (unsigned i = 0; i < SLOTS; i++)
			model[s][i] = (struct entry){EMPTY, 0, 0, 0};
	held[MAP_RIGHTS] = space_new(1000);
	third = space_new(1000);
	for (uint64_t rights = 0; rights < MAP_RIGHTS; rights++) {
		held[rights] = slot();
		CHECK_EQ(share(0, held[rights], held[MAP_RIGHTS], 1, MAP_VAS | rights), 1);
	}
	probers[0] = &pool[0];
	probers[1] = worker_new(held[MAP_RIGHTS]);
}

static void run_model(uint64_t seed)
{
	setup(seed);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned i = roll(SLOTS), what = roll(16);

		test_note("step", step);
		if (what < 2)
			do_new(i);
		else if (what < 3)
			do_io(i);
		else if (what < 11)
			do_copy(i);
		else if (what < 13)
			do_protect(i);
		else if (what < 14)
			do_unmap(i);
		else
			do_view(i);
		check_slot(0, i);
		check_slot(1, i);
		if (step % 64 == 63) {
			for (i = 0; i < SLOTS; i++) {
				check_slot(0, i);
				check_slot(1, i);
			}
		}
	}
}

TEST(rights_never_grow_1)
{
	run_model(0x1234);
}

TEST(rights_never_grow_2)
{
	run_model(0xc0ffee);
}

TEST(rights_never_grow_3)
{
	run_model(77777);
}

/* SPDX-License-Identifier: MIT
 *
 * Once map has returned, no hart reads or writes by a mapping that it took away.
 *
 * On every hart one executor, bound to it, touches the same addresses all the time; who
 * keeps it turns a fault into an answer.  A word tells them how far things are:
 *
 *	MAPPED     the old memory is there, and may go at any moment
 *	CHANGED    map has returned: only what it left there can be had
 *	PREPARING  the next round's memory comes
 *
 * Each looks at the word before and after it touches.  The frames that went are given out
 * again at once and written with something else; or, where stores are tried, stay mapped
 * elsewhere, and no store may reach them any more.
 */
#include "kit.h"

#define TOUCHERS 8
#define WORDS    16
#define FAULT    (~(uint64_t)0)
#define JUNK     0xeeee000000000000
#define ALIAS    100 /* pages, or large leaves behind those that are touched */
#define REUSE    200

enum { MAPPED, CHANGED, PREPARING, PHASES };

uint64_t touch_load(uint64_t va);
uint64_t touch_store(uint64_t va, uint64_t value);
void touch_faulted(void);

/* What happens to the memory, and what is then there. */
struct change {
	uint64_t op;    /* of map, with flags */
	uint64_t begin; /* rights at first */
	uint64_t left;  /* rights asked for */
	bool stores;
	enum { FAULTS, ZEROES, OTHERS } after;
};

static struct change now;
static bool big;
static volatile uint64_t phase; /* round * PHASES + ... */
static volatile uint64_t passes[TOUCHERS];
static volatile bool over;

static unsigned touchers(void)
{
	return harts() < TOUCHERS ? harts() : TOUCHERS;
}

static uint64_t told(void)
{
	return __atomic_load_n(&phase, __ATOMIC_SEQ_CST);
}

/* Leaf n of an area, and word i of the first. */
static uint64_t leaf_at(unsigned area, unsigned n)
{
	return big ? large(area / 25 + n) : page(area + n);
}

static unsigned leaves(void)
{
	return big ? 2 : WORDS;
}

static uint64_t word_at(unsigned area, unsigned i)
{
	if (!big)
		return leaf_at(area, i) + 8 * i;
	return leaf_at(area, i / 8) + i % 8 * 0x3f000UL + 8 * i;
}

static uint64_t old_value(uint64_t round, unsigned i)
{
	return 1UL << 60 | round << 8 | i;
}

static uint64_t after_value(uint64_t round, unsigned i)
{
	if (now.after == FAULTS)
		return FAULT;
	return now.after == ZEROES ? 0 : 2UL << 60 | round << 8 | i;
}

/* --- those who touch ------------------------------------------------------------------ */

static void look(unsigned i)
{
	uint64_t before = told(), value = touch_load(word_at(0, i)), after = told();
	uint64_t round = before / PHASES, is = before % PHASES;

	CHECK(value == FAULT || value >> 48 != JUNK >> 48);
	if (is != MAPPED)
		CHECK(value != old_value(round, i));
	if (before != after)
		return;
	if (is == CHANGED)
		CHECK_EQ(value, after_value(round, i));
	if (is == MAPPED)
		CHECK(value == FAULT || value == old_value(round, i) ||
		      value == after_value(round, i));
}

static void write(unsigned i, uint64_t value)
{
	uint64_t before = told(), result = touch_store(word_at(0, i), value), after = told();

	if (now.after == FAULTS && before == after && before % PHASES == CHANGED)
		CHECK_EQ(result, FAULT);
}

static uint64_t touch(uint64_t me)
{
	uint64_t n = 0;

	while (!over) {
		for (unsigned i = 0; i < WORDS; i++)
			if (now.stores)
				write(i, ++n << 8 | me);
			else
				look(i);
		passes[me]++;
	}
	return 0;
}

/* Each keeps the one on its hart. */
static uint64_t keep(uint64_t me)
{
	struct worker *w = &pool[me];

	while (!over || life(w) != EX_STOPPED) {
		if (life(w) == EX_FAULTED)
			CHECK_EQ(resume(w->handle, (uint64_t)touch_faulted), 0);
		park();
	}
	return 0;
}

static void all_pass(void)
{
	for (unsigned i = 0; i < touchers(); i++) {
		uint64_t n = passes[i];

		AWAIT(passes[i] > n + 1);
	}
}

/* --- who changes ---------------------------------------------------------------------- */

static int64_t change(uint64_t op, uint64_t va, uint64_t src, unsigned n)
{
	return CALL(CALL_MAP, 0, va, src, n, op | (big ? MAP_LARGE : 0));
}

/* All of them, however many calls that takes. */
static void change_all(uint64_t op, unsigned to, unsigned from)
{
	bool copies = (op & MAP_OP_MASK) == MAP_SHARE || (op & MAP_OP_MASK) == MAP_MOVE;

	for (unsigned n = 0; n < leaves();) {
		int64_t r = change(op, leaf_at(to, n), copies ? leaf_at(from, n) : 0, leaves() - n);

		CHECK(r > 0);
		n += (unsigned)r;
	}
}

static void fill(unsigned area, uint64_t value)
{
	for (unsigned i = 0; i < WORDS; i++)
		*word(word_at(area, i)) = value | i;
}

/* Memory at first, and what is to take its place in the area behind it. */
static void prepare(uint64_t round)
{
	change_all(MAP_NEW | now.begin, 0, 0);
	fill(0, old_value(round, 0));
	if (now.stores)
		change_all(MAP_SHARE | RW, ALIAS, 0);
	if (now.after == OTHERS) {
		change_all(MAP_NEW | RW, REUSE, 0);
		fill(REUSE, 2UL << 60 | round << 8);
	}
}

static void tell(uint64_t round, uint64_t what)
{
	__atomic_store_n(&phase, round * PHASES + what, __ATOMIC_SEQ_CST);
}

static void make_change(void)
{
	bool moves = (now.op & MAP_OP_MASK) == MAP_MOVE;

	if (moves)
		change_all(now.op | now.left, REUSE, 0);
	else
		change_all(now.op | now.left, 0, REUSE);
}

/* What is stored now goes elsewhere, or nowhere. */
static void check_stores(uint64_t round)
{
	uint64_t seen[WORDS];

	for (unsigned i = 0; i < WORDS; i++)
		seen[i] = *word(word_at(ALIAS, i));
	tell(round, CHANGED);
	all_pass();
	for (unsigned i = 0; i < WORDS; i++)
		CHECK_EQ(*word(word_at(ALIAS, i)), seen[i]);
}

static void check_loads(uint64_t round)
{
	tell(round, CHANGED);
	change_all(MAP_NEW | RW, ALIAS, 0);
	fill(ALIAS, JUNK);
	all_pass();
	for (unsigned i = 0; i < WORDS; i++)
		CHECK_EQ(*word(word_at(ALIAS, i)), JUNK | i);
}

static void one_round(uint64_t round)
{
	unsigned n =
		(unsigned)((leaf_at(REUSE, leaves()) - leaf_at(0, 0)) >> (big ? 21 : PAGE_SHIFT));

	prepare(round);
	tell(round, MAPPED);
	all_pass();
	make_change();
	if (now.stores)
		check_stores(round);
	else
		check_loads(round);
	tell(round, PREPARING);
	/* All three areas by one call: each costs an interrupt of all harts. */
	CHECK_EQ(change(MAP_UNMAP, leaf_at(0, 0), 0, n), n);
}

static void run_rounds(struct change c, bool is_big)
{
	unsigned n = touchers();
	uint64_t before = INFO->free_pages;

	now = c;
	big = is_big;
	over = false;
	tell(0, PREPARING);
	for (unsigned i = 0; i < n; i++) {
		passes[i] = 0;
		run_on_hart(&pool[n + i], keep, i, i);
		AWAIT(life(&pool[n + i]) == EX_PARKED);
		CHECK_EQ(CALL(CALL_START, pool[i].handle, (uint64_t)entry_work,
			      worker_stack(&pool[i], touch), i, pool[n + i].handle,
			      START_SET_KEEPER | ON_HART(i)),
			 0);
	}
	for (uint64_t round = 1; round <= rounds(is_big ? 6 : 15); round++) {
		test_note("round", round);
		one_round(round);
	}
	over = true;
	for (unsigned i = 0; i < n; i++)
		CHECK_EQ(join(&pool[i]), 0);
	for (unsigned i = 0; i < n; i++) {
		wake(pool[n + i].handle);
		CHECK_EQ(join(&pool[n + i]), 0);
	}
	CHECK_FRAMES(before);
}

#define RWX (RW | MAP_X | MAP_WX)

/* Both sizes of leaves. */
#define STALE(id, ...)                                                                             \
	TEST(id)                                                                                   \
	{                                                                                          \
		run_rounds((struct change){__VA_ARGS__}, false);                                   \
	}                                                                                          \
	TEST(large_##id)                                                                           \
	{                                                                                          \
		run_rounds((struct change){__VA_ARGS__}, true);                                    \
	}

STALE(nothing_is_read_after_unmap, MAP_UNMAP, RW, 0, false, FAULTS)
STALE(nothing_is_written_after_unmap, MAP_UNMAP, RW, 0, true, FAULTS)
STALE(only_zeroes_are_read_after_replace_by_new, MAP_NEW | MAP_REPLACE, RW, RW, false, ZEROES)
STALE(only_the_new_is_read_after_replace_by_share, MAP_SHARE | MAP_REPLACE, RW, RW, false, OTHERS)
STALE(the_old_is_not_written_after_replace, MAP_NEW | MAP_REPLACE, RW, RW, true, ZEROES)
STALE(nothing_is_written_after_protect, MAP_PROTECT, RW, MAP_R, true, FAULTS)
STALE(nothing_is_read_after_protect, MAP_PROTECT, RWX, MAP_X, false, FAULTS)
STALE(nothing_is_read_after_move, MAP_MOVE, RW, RW, false, FAULTS)
STALE(nothing_is_written_after_move, MAP_MOVE, RW, RW, true, FAULTS)

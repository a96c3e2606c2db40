/* SPDX-License-Identifier: MIT
 *
 * Random calls of map against a model: each returns what the model says, and all
 * entries and all memory are compared with it time and again.  Arguments: seed=N (default:
 * another one each time), steps=N, of each player.
 */
#include "map_random.h"

#include <stdio.h>

#define BUDGET_1  1150 /* of the second space: two large leaves */
#define BUDGET_2  150  /* of the third: soon too little */
#define EACH      (BUDGET_1 + BUDGET_2 + 2100)
#define COMPARING 8

static struct player players[PLAYERS];
static uint64_t seed, steps;
static uint64_t own_space[PLAYERS]; /* of each; the same for all, or not */

void player_note(const struct player *p)
{
	test_note("player, step", (uint64_t)(p - players) << 32 | p->step);
}

/* The player's second or third space. */
static void make_space(struct player *p, unsigned which)
{
	long budget = which == 1 ? BUDGET_1 : BUDGET_2;

	WANT(p, vas_new(handle_of(p, which), (uint64_t)budget), 1);
	model_space(&p->model, which, budget);
}

static void end_space(struct player *p, unsigned which)
{
	uint8_t vas = p->model.space[which].vas;

	AWAIT(stop(handle_of(p, which), 0) == 0);
	model_space_ends(&p->model, which);
	player_forget_views(p, which);
	for (unsigned i = 0; i < p->model.execs; i++)
		if (p->exec_vas[i] == vas)
			WANT(p, unmap(0, page_of(p, AT_EXEC(i)), 1), 1);
	WANT(p, unmap(0, handle_of(p, which), 1), 1);
	make_space(p, which);
	p->deaths++;
}

/* A capability, of those kept aside, goes to the window. */
static void hand_out(struct player *p, struct leaf leaf, unsigned from, unsigned at)
{
	struct space *s = &p->model.space[0];
	uint64_t attr = (uint64_t)leaf.rights | (uint64_t)model_tag(leaf.kind) << MAP_TAG_SHIFT;

	if (!s->table[at / LARGE_PAGES] || s->leaf[at].kind != HOLE)
		return;
	WANT(p, share(0, page_of(p, at), page_of(p, from), 1, attr), 1);
	s->leaf[at] = leaf;
}

static void new_executor(struct player *p)
{
	unsigned which = 1 + random_below(&p->dice, LIVE - 1), n = p->model.execs;
	struct space *s = &p->model.space[which];

	if (n == EXECS || s->avail < 1)
		return;
	p->exec_vas[n] = s->vas;
	WANT(p, executor_new(handle_of(p, which), page_of(p, AT_EXEC(n)), MAP_RIGHTS), 1);
	hand_out(p, model_executor(&p->model, s, MAP_RIGHTS), AT_EXEC(n),
		 random_below(&p->dice, PAGES));
}

static void step(struct player *p)
{
	unsigned dice = random_below(&p->dice, 1000), at = random_below(&p->dice, PAGES);
	unsigned which = 1 + dice % (LIVE - 1);

	if (dice < 100) {
		player_touch(p, dice % LIVE, at);
	} else if (dice < 130) {
		hand_out(p, (struct leaf){SPACE, MAP_RIGHTS, 0, 0, 0, p->model.space[which].vas},
			 AT_SPACE(which), at);
	} else if (dice < 140) {
		new_executor(p);
	} else if (dice < 150) {
		hand_out(p, (struct leaf){DEVICE, RW, 1, 1, 0, 0}, AT_DEVICE, at);
	} else if (dice < 153 && p->model.vases < VASES) {
		end_space(p, which);
	} else {
		player_call(p);
	}
}

/* What the budgets have left can be had, and no more. */
static void drain(struct player *p, unsigned which)
{
	struct space *s = &p->model.space[which];
	struct call c = {MAP_NEW, 0, MEMORY, RW, 0, 0, 1, 0, {0}, {0}, {0}, 0};

	c.to = (struct name){handle_of(p, which), 0, MAP_RIGHTS, s};
	c.from = c.to;
	for (c.at = 0; c.at < PAGES && s->avail >= 0; c.at++) {
		if (model_at(s, c.at)->kind != HOLE)
			continue;
		c.got = map_new(c.to.handle, page_of(p, c.at), 1, RW);
		WANT(p, c.got, model_map(&p->model, &c));
		if (c.got == -HL_ENOMEM)
			return;
	}
}

static uint64_t play(uint64_t me)
{
	struct player *p = &players[me];

	WANT(p, map_new(0, page_of(p, PRIVATE), 1, RW), 1);
	WANT(p, unmap(0, page_of(p, PRIVATE), 1), 1);
	make_space(p, 1);
	make_space(p, 2);
	for (p->step = 0; p->step < steps; p->step++) {
		step(p);
		if (p->step % COMPARING == 0)
			player_compare(p);
	}
	drain(p, 2);
	player_compare(p);
	return 0;
}

static void begin(unsigned i, bool scattered, uint64_t space)
{
	struct player *p = &players[i];

	p->base = AREA + i * AREA_SLOTS * LARGE_SIZE;
	p->dice.state = seed + i * 0x9e3779b97f4a7c15;
	p->stamps = p->deaths = 0;
	for (unsigned op = 0; op < 8; op++)
		p->done[op] = 0;
	own_space[i] = space;
	model_begin(&p->model);
	model_space(&p->model, 0, PLENTY);
	p->model.scattered = scattered;
	p->limit = scattered ? 1500 : 6000;
	/* Its table for the device, and that on the way there, are not the model's. */
	p->model.space[0].upper = (uint8_t)UPPER;
	CHECK_EQ(share(space, page_of(p, AT_DEVICE), page(0), 1, MAP_DEVICE | RW), 1);
}

static void play_all(unsigned n, unsigned spaces)
{
	struct worker *w[PLAYERS];
	uint64_t space = 0;

	printf("  %u players, seed=%lu steps=%lu\n", n, seed, steps);
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), UART, 1, MAP_IO | MAP_DEVICE | RW), 1);
	for (unsigned i = 0; i < n; i++) {
		if (i < spaces)
			space = space_new(n == 1 ? 12000 : (n / spaces + 1) * EACH + 100);
		begin(i, n > 1, space);
		w[i] = worker_new(space);
	}
	for (unsigned i = 0; i < n; i++)
		run_on_hart(w[i], play, i, i % harts());
	for (unsigned i = 0; i < n; i++)
		CHECK_EQ(join(w[i]), 0);
	/* It was about something. */
	for (unsigned i = 0; i < n; i++)
		for (unsigned op = 0; op <= MAP_PROTECT >> MAP_OP_SHIFT; op++)
			CHECK(players[i].done[op] > 0 || steps < 500);
}

static void begin_case(void)
{
	seed = test_setting("seed", test_time() & 0xffffff);
	steps = test_setting("steps", harts() <= 2 ? 5000 : rounds(2400) + 100);
}

TEST(maps_are_as_the_model_says)
{
	begin_case();
	play_all(1, 1);
}

/* Each in its windows, all in one space, on all harts. */
TEST(maps_of_many_are_as_their_models_say)
{
	begin_case();
	play_all(harts() < PLAYERS ? harts() + 1 : PLAYERS, 1);
}

TEST(maps_of_many_spaces_are_as_their_models_say)
{
	unsigned n = harts() < 4 ? 2 : 4;

	begin_case();
	play_all(n, n);
}

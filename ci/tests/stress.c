/* SPDX-License-Identifier: MIT
 *
 * Everything at once, for a bounded number of steps.  What must hold at the
 * end doesn't depend on who was faster.
 */
#include "kit.h"

/* --- messages ---------------------------------------------------------------- */

#define ACTORS  12
#define STEPS   rounds(1000)
#define MAGIC   0x6d657373616765
#define VICTIMS 4

static struct tally {
	volatile uint64_t sent;
	volatile uint64_t sent_sum;
	volatile uint64_t got;
	volatile uint64_t got_sum;
	volatile uint64_t steps;
} tally[ACTORS] __attribute__((aligned(64)));

static volatile bool over;
static uint64_t seed;

/* Count what a park brought: words, if a partner swapped here. */
static void take(struct tally *t, struct result r, uint64_t me)
{
	if (r.a2 != MAGIC)
		return;
	CHECK_EQ(r.a4, r.a3 ^ MAGIC);
	CHECK(r.a5 < ACTORS && r.a5 != me);
	CHECK_EQ(r.a1, r.a5 + 1); /* the badge says who */
	t->got++;
	t->got_sum += r.a3;
}

/* The capability of actor i on actor n, with i + 1 as badge. */
static uint64_t cap(uint64_t i, uint64_t n)
{
	return CAPS + (i * 16 + n) * PAGE_SIZE;
}

static uint64_t act(uint64_t me)
{
	struct tally *t = &tally[me];
	struct random dice = {seed + me};

	for (t->steps = 0; t->steps < STEPS; t->steps++) {
		uint64_t other = random_below(&dice, ACTORS), payload = random_next(&dice);
		struct result r;

		switch (random_below(&dice, 8)) {
		case 0:
		case 1:
		case 2:
		case 3:
			if (other == me)
				break;
			r = CALL_ALL(CALL_PARK, 0, 0, MAGIC, payload, payload ^ MAGIC, me,
				     cap(me, other));
			CHECK(r.a0 == 0 || r.a0 == -HL_EBUSY || r.a0 == -HL_EAGAIN);
			if (r.a0 == 0) {
				t->sent++;
				t->sent_sum += payload;
				take(t, r, me);
			}
			break;
		case 4:
			r = park();
			CHECK_EQ(r.a0, 0);
			take(t, r, me);
			break;
		case 5:
		case 6:
			CHECK(wake(cap(me, other)) >= 0);
			break;
		default:
			CHECK_EQ(yield(), 0);
		}
	}
	/* Messages may come until all have sent theirs. */
	while (!over)
		take(t, park(), me);
	return 0;
}

static uint64_t total(size_t field)
{
	uint64_t sum = 0;

	for (int i = 0; i < ACTORS; i++)
		sum += *(volatile uint64_t *)((char *)&tally[i] + field);
	return sum;
}
#define TOTAL(field) total(offsetof(struct tally, field))

/* Start, stop and fault some others meanwhile. */
static uint64_t torment(uint64_t first)
{
	struct random dice = {seed ^ first};

	while (!over) {
		struct worker *w = &pool[first + random_below(&dice, VICTIMS)];
		static work *const works[] = {work_nothing, work_park_forever, work_yield_forever,
					      work_fault};
		int64_t r = 0;

		switch (random_below(&dice, 4)) {
		case 0:
			r = try_run(w, works[random_below(&dice, 4)], FAR_HOLE);
			CHECK(r == 0 || r == -HL_EBUSY);
			break;
		case 1:
			r = stop(w->handle, 1);
			CHECK(r == 0 || r == 1);
			break;
		case 2:
			r = wake(w->handle);
			CHECK(r == 0 || r == 1);
			break;
		default:
			r = resume(w->handle, (uint64_t)work_yield_forever);
			CHECK(r == 0 || r == -HL_EBUSY);
		}
		yield();
	}
	return 0;
}

static bool all_acted(void)
{
	for (int i = 0; i < ACTORS; i++)
		if (tally[i].steps < STEPS)
			return false;
	return true;
}

/* Nobody sleeps for ever: random wakes come from here as long as it lasts. */
static bool prod(struct random *dice)
{
	wake(pool[random_below(dice, ACTORS)].handle);
	return all_acted();
}

static bool all_ended(void)
{
	bool all = true;

	for (int i = 0; i < ACTORS; i++) {
		if (life(&pool[i]) != EX_STOPPED) {
			wake(pool[i].handle);
			all = false;
		}
	}
	return all;
}

static void exchange(uint64_t with_seed)
{
	struct random dice = {with_seed};

	seed = with_seed;
	over = false;
	while (slot() != cap(ACTORS - 1, ACTORS - 1))
		;
	for (uint64_t i = 0; i < ACTORS; i++) {
		tally[i] = (struct tally){0};
		for (uint64_t n = 0; n < ACTORS; n++)
			CHECK_EQ(CALL(CALL_MAP, 0, cap(i, n), pool[n].handle, 1,
				      MAP_SHARE | MAP_EXECUTOR | MAP_X, i + 1),
				 1);
	}
	for (uint64_t i = 0; i < ACTORS; i++)
		run(&pool[i], act, i);
	run(&pool[ACTORS + VICTIMS], torment, ACTORS);
	AWAIT(prod(&dice));
	over = true;
	AWAIT(all_ended());
	for (int i = 0; i < ACTORS; i++)
		CHECK_EQ(pool[i].view->exit, 0);
	CHECK_EQ(join(&pool[ACTORS + VICTIMS]), 0);
	CHECK(TOTAL(sent) > 0);
	CHECK_EQ(TOTAL(got), TOTAL(sent));
	CHECK_EQ(TOTAL(got_sum), TOTAL(sent_sum));
}

TEST(no_message_is_lost_or_doubled_1)
{
	exchange(1);
}

TEST(no_message_is_lost_or_doubled_2)
{
	exchange(0xabcdef);
}

TEST(no_message_is_lost_or_doubled_3)
{
	exchange(31337);
}

/* --- a queue ------------------------------------------------------------------ */

/* Many producers and consumers share one counter each way; sleepers are woken
 * by handle, so that a lost wakeup leaves somebody asleep for ever. */
#define PAIRS 6
#define ITEMS rounds(400)

static struct channel {
	volatile uint64_t full __attribute__((aligned(64))); /* 0: empty, else the item */
} channel[PAIRS];

static uint64_t produce(uint64_t n)
{
	struct channel *c = &channel[n];

	for (uint64_t item = 1; item <= ITEMS; item++) {
		uint64_t seen;

		while ((seen = c->full) != 0)
			park_if(&c->full, seen);
		c->full = item;
		CHECK(wake(pool[2 * n + 1].handle) >= 0);
	}
	return 0;
}

static uint64_t consume(uint64_t n)
{
	struct channel *c = &channel[n];

	for (uint64_t item = 1; item <= ITEMS; item++) {
		while (c->full == 0)
			park_if(&c->full, 0);
		CHECK_EQ(c->full, item);
		c->full = 0;
		CHECK(wake(pool[2 * n].handle) >= 0);
	}
	return 0;
}

TEST(pairs_hand_over_in_parallel)
{
	for (uint64_t n = 0; n < PAIRS; n++) {
		channel[n].full = 0;
		run(&pool[2 * n], produce, n);
		run(&pool[2 * n + 1], consume, n);
	}
	for (uint64_t n = 0; n < 2 * PAIRS; n++)
		CHECK_EQ(join(&pool[n]), 0);
}

/* --- spaces come and go ---------------------------------------------------------- */

/* Each works in slots of its own; the memory stays below 8 pages. */
static uint64_t churn_spaces(uint64_t me)
{
	uint64_t vas = CAPS + 8 * me * PAGE_SIZE, exec = vas + PAGE_SIZE;

	for (uint64_t i = 0; i < rounds(30); i++) {
		CHECK_EQ(vas_new(vas, 20), 1);
		CHECK_EQ(map_new(vas, page(0), 5, RW), 5);
		CHECK_EQ(executor_new(vas, exec, MAP_RIGHTS), 1);
		/* Nothing is mapped there: it faults at once. */
		CHECK_EQ(start(exec, page(0), 0, 0), 0);
		if (i % 2)
			yield();
		if (i % 3)
			while (stop(vas, 0) != 0)
				yield();
		else
			while (stop(exec, 0) != 0)
				yield();
		CHECK_EQ(unmap(0, vas, 2), 2);
	}
	return 0;
}

TEST(spaces_come_and_go_on_all_harts)
{
	unsigned n = harts() < 6 ? harts() + 1 : 6;

	while (slot() < CAPS + 8 * 8 * PAGE_SIZE)
		;
	for (unsigned i = 0; i < n; i++)
		run(&pool[i], churn_spaces, i);
	for (unsigned i = 0; i < n; i++)
		CHECK_EQ(join(&pool[i]), 0);
}

/* --- nonsense ---------------------------------------------------------------------- */

/* Random calls with arguments from a list of bad ideas.  They run in a space
 * with a small budget, and may end, park or fault their executor: then it is
 * started again.  The kernel must stay up, and lose nothing. */
static volatile uint64_t nonsense_done;

static uint64_t idea(struct random *dice)
{
	const uint64_t ideas[] = {
		0,
		1,
		2,
		3,
		8,
		0x1000,
		TOP_OF_USER,
		TOP_OF_USER - PAGE_SIZE,
		1UL << 63,
		~(uint64_t)0,
		-(uint64_t)PAGE_SIZE,
		INFO_VA,
		0xffffffc000000000,
		KERNEL_RAM,
		KERNEL_WINDOW,
		512,
		513,
		0x10000000,
		0x80000000,
		0x7fffffffffffffff,
	};
	uint64_t n = random_below(dice, 64);

	if (n < sizeof(ideas) / sizeof(ideas[0]))
		return ideas[n];
	if (n < 56)
		return page(random_below(dice, 10));
	if (n < 62)
		return random_below(dice, 0x4000);
	return random_next(dice);
}

static uint64_t nonsense(uint64_t seed_now)
{
	struct random dice = {seed_now};

	for (int i = 0; i < 400; i++) {
		uint64_t a[7], number = random_below(&dice, 7);

		for (int k = 0; k < 7; k++)
			a[k] = idea(&dice);
		if (number == CALL_MAP) {
			a[0] = random_below(&dice, 3) ? 0 : a[0];
			a[1] = page(random_below(&dice, 10));
			a[3] = random_below(&dice, 8) ? 1 + random_below(&dice, 3) : a[3];
			a[4] = random_below(&dice, 8) ? random_below(&dice, 0x2000) : a[4];
			a[5] = random_below(&dice, 4) ? 0 : a[5];
			a[6] = random_below(&dice, 3) ? 0 : a[6];
		}
		if (random_below(&dice, 16) == 0)
			number |= 1UL << random_below(&dice, 64);
		/* Not its own space's end: that is tried by itself. */
		if (number == (CALL_STOP | STOP_VAS))
			continue;
		call_words(number, a);
	}
	__atomic_fetch_add(&nonsense_done, 1, __ATOMIC_RELAXED);
	return 0;
}

TEST(nonsense_does_no_harm)
{
	uint64_t vas = space_new(200);
	struct worker *w[6];

	nonsense_done = 0;
	for (unsigned i = 0; i < 6; i++) {
		w[i] = worker_new(vas);
		/* Something that nonsense may hit on. */
		CHECK_EQ(share(vas, page(i), w[i]->handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	}
	CHECK_EQ(map_new(vas, page(6), 2, RW), 2);
	for (uint64_t round = 0; round < rounds(200); round++) {
		struct worker *v = w[round % 6];

		for (int i = 0; i < 20 && life(v) != EX_STOPPED; i++) {
			if (life(v) == EX_PARKED)
				wake(v->handle);
			yield();
		}
		halt(v);
		run(v, nonsense, round * 7 + 1);
	}
	CHECK_EQ(INFO->magic, INFO_MAGIC);
}

/* SPDX-License-Identifier: MIT
 *
 * Pairs hand items over through a word that both sleep on, of 8 and of 4 bytes.
 * A herd, more of them than fit into a hart's queue, is woken all at once.  Here a
 * lost wake leaves somebody asleep for ever.
 */
#include "soak.h"

#define PAIRS      4
#define HERD       150
#define HERD_STACK 1024

static struct channel {
	volatile uint64_t full __attribute__((aligned(64))); /* 0: empty, else the item */
	uint64_t item_in;
	uint64_t item_out;
	struct actor *in, *out;
} channel[PAIRS];

static struct {
	volatile uint64_t round __attribute__((aligned(64)));
	volatile uint64_t left __attribute__((aligned(64)));
	struct actor *herder;
	struct actor *member[HERD];
	uint64_t seen[HERD];
} herd;

static char stacks[2 * PAIRS + 1][STACK_SIZE] __attribute__((aligned(16)));
static char herd_stacks[HERD][HERD_STACK] __attribute__((aligned(16)));

/* Sleep while the word is `seen`; only what the caller does makes it that again. */
static void wait_while(struct actor *a, volatile uint64_t *word, uint64_t seen)
{
	struct park p = {.addr = word, .expected = seen};
	struct hl_words r;

	if (a->number % 2)
		p.flags = PARK_WORD32;
	r = soak_park_any(a, p);
	CHECK(r.result == 0 || r.result == -HL_EAGAIN || r.result == -HL_ETIMEDOUT);
	if (r.result == -HL_EAGAIN)
		CHECK(*word != seen);
}

static void produce(struct actor *a)
{
	struct channel *c = &channel[a->number];

	while (!over) {
		uint64_t item = c->full;

		if (item != 0) {
			CHECK_EQ(item, c->item_in);
			wait_while(a, &c->full, item);
			continue;
		}
		/* Both halves of the word change. */
		c->item_in += 0x100000001;
		__atomic_store_n(&c->full, c->item_in, __ATOMIC_RELEASE);
		soak_wake(a, c->out->handle);
		a->steps++;
		if (random_below(&a->dice, 4) == 0)
			soak_pause(a, 300);
	}
}

static void consume(struct actor *a)
{
	struct channel *c = &channel[a->number];

	while (!over) {
		uint64_t item = c->full;

		if (item == 0) {
			wait_while(a, &c->full, 0);
			continue;
		}
		c->item_out += 0x100000001;
		CHECK_EQ(item, c->item_out);
		__atomic_store_n(&c->full, 0, __ATOMIC_RELEASE);
		soak_wake(a, c->in->handle);
		count(ITEMS);
		a->steps++;
		if (random_below(&a->dice, 4) == 0)
			soak_pause(a, 300);
	}
}

static void graze(struct actor *a)
{
	uint64_t *seen = &herd.seen[a->number], round;

	while (!over) {
		struct park p = {.addr = &herd.round, .expected = *seen};

		while ((round = herd.round) == *seen && !over) {
			/* A deadline that never comes: for the wake to forget. */
			if (random_below(&a->dice, 4) == 0) {
				p.flags = PARK_HAS_DEADLINE;
				p.deadline = test_time() + 3600 * INFO->timebase;
			} else {
				p.flags = 0;
			}
			soak_park(a, &p);
		}
		if (round == *seen)
			break;
		/* None is missed, since the herder waits for all. */
		CHECK_EQ(round, *seen + 1);
		*seen = round;
		for (unsigned n = random_below(&a->dice, 3); n > 0; n--)
			soak_yield(a);
		if (__atomic_sub_fetch(&herd.left, 1, __ATOMIC_ACQ_REL) == 0)
			soak_wake(a, herd.herder->handle);
	}
}

static void drive(struct actor *a)
{
	uint64_t left;

	while (!over) {
		herd.left = HERD;
		__atomic_store_n(&herd.round, herd.round + 1, __ATOMIC_RELEASE);
		for (unsigned i = 0; i < HERD; i++)
			soak_wake(a, herd.member[i]->handle);
		while ((left = herd.left) != 0 && !over)
			soak_park(a, &(struct park){.addr = &herd.left, .expected = left});
		count(HERDS);
		a->steps++;
		soak_pause(a, 2000);
	}
}

void words_init(void)
{
	for (unsigned i = 0; i < PAIRS; i++) {
		struct channel *c = &channel[i];

		c->in = actor_new("producer", i, produce, i == 2 ? bound(0) : 0, stacks[2 * i],
				  STACK_SIZE);
		c->out = actor_new("consumer", i, consume, i >= 2 ? bound(i - 1) : 0,
				   stacks[2 * i + 1], STACK_SIZE);
		c->in->watched = c->out->watched = true;
	}
	for (unsigned i = 0; i < HERD; i++)
		herd.member[i] = actor_new("herd", i, graze, i % 8 ? 0 : bound(i / 8),
					   herd_stacks[i], HERD_STACK);
	herd.herder = actor_new("herder", 0, drive, 0, stacks[2 * PAIRS], STACK_SIZE);
	herd.herder->watched = true;
}

void words_start(void)
{
	for (unsigned i = 0; i < HERD; i++)
		herd.seen[i] = herd.round;
}

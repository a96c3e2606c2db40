/* SPDX-License-Identifier: MIT
 *
 * Talkers send words to each other by swaps, timed and not, while they are woken at
 * random.  Words are numbered, so that each pair knows of every one whether it
 * must have come, may have come (a swap that ended by its deadline), or can't.
 *
 * Sleepers only ever wait for deadlines.  They are woken from those that are never
 * reached, on whatever hart that may be, and by nobody from others.
 */
#include "soak.h"

#define TALKERS  10
#define SLEEPERS 4
#define MAGIC    0x736f616b
#define NUMBER   32 /* bits of a message's number */

/* Row: who writes it. */
static uint32_t sent[TALKERS][TALKERS];  /* number of the last that must have come */
static uint32_t tried[TALKERS][TALKERS]; /* of the last that may have */
static uint32_t got[TALKERS][TALKERS];   /* [receiver][sender] */
static struct actor *talker[TALKERS], *sleeper[SLEEPERS];
static uint64_t far_asleep[SLEEPERS];
static volatile uint64_t word[TALKERS];
static char stacks[TALKERS + SLEEPERS][STACK_SIZE] __attribute__((aligned(16)));

/* Talker i's capability on talker n; its badge is i + 1. */
static hl_handle cap(unsigned i, unsigned n)
{
	return SOAK_BADGED + (i * TALKERS + n) * PAGE_SIZE;
}

static uint64_t proof(uint64_t numbers, unsigned from, unsigned to)
{
	return numbers ^ (uint64_t)MAGIC << 16 ^ from << 8 ^ to;
}

static void take(unsigned me, struct hl_words r)
{
	uint64_t from = r.w[3], number = r.w[1] >> NUMBER, before = (uint32_t)r.w[1];

	if (r.result != 0 || r.w[0] != MAGIC) {
		if (r.result == 0)
			CHECK_EQ(r.badge, 0);
		return;
	}
	CHECK(from < TALKERS && from != me);
	CHECK_EQ(r.badge, from + 1);
	CHECK_EQ(r.w[2], proof(r.w[1], from, me));
	/* Not a second time, and none that must have come is missing. */
	CHECK(number > got[me][from]);
	CHECK(before <= got[me][from]);
	got[me][from] = number;
}

static void send(struct actor *a, unsigned to, bool timed)
{
	unsigned me = a->number;
	uint64_t numbers = (uint64_t)(tried[me][to] + 1) << NUMBER | sent[me][to];
	struct park p = {
		.next = cap(me, to),
		.w = {MAGIC, numbers, proof(numbers, me, to), me},
	};
	struct hl_words r;
	bool passed = false;

	if (timed) {
		p.flags = PARK_HAS_DEADLINE;
		p.deadline = soak_deadline(&a->dice);
		passed = p.deadline <= test_time();
	}
	r = soak_park(a, &p);
	CHECK(r.result == 0 || r.result == -HL_EBUSY || r.result == -HL_EAGAIN ||
	      (timed && r.result == -HL_ETIMEDOUT));
	CHECK(!passed || r.result == -HL_ETIMEDOUT);
	if (r.result == 0) {
		sent[me][to] = ++tried[me][to];
		count(SENT);
		take(me, r);
	} else if (r.result == -HL_ETIMEDOUT && !passed) {
		tried[me][to]++;
	} else if (r.result == -HL_EBUSY) {
		count(MET);
	} else if (r.result == -HL_EAGAIN) {
		count(TOKEN);
	}
}

static void listen(struct actor *a)
{
	volatile uint64_t *w = &word[a->number];
	struct park p = {0};
	bool differs = false;

	if (random_bit(&a->dice)) {
		p.addr = w;
		p.expected = *w;
		if (random_bit(&a->dice))
			p.flags = PARK_WORD32;
		differs = random_below(&a->dice, 4) == 0;
		if (differs)
			*w = *w + 1;
	}
	struct hl_words r = soak_park_any(a, p);
	CHECK(r.result == 0 || r.result == -HL_EAGAIN || r.result == -HL_ETIMEDOUT);
	CHECK_EQ(r.result == -HL_EAGAIN, differs);
	take(a->number, r);
}

static void talk(struct actor *a)
{
	bool fp = a->flags & START_FP;

	while (!over) {
		unsigned other = random_below(&a->dice, TALKERS);

		switch (random_below(&a->dice, 12)) {
		case 0:
		case 1:
		case 2:
		case 3:
		case 4:
		case 5:
			if (other != a->number)
				send(a, other, random_bit(&a->dice));
			break;
		case 6:
		case 7:
			listen(a);
			break;
		case 8:
		case 9:
			soak_wake(a, cap(a->number, other));
			break;
		case 10:
			soak_hold(a, random_bit(&a->dice) ? HOLD_SPIN : HOLD_YIELD, fp);
			break;
		default:
			soak_yield(a);
		}
		a->steps++;
	}
}

static void doze(struct actor *a)
{
	while (!over) {
		struct park p = {.flags = PARK_HAS_DEADLINE, .deadline = soak_deadline(&a->dice)};
		bool far = p.deadline > test_time() + INFO->timebase;
		struct hl_words r;

		__atomic_store_n(&far_asleep[a->number], far, __ATOMIC_RELEASE);
		r = soak_park(a, &p);
		CHECK(r.result == -HL_ETIMEDOUT || r.result == 0);
		a->steps++;
	}
}

void wake_far_sleepers(struct actor *a)
{
	for (unsigned i = 0; i < SLEEPERS; i++)
		if (__atomic_exchange_n(&far_asleep[i], 0, __ATOMIC_ACQ_REL))
			soak_wake(a, sleeper[i]->handle);
}

hl_handle random_talker(struct random *dice)
{
	return talker[random_below(dice, TALKERS)]->handle;
}

void talk_init(void)
{
	for (unsigned i = 0; i < TALKERS; i++) {
		talker[i] = actor_new("talker", i, talk,
				      (i % 2 ? START_FP : 0) | (i % 4 == 3 ? bound(i / 4) : 0),
				      stacks[i], STACK_SIZE);
		talker[i]->watched = true;
	}
	for (unsigned i = 0; i < TALKERS; i++)
		for (unsigned n = 0; n < TALKERS; n++)
			CHECK_EQ(sys_map(HL_SELF, cap(i, n), talker[n]->handle, 1,
					 MAP_SHARE | MAP_EXECUTOR | MAP_X, i + 1, HL_SELF),
				 1);
	for (unsigned i = 0; i < SLEEPERS; i++) {
		sleeper[i] = actor_new("sleeper", i, doze, i ? 0 : bound(1), stacks[TALKERS + i],
				       STACK_SIZE);
		sleeper[i]->watched = true;
	}
}

/* All are stopped. */
void talk_check(void)
{
	for (unsigned i = 0; i < TALKERS; i++)
		for (unsigned n = 0; n < TALKERS; n++) {
			test_note("from << 8 | to", i << 8 | n);
			CHECK(sent[i][n] <= got[n][i]);
			CHECK(got[n][i] <= tried[i][n]);
		}
}

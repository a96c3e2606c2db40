/* SPDX-License-Identifier: MIT
 *
 * Two executors hand each other the hart and four words.  The words stay in the
 * registers they travel in.  They are checked without a cost: each window sends
 * four new ones, the partner counts its turns in the first, which is its loop
 * counter too, and hands back the others.  So after a window a word that was
 * lost, kept or mixed up on any hand-over shows.
 */
#include "bench.h"
#include "clock.h"
#include "partner.h"
#include "samples.h"

#define STOP UINT64_MAX

static void play(struct partner *me)
{
	const hl_handle other = me->main;
	struct hl_words words = sys_wait();

	while (words.w[0] != STOP) {
		words.w[0]++;
		words = sys_swap(other, words.w[0], words.w[1], words.w[2], words.w[3]);
	}
	me->done = true;
	sys_wake(other);
}

/* The first hand-over, until the partner has got as far as to be parked. */
static void wait_parked(struct partner *partner)
{
	while (sys_swap(partner->exec, 0, 0, 0, 0).result == -HL_EBUSY)
		sys_yield();
}

static void run(const struct plan *plan, struct samples *samples, enum where where)
{
	const int64_t empty = clock_empty_pair(plan->ops);
	struct partner *partner = partner_start(where, play, 0);
	const hl_handle other = partner->exec;
	uint64_t key = 1;

	wait_parked(partner);
	while (samples_wanted(samples, plan->windows)) {
		const struct hl_words sent = {.w = {key << 32, ~key, key * key, key << 7}};
		struct hl_words words = sent;
		int64_t ticks = CLOCK_WINDOW(plan->ops, {
			words = sys_swap(other, words.w[0], words.w[1], words.w[2], words.w[3]);
		});

		if (words.w[0] != sent.w[0] + plan->ops || words.w[1] != sent.w[1] ||
		    words.w[2] != sent.w[2] || words.w[3] != sent.w[3])
			bench_fail("the words that came back are not those sent");
		samples_add(samples, ticks - empty, 2 * plan->ops);
		key++;
	}
	sys_swap(other, STOP, 0, 0, 0);
	partner_join(partner);
}

void swap_thread(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, SAME_SPACE);
}

void swap_space(const struct plan *plan, struct samples *samples)
{
	run(plan, samples, OTHER_SPACE);
}

/* SPDX-License-Identifier: MIT
 *
 * What a fuzzed executor does.  It has no data but its block: nothing here, and nothing that
 * is called from here, uses any.
 */
#include "fuzz.h"

enum { T0 = 5, A0 = 10 };

_Noreturn void fuzz_bad(struct fuzzer *f, const char *what, uint64_t got, uint64_t want)
{
	f->got = got;
	f->want = want;
	__atomic_store_n(&f->failed, what, __ATOMIC_RELEASE);
	for (;;)
		sys_yield();
}

/* Times that lie ahead are remembered as how far. */
#define AHEAD (1UL << 20)

static void fill_registers(struct fuzzer *f)
{
	struct hold *h = &f->hold;

	for (int n = 1; n < 32; n++)
		h->before[n] = random_next(&f->dice);
	for (int n = 0; f->fp && n < 32; n++)
		h->f[n] = random_next(&f->dice);
	h->fcsr = random_below(&f->dice, 5) << 5 | random_below(&f->dice, 32);
}

uint64_t fuzz_call(struct fuzzer *f, const struct words *words)
{
	struct words w = *words;
	struct hold *h = &f->hold;

	fill_registers(f);
	if (w.t0 < AHEAD && (w.a[7] & 0x1ff) == (CALL_PARK | PARK_HAS_DEADLINE))
		w.t0 += test_time();
	h->before[T0] = w.t0;
	for (int n = 0; n < 8; n++)
		h->before[A0 + n] = w.a[n];
	f->ring[f->made % RING].words = w;
	f->ring[f->made % RING].result = 0xdead;
	f->made++;
	(f->fp ? hold_call_fp : hold_call)(h);
	f->ring[(f->made - 1) % RING].result = h->after[A0];
	f->beats++;
	fuzz_judge(f, &w);
	return h->after[A0];
}

struct touched fuzz_touch(struct fuzzer *f, uint64_t va, bool store, uint64_t value)
{
	f->touched = va;
	return store ? fuzz_store(va, value) : fuzz_load(va);
}

/* A load that may fault, with all registers in use. */
static void held_load(struct fuzzer *f, uint64_t va)
{
	fill_registers(f);
	f->hold.before[T0] = f->touched = va;
	(f->fp ? hold_load_fp : hold_load)(&f->hold);
	fuzz_judge_load(f);
}

/* Has this not yet happened to it? */
static bool is_new(struct fuzzer *f, const struct words *w, uint64_t result, uint64_t before,
		   uint64_t *what)
{
	uint64_t n = w->a[7] & 0xff, class = result + 128 < 128 ? result & 127 : result != 0;
	uint64_t hash;

	*what = (n << 4 | (n == CALL_MAP ? w->a[4] >> MAP_OP_SHIFT & 15 : w->a[7] >> 8 & 3)) << 7 |
		class;
	hash = *what ^ before << 5;
	hash ^= hash >> 12;
	hash &= 4095;
	if (f->seen[hash / 64] >> hash % 64 & 1)
		return false;
	f->seen[hash / 64] |= 1UL << hash % 64;
	return true;
}

static void run(struct fuzzer *f, struct sequence *s)
{
	bool new = false;
	uint64_t before = 0;

	for (unsigned i = 0; i < s->n; i++) {
		uint64_t result = fuzz_call(f, &s->call[i]);
		new |= is_new(f, &s->call[i], result, before, &before);
	}
	if (!new)
		return;
	struct sequence *to =
		&f->memory[f->remembered < REMEMBERS ? f->remembered++
						     : random_below(&f->dice, REMEMBERS)];
	to->n = s->n;
	for (unsigned i = 0; i < s->n; i++)
		to->call[i] = s->call[i];
}

/* Something that was remembered, a part of another behind it, words changed. */
static void vary(struct fuzzer *f, struct sequence *s)
{
	struct sequence *from = &f->memory[random_below(&f->dice, f->remembered)];

	s->n = 0;
	for (unsigned i = 0; i < from->n; i++)
		if (!one_in(f, 8))
			s->call[s->n++] = from->call[i];
	from = &f->memory[random_below(&f->dice, f->remembered)];
	for (unsigned i = 0; i < from->n && s->n < SEQUENCE; i++)
		if (one_in(f, 4))
			s->call[s->n++] = from->call[i];
	for (unsigned k = random_below(&f->dice, 3); s->n != 0 && k > 0; k--)
		fuzz_mutate(f, &s->call[random_below(&f->dice, s->n)]);
}

static void step(struct fuzzer *f)
{
	struct sequence s;
	uint64_t va;

	switch (random_below(&f->dice, 8)) {
	case 0:
	case 1:
		s.n = 2;
		fuzz_any_call(f, &s.call[0]);
		fuzz_any_call(f, &s.call[1]);
		run(f, &s);
		return;
	case 2:
	case 3:
		fuzz_valid(f, &s);
		run(f, &s);
		return;
	case 4:
		va = AT_PAGES + random_below(&f->dice, 512UL * PAGES) * 8;
		if (one_in(f, 2))
			fuzz_touch(f, va, true, f->number);
		else
			held_load(f, va);
		return;
	case 5:
		fuzz_quiet(f);
		return;
	case 6:
		fuzz_shoot(f);
		return;
	default:
		if (f->remembered == 0)
			return;
		vary(f, &s);
		run(f, &s);
	}
}

void fuzz_begin(struct fuzzer *f)
{
	fuzz_quiet_begin(f);
	for (;;) {
		step(f);
		f->beats++;
	}
}

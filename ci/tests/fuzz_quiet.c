/* SPDX-License-Identifier: MIT
 *
 * Memory that nobody else should be able to touch, in the midst of all that is fuzzed: the
 * window of each executor, and all of the canary's space.  New pages are zero, keep what is
 * written there, and fault when they are gone.  One page of the window is a target for the
 * others of the same space: what they store after its unmapping would show in
 * some other page, perhaps in the next one that is taken.
 */
#include "fuzz.h"

#define SHOT_WORD 5 /* of a page: where the others store */
#define WORD(n)   ((n) * sizeof(uint64_t))

static const uint16_t looked_at[] = {0, SHOT_WORD, 511};
#define LOOKED_AT 3

static uint64_t page_of(uint64_t number, unsigned page)
{
	return AT_QUIET + (number * QUIET_PAGES + page) * PAGE_SIZE;
}

static void must_be(struct fuzzer *f, uint64_t va, uint64_t want, const char *what)
{
	struct touched t = fuzz_touch(f, va, false, 0);

	if (t.faulted)
		fuzz_bad(f, "a quiet page faults", va, want);
	if (t.value != want)
		fuzz_bad(f, what, t.value, want);
}

static long map_from(struct fuzzer *f, unsigned page, uint64_t source, uint64_t count,
		     uint64_t attr)
{
	const struct words w = {
		.a = {0, page_of(f->number, page), source, count, attr, 0, 0, CALL_MAP}};

	return (long)fuzz_call(f, &w);
}

static long map(struct fuzzer *f, unsigned page, uint64_t count, uint64_t attr)
{
	return map_from(f, page, 0, count, attr);
}

static void look(struct fuzzer *f)
{
	for (unsigned i = 0; i < f->quiet; i++)
		for (unsigned k = 0; k < LOOKED_AT; k++)
			must_be(f, page_of(f->number, QUIET_SHOT + 1 + i) + WORD(looked_at[k]),
				f->stamp + i, "a quiet page has changed");
}

static void take(struct fuzzer *f)
{
	unsigned want = 1 + random_below(&f->dice, one_in(f, 4) ? QUIET_PAGES - 9 : 2);
	long got = map(f, QUIET_SHOT + 1, want, MAP_NEW | RW);

	f->stamp = random_next(&f->dice);
	for (long i = 0; i < got; i++) {
		uint64_t va = page_of(f->number, QUIET_SHOT + 1 + (unsigned)i);

		must_be(f, va + WORD(random_below(&f->dice, 512)), 0, "new memory isn't zero");
		for (unsigned k = 0; k < LOOKED_AT; k++) {
			must_be(f, va + WORD(looked_at[k]), 0, "new memory isn't zero");
			fuzz_touch(f, va + WORD(looked_at[k]), true, f->stamp + (uint64_t)i);
		}
		f->quiet = (unsigned)i + 1;
	}
}

/* Capabilities on the canary, without any right: there is nothing that they are good for. */
static void bare(struct fuzzer *f)
{
	uint64_t ex = AT_BARE, vas = AT_BARE + PAGE_SIZE, to = page_of(f->number, QUIET_COPY);
	uint64_t other = page_of(CANARY, QUIET_SHOT + 1);
	const struct words uses[] = {
		{.a = {[0] = ex, [7] = CALL_WAKE}},
		{.a = {[0] = ex, [7] = CALL_STOP}},
		{.a = {[0] = vas, [7] = CALL_STOP}},
		{.a = {[0] = ex, [7] = CALL_START}},
		{.a = {[6] = ex, [7] = CALL_PARK}},
		{.a = {0, to, ex, 1, MAP_VIEW | MAP_R, 0, 0, CALL_MAP}},
		{.a = {0, to, vas, 1, MAP_VIEW | MAP_R, other, 0, CALL_MAP}},
		{.a = {0, to, ex, 1, MAP_SHARE | MAP_EXECUTOR | MAP_R, 0, 0, CALL_MAP}},
		{.a = {0, to, vas, 1, MAP_SHARE | MAP_VAS | MAP_W, 0, 0, CALL_MAP}},
		{.a = {0, to, other, 1, MAP_SHARE | MAP_R, 0, vas, CALL_MAP}},
		{.a = {0, to, other, 1, MAP_MOVE | MAP_R, 0, vas, CALL_MAP}},
		{.a = {vas, other, 0, 1, MAP_UNMAP, 0, 0, CALL_MAP}},
		{.a = {vas, to, 0, 1, MAP_NEW | RW, 0, 0, CALL_MAP}},
		{.a = {vas, to, 0, 1, MAP_NEW | MAP_EXECUTOR | MAP_W, 0, 0, CALL_MAP}},
		{.a = {0, ex, 0, 1, MAP_PROTECT | MAP_EXECUTOR | MAP_X, 0, 0, CALL_MAP}},
	};
	unsigned which = random_below(&f->dice, sizeof(uses) / sizeof(uses[0]));
	uint64_t r = fuzz_call(f, &uses[which]);

	if (r != (uint64_t)-HL_EPERM && r != (uint64_t)-HL_ESRCH)
		fuzz_bad(f, "a right out of nothing", r, which);
}

/* A page loses a right, and that doesn't come back. */
static void narrow(struct fuzzer *f)
{
	unsigned page = QUIET_SHOT + 1 + random_below(&f->dice, f->quiet);
	uint64_t va = page_of(f->number, page);
	uint64_t op = one_in(f, 2) ? MAP_SHARE : MAP_MOVE;

	if (map(f, page, 1, MAP_PROTECT | MAP_R) != 1)
		return; /* only if the space is on its way down */
	if (!fuzz_touch(f, va + WORD(1), true, 1).faulted)
		fuzz_bad(f, "a page that is read-only can be written", va, 0);
	if (map(f, page, 1, MAP_PROTECT | RW) > 0 || map_from(f, QUIET_COPY, va, 1, op | RW) > 0 ||
	    map_from(f, QUIET_COPY, va, 1, op | RX) > 0)
		fuzz_bad(f, "a right came back", va, op);
}

static void give(struct fuzzer *f)
{
	unsigned n = f->quiet;
	uint64_t va = page_of(f->number, QUIET_SHOT + 1 + random_below(&f->dice, n));

	f->quiet = 0;
	long r = map(f, QUIET_SHOT + 1, n, MAP_UNMAP);
	if (r == -HL_ESRCH)
		return;
	if (r != (long)n)
		fuzz_bad(f, "unmap of quiet pages", (uint64_t)r, n);
	if (one_in(f, 4) && !fuzz_touch(f, va, one_in(f, 2), f->number).faulted)
		fuzz_bad(f, "a page that is gone can be used", va, 0);
}

/* The target's frame goes, in one of the ways there are.  It is likely to be the next one
 * that is taken. */
static void withdraw(struct fuzzer *f)
{
	f->shot = false;
	switch (random_below(&f->dice, 4)) {
	case 0:
		map(f, QUIET_SHOT, 1, MAP_UNMAP);
		break;
	case 1:
		map(f, QUIET_SHOT - 1, 2, MAP_UNMAP);
		break;
	case 2:
		map_from(f, QUIET_COPY, page_of(f->number, QUIET_SHOT), 1, MAP_MOVE | RW);
		map(f, QUIET_COPY, 1, MAP_UNMAP);
		break;
	default:
		f->shot = map(f, QUIET_SHOT, 1, MAP_NEW | MAP_REPLACE | RW) == 1;
	}
}

void fuzz_quiet(struct fuzzer *f)
{
	look(f);
	bare(f);
	if (!f->shot)
		f->shot = map(f, QUIET_SHOT, 1, MAP_NEW | RW) == 1;
	else if (one_in(f, 2))
		withdraw(f);
	if (f->quiet == 0)
		take(f);
	else if (one_in(f, 2))
		give(f);
	else if (one_in(f, 4))
		narrow(f);
}

/* What was there belongs to a life before this one. */
void fuzz_quiet_begin(struct fuzzer *f)
{
	f->quiet = 0;
	f->shot = false;
	map(f, 0, QUIET_PAGES, MAP_UNMAP);
}

/* At one of the same space, as long as it has its page. */
void fuzz_shoot(struct fuzzer *f)
{
	unsigned at = random_below(&f->dice, FUZZERS);

	if (at == f->number || !(f->mates >> at & 1))
		return;
	for (unsigned n = random_below(&f->dice, 2000); n > 0; n--)
		if (fuzz_touch(f, page_of(at, QUIET_SHOT) + WORD(SHOT_WORD), true, n).faulted)
			return;
}

/* Nobody may wake it, nor tell it anything.  (A park may return for no reason; this
 * kernel's don't.) */
static void rest(struct fuzzer *f)
{
	const struct words sleep = {.a = {[7] = CALL_PARK | PARK_HAS_DEADLINE},
				    .t0 = random_below(&f->dice, 5000)};
	uint64_t r = fuzz_call(f, &sleep);

	if (r != (uint64_t)-HL_ETIMEDOUT)
		fuzz_bad(f, "somebody woke the canary", r, 0);
}

/* Its block says when it is to have nothing: `mates` asks for that, `remembered` answers. */
_Noreturn void fuzz_canary(struct fuzzer *f)
{
	fuzz_quiet_begin(f);
	for (;;) {
		if (__atomic_load_n(&f->mates, __ATOMIC_ACQUIRE)) {
			fuzz_quiet_begin(f);
			__atomic_store_n(&f->remembered, 1, __ATOMIC_RELEASE);
			while (__atomic_load_n(&f->mates, __ATOMIC_ACQUIRE))
				rest(f);
			__atomic_store_n(&f->remembered, 0, __ATOMIC_RELEASE);
		}
		look(f);
		if (f->quiet == 0) {
			take(f);
		} else if (one_in(f, 2)) {
			if (map(f, QUIET_SHOT + 1, f->quiet, MAP_UNMAP) != (long)f->quiet)
				fuzz_bad(f, "the canary's unmap", f->quiet, 0);
			f->quiet = 0;
		}
		rest(f);
	}
}

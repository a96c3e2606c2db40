/* SPDX-License-Identifier: MIT
 *
 * Where the words come from: borders and what is near them, handles that are almost right,
 * and sequences that are valid, from which deeper states are reached than by chance.
 */
#include "fuzz.h"

#define ANYWHERE (START_SET_AFFINITY | (uint64_t)START_HART_ANY << START_HART_SHIFT)

static uint64_t pick(struct fuzzer *f, const uint64_t *from, unsigned n)
{
	return from[random_below(&f->dice, n)];
}
#define PICK(f, ...)                                                                               \
	pick(f, (const uint64_t[]){__VA_ARGS__},                                                   \
	     sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static uint64_t page(struct fuzzer *f)
{
	return AT_PAGES + random_below(&f->dice, PAGES) * PAGE_SIZE;
}

static uint64_t large(struct fuzzer *f)
{
	return AT_LARGE + random_below(&f->dice, LARGES) * LARGE;
}

static uint64_t executor(struct fuzzer *f)
{
	return AT_CAPS + random_below(&f->dice, CAPS) * PAGE_SIZE;
}

static uint64_t own(struct fuzzer *f)
{
	return AT_OWN + random_below(&f->dice, OWN) * PAGE_SIZE;
}

static uint64_t vas(struct fuzzer *f)
{
	return one_in(f, 3) ? own(f) : AT_VASES + random_below(&f->dice, VASES) * PAGE_SIZE;
}

static uint64_t handle(struct fuzzer *f)
{
	return one_in(f, 3) ? vas(f) : one_in(f, 3) ? own(f) : executor(f);
}

/* A number at some border. */
static uint64_t border(struct fuzzer *f)
{
	uint64_t top = INFO->user_top, n;

	switch (random_below(&f->dice, 6)) {
	case 0:
		n = PICK(f, 0, 1, ~0UL, 511, 512, 513, 1023, 1024);
		break;
	case 1:
		n = PICK(f, top, top - PAGE_SIZE, top - LARGE, top - (1UL << 30), -top, INFO_VA);
		break;
	case 2:
		n = 1UL << random_below(&f->dice, 64);
		break;
	case 3:
		n = -(1UL << random_below(&f->dice, 64));
		break;
	case 4:
		n = (1UL << random_below(&f->dice, 64)) - PICK(f, 1, PAGE_SIZE, LARGE);
		break;
	default:
		return random_next(&f->dice);
	}
	return n + PICK(f, 0, 0, 0, 0, 1, -1UL, PAGE_SIZE, -PAGE_SIZE);
}

/* An address, often a good one. */
static uint64_t address(struct fuzzer *f)
{
	switch (random_below(&f->dice, 16)) {
	case 0:
		return border(f);
	case 1:
	case 2:
		return large(f);
	case 3:
	case 4:
		return handle(f);
	case 5:
		/* Who takes its own text away is soon at its end. */
		return one_in(f, 16) ? (uint64_t)_start + random_below(&f->dice, 4) * PAGE_SIZE : 0;
	default:
		return page(f);
	}
}

/* Almost right. */
static uint64_t near(struct fuzzer *f, uint64_t n)
{
	switch (random_below(&f->dice, 16)) {
	case 0:
		return n ^ 1UL << random_below(&f->dice, 64);
	case 1:
		return n + PICK(f, 1, 2, 4, 8, 0x800, PAGE_SIZE, -PAGE_SIZE, -1UL, INFO->user_top);
	case 2:
		return border(f);
	default:
		return n;
	}
}

static uint64_t count(struct fuzzer *f)
{
	return one_in(f, 4) ? near(f, PICK(f, 0, 511, 512, 513)) : 1 + random_below(&f->dice, 20);
}

static uint64_t attributes(struct fuzzer *f)
{
	uint64_t attr = PICK(f, MAP_R, RW, RX, MAP_R, RW, MAP_X, MAP_RIGHTS, MAP_RIGHTS | MAP_WX);

	attr |= random_below(&f->dice, 7) << MAP_OP_SHIFT;
	if ((attr & MAP_OP_MASK) == MAP_UNMAP)
		attr = MAP_UNMAP;
	if (one_in(f, 2))
		attr |= random_below(&f->dice, 4) << MAP_TAG_SHIFT;
	if (one_in(f, 4))
		attr |= PICK(f, MAP_LARGE, MAP_REPLACE, MAP_TRACK, MAP_LARGE | MAP_REPLACE);
	return near(f, attr);
}

static uint64_t start_flags(struct fuzzer *f)
{
	uint64_t flags = PICK(f, 0, START_RESUME, START_FP, START_RESUME | START_FP, ANYWHERE);

	if (one_in(f, 3))
		flags |= START_SET_KEEPER | HL_BADGE(random_below(&f->dice, 1024));
	if (one_in(f, 3))
		flags = (flags & ~ANYWHERE) | HL_HART(random_below(&f->dice, INFO->harts));
	return near(f, flags);
}

static uint64_t time(struct fuzzer *f)
{
	return one_in(f, 8) ? border(f) : random_below(&f->dice, 20000);
}

#define PARK_UNTIL (CALL_PARK | PARK_HAS_DEADLINE)

void fuzz_any_call(struct fuzzer *f, struct words *w)
{
	static const uint8_t numbers[] = {CALL_YIELD, CALL_PARK,  CALL_PARK, CALL_WAKE,
					  CALL_WAKE,  CALL_START, CALL_STOP, CALL_MAP};
	uint64_t *a = w->a, number = CALL_MAP;

	if (one_in(f, 2))
		number = numbers[random_below(&f->dice, sizeof(numbers))];
	for (int i = 0; i < 7; i++)
		a[i] = one_in(f, 4) ? border(f) : 0;
	a[7] = number;
	w->t0 = time(f);
	switch (number) {
	case CALL_PARK:
		a[0] = one_in(f, 2) ? 0 : address(f);
		a[1] = one_in(f, 2) ? 0 : border(f);
		a[6] = one_in(f, 2) ? 0 : near(f, handle(f));
		if (!one_in(f, 4))
			a[7] |= PARK_HAS_DEADLINE;
		if (one_in(f, 4))
			a[7] |= PARK_WORD32;
		break;
	case CALL_WAKE:
		a[0] = one_in(f, 8) ? 0 : near(f, handle(f));
		break;
	case CALL_START:
		a[0] = near(f, handle(f));
		a[5] = start_flags(f);
		a[1] = a[5] & START_RESUME ? 0 : near(f, (uint64_t)fuzz_orphan);
		a[2] = a[5] & START_RESUME ? 0 : border(f);
		a[3] = a[5] & START_RESUME ? 0 : border(f);
		a[4] = a[5] & START_SET_KEEPER ? near(f, handle(f)) : 0;
		a[6] = one_in(f, 16) ? border(f) : 0;
		break;
	case CALL_STOP:
		a[0] = near(f, one_in(f, 8) ? vas(f) : own(f));
		break;
	case CALL_MAP:
		a[0] = one_in(f, 2) ? 0 : near(f, vas(f));
		a[4] = attributes(f);
		a[1] = near(f, a[4] & MAP_LARGE && !one_in(f, 4) ? large(f) : address(f));
		a[2] = near(f, a[4] & MAP_LARGE ? large(f) : address(f));
		a[3] = count(f);
		if (((a[4] & MAP_OP_MASK) == MAP_NEW || (a[4] & MAP_OP_MASK) >= MAP_UNMAP) &&
		    !one_in(f, 16))
			a[2] = 0;
		if ((a[4] & (MAP_OP_MASK | MAP_EXECUTOR)) == (MAP_NEW | MAP_EXECUTOR) &&
		    !one_in(f, 8)) {
			a[3] = 1;
			a[1] = own(f);
		}
		a[5] = one_in(f, 4) ? near(f, random_below(&f->dice, 1024)) : 0;
		a[6] = one_in(f, 3) ? near(f, vas(f)) : 0;
		break;
	}
	if (one_in(f, 16))
		a[7] = near(f, a[7]);
	if (a[7] == CALL_STOP && a[0] == 0 && !one_in(f, 32))
		a[0] = executor(f);
}

void fuzz_mutate(struct fuzzer *f, struct words *w)
{
	unsigned n = random_below(&f->dice, 8);
	uint64_t *a = w->a;

	switch (random_below(&f->dice, 6)) {
	case 0:
		a[n] ^= 1UL << random_below(&f->dice, 64);
		break;
	case 1:
		a[n] = border(f);
		break;
	case 2:
		a[n] = address(f);
		break;
	case 3:
		a[n] = handle(f);
		break;
	case 4:
		a[n] = near(f, a[n]);
		break;
	default:
		w->t0 = time(f);
	}
	if (w->a[7] == CALL_STOP && a[0] == 0)
		a[0] = executor(f);
}

/* --- what makes sense ----------------------------------------------------------------- */

static void add(struct sequence *s, const struct words *w)
{
	if (s->n < SEQUENCE)
		s->call[s->n++] = *w;
}
#define ADD(s, ...) add(s, &(const struct words){.a = {__VA_ARGS__}})
/* number first, as it is said */
#define MAP(s, vas, va, src, count, attr, aux, from)                                               \
	ADD(s, vas, va, src, count, attr, aux, from, CALL_MAP)
#define SLEEP(s, ticks)                                                                            \
	add(s, &(const struct words){.a = {[7] = CALL_PARK | PARK_HAS_DEADLINE}, .t0 = (ticks)})

#define PAGES_BETWEEN(from, to) (((uint64_t)(to) - (uint64_t)(from) + PAGE_SIZE - 1) >> PAGE_SHIFT)

/* A space in this one, with an executor that runs there. */
static void nest(struct fuzzer *f, struct sequence *s)
{
	uint64_t v = own(f), ex = own(f), text = (uint64_t)_start & -PAGE_SIZE;

	MAP(s, 0, v, 0, 1, MAP_NEW | MAP_VAS | MAP_RIGHTS, 10 + random_below(&f->dice, 20), 0);
	MAP(s, v, text, text, PAGES_BETWEEN(text, etext), MAP_SHARE | RX, 0, 0);
	MAP(s, v, page(f), page(f), 1, MAP_SHARE | RW, 0, 0);
	MAP(s, v, ex, 0, 1, MAP_NEW | MAP_EXECUTOR | MAP_RIGHTS, 0, 0);
	ADD(s, ex, (uint64_t)fuzz_orphan, 0, random_next(&f->dice), executor(f),
	    START_SET_KEEPER | HL_BADGE(1 + random_below(&f->dice, 1000)), 0, CALL_START);
	SLEEP(s, random_below(&f->dice, 20000));
	if (one_in(f, 2)) {
		ADD(s, one_in(f, 2) ? v : ex, 7, 0, 0, 0, 0, 0, CALL_STOP);
		MAP(s, 0, AT_OWN, 0, OWN, MAP_UNMAP, 0, 0);
	}
}

/* An executor beside this one, kept by somebody; it is stopped, woken, resumed. */
static void companion(struct fuzzer *f, struct sequence *s)
{
	uint64_t ex = own(f);

	MAP(s, 0, ex, 0, 1, MAP_NEW | MAP_EXECUTOR | MAP_RIGHTS, 0, 0);
	ADD(s, ex, one_in(f, 4) ? page(f) : (uint64_t)fuzz_orphan, 0, random_next(&f->dice),
	    executor(f), START_SET_KEEPER | HL_BADGE(3) | (start_flags(f) & 2), 0, CALL_START);
	SLEEP(s, random_below(&f->dice, 5000));
	ADD(s, ex, 0, 0, 0, 0, START_RESUME | (one_in(f, 2) ? ANYWHERE : START_FP), 0, CALL_START);
	ADD(s, [0] = ex, [7] = CALL_WAKE);
	MAP(s, 0, page(f), ex, 1, MAP_VIEW | MAP_R, 0, 0);
	ADD(s, [0] = ex, [7] = CALL_STOP);
	MAP(s, 0, ex, 0, 1, MAP_UNMAP, 0, 0);
}

static void memory(struct fuzzer *f, struct sequence *s)
{
	uint64_t at = page(f), to = page(f), n = 1 + random_below(&f->dice, PAGES), v = vas(f);
	bool there = one_in(f, 2);

	MAP(s, 0, at, 0, n, MAP_NEW | PICK(f, RW, RW | MAP_TRACK, RW | MAP_REPLACE, RX), 0, 0);
	MAP(s, there ? v : 0, to, at, n,
	    PICK(f, MAP_SHARE, MAP_MOVE) | PICK(f, MAP_R, RW) | PICK(f, 0, MAP_REPLACE), 0, 0);
	MAP(s, there ? v : 0, to, 0, n, PICK(f, MAP_PROTECT | MAP_R, MAP_UNMAP), 0, 0);
	MAP(s, 0, page(f), page(f), n, PICK(f, MAP_SHARE, MAP_MOVE) | MAP_R, 0, v);
	MAP(s, 0, to, at, 1, MAP_VIEW | MAP_R, 0, 0);
	MAP(s, 0, page(f), one_in(f, 2) ? 0 : v, 1, MAP_VIEW | MAP_R,
	    PICK(f, AT_PAGES, AT_CAPS, AT_LARGE) + random_below(&f->dice, 3), 0);
	if (one_in(f, 2))
		MAP(s, 0, AT_PAGES, 0, PAGES, MAP_UNMAP, 0, 0);
}

static void large_memory(struct fuzzer *f, struct sequence *s)
{
	uint64_t at = large(f), to = large(f), v = one_in(f, 2) ? 0 : vas(f);

	MAP(s, 0, at, 0, 1, MAP_NEW | MAP_LARGE | RW, 0, 0);
	MAP(s, v, to, at, 1, PICK(f, MAP_SHARE, MAP_MOVE) | MAP_LARGE | PICK(f, MAP_R, RW), 0, 0);
	MAP(s, 0, at, 0, 1, MAP_NEW | RW, 0, 0);
	MAP(s, 0, page(f), at, 1, MAP_SHARE | MAP_R, 0, 0);
	MAP(s, 0, to, 0, 2, PICK(f, MAP_UNMAP, MAP_PROTECT | MAP_R) | MAP_LARGE, 0, 0);
	MAP(s, 0, AT_LARGE, 0, LARGES, MAP_UNMAP | MAP_LARGE, 0, 0);
	MAP(s, 0, at, 0, 512, MAP_UNMAP, 0, 0);
}

/* Capabilities go round, with fewer rights and a badge. */
static void capabilities(struct fuzzer *f, struct sequence *s)
{
	uint64_t v = vas(f), cap = handle(f), to = own(f);
	uint64_t tag = cap >= AT_VASES && cap < AT_OWN ? MAP_VAS : MAP_EXECUTOR;

	MAP(s, one_in(f, 2) ? 0 : v, to, cap, 1,
	    PICK(f, MAP_SHARE, MAP_MOVE) | tag | PICK(f, MAP_RIGHTS, MAP_R, MAP_W, MAP_X, 0) |
		    PICK(f, 0, MAP_REPLACE),
	    one_in(f, 2) ? random_below(&f->dice, 1024) : 0, 0);
	ADD(s, [0] = to, [7] = CALL_WAKE);
	MAP(s, 0, own(f), to, 1, MAP_SHARE | tag | MAP_RIGHTS, 0, v);
	MAP(s, 0, cap, to, 1, MAP_MOVE | tag | MAP_RIGHTS, 0, 0);
	ADD(s, [0] = cap, [7] = CALL_WAKE);
	if (one_in(f, 4))
		MAP(s, 0, cap, 0, 1, PICK(f, MAP_UNMAP, MAP_PROTECT | tag | MAP_X), 0, 0);
}

static void talk(struct fuzzer *f, struct sequence *s)
{
	uint64_t other = executor(f);
	struct words w = {.a = {0, 0, 2, 3, 4, 5, other, CALL_PARK | PARK_HAS_DEADLINE}};

	ADD(s, [0] = other, [7] = CALL_WAKE);
	ADD(s, [7] = CALL_YIELD);
	w.t0 = random_below(&f->dice, 20000);
	add(s, &w);
	ADD(s, [0] = other, [7] = one_in(f, 32) ? CALL_STOP : CALL_WAKE);
	ADD(s, [0] = 0, [7] = CALL_WAKE);
	w.a[6] = 0;
	w.a[0] = one_in(f, 2) ? page(f) : BLOCK(f->number);
	add(s, &w);
	ADD(s, executor(f), 0, 0, 0, 0, START_RESUME, 0, CALL_START);
}

/* A space that others have names for, too. */
static void takedown(struct fuzzer *f, struct sequence *s)
{
	uint64_t v = vas(f);

	MAP(s, 0, own(f), v, 1, MAP_SHARE | MAP_VAS | MAP_RIGHTS, 0, 0);
	MAP(s, 0, page(f), v, 1, MAP_VIEW | MAP_R, AT_PAGES, 0);
	ADD(s, [0] = one_in(f, 16) ? v : own(f), [7] = CALL_STOP);
	MAP(s, v, page(f), 0, 3, MAP_NEW | RW, 0, 0);
	MAP(s, v, own(f), 0, 1, MAP_NEW | MAP_EXECUTOR | MAP_X, 0, 0);
	if (one_in(f, 64))
		ADD(s, [7] = CALL_STOP | STOP_VAS);
}

void fuzz_valid(struct fuzzer *f, struct sequence *s)
{
	s->n = 0;
	switch (random_below(&f->dice, 8)) {
	case 0:
		nest(f, s);
		break;
	case 1:
		companion(f, s);
		break;
	case 2:
		large_memory(f, s);
		break;
	case 3:
		capabilities(f, s);
		break;
	case 4:
		takedown(f, s);
		break;
	case 5:
		talk(f, s);
		break;
	default:
		memory(f, s);
	}
}

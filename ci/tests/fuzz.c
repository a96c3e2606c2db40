/* SPDX-License-Identifier: MIT
 *
 * The fuzzer's supervisor; see fuzz.h.  Arguments: seconds=N (default 10), seed=N (default:
 * the time).  Each round ends with all frames and budgets being back, and while it goes on
 * all harts get on, and a space that may only be looked at stays as it is.  The last
 * round doesn't end: the machine is stopped, and a kernel with checks looks at itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

struct fuzzer fuzzers[FUZZERS + 1];
unsigned fuzzers_n;
volatile uint64_t fuzz_alarm[PAGE_SIZE / 8] __attribute__((aligned(PAGE_SIZE)));
volatile uint64_t round_number;

#define CANARY_SPACE  SPACES
#define CANARY_BUDGET 80
#define IDLE          SUP_PROBE /* an executor that never runs */
#define PROBE         (SUP_PROBE + PAGE_SIZE)

static struct random dice;
static unsigned spaces_n;
static unsigned space_of[FUZZERS];
static struct {
	uint64_t calls, restarts, stops, takedowns, begins, ends;
} counts;
static uint64_t free_frames, canary_frames;
static struct info info;

static bool one_of(unsigned n)
{
	return random_below(&dice, n) == 0;
}

/* --- spaces ------------------------------------------------------------------------- */

static void share(unsigned space, uint64_t va, uint64_t from, uint64_t end, uint64_t attr)
{
	uint64_t n = (end - from + PAGE_SIZE - 1) >> PAGE_SHIFT;

	CHECK_EQ(sys_map_share(SUP_VAS(space), va, from, n, attr), n);
}

static void space_new(unsigned space, uint64_t budget)
{
	uint64_t text = (uint64_t)_start & -PAGE_SIZE;
	uint64_t rodata = ((uint64_t)etext + PAGE_SIZE - 1) & -PAGE_SIZE;

	CHECK_EQ(sys_map_vas(SUP_VAS(space), MAP_RIGHTS, budget), 1);
	share(space, text, text, (uint64_t)etext, RX);
	share(space, rodata, rodata, (uint64_t)__init_array_start, MAP_R);
	share(space, AT_ALARM, (uint64_t)fuzz_alarm, (uint64_t)fuzz_alarm + PAGE_SIZE, RW);
}

static void fuzzer_new(unsigned n, unsigned space)
{
	struct fuzzer *f = &fuzzers[n];

	share(space, BLOCK(n), (uint64_t)f, (uint64_t)(f + 1), RW);
	CHECK_EQ(sys_map_executor(SUP_VAS(space), SUP_EXEC(n), MAP_RIGHTS), 1);
	CHECK_EQ(sys_map_view(SUP_VIEW(n), SUP_EXEC(n)), 1);
	f->dice.state = random_next(&dice);
	f->number = n;
	f->mates = 0;
	f->touched = 0;
}

static uint64_t some_rights(void)
{
	return one_of(4) ? random_below(&dice, 8) : MAP_RIGHTS;
}

static void give(unsigned space, uint64_t at, uint64_t cap, uint64_t attr, uint64_t badge)
{
	CHECK_EQ(sys_map(SUP_VAS(space), at, cap, 1, MAP_SHARE | attr, badge, HL_SELF), 1);
}

/* Capabilities on everybody for those in this space, but on the space itself. */
static void give_caps(unsigned space)
{
	for (unsigned n = 0; n < fuzzers_n; n++)
		give(space, AT_CAPS + n * PAGE_SIZE, SUP_EXEC(n), MAP_EXECUTOR | some_rights(),
		     random_below(&dice, 1024));
	for (unsigned n = 0; n < spaces_n; n++)
		if (n != space)
			give(space, AT_VASES + n * PAGE_SIZE, SUP_VAS(n), MAP_VAS | some_rights(),
			     0);
	give(space, AT_CAPS + CANARY * PAGE_SIZE, SUP_EXEC(CANARY), MAP_EXECUTOR | MAP_R, 0);
	give(space, AT_BARE, SUP_EXEC(CANARY), MAP_EXECUTOR, 0);
	give(space, AT_BARE + PAGE_SIZE, SUP_VAS(CANARY_SPACE), MAP_VAS, 0);
	give(space, AT_VASES + CANARY_SPACE * PAGE_SIZE, SUP_VAS(CANARY_SPACE), MAP_VAS | MAP_R, 0);
}

static void start_one(unsigned n)
{
	struct fuzzer *f = &fuzzers[n];
	uint64_t flags = 0;
	long r;

	f->fp = one_of(3) && (info.isa & INFO_ISA_D);
	if (f->fp)
		flags |= START_FP;
	if (one_of(2))
		flags |= HL_HART(random_below(&dice, info.harts));
	r = keep_start(n, flags);
	CHECK(r == 0 || r == -HL_ESRCH || r == -HL_EBUSY);
}

static void round_begin(void)
{
	static const uint16_t budgets[] = {40, 60, 100, 300, 600, 1500};

	keep_lock();
	spaces_n = 1 + random_below(&dice, SPACES);
	fuzzers_n = spaces_n + random_below(&dice, FUZZERS - spaces_n + 1);
	for (unsigned n = 0; n < FUZZERS; n++)
		fuzzers[n].made = 0;
	for (unsigned i = 0; i < spaces_n; i++)
		space_new(i, budgets[random_below(&dice, 6)]);
	for (unsigned n = 0; n < fuzzers_n; n++) {
		space_of[n] = n < spaces_n ? n : random_below(&dice, spaces_n);
		fuzzer_new(n, space_of[n]);
	}
	for (unsigned n = 0; n < fuzzers_n; n++)
		for (unsigned m = 0; m < fuzzers_n; m++)
			fuzzers[n].mates |= (uint64_t)(space_of[n] == space_of[m]) << m;
	for (unsigned i = 0; i < spaces_n; i++)
		give_caps(i);
	keep_unlock();
	for (unsigned n = 0; n < fuzzers_n; n++)
		start_one(n);
}

/* --- what must hold meanwhile ---------------------------------------------------------- */

static void check_info(void)
{
	struct info now = *(const struct info *)INFO_VA;

	CHECK(now.free_pages <= now.memory_pages);
	now.free_pages = info.free_pages;
	CHECK(memcmp(&now, &info, sizeof(now)) == 0);
}

static void check_progress(void)
{
	static uint64_t harts_at, canary_at, beats;
	uint64_t time = test_time(), patience = PATIENCE * info.timebase;

	if (keep_beats() || harts_at == 0)
		harts_at = time;
	CHECK(time - harts_at < patience);
	if (fuzzers[CANARY].beats != beats || canary_at == 0)
		canary_at = time;
	beats = fuzzers[CANARY].beats;
	CHECK(time - canary_at < patience);
	report_failed();
	CHECK_EQ(fuzz_alarm[0], 0); /* s1 of an orphan, then s11 */
	check_info();
}

static void torment(void)
{
	unsigned n = random_below(&dice, fuzzers_n);
	const volatile struct executor *ex = fuzz_view(SUP_VIEW(n));

	if (ex->state == EX_STOPPED) {
		counts.restarts++;
		start_one(n);
	}
	if (one_of(16)) {
		counts.stops++;
		sys_stop(SUP_EXEC(n), 5);
	} else {
		sys_wake(SUP_EXEC(n));
	}
	if (one_of(200)) {
		counts.takedowns++;
		sys_stop(SUP_VAS(random_below(&dice, spaces_n)), 6);
	}
	if (one_of(2))
		sys_yield();
	else
		sys_park_until(NULL, 0, test_time() + random_below(&dice, 10000));
}

/* --- and afterwards --------------------------------------------------------------------- */

static bool frames_are(uint64_t want)
{
	/* Reclaiming goes on in such calls. */
	sys_stop(IDLE, 0);
	return INFO->free_pages == want;
}

static void space_end(uint64_t vas)
{
	AWAIT(sys_stop(vas, 0) != -HL_EAGAIN);
}

/* Is that what the first VAS may still give away? */
static bool budget_is(uint64_t frames)
{
	long r = sys_map_vas(PROBE, MAP_RIGHTS, frames - 1);

	if (r != 1)
		return false;
	space_end(PROBE);
	CHECK_EQ(sys_unmap(PROBE, 1), 1);
	AWAIT(frames_are(free_frames));
	return sys_map_vas(PROBE, MAP_RIGHTS, frames) == -HL_ENOMEM;
}

static void canary_rests(bool rests)
{
	struct fuzzer *f = &fuzzers[CANARY];

	__atomic_store_n(&f->mates, rests, __ATOMIC_RELEASE);
	AWAIT(__atomic_load_n(&f->remembered, __ATOMIC_ACQUIRE) == rests);
}

static void round_end(void)
{
	keep_lock();
	for (unsigned i = 0; i < spaces_n; i++)
		space_end(SUP_VAS(i));
	for (unsigned n = 0; n < fuzzers_n; n++) {
		counts.calls += fuzzers[n].made;
		CHECK_EQ(fuzz_view(SUP_VIEW(n))->state, EX_STOPPED);
	}
	fuzzers_n = 0;
	CHECK_EQ(sys_unmap(SUP_EXEC(0), FUZZERS), FUZZERS);
	CHECK_EQ(sys_unmap(SUP_VIEW(0), FUZZERS), FUZZERS);
	CHECK_EQ(sys_unmap(SUP_VAS(0), SPACES), SPACES);
	keep_unlock();
	keep_quiet();
	canary_rests(true);
	AWAIT(frames_are(free_frames));
	for (int i = 0; i < 20; i++)
		sys_stop(IDLE, 0);
	CHECK_EQ(INFO->free_pages, free_frames); /* and no more come */
	CHECK(budget_is(free_frames - canary_frames));
	canary_rests(false);
	check_progress();
}

static void fuzz_round(void)
{
	uint64_t length = (10 + random_below(&dice, 90)) * info.timebase / 1000;
	uint64_t since = test_time();

	/* More harts get less done at a time, where they are emulated. */
	length *= info.harts < 4 ? info.harts : 4;
	round_number++;
	round_begin();
	counts.begins += test_time() - since;
	since = test_time();
	while (test_time() - since < length) {
		torment();
		check_progress();
	}
	since = test_time();
	round_end();
	counts.ends += test_time() - since;
}

/* --- the program's ------------------------------------------------------------------------ */

static void canary_new(void)
{
	space_new(CANARY_SPACE, CANARY_BUDGET);
	fuzzer_new(CANARY, CANARY_SPACE);
	CHECK_EQ(keep_start(CANARY, 0), 0);
	AWAIT(fuzzers[CANARY].beats > 10);
	canary_rests(true);
	free_frames = INFO->free_pages;
	while (!budget_is(free_frames - canary_frames))
		CHECK(++canary_frames < CANARY_BUDGET);
	canary_rests(false);
}

static uint64_t setting(int argc, char **argv, const char *name, uint64_t otherwise)
{
	size_t n = strlen(name);

	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], name, n) && argv[i][n] == '=')
			return strtoul(argv[i] + n + 1, NULL, 0);
	return otherwise;
}

int main(int argc, char **argv)
{
	uint64_t seconds = setting(argc, argv, "seconds", 10);
	uint64_t seed = setting(argc, argv, "seed", test_time()), since = test_time();
	unsigned seen = 0;

	info = *(const struct info *)INFO_VA;
	printf("fuzz: seed=%lu seconds=%lu, %u harts, slice %lu us\n", seed, seconds, info.harts,
	       info.slice_ns / 1000);
	fflush(stdout);
	dice.state = seed;
	report_init(seed);
	CHECK_EQ(sys_map_executor(HL_SELF, IDLE, MAP_RIGHTS), 1);
	keep_init();
	canary_new();
	while (test_time() - since < seconds * info.timebase)
		fuzz_round();
	for (unsigned n = 0; n < FUZZERS; n++)
		for (unsigned i = 0; i < 4096; i++)
			seen += fuzzers[n].seen[i / 64] >> i % 64 & 1;
	printf("fuzz ok: %lu rounds, %lu calls, %u things seen, %lu faults told, %lu mended, "
	       "%lu restarts, %lu stops, %lu takedowns; ms to begin %lu, to end %lu\n",
	       round_number, counts.calls, seen, faults_told, faults_mended, counts.restarts,
	       counts.stops, counts.takedowns, counts.begins / (info.timebase / 1000),
	       counts.ends / (info.timebase / 1000));
	fflush(stdout);
	round_number++;
	round_begin();
	for (since = test_time(); test_time() - since < info.timebase / 20;)
		torment();
	report_failed();
	sys_stop_self(0);
}

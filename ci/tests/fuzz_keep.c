/* SPDX-License-Identifier: MIT
 *
 * The supervisor's helpers in the first VAS: keepers of all fuzzed executors, and a watchman
 * on each hart, who only proves that it still does something.
 *
 * A badge names both the executor and the keeper, each by a bit, so that also several at once
 * tell whether one of them has come to the wrong place.
 */
#include "entry.h"
#include "fuzz.h"

#define KEEPERS    2
#define STACK_SIZE 4096
#define BIT_KEEPER 32 /* in a badge */

#define LOAD_T1_T0 0x0002b303 /* ld t1, (t0): hold_load's */

#define HELPERS   (KEEPERS + INFO_HARTS_LIMIT)
#define HELPER(n) (SUP_KEPT + (n)*PAGE_SIZE)
#define ITS_VIEW  (HELPERS * PAGE_SIZE)

volatile uint64_t faults_told, faults_mended;

static struct helper {
	volatile uint64_t beats, seen;
	unsigned number;
	char stack[STACK_SIZE] __attribute__((aligned(16)));
} helpers[HELPERS];

static int lock;

void keep_lock(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0)
		sys_yield();
}

void keep_unlock(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static bool plausible(uint64_t cause)
{
	/* Exceptions that a user's instruction can have; no interrupt, no call. */
	return cause < 64 && (0xb0ffUL >> cause & 1);
}

/* Where it goes on that was about to touch something, or 0. */
static uint64_t way_on(uint64_t pc)
{
	if (pc == (uint64_t)fuzz_load_at || pc == (uint64_t)fuzz_store_at)
		return (uint64_t)fuzz_faulted;
	if (pc >= (uint64_t)_start && pc < (uint64_t)etext && pc % 4 == 0 &&
	    *(const volatile uint32_t *)pc == LOAD_T1_T0)
		return pc + 4;
	return 0;
}

static void check_fault(unsigned n, const struct hl_words *w)
{
	uint64_t cause = w->w[1], addr = w->w[2], pc = w->w[3];
	uint64_t touched = __atomic_load_n(&fuzzers[n].touched, __ATOMIC_ACQUIRE);
	const volatile struct executor *ex = fuzz_view(SUP_VIEW(n));

	CHECK_EQ(plausible(cause) ? 0 : cause, 0);
	if (cause == 12 || cause == 1) {
		CHECK_EQ(addr, pc); /* the text itself is gone */
	} else if (way_on(pc) != 0) {
		if (pc == (uint64_t)fuzz_store_at)
			CHECK(cause == 15 || cause == 7);
		else
			CHECK(cause == 13 || cause == 5);
		/* Others may have resumed it before these words were read. */
		if ((ex->state & EX_LIFE) == EX_FAULTED && ex->stval == addr && ex->pc == pc)
			CHECK_EQ(addr, touched);
	}
}

static void check_tidings(unsigned k, const struct hl_words *w)
{
	uint64_t who = w->badge & ((1UL << BIT_KEEPER) - 1), mine = 0;

	CHECK(w->result == 0);
	if (w->badge == 0)
		return;
	for (unsigned n = k; n < CANARY; n += KEEPERS)
		mine |= 1UL << n;
	CHECK_EQ(w->badge >> BIT_KEEPER, 1UL << k);
	CHECK_EQ(who & ~mine, 0);
	CHECK(who != 0);
	CHECK(w->w[0] == 0 || w->w[0] == TELL_ENDED || w->w[0] == TELL_FAULT);
	faults_told++;
	for (unsigned n = k; w->w[0] == TELL_FAULT && n < fuzzers_n; n += KEEPERS)
		if (who == 1UL << n)
			check_fault(n, w);
}

/* One that was about to touch something goes on; whom something else befell ends. */
static void mend(unsigned n)
{
	const volatile struct executor *ex = fuzz_view(SUP_VIEW(n));
	uint64_t pc = ex->pc, on = way_on(pc);

	if ((ex->state & EX_LIFE) != EX_FAULTED)
		return;
	if (on != 0) {
		sys_start(SUP_EXEC(n), on, 0, 0, 0, START_RESUME);
		faults_mended++;
	} else {
		sys_stop(SUP_EXEC(n), 0);
	}
}

static uint64_t keep(uint64_t k)
{
	for (;;) {
		struct hl_words w = sys_wait();

		keep_lock();
		check_tidings((unsigned)k, &w);
		for (unsigned n = (unsigned)k; n < fuzzers_n; n += KEEPERS)
			mend(n);
		keep_unlock();
	}
	return 0;
}

static uint64_t watch(uint64_t n)
{
	for (;;) {
		sys_park_until(NULL, 0, test_time() + INFO->timebase / 500);
		helpers[KEEPERS + n].beats++;
	}
	return 0;
}

bool keep_beats(void)
{
	for (unsigned i = KEEPERS; i < KEEPERS + INFO->harts; i++)
		if (helpers[i].beats == helpers[i].seen)
			return false;
	for (unsigned i = KEEPERS; i < KEEPERS + INFO->harts; i++)
		helpers[i].seen = helpers[i].beats;
	return true;
}

static void begin(unsigned i, uint64_t (*work)(uint64_t), uint64_t arg, uint64_t flags)
{
	struct helper *h = &helpers[i];
	struct entry_frame *entry = (struct entry_frame *)(h->stack + STACK_SIZE - ENTRY_SIZE);

	*entry = (struct entry_frame){work, h};
	CHECK_EQ(sys_map_executor(HL_SELF, HELPER(i), MAP_RIGHTS), 1);
	CHECK_EQ(sys_map_view(HELPER(i) + ITS_VIEW, HELPER(i)), 1);
	CHECK_EQ(sys_start(HELPER(i), (uint64_t)entry_work, (uint64_t)entry, arg, 0, flags), 0);
}

void keep_init(void)
{
	for (unsigned k = 0; k < KEEPERS; k++)
		begin(k, keep, k, 0);
	for (unsigned n = 0; n < INFO->harts; n++)
		begin(KEEPERS + n, watch, n, HL_HART(n));
}

static bool all_parked(void)
{
	for (unsigned k = 0; k < KEEPERS; k++) {
		const volatile struct executor *ex = fuzz_view(HELPER(k) + ITS_VIEW);
		if (ex->state != EX_PARKED || ex->pending != 0)
			return false;
	}
	return true;
}

void keep_quiet(void)
{
	AWAIT(all_parked());
}

long keep_start(unsigned n, uint64_t flags)
{
	unsigned k = n % KEEPERS;
	struct fuzzer *f = (struct fuzzer *)BLOCK(n);

	return sys_start(SUP_EXEC(n), n == CANARY ? (uint64_t)fuzz_canary : (uint64_t)fuzz_begin,
			 (uint64_t)(f->stack + sizeof(f->stack)), (uint64_t)f, HELPER(k),
			 flags | START_SET_KEEPER | HL_BADGE(1UL << n | 1UL << (BIT_KEEPER + k)));
}

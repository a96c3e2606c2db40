/* SPDX-License-Identifier: MIT
 *
 * From the timer interrupt that ends a slice to the first instruction of the next
 * executor: two spin on one hart, and each notes what the clock says all the time.
 * After a switch the first value of the one minus the last one of the other is what
 * the switch took and at most two turns of the loop, on average one, which
 * is subtracted where it can be told (mode icount).
 */
#include "bench.h"
#include "clock.h"
#include "samples.h"

#include <hartleaf/exec.h>
#include <stdatomic.h>

#define SWITCHES  51 /* to each of the two */
#define LOOP_INSN 5  /* of READ_UNTIL_GAP */
#define GAP_INSN  50 /* more than a turn of the loop, less than a switch */
#define GAP_TICKS 5  /* of `time`, 500 ns: less than a switch; others are sorted out */

static struct spinner {
	_Alignas(64) volatile uint64_t last;
	struct spinner *other;
	unsigned int count;
	int64_t gap[SWITCHES];
} spinners[2];

static atomic_uint done;

/* Reads the counter for ever and notes each value in `last`, until two that follow
 * each other are further apart than `gap`: before, after. */
#define READ_UNTIL_GAP(counter, last, gap, before, after)                                          \
	asm volatile("	" counter "	%1\n"                                                          \
		     "1:	mv %0, %1\n"                                                              \
		     "	" counter "	%1\n"                                                          \
		     "	sd %1, (%2)\n"                                                              \
		     "	sub t0, %1, %0\n"                                                           \
		     "	bltu t0, %3, 1b\n"                                                          \
		     : "=&r"(before), "=&r"(after)                                                 \
		     : "r"(last), "r"(gap)                                                         \
		     : "t0", "memory")

static long spin(void *arg)
{
	struct spinner *me = arg;
	uint64_t before, after, last;

	while (done < 2) {
		if (clock_mode == ICOUNT)
			READ_UNTIL_GAP("rdinstret", &me->last, GAP_INSN, before, after);
		else
			READ_UNTIL_GAP("rdtime", &me->last, GAP_TICKS, before, after);
		last = me->other->last;
		/* Or else only an interrupt came, or the host let us wait. */
		if (last <= before || last >= after || me->count == SWITCHES)
			continue;
		me->gap[me->count++] = (int64_t)(after - last);
		if (me->count == SWITCHES)
			done++;
	}
	return 0;
}

void preempt_run(const struct plan *plan, struct samples *samples)
{
	struct hl_exec *exec[2];

	(void)plan;
	done = 0;
	for (int i = 0; i < 2; i++) {
		spinners[i].other = &spinners[1 - i];
		spinners[i].last = spinners[i].count = 0;
		if (hl_exec_spawn(&exec[i], spin, &spinners[i]))
			bench_fail("no executor to spin");
	}
	for (int i = 0; i < 2; i++)
		hl_exec_join(exec[i], NULL);
	for (int i = 0; i < 2 * SWITCHES; i++)
		samples_add(samples,
			    spinners[i % 2].gap[i / 2] - (clock_mode == ICOUNT ? LOOP_INSN : 0), 1);
}

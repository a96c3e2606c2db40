/* SPDX-License-Identifier: MIT
 *
 * The executor page: one register file, one address space, one page.  The trap
 * path spills registers straight into it, and whoever holds an executor
 * capability with R may map the page read-only (map VIEW) and read it.
 *
 * Offsets count from the executor base, which is the page plus a colour, a
 * multiple of 64 stored at EX_PAGE_COLOUR in the page.  Without it the hot words
 * of all executors would compete for the same few L1 sets.
 *
 * A view is read without locks: each field is one aligned word, read whole, but
 * two fields need not belong together unless the executor is parked, stopped
 * or faulted.  Registers are current only while it is not running.  Addresses
 * of the kernel in it are facts, not permissions.
 *
 * Counters start at 0 when the executor is made, and go on through its stops.
 * EX_TIME is sampled: when the tick that ends slices fires, who runs is charged
 * one slice (info.h, slice_ns).  There is a tick only while others wait for the
 * hart: one that has it for itself isn't charged.
 */
#ifndef HARTLEAF_EXECUTOR_H
#define HARTLEAF_EXECUTOR_H

/* written by the hart that owns the executor */
#define EX_PC        0x000 /* x0's slot, so that xN is at 8*N */
#define EX_X(n)      (8 * (n))
#define EX_NEXT      0x100 /* link of the list it is on */
#define EX_SWITCHES  0x108 /* times it was given a hart */
#define EX_SATP      0x110 /* fixed at creation */
#define EX_VAS       0x118 /* its VAS page; fixed at creation */
#define EX_HART      0x120 /* hart page of the hart that last took it */
#define EX_KEEPER    0x128 /* executor told of its faults and its end */
#define EX_BADGE     0x130 /* what the keeper gets in a1 */
#define EX_LIST_NEXT 0x138 /* list of the VAS's executors */
#define EX_LIST_PREV 0x140
#define EX_AFFINITY  0x148 /* the only hart it runs on, or EX_HART_ANY */
#define EX_TIME      0x150 /* ticks of `time` it ran, sampled; see below */
#define EX_PREEMPTED 0x158 /* times its slice ended before it did */
#define EX_MIGRATED  0x160 /* times that another hart took it over */
#define EX_DEADLINE  0x168 /* of its last park with a deadline */
#define EX_HC_VA     0x180 /* handle cache: address of the handle, 0 none */
#define EX_HC_ENTRY  0x188 /*   address of its entry */
#define EX_HC_VALUE  0x190 /*   value of the entry when it was looked up */
#define EX_HC_STATE  0x198 /*   state word of the executor it names */
#define EX_SCAUSE    0x1d0 /* last fault: cause, address; pc is EX_PC */
#define EX_STVAL     0x1d8
#define EX_EXIT      0x1e0 /* exit code, valid once STOPPED */
/* written by anybody */
#define EX_STATE     0x200 /* life | flags */
#define EX_PENDING   0x208 /* badges told while it was not parked, ORed */
#define EX_STOP_CODE 0x210 /* exit code that goes with STOPREQ */
/* written by the hart whose timer holds it, or by who asks that hart */
#define EX_TIMER_HART 0x240 /* that hart's page, or NULL; changed by CAS */
#define EX_TIMER_KEY  0x248 /* time at which that hart looks at it */
/* written by the hart that owns the executor: floating point, current as other
 * registers are; only with EX_FP */
#define EX_FCSR 0x2c0
#define EX_F(n) (0x300 + 8 * (n))
#define EX_REFS                                                                                    \
	0x400 /* who names it: caps, views, keeper fields, timers, and itself
			 while it is not STOPPED */
/* page offset, not base offset */
#define EX_PAGE_COLOUR 0xff8

/* EX_STATE */
#define EX_LIFE    0x3
#define EX_READY   0x0 /* one hart, queue or waker owns it */
#define EX_PARKED  0x1
#define EX_STOPPED 0x2
#define EX_FAULTED 0x3
#define EX_TOKEN   0x4 /* a wake came while it was not parked */
#define EX_STOPREQ 0x8 /* its owner is to end it */
#define EX_FULL                                                                                    \
	0x10 /* all registers are in the page, not only those a
                           call preserves */

#define EX_FP                                                                                      \
	0x20          /* it may use floating point; f0..f31 and fcsr are \
                           its, too */
#define EX_TIMED 0x40 /* parked with a deadline, or about to be */

#define EX_HART_ANY 0xffff /* EX_AFFINITY */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct hart;
struct vas;

struct executor {
	uint64_t pc;
	uint64_t x[31]; /* x[n - 1] is register xn */
	struct executor *next;
	uint64_t switches;
	uint64_t satp;
	struct vas *vas;
	struct hart *hart;
	struct executor *keeper;
	uint64_t badge;
	struct executor *list_next;
	struct executor *list_prev;
	uint64_t affinity;
	uint64_t time;
	uint64_t preempted;
	uint64_t migrated;
	uint64_t deadline;
	uint64_t unused1[2];
	uint64_t hc_va;
	uint64_t *hc_entry;
	uint64_t hc_value;
	uint64_t *hc_state;
	uint64_t unused2[6];
	uint64_t scause;
	uint64_t stval;
	int64_t exit;
	uint64_t unused3[3];
	uint64_t state;
	uint64_t pending;
	int64_t stop_code;
	uint64_t unused4[5];
	struct hart *timer_hart;
	uint64_t timer_key;
	struct executor *timer_left; /* heap of that hart */
	struct executor *timer_right;
	struct executor *timer_up;
	uint64_t timer_rank;
	uint64_t timer_queued;       /* is on that hart's timer inbox */
	struct executor *timer_next; /* link there */
	uint64_t unused5[8];
	uint64_t fcsr;
	uint64_t unused6[7];
	uint64_t f[32]; /* raw bits */
	uint64_t refs;
};

#define EX_ASSERT(field, offset)                                                                   \
	_Static_assert(offsetof(struct executor, field) == (offset), #field)
EX_ASSERT(pc, EX_PC);
EX_ASSERT(x, EX_X(1));
EX_ASSERT(next, EX_NEXT);
EX_ASSERT(switches, EX_SWITCHES);
EX_ASSERT(satp, EX_SATP);
EX_ASSERT(vas, EX_VAS);
EX_ASSERT(hart, EX_HART);
EX_ASSERT(keeper, EX_KEEPER);
EX_ASSERT(badge, EX_BADGE);
EX_ASSERT(list_next, EX_LIST_NEXT);
EX_ASSERT(list_prev, EX_LIST_PREV);
EX_ASSERT(hc_va, EX_HC_VA);
EX_ASSERT(hc_entry, EX_HC_ENTRY);
EX_ASSERT(hc_value, EX_HC_VALUE);
EX_ASSERT(hc_state, EX_HC_STATE);
EX_ASSERT(affinity, EX_AFFINITY);
EX_ASSERT(time, EX_TIME);
EX_ASSERT(preempted, EX_PREEMPTED);
EX_ASSERT(migrated, EX_MIGRATED);
EX_ASSERT(deadline, EX_DEADLINE);
EX_ASSERT(timer_hart, EX_TIMER_HART);
EX_ASSERT(timer_key, EX_TIMER_KEY);
EX_ASSERT(fcsr, EX_FCSR);
EX_ASSERT(f, EX_F(0));
EX_ASSERT(scause, EX_SCAUSE);
EX_ASSERT(stval, EX_STVAL);
EX_ASSERT(exit, EX_EXIT);
EX_ASSERT(state, EX_STATE);
EX_ASSERT(pending, EX_PENDING);
EX_ASSERT(stop_code, EX_STOP_CODE);
EX_ASSERT(refs, EX_REFS);
_Static_assert(sizeof(struct executor) <= 0x800, "fits a page at any colour");
#endif

#endif

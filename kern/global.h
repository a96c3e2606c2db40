/* SPDX-License-Identifier: MIT
 *
 * The global page, always in gp while the kernel runs, and the hart page,
 * always in tp.  Together with the current executor they reach everything.
 *
 * Words that several harts write have cache lines of their own.  What boot
 * wrote last shares lines that nobody writes afterwards.
 */
#ifndef KERN_GLOBAL_H
#define KERN_GLOBAL_H

#include <hartleaf/info.h>

#define GL_PAGE_ALLOC_HEAD 0x000
#define GL_PAGE_ALLOC_TAIL 0x200
#define GL_SCHED_LOCK      0x400
#define GL_SCHED_HEAD      0x600
#define GL_SCHED_TAIL      0x608
#define GL_IDLE            0x680
#define GL_RECLAIM_EVENTS  0x6c0
#define GL_RECLAIM_SEEN    0x700
#define GL_KERNEL_SATP     0x740
#define GL_STARTING        0x748
#define GL_TOP_SHIFT       0x750
#define GL_INFO            0x758

/* Hot words of executor pages lie in the sets of 0x000-0x23f; the hart page
 * keeps its own out of there but for the queue node of its lock. */
#define HT_MCS_NEXT      0x000
#define HT_MCS_HELD      0x200
#define HT_STACK         0x240
#define HT_CURRENT       0x248
#define HT_ID            0x250
#define HT_SBI_ID        0x258
#define HT_SATP_UNSHARED 0x260
#define HT_QUIESCED      0x280
#define HT_RQ_TAIL       0x2c0
#define HT_TICKLESS      0x2c8
#define HT_RQ_HEAD       0x300
#define HT_RING          0x400

/* The run queue's counters are in bytes; (counter & RQ_MASK) is a slot's place. */
#define RQ_STEP 8
#define RQ_MASK 0x3f8
#define RQ_FULL 0x3f8 /* one slot is kept for a yield, which pushes, then takes */

#define HART_MAX INFO_HARTS_LIMIT

#ifndef __ASSEMBLER__
#include <hartleaf/executor.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE  __attribute__((aligned(64)))
#define AT(n) __attribute__((aligned(n)))

struct hart {
	struct hart *mcs_next; /* written by the successor in the lock's queue */
	LINE uint64_t unused0[56];
	LINE uint64_t mcs_held; /* written by the predecessor */
	uint64_t unused1[7];
	LINE uint64_t stack_top;
	struct executor *current; /* set where C runs on behalf of an executor */
	uint64_t id;              /* dense, 0.. */
	uint64_t sbi_id;          /* what the firmware calls this hart */
	uint64_t satp_unshared;   /* a satp from here on has an ASID of its own: no flush */
	uint64_t node;            /* whose memory is near */
	struct block *block;      /* takes frames from there; others may, too */
	uint64_t frame_hint;      /* in the block: perhaps the next free one */
	LINE uint64_t quiesced;   /* counts answers to grace-period requests */
	uint64_t quiesced_seen;   /* what the reclaimer read last */

	/* Run queue; see runq.h. */
	LINE uint64_t rq_tail; /* the owner's */
	uint64_t tickless;     /* the owner's: 1 while no tick is to come */
	LINE uint64_t rq_head; /* CAS by anybody */

	/* Lists that others push on, this hart takes whole. */
	LINE struct executor *inbox;  /* ready ones that are to run here; sched.c */
	struct executor *timer_inbox; /* whose deadline has changed; timer.c */
	AT(0x400) struct executor *ring[RQ_MASK / RQ_STEP + 1];

	/* The owner's alone. */
	LINE struct executor *backlog_first; /* came by the inbox, or had to leave the */
	struct executor *backlog_last;       /* ring but are bound: want into the ring */
	struct executor *timers;             /* heap; its root is due first */
	uint64_t timer_at;                   /* what the timer is set to */
	uint64_t later_at;                   /* when the reclaimer wants to be called, or never */
	uint64_t tick_at;                    /* next tick, unless tickless */
	uint64_t slice_head;                 /* rq_head and rq_tail at the last tick */
	uint64_t slice_tail;
	uint64_t random;
	bool sstc;        /* has stimecmp; else the firmware sets timers */
	uint64_t blocked; /* harts whose ring began with a bound one, a bit each */
	bool turn;        /* who waits behind a full ring comes in: backlog or FIFO */
};

struct range {
	uint64_t first; /* frame numbers, [first, end) */
	uint64_t end;
	uint64_t node;
};

#define RANGES_MAX INFO_RANGES_LIMIT
#define RAM_MAX    (RANGES_MAX + 8) /* with what is reserved and isn't RAM */
#define NODES_MAX  8                /* of memory */
#define NO_MEMORY  NODES_MAX        /* node of what is reserved and isn't RAM: no descriptors */

struct line {
	LINE uint64_t top;
};

struct global {
	struct line page_alloc_head[NODES_MAX]; /* blocks with frames to take; block.c */
	struct line page_alloc_tail[NODES_MAX]; /* those wholly free, the last to be taken */
	AT(0x200) struct hart *sched_mcs_lock;
	AT(0x200) struct executor *sched_head;
	struct executor *sched_tail;
	LINE struct hart *vas_mcs_lock; /* lists that VASs and executors are on; vas.c */
	LINE uint64_t idle;             /* harts that sleep, a bit each */

	/* Reclaiming; see reclaim.c.  This line is written by anybody ... */
	LINE uint64_t reclaim_events;
	uint64_t reclaim_lock;
	uint64_t limbo;       /* frames that wait for a grace period to begin */
	struct vas *doomed;   /* VASs that have become DYING */
	struct vas *arrivals; /* the same, taken over by the reclaimer */
	uint64_t grace_next;  /* time before which none begins that interrupts anybody */
	/* ... and this one by who holds reclaim_lock. */
	LINE uint64_t reclaim_seen;
	uint64_t grace_done;  /* grace periods that have ended */
	uint64_t grace_harts; /* harts that the running one waits for */
	bool grace_running;
	uint64_t limbo_waiting; /* frames that wait for limbo_ticket */
	uint64_t limbo_ticket;
	struct vas *waiting; /* for grace periods; a ring, the tickets only rise */
	struct vas *active;  /* have steps to be done; a ring, they take turns */

	/* Written at boot only. */
	LINE uint64_t kernel_satp;
	struct hart *starting; /* the hart that boot waits for, or NULL */
	uint64_t top_shift;    /* of a root entry: 30 for Sv39, 39 for Sv48 */
	struct info *info;
	uint64_t user_top; /* first address above the user half */
	uint64_t satp_mode;
	uint64_t harts;
	uint64_t nodes;
	uint64_t asid_bits;
	uint64_t slice;              /* in ticks of `time` */
	uint64_t grace_gap;          /* likewise: least time between two grace periods */
	uint64_t image_pa;           /* where the image is loaded */
	struct vas *kernel_root;     /* what every root has in its upper half */
	uint64_t *init_leaves;       /* of what boot_discard gives away */
	struct executor *first;      /* its end is the machine's */
	volatile uint32_t *finisher; /* machine_stop's; NULL: there is none */
	uint64_t ram_ranges;
	uint64_t free_ranges;
	AT(0x800) struct hart *hart[HART_MAX];
	struct range ram[RAM_MAX];       /* what may never be mapped as device memory */
	struct range frames[RANGES_MAX]; /* what frame_alloc may give out */
};

_Static_assert(offsetof(struct hart, mcs_next) == HT_MCS_NEXT, "");
_Static_assert(offsetof(struct hart, mcs_held) == HT_MCS_HELD, "");
_Static_assert(offsetof(struct hart, stack_top) == HT_STACK, "");
_Static_assert(offsetof(struct hart, current) == HT_CURRENT, "");
_Static_assert(offsetof(struct hart, id) == HT_ID, "");
_Static_assert(offsetof(struct hart, sbi_id) == HT_SBI_ID, "");
_Static_assert(offsetof(struct hart, satp_unshared) == HT_SATP_UNSHARED, "");
_Static_assert(offsetof(struct hart, quiesced) == HT_QUIESCED, "");
_Static_assert(offsetof(struct hart, rq_tail) == HT_RQ_TAIL, "");
_Static_assert(offsetof(struct hart, tickless) == HT_TICKLESS, "");
_Static_assert(offsetof(struct hart, rq_head) == HT_RQ_HEAD, "");
_Static_assert(offsetof(struct hart, ring) == HT_RING, "");
_Static_assert(sizeof(struct hart) <= 4096, "a hart page is a page");
_Static_assert(offsetof(struct global, page_alloc_head) == GL_PAGE_ALLOC_HEAD, "");
_Static_assert(offsetof(struct global, page_alloc_tail) == GL_PAGE_ALLOC_TAIL, "");
_Static_assert(offsetof(struct global, sched_mcs_lock) == GL_SCHED_LOCK, "");
_Static_assert(offsetof(struct global, sched_head) == GL_SCHED_HEAD, "");
_Static_assert(offsetof(struct global, sched_tail) == GL_SCHED_TAIL, "");
_Static_assert(offsetof(struct global, idle) == GL_IDLE, "");
_Static_assert(offsetof(struct global, reclaim_events) == GL_RECLAIM_EVENTS, "");
_Static_assert(offsetof(struct global, reclaim_seen) == GL_RECLAIM_SEEN, "");
_Static_assert(offsetof(struct global, kernel_satp) == GL_KERNEL_SATP, "");
_Static_assert(offsetof(struct global, starting) == GL_STARTING, "");
_Static_assert(offsetof(struct global, top_shift) == GL_TOP_SHIFT, "");
_Static_assert(offsetof(struct global, info) == GL_INFO, "");
_Static_assert(offsetof(struct info, zero_bytes) == INFO_ZERO_BYTES, "");
_Static_assert(sizeof(struct global) <= 4096, "the global page is a page");

register struct global *global asm("gp");
register struct hart *this_hart asm("tp");

#endif
#endif

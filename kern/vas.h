/* SPDX-License-Identifier: MIT
 *
 * A virtual address space is exactly one page: its root page table.  Root
 * slots that neither users nor the kernel map hold the VAS's own words.  Bit 0
 * of each is clear at all times (counters step by VAS_ONE), so to hardware they
 * are invalid entries.
 */
#ifndef KERN_VAS_H
#define KERN_VAS_H

#include "atomic.h"
#include "frame.h"
#include "global.h"
#include "layout.h"
#include "machine.h"

#define VAS_ONE 2

/* flags */
#define VAS_DEVICE  0x2  /* may map device memory */
#define VAS_DYING   0x4  /* every call refuses it */
#define VAS_ZOMBIE  0x8  /* swept: only the page is left */
#define VAS_QUEUED  0x10 /* a zombie that the reclaimer is going to settle, or frees */
#define VAS_AWAITED 0x20 /* the reclaimer is to hear when runs is 0 */

struct vas {
	uint64_t user[SLOT_DIRECT];
	uint64_t direct[SLOT_WORDS - SLOT_DIRECT];
	/* The words. */
	uint64_t runs;  /* executors not STOPPED */
	uint64_t refs;  /* caps elsewhere on it or its executors, and keepers elsewhere */
	uint64_t avail; /* frames it may still be charged for */
	uint64_t used;  /* frames it is charged for; avail + used = its budget */
	uint64_t flags;
	uint64_t asid; /* << 1 */
	struct vas *payer;
	struct executor *executors; /* all it has; vas_mcs_lock */
	struct vas *children;       /* VASs it pays for; vas_mcs_lock */
	struct vas *sibling_next;   /* vas_mcs_lock, both */
	struct vas *sibling_prev;
	uint64_t code; /* exit code its executors are ended with, << 1 */
	uint64_t owes; /* steps that calls of its executors do for the reclaimer; a hint */
	struct vas *reclaim_next; /* doomed, or a list of the reclaimer */
	struct vas *reclaim_prev;
	/* The reclaimer's, while it is taken down. */
	struct vas *heir; /* payer, or one further up: where its budget goes */
	uint64_t phase;
	uint64_t ticket;
	uint64_t cursor;
	struct executor *walk;
	uint64_t harts[2]; /* that have run it: 63 a word, << 1 */
	uint64_t unused[SLOT_WINDOWS - SLOT_WORDS - 22];
	/* Upper half again. */
	uint64_t windows;
	uint64_t info;
	uint64_t vmemmap;
	uint64_t image;
};

_Static_assert(sizeof(struct vas) == 4096, "a VAS is a page");
_Static_assert(offsetof(struct vas, runs) == 8 * SLOT_WORDS, "");
_Static_assert(offsetof(struct vas, vmemmap) == 8 * SLOT_VMEMMAP, "");

/* An ASID that no VAS has, or 0. Under vas_mcs_lock. */
uint64_t asid_alloc(void);
/* Give a fresh root table the upper half that all have. */
void vas_share_kernel(struct vas *v);
/* A new one, with budget moved from payer to it; refs counts the caller's
 * cap.  NULL: out of budget. */
struct vas *vas_new(struct vas *payer, uint64_t budget);
/* Frames of budget, or false. */
static inline bool vas_charge(struct vas *v, uint64_t frames);
/* Some of what was charged is free again. */
static inline void vas_uncharge(struct vas *v, uint64_t frames);
/* A zombie has got some back, or lost its last name: the reclaimer is to look at it. */
void vas_settle(struct vas *v);
/* The reclaimer's: passes the budget on; the page may go. */
void vas_settled(struct vas *v);
static inline void vas_ref(struct vas *v);
void vas_unref(struct vas *v);
/* An executor of it has become STOPPED. */
void vas_unrun(struct vas *v);
/* Set DYING; the reclaimer ends its executors with this code, and the rest. */
void vas_kill(struct vas *v, int64_t code);
/* The reclaimer's: true if no executor lives; else reclaim_vas is called when
 * that is so. */
bool vas_await_end(struct vas *v);
/* The reclaimer's: swept, only the page is left. */
void vas_bury(struct vas *v);
/* The reclaimer's: NULL, or a VAS that v pays for, taken off its list. */
struct vas *vas_pop_child(struct vas *v);
/* This hart is about to run it. */
void vas_join(struct vas *v);
uint64_t vas_harts(struct vas *v);

/* Who is to do something for what v pays for: v, or who has its budget after it. */
static inline struct vas *vas_debtor(struct vas *v)
{
	return v != NULL && (atomic_load(&v->flags) & VAS_DYING) ? v->heir : v;
}

static inline uint64_t vas_asid(const struct vas *v)
{
	return v->asid >> 1;
}

/* Entries of these pages were changed: no TLB has what they were.  The caller orders the
 * change before the load of the mask, by an AMO with .aq or a full fence; pairs with
 * vas_join. */
static inline void vas_shootdown(struct vas *v, uint64_t va, uint64_t pages)
{
	tlb_shootdown(vas_harts(v), vas_asid(v), va, pages);
}

static inline void vas_ref(struct vas *v)
{
	/* Acquire: who copies a cap reads it again after this; pairs with the release in
	 * vas_unref. */
	atomic_add(&v->refs, VAS_ONE);
}

static inline bool vas_charge(struct vas *v, uint64_t frames)
{
	uint64_t avail = atomic_load(&v->avail);

	do
		if (avail / VAS_ONE < frames)
			return false;
	while (!atomic_cas(&v->avail, &avail, avail - frames * VAS_ONE));
	atomic_add_relaxed(&v->used, frames * VAS_ONE);
	return true;
}

static inline void vas_uncharge(struct vas *v, uint64_t frames)
{
	/* Counts -> flags, by .aq; pairs with vas_bury: either the one sees the zombie, or
	 * the other the counts. */
	atomic_add(&v->avail, frames * VAS_ONE);
	atomic_sub(&v->used, frames * VAS_ONE);
	if (atomic_load(&v->flags) & VAS_ZOMBIE)
		vas_settle(v);
}

static inline bool vas_dying(const struct vas *v)
{
	return atomic_load_acquire(&v->flags) & VAS_DYING;
}

#endif

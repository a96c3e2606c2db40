/* SPDX-License-Identifier: MIT
 *
 * Address spaces: creation, budgets, who still needs them, and the end.
 *
 * A VAS is taken down (vas_kill) when it is told so, or when no executor of it
 * lives and nobody outside can reach one.  The reclaimer sweeps it; then it is
 * a zombie, a page that every call refuses, until what it paid for is freed
 * and nothing names it.  What budget it has or gets back goes to its payer.
 */
#include "vas.h"
#include "atomic.h"
#include "boot.h"
#include "machine.h"
#include "reclaim.h"

#include <hartleaf/leaf.h>

#define ASID_MAX_BITS  16
#define HARTS_PER_WORD 63
#define HEIRS          16 /* a step */

/* vas_mcs_lock. ASID 0 is the kernel's, and shared by all that get none. */
static uint64_t asid_used[1 << (ASID_MAX_BITS - 6)];

static void asid_free(uint64_t asid)
{
	/* Harts flush when they join its next owner (vas_join). */
	if (asid != 0)
		asid_used[asid / 64] &= ~(1UL << asid % 64);
}

uint64_t asid_alloc(void)
{
	uint64_t count = 1UL << global->asid_bits;

	asid_used[0] |= 1;
	for (uint64_t asid = 0; asid < count; asid += 64) {
		uint64_t used = asid_used[asid / 64], bit = ~used & (used + 1);
		if (bit == 0)
			continue;
		asid_used[asid / 64] |= bit;
		while ((bit >>= 1) != 0)
			asid++;
		if (asid < count)
			return asid;
		asid_free(asid);
	}
	return 0;
}

void vas_share_kernel(struct vas *v)
{
	struct vas *k = global->kernel_root;

	for (unsigned i = 0; i < SLOT_WORDS - SLOT_DIRECT; i++)
		v->direct[i] = k->direct[i];
	v->vmemmap = k->vmemmap;
	v->info = k->info;
	v->windows = k->windows;
	v->image = k->image;
}

struct vas *vas_new(struct vas *payer, uint64_t budget)
{
	if (budget >= 1UL << 52)
		return NULL;
	uint64_t frame = frame_alloc(FRAME_VAS, payer);
	if (frame == 0)
		return NULL;
	uint64_t avail = atomic_load(&payer->avail);
	do
		if (avail / VAS_ONE < budget) {
			frame_free(frame);
			return NULL;
		}
	while (!atomic_cas(&payer->avail, &avail, avail - budget * VAS_ONE));

	struct vas *v = direct(frame << PAGE_SHIFT);
	vas_share_kernel(v);
	v->refs = VAS_ONE;
	v->avail = budget * VAS_ONE;
	v->payer = payer;
	v->heir = payer; /* there is one from now on; see vas_kill */
	mcs_lock(&global->vas_mcs_lock);
	v->asid = asid_alloc() << 1;
	v->sibling_next = payer->children;
	if (payer->children != NULL)
		payer->children->sibling_prev = v;
	payer->children = v;
	mcs_unlock(&global->vas_mcs_lock);
	return v;
}

static void unlink_child(struct vas *v)
{
	struct vas *next = v->sibling_next, *prev = v->sibling_prev;

	if (prev != NULL)
		prev->sibling_next = next;
	else if (v->payer->children == v)
		v->payer->children = next;
	if (next != NULL)
		next->sibling_prev = prev;
	v->sibling_next = v->sibling_prev = NULL;
}

void vas_settle(struct vas *v)
{
	/* QUEUED already: the reclaimer takes that flag away before it reads the counts, which
	 * the caller has changed before. */
	if (!(atomic_load(&v->flags) & VAS_QUEUED) &&
	    !(atomic_or(&v->flags, VAS_QUEUED) & VAS_QUEUED))
		reclaim_vas(v);
}

/* A zombie keeps no budget, nor does its payer if that is one as well.  Whoever is found to
 * live takes all; else it waits some way up for another step, and the way gets shorter.
 * Those on it stay: the page of each is paid for by the next. */
static void pass_budget_on(struct vas *v)
{
	struct vas *heir = v->heir;
	uint64_t avail = atomic_swap(&v->avail, 0);

	if (avail == 0 || heir == NULL)
		return;
	for (unsigned n = 0; n < HEIRS && (atomic_load(&heir->flags) & VAS_ZOMBIE); n++)
		heir = heir->heir;
	v->heir = heir;
	atomic_add(&heir->avail, avail);
	if (atomic_load(&heir->flags) & VAS_ZOMBIE)
		vas_settle(heir);
}

void vas_settled(struct vas *v)
{
	/* Flag -> counts, by .aq; pairs with vas_settle. */
	atomic_and(&v->flags, ~(uint64_t)VAS_QUEUED);
	bool unused = atomic_load(&v->used) == 0 && atomic_load(&v->refs) == 0;
	pass_budget_on(v);
	/* Nothing is left of it but the page, and nothing names that.  Who still meant to
	 * queue it finds the flag; or has, and then it comes again. */
	if (!unused || (atomic_or(&v->flags, VAS_QUEUED) & VAS_QUEUED))
		return;
	mcs_lock(&global->vas_mcs_lock);
	asid_free(vas_asid(v));
	unlink_child(v);
	mcs_unlock(&global->vas_mcs_lock);
	reclaim_defer(physical(v) >> PAGE_SHIFT);
}

void vas_bury(struct vas *v)
{
	/* Flag -> counts, by .aq; pairs with vas_uncharge and vas_unref. */
	atomic_or(&v->flags, VAS_ZOMBIE);
	vas_settle(v);
}

void vas_kill(struct vas *v, int64_t code)
{
	/* Two that kill it at once may each have their code; only one counts. */
	atomic_store(&v->code, (uint64_t)code << 1);
	if (atomic_or(&v->flags, VAS_DYING) & VAS_DYING)
		return;
	v->heir = vas_debtor(v->payer);
	reclaim_vas(v);
}

/* Own count, taken down by an AMO with .aq -> the other one: whoever is last sees both
 * gone. */
static void kill_if_unused(struct vas *v)
{
	if (atomic_load(&v->runs) != 0 || atomic_load(&v->refs) != 0)
		return;
	if (!vas_dying(v))
		vas_kill(v, 0);
	else if (atomic_load(&v->flags) & VAS_ZOMBIE)
		vas_settle(v);
}

void vas_unref(struct vas *v)
{
	if (atomic_sub(&v->refs, VAS_ONE) == VAS_ONE)
		kill_if_unused(v);
}

void vas_unrun(struct vas *v)
{
	if (atomic_sub(&v->runs, VAS_ONE) != VAS_ONE)
		return;
	/* Count -> flag, by .aq; pairs with vas_await_end. */
	if (atomic_load(&v->flags) & VAS_AWAITED) {
		if (atomic_and(&v->flags, ~(uint64_t)VAS_AWAITED) & VAS_AWAITED)
			reclaim_vas(v);
		return;
	}
	kill_if_unused(v);
}

bool vas_await_end(struct vas *v)
{
	/* Flag -> count, by .aq; pairs with vas_unrun. */
	atomic_or(&v->flags, VAS_AWAITED);
	/* Who takes the flag away goes on with v: we, or the last executor. */
	return atomic_load(&v->runs) == 0 &&
	       (atomic_and(&v->flags, ~(uint64_t)VAS_AWAITED) & VAS_AWAITED);
}

struct vas *vas_pop_child(struct vas *v)
{
	mcs_lock(&global->vas_mcs_lock);
	struct vas *child = v->children;
	if (child != NULL)
		unlink_child(child);
	mcs_unlock(&global->vas_mcs_lock);
	return child;
}

uint64_t vas_harts(struct vas *v)
{
	uint64_t low = atomic_load(&v->harts[0]) >> 1, high = atomic_load(&v->harts[1]) >> 1;
	return low | high << HARTS_PER_WORD;
}

void vas_join(struct vas *v)
{
	bool high = this_hart->id >= HARTS_PER_WORD;
	uint64_t *word = &v->harts[high];
	uint64_t bit = 2UL << (this_hart->id - (high ? HARTS_PER_WORD : 0));

	if (atomic_load(word) & bit)
		return;
	/* Store of the bit -> page walks, by .aq and the fence of translations; pairs with
	 * what unmapping has between clearing the entry and reading the mask. */
	atomic_or(word, bit);
	tlb_forget_space(vas_asid(v));
	code_sync(0);
}

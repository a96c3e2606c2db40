/* SPDX-License-Identifier: MIT
 *
 * Executor life.  The state word changes by LR/SC, CAS or AMO; see
 * executor.h for who may do what.  The fast halves of park, wake and dispatch
 * are in arch/.
 */
#include "executor.h"
#include "atomic.h"
#include "check.h"
#include "frame.h"
#include "machine.h"
#include "panic.h"
#include "reclaim.h"
#include "sched.h"
#include "timer.h"
#include "vas.h"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

#define REG_SP 1 /* x[n - 1] is xn */
#define REG_T0 4
#define REG_A0 9

uint64_t executor_frame(const struct executor *ex)
{
	return physical(ex) >> PAGE_SHIFT;
}

/* The colour follows from the frame, so that a leaf tells the base. */
struct executor *executor_at(uint64_t frame)
{
	return direct(frame << PAGE_SHIFT | (frame & (COLOURS - 1)) << COLOUR_SHIFT);
}

bool executor_get(struct executor *ex)
{
	uint64_t refs = atomic_load(&ex->refs);
	do
		if (refs == 0)
			return false;
	while (!atomic_cas(&ex->refs, &refs, refs + 1));
	return true;
}

void executor_put(struct executor *ex)
{
	if (atomic_sub(&ex->refs, 1) == 1)
		reclaim_defer(executor_frame(ex));
}

static void clear_registers(struct executor *ex)
{
	ex->pc = 0;
	for (unsigned i = 0; i < sizeof(ex->x) / sizeof(ex->x[0]); i++)
		ex->x[i] = 0;
	ex->fcsr = 0;
	for (unsigned i = 0; i < sizeof(ex->f) / sizeof(ex->f[0]); i++)
		ex->f[i] = 0;
}

struct executor *executor_new(struct vas *v)
{
	uint64_t frame = frame_alloc(FRAME_EXECUTOR, v);
	if (frame == 0)
		return NULL;
	struct executor *ex = executor_at(frame);
	uint64_t *page = direct(frame << PAGE_SHIFT);
	page[EX_PAGE_COLOUR / sizeof(*page)] = (uint64_t)ex & (PAGE_SIZE - 1);
	ex->vas = v;
	ex->satp = global->satp_mode << SATP_MODE_SHIFT | vas_asid(v) << SATP_ASID_SHIFT |
		   physical(v) >> PAGE_SHIFT;
	ex->state = EX_STOPPED;
	ex->affinity = EX_HART_ANY;
	mcs_lock(&global->vas_mcs_lock);
	ex->list_next = v->executors;
	if (ex->list_next != NULL)
		ex->list_next->list_prev = ex;
	v->executors = ex;
	mcs_unlock(&global->vas_mcs_lock);
	/* Release: all of it before somebody can name it. */
	atomic_store_release(&ex->refs, 1);
	return ex;
}

void executor_retire(struct executor *ex)
{
	struct vas *v = ex->vas;

	mcs_lock(&global->vas_mcs_lock);
	/* Under the lock: whoever is made meanwhile comes before the first. */
	struct executor *next = ex->list_next, *prev = ex->list_prev;
	if (prev != NULL)
		prev->list_next = next;
	else
		v->executors = next;
	if (next != NULL)
		next->list_prev = prev;
	mcs_unlock(&global->vas_mcs_lock);
	/* The reclaimer, who calls this, may be on its way along the list. */
	if (v->walk == ex)
		v->walk = next;
	frame_free(executor_frame(ex));
}

bool executor_claim(struct executor *ex)
{
	uint64_t state = atomic_load(&ex->state), next;
	do {
		next = state;
		if ((state & EX_LIFE) == EX_PARKED)
			next &= ~(uint64_t)(EX_LIFE | EX_TIMED);
		else if ((state & EX_LIFE) != EX_STOPPED)
			next |= EX_TOKEN;
		/* Release: what was stored before the wake is seen by the woken, or by
		 * who starts the stopped one next. */
	} while (!atomic_cas(&ex->state, &state, next));
	return (state & EX_LIFE) == EX_PARKED;
}

/* The same without leaving a token. With `keep` among the flags it can be given
 * back as it was. */
static bool claim_parked(struct executor *ex, uint64_t keep)
{
	uint64_t state = atomic_load(&ex->state);
	do
		if ((state & EX_LIFE) != EX_PARKED)
			return false;
	while (!atomic_cas(&ex->state, &state, state & (EX_FP | keep)));
	return true;
}

void executor_give_back(struct executor *ex)
{
	uint64_t state = atomic_load(&ex->state);
	do
		if (state & ~(uint64_t)(EX_FP | EX_TIMED)) {
			/* woken, or to be stopped: it runs */
			atomic_and(&ex->state, ~(uint64_t)EX_TIMED);
			sched_enqueue(ex);
			return;
		}
	while (!atomic_cas(&ex->state, &state, state | EX_PARKED));
}

/* The caller owns ex: when it runs it finds these in a0.. and 0 elsewhere. */
static void give_words(struct executor *ex, const uint64_t *words, unsigned n)
{
	for (unsigned i = 0; i < 8; i++)
		ex->x[REG_A0 + i] = i < n ? words[i] : 0;
	/* t0-t2 and t3-t6 */
	for (unsigned i = 0; i < 3; i++)
		ex->x[4 + i] = 0;
	for (unsigned i = 0; i < 4; i++)
		ex->x[27 + i] = 0;
	atomic_or(&ex->state, EX_FULL);
}

void executor_give_result(struct executor *ex, int64_t result)
{
	give_words(ex, (uint64_t *)&result, 1);
}

/* Tell the keeper of ex.  Returns it if that made it ready: it is the
 * caller's then. */
static struct executor *tell(struct executor *keeper, uint64_t badge, uint64_t kind, uint64_t a3,
			     uint64_t a4, uint64_t a5)
{
	uint64_t words[] = {0, badge, kind, a3, a4, a5};

	/* One that ends right after this look keeps the badge for its next life,
	 * which is spurious and does no harm. */
	if (keeper == NULL || (atomic_load(&keeper->state) & EX_LIFE) == EX_STOPPED)
		return NULL;
	if (claim_parked(keeper, 0)) {
		give_words(keeper, words, 6);
		return keeper;
	}
	atomic_or(&keeper->pending, badge);
	if (!executor_claim(keeper))
		return NULL;
	words[1] = atomic_swap(&keeper->pending, 0);
	give_words(keeper, words, 2);
	return keeper;
}

static void drop_keeper(struct executor *keeper, struct vas *v)
{
	if (keeper == NULL)
		return;
	if (keeper->vas != v)
		vas_unref(keeper->vas);
	executor_put(keeper);
}

struct executor *executor_end(struct executor *ex, int64_t code)
{
	struct executor *keeper = ex->keeper, *next;
	struct vas *v = ex->vas;
	uint64_t badge = ex->badge;

	if (ex == global->first) {
		check_machine();
		machine_stop(code != 0);
	}
	ex->keeper = NULL;
	ex->badge = 0;
	timer_forget(ex);
	/* Here, not at the next start, which may come after the next tidings. */
	atomic_store(&ex->pending, 0);
	atomic_store(&ex->exit, code);
	/* Release: the code is there when the state says STOPPED. */
	atomic_swap(&ex->state, EX_STOPPED);
	next = tell(keeper, badge, TELL_ENDED, code, 0, 0);
	drop_keeper(keeper, v);
	vas_unrun(v);
	executor_put(ex);
	return next;
}

_Noreturn static void run_or_dispatch(struct executor *ex)
{
	/* Not here: this hart may still use a space that is to go. */
	if (reclaim_wanted())
		sched_relay();
	if (ex == NULL)
		dispatch();
	if (sched_adopt(ex))
		dispatch_to(ex);
	sched_enqueue(ex);
	dispatch();
}

_Noreturn void executor_end_self(int64_t code)
{
	run_or_dispatch(executor_end(this_hart->current, code));
}

_Noreturn void executor_end_asked(struct executor *ex)
{
	/* State -> code; pairs with the release in executor_stop. */
	fence_acquire();
	run_or_dispatch(executor_end(ex, atomic_load(&ex->stop_code)));
}

int64_t executor_stop(struct executor *ex, int64_t code)
{
	uint64_t state = atomic_load(&ex->state);
	struct executor *keeper;

	for (;;) {
		switch (state & EX_LIFE) {
		case EX_STOPPED:
			/* State -> all that the ended one has done; pairs with the
			 * release in executor_end. */
			fence_acquire();
			return 0;
		case EX_READY:
			/* Who asked first sends the interrupt, and nobody else does. */
			if (state & EX_STOPREQ)
				return 1;
			/* With two that ask at once either code may be the one. */
			atomic_store(&ex->stop_code, code);
			if (!atomic_cas(&ex->state, &state, state | EX_STOPREQ))
				continue;
			/* Store of STOPREQ -> load of the hart; pairs with the fence
			 * between store of the hart and load of the state where a
			 * hart takes an executor that ran elsewhere. */
			fence_full();
			struct hart *hart = atomic_load(&ex->hart);
			if (hart != NULL && hart != this_hart)
				hart_interrupt(1UL << hart->id);
			return 1;
		default:
			if (!atomic_cas(&ex->state, &state, EX_READY))
				continue;
			keeper = executor_end(ex, code);
			if (keeper != NULL)
				sched_enqueue(keeper);
			return 0;
		}
	}
}

int64_t executor_start(struct executor *ex, uint64_t pc, uint64_t sp, uint64_t arg,
		       struct executor *keeper, uint64_t flags)
{
	struct vas *v = ex->vas;
	bool resume = flags & START_RESUME;
	uint64_t life = resume ? EX_FAULTED : EX_STOPPED, state = atomic_load(&ex->state);

	if (keeper != NULL) {
		if (!executor_get(keeper))
			return -HL_EBADF;
		if (keeper->vas != v)
			vas_ref(keeper->vas);
	}
	/* A live executor counts itself, and in its VAS; both before it lives. */
	bool counted = resume || executor_get(ex);
	if (!resume)
		/* Count -> flag, by .aq; pairs with the grace period after DYING is set. */
		atomic_add(&v->runs, VAS_ONE);
	int64_t error = vas_dying(v) ? -HL_ESRCH : counted ? 0 : -HL_EBADF;
	uint64_t fp = flags & START_FP ? EX_FP : 0;
	while (error == 0) {
		uint64_t kept = resume ? state & (EX_TOKEN | EX_FP) : 0;
		if ((state & EX_LIFE) != life)
			error = -HL_EBUSY;
		else if (atomic_cas(&ex->state, &state, EX_FULL | fp | kept))
			break;
	}
	if (error != 0) {
		drop_keeper(keeper, v);
		if (!resume)
			vas_unrun(v);
		if (!resume && counted)
			executor_put(ex);
		return error;
	}
	/* Owned from here on. */
	if (flags & START_SET_KEEPER) {
		drop_keeper(ex->keeper, v);
		ex->keeper = keeper;
		ex->badge = flags >> START_BADGE_SHIFT;
	}
	if (!resume) {
		clear_registers(ex);
		ex->x[REG_SP] = sp;
		ex->x[REG_A0] = arg;
		ex->pc = pc;
	} else if (pc != 0) {
		ex->pc = pc;
	}
	if (flags & START_SET_AFFINITY)
		ex->affinity = flags >> START_HART_SHIFT & START_HART_ANY;
	sched_enqueue(ex);
	return 0;
}

void executor_use_fp(struct executor *ex)
{
	if (atomic_or(&ex->state, EX_FP) & EX_FP)
		return;
	/* All 0 since its start. */
	fp_begin(ex);
}

/* The current executor, its frame saved, meant to park and met flags in its
 * state.  If it has claimed `next` to swap to, that goes back. */
struct result executor_park_special(struct executor *ex, struct executor *next)
{
	if (next != NULL)
		executor_give_back(next);
	uint64_t state = atomic_and(&ex->state, ~(uint64_t)(EX_TOKEN | EX_TIMED));
	if (state & EX_STOPREQ)
		executor_end_asked(ex);
	/* The and is an acquire: pairs with the wake that left the token.  What a
	 * keeper was told goes with the token, whatever the park was for. */
	return (struct result){next != NULL ? -HL_EAGAIN : 0, atomic_swap(&ex->pending, 0)};
}

struct result executor_park_until(struct executor *ex, uint64_t next_handle, uint64_t w0,
				  uint64_t w1, uint64_t w2, uint64_t w3)
{
	uint64_t words[] = {0, ex->hc_value >> LEAF_BADGE_SHIFT, w0, w1, w2, w3};
	struct executor *next = NULL;
	uint64_t state = atomic_load(&ex->state);

	if (next_handle != 0)
		next = (void *)((char *)ex->hc_state - offsetof(struct executor, state));
	else if (state & EX_TOKEN)
		return executor_park_special(ex, NULL);
	atomic_store(&ex->deadline, ex->x[REG_T0]);
	if (ex->deadline <= hart_time())
		return (struct result){-HL_ETIMEDOUT, 0};
	if (next != NULL && (!claim_parked(next, EX_TIMED) || !sched_accept(next)))
		return (struct result){-HL_EBUSY, 0};
	fp_keep(ex);
	timer_set(ex);
	state = atomic_load(&ex->state);
	/* Release: the frame; pairs with the acquire of the claims. */
	do
		if (state & (EX_TOKEN | EX_STOPREQ))
			return executor_park_special(ex, next);
	while (!atomic_cas(&ex->state, &state, state | EX_PARKED));
	if (next == NULL)
		dispatch();
	give_words(next, words, 6);
	dispatch_to(next);
}

void executor_fault(struct executor *ex, uint64_t cause, uint64_t addr)
{
	struct executor *keeper = ex->keeper;
	uint64_t badge = ex->badge, pc = ex->pc, state = atomic_load(&ex->state);

	atomic_store(&ex->scause, cause);
	atomic_store(&ex->stval, addr);
	if (ex == global->first)
		panic_first(ex);
	fp_keep(ex);
	do
		if (state & EX_STOPREQ)
			executor_end_asked(ex);
	while (!atomic_cas(&ex->state, &state, (state & (EX_TOKEN | EX_FP)) | EX_FAULTED));
	/* Not ours any more. A stop elsewhere may drop the keeper meanwhile, but
	 * its page stays while this hart is in the kernel. */
	run_or_dispatch(tell(keeper, badge, TELL_FAULT, cause, addr, pc));
}

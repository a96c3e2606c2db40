/* SPDX-License-Identifier: MIT
 *
 * Calls that arrive in C: map, start, stop, and what the fast paths leave over.
 * Interrupts and faults from user mode as well.
 */
#include "call.h"
#include "atomic.h"
#include "machine.h"
#include "reclaim.h"
#include "sched.h"
#include "table.h"
#include "vas.h"

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

#define CALL_NUMBER 0xff
#define START_KNOWN (START_RESUME | START_FP | START_SET_KEEPER | START_SET_AFFINITY)
#define START_FLAGS 0xff

/* Causes; privileged spec, "scause". */
#define CAUSE_INTERRUPT   (1UL << 63)
#define CAUSE_TIMER       (CAUSE_INTERRUPT | 5)
#define CAUSE_FETCH_FAULT 12
#define CAUSE_LOAD_FAULT  13
#define CAUSE_STORE_FAULT 15

static int64_t call_start(struct executor *self, uint64_t handle, uint64_t pc, uint64_t sp,
			  uint64_t arg, uint64_t keeper_handle, uint64_t flags, uint64_t block)
{
	struct executor *ex = self, *keeper = NULL;
	unsigned rights = MAP_RIGHTS;
	int error;

	if ((flags & START_FLAGS & ~(uint64_t)START_KNOWN) || block != 0 || (pc & 1))
		return -HL_EINVAL;
	uint64_t hart = flags >> START_HART_SHIFT & START_HART_ANY;
	if (flags & START_SET_AFFINITY ? hart >= global->harts && hart != START_HART_ANY
				       : hart != 0)
		return -HL_EINVAL;
	if ((flags & START_FP) && !(global->info->isa & INFO_ISA_D))
		return -HL_EINVAL;
	if (!(flags & START_SET_KEEPER) && (keeper_handle != 0 || flags >> START_BADGE_SHIFT))
		return -HL_EINVAL;
	if ((flags & START_RESUME) && (sp != 0 || arg != 0))
		return -HL_EINVAL;
	if (handle != 0 && (error = handle_executor(self->vas, handle, &ex, &rights)) != 0)
		return error;
	if (!(rights & MAP_W))
		return -HL_EPERM;
	if (keeper_handle != 0) {
		if ((error = handle_executor(self->vas, keeper_handle, &keeper, &rights)) != 0)
			return error;
		if (!(rights & MAP_X))
			return -HL_EPERM;
		if (keeper == ex)
			return -HL_EINVAL;
	}
	if (ex == self && flags == (START_RESUME | START_FP) && pc == 0) {
		executor_use_fp(self);
		return 0;
	}
	if (vas_dying(self->vas))
		return -HL_ESRCH;
	return executor_start(ex, pc, sp, arg, keeper, flags);
}

static int64_t stop_vas(struct executor *self, uint64_t handle, int64_t code)
{
	struct vas *v = self->vas;
	unsigned rights;

	if (handle != 0) {
		int error = handle_vas(self->vas, handle, &v, &rights);
		if (error != 0)
			return error;
		if (!(rights & MAP_W))
			return -HL_EPERM;
	}
	vas_kill(v, code);
	if (v == self->vas)
		executor_end_self(code);
	/* Before the step, which may be the last that v is good for. */
	bool down = atomic_load(&v->flags) & VAS_ZOMBIE;
	/* Who waits for it does its work. */
	reclaim_poll(v);
	return down ? 0 : -HL_EAGAIN;
}

static int64_t call_stop(struct executor *self, uint64_t handle, int64_t code, uint64_t flags)
{
	struct executor *ex;
	unsigned rights;

	if (flags == STOP_VAS && handle == 0)
		return stop_vas(self, 0, code);
	if (flags != 0)
		return -HL_EINVAL;
	if (handle == 0)
		executor_end_self(code);
	if (handle_executor(self->vas, handle, &ex, &rights) != 0)
		return stop_vas(self, handle, code);
	if (!(rights & MAP_W))
		return -HL_EPERM;
	if (ex == self)
		executor_end_self(code);
	return executor_stop(ex, code);
}

int64_t call_c(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
	       uint64_t a6, uint64_t a7)
{
	struct executor *self = this_hart->current;
	uint64_t number = a7 & CALL_NUMBER, flags = a7 & ~(uint64_t)CALL_NUMBER;

	if (number > CALL_STOP)
		return -HL_ENOSYS;
	if (number == CALL_STOP)
		return call_stop(self, a0, a1, flags);
	if (flags != 0)
		return -HL_EINVAL;
	if (number == CALL_START)
		return call_start(self, a0, a1, a2, a3, a4, a5, a6);
	return executor_claim(self); /* wake(0): a token for myself */
}

int64_t call_end(int64_t result)
{
	struct executor *self = this_hart->current;
	struct vas *v = self->vas;

	/* Work of strangers is left to who has nothing better to do, or else to the tick. */
	uint64_t owes = atomic_load(&v->owes);
	if (owes != 0 || result == -HL_ENOMEM) {
		atomic_store(&v->owes, owes != 0 ? owes - VAS_ONE : 0);
		reclaim_poll(NULL);
	} else if (reclaim_wanted()) {
		sched_relay();
	}
	/* The step may have asked this very executor to end: no interrupt then. */
	if (atomic_load(&self->state) & EX_STOPREQ)
		executor_end_asked(self);
	return result;
}

/* The tables allow by now what faulted: another hart has just changed them, or
 * this one's TLB remembered their being empty. */
static bool allowed_now(struct executor *ex, uint64_t cause, uint64_t addr)
{
	uint64_t need = cause == CAUSE_FETCH_FAULT   ? LEAF_X
			: cause == CAUSE_LOAD_FAULT  ? LEAF_R
			: cause == CAUSE_STORE_FAULT ? LEAF_W
						     : 0;
	uint64_t *entry = need != 0 ? table_find(ex->vas, addr, PAGE_SHIFT) : NULL, leaf, used;

	if (entry == TABLE_BLOCKED)
		entry = table_find(ex->vas, addr, LARGE_SHIFT);
	if (entry == NULL)
		return false;
	need |= LEAF_V | LEAF_U;
	used = need & LEAF_W ? LEAF_A | LEAF_D : LEAF_A;
	leaf = atomic_load(entry);
	do
		if ((leaf & need) != need)
			return false;
	/* Hardware may leave it to us to note the use. */
	while ((leaf & used) != used && !atomic_cas(entry, &leaf, leaf | used));
	return true;
}

void trap_user(struct executor *ex, uint64_t cause, uint64_t addr)
{
	if (cause & CAUSE_INTERRUPT) {
		sched_interrupt(ex, cause == CAUSE_TIMER);
		return;
	}
	/* A TLB may remember that a walk failed.  So this one forgets that in either case:
	 * whoever mends the fault, map fences nothing for who goes on afterwards. */
	if (!allowed_now(ex, cause, addr)) {
		tlb_forget(addr);
		executor_fault(ex, cause, addr);
		return;
	}
	/* All: what it remembers may be an entry above the lowest level, and a fence of one
	 * address is for that level only. */
	tlb_forget_space(vas_asid(ex->vas));
	if (cause == CAUSE_FETCH_FAULT)
		code_sync(0);
}

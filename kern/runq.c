/* SPDX-License-Identifier: MIT */
#include "runq.h"

#include <hartleaf/executor.h>

struct executor *runq_take(void)
{
	uint64_t head = atomic_load(&this_hart->rq_head);

	do {
		if (head == this_hart->rq_tail)
			return NULL;
		/* Release: who sees this head sees the tail; pairs with the acquire in
		 * runq_steal and work_waits. */
	} while (!atomic_cas(&this_hart->rq_head, &head, head + RQ_STEP));
	/* Only the owner, which is here, fills a slot anew. */
	return *runq_slot(this_hart, head);
}

struct executor *runq_steal(struct hart *victim, uint64_t *rest)
{
	uint64_t head = atomic_load_acquire(&victim->rq_head), to = this_hart->rq_tail, n;
	/* After the head, so that it isn't below it: who takes what it has just pushed
	 * releases the tail with the head.  Acquire: slots and executors as they were pushed;
	 * pairs with runq_publish and the fences of yield and wake. */
	uint64_t tail = atomic_load_acquire(&victim->rq_tail);
	uint64_t want = (tail - head + RQ_STEP) / (2 * RQ_STEP);
	struct executor *first = NULL;

	if (want == 0)
		return NULL;
	if (want > RQ_FULL / RQ_STEP / 2)
		want = RQ_FULL / RQ_STEP / 2;
	/* If others take them meanwhile, these may be running or gone by now; they are still
	 * executors as long as this hart is here. */
	for (n = 0; n < want; n++) {
		struct executor *ex = *runq_slot(victim, head + n * RQ_STEP);
		if (atomic_load(&ex->affinity) != EX_HART_ANY)
			break;
		if (n == 0)
			first = ex;
		else
			*runq_slot(this_hart, to + (n - 1) * RQ_STEP) = ex;
	}
	if (n == 0) {
		this_hart->blocked |= 1UL << victim->id;
		return NULL;
	}
	/* Release: the slots have been read before the victim may fill them anew; pairs with
	 * the branch on its head where it looks for room.  Who was late looks elsewhere. */
	if (!atomic_cas(&victim->rq_head, &head, head + n * RQ_STEP))
		return NULL;
	*rest = n - 1;
	return first;
}

/* SPDX-License-Identifier: MIT */
#include "queue.h"
#include "atomic.h"
#include "machine.h"
#include "runq.h"
#include "sched.h"

void queue_send(struct hart *to, struct executor *ex)
{
	struct executor *first = atomic_load(&to->inbox);

	do
		ex->next = first;
	/* Release: ex and its link; pairs with the acquire of the swap in queue_drain. */
	while (!atomic_cas(&to->inbox, &first, ex));
	/* Who finds others there leaves it to the interrupt that the first of them
	 * was sent with: it isn't cleared before all are taken. */
	if (first == NULL)
		hart_interrupt(1UL << to->id);
}

void queue_behind(struct executor *ex)
{
	ex->next = NULL;
	if (this_hart->backlog_first == NULL)
		this_hart->backlog_first = ex;
	else
		this_hart->backlog_last->next = ex;
	this_hart->backlog_last = ex;
}

bool queue_drain(void)
{
	struct executor *ex, *next, *list = NULL;
	uint64_t tail = this_hart->rq_tail;

	if (atomic_load(&this_hart->inbox) != NULL)
		for (ex = atomic_swap(&this_hart->inbox, NULL); ex != NULL; ex = next) {
			next = ex->next;
			ex->next = list;
			list = ex;
		}
	for (; list != NULL; list = next) {
		next = list->next;
		queue_behind(list);
	}
	while ((ex = this_hart->backlog_first) != NULL && !runq_full()) {
		this_hart->backlog_first = ex->next;
		sched_adopt(ex);
		runq_push(ex);
	}
	return this_hart->rq_tail != tail;
}

struct executor *queue_fifo(struct executor *first, struct executor *last, uint64_t n)
{
	struct executor *out, *end = NULL;

	mcs_lock(&global->sched_mcs_lock);
	if (first != NULL) {
		if (global->sched_head == NULL)
			atomic_store(&global->sched_head, first);
		else
			global->sched_tail->next = first;
		global->sched_tail = last;
	}
	out = global->sched_head;
	for (struct executor *ex = out; ex != NULL && n != 0; ex = ex->next, n--)
		end = ex;
	if (end != NULL) {
		atomic_store(&global->sched_head, end->next);
		end->next = NULL;
	}
	mcs_unlock(&global->sched_mcs_lock);
	return end != NULL ? out : NULL;
}

void queue_exchange(uint64_t out, uint64_t in)
{
	struct executor *ex, *first = NULL, *last = NULL;

	for (; out != 0 && (ex = runq_take()) != NULL; out--) {
		if (ex->affinity != EX_HART_ANY) {
			queue_behind(ex);
			continue;
		}
		ex->next = NULL;
		if (first == NULL)
			first = ex;
		else
			last->next = ex;
		last = ex;
	}
	if (first == NULL && !queue_fifo_waits())
		return; /* nothing to take the lock for */
	for (ex = queue_fifo(first, last, in); ex != NULL; ex = first) {
		first = ex->next;
		sched_adopt(ex);
		runq_push(ex);
	}
}

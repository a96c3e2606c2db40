/* SPDX-License-Identifier: MIT */
#include "waiter.h"

_Thread_local bool rt_told;

void waiter_init(struct hl_waiter *w, struct hl_mutex *m)
{
	atomic_store_explicit(&w->go, WAIT, memory_order_relaxed);
	w->handle = hl_self();
	w->next = NULL;
	w->mutex = m;
}

uint64_t waiter_wait(struct hl_waiter *w)
{
	uint64_t go;
	struct hl_words got;

	/* acquire: pairs with the release in waiter_release */
	while ((go = atomic_load_explicit(&w->go, memory_order_acquire)) == WAIT) {
		got = sys_park_full(&w->go, WAIT, 0, HL_SELF, 0, 0, 0, 0);
		/* A keeper is told in whatever park it is: not to be lost. */
		if (got.badge | got.w[0])
			rt_told = true;
	}
	return go;
}

uint64_t waiter_wait_until(struct hl_waiter *w, uint64_t deadline)
{
	uint64_t go;
	struct hl_words got = {0};

	while ((go = atomic_load_explicit(&w->go, memory_order_acquire)) == WAIT &&
	       got.result != -HL_ETIMEDOUT) {
		got = sys_park_full_until(&w->go, WAIT, 0, deadline, HL_SELF, 0, 0, 0, 0);
		if (got.badge | got.w[0])
			rt_told = true;
	}
	return go;
}

void waiter_release(struct hl_waiter *w, uint64_t how)
{
	hl_handle handle = w->handle;

	/* release: what we did is seen by who comes back from waiter_wait.  The
	 * node is gone after it. */
	atomic_store_explicit(&w->go, how, memory_order_release);
	sys_wake(handle);
}

void queue_put(struct hl_waiter **head, struct hl_waiter **tail, struct hl_waiter *w)
{
	w->next = NULL;
	if (*head)
		(*tail)->next = w;
	else
		*head = w;
	*tail = w;
}

bool queue_has(const struct hl_waiter *head, const struct hl_waiter *w)
{
	while (head && head != w)
		head = head->next;
	return head != NULL;
}

void queue_remove(struct hl_waiter **head, struct hl_waiter **tail, struct hl_waiter *w)
{
	struct hl_waiter *before = NULL;

	for (struct hl_waiter *at = *head; at != w; at = at->next)
		before = at;
	if (before)
		before->next = w->next;
	else
		*head = w->next;
	if (*tail == w)
		*tail = before;
}

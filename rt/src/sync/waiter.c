/* SPDX-License-Identifier: MIT */
#include "waiter.h"

_Thread_local bool rt_told;

bool rt_wait_word(const _Atomic uint64_t *word, uint64_t value, uint64_t deadline, bool cancellable)
{
	struct hl_words got = {0};

	/* acquire: pairs with the release of who changes it */
	while (hl_load_acquire(word) == value) {
		/* A cancel that comes after this look leaves a token. */
		if (got.result == -HL_ETIMEDOUT || (cancellable && rt_cancel_pending()))
			return false;
		if (deadline == HL_NEVER) {
			rt_park();
			continue;
		}
		got = sys_park_full_until(NULL, 0, 0, deadline, HL_SELF, 0, 0, 0, 0);
		if (got.badge | got.w[0])
			rt_told = true;
	}
	return true;
}

void rt_queue_put(struct hl_waiter **head, struct hl_waiter **tail, struct hl_waiter *w)
{
	w->next = NULL;
	if (*head)
		(*tail)->next = w;
	else
		*head = w;
	*tail = w;
}

bool rt_queue_has(const struct hl_waiter *head, const struct hl_waiter *w)
{
	while (head && head != w)
		head = head->next;
	return head != NULL;
}

void rt_queue_remove(struct hl_waiter **head, struct hl_waiter **tail, struct hl_waiter *w)
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

/* SPDX-License-Identifier: MIT
 *
 * Channels.  Receivers wait only while there is nothing in the room, senders only
 * while it is full, so never both; an element goes from a sender to a receiver that
 * waits without passing through the room.
 */
#include <string.h>

#include "worker.h"

static void copy(void *to, const void *from, size_t size)
{
	/* a pointer or a number, as a rule */
	if (size == 8 && (((uintptr_t)to | (uintptr_t)from) & 7) == 0)
		memcpy(__builtin_assume_aligned(to, 8), __builtin_assume_aligned(from, 8), 8);
	else
		memcpy(to, from, size);
}

static void room_put(struct hl_fiber_chan *c, const void *element)
{
	size_t at = c->head + c->used;

	if (at >= c->bytes)
		at -= c->bytes;
	copy(c->room + at, element, c->size);
	c->used += c->size;
}

static void room_take(struct hl_fiber_chan *c, void *element)
{
	copy(element, c->room + c->head, c->size);
	c->used -= c->size;
	c->head += c->size;
	if (c->head == c->bytes)
		c->head = 0;
}

static int result(uint64_t given)
{
	return given == GIVEN_IT ? 0 : given == GIVEN_TIME ? -HL_ETIMEDOUT : -HL_ESRCH;
}

/* Nothing to be had at once. */
static int wait_in(struct hl_fiber_chan *c, struct rt_fiber_list *list, void *element,
		   uint64_t deadline)
{
	struct rt_fiber_waiter n;
	bool closed = c->closed;

	n.element = element;
	if (!closed && deadline)
		return result(rt_fiber_wait(&n, list, &c->lock, deadline));
	hl_mutex_unlock(&c->lock);
	return closed ? -HL_ESRCH : -HL_ETIMEDOUT;
}

/* The lock goes first: who is ready may be done with the channel. */
static int done(struct hl_fiber_chan *c, struct rt_fiber_waiter *n)
{
	hl_mutex_unlock(&c->lock);
	if (n)
		rt_fiber_ready(rt_worker_self(), n->fiber);
	return 0;
}

int hl_fiber_send_until(struct hl_fiber_chan *c, const void *element, uint64_t deadline)
{
	struct rt_fiber_waiter *n;

	hl_mutex_lock(&c->lock);
	n = rt_fiber_give(&c->receivers, GIVEN_IT);
	if (n) {
		copy(n->element, element, c->size);
		return done(c, n);
	}
	if (c->closed || c->used == c->bytes)
		return wait_in(c, &c->senders, (void *)element, deadline);
	room_put(c, element);
	return done(c, NULL);
}

int hl_fiber_recv_until(struct hl_fiber_chan *c, void *element, uint64_t deadline)
{
	struct rt_fiber_waiter *n;

	hl_mutex_lock(&c->lock);
	if (c->used) {
		room_take(c, element);
		n = rt_fiber_give(&c->senders, GIVEN_IT);
		if (n)
			room_put(c, n->element);
		return done(c, n);
	}
	n = rt_fiber_give(&c->senders, GIVEN_IT);
	if (!n)
		return wait_in(c, &c->receivers, element, deadline);
	copy(element, n->element, c->size);
	return done(c, n);
}

void hl_fiber_close(struct hl_fiber_chan *c)
{
	struct rt_worker *w = rt_worker_self();
	struct rt_fiber_waiter *all = NULL, *n;

	hl_mutex_lock(&c->lock);
	c->closed = true;
	while ((n = rt_fiber_give(&c->receivers, GIVEN_CLOSED)) ||
	       (n = rt_fiber_give(&c->senders, GIVEN_CLOSED))) {
		n->next = all;
		all = n;
	}
	hl_mutex_unlock(&c->lock);
	while ((n = all)) {
		all = n->next;
		rt_fiber_ready(w, n->fiber);
	}
}

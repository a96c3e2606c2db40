/* SPDX-License-Identifier: MIT
 *
 * Who waits for a mutex, condition variable or semaphore: a node on its executor's
 * stack.  It waits until `go` is not 0, and parks on that word only, so a token left
 * from something else or a spurious return just sends it round the loop.  Whoever
 * releases it reads the handle first, stores go, and doesn't touch the node again: it
 * may be gone with the store.  The wake that follows may then meet an executor that
 * has moved on, ended, or a handle that names another by now: at worst a spurious
 * wake, which all of them are ready for.
 */
#ifndef RT_WAITER_H
#define RT_WAITER_H

#include <hartleaf/sync.h>

#include "rt.h"

/* values of go */
#define WAIT     0
#define GO       1 /* by a condition variable or semaphore */
#define GO_WOKEN 2 /* by a mutex, on behalf of WOKEN */

struct hl_waiter {
	_Atomic uint64_t go;
	hl_handle handle;
	struct hl_waiter *next;
	struct hl_mutex *mutex; /* condition variables: to be had on return */
};

void waiter_init(struct hl_waiter *w, struct hl_mutex *m);
/* What it was released by. */
uint64_t waiter_wait(struct hl_waiter *w);
/* The same; WAIT if the time came first. */
uint64_t waiter_wait_until(struct hl_waiter *w, uint64_t deadline);
void waiter_release(struct hl_waiter *w, uint64_t how);

/* The queue of a condition variable or semaphore; its lock is held. */
void queue_put(struct hl_waiter **head, struct hl_waiter **tail, struct hl_waiter *w);
/* A search, but only a wait that has failed makes it. */
bool queue_has(const struct hl_waiter *head, const struct hl_waiter *w);
/* It is in there. */
void queue_remove(struct hl_waiter **head, struct hl_waiter **tail, struct hl_waiter *w);

#endif

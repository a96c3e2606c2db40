/* SPDX-License-Identifier: MIT
 *
 * pthread_once and call_once: a mutex that is held while the function runs.  If that is
 * cancelled, the next one in its queue runs it.
 */
#include "pmutex.h"

static void let_go(void *once)
{
	hl_mutex_unlock(&((struct hl_once *)once)->running);
}

int pthread_once(pthread_once_t *once, void (*init)(void))
{
	/* acquire: pairs with the release below; what init did is seen */
	if (hl_load_acquire(&once->done))
		return 0;
	hl_mutex_lock(&once->running);
	pthread_cleanup_push(let_go, once);
	if (!hl_load_relaxed(&once->done)) {
		init();
		hl_store_release(&once->done, 1);
	}
	pthread_cleanup_pop(1);
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * pthread_spinlock_t: never parks, but yields when it has looked for a while, or at once where
 * there is one hart only: its holder may be one that isn't running.
 */
#include "pmutex.h"

#define SPINS 100

int pthread_spin_init(pthread_spinlock_t *s, int pshared)
{
	if (pshared == PTHREAD_PROCESS_SHARED)
		return ENOTSUP; /* owners are known in one address space */
	if (pshared != PTHREAD_PROCESS_PRIVATE)
		return EINVAL;
	hl_store_relaxed(&s->owner, 0);
	return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *s)
{
	return hl_load_relaxed(&s->owner) ? EBUSY : 0;
}

int pthread_spin_trylock(pthread_spinlock_t *s)
{
	uint64_t nobody = 0;

	/* acquire: pairs with the release in unlock */
	return hl_cas_acquire(&s->owner, &nobody, rt_id_self()) ? 0 : EBUSY;
}

int pthread_spin_lock(pthread_spinlock_t *s)
{
	unsigned spins = hl_info()->harts > 1 ? SPINS : 0, left = spins;

	while (pthread_spin_trylock(s)) {
		uint64_t owner = hl_load_relaxed(&s->owner);

		if (owner == rt_id_self())
			return EDEADLK;
		if (left-- == 0) {
			sys_yield();
			left = spins;
		}
	}
	return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *s)
{
	if (hl_load_relaxed(&s->owner) != rt_id_self())
		return EPERM;
	hl_store_release(&s->owner, 0);
	return 0;
}

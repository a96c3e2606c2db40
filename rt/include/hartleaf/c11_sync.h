/* SPDX-License-Identifier: MIT
 *
 * Of threads.h: mutex, condition variable, once.  The same objects as pthread.h's; C
 * leaves undefined what those report as misuse, and here it is thrd_error.
 */
#ifndef HARTLEAF_C11_SYNC_H
#define HARTLEAF_C11_SYNC_H

#include <time.h>

#include <hartleaf/sync_types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hl_pmutex mtx_t;
typedef struct hl_pcond cnd_t;
typedef struct hl_once once_flag;

/* clang-format off */
#define ONCE_FLAG_INIT { .done = 0 }
/* clang-format on */

enum {
	mtx_plain = 0,
	mtx_recursive = 1,
	mtx_timed = 2, /* every mutex can be waited for with a deadline */
};

int mtx_init(mtx_t *m, int type);
void mtx_destroy(mtx_t *m);
int mtx_lock(mtx_t *m);
int mtx_timedlock(mtx_t *__restrict m, const struct timespec *__restrict until);
int mtx_trylock(mtx_t *m);
int mtx_unlock(mtx_t *m);

int cnd_init(cnd_t *c);
void cnd_destroy(cnd_t *c);
int cnd_wait(cnd_t *c, mtx_t *m);
int cnd_timedwait(cnd_t *__restrict c, mtx_t *__restrict m,
		  const struct timespec *__restrict until);
int cnd_signal(cnd_t *c);
int cnd_broadcast(cnd_t *c);

void call_once(once_flag *once, void (*init)(void));

#ifdef __cplusplus
}
#endif

#endif

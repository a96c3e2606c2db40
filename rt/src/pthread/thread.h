/* SPDX-License-Identifier: MIT
 *
 * What a thread is, for the files of rt: the executor and what POSIX and C11 give it.  Every
 * executor that rt makes has one, and main's.
 */
#ifndef RT_THREAD_H
#define RT_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "../watch.h"

/* rt_thread.cancel */
#define PTHREAD_STACK ((size_t)64 << 10) /* unless attributes say another */

#define CANCEL_PENDING  0x1 /* asked for; stays */
#define CANCEL_DISABLED 0x2
#define CANCEL_ENDING   0x4 /* the thread is ending: nothing more to ask for */

struct hl_pmutex;

/* In pages that are never given back nor anything else; so a handle on a thread that is gone is
 * a wrong handle, but can be looked at. */
struct rt_thread {
	struct hl_exec exec; /* first */
	_Atomic uint64_t cancel;
	struct __hl_cleanup *cleanup; /* innermost */
	struct hl_pmutex *robust;     /* those it holds; rt_sync_thread_end's */
	union {
		void *(*posix)(void *);
		int (*c11)(void *);
	} start;
	void *arg;
	unsigned long signals; /* mask */
	unsigned keys;         /* values from here on are NULL */
	char name[16];
	void *value[PTHREAD_KEYS_MAX];
};

/* The caller; in TLS, which begins with main's. */
extern _Thread_local struct rt_thread *rt_thread;
extern struct rt_thread rt_thread_main;

static inline struct rt_thread *rt_thread_self(void)
{
	return rt_thread;
}

/* A cancel is asked for and may be acted on. */
static inline bool rt_cancel_pending(void)
{
	return (atomic_load_explicit(&rt_thread->cancel, memory_order_relaxed) &
		(CANCEL_PENDING | CANCEL_DISABLED | CANCEL_ENDING)) == CANCEL_PENDING;
}

/* Acts on it: doesn't come back then. */
void rt_cancel_test(void);

/* Ends the calling thread: what it has pushed for its end, destructors, then join's word. */
_Noreturn void rt_thread_exit(long code);

/* create.c: makes one that is to be started by rt_thread_start; start, arg and exec.fn are to
 * be set meanwhile.  0 or an errno value, as start's. */
int rt_thread_create(struct rt_thread **out, const pthread_attr_t *attr);
int rt_thread_start(struct rt_thread *t, bool detached);

/* Of those that end, called if they are linked. */
void rt_keys_end(struct rt_thread *t) __attribute__((weak));
void rt_sync_thread_end(struct rt_thread *t) __attribute__((weak));

#endif

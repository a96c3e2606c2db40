/* SPDX-License-Identifier: MIT
 *
 * Executors that somebody follows: those of exec.h and threads, the main one of each space,
 * and the warden that is told of their ends.
 */
#ifndef RT_WATCH_H
#define RT_WATCH_H

#include <hartleaf/exec.h>
#include <hartleaf/sync.h>

#include "rt.h"

/* hl_exec.join: who waits for the end */
#define JOIN_NOBODY   0
#define JOIN_DONE     1 /* it has ended, or wasn't started */
#define JOIN_DETACHED 2 /* nobody will */
/* else the joiner's handle */

/* hl_exec.life: a number, times 4, and how it goes: by itself, or one of these */
#define LIFE_STOP  1 /* hl_exec_stop ends it */
#define LIFE_ENDED 2 /* it is ending, or has ended, by itself */
#define LIFE_HOW   3

#define EXEC_WATCHED 0x1 /* the warden is its keeper */
#define EXEC_FOREIGN 0x2 /* of another address space; a fault there is its end */
#define EXEC_MAIN    0x4 /* main's, which nobody made */

/* Never given back to the system and never anything else, so that a keeper's badge,
 * which is the address of one, can be followed at any time. */
struct hl_exec {
	_Atomic uint64_t join; /* release by who ends it, acquire by who joins */
	hl_handle handle;      /* cap; also the page below the stack */
	long code;
	int how; /* TELL_*; with TELL_FAULT: */
	uint64_t scause;
	uint64_t stval;
	uint64_t pc;

	uint64_t block; /* VA range: guard, cap, stack, view */
	size_t pages;
	uint64_t stack; /* its own or the caller's; with TLS */
	size_t stack_size;
	size_t guard_size;
	void *tp;
	uint64_t sp;
	long (*fn)(void *);
	void *arg;
	uint64_t fcsr; /* to begin with */
	hl_handle keeper;
	uint64_t badge;
	unsigned flags;
	uint64_t affinity; /* HL_HART, or 0 */

	/* kept.c */
	_Atomic uint64_t job;  /* set by who lets it begin anew; its own takes it away */
	_Atomic uint64_t idle; /* off its stack, waiting for that */
	uint64_t room;         /* what it is kept among, or 0: it isn't, it stops */
	bool kept;             /* ended or never begun, and waiting, or soon, for a job */
	struct hl_exec *next_kept;

	uint64_t bind; /* rt_watch_bind's */

	/* under the lock of watch.c */
	bool started;
	bool live;     /* the kernel runs it, and its stop isn't taken note of */
	bool viewed;   /* the view is mapped */
	bool detached; /* nobody will join: the warden clears up if it is stopped */
	struct hl_exec *next_all;
	struct hl_exec *next_free;

	/* Never set back, so that hl_exec_stop knows whom it meant. */
	_Atomic uint64_t life;
};

/* A blank one, or NULL without memory. */
struct hl_exec *rt_watch_new(void);
void rt_watch_free(struct hl_exec *e);

/* The warden's handle; makes it if it isn't there.  0 without memory. */
hl_handle rt_watch_warden(void);

/* sys_start with the warden as keeper if EXEC_WATCHED. */
int rt_watch_start(struct hl_exec *e, uint64_t pc, uint64_t arg);

/* No more to be told of it; its block may be unmapped then. */
void rt_watch_end(struct hl_exec *e);

/* What it is, EX_READY to EX_FAULTED.  acquire: what it did before it became that is done. */
static inline uint64_t rt_exec_life(const struct executor *x)
{
	return __atomic_load_n(&x->state, __ATOMIC_ACQUIRE) & EX_LIFE;
}

/* The view of its page, mapped if it isn't yet; NULL without memory. */
const struct executor *rt_watch_view(struct hl_exec *e);

/* Waits until join is JOIN_DONE, the deadline, or with `cancellable` a pending cancel.
 * 0; -HL_EBUSY somebody else joins or it is detached; -HL_ETIMEDOUT, and -HL_EAGAIN for
 * a cancel: nobody joins again. */
int rt_watch_join(struct hl_exec *e, uint64_t deadline, bool cancellable);

/* 0; -HL_EBUSY as above. */
int rt_watch_detach(struct hl_exec *e);

/* Binds the caller, which is watched, to a hart: HL_HART(n), HL_HART_ANY. */
void rt_watch_bind(struct hl_exec *self, uint64_t affinity);

/* For each that there is or was. */
struct rt_thread;
void rt_watch_each(void (*visit)(struct rt_thread *t, void *arg), void *arg);

/* Is there one that is watched and hasn't ended? */
bool rt_watch_any(void);
/* Set while main waits for the last one. */
extern _Atomic uint64_t rt_watch_main_waits;

/* exec.c */

struct exec_plan {
	size_t stack_size; /* whole pages, but for stack */
	void *stack;       /* the caller's, or NULL */
	size_t guard_size; /* whole pages; at least one is made */
	uint64_t affinity;
	unsigned flags; /* EXEC_WATCHED, or nothing: */
	hl_handle keeper;
	uint64_t badge;
};

/* Makes one that is stopped, or takes one from those that are kept; fn and arg are to be
 * set.  -HL_EINVAL: TLS needs more than half of the stack; -HL_ENOMEM. */
int rt_exec_make(struct hl_exec **e, const struct exec_plan *plan);
/* Ended and joined, or detached after its end, or never started: to be kept or given back. */
void rt_exec_settle(struct hl_exec *e);
/* Unmaps and frees; nobody may use it any more. */
void rt_exec_reclaim(struct hl_exec *e);
/* Where it begins, with itself in a0. */
void rt_exec_begin(struct hl_exec *e);

/* kept.c: executors that have ended and are kept with all they have, to begin anew */

#define EXEC_ROOMS 2
#define EXEC_KEPT  64 /* at most, in all rooms */

/* The default stacks, by room - 1, in bytes. */
extern const size_t rt_kept_stack[EXEC_ROOMS];

/* How often one began anew. */
extern _Atomic uint64_t rt_kept_starts;

/* Is there one?  Its join is JOIN_DONE as if it had not been started. */
struct hl_exec *rt_kept_take(uint64_t room);
void rt_kept_put(struct hl_exec *e);
/* It begins anew. */
void rt_kept_start(struct hl_exec *e);
/* Gives back all that are kept; false if there were none. */
bool rt_kept_drop(void);
/* Was kept and won't be any more. */
void rt_kept_forget(struct hl_exec *e);
/* The end of the caller: join's word, then waits to begin anew, or stops. */
_Noreturn void rt_kept_end(struct hl_exec *e);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Executors of this address space, each with a stack between two pages that
 * can't be touched, thread-local storage, and somebody who cares about its end.
 *
 *	static long work(void *arg) { ...; return 0; }
 *
 *	struct hl_exec *e;
 *	long code;
 *	if (hl_exec_spawn(&e, work, arg) == 0)
 *		hl_exec_join(e, &code);
 *
 * Join is a word in user memory: the ending executor stores DONE there, wakes the
 * joiner and stops; no kernel state is looked at and nobody has to be its keeper.
 * What a word can't tell, that an executor was stopped by another or has
 * faulted, is told by the kernel to a keeper, which is by default the *warden*:
 * an executor of rt that is made with the first hl_exec_create.  It finishes the
 * join of one that was stopped; of one that faulted it prints the registers
 * and ends the program with status 139, as main's own fault would.
 *
 * One with a stack of the default size, watched and not bound, isn't taken down at its end:
 * it parks, and the next one that is made begins in it.  <pthread.h> is over these, and all of
 * it may be used in them: keys, cancellation, pthread_self().
 *
 * In a program built for floating point (HARTLEAF_USER_ABI) every one has it.
 *
 * A `struct hl_exec *` is owned by its creator until hl_exec_join or
 * hl_exec_detach, and not valid afterwards.  Functions return 0 or a negated
 * HL_E* (<hartleaf/call.h>); where nothing else is said, any executor may call
 * them at any time.
 */
#ifndef HARTLEAF_EXEC_H
#define HARTLEAF_EXEC_H

#include <hartleaf/executor.h>
#include <hartleaf/rt.h>

struct hl_exec;

#define HL_EXEC_STACK_PAGES 4

struct hl_exec_attr {
	size_t stack_pages; /* 0: HL_EXEC_STACK_PAGES; at most 500 */
	unsigned flags;     /* HL_EXEC_* */
	hl_handle keeper;   /* with HL_EXEC_KEEPER: told instead of the warden, in
			       whatever park it is; those inside locks drop it */
	uint64_t badge;     /* what that keeper gets in a1, 40 bits */
	unsigned hart;      /* with HL_EXEC_BOUND: the only one it runs on */
};

/* Nobody is told of its fault or of its being stopped: it then hangs, and so does
 * who joins it.  Saves the warden's two switches at its end. */
#define HL_EXEC_UNWATCHED 0x1
#define HL_EXEC_KEEPER    0x2
#define HL_EXEC_BOUND     0x4

/* Makes an executor that is going to run fn(arg), and leaves it stopped.  Costs its
 * page and its stack, and what page tables are missing.
 * Errors: -HL_ENOMEM; -HL_EINVAL no fn, too many pages, no such hart, or thread-local
 * storage needs more than half the stack. */
int hl_exec_create(struct hl_exec **e, long (*fn)(void *), void *arg,
		   const struct hl_exec_attr *attr);

/* Lets it run, once.  What the caller wrote before, it sees. */
int hl_exec_start(struct hl_exec *e);

/* Both, with default attributes. */
int hl_exec_spawn(struct hl_exec **e, long (*fn)(void *), void *arg);

/* Waits for the end, stores the exit code (what fn returned or hl_exec_exit was
 * given) unless code is NULL, and gives back stack, thread-local storage, cap and
 * view, or keeps them for the next one, 64 at most.  The page of the executor itself stays
 * with the address space in any case.  What it wrote before its end, the caller sees.  One that was
 * never started is given back at once, with code 0.
 * Errors: -HL_EBUSY somebody joins it already; -HL_EINVAL it is the caller. */
int hl_exec_join(struct hl_exec *e, long *code);

/* Nobody will join: all is given back when it ends.
 * Errors: -HL_EINVAL unwatched or with a keeper of its own; -HL_EBUSY joined. */
int hl_exec_detach(struct hl_exec *e);

/* Ends it wherever it is, without running anything more of it.  So only for one
 * that can't be in a function of this library or of libc just then: what it
 * holds or waits for (mutex, condition variable, semaphore, heap, stdio) must not
 * be used by anybody afterwards.  Join tells when it is gone.  One that is ending by itself just
 * then does that, even if another joins it meanwhile.
 * Errors: -HL_EINVAL unwatched or with a keeper of its own. */
int hl_exec_stop(struct hl_exec *e, long code);

/* Ends the caller.  In main's executor the same as exit(code). */
_Noreturn void hl_exec_exit(long code);

/* The caller, or NULL in main's executor. */
struct hl_exec *hl_exec_self(void);

/* The handle that others wake. */
hl_handle hl_exec_handle(const struct hl_exec *e);

/* Its page, to read; mapped at the first use if unwatched.  NULL: -HL_ENOMEM, or ended.
 * Valid until join.  One that has ended may be parked there, instead of stopped, and counters
 * begin with those of who had it before. */
const struct executor *hl_exec_view(struct hl_exec *e);

#endif

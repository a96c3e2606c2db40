/* SPDX-License-Identifier: MIT
 *
 * Executors that somebody follows: those of exec.h, the main one of each space, and
 * the warden that is told of their ends.
 */
#ifndef RT_WATCH_H
#define RT_WATCH_H

#include <hartleaf/exec.h>
#include <hartleaf/sync.h>

#include "rt.h"

/* hl_exec.join: who waits for the end */
#define JOIN_NOBODY 0
#define JOIN_DONE   1
/* else the joiner's handle */

#define EXEC_WATCHED 0x1 /* the warden is its keeper */
#define EXEC_FOREIGN 0x2 /* of another address space; a fault there is its end */

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

	uint64_t block; /* VA range: cap, stack, view */
	size_t pages;
	void *tp;
	uint64_t sp;
	long (*fn)(void *);
	void *arg;
	hl_handle keeper;
	uint64_t badge;
	unsigned flags;
	uint64_t affinity; /* HL_HART, or 0 */

	/* under the lock of watch.c */
	bool started;
	bool live;     /* started, and its end not taken note of */
	bool viewed;   /* the view is mapped */
	bool detached; /* nobody will join */
	struct hl_exec *next_all;
	struct hl_exec *next_free;
};

/* A blank one, or NULL without memory. */
struct hl_exec *watch_new(void);
void watch_free(struct hl_exec *e);

/* The warden's handle; makes it if it isn't there.  0 without memory. */
hl_handle watch_warden(void);

/* sys_start with the warden as keeper if EXEC_WATCHED. */
int watch_start(struct hl_exec *e, uint64_t pc, uint64_t arg);

/* No more to be told of it; its block may be unmapped then. */
void watch_end(struct hl_exec *e);

/* The view of its page, mapped if it isn't yet; NULL without memory. */
const struct executor *watch_view(struct hl_exec *e);

/* Waits until join is JOIN_DONE.  0 or -HL_EBUSY. */
int watch_join(struct hl_exec *e);

int watch_detach(struct hl_exec *e);

/* exec.c: unmaps and frees; nobody may use it any more */
void exec_reclaim(struct hl_exec *e);

#endif

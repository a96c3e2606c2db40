/* SPDX-License-Identifier: MIT
 *
 * First instructions of the executors that tests start.  All registers are 0
 * but pc, sp and a0, as start leaves them.
 */
#include <hartleaf/call.h>

#include "entry.h"

	.text

/* In: a0 = arg, sp = struct entry_frame */
	.globl	entry_work
	.type	entry_work, @function
entry_work:
	ld	t0, ENTRY_WORK(sp)
	ld	tp, ENTRY_TP(sp)
	jalr	t0
	mv	a1, a0
	j	end
	.size	entry_work, . - entry_work

/* Probes.  In: a0 = address; store: sp = value.  Exit code: what was loaded. */
	.globl	entry_load
	.type	entry_load, @function
entry_load:
	ld	a1, (a0)
	j	end
	.size	entry_load, . - entry_load

	.globl	entry_store
	.type	entry_store, @function
entry_store:
	sd	sp, (a0)
	j	end
	.size	entry_store, . - entry_store

	.globl	entry_fetch
	.type	entry_fetch, @function
entry_fetch:
	lla	ra, end
	jr	a0
	.size	entry_fetch, . - entry_fetch

/* In: a1 = exit code */
end:
	li	a0, 0
	li	a7, CALL_STOP
	ecall
	unimp

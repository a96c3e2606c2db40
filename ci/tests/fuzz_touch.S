/* SPDX-License-Identifier: MIT
 *
 * See fuzz.h.
 */
#include <hartleaf/call.h>
#include <hartleaf/info.h>
#include <hartleaf/layout.h>

#include "fuzz.h"

.macro	function name
	.globl	\name
	.type	\name, @function
\name:
.endm

	.text
function fuzz_load
	.globl	fuzz_load_at
fuzz_load_at:
	ld	a0, (a0)
	li	a1, 0
	ret

function fuzz_store
	.globl	fuzz_store_at
fuzz_store_at:
	sd	a1, (a0)
	li	a1, 0
	ret

	.globl	fuzz_faulted
fuzz_faulted:
	li	a1, 1
	ret

/* s1 and s11 are for its registers being what they were. */
#define PATTERN_S1  0x5a1
#define PATTERN_S11 0x5ab
#define ALARM_S11   8
#define ORPHAN_WORD 8 /* of a page: where they store */

function fuzz_orphan
	ori	s0, a0, 1
	li	s1, PATTERN_S1
	li	s11, PATTERN_S11
	li	s2, RT_MEET_GIGA + 0x200000
again:
	slli	t0, s0, 13
	xor	s0, s0, t0
	srli	t0, s0, 7
	xor	s0, s0, t0
	slli	t0, s0, 17
	xor	s0, s0, t0
	srli	s3, s0, 32
	andi	s4, s3, 7
	srli	s3, s3, 3
	andi	s5, s3, 7
	slli	s5, s5, 12
	add	s5, s5, s2		/* a page */
	li	a0, 0
	li	a6, 0
	li	a7, CALL_YIELD
	beqz	s4, call
	li	t0, 1
	li	a7, CALL_WAKE
	beq	s4, t0, call
	li	t0, 2
	beq	s4, t0, sleep
	mv	a1, s5
	li	a2, 0
	li	a3, 1
	li	a5, 0
	li	a7, CALL_MAP
	li	a4, MAP_NEW | MAP_R | MAP_W
	li	t0, 3
	beq	s4, t0, call
	li	a4, MAP_UNMAP
	li	t0, 4
	beq	s4, t0, call
	li	a4, MAP_PROTECT | MAP_R
	li	t0, 5
	beq	s4, t0, call
	li	t0, 6
	beq	s4, t0, store
	andi	t0, s3, 0x1f8
	li	a7, CALL_YIELD
	bnez	t0, call
	li	a1, 0
	li	a7, CALL_STOP
call:
	ecall
	li	t0, PATTERN_S1
	bne	s1, t0, wrong
	li	t0, PATTERN_S11
	bne	s11, t0, wrong
	j	again
sleep:
	rdtime	t0
	addi	t0, t0, 2000
	li	a7, CALL_PARK | PARK_HAS_DEADLINE
	j	call
store:
	sd	s5, ORPHAN_WORD(s5)
	j	again
wrong:
	li	t0, AT_ALARM
	sd	s1, (t0)
	sd	s11, ALARM_S11(t0)
	j	wrong

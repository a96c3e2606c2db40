/* SPDX-License-Identifier: MIT
 *
 * A bare switch of stacks within one executor: what fibers are made of
 * (<hartleaf/fiber.h>), and whoever writes a scheduler, coroutines or generators of
 * his own can use.  No call of the kernel; 32 instructions, 60 where floating point
 * is in the ABI.
 *
 *	static struct hl_context here, there;
 *
 *	static void other(void *word)
 *	{
 *		for (;;)
 *			word = hl_context_switch(&there, &here, word);
 *	}
 *
 *	hl_context_make(&there, stack + sizeof(stack), other);
 *	got = hl_context_switch(&here, &there, (void *)7);	// got is 7
 *
 * What is kept is what a C function has to preserve: ra, sp, s0..s11, and with lp64d
 * fs0..fs11; and fcsr, so that each has its own rounding mode.  Not tp: thread-local
 * storage is that of the executor, see there.
 *
 * A context may go on in another executor than it was saved in.  Who saved it
 * has to be through with that before: publish it from the context that was switched to.
 */
#ifndef HARTLEAF_CONTEXT_H
#define HARTLEAF_CONTEXT_H

/* Registers lie on the stack below where the context goes on. */
struct hl_context {
	void *sp;
};

/* The next switch to it calls entry(word) on the stack that ends at `top`.  entry must
 * not return.  The rounding mode is that of the caller. */
void hl_context_make(struct hl_context *context, void *top, void (*entry)(void *word));

/* Saves the caller in `from` and goes on with `to`, where the call that saved it
 * returns `word`. */
void *hl_context_switch(struct hl_context *from, struct hl_context *to, void *word);

#endif

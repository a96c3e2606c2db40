/* SPDX-License-Identifier: MIT
 *
 * Two executors hand one hart to each other: each swap stops the one and runs the
 * other at once, with four words in registers, and touches no queue.  Run it with
 *
 *	ci/boot build/examples/pingpong
 *
 * Exit status 0 if every number came back one higher.
 */
#include <stdatomic.h>
#include <stdio.h>

#include <hartleaf/exec.h>

#define ROUNDS 1000
#define ASK    1
#define ANSWER 2

static atomic_int over;

/* Answers each number with the next one. */
static long pong(void *arg)
{
	hl_handle ping = (hl_handle)arg;
	struct hl_words got = sys_wait();

	while (!over) {
		if (got.result == 0 && got.w[1] == ASK) {
			uint64_t answer = got.w[0] + 1;

			/* An error means that nothing was handed over. */
			while ((got = sys_swap(ping, answer, ANSWER, 0, 0)).result < 0 && !over)
				sys_yield();
		} else {
			got = sys_wait(); /* a park may return for no reason */
		}
	}
	return 7;
}

/* Asks once; returns the answer. */
static uint64_t ask(hl_handle pong, uint64_t number)
{
	struct hl_words got;

	/* Not parked yet, or a token was met: nothing was handed over. */
	while ((got = sys_swap(pong, number, ASK, 0, 0)).result < 0)
		sys_yield();
	while (got.w[1] != ANSWER)
		got = sys_wait();
	return got.w[0];
}

int main(void)
{
	struct hl_exec *e;
	uint64_t number = 0;
	long code = 0;

	if (hl_exec_spawn(&e, pong, (void *)hl_self()) < 0) {
		printf("pingpong: no memory for an executor\n");
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++)
		number = ask(hl_exec_handle(e), number);
	over = 1;
	sys_wake(hl_exec_handle(e));
	hl_exec_join(e, &code);
	printf("pingpong: %d rounds, the number is %llu, pong ended with %ld\n", ROUNDS,
	       (unsigned long long)number, code);
	return number == ROUNDS && code == 7 ? 0 : 1;
}

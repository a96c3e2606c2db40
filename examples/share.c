/* SPDX-License-Identifier: MIT
 *
 * Two address spaces share one page.  The child runs the same program, with data of its
 * own; only the page at RT_MEET_VA is common, and the capability next to it, by which
 * the child can wake its parent.  They count in turns.  Run it with
 *
 *	ci/boot build/examples/share
 *
 * Exit status 0 if both counted to the end and the child didn't see our private data.
 */
#include <stdatomic.h>
#include <stdio.h>

#include <hartleaf/space.h>
#include <hartleaf/va.h>

#define TURNS     1000
#define PAGE_VA   RT_MEET_VA
#define PARENT_VA (RT_MEET_VA + PAGE_SIZE) /* cap on the parent, in the child */

struct common {
	_Atomic uint64_t count; /* even: the parent's turn */
};

static int private_word = 1;

/* Adds one whenever it is our turn, and wakes the other. */
static void count(struct common *c, uint64_t turn, hl_handle other)
{
	for (;;) {
		uint64_t n = atomic_load(&c->count);

		if (n >= TURNS)
			break;
		if (n % 2 == turn) {
			atomic_store(&c->count, n + 1);
			sys_wake(other);
		} else {
			sys_park(&c->count, n);
		}
	}
}

static long child(void *arg)
{
	struct common *c = arg;

	printf("child: my private word is %d, the page says %llu\n", private_word,
	       (unsigned long long)c->count);
	count(c, 1, PARENT_VA);
	return private_word == 1 ? 42 : 1;
}

static int fail(const char *what, int error)
{
	printf("share: %s: error %d\n", what, error);
	return 1;
}

int main(void)
{
	struct common *c = (struct common *)PAGE_VA;
	struct hl_space *s;
	struct hl_end end;
	int error;

	private_word = 2;
	error = hl_space_create(&s, NULL);
	if (error)
		return fail("can't make an address space", error);
	if (sys_map_new(PAGE_VA, 1, MAP_R | MAP_W) != 1)
		return fail("no page", 0);
	error = hl_space_share(s, PAGE_VA, PAGE_VA, 1, MAP_MEMORY | MAP_R | MAP_W);
	if (error)
		return fail("can't share the page", error);
	/* Right X only: it can wake us, and nothing else. */
	error = hl_space_give(s, PARENT_VA, hl_self(), MAP_X, 0);
	if (error)
		return fail("can't share the capability", error);
	error = hl_space_start(s, child, c);
	if (error)
		return fail("can't start it", error);

	count(c, 0, hl_space_exec(s));
	hl_space_wait(s, &end);
	printf("parent: counted to %llu, the child ended with %ld\n", (unsigned long long)c->count,
	       end.code);
	hl_space_destroy(s);
	return c->count == TURNS && end.how == TELL_ENDED && end.code == 42 ? 0 : 1;
}

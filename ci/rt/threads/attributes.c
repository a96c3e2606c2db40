/* SPDX-License-Identifier: MIT
 *
 * Attributes of threads, scheduling, harts, names and signals: what is had, and what is
 * refused and how.
 */
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <hartleaf/exec.h>

#include "../check.h"

static char mine[1 << 15] __attribute__((aligned(16)));
#define FEW   60
#define LARGE 100

static _Atomic int gate;

static void *use(void *arg)
{
	pthread_attr_t attr;
	const size_t *want = arg;
	volatile char *low;
	void *stack;
	size_t size, guard;
	char here;

	CHECK(pthread_getattr_np(pthread_self(), &attr) == 0);
	CHECK(pthread_attr_getstack(&attr, &stack, &size) == 0);
	CHECK(pthread_attr_getguardsize(&attr, &guard) == 0);
	CHECK(size >= want[0] && size < want[0] + 4096 && guard == want[1]);
	CHECK(&here > (char *)stack && &here < (char *)stack + size);
	/* all of it is there */
	for (low = stack; (uintptr_t)low + 512 < (uintptr_t)&here; low += 1024)
		*low = 1;
	CHECK(!want[2] || stack == mine);
	CHECK(pthread_attr_destroy(&attr) == 0);
	return stack;
}

static void stacks(void)
{
	static const size_t sizes[] = {PTHREAD_STACK_MIN, PTHREAD_STACK_MIN + 1, 1 << 16, 1 << 20,
				       3 << 20};
	static const size_t guards[] = {0, 4096, 12288};
	size_t want[3];
	pthread_attr_t attr;
	pthread_t t;
	void *value;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned n = 0; n < sizeof(guards) / sizeof(guards[0]); n++) {
			want[0] = sizes[i];
			want[1] = guards[n];
			want[2] = 0;
			CHECK(pthread_attr_init(&attr) == 0);
			CHECK(pthread_attr_setstacksize(&attr, want[0]) == 0);
			CHECK(pthread_attr_setguardsize(&attr, want[1]) == 0);
			CHECK(pthread_attr_getstacksize(&attr, &want[0]) == 0);
			CHECK(want[0] == sizes[i]);
			CHECK(pthread_create(&t, &attr, use, want) == 0);
			CHECK(pthread_join(t, NULL) == 0);
			CHECK(pthread_attr_destroy(&attr) == 0);
		}
	CHECK(pthread_attr_init(&attr) == 0);
	want[0] = sizeof(mine);
	want[1] = 0;
	want[2] = 1;
	for (unsigned i = 0; i < 10; i++) {
		CHECK(pthread_attr_setstack(&attr, mine, sizeof(mine)) == 0);
		CHECK(pthread_create(&t, &attr, use, want) == 0);
		CHECK(pthread_join(t, &value) == 0 && value == mine);
		memset(mine, 0xff, sizeof(mine)); /* it is ours again */
	}
	CHECK(pthread_attr_getstack(&attr, &value, &want[0]) == 0);
	CHECK(value == mine && want[0] == sizeof(mine));
	CHECK(pthread_attr_setstack(&attr, mine, PTHREAD_STACK_MIN - 16) == EINVAL);
	CHECK(pthread_attr_setstack(&attr, mine + 1, sizeof(mine) - 16) == EINVAL);
	CHECK(pthread_attr_setstack(&attr, NULL, sizeof(mine)) == EINVAL);
	CHECK(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN - 1) == EINVAL);
	CHECK(pthread_attr_setstacksize(&attr, SIZE_MAX) == EINVAL);
	CHECK(pthread_attr_destroy(&attr) == 0);
	CHECK(pthread_attr_destroy(&attr) == EINVAL);
	CHECK(pthread_create(&t, &attr, use, want) == EINVAL);
	/* more than there is, and then all is as before */
	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstacksize(&attr, 512 << 20) == 0);
	CHECK(pthread_create(&t, &attr, use, want) == EAGAIN);
	want[0] = 1 << 16;
	want[1] = 4096;
	want[2] = 0;
	CHECK(pthread_create(&t, NULL, use, want) == 0);
	CHECK(pthread_join(t, NULL) == 0);
}

static void *wait_gate(void *arg)
{
	while (!gate)
		sched_yield();
	return arg;
}

/* As many as there is memory for, again and again: those that are kept make room, and
 * nothing is lost. */
static void exhausted(void)
{
	pthread_t t[FEW], large[LARGE];
	pthread_attr_t attr;
	int n, first = 0, error;

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstacksize(&attr, 2 << 20) == 0);
	for (int round = 0; round < 3; round++) {
		gate = 0;
		for (int i = 0; i < FEW && round > 0; i++)
			CHECK(pthread_create(&t[i], NULL, wait_gate, &t[i]) == 0);
		gate = 1;
		for (int i = 0; i < FEW && round > 0; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
		gate = 0;
		error = 0;
		for (n = 0; n < LARGE && !error; n += !error)
			error = pthread_create(&large[n], &attr, wait_gate, NULL);
		CHECK(error == EAGAIN);
		gate = 1;
		for (int i = 0; i < n; i++)
			CHECK(pthread_join(large[i], NULL) == 0);
		if (round == 0)
			first = n;
		/* The pages of the executors themselves aren't given back: at most one fewer. */
		CHECK(n + 1 >= first && n > 4);
	}
	gate = 0;
}

static void policies(void)
{
	struct sched_param param = {.sched_priority = 0}, high = {.sched_priority = 1};
	struct timespec slice;
	pthread_attr_t attr;
	int is = 77;

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_getscope(&attr, &is) == 0 && is == PTHREAD_SCOPE_SYSTEM);
	CHECK(pthread_attr_setscope(&attr, PTHREAD_SCOPE_SYSTEM) == 0);
	CHECK(pthread_attr_setscope(&attr, PTHREAD_SCOPE_PROCESS) == ENOTSUP);
	CHECK(pthread_attr_setscope(&attr, 7) == EINVAL);
	CHECK(pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED) == 0);
	CHECK(pthread_attr_getinheritsched(&attr, &is) == 0 && is == PTHREAD_EXPLICIT_SCHED);
	CHECK(pthread_attr_setinheritsched(&attr, 7) == EINVAL);
	CHECK(pthread_attr_setschedpolicy(&attr, SCHED_OTHER) == 0);
	CHECK(pthread_attr_getschedpolicy(&attr, &is) == 0 && is == SCHED_OTHER);
	CHECK(pthread_attr_setschedpolicy(&attr, SCHED_FIFO) == ENOTSUP);
	CHECK(pthread_attr_setschedpolicy(&attr, SCHED_RR) == ENOTSUP);
	CHECK(pthread_attr_setschedpolicy(&attr, 77) == EINVAL);
	CHECK(pthread_attr_setschedparam(&attr, &param) == 0);
	CHECK(pthread_attr_setschedparam(&attr, &high) == EINVAL);
	param.sched_priority = 5;
	CHECK(pthread_attr_getschedparam(&attr, &param) == 0 && param.sched_priority == 0);
	CHECK(pthread_attr_setdetachstate(&attr, 7) == EINVAL);

	CHECK(pthread_getschedparam(pthread_self(), &is, &param) == 0);
	CHECK(is == SCHED_OTHER && param.sched_priority == 0);
	CHECK(pthread_setschedparam(pthread_self(), SCHED_OTHER, &param) == 0);
	CHECK(pthread_setschedparam(pthread_self(), SCHED_OTHER, &high) == EINVAL);
	CHECK(pthread_setschedparam(pthread_self(), SCHED_RR, &high) == ENOTSUP);
	CHECK(pthread_setschedparam(pthread_self(), 77, &high) == EINVAL);
	CHECK(pthread_setschedprio(pthread_self(), 0) == 0);
	CHECK(pthread_setschedprio(pthread_self(), 1) == EINVAL);

	CHECK(sched_get_priority_min(SCHED_OTHER) == 0);
	CHECK(sched_get_priority_max(SCHED_OTHER) == 0);
	errno = 0;
	CHECK(sched_get_priority_min(SCHED_FIFO) == -1 && errno == EINVAL);
	CHECK(sched_getscheduler(0) == SCHED_OTHER);
	CHECK(sched_getscheduler(4711) == -1 && errno == ESRCH);
	CHECK(sched_setscheduler(0, SCHED_OTHER, &param) == 0);
	CHECK(sched_setscheduler(0, SCHED_FIFO, &param) == -1 && errno == ENOTSUP);
	CHECK(sched_getparam(0, &high) == 0 && high.sched_priority == 0);
	CHECK(sched_setparam(0, &param) == 0);
	CHECK(sched_rr_get_interval(0, &slice) == 0);
	CHECK((uint64_t)slice.tv_sec * 1000000000 + slice.tv_nsec == hl_info()->slice_ns);
	CHECK(sched_yield() == 0);

	CHECK(pthread_getconcurrency() == 0);
	CHECK(pthread_setconcurrency(-1) == EINVAL);
	CHECK(pthread_setconcurrency(3) == 0 && pthread_getconcurrency() == 3);
}

static void *bound(void *arg)
{
	const unsigned hart = (unsigned)(uintptr_t)arg, harts = hl_info()->harts;
	const struct executor *x = hl_exec_view(hl_exec_self());
	uint64_t seen;
	cpu_set_t set;

	CHECK(pthread_getaffinity_np(pthread_self(), sizeof(set), &set) == 0);
	CHECK(CPU_COUNT(&set) == 1 || harts == 1);
	CHECK(CPU_ISSET(hart, &set) && (harts == 1 || x->affinity == hart));
	/* on to the next, and anywhere */
	CPU_ZERO(&set);
	CPU_SET((hart + 1) % harts, &set);
	CHECK(pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0);
	CHECK(harts == 1 || x->affinity == (hart + 1) % harts);
	seen = (uint64_t)x->hart;
	for (int i = 0; i < 20; i++) {
		sched_yield();
		CHECK((uint64_t)x->hart == seen);
	}
	for (unsigned i = 0; i < harts; i++)
		CPU_SET(i, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
	CHECK(x->affinity == EX_HART_ANY);
	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == (int)harts);
	return arg;
}

static void harts(void)
{
	const unsigned harts = hl_info()->harts;
	pthread_attr_t attr;
	pthread_t t;
	cpu_set_t set, all;
	void *value;

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_getaffinity_np(&attr, sizeof(all), &all) == 0);
	CHECK(CPU_COUNT(&all) == (int)harts);
	for (unsigned i = 0; i < 2 * harts; i++) {
		CPU_ZERO(&set);
		CPU_SET(i % harts, &set);
		CHECK(pthread_attr_setaffinity_np(&attr, sizeof(set), &set) == 0);
		CHECK(pthread_create(&t, &attr, bound, (void *)(uintptr_t)(i % harts)) == 0);
		CHECK(pthread_join(t, &value) == 0 && value == (void *)(uintptr_t)(i % harts));
	}
	CPU_ZERO(&set);
	CHECK(pthread_attr_setaffinity_np(&attr, sizeof(set), &set) == EINVAL);
	CHECK(pthread_attr_setaffinity_np(&attr, 4, &all) == EINVAL);
	CPU_SET(0, &set);
	CPU_SET(1, &set);
	CHECK(pthread_attr_setaffinity_np(&attr, sizeof(set), &set) == (harts > 2 ? ENOTSUP : 0));
	/* main can't, nor can it be done to others */
	gate = 0;
	CHECK(pthread_create(&t, NULL, wait_gate, NULL) == 0);
	CPU_CLR(1, &set);
	CHECK(pthread_setaffinity_np(t, sizeof(set), &set) == (harts > 1 ? ENOTSUP : 0));
	CHECK(pthread_setaffinity_np(pthread_self(), sizeof(set), &set) ==
	      (harts > 1 ? ENOTSUP : 0));
	CHECK(pthread_setaffinity_np(pthread_self(), sizeof(all), &all) == 0);
	CHECK(pthread_getaffinity_np(pthread_self(), sizeof(set), &set) == 0);
	CHECK(CPU_EQUAL(&set, &all));
	CHECK(sched_setaffinity(77, sizeof(all), &all) == -1 && errno == ESRCH);
	gate = 1;
	CHECK(pthread_join(t, NULL) == 0);
}

static void *masks(void *arg)
{
	sigset_t set = 0, old = 0;

	/* the creator's */
	CHECK(pthread_sigmask(SIG_BLOCK, NULL, &old) == 0 && sigismember(&old, SIGTERM));
	sigaddset(&set, SIGINT);
	CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	CHECK(pthread_sigmask(SIG_UNBLOCK, &old, &old) == 0);
	CHECK(sigismember(&old, SIGTERM) && sigismember(&old, SIGINT));
	CHECK(pthread_sigmask(SIG_SETMASK, &set, &old) == 0);
	CHECK(old == set);
	CHECK(pthread_sigmask(7, &set, NULL) == EINVAL);
	return arg;
}

static void others(void)
{
	sigset_t set = 0, old = 0;
	char name[16];
	clockid_t clock;
	pthread_t t;

	CHECK(pthread_getname_np(pthread_self(), name, sizeof(name)) == 0);
	CHECK(strcmp(name, "main") == 0);
	gate = 0;
	CHECK(pthread_create(&t, NULL, wait_gate, NULL) == 0);
	CHECK(pthread_getname_np(t, name, sizeof(name)) == 0 && !*name);
	CHECK(pthread_setname_np(t, "fifteen letters") == 0);
	CHECK(pthread_setname_np(t, "sixteen letters!") == ERANGE);
	CHECK(pthread_getname_np(t, name, sizeof(name)) == 0);
	CHECK(strcmp(name, "fifteen letters") == 0);
	CHECK(pthread_getname_np(t, name, 15) == ERANGE);
	CHECK(pthread_kill(t, 0) == 0);
	CHECK(pthread_kill(t, SIGTERM) == EINVAL && pthread_kill(t, -1) == EINVAL);
	CHECK(pthread_getcpuclockid(t, &clock) == ENOENT);
	gate = 1;
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(pthread_create(&t, NULL, wait_gate, NULL) == 0);
	CHECK(pthread_getname_np(t, name, sizeof(name)) == 0 && !*name);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(pthread_getcpuclockid(t, &clock) == ESRCH);
	CHECK(pthread_atfork(NULL, NULL, NULL) == 0);
	sigaddset(&set, SIGTERM);
	CHECK(pthread_sigmask(SIG_SETMASK, &set, &old) == 0 && old == 0);
	CHECK(pthread_create(&t, NULL, masks, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
}

#ifdef __riscv_flen
static void *rounding(void *arg)
{
	CHECK(fegetround() == (int)(uintptr_t)arg);
	CHECK(fesetround(FE_TOWARDZERO) == 0);
	return NULL;
}

/* The creator's environment, whatever the last one on that stack left. */
static void floating_point(void)
{
	pthread_t t;

	for (int i = 0; i < 4; i++) {
		CHECK(fesetround(i & 1 ? FE_UPWARD : FE_TONEAREST) == 0);
		CHECK(pthread_create(&t, NULL, rounding,
				     (void *)(uintptr_t)(i & 1 ? FE_UPWARD : FE_TONEAREST)) == 0);
		CHECK(pthread_join(t, NULL) == 0);
	}
}
#else
static void floating_point(void)
{
}
#endif

int main(void)
{
	stacks();
	exhausted();
	policies();
	harts();
	others();
	floating_point();
	printf("attributes: all as it should be\n");
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * The six calls of hartleaf, as inline functions, and short forms for the usual
 * cases of park, start and map (sys_map.h).  Everything else a kernel is asked for
 * elsewhere is a library here; see "What is not a call" at the end.
 *
 * Words: an *executor* is a register file with an address space (VAS), a *cap*
 * (capability) is an entry of the caller's own page table that names an
 * executor or a VAS, a *handle* is the virtual address of that entry; 0 is
 * the caller itself (own executor, own VAS).  A *leaf* is one page-table entry,
 * here always of 4 KiB.  A *frame* is a physical page; a VAS has a budget of them.
 *
 * Every call returns a value >= 0 or a negated HL_E* (call.h).  errno is not
 * touched.  Calls may be used by any executor, also one without stack or
 * thread-local storage.  Errors that hold for all: -HL_EINVAL for a bit that
 * the call doesn't know; for a handle -HL_EBADF (no capability of the right
 * kind there) or -HL_EPERM (it lacks the right that is named below).
 *
 * "Cost" counts guest instructions from the stub to its return on a hart with
 * nothing else to do, without cache or TLB effects; it says where the work
 * goes, bench/run says how much it is.
 *
 * Ordering: a call that switches executors is a full fence for the one that
 * comes back from it.  (A yield that gets its hart back before anybody else has run there
 * is none.)  Beyond that each call says what it orders.
 *
 * Floating point: a call preserves all of f0..f31 and fcsr, also those that a C
 * function may change: the kernel doesn't touch them, and a switch saves and
 * restores them whole.  Who may use them is said by start (START_FP).
 *
 * Who runs where and when:
 *  - Each hart has a queue of ready executors.  One goes to its end when it is woken or
 *    started, yields, or its slice is over; the first one runs next.
 *  - Place: the hart of whoever woke or started it; if a deadline woke it, the hart that
 *    it parked on.  A hart that has nothing to do takes half of what waits at another,
 *    and is called up when something is queued while it sleeps.  One that is bound to
 *    a hart (START_SET_AFFINITY) goes there, and never runs elsewhere.
 *  - Slices: while others wait for its hart, an executor has it for at least a slice
 *    and at most two, less if more than a hundred wait; then it goes to the end of the
 *    queue, wherever it is in its code, with all its registers.  A slice is
 *    hl_info()->slice_ns: 10 ms, or what the boot argument hartleaf.slice_us=N says, 100
 *    us to 10 s.  While nobody waits there is no tick, and nothing interrupts it.
 *  - A hand-over by swap stays within the slice: two that swap for ever leave as
 *    much to a third as one that spins.
 *  - Fairness: so a ready executor gets its hart after at most two slices for each
 *    one ahead of it, whatever those do, and those that spin on one hart get equal
 *    shares of it.  Between busy harts the longer queue sends some to the shorter at
 *    its ticks, so that shares are about equal on all.  There are no priorities: wake
 *    and start never take the hart from the caller.
 */
#ifndef HARTLEAF_SYS_H
#define HARTLEAF_SYS_H

#include <stddef.h>
#include <stdint.h>

#include <hartleaf/call.h>
#include <hartleaf/leaf.h>

typedef uint64_t hl_handle; /* VA of a capability, or 0: self */

#define HL_SELF ((hl_handle)0)

/* What park leaves in a0..a5. */
struct hl_words {
	long result;    /* a0: 0 or a negated HL_E* */
	uint64_t badge; /* a1: badge of the cap a partner used, or pending ones */
	uint64_t w[4];  /* a2..a5: the partner's words, or a keeper's tidings */
};

/* What ecall may change besides its results; the kernel preserves the rest. */
#define HL_CALL_CLOBBERS    "t0", HL_CALL_CLOBBERS_T1
#define HL_CALL_CLOBBERS_T1 "t1", "t2", "t3", "t4", "t5", "t6", "memory"

/* yield: go to the end of the hart's queue of ready executors
 *
 * Arguments  none
 * Returns    0, at once if nothing else is ready here
 * Errors     none
 * Ordering   none promised when nothing else was ready
 * Cost       a trap and back; with another one ready a switch of registers
 * Example    while (!atomic_load_explicit(&done, memory_order_acquire))
 *                    sys_yield();
 */
static inline long sys_yield(void)
{
	register long a0 __asm__("a0");
	register long a7 __asm__("a7") = CALL_YIELD;

	__asm__ volatile("ecall"
			 : "=r"(a0), "+r"(a7)
			 :
			 : "a1", "a2", "a3", "a4", "a5", "a6", HL_CALL_CLOBBERS);
	return a0;
}

/* park: stop running until woken, unless a word has changed
 *
 * Arguments  addr      a naturally aligned word of readable memory, or NULL:
 *                      no compare
 *            expected  park only if the 8 bytes at addr equal this
 * Returns    0 when woken.  Also 0, at once, if a wake came since the last park
 *            (it left a token), and 0 for no reason at all is allowed: look at
 *            your word again, always in a loop.
 * Errors     -HL_EAGAIN the word differs; -HL_EINVAL misaligned;
 *            -HL_EFAULT not readable memory
 * Ordering   the compare is an acquire load that comes after everything the
 *            caller did before.  The wake that ends a park is a release by the
 *            waker and an acquire by the parked one.
 * Cost       a compare and one atomic, then the switch to the next ready one
 * Example    The waiter's half of every lock; no wake can fall between the
 *            check and the sleep, since wake then finds PARKED or leaves a token:
 *            while (!atomic_load_explicit(&node.go, memory_order_acquire))
 *                    sys_park(&node.go, 0);
 */
static inline long sys_park(const volatile void *addr, uint64_t expected)
{
	register long a0 __asm__("a0") = (long)addr;
	register uint64_t a1 __asm__("a1");
	register long a6 __asm__("a6") = 0;
	register long a7 __asm__("a7") = CALL_PARK;

	if (__builtin_constant_p(!addr) && !addr) { /* an instruction less */
		__asm__ volatile("ecall"
				 : "+r"(a0), "=r"(a1), "+r"(a6), "+r"(a7)
				 :
				 : "a2", "a3", "a4", "a5", HL_CALL_CLOBBERS);
		return a0;
	}
	a1 = expected;
	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a6), "+r"(a7)
			 :
			 : "a2", "a3", "a4", "a5", HL_CALL_CLOBBERS);
	return a0;
}

/* park with a deadline: the same, but not longer than until then
 *
 * Arguments  addr, expected  as above
 *            deadline  in ticks of `time`, absolute: hl_deadline_after_ns(n) of
 *                      <hartleaf/time.h>; UINT64_MAX never comes
 * Returns    as above; a token that is there already ends it with 0, whatever
 *            the time
 * Errors     as above; -HL_ETIMEDOUT the time has come, before or after the
 *            caller was parked, and no wake had.  Who is released by a word
 *            looks at it once more: the wake may be on its way.
 * Ordering   as above; none promised by a time that comes
 * Cost       as above, and setting the hart's timer if this is its first
 *            deadline; a call of the firmware on harts without Sstc.  A wake
 *            before the deadline costs nothing more.
 * Example    Sleep, unless woken:
 *            sys_park_until(NULL, 0, hl_deadline_after_ns(1000000));
 */
static inline long sys_park_until(const volatile void *addr, uint64_t expected, uint64_t deadline)
{
	register uint64_t t0 __asm__("t0") = deadline;
	register long a0 __asm__("a0") = (long)addr;
	register uint64_t a1 __asm__("a1") = expected;
	register long a6 __asm__("a6") = 0;
	register long a7 __asm__("a7") = CALL_PARK | PARK_HAS_DEADLINE;

	__asm__ volatile("ecall"
			 : "+r"(t0), "+r"(a0), "+r"(a1), "+r"(a6), "+r"(a7)
			 :
			 : "a2", "a3", "a4", "a5", HL_CALL_CLOBBERS_T1);
	return a0;
}

/* park, all of it
 *
 * Arguments  addr, expected  as above; with PARK_WORD32 in flags the word has
 *                      4 bytes and is compared with the low half of expected
 *            flags     PARK_WORD32 or 0 (addr = PARK_IRQ is refused with
 *                      -HL_EINVAL: it doesn't exist yet)
 *            deadline  (sys_park_full_until) as above
 *            next      HL_SELF: none.  Else a cap (X right) on a parked executor,
 *                      which runs here at once in the caller's stead: *swap*
 *            w0..w3    words that next finds in its hl_words
 * Returns    In `result` 0 when woken or swapped to.  A partner that swapped to
 *            us left its words in w and its cap's badge in `badge`.  The keeper
 *            of an executor is swapped to with w = { TELL_ENDED, code } or
 *            { TELL_FAULT, scause, stval, pc }; events that happened while it
 *            wasn't parked show as the OR of their badges in `badge` at its
 *            next park, with its own words still in w.
 * Errors     as above; with next also -HL_EBUSY next is not parked, or bound to
 *            another hart; -HL_EAGAIN a token was consumed instead of parking;
 *            `badge` holds what came with it, as above.  After an error nothing else
 *            was done, but that with -HL_ETIMEDOUT next may have run; w holds the
 *            caller's words or 0.
 * Ordering   what the caller wrote before a swap, next sees after it
 * Cost       swap: no queue is touched; words travel in their registers
 * Example    A server that answers and waits for the next question:
 *            struct hl_words q = sys_park_full(NULL, 0, 0, HL_SELF, 0, 0, 0, 0);
 *            for (;;)
 *                    q = sys_swap(client, answer(q.w[0]), 0, 0, 0);
 */
static inline struct hl_words sys_park_full(const volatile void *addr, uint64_t expected,
					    unsigned flags, hl_handle next, uint64_t w0,
					    uint64_t w1, uint64_t w2, uint64_t w3)
{
	register long a0 __asm__("a0") = (long)addr;
	register uint64_t a1 __asm__("a1") = expected;
	register uint64_t a2 __asm__("a2") = w0;
	register uint64_t a3 __asm__("a3") = w1;
	register uint64_t a4 __asm__("a4") = w2;
	register uint64_t a5 __asm__("a5") = w3;
	register uint64_t a6 __asm__("a6") = next;
	register long a7 __asm__("a7") = CALL_PARK | flags;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(a7)
			 :
			 : HL_CALL_CLOBBERS);
	return (struct hl_words){a0, a1, {a2, a3, a4, a5}};
}

/* The same with a deadline.  With next, -HL_ETIMEDOUT doesn't tell whether that ran:
 * the time may have passed before the call (nothing was done then) or after the
 * words were handed over; a partner that must know answers. */
static inline struct hl_words sys_park_full_until(const volatile void *addr, uint64_t expected,
						  unsigned flags, uint64_t deadline, hl_handle next,
						  uint64_t w0, uint64_t w1, uint64_t w2,
						  uint64_t w3)
{
	register uint64_t t0 __asm__("t0") = deadline;
	register long a0 __asm__("a0") = (long)addr;
	register uint64_t a1 __asm__("a1") = expected;
	register uint64_t a2 __asm__("a2") = w0;
	register uint64_t a3 __asm__("a3") = w1;
	register uint64_t a4 __asm__("a4") = w2;
	register uint64_t a5 __asm__("a5") = w3;
	register uint64_t a6 __asm__("a6") = next;
	register long a7 __asm__("a7") = CALL_PARK | PARK_HAS_DEADLINE | flags;

	__asm__ volatile("ecall"
			 : "+r"(t0), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5),
			   "+r"(a6), "+r"(a7)
			 :
			 : HL_CALL_CLOBBERS_T1);
	return (struct hl_words){a0, a1, {a2, a3, a4, a5}};
}

/* Hand the hart and four words to `next`; back when somebody wakes or swaps to
 * the caller.  The server of the example above is this. */
static inline struct hl_words sys_swap(hl_handle next, uint64_t w0, uint64_t w1, uint64_t w2,
				       uint64_t w3)
{
	register long a0 __asm__("a0") = PARK_NO_WORD;
	register uint64_t a1 __asm__("a1"); /* nothing to compare with */
	register uint64_t a2 __asm__("a2") = w0;
	register uint64_t a3 __asm__("a3") = w1;
	register uint64_t a4 __asm__("a4") = w2;
	register uint64_t a5 __asm__("a5") = w3;
	register uint64_t a6 __asm__("a6") = next;
	register long a7 __asm__("a7") = CALL_PARK;

	__asm__ volatile("ecall"
			 : "+r"(a0), "=r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(a7)
			 :
			 : HL_CALL_CLOBBERS);
	return (struct hl_words){a0, a1, {a2, a3, a4, a5}};
}

/* Wait for anything, and take the words: what a server or keeper begins with. */
static inline struct hl_words sys_wait(void)
{
	return sys_park_full(NULL, 0, 0, HL_SELF, 0, 0, 0, 0);
}

/* park on a word of 4 bytes */
static inline long sys_park32(const volatile void *addr, uint32_t expected)
{
	return sys_park_full(addr, expected, PARK_WORD32, HL_SELF, 0, 0, 0, 0).result;
}

/* wake: make a parked executor ready, else leave it a token
 *
 * Arguments  exec      cap with X; HL_SELF leaves a token to the caller
 * Returns    1 it was parked and is ready now, at the end of this hart's queue or
 *            where it is bound to; the caller goes on.  0 it wasn't.  Then it has one
 *            token (not a count) that ends its next park, or, if it is stopped,
 *            nothing happened.  A faulted one keeps the token until resumed.
 * Errors     -HL_EBADF, -HL_EPERM
 * Ordering   release before, acquire after: what the caller wrote before is seen
 *            by the woken one once its park returns
 * Cost       a page-table walk, or a hit in the one-entry cache when the same
 *            handle was used last; one atomic; the queue if it was parked
 * Example    hl_handle h = node->handle;    // node is on the waiter's stack:
 *            atomic_store_explicit(&node->go, 1, memory_order_release);
 *            sys_wake(h);                   // gone after the store
 */
static inline long sys_wake(hl_handle exec)
{
	register long a0 __asm__("a0") = (long)exec;
	register long a7 __asm__("a7") = CALL_WAKE;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a7)
			 :
			 : "a1", "a2", "a3", "a4", "a5", "a6", HL_CALL_CLOBBERS);
	return a0;
}

/* start: run a stopped executor, or go on with a faulted one
 *
 * Arguments  exec      cap with W
 *            pc        first instruction, even; with START_RESUME 0 means where
 *                      it faulted
 *            sp, arg   put into sp and a0, all other registers 0; 0 with
 *                      START_RESUME, which keeps all registers
 *            keeper    with START_SET_KEEPER: cap with X on the executor that is
 *                      told of faults and the end, not exec itself; or 0: nobody
 *            flags     START_RESUME; START_SET_KEEPER, with the keeper's badge
 *                      (40 bits, yours to choose) in bits 63:24: HL_BADGE(n)
 *                      START_FP: it may use floating point; f0..f31 and fcsr begin
 *                      as 0.  Without it each such instruction is a fault
 *                      (TELL_FAULT, scause 2).  With START_RESUME it is turned on
 *                      for one that hadn't it; one that had it keeps it anyhow
 *                      HL_HART(n): it is bound to this hart; HL_HART_ANY: no longer.
 *                      Without either it keeps what it had, at first any
 *            exec = HL_SELF with START_RESUME | START_FP and nothing else: floating
 *            point for the caller, from now on; see sys_fp_on
 * Returns    0; it is ready, see above for where.  The caller goes on.
 * Errors     -HL_EBUSY it is not stopped (START_RESUME: not faulted);
 *            -HL_EINVAL odd pc, keeper is exec, sp or arg with START_RESUME, badge
 *            or keeper without START_SET_KEEPER, no hart n, START_FP where some
 *            hart lacks F or D (hl_info()->isa); -HL_ESRCH its VAS is being
 *            taken down
 * Ordering   what the caller wrote before, the started one sees
 * Cost       a walk, one atomic, the queue.  With START_FP each switch to it
 *            restores 33 registers more, and one from it saves them if they changed
 * Example    sys_start(exec, (uint64_t)entry, stack_top, (uint64_t)arg, 0,
 *                      HL_START_ABI | HL_HART(1));
 */
#define HL_BADGE(n) ((uint64_t)(n) << START_BADGE_SHIFT)
#define HL_HART(n)  (START_SET_AFFINITY | (uint64_t)(n) << START_HART_SHIFT)
#define HL_HART_ANY HL_HART(START_HART_ANY)

/* What an executor needs that runs code compiled as this is: where the compiler may
 * use floating point it may do so anywhere, printf begins with it. */
#ifdef __riscv_flen
#define HL_START_ABI START_FP
#else
#define HL_START_ABI 0
#endif

static inline long sys_start(hl_handle exec, uint64_t pc, uint64_t sp, uint64_t arg,
			     hl_handle keeper, uint64_t flags)
{
	register long a0 __asm__("a0") = (long)exec;
	register uint64_t a1 __asm__("a1") = pc;
	register uint64_t a2 __asm__("a2") = sp;
	register uint64_t a3 __asm__("a3") = arg;
	register uint64_t a4 __asm__("a4") = keeper;
	register uint64_t a5 __asm__("a5") = flags;
	register uint64_t a6 __asm__("a6") = 0;
	register long a7 __asm__("a7") = CALL_START;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(a7)
			 :
			 : HL_CALL_CLOBBERS);
	return a0;
}

/* Floating point for the calling executor; its f0..f31 and fcsr are 0 then, unless it
 * had it before.  -HL_EINVAL: not on this machine. */
static inline long sys_fp_on(void)
{
	return sys_start(HL_SELF, 0, 0, 0, 0, START_RESUME | START_FP);
}

/* stop: end an executor or take down a VAS
 *
 * Arguments  handle    executor (W), VAS (W), or HL_SELF: the caller
 *            code      exit code, shown in EX_EXIT and to the keeper
 * Returns    HL_SELF: never.  Executor: 0 it is stopped, 1 it was asked to (it
 *            runs elsewhere: watch EX_STATE in a view, or be its keeper).  VAS: 0
 *            it is down.
 * Errors     -HL_EAGAIN a VAS is going down and not yet gone: call again;
 *            -HL_EBADF, -HL_EPERM
 * Ordering   what it wrote before it stopped is seen by its keeper
 * Cost       an executor: one atomic, an IPI if it runs elsewhere.  A VAS: bounded
 *            steps, one a call; all its executors, then all its pages.  Frames
 *            of what is gone come back in such steps, which stop, map without
 *            memory and idle harts do, and yield doesn't: who waits for frames
 *            calls stop on what is stopped already
 * Example    while (sys_stop(vas, 0) == -HL_EAGAIN)
 *                    sys_yield();
 */
static inline long sys_stop(hl_handle handle, long code)
{
	register long a0 __asm__("a0") = (long)handle;
	register long a1 __asm__("a1") = code;
	register long a7 __asm__("a7") = CALL_STOP;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a7)
			 :
			 : "a2", "a3", "a4", "a5", "a6", HL_CALL_CLOBBERS);
	return a0;
}

/* End the caller. */
static inline _Noreturn void sys_stop_self(long code)
{
	sys_stop(HL_SELF, code);
	__builtin_unreachable();
}

/* Take down the caller's own VAS, the caller and all others in it. */
static inline _Noreturn void sys_stop_own_vas(long code)
{
	register long a0 __asm__("a0") = 0;
	register long a1 __asm__("a1") = code;
	register long a7 __asm__("a7") = CALL_STOP | STOP_VAS;

	__asm__ volatile("ecall" : : "r"(a0), "r"(a1), "r"(a7) : "memory");
	__builtin_unreachable();
}

#include <hartleaf/sys_map.h>

/* What is not a call, and how to do it
 *
 * join             a word in memory that the ending one stores before it wakes the
 *                  joiner: hl_exec_join, exec.h; or be its keeper
 * state, exit code sys_map_view of the executor: EX_STATE, EX_EXIT, registers
 * get own id       nothing needs one; hl_self() is the handle others wake
 * sleep, timeouts  sys_park_until; hl_sleep_ns, time.h; hl_cond_wait_until, sync.h
 * periodic timer   an executor that parks until the next time, and does or wakes
 * clock            rdtime, rdcycle, rdinstret from user mode; timebase is in
 *                  hl_info(); nanoseconds in time.h
 * IPC              sys_swap with four words and a badge; more data through shared
 *                  pages, or moved with MAP_MOVE
 * mutex, condition variable, semaphore   sync.h, on park and wake
 * signals          wake is the signal; the word it belongs to is yours
 * fault handling   be the keeper: TELL_FAULT, mend by map, sys_start with
 *                  START_RESUME
 * fork, spawn      a new VAS filled from this one: space.h.  Copy on write:
 *                  share read-only, and MAP_REPLACE in the keeper
 * malloc, mmap     sys_map_new at an address of your choice; hl_va_alloc finds
 *                  unused ones
 * reading page tables   not there yet: view takes executors only
 * waiting for frames of what has died   stop (of anything), map, start and an idle
 *                  hart each do a step of that work; yield alone does none
 * revoking         unmap the cap, or stop the VAS that holds it
 * files, sockets, drivers   programs with devices mapped by MAP_IO
 * interrupts       not there yet: park refuses PARK_IRQ.  Poll
 * shutdown         the end of the first executor ends the machine
 * floating point   START_FP; what rt makes in a program that was built for it
 *                  (HARTLEAF_USER_ABI) has it, from main on
 * priorities       none; who wants an order swaps to the one that is to run next,
 *                  and parks the others
 * time used, switches, preemptions, migrations   in the view: EX_TIME, EX_SWITCHES,
 *                  EX_PREEMPTED, EX_MIGRATED of <hartleaf/executor.h>
 * setting affinity of one that runs   stop and start it, or let it fault, and
 *                  resume it with HL_HART
 */

#endif

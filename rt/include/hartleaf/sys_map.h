/* SPDX-License-Identifier: MIT
 *
 * map, the call that is about memory, and short forms of it.  Part of
 * <hartleaf/sys.h>, which says what the words mean.
 */
#ifndef HARTLEAF_SYS_MAP_H
#define HARTLEAF_SYS_MAP_H

#include <hartleaf/sys.h>

/* map: make, share, move, view, drop or restrict leaves
 *
 * Arguments  vas       VAS whose entries change: HL_SELF, or a cap with W
 *            va        first address there, aligned to the leaf, user half
 *            source    by operation, see below
 *            count     leaves, 1..MAP_COUNT_MAX (512); callers loop
 *            attr      rights MAP_R|MAP_W|MAP_X, MAP_WX to have W and X at once,
 *                      kind MAP_MEMORY, MAP_DEVICE, MAP_EXECUTOR, MAP_VAS, one
 *                      operation MAP_*, MAP_REPLACE; for memory and devices
 *                      MAP_LARGE: leaves of 2 MiB; for memory MAP_TRACK
 *            aux       by operation, else 0
 *            from      SHARE, MOVE: VAS of the source: HL_SELF or a cap (R to
 *                      share, W to move)
 *
 *            MAP_NEW      memory: zeroed frames, charged to vas.
 *                         MAP_EXECUTOR: a new executor of vas, stopped; the cap
 *                         goes to va in the *caller's* VAS.  MAP_VAS: vas is
 *                         HL_SELF; a new VAS, its cap at va, with aux frames of
 *                         the caller's budget.  Count is 1 for both.
 *            MAP_SHARE    what stands at source, also at va, rights the same or
 *                         fewer.  aux: badge for a cap without one (10 bits).
 *                         With from held without W: only R, and no caps.
 *            MAP_MOVE     the same, and the source entry becomes empty
 *            MAP_VIEW     source is a handle on an executor with R: its page as
 *                         read-only memory (attr MAP_R), count 1;
 *                         <hartleaf/executor.h> says what is in it.  Or a VAS
 *                         with R, or HL_SELF: one of its page tables; aux = an
 *                         address in what it covers, plus 0 for that with the
 *                         leaves of 4 KiB, 1 for that with those of 2 MiB (2 with
 *                         Sv48); not the root.  <hartleaf/leaf.h> says what is in it
 *            MAP_UNMAP    entries become empty, of whatever kind they are (no
 *                         rights nor kind in attr); a hole counts as done
 *            MAP_PROTECT  rights the same or fewer, in place
 *            MAP_IO       source is a physical address; needs the device right,
 *                         which the first VAS has
 *            MAP_REPLACE  (NEW memory, SHARE, MOVE, IO) what stands at va is
 *                         dropped in the same step, instead of -HL_EEXIST
 *            MAP_LARGE    charged 512 frames.  A large leaf is never split, nor put
 *                         where a table stands: every operation on leaves of the
 *                         other size than what is there is -HL_EEXIST.  NEW does
 *                         one a call, for clearing it takes long
 *            MAP_TRACK    the leaf begins with A and D clear (else both are set),
 *                         and whoever uses it sets them; PROTECT clears them anew.
 *                         To lose no write: view the table, PROTECT those found
 *                         dirty, and then copy them
 * Returns    number of leaves done, from the first on
 * Errors     only when none was done.  -HL_EINVAL arguments, W without R, memory
 *            without rights, W+X without MAP_WX; -HL_EEXIST va is in use, or
 *            leaves of the other size; -HL_EFAULT source, or entry to protect, is a hole; -HL_EBADF
 *            it is of another kind than attr says; -HL_EPERM more rights than it
 *            has; -HL_ENOMEM budget (for a moment also what another call
 *            of that VAS is about to give back), frames, or a count at its limit; -HL_ESRCH a
 *            VAS is being taken down; -HL_EAGAIN the source changed each time that
 *            it was looked at
 * Ordering   when it returns no hart sees a translation that it took away.  Who
 *            fills a hole waits until the call that made it has returned.
 *            What it has mapped can be used at once on every hart: one whose TLB
 *            remembers the hole traps once more and goes on, without the keeper.
 *            Instructions: whoever has written some, by whatever mapping, makes
 *            every hart that runs vas see them by a PROTECT of the executable
 *            leaf, to the rights that it has if it is to keep them, or by mapping
 *            it with X only then.  fence.i is for the hart that executes it alone,
 *            and an executor may be on another one after any instruction
 * Cost       per leaf a walk and one atomic; NEW clears a frame; taking rights
 *            away costs one remote fence a call on the harts that run vas
 * Example    sys_map_new(va, 4, MAP_R | MAP_W);      // four zeroed pages
 */
static inline long sys_map(hl_handle vas, uint64_t va, uint64_t source, uint64_t count,
			   uint64_t attr, uint64_t aux, hl_handle from)
{
	register long a0 __asm__("a0") = (long)vas;
	register uint64_t a1 __asm__("a1") = va;
	register uint64_t a2 __asm__("a2") = source;
	register uint64_t a3 __asm__("a3") = count;
	register uint64_t a4 __asm__("a4") = attr;
	register uint64_t a5 __asm__("a5") = aux;
	register uint64_t a6 __asm__("a6") = from;
	register long a7 __asm__("a7") = CALL_MAP;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(a7)
			 :
			 : HL_CALL_CLOBBERS);
	return a0;
}

/* Zeroed memory in the own VAS. */
static inline long sys_map_new(uint64_t va, uint64_t count, uint64_t rights)
{
	return sys_map(HL_SELF, va, 0, count, MAP_NEW | MAP_MEMORY | rights, 0, HL_SELF);
}

/* A stopped executor of `vas`; its cap, with `rights`, at va in the own VAS. */
static inline long sys_map_executor(hl_handle vas, uint64_t va, uint64_t rights)
{
	return sys_map(vas, va, 0, 1, MAP_NEW | MAP_EXECUTOR | rights, 0, HL_SELF);
}

/* An empty VAS with `budget` frames; its cap, with `rights`, at va. */
static inline long sys_map_vas(uint64_t va, uint64_t rights, uint64_t budget)
{
	return sys_map(HL_SELF, va, 0, 1, MAP_NEW | MAP_VAS | rights, budget, HL_SELF);
}

/* What stands at `source` in the own VAS, also at va of `vas`.  `attr` is kind
 * and rights, and MAP_REPLACE if wanted. */
static inline long sys_map_share(hl_handle vas, uint64_t va, uint64_t source, uint64_t count,
				 uint64_t attr)
{
	return sys_map(vas, va, source, count, MAP_SHARE | attr, 0, HL_SELF);
}

/* The same, and the own entry goes. */
static inline long sys_map_move(hl_handle vas, uint64_t va, uint64_t source, uint64_t count,
				uint64_t attr)
{
	return sys_map(vas, va, source, count, MAP_MOVE | attr, 0, HL_SELF);
}

/* The page of an executor, to read at va. */
static inline long sys_map_view(uint64_t va, hl_handle of)
{
	return sys_map(HL_SELF, va, of, 1, MAP_VIEW | MAP_MEMORY | MAP_R, 0, HL_SELF);
}

static inline long sys_unmap(uint64_t va, uint64_t count)
{
	return sys_map(HL_SELF, va, 0, count, MAP_UNMAP, 0, HL_SELF);
}

static inline long sys_protect(uint64_t va, uint64_t count, uint64_t attr)
{
	return sys_map(HL_SELF, va, 0, count, MAP_PROTECT | attr, 0, HL_SELF);
}

/* Device registers.  There is no IOMMU: whoever programs a device with DMA can
 * reach all memory through it. */
static inline long sys_map_io(uint64_t va, uint64_t physical, uint64_t count)
{
	return sys_map(HL_SELF, va, physical, count, MAP_IO | MAP_DEVICE | MAP_R | MAP_W, 0,
		       HL_SELF);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Leaves and the counts of what they name, tables, TLBs, and the takedown of a
 * space while others map into it, out of it, and see its tables.
 *
 * Modelled: two spaces.  W stays; it has one entry in a table that stays, and two slots
 * for capabilities on V.  V has a root with one entry, for a table with one entry,
 * and one executor.  HARTS harts run a program of W or that executor; both may do any
 * of the calls below.  Three frames, which are memory or tables, paid for by either,
 * again and again.  A process each for the reclaimer, and for the page walks
 * that harts with V's satp do at any time, also in the kernel.  One step is one access
 * to a word that other harts may touch at that time; LR/SC and CAS are one step.
 *
 * SCENE
 *   MAKE   a leaf of W is there; new, share, unmap
 *   RACE   the same, but only new in V, share into V, and unmap in W
 *   LEAF   a table and a leaf of V are there; new, also where one stands, share, unmap
 *   JOIN   new, share, unmap, and the executor changes harts
 *   MOVE   share, move, unmap
 *   DYING  V is killed, or its executor ends; that changes harts; new, share, unmap
 *   VIEW   V is killed, or its executor ends; W sees its table, and drops its capability;
 *          new and unmap in W
 *   CAPS   the same, but the capability is copied and dropped; unmap in W
 *   ALL    all of these
 * Bounds: CALLS calls in all.
 *
 * Checked
 *   - no frame is freed that an entry names, that a TLB may use, that is counted, or
 *     that is free; no count falls below 0
 *   - what a copy names was the source's while this call had it counted, what
 *     a view shows is V's table
 *   - no leaf or table is put into V when it is swept; no table is read or written
 *     that isn't one, and none before it is zeroed; no page walk meets another
 *   - nobody looks at V when its page is free
 *   - in the end each frame's count is the number of entries that name it, and those with
 *     none are free; V is swept if it was killed or nobody reaches it, and its page is
 *     free if nothing is charged to it and nothing names it
 *
 * Memory order: sequentially consistent; acquire and release orders are taken as given.
 * Where a fence is left out, the later load is done first.
 *
 * Correspondence
 *   frame_*                         kern/frame.[ch]
 *   table_find, table_make (with make_one), table_sweep      kern/table.[ch]
 *   put, clear                      kern/map.c; flush, drop: kern/batch.c: batch_flush
 *   shootdown                       arch: tlb_shootdown, a hart a step
 *   call_new, call_share, call_unmap, call_view     kern/map.c: new_memory, share,
 *                                   unmap, view with table_to_view; after find_vases
 *   call_copy, call_drop            share and unmap of a capability on a VAS;
 *                                   kern/table.c: leaf_get, leaf_drop
 *   vas_*, kill_if_unused, free_if_unused           kern/vas.c
 *   reclaimer                       kern/reclaim.c: takedown_step, free_some
 *   join                            kern/vas.c: vas_join
 *
 * Abstractions.  The reclaimer is a process of its own: when a step may be done, who
 * does it, how tickets are counted and how the last executor is awaited is
 * grace.pml's.  A grace period is: whoever is in the kernel leaves it; a program is
 * interrupted and holds nothing.  Which frames are free is block.pml's; there is
 * always budget, and of it only what V is charged for is counted.  A descriptor
 * that is counted 0 and one of no type look the same to frame_get, so the last put
 * has no step between.  W has no TLBs.  Left out: batches of more than one, PROTECT,
 * large leaves, rights, A and D; executors' pages (grace.pml); reuse of
 * ASIDs; VASs that V pays for.
 *
 * Seeded bugs, each of which must be found, with the scene that does:
 *   LEAF   BUG_NO_REREAD          the source isn't read again
 *   LEAF   BUG_PLAIN_INC          counts one more though nothing is left
 *   LEAF   BUG_DROP_FIRST         drops the count, then tells the TLBs
 *   LEAF   BUG_UNMAP_NO_CAS       loads an entry, then stores 0
 *   LEAF   BUG_PUT_NO_CAS         finds an entry empty, then stores
 *   LEAF   BUG_SHARE_KEEPS        a copy that can't stand stays counted
 *   LEAF   BUG_REPLACE_NO_FLUSH   doesn't tell the TLBs of what stood there
 *   MAKE   BUG_LINK_NO_CAS        links a table whatever is there
 *   MAKE   BUG_LINK_FIRST         links it, then zeroes it
 *   RACE   BUG_LOSER_FREED        frees the one that came second, counted or not
 *   JOIN   BUG_MASK_FIRST         the load of the mask -> clearing the entry
 *   JOIN   BUG_NO_FENCE_JOIN      page walks -> the bit in the mask
 *   MOVE   BUG_MOVE_BLIND         clears the source whatever is there
 *   MOVE   BUG_MOVE_NO_FLUSH      doesn't tell the TLBs of the source
 *   DYING  BUG_NO_GRACE           sweeps as soon as no hart has its satp
 *   DYING  BUG_SWEEP_NO_GRACE     sweeps as soon as its executor has ended
 *   DYING  BUG_INTO_UNSEEN        puts into V without a look whether it is dying
 *   DYING  BUG_FROM_UNSEEN        takes out of V without
 *   VIEW   BUG_VIEW_UNSEEN        looks for a table of V without
 *   VIEW   BUG_VIEW_NO_COUNT      a view isn't counted
 *   VIEW   BUG_SWEEP_FREES        a table is freed with its VAS, seen or not
 *   VIEW   BUG_NO_FENCE_UNCHARGE  zombie? -> what is charged
 *   VIEW   BUG_NO_FENCE_BURY      what is charged -> zombie
 *   CAPS   BUG_VAS_AT_ONCE        the page of V has no grace period
 *   CAPS   BUG_DEFER_TWICE        who finds nothing left frees it, though another has
 *   CAPS   BUG_COPY_NO_REREAD     the capability isn't read again
 *   CAPS   BUG_NO_FENCE_UNREF     does an executor live? -> who names it
 */
#define MAKE 1
#define RACE 2
#define LEAF 3
#define JOIN 4
#define MOVE 5
#define DYING 6
#define VIEW 7
#define CAPS 8
#define ALL 9
#ifndef SCENE
#define SCENE LEAF
#endif
#ifndef HARTS
#define HARTS 2
#endif
#ifndef CALLS
#define CALLS 3
#endif

#define NONE 0 /* harts and frames count from 1 */
#define FRAMES 3
#define W 0 /* also: its table */
#define V 1
#define NOWHERE 7
#define JUNK 8
#define BIT(h) (1 << (h))
#define MEMORY 1
#define TABLE 2

/* descriptors: type, count, payer */
byte type[FRAMES + 1];
byte cnt[FRAMES + 1];
bool of_v[FRAMES + 1];
/* blocks */
bool is_free[FRAMES + 1];
/* of tables, their one entry: a frame */
byte content[FRAMES + 1];
/* W */
bool cap[2];
/* V */
byte root; /* its one entry */
bool runs; /* its executor isn't STOPPED, */
bool stopreq;
bool queued; /* and is nobody's */
byte refs, used;
bool dying, zombie;
bool deferred; /* VAS_FREED */
byte harts; /* the mask */
bool doomed, limbo; /* it is on that list */
/* harts */
byte spaces; /* those with its satp */
byte tlb[HARTS + 1];
byte busy; /* those in the kernel */
byte waits; /* those of them that a grace period waits for */
/* what the checks need */
bool swept, gone;
byte calls; /* left */

#include "table_kernel.inc"

#define begins(call, how) calls > 0 -> calls--; busy = busy | BIT(me); how; goto call
#define here (spaces & BIT(me)) /* V's executor */

/* The first of a call: may it look at V? */
inline find_vases(involved)
{
	if
	:: !here && (involved) ->
		x = cap[0];
		if
		:: x == 0 -> goto out
		:: else -> x = 0
		fi
	:: else
	fi;
	if
	:: here || (involved) ->
		atomic { at_v; x = dying }
		if
		:: x != 0 -> x = 0; goto out
		:: else
		fi
	:: else
	fi
}

proctype hart(byte me)
{
	byte dst, src; /* W or V */
	byte e, s; /* entries there */
	byte f, x, k, m, n; /* scratch */
	bool moves; /* or replaces */
	bool good; /* it may make the copy */

user:
	atomic {
		busy = busy & ~BIT(me);
		waits = waits & ~BIT(me);
		dst = W; src = W; e = 0; s = 0; f = 0; x = 0; k = 0; m = 0; n = 0;
		moves = false; good = false
	}
end_user:
	atomic {
		if
		:: here && stopreq -> busy = busy | BIT(me); goto end
		:: !here && stopreq && queued -> queued = false; busy = busy | BIT(me); goto join
#if SCENE != RACE && SCENE != MOVE && SCENE != CAPS
		:: begins(call_new, dst = W)
#endif
#if SCENE != MOVE && SCENE != VIEW && SCENE != CAPS
		:: begins(call_new, dst = V)
#endif
#if SCENE == LEAF || SCENE == ALL
		:: begins(call_new, dst = V; moves = true)
#endif
#if SCENE != VIEW && SCENE != CAPS
		:: begins(call_share, dst = V)
#if SCENE != RACE
		:: begins(call_share, src = V)
		:: begins(call_unmap, dst = V)
#endif
#endif
#if SCENE == MOVE || SCENE == ALL
		:: begins(call_share, src = V; moves = true)
		:: begins(call_share, dst = V; moves = true)
#endif
		:: begins(call_unmap, skip)
#if SCENE == VIEW || SCENE == ALL
		:: begins(call_view, skip)
#endif
#if SCENE == CAPS || SCENE == ALL
		:: begins(call_copy, skip)
		:: begins(call_drop, e = 1)
#endif
#if SCENE == VIEW || SCENE == CAPS || SCENE == ALL
		:: begins(call_drop, e = 0)
#endif
#if SCENE >= DYING
		:: !dying && begins(call_kill, skip)
		:: here && begins(end, skip)
#endif
#if SCENE == JOIN || SCENE == DYING || SCENE == ALL
		:: !here && queued && begins(join_queued, skip)
		:: here && begins(yield, skip)
#endif
		fi
	}

yield:
	queued = true;
	goto leave;

join_queued:
	atomic {
		if
		:: queued -> queued = false
		:: else -> goto out
		fi
	}
join:
#ifdef BUG_NO_FENCE_JOIN
	spaces = spaces | BIT(me);
#endif
	if
	:: !(harts & BIT(me)) ->
		harts = harts | BIT(me);
#ifndef BUG_NO_FENCE_JOIN
		tlb[me] = NONE;
#endif
	:: else
	fi;
	spaces = spaces | BIT(me);
	if
	:: stopreq -> goto end
	:: else -> goto out
	fi;

end: /* vas_unrun */
	runs = false;
	kill_if_unused();
leave:
	spaces = spaces & ~BIT(me);
	goto out;

#include "table_calls.inc"

out:
	goto user
}

proctype reclaimer()
{
	byte e, x, k, n;

end:
	do
	:: doomed ->
		doomed = false;
#ifndef BUG_NO_GRACE
		grace();
#endif
		stopreq = true;
		!runs;
#ifdef BUG_NO_GRACE
		spaces == 0;
#elif !defined(BUG_SWEEP_NO_GRACE)
		grace();
#endif
		table_sweep();
		vas_bury()
	:: limbo ->
		limbo = false;
		grace();
		d_step { assert(!gone && refs == 0 && used == 0 && !runs && spaces == 0); gone = true }
	od
}

#define walk(h) (spaces & BIT(h)) && root != NONE && tlb[h] != content[root] -> \
	assert(is_table(root) && content[root] != JUNK); tlb[h] = content[root]

proctype walks()
{
end:
	do
	:: atomic { walk(1) }
	:: atomic { walk(2) }
#if HARTS >= 3
	:: atomic { walk(3) }
#endif
	od
}

active proctype quiet()
{
	byte f, n;

	timeout;
	d_step {
		assert(busy == 0 && !doomed && !limbo && dying == zombie);
		assert(refs == cap[0] + cap[1]);
		assert(dying || refs > 0 || runs);
		for (f : 1 .. FRAMES) {
			assert(cnt[f] == (content[W] == f) + (root == f) + in_table(f));
			assert(is_free[f] == (cnt[f] == 0));
			n = n + of_v[f]
		}
		assert(used == n);
		assert(gone == (zombie && used == 0 && refs == 0))
	}
}

init
{
	d_step {
		is_free[1] = true;
		is_free[2] = true;
		is_free[3] = true;
		content[1] = JUNK;
		content[2] = JUNK;
		content[3] = JUNK;
		cap[0] = true;
		refs = 1;
		runs = true;
		queued = true;
#if SCENE <= RACE
		content[W] = 1;
		is_free[1] = false;
		type[1] = MEMORY;
		cnt[1] = 1;
#else
		root = 1;
		is_free[1] = false;
		type[1] = TABLE;
		cnt[1] = 1;
		of_v[1] = true;
		content[1] = 2;
		is_free[2] = false;
		type[2] = MEMORY;
		cnt[2] = 1;
		of_v[2] = true;
		used = 2;
#endif
#if SCENE != JOIN
		queued = false;
		harts = BIT(2);
		spaces = BIT(2);
#endif
		calls = CALLS
	}
	atomic {
		run hart(1);
		run hart(2);
#if HARTS >= 3
		run hart(3);
#endif
		run reclaimer();
		run walks()
	}
}

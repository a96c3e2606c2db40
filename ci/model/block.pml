/* SPDX-License-Identifier: MIT
 *
 * Free frames in blocks: a bitmap and a word of state each, stacks of those that
 * have room and of those wholly free, and an owner as a hint.
 *
 * Modelled: HARTS harts that take frames, charged before; take whole blocks,
 * charged after, or else given back; and give what any of them has had, and then
 * uncharge.  One step is one access to a word that other harts may touch at that
 * time; LR/SC is one step, but the CAS on a stack's top is the load and the
 * store-conditional, with the load or store of the link between them.
 *
 * Bounds: 2 blocks of 2 frames, in words of WORD bits; TAKES takes and WHOLES of
 * whole blocks in all.  In the beginning OUT1 and OUT2 (bits) are out, the rest is
 * on the stacks as at boot.  What is out may be given at any time.
 *
 * Checked
 *   - no frame is had twice, nor is a whole block had that isn't wholly free
 *   - a count never exceeds the bits that are set, nor falls below 0
 *   - budget promises nothing that isn't free: at each charge, what is counted, or
 *     reserved and not yet had, is at least what is charged and not yet had and what
 *     could be charged
 *   - whoever has been charged finds a frame: a round that found none is repeated
 *     only when somebody else has put something anywhere, or was quicker; so a hart
 *     that would go round for ever, and nobody is about to put back, is a deadlock
 *   - whenever no hart is at it, the counts are the bits, those are the frames that
 *     aren't out, and they are the budget; each block with something free is owned or on
 *     a stack, each that is wholly free is owned or on the stack of these; a block is
 *     on a stack once if it has the flag, else not; OWNED says that it is one hart's
 *
 * Memory order: sequentially consistent; acquire and release orders are taken as
 * given.  The tag of a stack never comes round: `seen` of a hart says that the top
 * is what the hart loaded, and falls with each change.
 *
 * Correspondence, all kern/block.c where nothing else is said
 *   block_kernel.inc      push, pop, queue, count, disown, take_run, take_all; set:
 *                         block_give
 *   take                  block_take, own_another; kern/frame.c: take
 *   whole                 block_take_whole; kern/frame.c: frame_alloc_large
 *   give                  block_give, block_give_whole; kern/frame.c:
 *                         frame_run_free, free_large
 *
 * Abstractions: one budget stands for all.  The reserving CAS of take_run is one
 * step, its first look at count and first word another.  A load of a top and
 * the link's store after it are one step: of who sees that link none gets to use
 * it.  Left out: nodes; the free pages of the info page; boot.
 *
 * Seeded bugs, each of which must be found:
 *   BUG_BITS_BLIND        takes bits and doesn't look what it got
 *   BUG_RESERVE_NOT       takes bits without having reserved them
 *   BUG_COUNT_FIRST       counts what is given, then sets the bits
 *   BUG_BACK_NO_COUNT     gives back the bits but not what it had reserved
 *   BUG_UNCHARGE_FIRST    uncharges, then gives
 *   BUG_CLEAR_FIRST       the flag of a stack is cleared, then the block unlinked
 *   BUG_CLEAR_LATE        it is cleared after the look at the count
 *   BUG_NO_TAG            a stack has no tag
 *   BUG_FLAG_NO_TEST      pushes what has the flag already
 *   BUG_DISOWN_NO_QUEUE   disowns and doesn't queue
 *   BUG_DISOWN_LOOK_FIRST looks whether something is free, then disowns
 *   BUG_OWN_NO_TEST       owns what another does
 *   BUG_OTHERS_NOT_ASKED  takes nothing from blocks of others
 *   BUG_WHOLE_NO_QUEUE    what was popped and isn't whole, isn't queued again
 *   BUG_ROOM_IS_ENOUGH    a block that becomes whole isn't queued if it has room already
 *   BUG_ALL_BLIND         takes a whole block whatever its count
 *   BUG_CHARGE_NOT        keeps a whole block that there is no budget for
 */
#ifndef HARTS
#define HARTS 2
#endif
#ifndef WORD
#define WORD 2
#endif
#ifndef TAKES
#define TAKES 3
#endif
#ifndef WHOLES
#define WHOLES 0
#endif
#ifndef OUT1
#define OUT1 0
#endif
#ifndef OUT2
#define OUT2 0
#endif

#define NONE 0 /* harts and blocks count from 1 */
#define BLOCKS 2
#define FRAMES 2
#define ALL 3
#define ROOM 0
#define WHOLE 1
#define NEITHER 2

/* blocks: bitmap; state; links */
byte bits[BLOCKS + 1];
byte cnt[BLOCKS + 1];
bool owned[BLOCKS + 1];
bool flags[2 * (BLOCKS + 1)];
byte next[2 * (BLOCKS + 1)];
/* the global page */
byte top[2];
/* hart pages */
byte block[HARTS + 1];
/* of the one payer */
byte budget;
/* what the checks need */
byte out[BLOCKS + 1]; /* had by somebody */
byte seen[HARTS + 1]; /* the stack whose top is what it loaded, + 1 */
bool news[HARTS + 1]; /* somebody else has put something, or was quicker */
byte promised; /* charged, not yet had */
byte flight; /* reserved, not yet had */
byte busy, takes, wholes;
bool last; /* nobody begins anything any more */

#define of(k, b) (2 * (b) + (k))
#define flag(k, b) flags[of(k, b)]
#define ones(m) (((m) & 1) + ((m) >> 1 & 1))
#define lowest(m) ((m) & -(m))
#define kind_of(b) (cnt[b] == FRAMES -> WHOLE : ROOM)

/* Inside one step: */
#define news_for(h) news[h] = news[h] || me != h
#define unsee(h, k) seen[h] = (seen[h] == (k) + 1 -> 0 : seen[h])
#if HARTS >= 3
#define tell() news_for(1); news_for(2); news_for(3)
#define changes(k) unsee(1, k); unsee(2, k); unsee(3, k); seen[me] = 0
#else
#define tell() news_for(1); news_for(2)
#define changes(k) unsee(1, k); unsee(2, k); seen[me] = 0
#endif
#ifdef BUG_NO_TAG
#define same(k, old) (top[k] == old)
#else
#define same(k, old) (seen[me] == (k) + 1)
#endif
#define hands_out(b, m) \
	assert((out[b] & (m)) == 0); \
	out[b] = out[b] | (m); \
	flight = flight - ones(m)

#include "block_kernel.inc"

/* What is there is flagged, and nothing else is. */
inline check_stack(k)
{
	x = top[k];
	do
	:: x != NONE -> assert(flag(k, x)); n++; assert(n <= BLOCKS); x = next[of(k, x)]
	:: else -> break
	od;
	assert(n == flag(k, 1) + flag(k, 2));
	n = 0
}

inline leave()
{
	d_step {
		busy--;
		if
		:: busy == 0 ->
			check_stack(ROOM);
			check_stack(WHOLE);
			for (x : 1 .. BLOCKS) {
				n = n + cnt[x];
				for (q : 1 .. HARTS) {
					m = m + (block[q] == x)
				}
				assert(cnt[x] == ones(bits[x]) && bits[x] == (ALL & ~out[x]));
				assert(m == owned[x]);
				assert(cnt[x] == 0 || owned[x] || flag(ROOM, x) || flag(WHOLE, x));
				assert(cnt[x] < FRAMES || owned[x] || flag(WHOLE, x));
				m = 0
			}
			assert(n == budget && flight == 0 && promised == 0);
			n = 0;
			x = 0;
			q = NEITHER
		:: else
		fi;
		news[me] = false;
		got = 0;
		want = 0;
		b = NONE
	}
}

#define gives(k, f) \
	!last && (out[k] & (f)) == (f) -> b = k; m = f; out[k] = out[k] & ~(f); busy++; goto give

proctype hart(byte me)
{
	byte b, want, got, h;
	byte x, m, n, q = NEITHER; /* scratch */
	byte back; /* of flight, what isn't going to be had */

idle:
end_idle:
	atomic {
		if
		:: !last && takes > 0 && budget >= 1 -> takes--; want = 1
#if WORD == 2
		:: !last && takes > 0 && budget >= 2 -> takes--; want = 2
#endif
		:: !last && wholes > 0 -> wholes--; busy++; goto whole
		:: gives(1, 1)
		:: gives(1, 2)
		:: gives(1, ALL)
		:: gives(2, 1)
		:: gives(2, 2)
		:: gives(2, ALL)
		fi;
		budget = budget - want;
		promised = promised + want;
		assert(cnt[1] + cnt[2] + flight >= budget + promised);
		busy++;
		b = block[me]
	}

take:
	if
	:: b != NONE ->
		take_run(b);
		if
		:: got != 0 -> goto taken
		:: else -> block[me] = NONE
		fi;
		disown(b)
	:: else
	fi;
	news[me] = false;

	/* own_another */
look:
	pop(ROOM, b);
	h = ROOM;
	if
	:: b == NONE -> pop(WHOLE, b); h = WHOLE
	:: else
	fi;
	if
	:: b != NONE ->
		m = cnt[b];
#ifdef BUG_CLEAR_LATE
		flag(h, b) = false;
#endif
		h = 0;
		if
		:: m == 0 -> b = NONE; goto look
		:: else -> d_step { m = owned[b]; owned[b] = true }
		fi;
#ifndef BUG_OWN_NO_TEST
		if
		:: m != 0 -> m = 0; b = NONE; goto look
		:: else
		fi;
#endif
		d_step { m = 0; block[me] = b; tell() }
		goto take
	:: else -> h = 1
	fi;
#ifndef BUG_OTHERS_NOT_ASKED
	do
	:: h <= HARTS ->
		b = block[h];
		if
		:: b != NONE -> take_run(b)
		:: else
		fi;
		if
		:: got != 0 -> h = 0; goto taken
		:: else -> h++; b = NONE
		fi
	:: else -> break
	od;
#endif
	h = 0;
	news[me]; /* before, the next round would find what this one did */
	goto take;

taken:
	atomic { budget = budget + want - got; promised = promised + got - want }
	leave();
	goto idle;

whole:
	pop(WHOLE, b);
	if
	:: b != NONE ->
		take_all(b);
#ifdef BUG_CLEAR_LATE
		flag(WHOLE, b) = false;
#endif
		if
		:: got != 0 -> goto charge
		:: else
		fi;
#ifndef BUG_WHOLE_NO_QUEUE
		q = (cnt[b] != 0 && !owned[b] -> kind_of(b) : NEITHER);
		queue(b);
#endif
		b = NONE;
		goto whole
	:: else -> h = 1
	fi;
	do
	:: h <= HARTS ->
		b = block[h];
		if
		:: b != NONE -> take_all(b)
		:: else
		fi;
		if
		:: got != 0 -> h = 0; goto charge
		:: else -> h++; b = NONE
		fi
	:: else -> break
	od;
	h = 0;
	leave();
	goto idle;

charge:
	atomic {
		if
#ifdef BUG_CHARGE_NOT
		:: true -> budget = (budget >= FRAMES -> budget - FRAMES : 0); hands_out(b, ALL)
#else
		:: budget >= FRAMES -> budget = budget - FRAMES; hands_out(b, ALL)
		:: else -> m = ALL; got = 0
#endif
		fi
	}
	if
	:: m != 0 -> back = FRAMES; set(b)
	:: else
	fi;
	leave();
	goto idle;

give:
	got = ones(m);
#ifdef BUG_UNCHARGE_FIRST
	budget = budget + got;
	set(b);
#else
	set(b);
	budget = budget + got;
#endif
	leave();
	goto idle
}

#define boot(b, k) flag(k, b) = true; next[of(k, b)] = top[k]; top[k] = b

init
{
	byte i, q;

	d_step {
		out[1] = OUT1;
		out[2] = OUT2;
		i = BLOCKS;
		do
		:: i > 0 ->
			bits[i] = ALL & ~out[i];
			cnt[i] = ones(bits[i]);
			budget = budget + cnt[i];
			q = kind_of(i);
			if
			:: cnt[i] != 0 -> boot(i, q)
			:: else
			fi;
			i--
		:: else -> break
		od;
		q = 0;
		takes = TAKES;
		wholes = WHOLES
	}
	atomic {
		for (i : 1 .. HARTS) {
			run hart(i)
		}
	}
end:
	last = true
}

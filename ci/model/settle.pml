/* SPDX-License-Identifier: MIT
 *
 * Zombies: address spaces of which only the page is left.  What is freed of the frames that
 * they paid for goes up to whoever lives, and the page goes when nothing counts it.
 *
 * Modelled: three VASs, each the payer of the one before; the last lives.  Harts free
 * frames and drop names of the first two; meanwhile the reclaimer buries those two, and
 * settles whoever is queued.  One step is one access to a word that other harts may touch.
 * HEIRS bounds how far one step looks up.  NAMED: something names the first for ever, so all
 * pages stay.
 *
 * Checked
 *   - a page is freed once, when no frame is charged to it and nothing names it, and nobody
 *     queues it afterwards
 *   - in the end both are freed, and all budget is with the one that lives
 *
 * Memory order.  Promela is sequentially consistent; besides, a load may be served before
 * an older store of its own hart: BUG_LOOK_FIRST does it that early.
 *
 * Correspondence
 *   frees, unref     kern/vas.h: vas_uncharge; kern/vas.c: vas_unref, kill_if_unused
 *   settle, settled, pass_budget_on, bury    kern/vas.c, of these names
 *   reclaimer        kern/reclaim.c: takedowns_step
 *
 * Seeded bugs, each of which must be found:
 *   BUG_LOOK_FIRST   who frees looks at the flags before it has counted
 *   BUG_CLEAR_LAST   QUEUED goes after the look at the counts
 *   BUG_NO_TOKEN     the page goes while somebody may still queue it
 *   BUG_PASS_FIRST   passes the budget on, then looks whether anything is charged
 *   BUG_HEIR_KEEPS   a zombie far up keeps what it gets
 */
#ifndef FRAMES
#define FRAMES 1
#endif
#ifndef HEIRS
#define HEIRS 1
#endif

#define TOP 2
#define TOTAL (2 * FRAMES + 1)

byte avail[3], used[3], refs[3];
bool zombie[3], queued[3], freed[3];
byte heir[3]; /* the reclaimer's */
chan list = [4] of { byte };

inline settle(v)
{
	if
	:: queued[v]
	:: else ->
		atomic { q = queued[v]; queued[v] = true }
		if
		:: q == 0 -> atomic { assert(!freed[v]); list!v }
		:: else -> q = 0
		fi
	fi
}

/* A frame that v pays for is free. */
inline uncharge(v)
{
#ifdef BUG_LOOK_FIRST
	z = zombie[v];
#endif
	avail[v]++;
	used[v]--;
#ifndef BUG_LOOK_FIRST
	z = zombie[v];
#endif
	if
	:: z == 1 -> z = 0; settle(v)
	:: else
	fi
}

proctype frees(byte v)
{
	bit z, q;

	uncharge(v)
}

proctype unref(byte v)
{
	bit z, q;

	atomic { refs[v]--; z = (refs[v] == 0) }
	if
	:: z == 1 ->
		z = zombie[v];
		if
		:: z == 1 -> z = 0; settle(v)
		:: else
		fi
	:: else
	fi
}

inline pass_budget_on(v)
{
	atomic { a = avail[v]; avail[v] = 0 }
	if
	:: a == 0
	:: else ->
		h = heir[v];
		n = 0;
		do
		:: n < HEIRS && zombie[h] -> h = heir[h]; n++
		:: else -> break
		od;
		heir[v] = h;
		avail[h] = avail[h] + a;
#ifndef BUG_HEIR_KEEPS
		if
		:: zombie[h] -> settle(h)
		:: else
		fi;
#endif
		d_step { a = 0; h = 0; n = 0 }
	fi
}

inline settled(v)
{
#ifndef BUG_CLEAR_LAST
	queued[v] = false;
#endif
#ifdef BUG_PASS_FIRST
	pass_budget_on(v);
#endif
	unused = (used[v] == 0);
	unused = unused && (refs[v] == 0);
#ifdef BUG_CLEAR_LAST
	queued[v] = false;
#endif
#ifndef BUG_PASS_FIRST
	pass_budget_on(v);
#endif
	if
	:: unused ->
#ifdef BUG_NO_TOKEN
		q = 0;
#else
		atomic { q = queued[v]; queued[v] = true }
#endif
		if
		:: q == 0 ->
			d_step {
				assert(!freed[v] && used[v] == 0 && refs[v] == 0);
				freed[v] = true;
				unused = false
			}
			uncharge(v + 1) /* its page, after a grace period */
		:: else -> q = 0
		fi
	:: else
	fi
}

proctype reclaimer()
{
	byte v, a, h, n;
	bit z, q;
	bool unused;

end:
	do
	:: !zombie[0] -> zombie[0] = true; settle(0) /* bury */
	:: !zombie[1] -> zombie[1] = true; settle(1)
	:: list?v ->
		if
		:: v == 0 -> settled(0)
		:: v == 1 -> settled(1)
		fi
	od
}

active proctype quiet()
{
	timeout;
#ifdef NAMED
	assert(!freed[0] && used[0] == 0);
#else
	assert(freed[0] && freed[1]);
#endif
	assert(avail[TOP] + used[1] + used[TOP] == TOTAL && avail[0] == 0 && avail[1] == 0)
}

init
{
	byte i;

	atomic {
		used[0] = FRAMES;
		used[1] = FRAMES; /* the page of 0 among them */
		used[2] = 1; /* the page of 1 */
		refs[0] = 1;
		refs[1] = 1;
		heir[0] = 1;
		heir[1] = 2;
		do
		:: i < FRAMES -> i++; run frees(0)
		:: i >= FRAMES && i < 2 * FRAMES - 1 -> i++; run frees(1)
		:: i == 2 * FRAMES - 1 -> i = 0; break
		od;
#ifndef NAMED
		run unref(0);
#endif
		run unref(1);
		run reclaimer()
	}
}

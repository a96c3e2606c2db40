/* SPDX-License-Identifier: MIT
 *
 * A heap of rt's malloc: who has it takes blocks and frees them without a lock; others push
 * what they free on its remote stack, which it takes whole; when its executor ends, the next
 * one takes the heap as it is.
 *
 * Modelled: one heap with one slab of BLOCKS blocks, which is unmapped when it is empty and
 * made anew when it is needed; OWNERS executors that take the heap one after the other, or
 * would like to; FREERS that free what they find handed out.  One step is one access to a
 * word that others may touch.
 *
 * Bounds: TAKES calls of malloc and as many of free by each owner, PUSHES by each freer, each of them
 * any number up to that.
 *
 * Checked
 *   - one executor has the heap at a time
 *   - nobody touches a block of a slab that is not mapped
 *   - a block is handed out once, freed once, and none is lost: in the end all that
 *     was not freed is still out, and the rest in the slab or on the stack
 *
 * Memory order.  Promela is sequentially consistent; the release of the push and the acquire
 * of the swap are argued in rt/src/libc/slab.c.
 *
 * Correspondence
 *   push                rt/src/libc/slab.c: rt_slab_put_remote
 *   collect             collect
 *   adopt, abandon      rt_heap_adopt, rt_heap_abandon, each under the lock of heaps
 *   put                 free of one's own block, with rt_slab_alarm; slab_free
 *
 * Left out: several slabs, classes and spares, which only the owner touches.
 *
 * Seeded bugs, each of which must be found:
 *   BUG_LINK_ONCE       doesn't link anew when the CAS has failed
 *   BUG_PUSH_NO_CAS     stores the new top
 *   BUG_TAKE_NO_SWAP    takes the stack, then empties it
 *   BUG_LINK_LATE       reads a block's link when the block is back in the slab
 *   BUG_TOUCH_AFTER     touches the block after the push
 *   BUG_COUNT_EARLY     counts the block as free, then pushes it
 *   BUG_ADOPT_NO_LOCK   looks for a heap, then takes it
 */
#ifndef BLOCKS
#define BLOCKS 2
#endif
#ifndef OWNERS
#define OWNERS 2
#endif
#ifndef FREERS
#define FREERS 2
#endif
#ifndef TAKES
#define TAKES 2
#endif
#ifndef PUSHES
#define PUSHES 2
#endif

#define NONE 0 /* blocks count from 1 */

bool mapped;
byte link[BLOCKS + 1];
byte free_top;
byte used;
byte remote;
bool abandoned = true;
bool out[BLOCKS + 1];   /* handed out, and nobody frees it yet */
bool taken[BLOCKS + 1]; /* handed out */
byte having;            /* owners that have the heap */
byte pushing;           /* blocks that somebody is about to push */

inline touch(b)
{
	assert(mapped && b != NONE)
}

inline collect()
{
	if
	:: remote == NONE
	:: else ->
#ifdef BUG_TAKE_NO_SWAP
		all = remote;
		remote = NONE;
#else
		atomic { all = remote; remote = NONE }
#endif
		do
		:: all == NONE -> break
		:: else ->
			touch(all);
			assert(taken[all] && !out[all]);
			next = link[all];
			put(all);
#ifdef BUG_LINK_LATE
			if
			:: mapped -> next = link[all]
			:: else
			fi;
#endif
			all = next
		od
	fi
}

/* The owner's; what only he touches is one step. */
inline put(b)
{
	d_step {
		assert(taken[b]);
		taken[b] = false;
		link[b] = free_top;
		free_top = b;
#ifndef BUG_COUNT_EARLY
		used--;
#endif
	}
	unmap_if_empty()
}

inline unmap_if_empty()
{
	d_step {
		if
		:: used == 0 && mapped -> mapped = false; free_top = NONE
		:: else
		fi
	}
}

inline get()
{
	d_step {
		if
		:: !mapped ->
			mapped = true;
			free_top = NONE;
			for (i : 1 .. BLOCKS) {
				link[i] = free_top;
				free_top = i
			}
		:: else
		fi;
		b = free_top;
		if
		:: b != NONE ->
			assert(!taken[b]);
			free_top = link[b];
			used++;
			taken[b] = true;
			out[b] = true
		:: else
		fi;
		i = 0
	}
}

proctype owner()
{
	byte b, i, all, next, takes, puts;

#ifdef BUG_ADOPT_NO_LOCK
	abandoned;
	abandoned = false;
#else
	atomic { abandoned -> abandoned = false }
#endif
	d_step { having++; assert(having == 1) }
	do
	:: takes < TAKES ->
		takes++;
		if
		:: free_top == NONE && mapped -> collect()
		:: else
		fi;
		get();
		b = NONE
	:: puts < TAKES ->
		puts++;
		if
		:: atomic { out[1] -> out[1] = false; b = 1 }
		:: atomic { out[BLOCKS] -> out[BLOCKS] = false; b = BLOCKS }
		:: b = NONE
		fi;
		if
		:: b != NONE ->
			touch(b);
#ifdef BUG_COUNT_EARLY
			used--;
#endif
			put(b)
		:: else
		fi;
		b = NONE
	:: collect()
		break
	od;
	atomic { having--; abandoned = true }
}

proctype freer()
{
	byte b, first, pushes;
	bool done;

	do
	:: pushes < PUSHES ->
		pushes++;
		if
		:: atomic { out[1] -> out[1] = false; b = 1; pushing++ }
		:: atomic { out[BLOCKS] -> out[BLOCKS] = false; b = BLOCKS; pushing++ }
		:: b = NONE; break
		fi;
#ifdef BUG_COUNT_EARLY
		d_step { used--; unmap_if_empty() }
#endif
		first = remote;
		done = false;
#ifdef BUG_LINK_ONCE
		touch(b);
		link[b] = first;
#endif
		do
		:: done -> break
		:: else ->
#ifndef BUG_LINK_ONCE
			touch(b);
			link[b] = first;
#endif
#ifdef BUG_PUSH_NO_CAS
			atomic { remote = b; done = true; pushing-- }
#else
			atomic {
				if
				:: remote == first -> remote = b; done = true; pushing--
				:: else -> first = remote
				fi
			}
#endif
		od;
#ifdef BUG_TOUCH_AFTER
		touch(b);
#endif
		first = NONE;
		b = NONE
	:: break
	od
}

/* When nothing moves any more. */
proctype monitor()
{
	byte i, n, at;

	timeout;
	d_step {
		assert(abandoned && pushing == 0);
		n = 0;
		at = remote;
		do
		:: at == NONE || n > BLOCKS -> break
		:: else -> assert(taken[at] && !out[at]); n++; at = link[at]
		od;
		assert(n <= BLOCKS);
		for (i : 1 .. BLOCKS) {
			n = n + out[i]
		}
		assert(n == used);
		at = free_top;
		do
		:: at == NONE || n > BLOCKS -> break
		:: else -> assert(!taken[at]); n++; at = link[at]
		od;
		assert(!mapped || n == BLOCKS)
	}
}

init
{
	byte i;

	atomic {
		for (i : 1 .. OWNERS) {
			run owner()
		}
		for (i : 1 .. FREERS) {
			run freer()
		}
		run monitor()
	}
}

/* SPDX-License-Identifier: MIT
 *
 * The heap's blocks; slab.c says how it works.
 */
#ifndef RT_SLAB_H
#define RT_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "../rt.h"
#include "../va.h"

/* All of the heap's addresses come in slots of 64 KiB, which begin with a slab's header, or
 * with that of a large block. */
#define SLOT       RT_HEAP_ALIGN
#define SLOT_PAGES (SLOT >> PAGE_SHIFT)

#define SMALL_MAX 16384ul
#define CLASSES   36
#define ALIGN     16ul

struct rt_slab {
	struct rt_heap *owner; /* NULL: a large block */
	uint64_t size;         /* of a block; all that can be used of a large one */
	union {
		struct {
			void *free; /* blocks the owner can have at once, linked by their first word */
			uint64_t used;   /* blocks handed out */
			uint64_t alarm;  /* when used falls to this there is something to do */
			uint64_t carved; /* offset of what isn't made into blocks yet */
			uint64_t mapped; /* offset of what isn't mapped yet */
			uint64_t class;
			struct rt_slab *next; /* with room, in the owner's list */
			struct rt_slab *prev;
		};
		struct {             /* a large block, or what is kept by run.c */
			uint64_t va; /* slots */
			uint64_t slots;
			uint64_t pages; /* mapped, from the header on */
			uint64_t kind;
			uint64_t fresh; /* all zero */
			uint64_t stamp;
			struct rt_slab *newer;
			struct rt_slab *older;
		};
	};
};

#define RUN_OWN 2

struct rt_heap {
	struct rt_slab *current[CLASSES];     /* lists of slabs with room; or &rt_slab_none */
	struct rt_heap *next;                 /* without a thread */
	struct rt_heap *older;                /* of all there are */
	struct rt_slab *_Atomic own[RUN_OWN]; /* run.c */
	uint8_t own_kind[RUN_OWN];
	uint8_t own_next;
	/* blocks that others have freed; on a line of its own */
	_Alignas(64) void *_Atomic remote;
};

extern struct rt_heap *rt_heaps; /* all; it only grows, at its head */
extern struct rt_slab rt_slab_none;
extern uint8_t rt_slab_class[2][65];

/* Sizes up to 1 KiB, and from there to SMALL_MAX. */
static inline unsigned class_of(size_t size)
{
	return size <= 1024 ? rt_slab_class[0][(size + 15) >> 4]
			    : rt_slab_class[1][(size + 255) >> 8];
}

/* p - 1: a block that is aligned to a slot stands right behind its own. */
static inline struct rt_slab *slab_of(const void *p)
{
	return (struct rt_slab *)(((uint64_t)p - 1) & -SLOT);
}

static inline void *block_get(struct rt_slab *s)
{
	void **block = s->free;

	if (block) {
		s->free = *block;
		s->used++;
	}
	return block;
}

static inline void block_put(struct rt_slab *s, void *block)
{
	*(void **)block = s->free;
	s->free = block;
}

/* The heap's owner only: */
void *rt_heap_alloc(struct rt_heap *h, size_t size); /* at most SMALL_MAX; NULL: no memory */
void rt_slab_alarm(struct rt_slab *s);               /* used has become alarm */
void rt_heap_trim(struct rt_heap *h);                /* what is empty goes to the kernel */

/* Anybody: */
void rt_heap_init(struct rt_heap *h);
void rt_slab_put_remote(struct rt_slab *s, void *block);
struct rt_heap *rt_heap_adopt(void); /* NULL: no memory */
void rt_heap_abandon(struct rt_heap *h);

/* All that is empty or kept, of h, if it isn't NULL, and of nobody's; false: there was none. */
bool rt_heap_release(struct rt_heap *h);

/* A block of its own run; align is a power of 2; h is the caller's heap, or NULL.  NULL: no memory. */
void *rt_large_alloc(struct rt_heap *h, size_t size, size_t align);
void rt_large_free(struct rt_heap *h, struct rt_slab *l);
/* The same block with more or less of it, moved or not; NULL: no memory, and as it was. */
void *rt_large_resize(struct rt_heap *h, struct rt_slab *l, void *block, size_t size);

/* guard.c: what the heap does more of when debugged.  size of the block is
 * RT_GUARD more than of what is asked for. */
#define RT_GUARD 16
void *rt_guard_set(void *block, size_t size);
size_t rt_guard_size(const void *block); /* that was asked for; checks it */
void rt_guard_free(void *block);

#endif

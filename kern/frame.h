/* SPDX-License-Identifier: MIT
 *
 * Frames and their descriptors: 8 bytes a frame, mapped only where RAM is.
 */
#ifndef KERN_FRAME_H
#define KERN_FRAME_H

#include <stdbool.h>
#include <stdint.h>

struct vas;

/* bits 3:0 type, 31:4 count or link, 63:32 frame number of the payer */
#define FRAME_NONE     0 /* the kernel's own, or never given out */
#define FRAME_FREE     1 /* count is the link to the next free one */
#define FRAME_MEMORY   2 /* count: leaves that map it */
#define FRAME_TABLE    3
#define FRAME_EXECUTOR 4 /* counted in the page; count is the limbo link */
#define FRAME_VAS      5 /* counted in the page; count is the limbo link */
#define FRAME_BOOT     6 /* initrd, device tree: not counted, never freed */

#define FRAME_TYPE        0xfUL
#define FRAME_COUNT_SHIFT 4
#define FRAME_COUNT_ONE   (1UL << FRAME_COUNT_SHIFT)
#define FRAME_COUNT       0xfffffff0UL
#define FRAME_PAYER_SHIFT 32

#define VMEMMAP 0xffffffff00000000UL /* root slot 508 */

static inline uint64_t *frame_desc(uint64_t frame)
{
	return (uint64_t *)VMEMMAP + frame;
}

static inline uint64_t frame_type(uint64_t frame)
{
	return __atomic_load_n(frame_desc(frame), __ATOMIC_RELAXED) & FRAME_TYPE;
}

/* Charge payer for a frame and give it out zeroed with count 1; 0: none. */
uint64_t frame_alloc(unsigned type, struct vas *payer);
/* One more leaf maps this memory.  0: done; -EAGAIN: it is no longer
 * counted memory, look again; -ENOMEM: too many. */
int frame_get(uint64_t frame);
/* One leaf less; the last frees it.  The TLBs know already. */
void frame_put(uint64_t frame);
/* Free it at once, whatever it was. */
void frame_free(uint64_t frame);
/* The next frame at or above `frame` that may be given out, or 0. */
uint64_t frame_next(uint64_t frame);

#endif

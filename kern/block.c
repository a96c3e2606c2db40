/* SPDX-License-Identifier: MIT */
#include "block.h"
#include "atomic.h"
#include "global.h"
#include "machine.h"

#define LINK_MASK 0xffffffffUL
#define TAG_ONE   (LINK_MASK + 1)
#define WORDS     (BLOCK_FRAMES / 64)

enum kind { ROOM, WHOLE };

static uint64_t flag(enum kind kind)
{
	return kind == ROOM ? BLOCK_ROOM : BLOCK_WHOLE;
}

/* tag << 32 | block + 1.  The tag steps with each change, so that a block that came
 * back between load and store-conditional isn't mistaken for itself (emulators do
 * LR/SC by comparing values). */
static uint64_t *stack(enum kind kind, uint64_t node)
{
	return kind == ROOM ? &global->page_alloc_head[node].top
			    : &global->page_alloc_tail[node].top;
}

static void push(enum kind kind, struct block *b)
{
	uint64_t *top = stack(kind, b->node), old = atomic_load(top);

	do
		atomic_store(&b->next[kind], (uint32_t)old);
	while (!atomic_cas(top, &old, ((old & ~LINK_MASK) + TAG_ONE) | (b - BLOCKS + 1)));
}

static struct block *pop(enum kind kind, uint64_t node)
{
	/* Acquire: pairs with the release of the push, for the link. */
	uint64_t *top = stack(kind, node), old = atomic_load_acquire(top);
	struct block *b;

	do {
		if ((old & LINK_MASK) == 0)
			return NULL;
		b = BLOCKS + (old & LINK_MASK) - 1;
		/* May be anything by now; then the tag has changed as well. */
	} while (!atomic_cas(top, &old,
			     ((old & ~LINK_MASK) + TAG_ONE) | atomic_load(&b->next[kind])));
	/* From here on whoever finds something free in it pushes it again. */
	atomic_and(&b->state, ~flag(kind));
	return b;
}

/* b is nobody's, and something in it is free. */
static void queue(struct block *b, uint64_t state)
{
	enum kind kind = (state & BLOCK_COUNT) == BLOCK_FRAMES ? WHOLE : ROOM;

	if (!(atomic_or(&b->state, flag(kind)) & flag(kind)))
		push(kind, b);
}

/* n more are free, their bits are set. */
static void count(struct block *b, uint64_t n)
{
	/* Release: the bits; pairs with the acquire of who reserves. */
	uint64_t state = atomic_add(&b->state, n) + n;

	if (state & BLOCK_OWNED)
		return; /* its owner queues it */
	if (!(state & (BLOCK_ROOM | BLOCK_WHOLE)) ||
	    ((state & BLOCK_COUNT) == BLOCK_FRAMES && !(state & BLOCK_WHOLE)))
		queue(b, state);
}

static void disown(struct block *b)
{
	uint64_t state = atomic_and(&b->state, ~BLOCK_OWNED) & ~BLOCK_OWNED;

	if ((state & BLOCK_COUNT) != 0)
		queue(b, state);
}

/* The own node's first, wholly free ones last. */
static struct block *own_another(void)
{
	uint64_t node = this_hart->node;

	for (uint64_t i = 0; i < global->nodes; i++) {
		for (enum kind kind = ROOM; kind <= WHOLE; kind++) {
			struct block *b;
			while ((b = pop(kind, node)) != NULL) {
				if ((atomic_load(&b->state) & BLOCK_COUNT) == 0)
					continue;
				if (!(atomic_or(&b->state, BLOCK_OWNED) & BLOCK_OWNED))
					return b;
			}
		}
		if (++node == global->nodes)
			node = 0;
	}
	return NULL;
}

/* n that the caller has found free; he has reserved some. */
static bool reserve(struct block *b, uint64_t *n)
{
	uint64_t state = atomic_load(&b->state);

	/* Acquire: pairs with the release in count. */
	do {
		if ((state & BLOCK_COUNT) == 0)
			return false;
		if (*n > (state & BLOCK_COUNT))
			*n = state & BLOCK_COUNT;
	} while (!atomic_cas(&b->state, &state, state - *n));
	return true;
}

/* Some in a row; 0: none, or others were quicker. */
static uint64_t take_run(struct block *b, uint64_t want, uint64_t *got)
{
	uint64_t *word = b->free, bits;

	while ((bits = atomic_load(word)) == 0)
		if (++word == b->free + WORDS)
			return 0;
	uint64_t low = __builtin_ctzl(bits), rest = ~(bits >> low), n = want;
	if (rest != 0 && n > (uint64_t)__builtin_ctzl(rest))
		n = __builtin_ctzl(rest);
	if (!reserve(b, &n))
		return 0;
	uint64_t mask = (~0UL >> (64 - n)) << low, mine = atomic_and(word, ~mask) & mask;
	if (mine != mask) {
		/* Somebody else had reserved what came before, and took these. */
		atomic_or(word, mine);
		count(b, n);
		return 0;
	}
	*got = n;
	low += (word - b->free) * 64;
	this_hart->frame_hint = low + n;
	return ((b - BLOCKS) << BLOCK_SHIFT) + low;
}

/* The next after the last that was taken, or the last that was given back; 0: none in
 * that word.  It is near, as a rule, and so found sooner than the lowest. */
static inline uint64_t take_next(struct block *b)
{
	uint64_t at = this_hart->frame_hint % BLOCK_FRAMES, n = 1;
	uint64_t *word = &b->free[at / 64], bits = atomic_load(word) >> at % 64;

	if (bits == 0 || !reserve(b, &n))
		return 0;
	for (; !(bits & 1); bits >>= 1)
		at++;
	uint64_t bit = 1UL << at % 64;
	if (!(atomic_and(word, ~bit) & bit)) {
		count(b, 1);
		return 0;
	}
	this_hart->frame_hint = at + 1;
	return ((b - BLOCKS) << BLOCK_SHIFT) + at;
}

uint64_t block_take_one(void)
{
	struct block *b = this_hart->block;
	uint64_t frame, got;

	if (b != NULL && (frame = take_next(b)) != 0)
		return frame;
	return block_take(1, &got);
}

uint64_t block_take(uint64_t want, uint64_t *got)
{
	struct block *b = this_hart->block;
	uint64_t first;

	for (;;) {
		if (b != NULL) {
			if ((first = take_run(b, want, got)) != 0)
				return first;
			atomic_store(&this_hart->block, NULL);
			disown(b);
		}
		b = own_another();
		atomic_store(&this_hart->block, b);
		if (b != NULL)
			continue;
		/* All that is left is in blocks of others, or on its way. */
		for (uint64_t i = 0; i < global->harts; i++) {
			struct block *other = atomic_load(&global->hart[i]->block);
			if (other != NULL && (first = take_run(other, want, got)) != 0)
				return first;
		}
	}
}

void block_give(uint64_t first, uint64_t n)
{
	struct block *b = BLOCKS + (first >> BLOCK_SHIFT);

	/* Release: whoever takes them next sees all that was done here. */
	atomic_or(&b->free[first / 64 % WORDS], (~0UL >> (64 - n)) << (first % 64));
	count(b, n);
	if (b == this_hart->block)
		this_hart->frame_hint = first; /* may be in a cache yet */
}

static bool take_all(struct block *b)
{
	uint64_t state = atomic_load(&b->state);

	do
		if ((state & BLOCK_COUNT) != BLOCK_FRAMES)
			return false;
	while (!atomic_cas(&b->state, &state, state - BLOCK_FRAMES));
	/* Nobody else has reserved any. */
	for (unsigned i = 0; i < WORDS; i++)
		atomic_store(&b->free[i], 0);
	return true;
}

uint64_t block_take_whole(void)
{
	uint64_t node = this_hart->node;
	struct block *b;

	for (uint64_t i = 0; i < global->nodes; i++) {
		while ((b = pop(WHOLE, node)) != NULL) {
			if (take_all(b))
				return (b - BLOCKS) << BLOCK_SHIFT;
			uint64_t state = atomic_load(&b->state);
			if ((state & BLOCK_COUNT) != 0 && !(state & BLOCK_OWNED))
				queue(b, state);
		}
		if (++node == global->nodes)
			node = 0;
	}
	for (uint64_t i = 0; i < global->harts; i++) {
		b = atomic_load(&global->hart[i]->block);
		if (b != NULL && take_all(b))
			return (b - BLOCKS) << BLOCK_SHIFT;
	}
	return 0;
}

void block_give_whole(uint64_t first)
{
	struct block *b = BLOCKS + (first >> BLOCK_SHIFT);

	for (unsigned i = 0; i < WORDS; i++)
		atomic_store(&b->free[i], ~0UL);
	count(b, BLOCK_FRAMES);
}

BOOT_ONLY void block_add(uint64_t first, uint64_t end, uint64_t node)
{
	for (uint64_t word = first / 64; word <= (end - 1) / 64; word++) {
		struct block *b = BLOCKS + word / (WORDS);
		uint64_t bits = ~0UL, n = 64;
		if (word == first / 64) {
			bits &= ~0UL << first % 64;
			n -= first % 64;
		}
		if (word == end / 64) {
			bits &= ~(~0UL << end % 64);
			n -= 64 - end % 64;
		}
		b->free[word % (WORDS)] |= bits;
		b->state += n;
		b->node = node;
	}
}

BOOT_ONLY void block_begin(uint64_t first, uint64_t end)
{
	/* From the end, so that the first are taken first. */
	for (struct block *b = BLOCKS + ((end - 1) >> BLOCK_SHIFT);
	     b >= BLOCKS + (first >> BLOCK_SHIFT); b--)
		if ((b->state & BLOCK_COUNT) != 0 && !(b->state & (BLOCK_ROOM | BLOCK_WHOLE)))
			queue(b, b->state);
}

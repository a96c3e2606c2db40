/* SPDX-License-Identifier: MIT
 *
 * map SHARE, MOVE and PROTECT: what they do when they are allowed.
 */
#include "kit.h"

/* SHARE, or MOVE, out of another space. */
static int64_t share_from(uint64_t from, uint64_t va, uint64_t source, uint64_t count,
			  uint64_t attr)
{
	return CALL(CALL_MAP, 0, va, source, count, MAP_SHARE | attr, 0, from);
}

static int64_t move_from(uint64_t from, uint64_t va, uint64_t source, uint64_t count, uint64_t attr)
{
	return CALL(CALL_MAP, 0, va, source, count, MAP_MOVE | attr, 0, from);
}

static void number_pages(unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		*word(page(first + i)) = 100 + i;
}

TEST(shared_memory_is_the_same_memory)
{
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	CHECK_EQ(share(0, page(1), page(0), 1, RW), 1);
	CHECK_EQ(share(0, page(2), page(1), 1, MAP_R), 1);
	for (uint64_t i = 0; i < 512; i++) {
		word(page(0))[i] = i;
		CHECK_EQ(word(page(1))[i], i);
		word(page(1))[i] = ~i;
		CHECK_EQ(word(page(0))[i], ~i);
		CHECK_EQ(word(page(2))[i], ~i);
	}
	/* It stays as long as one mapping does. */
	CHECK_EQ(unmap(0, page(0), 2), 2);
	for (uint64_t i = 0; i < 512; i++)
		CHECK_EQ(word(page(2))[i], ~i);
}

TEST(sharing_costs_no_frame_and_the_last_unmap_frees)
{
	uint64_t before = INFO->free_pages;

	CHECK_EQ(map_new(0, page(0), 10, RW), 10);
	for (unsigned n = 1; n < 20; n++)
		CHECK_EQ(share(0, page(10 * n), page(0), 10, RW), 10);
	CHECK_FRAMES(before - 10);
	CHECK_EQ(unmap(0, page(0), 190), 190);
	CHECK_FRAMES(before - 10);
	CHECK_EQ(unmap(0, page(190), 5), 5);
	CHECK_FRAMES(before - 5);
	CHECK_EQ(unmap(0, page(195), 5), 5);
	CHECK_FRAMES(before);
}

TEST(a_share_can_have_fewer_rights)
{
	CHECK_EQ(map_new(0, page(0), 1, RW | MAP_X | MAP_WX), 1);
	*(volatile uint32_t *)page(0) = CODE_RETURN;
	static const uint64_t asked[] = {MAP_R, RW, RX, MAP_X, RW | MAP_X | MAP_WX};
	for (unsigned i = 0; i < 5; i++) {
		test_note("rights", asked[i]);
		CHECK_EQ(share(0, page(1), page(0), 1, asked[i]), 1);
		CHECK_EQ(probe_rights(&pool[0], page(1)), asked[i] & MAP_RIGHTS);
		CHECK_EQ(probe_rights(&pool[0], page(0)), MAP_RIGHTS);
		CHECK_EQ(unmap(0, page(1), 1), 1);
	}
}

TEST(a_share_stops_at_a_hole_or_an_obstacle)
{
	CHECK_EQ(map_new(0, page(0), 3, RW), 3);
	CHECK_EQ(map_new(0, page(4), 1, RW), 1);
	number_pages(0, 3);
	CHECK_EQ(share(0, page(10), page(0), 5, RW), 3);
	CHECK_EQ(*word(page(12)), 102);
	CHECK_EQ(probe_load(&pool[0], page(13)).cause, LOAD_FAULT);
	CHECK_EQ(share(0, page(9), page(0), 3, RW), 1);
	CHECK_EQ(share(0, page(10), page(0), 3, RW), -HL_EEXIST);
	/* Or at something of another kind or with fewer rights. */
	CHECK_EQ(protect(0, page(1), 1, MAP_R), 1);
	CHECK_EQ(share(0, page(20), page(0), 3, RW), 1);
	CHECK_EQ(share(0, page(30), page(0), 3, MAP_R), 3);
}

TEST(replace_by_share_swaps_what_stands_there)
{
	uint64_t before = INFO->free_pages;

	CHECK_EQ(map_new(0, page(0), 2, RW), 2);
	*word(page(0)) = 1;
	*word(page(1)) = 2;
	CHECK_EQ(share(0, page(1), page(0), 1, MAP_R | MAP_REPLACE), 1);
	CHECK_EQ(*word(page(1)), 1);
	CHECK_EQ(probe_store(&pool[0], page(1), 5).cause, STORE_FAULT);
	CHECK_FRAMES(before - 1);
	CHECK_EQ(map_new(0, page(2), 1, RW), 1);
	*word(page(2)) = 3;
	CHECK_EQ(move(0, page(1), page(2), 1, RW | MAP_REPLACE), 1);
	CHECK_EQ(*word(page(1)), 3);
	CHECK_EQ(*word(page(0)), 1);
	CHECK_FRAMES(before - 2);
}

TEST(move_takes_the_source_away)
{
	uint64_t before = INFO->free_pages;

	CHECK_EQ(map_new(0, page(0), 50, RW), 50);
	number_pages(0, 50);
	CHECK_EQ(move(0, page(100), page(0), 50, RW), 50);
	for (unsigned i = 0; i < 50; i++)
		CHECK_EQ(*word(page(100 + i)), 100 + i);
	for (unsigned i = 0; i < 50; i += 7)
		CHECK_EQ(probe_load(&pool[0], page(i)).cause, LOAD_FAULT);
	CHECK_FRAMES(before - 50);
	CHECK_EQ(move(0, page(100), page(0), 1, RW), -HL_EFAULT);
	CHECK_EQ(move(0, page(0), page(100), 50, MAP_R), 50);
	CHECK_EQ(probe_rights(&pool[0], page(0)) & RW, MAP_R);
}

TEST(a_page_stays_what_it_is_when_put_onto_itself)
{
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	*word(page(0)) = 100;
	CHECK_EQ(move(0, page(0), page(0), 1, RW), -HL_EINVAL);
	CHECK_EQ(move(0, page(0), page(0), 1, RW | MAP_REPLACE), -HL_EINVAL);
	CHECK_EQ(move(0, page(0), page(0), 1, MAP_R | MAP_REPLACE), -HL_EINVAL);
	CHECK_EQ(share(0, page(0), page(0), 1, RW), -HL_EEXIST);
	CHECK_EQ(share(0, page(0), page(0), 1, RW | MAP_REPLACE), 1);
	CHECK_EQ(probe_load(&pool[0], page(0)).value, 100);
	CHECK_EQ(probe_rights(&pool[0], page(0)), RW);
}

/* Ranges that overlap, and a page onto itself: whatever comes of it, no frame
 * is lost or freed twice. */
TEST(odd_moves_lose_nothing)
{
	uint64_t before = INFO->free_pages;
	static const uint64_t replace[] = {0, MAP_REPLACE};

	for (int i = 0; i < 2; i++) {
		CHECK_EQ(map_new(0, page(0), 8, RW), 8);
		number_pages(0, 8);
		int64_t r = move(0, page(0), page(0), 1, RW | replace[i]);
		if (r < 0) {
			CHECK_EQ(*word(page(0)), 100);
		}
		move(0, page(3), page(2), 4, RW | replace[i]);
		move(0, page(1), page(2), 4, RW | replace[i]);
		share(0, page(1), page(1), 1, RW | replace[i]);
		share(0, page(0), page(1), 4, RW | replace[i]);
		share(0, page(1), page(0), 4, RW | replace[i]);
		/* What is still there is memory of ours. */
		for (unsigned n = 0; n < 8; n++) {
			struct probe p = probe_load(&pool[0], page(n));

			if (p.cause == NO_FAULT)
				CHECK(p.value >= 100 && p.value < 108);
		}
		CHECK_EQ(unmap(0, page(0), 16), 16);
		CHECK_FRAMES(before);
	}
}

TEST(protect_takes_rights_away)
{
	CHECK_EQ(map_new(0, page(0), 3, RW | MAP_X | MAP_WX), 3);
	for (unsigned i = 0; i < 3; i++)
		*(volatile uint32_t *)page(i) = CODE_RETURN;
	CHECK_EQ(protect(0, page(0), 3, RX), 3);
	CHECK_EQ(probe_rights(&pool[0], page(0)), RX);
	CHECK_EQ(protect(0, page(1), 1, MAP_R), 1);
	CHECK_EQ(probe_rights(&pool[0], page(0)), RX);
	CHECK_EQ(probe_rights(&pool[0], page(1)), MAP_R);
	CHECK_EQ(probe_rights(&pool[0], page(2)), RX);
	CHECK_EQ(protect(0, page(2), 1, MAP_X), 1);
	CHECK_EQ(probe_rights(&pool[0], page(2)), MAP_X);
	CHECK_EQ(protect(0, page(1), 1, RX), -HL_EPERM);
}

TEST(protect_keeps_the_contents)
{
	CHECK_EQ(map_new(0, page(0), 20, RW), 20);
	number_pages(0, 20);
	CHECK_EQ(protect(0, page(0), 20, MAP_R), 20);
	for (unsigned i = 0; i < 20; i++)
		CHECK_EQ(*word(page(i)), 100 + i);
}

TEST(protect_stops_at_a_hole)
{
	CHECK_EQ(map_new(0, page(0), 2, RW), 2);
	CHECK_EQ(map_new(0, page(3), 1, RW), 1);
	CHECK_EQ(protect(0, page(0), 4, MAP_R), 2);
	CHECK_EQ(probe_store(&pool[0], page(1), 1).cause, STORE_FAULT);
	CHECK_EQ(probe_store(&pool[0], page(3), 1).cause, NO_FAULT);
}

/* --- between spaces ------------------------------------------------------ */

TEST(memory_is_shared_with_another_space)
{
	uint64_t vas = space_new(1000);
	struct worker *child = worker_new(vas);

	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	*word(page(0)) = 41;
	CHECK_EQ(share(vas, page(7), page(0), 1, MAP_R), 1);
	CHECK_EQ(probe_load(child, page(7)).value, 41);
	*word(page(0)) = 42;
	CHECK_EQ(probe_load(child, page(7)).value, 42);
	CHECK_EQ(probe_store(child, page(7), 1).cause, STORE_FAULT);
	CHECK_EQ(probe_load(child, page(0)).cause, LOAD_FAULT);
	CHECK_EQ(unmap(vas, page(7), 1), 1);
	CHECK_EQ(probe_load(child, page(7)).cause, LOAD_FAULT);
}

TEST(memory_moves_to_another_space_and_back)
{
	uint64_t vas = space_new(1000);
	struct worker *child = worker_new(vas);

	CHECK_EQ(map_new(0, page(0), 9, RW), 9);
	number_pages(0, 9);
	CHECK_EQ(move(vas, page(20), page(0), 9, RW), 9);
	CHECK_EQ(probe_load(&pool[0], page(0)).cause, LOAD_FAULT);
	CHECK_EQ(probe_load(child, page(28)).value, 108);
	CHECK_EQ(probe_store(child, page(20), 55).cause, NO_FAULT);
	CHECK_EQ(move_from(vas, page(0), page(20), 9, RW), 9);
	CHECK_EQ(probe_load(child, page(20)).cause, LOAD_FAULT);
	CHECK_EQ(*word(page(0)), 55);
	CHECK_EQ(*word(page(8)), 108);
}

TEST(memory_goes_from_space_to_space)
{
	uint64_t from = space_new(1000), to = space_new(1000);
	struct worker *child = worker_new(to);

	CHECK_EQ(map_new(from, page(0), 1, RW), 1);
	CHECK_EQ(share_from(from, page(0), page(0), 1, RW), 1);
	*word(page(0)) = 66;
	CHECK_EQ(CALL(CALL_MAP, to, page(5), page(0), 1, MAP_SHARE | MAP_R, 0, from), 1);
	CHECK_EQ(probe_load(child, page(5)).value, 66);
	CHECK_EQ(CALL(CALL_MAP, to, page(6), page(0), 1, MAP_MOVE | RW, 0, from), 1);
	CHECK_EQ(probe_store(child, page(6), 67).cause, NO_FAULT);
	CHECK_EQ(*word(page(0)), 67);
}

/* Held without W a space gives away only what may be read. */
TEST(a_space_held_without_w_is_read_only)
{
	uint64_t vas = space_new(1000), reader = slot(), inside = slot();

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(share(vas, inside, pool[0].handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	CHECK_EQ(share(0, reader, vas, 1, MAP_VAS | RX), 1);
	CHECK_EQ(share_from(reader, page(0), page(0), 1, RW), -HL_EPERM);
	CHECK_EQ(share_from(reader, page(0), inside, 1, MAP_EXECUTOR | MAP_X), -HL_EPERM);
	CHECK_EQ(share_from(reader, page(0), inside, 1, MAP_EXECUTOR | MAP_R), -HL_EPERM);
	CHECK_EQ(share_from(reader, page(0), inside, 1, MAP_EXECUTOR), -HL_EPERM);
	CHECK_EQ(move_from(reader, page(0), page(0), 1, MAP_R), -HL_EPERM);
	CHECK_EQ(share_from(reader, page(0), page(0), 1, MAP_R), 1);
	CHECK_EQ(probe_rights(&pool[0], page(0)), MAP_R);
	/* Nor may its text be taken executable. */
	CHECK_EQ(share_from(reader, page(1), (uint64_t)entry_work & -PAGE_SIZE, 1, RX), -HL_EPERM);
	CHECK_EQ(map_new(reader, page(1), 1, RW), -HL_EPERM);
	CHECK_EQ(unmap(reader, page(0), 1), -HL_EPERM);
	CHECK_EQ(protect(reader, page(0), 1, MAP_R), -HL_EPERM);
	CHECK_EQ(executor_new(reader, slot(), MAP_RIGHTS), -HL_EPERM);
}

TEST(a_space_takes_no_capability_on_itself)
{
	uint64_t vas = space_new(1000), va = slot();

	CHECK_EQ(share(vas, va, vas, 1, MAP_VAS | MAP_R), -HL_EINVAL);
	CHECK_EQ(move(vas, va, vas, 1, MAP_VAS | MAP_R), -HL_EINVAL);
	CHECK_EQ(map_new(vas, va, 1, RW), 1);
	CHECK_EQ(share(vas, va, vas, 1, MAP_VAS | MAP_R | MAP_REPLACE), -HL_EINVAL);
	CHECK_EQ(unmap(vas, va, 1), 1);
	/* Not by a detour through its own executor either. */
	uint64_t other = space_new(1000);
	struct worker *w = worker_new(other);
	CHECK_EQ(share(other, page(0), vas, 1, MAP_VAS | MAP_RIGHTS), 1);
	CHECK_EQ(CALL_IN(w, CALL_MAP, page(0), page(1), page(0), 1, MAP_SHARE | MAP_VAS | MAP_R),
		 -HL_EINVAL);
}

TEST(a_space_may_hold_capabilities_on_its_executors)
{
	uint64_t vas = space_new(1000), va = slot();
	struct worker *a = worker_new(vas), *b = worker_new(vas);

	CHECK_EQ(share(vas, va, b->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	run(b, work_park, 0);
	AWAIT(life(b) == EX_PARKED);
	CHECK_EQ(CALL_IN(a, CALL_WAKE, va), 1);
	CHECK_EQ(join(b), 0);
	CHECK_EQ(CALL_IN(a, CALL_STOP, va), -HL_EPERM);
}

/* --- badges -------------------------------------------------------------- */

static int64_t badge(uint64_t va, uint64_t source, uint64_t attr, uint64_t aux)
{
	return CALL(CALL_MAP, 0, va, source, 1, attr, aux);
}

TEST(a_badge_is_set_once)
{
	uint64_t a = slot(), b = slot();
	uint64_t attr = MAP_SHARE | MAP_EXECUTOR | MAP_X;

	CHECK_EQ(badge(a, pool[0].handle, attr, 5), 1);
	CHECK_EQ(badge(b, a, attr, 6), -HL_EPERM);
	CHECK_EQ(badge(b, a, attr, 0x3ff), -HL_EPERM);
	CHECK_EQ(badge(b, a, MAP_MOVE | MAP_EXECUTOR | MAP_X, 6), -HL_EPERM);
	/* 0 keeps it; that it does is seen where the badge shows (swap). */
	CHECK_EQ(badge(b, a, attr, 0), 1);
	CHECK_EQ(badge(slot(), b, attr, 1), -HL_EPERM);
	/* The unbadged one can be badged again. */
	CHECK_EQ(badge(slot(), pool[0].handle, attr, 7), 1);
}

static uint64_t badge_seen;

static uint64_t note_badge(uint64_t arg)
{
	badge_seen = park().a1;
	return arg;
}

static uint64_t swap_to(uint64_t next)
{
	return (uint64_t)swap(next, 0, 0, 0, 0).a0;
}

TEST(a_badge_stays_with_copies)
{
	uint64_t a = slot(), b = slot(), c = slot();

	CHECK_EQ(badge(a, pool[0].handle, MAP_SHARE | MAP_EXECUTOR | MAP_RIGHTS, 0x2a5), 1);
	CHECK_EQ(badge(b, a, MAP_SHARE | MAP_EXECUTOR | MAP_X | MAP_W, 0), 1);
	CHECK_EQ(badge(c, b, MAP_MOVE | MAP_EXECUTOR | MAP_X | MAP_W, 0), 1);
	CHECK_EQ(protect(0, c, 1, MAP_EXECUTOR | MAP_X), 1);
	badge_seen = 0;
	run(&pool[0], note_badge, 0);
	AWAIT(life(&pool[0]) == EX_PARKED);
	run(&pool[1], swap_to, c);
	join(&pool[0]);
	CHECK_EQ(badge_seen, 0x2a5);
}

TEST(a_moved_capability_works_there_only)
{
	uint64_t a = slot(), b = slot();

	CHECK_EQ(share(0, a, pool[0].handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	CHECK_EQ(move(0, b, a, 1, MAP_EXECUTOR | MAP_X), 1);
	CHECK_EQ(wake(a), -HL_EBADF);
	CHECK_EQ(wake(b), 0);
	CHECK_EQ(stop(b, 0), -HL_EPERM);
	CHECK_EQ(move(0, a, b, 1, MAP_EXECUTOR | MAP_X | MAP_W), -HL_EPERM);
	CHECK_EQ(wake(b), 0);
}

/* SPDX-License-Identifier: MIT
 *
 * Address spaces: their end gives everything back, and what names them or
 * their pages from outside stays safe.
 */
#include "kit.h"

static volatile uint64_t flag;

/* A space with memory in several tables and executors in all states but
 * running; its workers go to w[0..3]. */
static uint64_t furnished(struct worker **w)
{
	uint64_t vas = space_new(2000);

	for (uint64_t i = 0; i < 8; i++)
		CHECK_EQ(map_new(vas, ARENA + (i << 30), 20, RW), 20);
	for (int i = 0; i < 4; i++)
		w[i] = worker_new(vas);
	run(w[0], work_park_forever, 0);
	run(w[1], work_fault, FAR_HOLE);
	AWAIT(life(w[0]) == EX_PARKED && life(w[1]) == EX_FAULTED);
	run(w[2], work_yield_forever, 0);
	return vas;
}

/* Its view and cap go, too. */
static void let_go(struct worker *w)
{
	CHECK_EQ(unmap(0, w->handle, 1), 1);
	CHECK_EQ(unmap(0, (uint64_t)w->view & -PAGE_SIZE, 1), 1);
}

TEST(takedown_returns_every_frame)
{
	for (unsigned round = 0; round < rounds(20); round++) {
		uint64_t before = INFO->free_pages, vas;
		struct worker *w[4];

		vas = furnished(w);
		vas_stop(vas);
		for (int i = 0; i < 4; i++) {
			CHECK_EQ(life(w[i]), EX_STOPPED);
			let_go(w[i]);
		}
		CHECK_EQ(unmap(0, vas, 1), 1);
		CHECK_FRAMES(before);
		kit_reset();
	}
}

TEST(takedown_ends_executors_that_spin)
{
	unsigned n = harts() < 8 ? harts() : 8;
	struct worker *w[8];

	for (unsigned round = 0; round < rounds(10); round++) {
		uint64_t before = INFO->free_pages, vas = space_new(1000);

		for (unsigned i = 0; i < n; i++) {
			w[i] = worker_new(vas);
			run(w[i], work_spin, 0);
		}
		for (unsigned i = 0; i < 3 * round; i++)
			yield();
		vas_stop(vas);
		for (unsigned i = 0; i < n; i++)
			CHECK_EQ(life(w[i]), EX_STOPPED);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

TEST(stop_of_a_space_may_be_repeated)
{
	uint64_t vas = space_new(1000);
	struct worker *w = worker_new(vas);
	int64_t r;

	run(w, work_park_forever, 0);
	AWAIT(life(w) == EX_PARKED);
	r = stop(vas, 9);
	CHECK(r == 0 || r == -HL_EAGAIN);
	vas_stop(vas);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(stop(vas, 0), 0);
}

TEST(a_dead_space_refuses_everything)
{
	uint64_t vas = space_new(1000);
	struct worker *w = worker_new(vas);

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(map_new(0, page(0), 1, RW), 1);
	vas_stop(vas);
	CHECK_EQ(map_new(vas, page(1), 1, RW), -HL_ESRCH);
	CHECK_EQ(share(vas, page(1), page(0), 1, RW), -HL_ESRCH);
	CHECK_EQ(CALL(CALL_MAP, 0, page(1), page(0), 1, MAP_SHARE | MAP_R, 0, vas), -HL_ESRCH);
	CHECK_EQ(CALL(CALL_MAP, 0, page(1), page(0), 1, MAP_MOVE | MAP_R, 0, vas), -HL_ESRCH);
	CHECK_EQ(unmap(vas, page(0), 1), -HL_ESRCH);
	CHECK_EQ(protect(vas, page(0), 1, MAP_R), -HL_ESRCH);
	CHECK_EQ(executor_new(vas, slot(), MAP_RIGHTS), -HL_ESRCH);
	CHECK_EQ(try_run(w, work_nothing, 0), -HL_ESRCH);
	CHECK_EQ(wake(w->handle), 0);
	CHECK_EQ(stop(w->handle, 0), 0);
	CHECK_EQ(swap(w->handle, 0, 0, 0, 0).a0, -HL_EBUSY);
	CHECK_EQ(life(w), EX_STOPPED);
}

/* --- the end without stop ------------------------------------------------- */

TEST(a_space_that_nothing_names_and_nothing_runs_goes_by_itself)
{
	uint64_t before = INFO->free_pages, vas = slot();

	CHECK_EQ(vas_new(vas, 1000), 1);
	CHECK_EQ(map_new(vas, page(0), 100, RW), 100);
	CHECK_EQ(unmap(0, vas, 1), 1);
	CHECK_FRAMES(before);
}

TEST(a_space_goes_when_its_last_executor_ends)
{
	uint64_t before = INFO->free_pages, vas = space_new(1000);
	struct worker *w = worker_new(vas);

	CHECK_EQ(map_new(vas, page(0), 100, RW), 100);
	flag = 0;
	run(w, work_yield_forever, 0);
	CHECK_EQ(unmap(0, vas, 1), 1);
	/* It runs on without anybody who holds the space. */
	for (int i = 0; i < 50; i++)
		yield();
	CHECK(life(w) != EX_STOPPED);
	halt(w);
	let_go(w);
	CHECK_FRAMES(before);
}

static uint64_t park_then_end(uint64_t arg)
{
	while (!flag)
		yield();
	return arg;
}

TEST(a_space_that_only_runs_goes_when_it_has_run)
{
	uint64_t before = INFO->free_pages, vas = space_new(1000);
	struct worker *w = worker_new(vas);

	flag = 0;
	run(w, park_then_end, 0);
	CHECK_EQ(unmap(0, vas, 1), 1);
	let_go(w);
	for (int i = 0; i < 50; i++)
		yield();
	CHECK(INFO->free_pages < before);
	flag = 1;
	CHECK_FRAMES(before);
}

TEST(a_space_stays_while_its_executor_can_be_started)
{
	uint64_t vas = space_new(1000);
	struct worker *w = worker_new(vas);

	CHECK_EQ(unmap(0, vas, 1), 1);
	for (uint64_t i = 0; i < 20; i++) {
		run(w, work_nothing, i);
		CHECK_EQ(join(w), i);
	}
}

TEST(a_space_stays_while_its_capability_is_held)
{
	uint64_t vas = space_new(1000), copy = slot();
	struct worker *w = worker_new(vas);

	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
	CHECK_EQ(share(0, copy, vas, 1, MAP_VAS | RW), 1);
	let_go(w);
	CHECK_EQ(unmap(0, vas, 1), 1);
	for (int i = 0; i < 100; i++)
		yield();
	CHECK_EQ(map_new(copy, page(1), 1, RW), 1);
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), page(0), 2, MAP_SHARE | RW, 0, copy), 2);
}

static uint64_t take_own_space_down(uint64_t arg)
{
	CALL(CALL_STOP | STOP_VAS, 0, arg);
	return 1;
}

TEST(a_space_can_take_itself_down)
{
	for (uint64_t i = 0; i < 10; i++) {
		uint64_t before = INFO->free_pages, vas;
		struct worker *w[4];

		vas = furnished(w);
		run(w[3], take_own_space_down, 40 + i);
		CHECK_EQ(join(w[3]), 40 + i);
		/* It goes on by itself, but faster with help. */
		vas_stop(vas);
		for (int k = 0; k < 4; k++)
			CHECK_EQ(life(w[k]), EX_STOPPED);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

/* --- capabilities across --------------------------------------------------- */

TEST(executors_of_a_space_that_name_each_other_go)
{
	uint64_t before = INFO->free_pages, vas = space_new(1000), at = slot();
	struct worker *w[4];

	for (unsigned i = 0; i < 4; i++)
		w[i] = worker_new(vas);
	/* Each has a capability on each, and a view. */
	for (unsigned i = 0; i < 4; i++) {
		CHECK_EQ(share(vas, page(i), w[i]->handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
		CHECK_EQ(view(at, w[i]->handle), 1);
		CHECK_EQ(move(vas, page(10 + i), at, 1, MAP_R), 1);
	}
	run(w[0], work_park_forever, 0);
	AWAIT(life(w[0]) == EX_PARKED);
	CHECK_EQ(CALL_IN(w[1], CALL_WAKE, page(0)), 1);
	/* And one keeps another. */
	CHECK_EQ(CALL_IN(w[1], CALL_START, page(2), FAR_HOLE, 0, 0, page(0), START_SET_KEEPER), 0);
	vas_stop(vas);
	kit_reset();
	CHECK_FRAMES(before);
}

/* Two spaces with capabilities on each other, on executors and on the space. */
static void entangle(uint64_t a, struct worker *wa, uint64_t b, struct worker *wb)
{
	CHECK_EQ(share(a, page(0), wb->handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	CHECK_EQ(share(b, page(0), wa->handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	CHECK_EQ(share(a, page(1), b, 1, MAP_VAS | MAP_RIGHTS), 1);
	CHECK_EQ(share(b, page(1), a, 1, MAP_VAS | MAP_RIGHTS), 1);
}

TEST(spaces_that_name_each_other_go)
{
	for (int order = 0; order < 4; order++) {
		uint64_t before = INFO->free_pages, v[2] = {space_new(1000), space_new(1000)};
		struct worker *w[2] = {worker_new(v[0]), worker_new(v[1])};

		entangle(v[0], w[0], v[1], w[1]);
		run(w[0], work_park_forever, 0);
		run(w[1], work_yield_forever, 0);
		if (order & 2) { /* one keeps another */
			struct worker *c = worker_new(v[1]);

			run_kept(c, work_fault, FAR_HOLE, w[0]->handle, 1);
			AWAIT(life(c) == EX_FAULTED);
		}
		vas_stop(v[order & 1]);
		/* What the other still holds is refused, but safe. */
		struct worker *alive = w[!(order & 1)];
		halt(alive);
		CHECK_EQ(CALL_IN(alive, CALL_WAKE, page(0)), 0);
		CHECK_EQ(CALL_IN(alive, CALL_START, page(0), FAR_HOLE), -HL_ESRCH);
		CHECK_EQ(CALL_IN(alive, CALL_MAP, page(1), page(5), 0, 1, MAP_NEW | RW), -HL_ESRCH);
		vas_stop(v[!(order & 1)]);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

TEST(spaces_that_name_each_other_may_end_together)
{
	for (int round = 0; round < 10; round++) {
		uint64_t before = INFO->free_pages, a = space_new(1000), b = space_new(1000);
		struct worker *wa = worker_new(a), *wb = worker_new(b);

		entangle(a, wa, b, wb);
		run(wa, take_own_space_down, 1);
		run(wb, take_own_space_down, 2);
		CHECK_EQ(join(wa), 1);
		CHECK_EQ(join(wb), 2);
		kit_reset();
		CHECK_FRAMES(before);
	}
}

/* --- many ------------------------------------------------------------------- */

/* A fresh space sees nothing of an old one that had its ASID. */
TEST(a_new_space_sees_only_its_own_memory)
{
	for (uint64_t i = 0; i < rounds(40); i++) {
		uint64_t vas = space_new(1000);
		struct worker *w = worker_new(vas);

		CHECK_EQ(probe_load(w, page(3)).cause, LOAD_FAULT);
		CHECK_EQ(map_new(vas, page(3), 1, RW), 1);
		CHECK_EQ(probe_load(w, page(3)).value, 0);
		CHECK_EQ(probe_store(w, page(3), i + 1).cause, NO_FAULT);
		CHECK_EQ(probe_load(w, page(3)).value, i + 1);
		vas_stop(vas);
		kit_reset();
	}
}

TEST(spaces_come_and_go_by_the_hundred)
{
	uint64_t before = INFO->free_pages;

	for (uint64_t i = 0; i < 400; i++)
		CHECK_EQ(vas_new(slot(), 5), 1);
	CHECK_EQ(unmap(0, CAPS, 400), 400);
	CHECK_FRAMES(before);
}

TEST(many_spaces_live_at_once)
{
	uint64_t vas[12];
	struct worker *w[12];

	for (uint64_t i = 0; i < 12; i++) {
		vas[i] = space_new(1000);
		w[i] = worker_new(vas[i]);
		CHECK_EQ(map_new(vas[i], page(0), 1, RW), 1);
	}
	for (uint64_t i = 0; i < 12; i++)
		CHECK_EQ(probe_store(w[i], page(0), i).cause, NO_FAULT);
	for (uint64_t i = 0; i < 12; i++)
		CHECK_EQ(probe_load(w[i], page(0)).value, i);
	for (uint64_t i = 0; i < 12; i += 2)
		vas_stop(vas[i]);
	for (uint64_t i = 1; i < 12; i += 2)
		CHECK_EQ(probe_load(w[i], page(0)).value, i);
}

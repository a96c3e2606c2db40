/* SPDX-License-Identifier: MIT
 *
 * What all calls have in common: numbers, flags, handles.
 */
#include "kit.h"

TEST(unknown_numbers_are_refused)
{
	for (uint64_t number = CALL_STOP + 1; number < 256; number++) {
		test_note("number", number);
		CHECK_EQ(CALL(number, 0), -HL_ENOSYS);
	}
}

TEST(unknown_numbers_with_flags_are_refused)
{
	for (int bit = 8; bit < 64; bit++) {
		int64_t got = CALL(CALL_STOP + 1 + (1UL << bit), 0);

		test_note("bit", bit);
		CHECK(got == -HL_ENOSYS || got == -HL_EINVAL);
	}
}

TEST(unknown_flags_are_refused)
{
	static const struct {
		uint64_t number;
		uint64_t known;
	} calls[] = {
		{CALL_YIELD, 0}, {CALL_PARK, PARK_WORD32 | PARK_HAS_DEADLINE},
		{CALL_WAKE, 0},  {CALL_START, 0},
		{CALL_MAP, 0},   {CALL_STOP, STOP_VAS},
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (int bit = 8; bit < 64; bit++) {
			uint64_t flag = 1UL << bit;

			if (flag & calls[i].known)
				continue;
			test_note("a7", calls[i].number | flag);
			/* Arguments that do nothing, should it go through. */
			CHECK_EQ(CALL(calls[i].number | flag, pool[0].handle, 0, 0, 1, MAP_UNMAP),
				 -HL_EINVAL);
		}
	}
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

TEST(flags_refused_so_far_are_refused)
{
	uint64_t va = page(0);

	CHECK_EQ(CALL(CALL_PARK, PARK_IRQ), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_PARK | PARK_WORD32, PARK_IRQ), -HL_EINVAL);
	CHECK_EQ(PARK_TIMED(0, 0, PARK_IRQ).a0, -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, va, 0, 1, MAP_NEW | RW | 0x80), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_MAP, 0, va, 0, 1, MAP_NEW | RW | 0xc0), -HL_EINVAL);
	CHECK_EQ(CALL(CALL_STOP | STOP_VAS, pool[0].handle), -HL_EINVAL);
	CHECK_EQ(life(&pool[0]), EX_STOPPED);
}

/* Each argument of a call that is a handle, and what else to pass: a call that
 * does nothing with a good handle.  */
struct handle_use {
	const char *what;
	uint64_t number;
	int arg;
	uint64_t tag;
	uint64_t right; /* the one it needs */
	uint64_t a[7];
};

#define EXEC MAP_EXECUTOR
#define VAS  MAP_VAS
static const struct handle_use uses[] = {
	{"wake", CALL_WAKE, 0, EXEC, MAP_X, {0}},
	{"park next", CALL_PARK, 6, EXEC, MAP_X, {0}},
	{"start", CALL_START, 0, EXEC, MAP_W, {0, 0, 0, 0, 0, START_RESUME}},
	{"stop", CALL_STOP, 0, EXEC, MAP_W, {0}},
	{"view", CALL_MAP, 2, EXEC, MAP_R, {0, ARENA, 0, 1, MAP_VIEW | MAP_R}},
	{"map target", CALL_MAP, 0, VAS, MAP_W, {0, ARENA, 0, 1, MAP_UNMAP}},
	{"map source", CALL_MAP, 6, VAS, MAP_R, {0, ARENA, ARENA, 1, MAP_SHARE | MAP_R}},
	{"move source", CALL_MAP, 6, VAS, MAP_W, {0, ARENA, ARENA, 1, MAP_MOVE | MAP_R}},
	{"new executor", CALL_MAP, 0, VAS, MAP_W, {0, ARENA, 0, 1, MAP_NEW | MAP_EXECUTOR}},
};
#undef EXEC
#undef VAS

/* The keeper, an argument of start, is tried on its own: the executor to start
 * stands before it. */
static int64_t use_keeper(uint64_t handle)
{
	return CALL(CALL_START, pool[0].handle, (uint64_t)entry_work, 0, 0, handle,
		    START_SET_KEEPER);
}

static int64_t use(const struct handle_use *u, uint64_t handle)
{
	uint64_t a[7];

	for (int i = 0; i < 7; i++)
		a[i] = u->a[i];
	a[u->arg] = handle;
	return call_a0(u->number, a);
}

static void check_all(uint64_t handle, int64_t want)
{
	for (unsigned i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		test_note(uses[i].what, handle);
		CHECK_EQ(use(&uses[i], handle), want);
	}
	test_note("keeper", handle);
	CHECK_EQ(use_keeper(handle), want);
}

TEST(handles_to_nothing_are_refused)
{
	check_all(slot(), -HL_EBADF);   /* an empty entry */
	check_all(FAR_HOLE, -HL_EBADF); /* no table */
	check_all(TOP_OF_USER - PAGE_SIZE, -HL_EBADF);
}

TEST(handles_out_of_the_user_half_are_refused)
{
	const uint64_t bad[] = {
		TOP_OF_USER,        1UL << 39,
		1UL << 47,          1UL << 55,
		1UL << 63,          0xffffffc000000000,
		0xffffffff00000000, INFO_VA,
		KERNEL_WINDOW,      -(uint64_t)PAGE_SIZE,
		0xffffffbffffff000,
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_all(bad[i], -HL_EBADF);
}

/* A walk that ignores the upper bits would find the capability. */
TEST(aliases_of_a_handle_are_refused)
{
	uint64_t vas = space_new(100);

	for (int bit = 38; bit < 64; bit++) {
		check_all(pool[1].handle ^ 1UL << bit, -HL_EBADF);
		check_all(vas ^ 1UL << bit, -HL_EBADF);
	}
}

TEST(misaligned_handles_are_refused)
{
	uint64_t vas = space_new(100);

	for (int bit = 0; bit < PAGE_SHIFT; bit++) {
		check_all(pool[1].handle | 1UL << bit, -HL_EBADF);
		check_all(vas | 1UL << bit, -HL_EBADF);
	}
}

TEST(memory_is_no_handle)
{
	CHECK_EQ(map_new(0, page(1), 1, RW), 1);
	check_all(page(1), -HL_EBADF);
	CHECK_EQ(protect(0, page(1), 1, MAP_R), 1);
	check_all(page(1), -HL_EBADF);
	/* A view shows the executor, but is no capability on it. */
	CHECK_EQ(view(page(2), pool[1].handle), 1);
	check_all(page(2), -HL_EBADF);
}

/* A page of words that look like a capability gives no right. */
TEST(memory_that_looks_like_capabilities_is_no_handle)
{
	CHECK_EQ(map_new(0, page(1), 1, RW), 1);
	for (unsigned i = 0; i < 512; i++)
		word(page(1))[i] =
			0x80000 << LEAF_PPN_SHIFT | TAG_EXECUTOR << LEAF_TAG_SHIFT | LEAF_RIGHTS;
	for (unsigned i = 0; i < PAGE_SIZE; i += 8)
		check_all(page(1) + i, -HL_EBADF);
}

TEST(device_memory_is_no_handle)
{
	CHECK_EQ(CALL(CALL_MAP, 0, page(1), 0x10000000, 1, MAP_IO | MAP_DEVICE | RW), 1);
	check_all(page(1), -HL_EBADF);
}

TEST(capabilities_of_the_other_kind_are_refused)
{
	uint64_t vas = space_new(100);

	for (unsigned i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		if (uses[i].number == CALL_STOP || (uses[i].number == CALL_MAP && uses[i].arg == 2))
			continue; /* takes both */
		test_note(uses[i].what, uses[i].tag);
		CHECK_EQ(use(&uses[i], uses[i].tag == MAP_VAS ? pool[1].handle : vas), -HL_EBADF);
	}
	CHECK_EQ(use_keeper(vas), -HL_EBADF);
}

/* With every right but the one that it needs a call is refused; and with only
 * that one it is not. */
TEST(each_call_needs_its_right)
{
	uint64_t vas = space_new(100);

	for (unsigned i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		const struct handle_use *u = &uses[i];
		uint64_t full = u->tag == MAP_VAS ? vas : pool[1].handle;

		for (uint64_t rights = 0; rights <= MAP_RIGHTS; rights++) {
			uint64_t less = slot();

			test_note(u->what, rights);
			CHECK_EQ(share(0, less, full, 1, u->tag | rights), 1);
			if (rights & u->right)
				CHECK(use(u, less) != -HL_EPERM);
			else
				CHECK_EQ(use(u, less), -HL_EPERM);
			CHECK_EQ(unmap(0, page(0), 1), 1);
		}
	}
}

TEST(a_keeper_needs_the_right_to_wake_it)
{
	for (uint64_t rights = 0; rights <= MAP_RIGHTS; rights++) {
		uint64_t less = slot();

		CHECK_EQ(share(0, less, pool[1].handle, 1, MAP_EXECUTOR | rights), 1);
		test_note("rights", rights);
		if (rights & MAP_X) {
			run_kept(&pool[2], work_nothing, 5, less, 1);
			CHECK_EQ(join(&pool[2]), 5);
		} else {
			CHECK_EQ(start_kept(pool[2].handle, (uint64_t)entry_work, 0, 0, less, 1),
				 -HL_EPERM);
		}
	}
	CHECK_EQ(life(&pool[2]), EX_STOPPED);
}

TEST(stop_of_a_space_needs_its_right)
{
	uint64_t vas = space_new(100), less = slot();

	CHECK_EQ(share(0, less, vas, 1, MAP_VAS | MAP_R | MAP_X), 1);
	CHECK_EQ(stop(less, 0), -HL_EPERM);
	/* Still alive. */
	CHECK_EQ(map_new(vas, page(0), 1, RW), 1);
}

TEST(unmapping_a_capability_revokes_it)
{
	uint64_t copy = slot();

	CHECK_EQ(share(0, copy, pool[1].handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	CHECK_EQ(wake(copy), 0);
	CHECK_EQ(wake(copy), 0);
	CHECK_EQ(unmap(0, copy, 1), 1);
	CHECK_EQ(wake(copy), -HL_EBADF);
	CHECK_EQ(swap(copy, 0, 0, 0, 0).a0, -HL_EBADF);
}

/* The kernel may cache what a handle led to; a slot may come to hold another
 * capability, or the same one with fewer rights. */
TEST(a_slot_means_what_it_holds_now)
{
	uint64_t copy = slot();

	run(&pool[1], work_park_forever, 0);
	run(&pool[2], work_park_forever, 0);
	AWAIT(life(&pool[1]) == EX_PARKED && life(&pool[2]) == EX_PARKED);
	for (int i = 0; i < 100; i++) {
		struct worker *w = &pool[1 + i % 2], *other = &pool[2 - i % 2];

		CHECK_EQ(share(0, copy, w->handle, 1, MAP_EXECUTOR | MAP_X | MAP_W), 1);
		CHECK_EQ(CALL(CALL_WAKE, copy), 1);
		CHECK_EQ(life(other), EX_PARKED);
		AWAIT(life(w) == EX_PARKED);
		CHECK_EQ(protect(0, copy, 1, MAP_EXECUTOR | MAP_W), 1);
		CHECK_EQ(wake(copy), -HL_EPERM);
		CHECK_EQ(CALL(CALL_START, copy, 0), -HL_EBUSY);
		CHECK_EQ(unmap(0, copy, 1), 1);
		CHECK_EQ(wake(copy), -HL_EBADF);
	}
}

/* --- the very first call ----------------------------------------------------- */

static uint64_t wake_it(uint64_t handle)
{
	return (uint64_t)wake(handle);
}

static uint64_t swap_to_it(uint64_t handle)
{
	return (uint64_t)swap(handle, 1, 2, 3, 4).a0;
}

/* No handle is looked up before: whatever an empty cache of handles holds, it
 * must not be taken for one. */
static void check_first_call(work *fn)
{
	static const uint64_t bad[] = {~(uint64_t)0, 1, 0xfff, 1UL << 63, -(uint64_t)PAGE_SIZE};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t vas = space_new(IMAGE_TABLES + 1);
		struct worker *fresh = worker_new(vas), *again;

		test_note("handle", bad[i]);
		run(fresh, fn, bad[i]);
		CHECK_EQ(join(fresh), -HL_EBADF);
		run(&pool[0], fn, bad[i]);
		CHECK_EQ(join(&pool[0]), -HL_EBADF);
		/* The same page, for another executor. */
		CHECK_EQ(unmap(0, (uint64_t)fresh->view & -PAGE_SIZE, 1), 1);
		CHECK_EQ(unmap(0, fresh->handle, 1), 1);
		AWAIT((again = try_worker_new(vas)) != NULL);
		run(again, fn, bad[i]);
		CHECK_EQ(join(again), -HL_EBADF);
	}
}

TEST(wake_of_all_ones_is_refused)
{
	check_first_call(wake_it);
}

TEST(swap_to_all_ones_is_refused)
{
	check_first_call(swap_to_it);
}

/* SPDX-License-Identifier: MIT
 *
 * Capabilities, tables, devices and the kernel's half as memory, and handles that belong to
 * others.
 */
#include "hostile.h"

#define LOAD_ACCESS  5
#define STORE_ACCESS 7
#define CLINT        0x2000000
#define UART         0x10000000
#define RAM          0x80000000
#define IO           (MAP_IO | MAP_DEVICE)

/* A load, a store and a fetch there: page faults all. */
static void check_untouchable(uint64_t va)
{
	check_told((uint64_t)entry_load, va, LOAD_FAULT, va, (uint64_t)entry_load);
	check_told((uint64_t)entry_store, va, STORE_FAULT, va, (uint64_t)entry_store);
	check_told((uint64_t)entry_fetch, va, FETCH_FAULT, va, va);
}

/* Whatever its rights, which stand where hardware has its own. */
TEST(a_capability_is_no_memory)
{
	uint64_t vas = space_new(20), copy = slot();

	for (uint64_t rights = 0; rights <= MAP_RIGHTS; rights++) {
		test_note("rights", rights);
		CHECK_EQ(share(0, copy, pool[2].handle, 1, MAP_EXECUTOR | MAP_REPLACE | rights), 1);
		check_untouchable(copy);
		check_untouchable(copy + 0x7f8);
		CHECK_EQ(CALL(CALL_PARK, copy, 0), -HL_EFAULT);
		CHECK_EQ(share(0, copy, vas, 1, MAP_VAS | MAP_REPLACE | rights), 1);
		check_untouchable(copy);
		check_untouchable(copy + 0xff8);
		CHECK_EQ(CALL(CALL_PARK, copy, 0), -HL_EFAULT);
		/* With a badge in the bits that hardware has for attributes. */
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), pool[2].handle, 1,
			      MAP_SHARE | MAP_EXECUTOR | MAP_REPLACE | rights, 0x3ff),
			 1);
		check_untouchable(page(0));
	}
	told_end();
}

/* Where the kernel has something and where it has nothing: a user sees no difference. */
TEST(mapped_or_not_the_kernels_half_looks_the_same)
{
	static const uint64_t areas[] = {
		KERNEL_RAM,
		0xffffffc0ffffe000,
		0xffffffd000000000,
		KERNEL_BLOCKS,
		KERNEL_FRAMES,
		KERNEL_WINDOW,
		KERNEL_WINDOW + PAGE_SIZE,
		KERNEL_WINDOW + 2 * PAGE_SIZE,
		KERNEL_IMAGE,
		KERNEL_TEXT,
		0xfffffffffffff000,
	};

	for (unsigned i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		test_note("address", areas[i]);
		check_untouchable(areas[i]);
		check_untouchable(areas[i] + 0xff8);
	}
	for (uint64_t va = INFO_VA + PAGE_SIZE; va < INFO_VA + 8 * PAGE_SIZE; va += PAGE_SIZE)
		check_untouchable(va);
	told_end();
}

/* --- handles of others --------------------------------------------------------------- */

/* All that can be done with one, by an executor. */
static void check_no_handle(struct worker *w, uint64_t handle)
{
	test_note("handle", handle);
	CHECK_EQ(CALL_IN(w, CALL_WAKE, handle), -HL_EBADF);
	CHECK_EQ(CALL_IN(w, CALL_STOP, handle), -HL_EBADF);
	CHECK_EQ(CALL_IN(w, CALL_PARK, 0, 0, 0, 0, 0, 0, handle), -HL_EBADF);
	CHECK_EQ(CALL_IN(w, CALL_START, handle, (uint64_t)entry_work), -HL_EBADF);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(0), handle, 1, MAP_VIEW | MAP_R), -HL_EBADF);
	CHECK_EQ(CALL_IN(w, CALL_MAP, handle, page(0), 0, 1, MAP_NEW | RW), -HL_EBADF);
	CHECK_EQ(CALL_IN(w, CALL_MAP, handle, page(0), 0, 1, MAP_NEW | MAP_EXECUTOR), -HL_EBADF);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(0), handle, 1, MAP_SHARE | RW, 0, handle), -HL_EBADF);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(0), handle, 1, MAP_SHARE | MAP_EXECUTOR), -HL_EFAULT);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(0), handle, 1, MAP_MOVE | MAP_VAS), -HL_EFAULT);
}

/* A handle is an address, and means what its own space has there. */
TEST(handles_of_another_space_mean_nothing_here)
{
	uint64_t vas = space_new(100), other = space_new(100);
	struct worker *w = worker_new(vas), *o = worker_new(other);

	bystander_start();
	check_no_handle(w, pool[2].handle);
	check_no_handle(w, bystander->handle);
	check_no_handle(w, w->handle); /* the maker's, on itself */
	check_no_handle(w, vas);
	check_no_handle(w, other);
	check_no_handle(w, BOOT_SELF_VA);
	/* Nor does what it is given mean anything elsewhere. */
	CHECK_EQ(share(vas, page(20), bystander->handle, 1, MAP_EXECUTOR | MAP_X), 1);
	CHECK_EQ(share(vas, page(21), other, 1, MAP_VAS | MAP_RIGHTS), 1);
	CHECK(CALL_IN(w, CALL_WAKE, page(20)) >= 0);
	check_no_handle(&pool[2], page(20));
	check_no_handle(o, page(20));
	check_no_handle(o, page(21));
	bystander_check();
}

/* --- views ------------------------------------------------------------------------------ */

/* What is seen at va stays as it is, whoever is asked and wherever it goes. */
static void check_view(uint64_t va, uint64_t vas)
{
	static const uint64_t more[] = {RW, RX, RW | MAP_X | MAP_WX, RX | MAP_WX};

	for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		test_note("rights", more[i]);
		CHECK_EQ(share(0, page(30), va, 1, more[i]), -HL_EPERM);
		CHECK_EQ(share(vas, page(30), va, 1, more[i]), -HL_EPERM);
		CHECK_EQ(share(0, va, va, 1, more[i] | MAP_REPLACE), -HL_EPERM);
		CHECK_EQ(move(0, page(30), va, 1, more[i]), -HL_EPERM);
		CHECK_EQ(move(vas, page(30), va, 1, more[i]), -HL_EPERM);
		CHECK_EQ(protect(0, va, 1, more[i]), -HL_EPERM);
	}
	CHECK(share(0, page(30), va, 1, MAP_R | MAP_LARGE) < 0);
	CHECK_EQ(share(0, page(30), va, 1, MAP_DEVICE | RW), -HL_EBADF);
	CHECK_EQ(share(0, page(30), va, 1, MAP_VAS | MAP_RIGHTS), -HL_EBADF);
	CHECK_EQ(share(0, page(30), va, 1, MAP_EXECUTOR | MAP_RIGHTS), -HL_EBADF);
	CHECK_EQ(probe_rights(&pool[2], va), MAP_R);
}

TEST(views_stay_views)
{
	uint64_t vas = space_new(100), w = worker_new(vas)->handle;

	bystander_start();
	CHECK_EQ(view(page(0), w), 1);
	CHECK_EQ(view_table(page(1), 0, page(1), 0), 1); /* its own leaf is in it */
	CHECK_EQ(view_table(page(2), 0, page(1), 1), 1);
	CHECK_EQ(view_table(page(3), vas, (uint64_t)entry_work, 0), 1);
	for (unsigned i = 0; i < 4; i++) {
		test_note("view", i);
		check_view(page(i), vas);
		/* Moved back and forth, also into another space. */
		CHECK_EQ(move(0, page(8), page(i), 1, MAP_R), 1);
		CHECK_EQ(move(vas, page(9), page(8), 1, MAP_R), 1);
		CHECK_EQ(CALL(CALL_MAP, 0, page(8), page(9), 1, MAP_MOVE | MAP_R, 0, vas), 1);
		check_view(page(8), vas);
		CHECK_EQ(unmap(0, page(8), 1), 1);
	}
	bystander_check();
}

/* One that is in the table that it shows, changed under who looks. */
TEST(a_table_that_shows_itself_can_go)
{
	uint64_t index = page(1) >> PAGE_SHIFT & 511;

	for (unsigned i = 0; i < 20; i++) {
		CHECK_EQ(view_table(page(1), 0, page(1), 0), 1);
		CHECK(word(page(1))[index] & LEAF_V);
		CHECK_EQ(CALL(CALL_PARK, page(1) + 8 * index, 0), -HL_EAGAIN);
		run(&pool[1], work_fault, page(1));
		join(&pool[1]);
		CHECK_EQ(i % 2 ? unmap(0, page(1), 1) : map_new(0, page(1), 1, RW | MAP_REPLACE),
			 1);
		if (i % 2 == 0)
			CHECK_EQ(*word(page(1)), 0);
		CHECK_EQ(unmap(0, page(1), 1), 1);
	}
}

/* --- devices ------------------------------------------------------------------------------ */

TEST(a_device_is_no_way_into_ram)
{
	uint64_t end = RAM + (INFO->memory_pages << PAGE_SHIFT), vas = space_new(100);
	struct worker *w = worker_new(vas);

	/* What is left of it by the firmware is RAM, too. */
	for (uint64_t pa = RAM; pa < end; pa += LARGE_SIZE) {
		test_note("physical address", pa);
		CHECK_EQ(CALL(CALL_MAP, 0, large(0), pa, 1, IO | RW | MAP_LARGE), -HL_EPERM);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), pa, 512, IO | MAP_R), -HL_EPERM);
		CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(0), pa, 1, IO | RW), -HL_EPERM);
	}
	/* The second of two would be in it. */
	CHECK_EQ(CALL(CALL_MAP, 0, large(0), RAM - LARGE_SIZE, 2, IO | RW | MAP_LARGE), -HL_EPERM);
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), RAM - PAGE_SIZE, 2, IO | RW), -HL_EPERM);
	/* The right is the space's, and doesn't come with a device. */
	CHECK_EQ(CALL(CALL_MAP, 0, page(0), UART, 1, IO | RW), 1);
	CHECK_EQ(share(vas, page(0), page(0), 1, MAP_DEVICE | RW), 1);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(1), UART, 1, IO | RW), -HL_EPERM);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(1), UART, 1, IO | MAP_R | MAP_LARGE), -HL_EINVAL);
	CHECK_EQ(CALL_IN(w, CALL_PARK, page(0), 0), -HL_EFAULT);
	CHECK_EQ(CALL_IN(w, CALL_MAP, 0, page(2), page(0), 1, MAP_SHARE | MAP_MEMORY | RW),
		 -HL_EBADF);
}

/* No device there, or one that the firmware keeps for itself: refused by the machine. */
TEST(an_access_that_the_machine_refuses_is_a_fault)
{
	static const uint64_t bad[] = {CLINT, 1UL << 40, (1UL << 56) - PAGE_SIZE};

	bystander_start();
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		test_note("physical address", bad[i]);
		CHECK_EQ(CALL(CALL_MAP, 0, page(0), bad[i], 1, IO | RW | MAP_REPLACE), 1);
		check_told((uint64_t)entry_load, page(0), LOAD_ACCESS, page(0),
			   (uint64_t)entry_load);
		check_told((uint64_t)entry_store, page(0), STORE_ACCESS, page(0),
			   (uint64_t)entry_store);
		CHECK_EQ(CALL(CALL_PARK, page(0), 0), -HL_EFAULT);
	}
	told_end();
	bystander_check();
}

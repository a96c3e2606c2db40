/* SPDX-License-Identifier: MIT
 *
 * Views of executor pages, device memory, the info page, and addresses that
 * are the kernel's.
 */
#include "kit.h"

#define UART      0x10000000
#define RAM       0x80000000
#define IO_DEVICE (MAP_IO | MAP_DEVICE)
#define UART_LSR  5
#define LSR_EMPTY 0x20 /* transmitter holding register empty; set when idle */

static int64_t io(uint64_t va, uint64_t pa, uint64_t count, uint64_t rights)
{
	return CALL(CALL_MAP, 0, va, pa, count, IO_DEVICE | rights);
}

/* --- views --------------------------------------------------------------- */

TEST(a_view_shows_the_executor)
{
	const volatile struct executor *ex;

	CHECK_EQ(view(page(0), pool[0].handle), 1);
	ex = executor_of(page(0));
	CHECK(*word(page(0) + EX_PAGE_COLOUR) <= 0x7c0);
	CHECK_EQ(*word(page(0) + EX_PAGE_COLOUR) % 64, 0);
	CHECK_EQ(ex->state, EX_STOPPED);
	run(&pool[0], work_park, 0x77);
	AWAIT(ex->state == EX_PARKED);
	CHECK(ex->x[1] <= (uint64_t)pool[0].entry); /* sp */
	CHECK_EQ(ex->x[3], (uint64_t)&pool[0]);     /* tp */
	CHECK_EQ(wake(pool[0].handle), 1);
	AWAIT(ex->state == EX_STOPPED);
}

TEST(a_view_cannot_be_written_or_executed)
{
	CHECK_EQ(view(page(0), pool[0].handle), 1);
	CHECK_EQ(probe_store(&pool[1], page(0), 1).cause, STORE_FAULT);
	CHECK_EQ(probe_fetch(&pool[1], page(0)).cause, FETCH_FAULT);
	CHECK_EQ(protect(0, page(0), 1, RW), -HL_EPERM);
	CHECK_EQ(protect(0, page(0), 1, RX), -HL_EPERM);
	CHECK_EQ(share(0, page(1), page(0), 1, RW), -HL_EPERM);
	CHECK_EQ(share(0, page(1), page(0), 1, RX), -HL_EPERM);
	CHECK_EQ(share(0, page(1), page(0), 1, MAP_X), -HL_EPERM);
	CHECK_EQ(move(0, page(1), page(0), 1, RW), -HL_EPERM);
	CHECK_EQ(move(0, page(1), page(0), 1, RW | MAP_X | MAP_WX), -HL_EPERM);
	CHECK_EQ(share(0, page(1), page(0), 1, MAP_R), 1);
	CHECK_EQ(probe_store(&pool[1], page(1), 1).cause, STORE_FAULT);
	CHECK_EQ(share(0, page(2), page(1), 1, RW), -HL_EPERM);
	CHECK_EQ(move(0, page(2), page(1), 1, MAP_R), 1);
	CHECK_EQ(share(0, page(3), page(2), 1, RW), -HL_EPERM);
	CHECK_EQ(*word(page(2) + EX_PAGE_COLOUR), *word(page(0) + EX_PAGE_COLOUR));
}

TEST(a_view_needs_the_right)
{
	uint64_t less = slot();

	CHECK_EQ(share(0, less, pool[0].handle, 1, MAP_EXECUTOR | MAP_W | MAP_X), 1);
	CHECK_EQ(view(page(0), less), -HL_EPERM);
}

TEST(a_view_needs_a_handle)
{
	CHECK_EQ(view(page(0), page(1)), -HL_EBADF);
	CHECK_EQ(view(page(0), FAR_HOLE), -HL_EBADF);
	/* 0 is the own space, whatever stands there. */
	CHECK_EQ(share(0, 0, pool[0].handle, 1, MAP_EXECUTOR | MAP_RIGHTS), 1);
	CHECK_EQ(view(page(0), 0), 1);
	CHECK_EQ(word(page(0))[0] >> LEAF_TAG_SHIFT & 3, TAG_EXECUTOR);
}

TEST(a_view_outlives_the_capability)
{
	uint64_t vas = space_new(1000), before, at = slot();

	CHECK_EQ(executor_new(vas, at, MAP_RIGHTS), 1);
	CHECK_EQ(view(page(0), at), 1);
	CHECK_EQ(unmap(0, at, 1), 1);
	before = *word(page(0) + EX_PAGE_COLOUR);
	/* Its page isn't used for another one while it is seen. */
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(executor_new(vas, at, MAP_RIGHTS), 1);
		CHECK_EQ(start(at, FAR_HOLE, 0, 0), 0);
		CHECK_EQ(executor_of(page(0))->state, EX_STOPPED);
		AWAIT(stop(at, 0) == 0);
		CHECK_EQ(unmap(0, at, 1), 1);
	}
	CHECK_EQ(*word(page(0) + EX_PAGE_COLOUR), before);
	CHECK_EQ(executor_of(page(0))->scause, 0);
}

TEST(a_view_goes_to_another_space)
{
	uint64_t vas = space_new(1000);
	struct worker *child = worker_new(vas);

	CHECK_EQ(view(page(0), pool[0].handle), 1);
	CHECK_EQ(share(vas, page(0), page(0), 1, MAP_R), 1);
	CHECK_EQ(probe_load(child, page(0) + EX_PAGE_COLOUR).value,
		 *word(page(0) + EX_PAGE_COLOUR));
	CHECK_EQ(probe_store(child, page(0), 1).cause, STORE_FAULT);
}

/* --- capabilities are not memory ----------------------------------------- */

static void check_untouchable(uint64_t va)
{
	for (uint64_t rights = 0; rights <= MAP_RIGHTS; rights++) {
		test_note("rights", rights);
		for (uint64_t off = 0; off < PAGE_SIZE; off += 0x7f8) {
			CHECK_EQ(probe_load(&pool[1], va + off).cause, LOAD_FAULT);
			CHECK_EQ(probe_store(&pool[1], va + off, 1).cause, STORE_FAULT);
			CHECK_EQ(probe_fetch(&pool[1], va + (off & -4)).cause, FETCH_FAULT);
		}
		va += PAGE_SIZE;
	}
}

TEST(executor_capabilities_cannot_be_touched)
{
	for (unsigned i = 0; i <= MAP_RIGHTS; i++)
		CHECK_EQ(share(0, page(i), pool[0].handle, 1, MAP_EXECUTOR | i), 1);
	check_untouchable(page(0));
	CHECK_EQ(pool[0].view->state, EX_STOPPED);
}

TEST(vas_capabilities_cannot_be_touched)
{
	uint64_t vas = space_new(100);

	for (unsigned i = 0; i <= MAP_RIGHTS; i++)
		CHECK_EQ(share(0, page(i), vas, 1, MAP_VAS | i), 1);
	check_untouchable(page(0));
}

/* --- device memory ------------------------------------------------------- */

static uint64_t read_lsr(uint64_t va)
{
	return *(volatile uint8_t *)(va + UART_LSR);
}

TEST(device_memory_can_be_mapped)
{
	CHECK_EQ(io(page(0), UART, 1, RW), 1);
	AWAIT(read_lsr(page(0)) & LSR_EMPTY);
	CHECK_EQ(io(page(1), UART, 1, MAP_R), 1);
	AWAIT(read_lsr(page(1)) & LSR_EMPTY);
	CHECK_EQ(probe_store(&pool[0], page(1), 0).cause, STORE_FAULT);
	CHECK_EQ(probe_fetch(&pool[0], page(0)).cause, FETCH_FAULT);
	CHECK_EQ(io(page(1), UART, 1, RW | MAP_REPLACE), 1);
	CHECK_EQ(protect(0, page(1), 1, MAP_DEVICE | MAP_R), 1);
	CHECK_EQ(protect(0, page(1), 1, MAP_DEVICE | RW), -HL_EPERM);
	CHECK_EQ(protect(0, page(1), 1, MAP_R), -HL_EBADF);
}

TEST(device_memory_costs_nothing)
{
	uint64_t before = INFO->free_pages;

	CHECK_EQ(io(page(0), UART, 1, RW), 1);
	CHECK_EQ(share(0, page(1), page(0), 1, MAP_DEVICE | MAP_R), 1);
	CHECK_FRAMES(before);
	CHECK_EQ(unmap(0, page(0), 2), 2);
	CHECK_FRAMES(before);
}

TEST(device_memory_can_be_handed_on_to_drivers)
{
	uint64_t vas = space_new(1000);
	struct worker *child = worker_new(vas);

	CHECK_EQ(io(page(0), UART, 1, RW), 1);
	CHECK_EQ(share(vas, page(0), page(0), 1, MAP_DEVICE | MAP_R), 1);
	run(child, read_lsr, page(0));
	join(child);
	CHECK_EQ(probe_store(child, page(0), 0).cause, STORE_FAULT);
	/* Or put there directly. */
	CHECK_EQ(CALL(CALL_MAP, vas, page(1), UART, 1, IO_DEVICE | RW), 1);
	run(child, read_lsr, page(1));
	join(child);
}

TEST(device_memory_needs_the_device_right)
{
	uint64_t vas = space_new(1000);
	struct worker *child = worker_new(vas);

	CHECK_EQ(CALL_IN(child, CALL_MAP, 0, page(0), UART, 1, IO_DEVICE | RW), -HL_EPERM);
	CHECK_EQ(CALL_IN(child, CALL_MAP, 0, page(0), UART, 1, IO_DEVICE | MAP_R), -HL_EPERM);
	CHECK_EQ(CALL_IN(child, CALL_MAP, 0, page(0), RAM, 1, IO_DEVICE | RW), -HL_EPERM);
}

static void check_no_io(uint64_t pa, uint64_t count, bool einval_too)
{
	int64_t r = io(page(0), pa, count, RW);

	test_note("physical address", pa);
	if (!(einval_too && r == -HL_EINVAL))
		CHECK_EQ(r, -HL_EPERM);
}

/* Else memory of others, or the kernel, could be written through it. */
TEST(ram_is_no_device)
{
	uint64_t bytes = INFO->memory_pages << PAGE_SHIFT;

	for (uint64_t pa = RAM; pa < RAM + bytes; pa += 0x40000)
		check_no_io(pa, 1, false);
	for (uint64_t pa = RAM; pa < RAM + 0x800000; pa += PAGE_SIZE)
		check_no_io(pa, 1, false);
}

TEST(a_device_range_that_runs_into_ram_is_refused)
{
	int64_t r = io(page(0), RAM - PAGE_SIZE, 2, RW);

	/* The page below may be mapped, those in RAM may not. */
	CHECK(r == 1 || r == -HL_EPERM);
	CHECK_EQ(unmap(0, page(0), 1), 1);
	r = io(page(0), RAM - 511 * PAGE_SIZE, 512, RW);
	CHECK(r == 511 || r == -HL_EPERM);
	CHECK(probe_load(&pool[0], page(511)).cause == LOAD_FAULT);
}

TEST(physical_addresses_end_at_56_bits)
{
	static const uint64_t bad[] = {1UL << 56,
				       1UL << 57,
				       1UL << 63,
				       RAM | 1UL << 56,
				       UART | 1UL << 56,
				       UART | 1UL << 63,
				       -(uint64_t)PAGE_SIZE,
				       0xffffffc080000000};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_no_io(bad[i], 1, true);
	check_no_io((1UL << 56) - PAGE_SIZE, 2, true);
}

/* --- the info page and the kernel's half --------------------------------- */

TEST(the_info_page_tells_what_is_true)
{
	CHECK_EQ(INFO->magic, INFO_MAGIC);
	CHECK_EQ(INFO->abi, INFO_ABI);
	CHECK(INFO->satp_mode == 8 || INFO->satp_mode == 9);
	CHECK_EQ(INFO->user_top, 1UL << (SV48 ? 47 : 38));
	CHECK(INFO->harts >= 1 && INFO->harts <= INFO_HARTS_LIMIT);
	CHECK(INFO->timebase > 0);
	CHECK(INFO->free_pages < INFO->boot_pages);
	CHECK(INFO->boot_pages < INFO->memory_pages);
	CHECK(INFO->isa & INFO_ISA_C);
	CHECK_EQ(*(const volatile uint32_t *)INFO->dt_va, 0xedfe0dd0);
	CHECK_EQ(*(const volatile uint32_t *)INFO->initrd_va, 0x464c457f);
}

TEST(the_info_page_cannot_be_changed_or_taken_away)
{
	CHECK_EQ(probe_store(&pool[0], INFO_VA, 0).cause, STORE_FAULT);
	CHECK_EQ(probe_fetch(&pool[0], INFO_VA).cause, FETCH_FAULT);
	CHECK_EQ(unmap(0, INFO_VA, 1), -HL_EINVAL);
	CHECK_EQ(protect(0, INFO_VA, 1, MAP_R), -HL_EINVAL);
	CHECK_EQ(map_new(0, INFO_VA, 1, RW | MAP_REPLACE), -HL_EINVAL);
	CHECK_EQ(share(0, page(0), INFO_VA, 1, MAP_R), -HL_EFAULT);
	CHECK_EQ(move(0, page(0), INFO_VA, 1, MAP_R), -HL_EFAULT);
	CHECK_EQ(INFO->magic, INFO_MAGIC);
}

TEST(every_space_has_the_info_page)
{
	uint64_t vas = space_new(1000);

	CHECK_EQ(probe_load(worker_new(vas), INFO_VA).value, INFO_MAGIC);
}

TEST(boot_pages_are_read_only)
{
	uint64_t va = INFO->initrd_va & -PAGE_SIZE;

	CHECK_EQ(share(0, page(0), va, 1, MAP_R), 1);
	CHECK_EQ(share(0, page(1), va, 1, RW), -HL_EPERM);
	CHECK_EQ(share(0, page(1), va, 1, RX), -HL_EPERM);
	CHECK_EQ(protect(0, va, 1, RW), -HL_EPERM);
	CHECK_EQ(probe_store(&pool[0], va, 0).cause, STORE_FAULT);
	CHECK_EQ(*(const volatile uint32_t *)INFO->initrd_va, 0x464c457f);
}

static void check_unreachable(uint64_t va)
{
	test_note("address", va);
	if (va != INFO_VA)
		CHECK_EQ(probe_load(&pool[0], va).cause, LOAD_FAULT);
	CHECK_EQ(probe_store(&pool[0], va, 0).cause, STORE_FAULT);
	CHECK_EQ(probe_fetch(&pool[0], va).cause, FETCH_FAULT);
}

/* The start of what each root slot of the upper half maps, and more where it
 * is dense. */
TEST(no_page_of_the_kernel_can_be_touched)
{
	for (uint64_t va = 0xffffffc000000000; va; va += 1UL << 30)
		check_unreachable(va);
	for (uint64_t at = 0; at < 32 * PAGE_SIZE; at += PAGE_SIZE) {
		check_unreachable(KERNEL_WINDOW + at);
		check_unreachable(KERNEL_IMAGE + at);
		check_unreachable(INFO_VA - 16 * PAGE_SIZE + at);
	}
	check_unreachable(KERNEL_BLOCKS);
	check_unreachable(KERNEL_FRAMES);
	for (uint64_t va = KERNEL_RAM; va < KERNEL_RAM + 0x400000; va += 0x40000)
		check_unreachable(va);
}

TEST(addresses_between_the_halves_fault)
{
	for (int bit = 38; bit < 64; bit++)
		check_unreachable(bit == 63 ? 1UL << 63 : (1UL << bit) + ARENA % (1UL << 37));
	check_unreachable(TOP_OF_USER);
	check_unreachable(0xffffffbffffffff8 & -PAGE_SIZE);
}

/* SPDX-License-Identifier: MIT
 *
 * Calls with the same value in all registers, sp, gp and tp too, and calls that
 * registers.c leaves out: what is preserved is preserved, and nothing else shows in the
 * others but the result.
 */
#include "hostile.h"
#include "regfile.h"

static const uint64_t values[] = {
	1,
	7,
	8,
	PAGE_SIZE - 1,
	PAGE_SIZE,
	0x7fffffff,
	0x80000000,
	FAR_HOLE,
	FAR_HOLE + 4,
	1UL << 38,
	1UL << 39,
	1UL << 47,
	1UL << 62,
	1UL << 63,
	0x7fffffffffffffff,
	0xa5a5a5a5a5a5a5a5,
	INFO_VA,
	INFO_VA + PAGE_SIZE - 4,
	0xffffffc000000000,
	KERNEL_RAM,
	0xffffffff80000000,
	KERNEL_WINDOW,
	KERNEL_TEXT,
	0xfffffffffffff000,
	0xfffffffffffffff8,
	0xfffffffffffffffe,
	0xffffffffffffffff,
};
#define VALUES (sizeof(values) / sizeof(values[0]))

static int64_t same_in_all(uint64_t number, uint64_t value)
{
	struct regfile *f = regfile(0);

	test_note("value", value);
	for (int n = 1; n < 32; n++) {
		f->before[n] = value;
		f->after[n] = 0xbad;
	}
	f->before[A7] = number;
	regs_ecall[0]();
	/* park forgets its flags there. */
	if (f->after[A7] == (number & 0xff))
		f->after[A7] = number;
	check_after(0, f->after[A0], nothing);
	return (int64_t)f->after[A0];
}

TEST(no_value_in_all_registers_does_harm)
{
	/* Too many bits to try all: those, and their complements, above each number. */
	bystander_start();
	regfile_map();
	for (unsigned i = 0; i < VALUES; i++) {
		CHECK_EQ(same_in_all(CALL_YIELD, values[i]), 0);
		CHECK(same_in_all(CALL_PARK, values[i]) < 0);
		CHECK(same_in_all(CALL_PARK | PARK_WORD32, values[i]) < 0);
		CHECK(same_in_all(CALL_PARK | PARK_HAS_DEADLINE, values[i]) < 0);
		CHECK_EQ(same_in_all(CALL_WAKE, values[i]), -HL_EBADF);
		CHECK(same_in_all(CALL_START, values[i]) < 0);
		CHECK(same_in_all(CALL_MAP, values[i]) < 0);
		CHECK_EQ(same_in_all(CALL_STOP, values[i]), -HL_EBADF);
		for (uint64_t number = CALL_STOP + 1; number < 256; number += i % 2 ? 1 : 31)
			CHECK_EQ(same_in_all(number, values[i]), -HL_ENOSYS);
		for (uint64_t number = 0; number < 256; number++) {
			int64_t got = same_in_all(values[i] << 8 | number, values[i]);

			/* Some shifts leave flags that are known. */
			CHECK(got < 0 || (number == CALL_YIELD && values[i] << 8 == 0));
		}
	}
	bystander_check();
}

/* Each bit of a word that has flags in it, alone and with all others. */
TEST(no_bit_of_a_word_of_flags_does_harm)
{
	uint64_t vas = space_new(20);

	bystander_start();
	regfile_map();
	for (int bit = -1; bit < 64; bit++) {
		uint64_t one = bit < 0 ? 0 : 1UL << bit;

		test_note("bit", bit);
		for (int inverse = 0; inverse < 2; inverse++) {
			uint64_t flags = inverse ? ~one : one;

			/* A pc without memory, should it start. */
			CALL(CALL_START, pool[3].handle, FAR_HOLE, 0, 0, 0, flags);
			CALL(CALL_START, pool[3].handle, FAR_HOLE, 0, 0, pool[2].handle,
			     flags | START_SET_KEEPER);
			for (uint64_t op = 0; op <= MAP_OP_MASK; op += 1UL << MAP_OP_SHIFT) {
				CALL(CALL_MAP, vas, page(0), page(1), 1, flags ^ op);
				CALL(CALL_MAP, vas, page(0), 0, flags, op | RW, 1);
				CALL(CALL_MAP, vas, flags, 0, 1, op | RW);
				CALL(CALL_MAP, vas, page(0), flags, 1, op | RW, flags, flags);
			}
			CHECK_EQ(INFO->magic, INFO_MAGIC);
		}
		AWAIT(life(&pool[3]) != EX_READY);
	}
	vas_stop(vas);
	bystander_check();
}

/* --- calls that come back with something -------------------------------------------- */

static void check_call(uint64_t number, const uint64_t *a, uint64_t deadline, int64_t result)
{
	load_patterns(0, number);
	for (int i = 0; i < 7; i++)
		regfile(0)->before[A0 + i] = a[i];
	regfile(0)->before[A7] = number;
	regfile(0)->before[T0] = deadline;
	regs_ecall[0]();
	check_after(0, (uint64_t)result, nothing);
}
#define CHECK_CALL(result, number, ...)                                                            \
	check_call(number, (const uint64_t[7]){__VA_ARGS__}, 0, result)

#define MAKE(tag) (MAP_NEW | (tag) | MAP_RIGHTS)

TEST(nothing_but_the_result_shows_after_a_call)
{
	uint64_t exec = slot(), vas = slot(), other = slot();
	volatile uint64_t *zero = word(page(8));

	bystander_start();
	regfile_map();
	CHECK_EQ(map_new(0, page(8), 1, RW), 1);
	for (int round = 0; round < 3; round++) {
		test_note("round", (uint64_t)round);
		CHECK_CALL(1, CALL_MAP, 0, vas, 0, 1, MAKE(MAP_VAS), 20);
		CHECK_CALL(-HL_EEXIST, CALL_MAP, 0, vas, 0, 1, MAKE(MAP_VAS), 2);
		CHECK_CALL(-HL_ENOMEM, CALL_MAP, 0, other, 0, 1, MAKE(MAP_VAS), 1UL << 40);
		CHECK_CALL(1, CALL_MAP, vas, exec, 0, 1, MAKE(MAP_EXECUTOR));
		CHECK_CALL(1, CALL_MAP, 0, page(1), exec, 1, MAP_VIEW | MAP_R);
		CHECK_CALL(1, CALL_MAP, vas, page(0), 0, 1, MAP_NEW | RW);
		CHECK_CALL(1, CALL_MAP, 0, page(2), vas, 1, MAP_VIEW | MAP_R, page(0));
		CHECK_CALL(1, CALL_MAP, 0, page(3), 0x10000000, 1, MAP_IO | MAP_DEVICE | RW);
		CHECK_CALL(1, CALL_MAP, 0, page(4), page(0), 1, MAP_SHARE | MAP_R, 0, vas);
		CHECK_CALL(1, CALL_MAP, 0, page(5), page(0), 1, MAP_MOVE | RW, 0, vas);
		CHECK_CALL(1, CALL_MAP, 0, page(5), 0, 1, MAP_PROTECT | MAP_R);
		CHECK_CALL(-HL_EPERM, CALL_MAP, 0, page(5), 0, 1, MAP_PROTECT | RW);
		CHECK_CALL(-HL_EFAULT, CALL_MAP, 0, page(6), page(7), 1, MAP_SHARE | RW);
		CHECK_CALL(-HL_EBADF, CALL_MAP, FAR_HOLE, page(6), 0, 1, MAP_NEW | RW);
		CHECK_CALL(0, CALL_START, exec, FAR_HOLE, 1, 2);
		AWAIT((executor_of(page(1))->state & EX_LIFE) == EX_FAULTED);
		CHECK_CALL(-HL_EBUSY, CALL_START, exec, FAR_HOLE, 1, 2);
		CHECK_CALL(-HL_EINVAL, CALL_START, exec, FAR_HOLE, 1, 2, 0, 0x10000);
		CHECK_CALL(0, CALL_WAKE, exec);
		CHECK_CALL(0, CALL_STOP, exec, 0x77);
		CHECK_CALL(-HL_EAGAIN, CALL_PARK, (uint64_t)zero, 1);
		CHECK_CALL(-HL_EAGAIN, CALL_PARK | PARK_WORD32, (uint64_t)zero, 1);
		check_call(CALL_PARK | PARK_HAS_DEADLINE, (const uint64_t[7]){0}, 0, -HL_ETIMEDOUT);
		check_call(CALL_PARK | PARK_HAS_DEADLINE, (const uint64_t[7]){0},
			   test_time() + INFO->timebase / 1000, -HL_ETIMEDOUT);
		check_call(CALL_PARK | PARK_HAS_DEADLINE,
			   (const uint64_t[7]){0, 0, 1, 2, 3, 4, pool[0].handle}, ~0UL, -HL_EBUSY);
		CHECK_CALL(6, CALL_MAP, 0, page(1), 0, 6, MAP_UNMAP);
		vas_stop(vas);
		CHECK_CALL(0, CALL_STOP, vas, 0x78);
		CHECK_CALL(-HL_ESRCH, CALL_MAP, vas, page(0), 0, 1, MAP_NEW | RW);
		CHECK_CALL(-HL_ESRCH, CALL_START, exec, FAR_HOLE, 1, 2);
		CHECK_CALL(1, CALL_MAP, 0, exec, 0, 1, MAP_UNMAP);
		CHECK_CALL(1, CALL_MAP, 0, vas, 0, 1, MAP_UNMAP);
	}
	bystander_check();
}

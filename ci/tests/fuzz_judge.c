/* SPDX-License-Identifier: MIT
 *
 * What a call may leave in registers, after <hartleaf/sys.h> and nothing else.  What exactly
 * it does depends on the others, but which errors there can be, and which there must be, the
 * words alone say.
 */
#include "fuzz.h"

#define E(error) (1UL << (error)) /* errors below 64 */

enum { T0 = 5, T1, A0 = 10, A1, A2, A5 = 15, A7 = 17 };

static bool preserved(int n)
{
	return n < T0 || n == 8 || n == 9 || (n >= 18 && n < 28);
}

/* It can't be a handle, whatever is mapped. */
static bool malformed(uint64_t handle)
{
	return (handle & (PAGE_SIZE - 1)) != 0 || handle >= INFO->user_top;
}

static bool rights_make_sense(uint64_t attr)
{
	uint64_t tag = attr & MAP_TAG_MASK;

	if (tag == MAP_EXECUTOR || tag == MAP_VAS)
		return !(attr & MAP_WX);
	if (!(attr & MAP_RIGHTS) || (attr & RW) == MAP_W)
		return false;
	if (tag == MAP_DEVICE)
		return !(attr & (MAP_X | MAP_WX));
	return (attr & MAP_WX) || (attr & (MAP_W | MAP_X)) != (MAP_W | MAP_X);
}

static bool map_words_make_sense(const uint64_t *a)
{
	uint64_t attr = a[4], op = attr & MAP_OP_MASK, tag = attr & MAP_TAG_MASK;
	uint64_t size = attr & MAP_LARGE ? LARGE : PAGE_SIZE, top = INFO->user_top;
	bool cap = tag == MAP_EXECUTOR || tag == MAP_VAS, copy = op == MAP_SHARE || op == MAP_MOVE;
	bool memory = tag == MAP_MEMORY, fill = copy || op == MAP_IO || (op == MAP_NEW && memory);

	if (attr >> 14 != 0 || (attr & 0x80) || op > MAP_IO)
		return false;
	if (op == MAP_VIEW    ? (attr & 0xff) != MAP_R
	    : op == MAP_UNMAP ? (attr & 0x3f) != 0
			      : !rights_make_sense(attr))
		return false;
	if ((op == MAP_NEW && tag == MAP_DEVICE) || (op == MAP_IO && tag != MAP_DEVICE))
		return false;
	if ((attr & MAP_REPLACE) && !fill)
		return false;
	if ((attr & MAP_LARGE) && cap)
		return false;
	if ((attr & MAP_TRACK) && !(memory && (op == MAP_NEW || copy || op == MAP_PROTECT)))
		return false;
	if (a[3] < 1 || a[3] > ((op == MAP_NEW && cap) || op == MAP_VIEW ? 1 : MAP_COUNT_MAX))
		return false;
	if (a[1] & (size - 1) || a[1] >= top)
		return false;
	for (uint64_t i = 1, va = a[1]; i < a[3]; i++)
		if ((va += size) >= top)
			return false;
	if (a[2] != 0 && op != MAP_VIEW && (!(copy || op == MAP_IO) || a[2] & (size - 1)))
		return false;
	if (a[5] != 0 && op != MAP_VIEW && !(op == MAP_NEW && tag == MAP_VAS) &&
	    !(copy && cap && a[5] < 1024))
		return false;
	return a[6] == 0 || copy;
}

/* 0: any of *errors, or at least 0 and at most *most.  Else: this error. */
static unsigned expected(const struct words *w, uint64_t *errors, uint64_t *most)
{
	const uint64_t *a = w->a;
	uint64_t flags = a[7] & ~0xffUL, op = a[4] & MAP_OP_MASK;

	*most = 0;
	*errors = 0;
	switch (a[7] & 0xff) {
	case CALL_YIELD:
		return flags ? HL_EINVAL : 0;
	case CALL_PARK:
		if (flags & ~(uint64_t)(PARK_HAS_DEADLINE | PARK_WORD32))
			return HL_EINVAL;
		if (a[0] != 0 && a[0] & (flags & PARK_WORD32 ? 3 : 7))
			return HL_EINVAL;
		*errors = E(HL_EAGAIN) | E(HL_EFAULT) | E(HL_EBADF) | E(HL_EPERM) | E(HL_EBUSY);
		return 0;
	case CALL_WAKE:
		if (flags)
			return HL_EINVAL;
		if (malformed(a[0]))
			return HL_EBADF;
		*errors = E(HL_EBADF) | E(HL_EPERM);
		*most = a[0] != 0;
		return 0;
	case CALL_START:
		if (flags || (a[5] & 0xf0) || a[6] != 0 || (a[1] & 1))
			return HL_EINVAL;
		if (!(a[5] & START_SET_KEEPER) && (a[4] != 0 || a[5] >> START_BADGE_SHIFT))
			return HL_EINVAL;
		*errors = E(HL_EBADF) | E(HL_EINVAL);
		if (!malformed(a[0]) && !malformed(a[4]))
			*errors |= E(HL_EPERM) | E(HL_EBUSY) | E(HL_ESRCH) | E(HL_ENOMEM);
		else if (malformed(a[4]))
			*errors |= E(HL_EPERM);
		return 0;
	case CALL_MAP:
		if (flags || !map_words_make_sense(a))
			return HL_EINVAL;
		*errors = E(HL_EBADF) | E(HL_EINVAL) | E(HL_EPERM) | E(HL_ESRCH);
		if (malformed(a[0]) || malformed(a[6]) || op == MAP_IO)
			return 0; /* and *most is 0, which is none of map's */
		*errors |= E(HL_ENOMEM) | E(HL_EEXIST) | E(HL_EFAULT);
		*most = op == MAP_NEW && (a[4] & MAP_LARGE) ? 1 : a[3];
		return 0;
	case CALL_STOP:
		if (flags & ~(uint64_t)STOP_VAS || (flags && a[0] != 0))
			return HL_EINVAL;
		if (malformed(a[0]))
			return HL_EBADF;
		*errors = E(HL_EBADF) | E(HL_EPERM) | E(HL_EAGAIN);
		*most = 1;
		return 0;
	default:
		return HL_ENOSYS;
	}
}

static void judge_result(struct fuzzer *f, const struct words *w)
{
	uint64_t errors, most, number = w->a[7] & 0xff;
	unsigned error = expected(w, &errors, &most);
	int64_t got = (int64_t)f->hold.after[A0];

	if (error != 0) {
		if (got != -(int64_t)error)
			fuzz_bad(f, "another error was due", (uint64_t)got, -(uint64_t)error);
		return;
	}
	if (got == -HL_ETIMEDOUT && number == CALL_PARK && (w->a[7] & PARK_HAS_DEADLINE)) {
		if (test_time() < w->t0)
			fuzz_bad(f, "timed out before the time", test_time(), w->t0);
		return;
	}
	if (number == CALL_STOP && w->a[0] == 0)
		fuzz_bad(f, "went on after its stop", (uint64_t)got, 0);
	if (got < 0 ? got <= -64 || !(errors >> -got & 1) : (uint64_t)got > most)
		fuzz_bad(f, "a result there isn't", (uint64_t)got, most);
	if (got == 0 && number == CALL_MAP)
		fuzz_bad(f, "map did nothing, and no error", 0, 0);
	if (got == 0 && number == CALL_START && (malformed(w->a[0]) || malformed(w->a[4])))
		fuzz_bad(f, "started what isn't", w->a[0], w->a[4]);
	if (got == 0 && number == CALL_PARK && malformed(w->a[6]))
		fuzz_bad(f, "swapped to what isn't", w->a[6], 0);
}

static void judge_fp(struct fuzzer *f)
{
	const struct hold *h = &f->hold;

	if (!f->fp)
		return;
	if (h->fcsr_after != h->fcsr)
		fuzz_bad(f, "fcsr", h->fcsr_after, h->fcsr);
	for (int n = 0; n < 32; n++)
		if (h->f_after[n] != h->f[n])
			fuzz_bad(f, "floating-point register", h->f_after[n], h->f[n]);
}

/* The same, 0, or documented. */
static void judge_registers(struct fuzzer *f, const struct words *w)
{
	const struct hold *h = &f->hold;
	bool park = (w->a[7] & 0xff) == CALL_PARK;

	for (int n = 1; n < 32; n++) {
		uint64_t is = h->after[n], was = h->before[n];

		if (n == 4 || n == A0 || is == was || (is == 0 && !preserved(n)))
			continue;
		/* A badge, of a cap or for a keeper; words of a partner. */
		if (park && n == A1 && is >> START_BADGE_BITS == 0)
			continue;
		if (park && n == A7 && is == (was & 0xff))
			continue; /* the number, without its flags */
		if (park && n >= A2 && n <= A5 && h->after[A0] == 0)
			continue;
		f->touched = (uint64_t)n;
		fuzz_bad(f, "register (see touched)", is, was);
	}
	judge_fp(f);
}

void fuzz_judge_load(struct fuzzer *f)
{
	for (int n = 1; n < 32; n++)
		if (n != 4 && n != T1 && f->hold.after[n] != f->hold.before[n])
			fuzz_bad(f, "register after a load", f->hold.after[n], f->hold.before[n]);
	judge_fp(f);
}

void fuzz_judge(struct fuzzer *f, const struct words *w)
{
	judge_result(f, w);
	judge_registers(f, w);
}

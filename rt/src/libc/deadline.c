/* SPDX-License-Identifier: MIT
 *
 * Clocks.  CLOCK_MONOTONIC is the time since the machine started; CLOCK_REALTIME is that
 * plus the epoch, which is read once from the real-time clock of the device tree, and is 0
 * where there is none.  So both run alike, and nothing sets them.
 */
#include <errno.h>
#include <stdatomic.h>

#include <hartleaf/fdt.h>
#include <hartleaf/layout.h>
#include <hartleaf/time.h>
#include <hartleaf/va.h>

#include "../rt.h"
#include "clock.h"

#define NS 1000000000u /* in a second */

static _Atomic uint64_t epoch; /* 0: not looked for yet; else its lowest bit is 1 */

/* Goldfish, QEMU's: reading the low half latches the high one. */
static uint64_t rtc_ns(void)
{
	struct fdt_node n;
	uint64_t physical, size, va, ns = 0;
	const void *fdt = hl_device_tree();
	int got = fdt ? fdt_root(fdt, &n) : 0;

	while (got > 0 && !(fdt_compatible(&n, "google,goldfish-rtc") && fdt_enabled(&n)))
		got = fdt_next(&n);
	if (got <= 0 || fdt_reg(&n, 0, &physical, &size) <= 0 || physical % PAGE_SIZE)
		return 0;
	va = hl_va_alloc(1);
	if (va && sys_map_io(va, physical, 1) == 1) {
		volatile uint32_t *rtc = (volatile uint32_t *)va;

		ns = rtc[0];
		ns |= (uint64_t)rtc[1] << 32;
		sys_unmap(va, 1);
	}
	if (va)
		hl_va_free(va, 1);
	return ns;
}

static uint64_t epoch_of_machine(void)
{
	uint64_t date = rtc_ns(), now = hl_ns_of_ticks(hl_time());

	return date > now ? date - now : 0;
}

uint64_t rt_epoch(void)
{
	static struct hl_mutex lock; /* one reads the machine's clock, in two halves */
	const struct rt_block *block = (const struct rt_block *)RT_BOOT_BLOCK_VA;
	uint64_t known = atomic_load_explicit(&epoch, memory_order_relaxed);

	if (known)
		return known;
	hl_mutex_lock(&lock);
	known = atomic_load_explicit(&epoch, memory_order_relaxed);
	if (!known) {
		known = (rt_is_first() ? epoch_of_machine() : block->epoch) | 1;
		/* relaxed, as the load: it tells of nothing but itself */
		atomic_store_explicit(&epoch, known, memory_order_relaxed);
	}
	hl_mutex_unlock(&lock);
	return known;
}

bool rt_clock_known(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

int rt_deadline(clockid_t clock, const struct timespec *ts, bool absolute, uint64_t *ticks)
{
	uint64_t ns, since = 0;

	if (!rt_clock_known(clock) || (uint64_t)ts->tv_nsec >= NS || (!absolute && ts->tv_sec < 0))
		return EINVAL;
	if (ts->tv_sec < 0)
		ns = 0; /* before all we know of */
	else if (__builtin_mul_overflow((uint64_t)ts->tv_sec, (uint64_t)NS, &ns) ||
		 __builtin_add_overflow(ns, (uint64_t)ts->tv_nsec, &ns))
		ns = UINT64_MAX;
	if (!absolute) {
		*ticks = hl_deadline_after_ns(ns);
		return 0;
	}
	if (clock == CLOCK_REALTIME)
		since = rt_epoch();
	*ticks = ns == UINT64_MAX ? HL_NEVER : ns > since ? hl_ticks_of_ns(ns - since) : 0;
	return 0;
}

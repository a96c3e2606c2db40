/* SPDX-License-Identifier: MIT
 *
 * The loader stub: the first code that runs in user mode.  The kernel knows no
 * file format; it maps this, the initrd and the device tree into the first
 * address space and starts one executor here.  The stub checks the ELF image in the
 * initrd, which is the initrd, or, of a cpio archive, the first file; maps and copies it, and jumps to it.  It has no writable data: all is
 * on its stack.  The program unmaps it (rt/src/start.c).
 */
#include <string.h>

#include <hartleaf/elf.h>
#include <hartleaf/fdt.h>
#include <hartleaf/info.h>
#include <hartleaf/layout.h>
#include <hartleaf/sys.h>

#include "../src/cpio.h"
#include "../src/uart.h"

_Noreturn void loader_main(const struct info *info);
_Noreturn void loader_enter(uint64_t entry, uint64_t sp, const struct info *info);

struct console {
	volatile uint8_t *base; /* NULL: there is none */
	uint32_t shift;
};

static void print(const struct console *c, const char *s)
{
	for (; c->base && *s; s++)
		rt_uart_put(c->base, c->shift, *s);
}

/* Says why there will be no program and ends the machine with failure.  The console
 * is looked for only now: a program that loads maps it itself. */
static _Noreturn void fail(const struct info *info, const char *what, const char *why)
{
	const void *dt = (const void *)info->dt_va;
	struct console c = {NULL, 0};
	struct uart uart;

	if (fdt_check(dt, info->dt_size) > 0 && rt_uart_find(dt, &uart) &&
	    sys_map_io(RT_UART_VA, uart.physical, 1) == 1) {
		c.base = (volatile uint8_t *)RT_UART_VA;
		c.shift = uart.shift;
	}
	print(&c, "loader: ");
	print(&c, what);
	print(&c, ": ");
	print(&c, why);
	print(&c, "\n");
	sys_stop_self(1);
}

/* map on the own address space, in as many calls as it takes */
static int map(uint64_t va, uint64_t pages, uint64_t attr)
{
	while (pages > 0) {
		uint64_t step = pages < MAP_COUNT_MAX ? pages : MAP_COUNT_MAX;
		long done = sys_map(HL_SELF, va, 0, step, attr, 0, HL_SELF);

		if (done <= 0)
			return -1;
		va += (uint64_t)done << PAGE_SHIFT;
		pages -= (uint64_t)done;
	}
	return 0;
}

static int load(const struct elf_segment *s, const uint8_t *image)
{
	/* Rights are never raised, so the pages begin with all they may need. */
	uint64_t rights = s->rights | MAP_W | (s->rights & MAP_X ? MAP_WX : 0);

	if (map(s->page, s->pages, MAP_NEW | rights) < 0)
		return -1;
	memcpy((void *)s->va, image + s->offset, s->file_size);
	return s->rights & MAP_W ? 0 : map(s->page, s->pages, MAP_PROTECT | s->rights);
}

void loader_main(const struct info *info)
{
	size_t size;
	const uint8_t *image =
		rt_cpio_program((const void *)info->initrd_va, info->initrd_size, &size);
	uint64_t stack = RT_STACK_TOP - RT_STACK_PAGES * PAGE_SIZE;
	struct elf_plan plan;
	int error;

	if (!image)
		fail(info, "initrd is a cpio archive", "no file in it");
	error = elf_plan(&plan, image, size, RT_PROGRAM_LOW, RT_PROGRAM_TOP);
	if (error)
		fail(info,
		     error >= ELF_BAD_MAGIC ? "initrd is not an ELF file"
					    : "initrd is not a usable ELF file",
		     elf_error_text(error));
	for (size_t i = 0; i < plan.count; i++)
		if (load(&plan.segment[i], image) < 0)
			fail(info, "can't load the initrd", "not enough memory");
	if (map(stack, RT_STACK_PAGES, MAP_NEW | MAP_R | MAP_W) < 0)
		fail(info, "can't make a stack", "not enough memory");
	loader_enter(plan.entry, RT_STACK_TOP, info);
}

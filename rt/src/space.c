/* SPDX-License-Identifier: MIT
 *
 * A second address space with a program in it.  Its pages are made there, on its own
 * budget, and shared for a moment into a window here to be filled.
 */
#include <stdlib.h>
#include <string.h>

#include <hartleaf/elf.h>
#include <hartleaf/space.h>
#include <hartleaf/time.h>
#include <hartleaf/va.h>

#include "cpio.h"
#include "libc/clock.h"
#include "va.h"
#include "watch.h"

#define ALL_RIGHTS (MAP_R | MAP_W | MAP_X)
#define WINDOW     64 /* pages filled at a time */
#define STACK      8

struct hl_space {
	struct hl_exec *main; /* its main executor, and what the warden knows of it */
	hl_handle vas;
	uint64_t entry;
	uint64_t window;
	struct rt_block block;
};

int hl_space_error;

/* Copies to `va` there, whatever the rights were made for; pages must have W. */
static int fill(struct hl_space *s, uint64_t va, const void *data, uint64_t size)
{
	while (size > 0) {
		uint64_t offset = va % PAGE_SIZE;
		uint64_t room = WINDOW * PAGE_SIZE - offset;
		uint64_t part = size < room ? size : room;
		uint64_t pages = (offset + part + PAGE_SIZE - 1) >> PAGE_SHIFT;
		int result = hl_map(HL_SELF, s->window, va - offset, pages,
				    MAP_SHARE | MAP_MEMORY | MAP_R | MAP_W, s->vas);

		if (result == 0)
			memcpy((void *)(s->window + offset), data, part);
		sys_unmap(s->window, pages);
		if (result < 0)
			return result;
		va += part;
		data = (const char *)data + part;
		size -= part;
	}
	return 0;
}

static int load_segment(struct hl_space *s, const struct elf_segment *g, const char *image)
{
	uint64_t rights = g->rights | MAP_W | (g->rights & MAP_X ? MAP_WX : 0);
	int result = hl_map(s->vas, g->page, 0, g->pages, MAP_NEW | rights, HL_SELF);

	if (result == 0)
		result = fill(s, g->va, image + g->offset, g->file_size);
	if (result == 0 && !(g->rights & MAP_W))
		result = hl_map(s->vas, g->page, 0, g->pages, MAP_PROTECT | g->rights, HL_SELF);
	return result;
}

static int load(struct hl_space *s, const void *image, size_t size)
{
	struct elf_plan plan;
	int result = 0;

	if (!image && rt_is_first()) {
		image = rt_cpio_program((const void *)hl_info()->initrd_va, hl_info()->initrd_size,
					&size);
	}
	hl_space_error = image ? elf_plan(&plan, image, size, RT_PROGRAM_LOW, RT_PROGRAM_TOP)
			       : ELF_TOO_SMALL;
	if (hl_space_error)
		return -HL_EINVAL;
	for (size_t i = 0; i < plan.count && result == 0; i++)
		result = load_segment(s, &plan.segment[i], image);
	s->entry = plan.entry;
	return result;
}

/* Its VAS, its main executor with our cap and its own, a stack. */
static int furnish(struct hl_space *s, uint64_t budget, size_t stack)
{
	struct hl_exec *e = s->main;
	int result;

	result = (int)sys_map_vas(s->vas, ALL_RIGHTS, budget);
	if (result == -HL_ENOMEM && hl_memory_release())
		result = (int)sys_map_vas(s->vas, ALL_RIGHTS, budget);
	if (result < 0)
		return result;
	result = (int)sys_map_executor(s->vas, e->handle, ALL_RIGHTS);
	if (result < 0)
		return result;
	if (!rt_watch_view(e))
		return -HL_ENOMEM;
	result = hl_space_give(s, BOOT_SELF_VA, e->handle, ALL_RIGHTS, 0);
	if (result < 0)
		return result;
	e->sp = RT_STACK_TOP;
	return hl_map(s->vas, RT_STACK_TOP - stack * PAGE_SIZE, 0, stack, MAP_NEW | MAP_R | MAP_W,
		      HL_SELF);
}

int hl_space_create(struct hl_space **out, const struct hl_space_attr *attr)
{
	static const struct hl_space_attr plain;
	struct hl_space *s = calloc(1, sizeof(*s));
	struct hl_exec *e = s ? rt_watch_new() : NULL;
	size_t stack;
	int result;

	if (!e) {
		free(s);
		return -HL_ENOMEM;
	}
	if (!attr)
		attr = &plain;
	stack = attr->stack_pages ? attr->stack_pages : STACK;
	s->main = e;
	e->flags = EXEC_WATCHED | EXEC_FOREIGN;
	e->keeper = rt_watch_warden();
	e->badge = (uint64_t)e;
	e->pages = 2; /* cap and view */
	e->block = hl_va_alloc(e->pages);
	e->handle = e->block;
	s->vas = hl_va_alloc(1);
	s->window = hl_va_alloc(WINDOW);
	if (!e->keeper || !e->block || !s->vas || !s->window)
		result = -HL_ENOMEM;
	else if (stack > (RT_STACK_TOP - RT_CONSOLE_LOCK_VA) / PAGE_SIZE - 2)
		result = -HL_EINVAL;
	else
		result = furnish(s, attr->budget ? attr->budget : HL_SPACE_BUDGET, stack);
	if (result == 0)
		result = load(s, attr->image, attr->image_size);
	if (result == 0)
		result = (int)rt_console_share(&s->block, s->vas);
	if (result < 0) {
		hl_space_destroy(s);
		return result;
	}
	*out = s;
	return 0;
}

int hl_space_share(struct hl_space *s, uint64_t va, uint64_t our_va, uint64_t count, uint64_t attr)
{
	return hl_map(s->vas, va, our_va, count, MAP_SHARE | attr, HL_SELF);
}

int hl_space_give(struct hl_space *s, uint64_t va, hl_handle exec, uint64_t rights, uint64_t badge)
{
	long result =
		sys_map(s->vas, va, exec, 1, MAP_SHARE | MAP_EXECUTOR | rights, badge, HL_SELF);

	return result < 0 ? (int)result : 0;
}

static int start(struct hl_space *s)
{
	long made;
	int result;

	s->block.magic = RT_BLOCK_MAGIC;
	s->block.epoch = rt_epoch();
	s->block.malloc_debug = rt_malloc_debug;
	made = sys_map(s->vas, RT_BOOT_BLOCK_VA, 0, 1, MAP_NEW | MAP_R | MAP_W, 0, HL_SELF);
	if (made < 0)
		return (int)made;
	result = fill(s, RT_BOOT_BLOCK_VA, &s->block, sizeof(s->block));
	if (result < 0)
		return result;
	return rt_watch_start(s->main, s->entry, RT_BOOT_BLOCK_VA);
}

int hl_space_start(struct hl_space *s, long (*fn)(void *), void *arg)
{
	s->block.fn = fn;
	s->block.arg = arg;
	return start(s);
}

int hl_space_start_main(struct hl_space *s, int argc, char *const argv[])
{
	const uint64_t text = RT_BOOT_BLOCK_VA + offsetof(struct rt_block, text);
	size_t at = 0;

	if (argc < 0 || argc > RT_BLOCK_ARGS)
		return -HL_EINVAL;
	for (int i = 0; i < argc; i++) {
		size_t size = strlen(argv[i]) + 1;

		if (size > sizeof(s->block.text) - at)
			return -HL_EINVAL;
		memcpy(s->block.text + at, argv[i], size);
		s->block.argv[i] = (char *)(text + at);
		at += size;
	}
	s->block.argc = argc;
	return start(s);
}

hl_handle hl_space_vas(const struct hl_space *s)
{
	return s->vas;
}

hl_handle hl_space_exec(const struct hl_space *s)
{
	return s->main->handle;
}

int hl_space_wait(struct hl_space *s, struct hl_end *end)
{
	const struct hl_exec *e = s->main;
	int result = rt_watch_join(s->main, HL_NEVER, false);

	if (result == 0 && end)
		*end = (struct hl_end){e->how, e->code, e->scause, e->stval, e->pc};
	return result;
}

void hl_space_destroy(struct hl_space *s)
{
	/* Handles where nothing was made yet are refused, which is all right. */
	rt_watch_end(s->main);
	if (s->vas) {
		while (sys_stop(s->vas, 0) == -HL_EAGAIN)
			sys_yield();
		sys_unmap(s->vas, 1);
		hl_va_free(s->vas, 1);
	}
	if (s->window)
		hl_va_free(s->window, WINDOW);
	if (s->main->block)
		rt_exec_reclaim(s->main);
	else
		rt_watch_free(s->main);
	free(s);
}

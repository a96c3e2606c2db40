/* SPDX-License-Identifier: MIT
 *
 * From the first instruction to main and from exit to the end.
 *
 * In the first address space: the loader stub has jumped here; its pages go, the
 * device tree gives console and arguments.  In a child: the boot block that the
 * parent filled says all that.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hartleaf/fdt_address.h>
#include <hartleaf/layout.h>
#include <hartleaf/rt.h>

#include "rt.h"

#define ARGS_MAX 64

_Thread_local hl_handle hl_self_handle;

/* program.ld */
extern char __tls_base[], __tdata_size[], __tls_size[], __tls_align[], __tls_main[];
extern void (*const __init_array_start[])(void);
extern void (*const __init_array_end[])(void);
extern void (*const __fini_array_start[])(void);
extern void (*const __fini_array_end[])(void);

extern int main(int argc, char **argv);
_Noreturn void rt_start(uint64_t from, long error);

static bool first;           /* this is the first address space */
static const void *fdt;      /* checked; NULL: there is none */
static uint64_t test_device; /* physical address; 0: none */

int rt_is_first(void)
{
	return first;
}

const void *hl_device_tree(void)
{
	return fdt;
}

size_t rt_tls_size(void)
{
	return (size_t)__tls_size;
}

size_t rt_tls_align(void)
{
	return (size_t)__tls_align;
}

/* By words: picolibc's memset and memcpy for rv64ia go by bytes, and each thread begins with
 * this.  There is room for whole words, see program.ld and exec.c.  (The compiler is told in
 * CMakeLists.txt not to make calls of those of the loops.) */
void rt_tls_init(void *block)
{
	const uint64_t *from = (const uint64_t *)__tls_base;
	uint64_t *to = block;
	size_t data = (size_t)__tdata_size, at;

	for (at = 0; at + 8 <= data; at += 8)
		*to++ = *from++;
	if (at < data) {
		*to = 0;
		memcpy(to++, from, data - at);
		at += 8;
	}
	for (; at < (size_t)__tls_size; at += 8)
		*to++ = 0;
}

/* NAME=value with a name in capitals. */
static bool is_variable(const char *word)
{
	size_t n = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return n > 0 && word[n] == '=' && (word[0] < '0' || word[0] > '9');
}

/* "a b c" from the device tree behind a name for the program itself.  Words that
 * begin with hartleaf. were for the kernel; variables are the environment. */
static int split(char *line, char **argv, char **variables)
{
	int argc = 0, count = 0;

	argv[argc++] = "program";
	while (argc < ARGS_MAX && count < ARGS_MAX) {
		while (*line == ' ' || *line == '\t')
			line++;
		if (!*line)
			break;
		if (is_variable(line))
			variables[count++] = line;
		else if (strncmp(line, "hartleaf.", 9) != 0)
			argv[argc++] = line;
		while (*line && *line != ' ' && *line != '\t')
			line++;
		if (*line)
			*line++ = 0;
	}
	argv[argc] = NULL;
	variables[count] = NULL;
	return argc;
}

static void find_test_device(void)
{
	struct fdt_node n;
	uint64_t size;

	if (fdt_test_device(fdt, &n) <= 0 || fdt_address(&n, 0, &test_device, &size) <= 0)
		test_device = 0;
}

static int start_first(char **argv)
{
	static char *variables[ARGS_MAX + 1];
	const struct info *info = hl_info();
	const void *dt = (const void *)info->dt_va;
	struct fdt_node chosen;
	const char *line = NULL;
	char *copy = NULL;

	first = true;
	sys_unmap(BOOT_STUB_VA, (BOOT_STACK_TOP - BOOT_STUB_VA) >> PAGE_SHIFT);
	if (fdt_check(dt, info->dt_size) > 0) {
		fdt = dt;
		rt_console_first(fdt);
		find_test_device();
		if (fdt_find(fdt, "/chosen", &chosen) > 0)
			line = fdt_string(&chosen, "bootargs");
	}
	if (line && *line) {
		rt_malloc_debug = strstr(line, "MALLOC_DEBUG=1") != NULL;
		copy = strdup(line);
	}
	environ = variables;
	return split(copy ? copy : "", argv, variables);
}

static void say(const char *text)
{
	hl_console_force(text, strlen(text));
}

#define NUMBER_(n) #n
#define NUMBER(n)  NUMBER_(n)

/* The info page as such stays: it says for which programs the kernel is. */
static void check_kernel(const struct info *info)
{
	char digits[12] = "", *at = &digits[sizeof(digits) - 1];
	uint32_t abi = info->abi;

	if (info->magic == INFO_MAGIC && abi == INFO_ABI)
		return;
	do {
		*--at = (char)('0' + abi % 10);
		abi /= 10;
	} while (abi != 0);
	say("This program was built for version " NUMBER(INFO_ABI));
	say(" of the kernel's interface, this kernel has version ");
	say(at);
	say(": build both from the same hartleaf.\n");
	rt_exit_now(1);
}

/* `from` is INFO_VA or the boot block, see crt0.S. */
void rt_start(uint64_t from, long error)
{
	static char *argv[ARGS_MAX + 1];
	struct rt_block *block = NULL;
	char **args = argv;
	int argc;

	rt_tls_init(__tls_main);
	/* The compiler must not have taken tp for an address before this. */
	__asm__ volatile("mv tp, %0" : : "r"(__tls_main) : "memory");
	hl_self_handle = BOOT_SELF_VA;
	if (from == INFO_VA) {
		argc = start_first(argv);
	} else {
		block = (struct rt_block *)from;
		rt_malloc_debug = block->malloc_debug;
		rt_console_child(block);
		argc = (int)block->argc;
		args = block->argv;
	}
	check_kernel(hl_info());
	if (error < 0) {
		say("This program was built for floating point (lp64d), which some hart of this "
		    "machine or its kernel lacks.\n");
		rt_exit_now(1);
	}
	for (size_t i = 0; &__init_array_start[i] < __init_array_end; i++)
		__init_array_start[i]();
	if (block && block->fn)
		exit((int)block->fn(block->arg));
	exit(main(argc, args));
}

/* picolibc's exit calls this for destructors */
void __libc_fini_array(void)
{
	for (size_t i = (size_t)(__fini_array_end - __fini_array_start); i > 0; i--)
		__fini_array_start[i - 1]();
}

/* The status that a shell sees has 8 bits; a failure stays one. */
static uint32_t status(long code)
{
	return code & 0xff ? (uint32_t)code & 0xff : code != 0;
}

_Noreturn void rt_exit_now(long code)
{
	static _Atomic uint64_t ending;
	volatile uint32_t *device = (volatile uint32_t *)RT_TEST_VA;

	/* The first to come here has said what the status is. */
	if (atomic_exchange_explicit(&ending, 1, memory_order_relaxed))
		for (;;)
			sys_park(NULL, 0);
	/* In a child, a parent is told the code as the end of our first executor.
	 * The machine's exit status is the test device's to tell; firmware
	 * can only say success or failure. */
	if (first && test_device && sys_map_io(RT_TEST_VA, test_device, 1) == 1) {
		uint32_t s = status(code);

		/* after all console output */
		__asm__ volatile("fence iorw, iorw" ::: "memory");
		*device = s ? s << 16 | 0x3333 : 0x5555;
		for (int i = 0; i < 1000; i++)
			sys_yield(); /* it may take QEMU a moment */
	}
	sys_stop_own_vas(code);
}

_Noreturn void _exit(int code)
{
	rt_exit_now(code);
}

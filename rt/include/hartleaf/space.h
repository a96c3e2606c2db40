/* SPDX-License-Identifier: MIT
 *
 * A second address space (VAS) that runs a program: by default the one that is
 * running, a fresh copy of it with its own data, so that addresses of functions
 * mean the same on both sides.
 *
 *	static long child(void *arg) { printf("hello from there\n"); return 7; }
 *
 *	struct hl_space *s;
 *	struct hl_end end;
 *	hl_space_create(&s, NULL);
 *	hl_space_share(s, RT_MEET_VA, (uint64_t)page, 1, MAP_MEMORY | MAP_R | MAP_W);
 *	hl_space_start(s, child, NULL);
 *	hl_space_wait(s, &end);			// end.code is 7
 *	hl_space_destroy(s);
 *
 * Parent and child agree on addresses beforehand; RT_MEET_VA up to RT_MEET_TOP
 * (<hartleaf/layout.h>) is left to such agreements.  The child has its console
 * (the UART's page, so a child is trusted not to abuse it), stdio, heap and
 * executors like any program, but no device tree, and no image to spawn from.
 *
 * A space is used by one executor at a time.  Functions return 0 or a negated HL_E*.
 */
#ifndef HARTLEAF_SPACE_H
#define HARTLEAF_SPACE_H

#include <hartleaf/exec.h>
#include <hartleaf/layout.h>

struct hl_space;

#define HL_SPACE_BUDGET 256 /* frames */

struct hl_space_attr {
	uint64_t budget;    /* frames moved to it; 0: HL_SPACE_BUDGET */
	size_t stack_pages; /* of its main; 0: 8 */
	const void *image;  /* ELF; NULL: the running program's, from the initrd */
	size_t image_size;  /* bytes */
};

/* How a space ended. */
struct hl_end {
	int how;         /* TELL_ENDED or TELL_FAULT */
	long code;       /* exit code; after a fault 139 */
	uint64_t scause; /* after a fault: cause, address, pc */
	uint64_t stval;
	uint64_t pc;
};

/* Makes a VAS and loads the image into it; the child's frames are charged to its
 * own budget.  attr NULL: all defaults.  Errors: -HL_ENOMEM also if the budget
 * is too small, -HL_EINVAL no usable ELF image (hl_space_error tells), and what map
 * returns. */
int hl_space_create(struct hl_space **s, const struct hl_space_attr *attr);

/* The last hl_space_create's complaint about the image, an enum elf_error. */
extern int hl_space_error;

/* Lets the child also have what stands at our_va here, at va there: `count` leaves,
 * attr is kind and rights (not more than we have).  Before or after its start. */
int hl_space_share(struct hl_space *s, uint64_t va, uint64_t our_va, uint64_t count, uint64_t attr);

/* The same for a cap on an executor; `badge` (10 bits) shows at who is swapped to
 * with it, 0: none.  Example: give the child MAP_X on ourselves, to be woken:
 *	hl_space_give(s, RT_MEET_VA, hl_self(), MAP_X, 0); */
int hl_space_give(struct hl_space *s, uint64_t va, hl_handle exec, uint64_t rights, uint64_t badge);

/* Runs fn(arg) there in place of main; its return value is the exit code.  fn is
 * an address in the child's program.  Once. */
int hl_space_start(struct hl_space *s, long (*fn)(void *), void *arg);

/* Runs main(argc, argv) there.  Strings take at most 2 KiB in sum, 64 of them. */
int hl_space_start_main(struct hl_space *s, int argc, char *const argv[]);

/* Our handles on it: its VAS (all rights), its main executor (all rights).  Waking
 * or swapping to the latter is how to signal it; in the child the same executor is
 * hl_self() of main. */
hl_handle hl_space_vas(const struct hl_space *s);
hl_handle hl_space_exec(const struct hl_space *s);

/* Waits until its main executor has ended or faulted; exit() in any executor there
 * ends that one too.  A fault there is printed here. */
int hl_space_wait(struct hl_space *s, struct hl_end *end);

/* Takes it down, running or not, and gives back everything; s is gone.  Frames are
 * free again when the kernel has been through its grace period, shortly after. */
void hl_space_destroy(struct hl_space *s);

#endif

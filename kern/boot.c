/* SPDX-License-Identifier: MIT
 *
 * Boot, from the device tree to the first executor.  boot_main runs on one
 * hart in a makeshift address space; it builds the real one and goes on there
 * as boot_rest, which starts the other harts and the first program.
 */
#include "boot.h"
#include "atomic.h"
#include "executor.h"
#include "frame.h"
#include "machine.h"
#include "memory.h"
#include "panic.h"
#include "sched.h"
#include "table.h"
#include "tree.h"
#include "vas.h"

#include <hartleaf/fdt.h>
#include <hartleaf/isa.h>
#include <hartleaf/leaf.h>

extern char image_start[], image_end[];
extern char stub_start[], stub_end[];
extern uint64_t early_root[];

#define ASID_OPTION   "hartleaf.asid_bits="
#define PAGING_OPTION "hartleaf.paging="
#define SLICE_OPTION  "hartleaf.slice_us="
#define SLICE_DEFAULT 10000 /* us */
#define SLICE_MIN     100
#define SLICE_MAX     10000000

#define GRACES_A_SECOND 1000 /* at most, while more than one hart runs programs */

static const void *dt;
static uint64_t dt_pa, dt_size, initrd_pa, initrd_size, boot_sbi_id;

void boot_without_paging(uint64_t device_tree, const char *why)
{
	const void *tree = (const void *)device_tree;

	if (fdt_check(tree, INT32_MAX) > 0)
		global->finisher = (void *)tree_finisher(tree);
	boot_refuse(why);
}

static void read_paging(void)
{
	const char *value = tree_option(dt, PAGING_OPTION);

	global->satp_mode = SATP_SV39;
	global->top_shift = 30;
	if (value != NULL && tree_option_is(value, "sv48")) {
		global->satp_mode = SATP_SV48;
		global->top_shift = 39;
	} else if (value != NULL && !tree_option_is(value, "sv39")) {
		boot_refuse(PAGING_OPTION " takes sv39 or sv48");
	}
	global->user_top = 1UL << (global->top_shift + 8);
}

/* From /cpus or a hart to the next hart that is in use. */
static bool next_cpu(struct fdt_node *n, uint64_t *sbi_id)
{
	uint64_t size;

	while (fdt_next(n) > 0 && n->depth > 1)
		if (n->depth == 2 && fdt_name_is(n, "cpu") && fdt_enabled(n) &&
		    fdt_reg(n, 0, sbi_id, &size) > 0)
			return true;
	return false;
}

/* Pages for all harts that there may be, before the first fence of any: a hart may remember that
 * there was nothing at a place, until its next one. */
static void map_harts(void)
{
	struct fdt_node n;
	uint64_t sbi_id, id = 0;

	global->hart[id] = memory_map_hart(id);
	global->info->timebase = tree_timebase(dt);
	fdt_find(dt, "/cpus", &n);
	while (next_cpu(&n, &sbi_id))
		if (sbi_id != boot_sbi_id && ++id < HART_MAX)
			global->hart[id] = memory_map_hart(id);
}

void boot_main(uint64_t sbi_id, uint64_t device_tree, uint64_t image_pa)
{
	dt = direct(device_tree);
	int size = device_tree < DIRECT_TOP ? fdt_check(dt, INT32_MAX) : FDT_BAD;
	if (size < 0)
		boot_refuse("no valid device tree");
	uint64_t finisher = tree_finisher(dt);
	if (finisher != 0)
		global->finisher = direct(finisher);
	const char *lack = machine_lacks();
	if (lack != NULL)
		boot_refuse(lack);
	boot_sbi_id = sbi_id;
	global->image_pa = image_pa;
	dt_pa = device_tree;
	dt_size = size;
	tree_memory(dt);
	if (!tree_initrd(dt, &initrd_pa, &initrd_size))
		boot_refuse("no initrd, so there is no program to run");
	read_paging();
	if (!memory_is_ram(image_pa, image_end - image_start))
		boot_refuse("kernel outside the memory that is there");
	if (!memory_is_ram(dt_pa, dt_size) || !memory_is_ram(initrd_pa, initrd_size))
		boot_refuse("device tree or initrd outside the memory that is there");
	memory_reserve(image_pa, image_end - image_start);
	memory_reserve(dt_pa, dt_size);
	memory_reserve(initrd_pa, initrd_size);
	memory_map_kernel();
	void *mapped = finisher != 0 ? memory_map_finisher(finisher) : NULL;
	map_harts();
	if (!machine_use_kernel_space())
		boot_refuse("this hart has no Sv48");
	global->finisher = mapped;
	uint64_t bits = machine_asid_bits();
	global->asid_bits = tree_option_number(dt, ASID_OPTION, 0, bits, bits,
					       ASID_OPTION " takes 0 to what the hart has");
	machine_enter(global->hart[0]);
}

/* Harts come here one by one, the boot hart first. */
static void hart_begin(void)
{
	struct info *info = global->info;
	uint64_t zero_bytes, isa = hart_probe(early_root, &zero_bytes);

	if (this_hart->id == 0) {
		info->isa = isa;
		info->zero_bytes = zero_bytes;
	}
	info->isa &= isa;
	if (info->zero_bytes != zero_bytes)
		info->zero_bytes = 0;
	this_hart->tickless = 1;
	this_hart->later_at = UINT64_MAX;
	this_hart->random = this_hart->id + 1;
	/* The mode and the first ASID that isn't shared. */
	this_hart->satp_unshared = global->satp_mode << SATP_MODE_SHIFT | 1UL << SATP_ASID_SHIFT;
}

void boot_secondary(void)
{
	unsigned bits = machine_asid_bits();

	if (bits < global->asid_bits)
		global->asid_bits = bits;
	hart_begin();
	/* Release: pairs with the acquire in start_harts. */
	atomic_store_release(&this_hart->quiesced, 1);
	dispatch();
}

/* One hart at a time, ids in the order of the device tree but that the boot
 * hart, whichever it is, has 0. */
static void start_harts(void)
{
	struct info *info = global->info;
	struct fdt_node n;
	uint64_t sbi_id, node, compressed = 0;

	fdt_find(dt, "/cpus", &n);
	global->harts = 1;
	this_hart->sbi_id = boot_sbi_id;
	while (next_cpu(&n, &sbi_id)) {
		bool here = sbi_id == boot_sbi_id;
		if (!here && global->harts == HART_MAX)
			continue;
		/* One that doesn't start leaves its page to the next. */
		struct hart *hart = here ? this_hart : global->hart[global->harts];
		hart->sbi_id = sbi_id;
		/* A node of memory may have harts and no memory. */
		node = tree_node(&n);
		hart->node = node < global->nodes ? node : 0;
		if (!here) {
			global->starting = hart;
			bool starts = hart_start(hart);
			while (starts && atomic_load_acquire(&hart->quiesced) == 0)
				;
			global->starting = NULL;
			if (!starts)
				continue;
			/* Release: pairs with the acquire of those that steal. */
			atomic_store_release(&global->harts, global->harts + 1);
		}
		compressed += isa_has(&n, "c");
	}
	memory_unmap_harts(global->harts);
	if (compressed == global->harts)
		info->isa |= INFO_ISA_C;
	if (info->zero_bytes != 0) {
		info->isa |= INFO_ISA_ZICBOZ;
		pages_zero_by_block();
	}
	pages_zero(early_root, 1); /* nobody uses what is writable and executable */
}

static void enter_leaf(struct vas *v, uint64_t va, uint64_t leaf)
{
	uint64_t *entry = table_make(v, va, PAGE_SHIFT);

	if (entry == NULL)
		boot_refuse("too little memory");
	*entry = leaf;
}

#define USER_LEAF (LEAF_V | LEAF_U | LEAF_R | LEAF_A | LEAF_D)

/* A fresh page of the first VAS. */
static char *map_page(struct vas *v, uint64_t va, uint64_t rights)
{
	uint64_t frame = frame_alloc(FRAME_MEMORY, v);

	if (frame == 0)
		boot_refuse("too little memory");
	enter_leaf(v, va, frame << LEAF_PPN_SHIFT | USER_LEAF | rights);
	return direct(frame << PAGE_SHIFT);
}

/* What boot left in memory, for the first program to read. */
static uint64_t map_found(struct vas *v, uint64_t va, uint64_t pa, uint64_t size)
{
	uint64_t frame = pa >> PAGE_SHIFT, end = (pa + size + PAGE_SIZE - 1) >> PAGE_SHIFT;

	for (uint64_t page = va; frame < end; frame++, page += PAGE_SIZE) {
		*frame_desc(frame) = FRAME_BOOT;
		enter_leaf(v, page, frame << LEAF_PPN_SHIFT | USER_LEAF);
	}
	return va + (pa & (PAGE_SIZE - 1));
}

static struct vas *make_first_vas(void)
{
	uint64_t frame = memory_take();
	struct vas *v = direct(frame << PAGE_SHIFT);

	*frame_desc(frame) = FRAME_VAS;
	vas_share_kernel(v);
	v->flags = VAS_DEVICE;
	v->asid = asid_alloc() << 1;
	/* From here on every frame is charged to somebody. */
	global->info->free_pages = memory_begin();
	v->avail = global->info->free_pages * VAS_ONE;
	return v;
}

static void make_first_executor(void)
{
	struct vas *v = make_first_vas();
	struct info *info = global->info;
	struct executor *ex = executor_new(v);
	uint64_t va = BOOT_STUB_VA;

	if (ex == NULL)
		boot_refuse("too little memory");
	enter_leaf(v, BOOT_SELF_VA,
		   executor_frame(ex) << LEAF_PPN_SHIFT | TAG_EXECUTOR << LEAF_TAG_SHIFT |
			   LEAF_RIGHTS);
	for (const char *from = stub_start; from < stub_end; va += PAGE_SIZE) {
		char *page = map_page(v, va, LEAF_X);
		for (unsigned i = 0; i < PAGE_SIZE && from < stub_end; i++)
			page[i] = *from++;
	}
	for (unsigned i = 1; i <= BOOT_STACK_PAGES; i++)
		map_page(v, BOOT_STACK_TOP - i * PAGE_SIZE, LEAF_W);
	info->dt_va = map_found(v, BOOT_DT_VA, dt_pa, dt_size);
	info->dt_size = dt_size;
	info->initrd_va = map_found(v, BOOT_INITRD_VA, initrd_pa, initrd_size);
	info->initrd_size = initrd_size;
	global->first = ex;
}

void boot_rest(void)
{
	struct info *info = global->info;

	hart_begin();
	this_hart->quiesced = 1;
	start_harts();
	info->magic = INFO_MAGIC;
	info->abi = INFO_ABI;
	info->satp_mode = global->satp_mode;
	info->user_top = global->user_top;
	info->nodes = global->nodes;
	for (uint64_t i = 0; i < global->harts; i++)
		info->hart_node[i] = global->hart[i]->node;
	info->harts = global->harts;
	info->asid_bits = global->asid_bits;
	info->slice_ns =
		1000 * tree_option_number(dt, SLICE_OPTION, SLICE_MIN, SLICE_MAX, SLICE_DEFAULT,
					  SLICE_OPTION " takes 100 to 10000000");
	global->slice = info->timebase * (info->slice_ns / 1000) / 1000000;
	global->grace_gap = info->timebase / GRACES_A_SECOND;
	if (global->slice == 0)
		boot_refuse("no timebase-frequency, so slices have no length");
	for (uint64_t i = 0; i < global->free_ranges; i++) {
		struct range *r = &global->frames[i];
		if (r->first >= r->end)
			continue;
		info->memory[info->ranges].first = r->first;
		info->memory[info->ranges].node = r->node;
		info->memory[info->ranges++].pages = r->end - r->first;
		info->memory_pages += r->end - r->first;
	}
	make_first_executor();
	boot_discard();
}

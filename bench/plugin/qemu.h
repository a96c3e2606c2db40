/* SPDX-License-Identifier: MIT
 *
 * What of QEMU's plugin interface is used here, version 1, which QEMU 7.2
 * has.  Documented in QEMU's manual, "QEMU TCG Plugins"; Debian packages no header.  QEMU
 * itself has the functions.  One that knows version 1 no more (9.0 and later) refuses the
 * plugin, and bench/plugin/here says so.
 */
#ifndef PLUGIN_QEMU_H
#define PLUGIN_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;

struct qemu_plugin_tb;     /* a block while it is translated */
struct qemu_plugin_insn;   /* an instruction of it */
struct qemu_plugin_hwaddr; /* where in the machine an access goes */

struct qemu_info {
	const char *target; /* "riscv64" */
	struct {
		int oldest;
		int current;
	} version;
	bool system;
	struct {
		int harts;
		int harts_max;
	} machine;
};

/* A callback reads no guest registers; which accesses it is for. */
#define QEMU_NO_REGISTERS 0
#define QEMU_LOAD_STORE   3

/* Found by QEMU by their names. */
QEMU_EXPORT extern int qemu_plugin_version;
QEMU_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
				    char **argv);

/* Calls when a block is translated, and at the end. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*call)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, void *),
				    void *data);

/* While a block is translated. */
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);

/* Calls before each execution of a block. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*call)(unsigned int hart, void *data), int flags,
					  void *data);

/* Calls before each execution of an instruction, and for each access it makes. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*call)(unsigned int hart, void *data), int flags,
					    void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      void (*call)(unsigned int hart, qemu_plugin_meminfo_t info,
						   uint64_t va, void *data),
				      int flags, int which, void *data);

/* In the call for an access. */
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t va);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *where);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *where);

#endif

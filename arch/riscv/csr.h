/* SPDX-License-Identifier: MIT
 *
 * Control and status registers (privileged spec 1.12, chapter 4).
 */
#ifndef ARCH_CSR_H
#define ARCH_CSR_H

#define SSTATUS_SIE      0x2
#define SSTATUS_SPIE     0x20
#define SSTATUS_SPP      0x100
#define SSTATUS_VS       0x600
#define SSTATUS_FS       0x6000 /* Dirty; Off is 0 */
#define SSTATUS_FS_CLEAN 0x4000
#define SSTATUS_XS       0x18000
#define SSTATUS_SUM      0x40000
#define SSTATUS_MXR      0x80000
#define SI_SOFTWARE      0x2 /* sie, sip */
#define SI_TIMER         0x20
#define CAUSE_ECALL      8     /* from U-mode */
#define SENVCFG_CBZE     0x80  /* users may cbo.zero */
#define STIMECMP         0x14d /* Sstc; the assembler of rv64ia doesn't know its name */
#define COUNTEREN        0x7   /* cycle, time, instret */

#define SATP_PPN_SHIFT  12 /* of the address */
#define SATP_SV39_TOP   (8 << 60)
#define SATP_ASID_BITS  16
#define SATP_ASID_FIRST 44

#ifndef __ASSEMBLER__
#include <stdint.h>

#define csr_read(csr)                                                                              \
	({                                                                                         \
		uint64_t value_;                                                                   \
		asm volatile("csrr %0, " #csr : "=r"(value_)::"memory");                           \
		value_;                                                                            \
	})
#define csr_write(csr, value) asm volatile("csrw " #csr ", %0" ::"r"((uint64_t)(value)) : "memory")
#define csr_clear(csr, bits)  asm volatile("csrc " #csr ", %0" ::"r"((uint64_t)(bits)) : "memory")
#endif

#endif

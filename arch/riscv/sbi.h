/* SPDX-License-Identifier: MIT
 *
 * Supervisor Binary Interface 1.0: what the firmware does for the kernel.
 */
#ifndef ARCH_SBI_H
#define ARCH_SBI_H

#include <stdint.h>

#define SBI_PUTCHAR        0x01 /* legacy extension, no function numbers */
#define SBI_BASE           0x10
#define SBI_PROBE          3
#define SBI_TIME           0x54494d45
#define SBI_TIME_SET       0
#define SBI_IPI            0x735049
#define SBI_IPI_SEND       0
#define SBI_RFENCE         0x52464e43
#define SBI_RFENCE_I       0
#define SBI_RFENCE_VMA     1
#define SBI_RFENCE_ASID    2
#define SBI_HSM            0x48534d
#define SBI_HSM_START      0
#define SBI_SRST           0x53525354
#define SBI_SRST_RESET     0
#define SBI_SHUTDOWN       0 /* type */
#define SBI_NO_REASON      0
#define SBI_SYSTEM_FAILURE 1

struct sbi_result {
	int64_t error;
	uint64_t value;
};

static inline struct sbi_result sbi_call(uint64_t extension, uint64_t function, uint64_t arg0,
					 uint64_t arg1, uint64_t arg2, uint64_t arg3, uint64_t arg4)
{
	register uint64_t a0 asm("a0") = arg0;
	register uint64_t a1 asm("a1") = arg1;
	register uint64_t a2 asm("a2") = arg2;
	register uint64_t a3 asm("a3") = arg3;
	register uint64_t a4 asm("a4") = arg4;
	register uint64_t a6 asm("a6") = function;
	register uint64_t a7 asm("a7") = extension;

	asm volatile("ecall"
		     : "+r"(a0), "+r"(a1)
		     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
		     : "memory");
	return (struct sbi_result){(int64_t)a0, a1};
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * What lies on the stack of a context that doesn't run, from sp on: CX_WORDS words, ra,
 * s0..s11, and with floating point in the ABI fcsr and fs0..fs11.  Read by C and by
 * assembly.
 */
#ifndef RT_FIBER_CONTEXT_H
#define RT_FIBER_CONTEXT_H

#define CX_RA   0 /* words from sp */
#define CX_S0   1
#define CX_S1   2
#define CX_S11  12
#define CX_FCSR 13
#define CX_FS0  14
#define CX_FS11 25
#ifdef __riscv_flen
#define CX_WORDS 26
#else
#define CX_WORDS 14 /* 13, and sp stays a multiple of 16 */
#endif

#endif

/* SPDX-License-Identifier: MIT
 *
 * What a program has of a kernel to come.
 */
#include <hartleaf/info.h>

#undef INFO_ABI
#define INFO_ABI 99

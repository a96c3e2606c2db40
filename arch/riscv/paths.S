/* SPDX-License-Identifier: MIT
 *
 * Traps and switches, as one unit: to a label of another one the assembler makes of a
 * branch a branch around a jump, since it can't know how far that is.
 */
#include "trap.S"
#include "switch.S"
#include "park.S"
#include "fp.S"

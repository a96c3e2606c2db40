/* SPDX-License-Identifier: MIT
 *
 * Marks: instructions without effect by which the program tells the plugin (plugin/)
 * where a window begins and ends.  They are `slti zero, zero, N`, which the ISA keeps
 * for whoever wants a hint of his own; without the plugin each is a nop.
 */
#ifndef BENCH_MARK_H
#define BENCH_MARK_H

#define MARK_BENCH 0x2a0 /* the next bench: their number is its name */
#define MARK_BEGIN 0x2a1 /* a window begins behind it */
#define MARK_END   0x2a2 /* and ends before it */
#define MARK_KEEP  0x2a3 /* the last window is one of those in the figure */

/* as the plugin finds it in memory */
#define MARK_WORD(mark) (0x2013 | (mark) << 20)

/* as a line of assembly */
#define MARK_STRING(mark) #mark
#define MARK(mark)        "slti zero, zero, " MARK_STRING(mark) "\n\t"

#endif

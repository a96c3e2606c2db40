/* SPDX-License-Identifier: MIT
 *
 * Loads and stores that may fault: whoever keeps the executor resumes it at
 * touch_faulted, and then the function returns TOUCH_FAULT.
 */
	.text

/* uint64_t touch_load(uint64_t va): what is there */
	.globl	touch_load
	.type	touch_load, @function
touch_load:
	ld	a0, (a0)
	ret
	.size	touch_load, . - touch_load

/* uint64_t touch_store(uint64_t va, uint64_t value): 0 */
	.globl	touch_store
	.type	touch_store, @function
touch_store:
	sd	a1, (a0)
	li	a0, 0
	ret
	.size	touch_store, . - touch_store

/* Both are leaf functions: ra is still theirs. */
	.globl	touch_faulted
	.type	touch_faulted, @function
touch_faulted:
	li	a0, -1
	ret
	.size	touch_faulted, . - touch_faulted

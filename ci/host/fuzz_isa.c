/* SPDX-License-Identifier: MIT
 *
 * Any string as riscv,isa: the reader stays in it; neither case nor a name at the end changes what
 * it has of others.
 */
#include <stdlib.h>
#include <string.h>

#include <hartleaf/isa.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const wants[] = {"a", "c", "d", "f", "g", "v", "sstc", "zicboz", "zba"};
	static const char tail[] = "_xacdfgv_svadu";
	char *isa = malloc(size + 1), *upper = malloc(size + 1),
	     *longer = malloc(size + sizeof(tail));

	memcpy(isa, data, size);
	isa[size] = 0;
	size = strlen(isa);
	for (size_t i = 0; i <= size; i++)
		upper[i] = isa[i] >= 'a' && isa[i] <= 'z' ? isa[i] - 'a' + 'A' : isa[i];
	memcpy(longer, isa, size);
	memcpy(longer + size, tail, sizeof(tail));
	for (unsigned i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		int has = isa_string_has(isa, wants[i]);
		if (isa_string_has(upper, wants[i]) != has ||
		    isa_string_has(longer, wants[i]) != has)
			abort();
	}
	free(isa);
	free(upper);
	free(longer);
	return 0;
}

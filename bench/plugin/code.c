/* SPDX-License-Identifier: MIT */
#include "code.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file; what lies outside of it is NULL. */
struct image {
	unsigned char *bytes;
	size_t size;
};

static const void *at(const struct image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset ? image->bytes + offset : NULL;
}

static bool read_file(struct image *image, const char *path)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes = NULL;
	long size;

	if (!file)
		return false;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
		rewind(file);
		bytes = malloc((size_t)size + 1);
		if (bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size)
			*image = (struct image){bytes, (size_t)size};
	}
	fclose(file);
	return image->bytes;
}

static int by_address(const void *a, const void *b)
{
	const struct label *first = a, *second = b;

	if (first->address != second->address)
		return first->address < second->address ? -1 : 1;
	return strcmp(first->name, second->name);
}

static bool is_mapping(const char *name)
{
	return name[0] == '$' && (name[1] == 'x' || name[1] == 'd');
}

/* All symbols of a section; mapping symbols, which tell code from data, among them. */
static struct label *read_labels(const struct image *image, const Elf64_Shdr *sections,
				 unsigned int sections_count, unsigned int section, size_t *count)
{
	struct label *labels = NULL;

	*count = 0;
	for (unsigned int i = 0; i < sections_count; i++) {
		const Elf64_Shdr *table = &sections[i];
		const Elf64_Sym *symbols = at(image, table->sh_offset, table->sh_size);
		const char *names;

		if (table->sh_type != SHT_SYMTAB || !symbols || table->sh_link >= sections_count)
			continue;
		names = at(image, sections[table->sh_link].sh_offset,
			   sections[table->sh_link].sh_size);
		labels = malloc(table->sh_size + 1);
		if (!names || !labels)
			abort();
		for (size_t n = 0; n < table->sh_size / sizeof(*symbols); n++) {
			const unsigned int type = ELF64_ST_TYPE(symbols[n].st_info);

			if (symbols[n].st_shndx == section &&
			    (type == STT_NOTYPE || type == STT_FUNC))
				labels[(*count)++] = (struct label){
					symbols[n].st_value,
					names + symbols[n].st_name,
				};
		}
	}
	if (labels)
		qsort(labels, *count, sizeof(*labels), by_address);
	return labels;
}

/* Begins anew at each label, should there be something that isn't code before it. */
static void decode_section(struct code *code, const Elf64_Shdr *section, const unsigned char *bytes,
			   const struct label *labels, size_t labels_count)
{
	const uint64_t begin = section->sh_addr, size = section->sh_size;
	bool data = false;
	size_t label = 0;

	for (uint64_t n = 0; n + 2 <= size;) {
		struct place *place = &code->places[code->count];
		uint64_t limit = size;
		uint32_t word = 0;

		for (; label < labels_count && labels[label].address <= begin + n; label++)
			if (is_mapping(labels[label].name))
				data = labels[label].name[1] == 'd';
		if (label < labels_count && labels[label].address - begin < limit)
			limit = labels[label].address - begin;
		memcpy(&word, bytes + n, size - n < 4 ? 2 : 4);
		*place = (struct place){.address = begin + n, .insn = insn_decode(word)};
		if (n + place->insn.size > limit || data) {
			n = limit;
			continue;
		}
		n += place->insn.size;
		code->count++;
	}
}

static void add_labels(struct code *code, const struct label *labels, size_t count)
{
	code->labels = realloc(code->labels, (code->labels_count + count + 1) * sizeof(*labels));
	if (!code->labels)
		abort();
	for (size_t i = 0; i < count; i++)
		if (!is_mapping(labels[i].name) && strncmp(labels[i].name, ".L", 2) != 0)
			code->labels[code->labels_count++] = labels[i];
}

static int place_by_address(const void *a, const void *b)
{
	const struct place *first = a, *second = b;

	return first->address < second->address ? -1 : first->address > second->address;
}

bool code_read(struct code *code, const char *path)
{
	struct image image = {0};
	const Elf64_Ehdr *header = NULL;
	const Elf64_Shdr *sections = NULL;
	unsigned int count = 0;

	*code = (struct code){0};
	if (read_file(&image, path)) {
		code->file = image.bytes;
		header = at(&image, 0, sizeof(*header));
	}
	if (header && !memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_machine == EM_RISCV &&
	    header->e_ident[EI_CLASS] == ELFCLASS64) {
		count = header->e_shnum;
		sections = at(&image, header->e_shoff, count * sizeof(*sections));
	}
	if (!sections) {
		fprintf(stderr, "%s: no ELF file for 64-bit RISC-V\n", path);
		return false;
	}
	for (unsigned int i = 0; i < count; i++) {
		const Elf64_Shdr *section = &sections[i];
		const unsigned char *bytes = at(&image, section->sh_offset, section->sh_size);
		struct label *labels;
		size_t labels_count;

		if (section->sh_type != SHT_PROGBITS || !(section->sh_flags & SHF_EXECINSTR) ||
		    !bytes)
			continue;
		code->places = realloc(code->places, (code->count + section->sh_size / 2 + 1) *
							     sizeof(*code->places));
		if (!code->places)
			abort();
		labels = read_labels(&image, sections, count, i, &labels_count);
		decode_section(code, section, bytes, labels, labels_count);
		add_labels(code, labels, labels_count);
		free(labels);
	}
	qsort(code->labels, code->labels_count, sizeof(*code->labels), by_address);
	qsort(code->places, code->count, sizeof(*code->places), place_by_address);
	return true;
}

struct place *code_at(const struct code *code, uint64_t address)
{
	const struct place wanted = {.address = address};

	if (!code->count)
		return NULL;
	return bsearch(&wanted, code->places, code->count, sizeof(wanted), place_by_address);
}

const char *code_label(const struct code *code, uint64_t address)
{
	size_t low = 0, high = code->labels_count;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (code->labels[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return "?";
	/* Of several at one place the first, as symbols.c does. */
	for (low--; low && code->labels[low - 1].address == code->labels[low].address; low--)
		;
	return code->labels[low].name;
}

void code_free(struct code *code)
{
	free(code->places);
	free(code->labels);
	free(code->file);
}

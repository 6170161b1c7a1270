/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: safetensors_list FILE
 *
 * Prints what the tool's reader makes of a header: a line "HEX-OF-NAME TYPE BEGIN END" for each
 * tensor, offsets in the file, and "end OFFSET"; or "error OFFSET TEXT".  For the comparison with
 * the reference loader, and to measure time and memory of the reader alone.
 */
#include <stdio.h>
#include <string.h>
#include "shards/gguf.h"
#include "shards/safetensors.h"
#include "ui/escape.h"

static char *load(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < SAFETENSORS_PREFIX)
		return NULL;
	rewind(f);
	text = malloc((size_t)size + 1);
	*n = text != NULL ? fread(text, 1, (size_t)size, f) : 0;
	fclose(f);
	return text;
}

static void print_tensor(const struct tensor *t)
{
	CLEANUP(free_pointer) char *hex = malloc(2 * t->name_bytes + 1);

	if (hex != NULL)
		printf("%s %s %llu %llu\n", escape_hex(hex, t->name, t->name_bytes), t->type,
		       (unsigned long long)t->begin, (unsigned long long)t->end);
}

static int print_map(const struct tensor_map *s, bool is_good)
{
	if (!is_good) {
		printf("error %llu %s\n", (unsigned long long)s->error_at, s->error);
		return 1;
	}
	for (size_t i = 0; i < s->count; i++)
		print_tensor(&s->tensors[i]);
	printf("end %llu\n", (unsigned long long)s->end);
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(tensor_map_free) struct tensor_map s = {0};
	size_t n = 0;
	CLEANUP(free_pointer) char *text = argc == 2 ? load(argv[1], &n) : NULL;
	uint64_t header;

	if (text == NULL || n < SAFETENSORS_PREFIX)
		return 2;
	if (memcmp(text, GGUF_MAGIC, strlen(GGUF_MAGIC)) == 0)
		return print_map(&s, gguf_parse(&s, text, n));
	header = safetensors_header_bytes((const unsigned char *)text);
	if (header > SAFETENSORS_HEADER_MAX || header > n - SAFETENSORS_PREFIX) {
		puts("error 0 the header does not fit");
		return 1;
	}
	text[SAFETENSORS_PREFIX + header] = '\0'; /* of the data nothing is read */
	return print_map(&s, safetensors_parse(&s, text + SAFETENSORS_PREFIX, (size_t)header));
}

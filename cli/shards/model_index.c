/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The map goes from tensors to files, so each file is named many times. */
#include "shards/model_index.h"

#include <stdio.h>
#include <string.h>
#include "shards/json_reader.h"
#include "ui/files.h"

/* A model has some hundred files; more than this are not counted. */
#define FILES_MAX 2048

/* So many are named in a message. */
#define FILES_SHOWN 4

struct listed {
	const char *name; /* in the text, still escaped */
	size_t n;
};

static void add_file(struct listed *files, size_t *count, const struct json_reader *r)
{
	const struct listed one = {r->text + r->begin, r->end - r->begin};

	/* Tensors of a file stand together, so the last one is looked at first. */
	for (size_t i = *count; i > 0; i--) {
		if (files[i - 1].n == one.n && memcmp(files[i - 1].name, one.name, one.n) == 0)
			return;
	}
	if (*count < FILES_MAX)
		files[(*count)++] = one;
}

/* The files in the value of "weight_map"; false when it is no map of texts. */
static bool read_map(struct json_reader *r, struct listed *files, size_t *count)
{
	enum json_token token;

	if (json_reader_next(r) != TOKEN_OBJECT)
		return false;
	while ((token = json_reader_next(r)) == TOKEN_KEY) {
		if (json_reader_next(r) != TOKEN_STRING)
			return false;
		add_file(files, count, r);
	}
	return token == TOKEN_OBJECT_END;
}

static size_t read_index(const char *text, size_t n, struct listed *files)
{
	struct json_reader r;
	enum json_token token;
	size_t count = 0;

	json_reader_init(&r, text, n);
	if (json_reader_next(&r) != TOKEN_OBJECT)
		return 0;
	while ((token = json_reader_next(&r)) == TOKEN_KEY) {
		if (!(json_reader_is(&r, "weight_map") ? read_map(&r, files, &count)
		                                       : json_reader_skip(&r)))
			return 0;
	}
	return token == TOKEN_OBJECT_END ? count : 0;
}

size_t model_index_files(int fd, size_t bytes, char *names, size_t size)
{
	CLEANUP(free_pointer) char *text = malloc(bytes + 1);
	CLEANUP(free_pointer) struct listed *files = malloc(FILES_MAX * sizeof(*files));
	size_t count, used = 0;

	if (text == NULL || files == NULL || !file_read_at(fd, 0, text, bytes))
		return 0;
	text[bytes] = '\0';
	count = read_index(text, bytes, files);
	names[0] = '\0';
	for (size_t i = 0; i < count && i < FILES_SHOWN && used < size; i++)
		used += (size_t)snprintf(names + used, size - used, "%s%.*s", i == 0 ? "" : ", ",
		                         (int)(files[i].n < 40 ? files[i].n : 40), files[i].name);
	if (count > FILES_SHOWN && used < size)
		snprintf(names + used, size - used, " and %zu more", count - FILES_SHOWN);
	return count;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The map goes from tensors to files, so each file is named many times. */
#include "shards/model_index.h"

#include <stdio.h>
#include <string.h>
#include "shards/json_reader.h"

/* A model has some hundred files; an index of more is none. */
#define FILES_MAX 2048

/* So many are named in a message. */
#define FILES_SHOWN 4

struct listed {
	const char *name; /* in the text, still escaped */
	size_t n;
};

static bool add_file(struct listed *files, size_t *count, struct json_reader *r)
{
	const struct listed one = {r->text + r->begin, r->end - r->begin};

	/* Tensors of a file stand together, so the last one is looked at first. */
	for (size_t i = *count; i > 0; i--) {
		if (files[i - 1].n == one.n && memcmp(files[i - 1].name, one.name, one.n) == 0)
			return true;
	}
	if (*count == FILES_MAX) {
		json_reader_fail(r, "it lists too many files", r->begin);
		return false;
	}
	files[(*count)++] = one;
	return true;
}

/* The files in the value of "weight_map"; false when it is no map of texts. */
static bool read_map(struct json_reader *r, struct listed *files, size_t *count)
{
	enum json_token token;

	if (json_reader_next(r) != TOKEN_OBJECT)
		return false;
	while ((token = json_reader_next(r)) == TOKEN_KEY) {
		if (json_reader_next(r) != TOKEN_STRING || !add_file(files, count, r))
			return false;
	}
	return token == TOKEN_OBJECT_END;
}

static size_t read_index(struct json_reader *r, struct listed *files)
{
	enum json_token token;
	size_t count = 0;

	if (json_reader_next(r) != TOKEN_OBJECT)
		return 0;
	while ((token = json_reader_next(r)) == TOKEN_KEY) {
		if (!(json_reader_is(r, "weight_map") ? read_map(r, files, &count)
		                                      : json_reader_skip(r)))
			return 0;
	}
	return token == TOKEN_OBJECT_END && json_reader_next(r) == TOKEN_END ? count : 0;
}

/* The decoded name; NULL, and why in @error: it is not one of a file in the folder. */
static char *file_name(const struct listed *file, const char **error)
{
	struct json_reader one = {.text = file->name, .end = file->n};
	char *name = malloc(file->n + 1);
	size_t n;

	*error = "out of memory";
	if (name == NULL)
		return NULL;
	n = json_reader_copy(&one, name);
	if (n > 0 && strlen(name) == n && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0)
		return name;
	*error = "a name is none of a file in its folder";
	free(name);
	return NULL;
}

static bool fail(struct model_index *index, const char *error, size_t at)
{
	model_index_free(index);
	index->error = error;
	index->error_at = at;
	return false;
}

bool model_index_parse(struct model_index *index, const char *text, size_t n)
{
	CLEANUP(free_pointer) struct listed *files = malloc(FILES_MAX * sizeof(*files));
	struct json_reader r;
	const char *error;
	size_t count;

	*index = (struct model_index){.files = calloc(FILES_MAX, sizeof(*index->files))};
	json_reader_init(&r, text, n);
	if (files == NULL || index->files == NULL)
		return fail(index, "out of memory", 0);
	count = read_index(&r, files);
	if (count == 0)
		return fail(index, r.error != NULL ? r.error : "it has no weight_map of files",
		            r.at);
	for (; index->count < count; index->count++) {
		index->files[index->count] = file_name(&files[index->count], &error);
		if (index->files[index->count] == NULL)
			return fail(index, error, (size_t)(files[index->count].name - text));
	}
	return true;
}

void model_index_free(struct model_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		free(index->files[i]);
	free(index->files);
	*index = (struct model_index){0};
}

size_t model_index_names(const char *text, size_t n, char *names, size_t size)
{
	CLEANUP(free_pointer) struct listed *files = malloc(FILES_MAX * sizeof(*files));
	struct json_reader r;
	size_t count, used = 0;

	names[0] = '\0';
	if (files == NULL)
		return 0;
	json_reader_init(&r, text, n);
	count = read_index(&r, files);
	for (size_t i = 0; i < count && i < FILES_SHOWN && used < size; i++)
		used += (size_t)snprintf(names + used, size - used, "%s%.*s", i == 0 ? "" : ", ",
		                         (int)(files[i].n < 40 ? files[i].n : 40), files[i].name);
	if (count > FILES_SHOWN && used < size)
		snprintf(names + used, size - used, " and %zu more", count - FILES_SHOWN);
	return count;
}

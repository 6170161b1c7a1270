/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An index maps each tensor to its file, so every file is named many times. */
#include "shards/model_index.h"

#include <stdio.h>
#include <string.h>
#include "shards/json_reader.h"

/* Models have some hundred files.  A larger number is refused. */
#define FILES_MAX 2048

/* How many files a message names. */
#define FILES_SHOWN 4

struct listed {
	const char *name; /* in the text of the index, with its escapes */
	size_t n;
};

static int compare(const struct listed *a, const struct listed *b)
{
	const int order = memcmp(a->name, b->name, a->n < b->n ? a->n : b->n);

	return order != 0 ? order : (a->n > b->n) - (a->n < b->n);
}

/*
 * Adds a file unless it is there.  The files are sorted, so an index with millions of tensors is
 * read fast.
 */
static bool add_file(struct listed *files, size_t *count, struct json_reader *r)
{
	const struct listed one = {r->text + r->begin, r->end - r->begin};

	size_t low = 0, high = *count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = compare(&one, &files[middle]);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	if (*count == FILES_MAX) {
		json_reader_fail(r, "it lists too many files", r->begin);
		return false;
	}
	memmove(&files[low + 1], &files[low], (*count - low) * sizeof(*files));
	files[low] = one;
	++*count;
	return true;
}

/* Reads the value of "weight_map".  False: it is not a map of strings. */
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

/* The decoded name.  NULL: it names no file of the index's folder, and *error says so. */
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

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A name that was written in two ways, with escapes and without, is kept once. */
static void sort_names(struct model_index *index)
{
	const size_t count = index->count;

	qsort(index->files, count, sizeof(*index->files), compare_names);
	index->count = 1;
	for (size_t i = 1; i < count; i++) {
		if (strcmp(index->files[i], index->files[index->count - 1]) == 0)
			free(index->files[i]);
		else
			index->files[index->count++] = index->files[i];
	}
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
	sort_names(index);
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

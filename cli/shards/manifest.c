/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes a manifest of model files, or reads one.  Either way names are checked, and may not be
 * repeated.
 */
#include "shards/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "shards/model_file.h"
#include "shards/paths.h"
#include "ui/files.h"
#include "ui/message.h"

#define NAME_MAX_BYTES 512
#define DIGEST_PREFIX  "sha256:"
#define DIGEST_DIGITS  64

/* Enough for 200,000 tensors with the longest names. */
#define MANIFEST_MAX (UINT64_C(128) << 20)

static void destroy_digester(vres_digester **d)
{
	vres_digester_destroy(*d);
}

/* A name must fit in one line of text. */
static bool name_is_good(const char *name, size_t n)
{
	if (n == 0 || vres_validate_text(name, n, NAME_MAX_BYTES, NULL, NULL) != VRES_OK)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)name[i] < 0x20)
			return false;
	}
	return true;
}

/* Adds a line with a copy of @name.  @number is that of the tensor or line, for messages. */
static bool line_add(struct manifest *m, struct output *o, const char *file, size_t number,
                     const char *name, size_t n, const struct manifest_line *line)
{
	struct manifest_line *more;

	if (!name_is_good(name, n))
		return output_refuse(o, EXIT_USAGE, file,
		                     "the name of tensor %zu is not 1 to %d bytes of UTF-8 "
		                     "without control characters",
		                     number, NAME_MAX_BYTES);
	if (m->count == m->room) {
		m->room = m->room == 0 ? 256 : 2 * m->room;
		more = realloc(m->lines, m->room * sizeof(*more));
		if (more == NULL)
			return output_no_memory(o, file);
		m->lines = more;
	}
	m->lines[m->count] = *line;
	m->lines[m->count].name = strndup(name, n);
	if (m->lines[m->count].name == NULL)
		return output_no_memory(o, file);
	m->count++;
	return true;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(((const struct manifest_line *)a)->name,
	              ((const struct manifest_line *)b)->name);
}

static bool sort_lines(struct manifest *m, struct output *o, const char *file)
{
	if (m->count > 1)
		qsort(m->lines, m->count, sizeof(*m->lines), compare_lines);
	for (size_t i = 1; i < m->count; i++) {
		if (strcmp(m->lines[i - 1].name, m->lines[i].name) == 0)
			return output_refuse(o, EXIT_USAGE, file, "two tensors have one name: %s",
			                     m->lines[i].name);
	}
	return true;
}

static bool add_tensor(struct manifest *m, struct output *o, const char *file, int fd,
                       const struct tensor *t, size_t number)
{
	CLEANUP(destroy_digester) vres_digester *d = NULL;
	struct manifest_line line = {.bytes = t->end - t->begin};
	vres_error err;

	if (vres_digester_create(VRES_DIGEST_VERITY, 0, &d, &err) != VRES_OK ||
	    (line.bytes > 0 &&
	     vres_digester_update_fd(d, fd, t->begin, line.bytes, &err) != VRES_OK) ||
	    vres_digester_final(d, line.digest, &err) != VRES_OK)
		return output_fail(o, file, &err);
	return line_add(m, o, file, number, t->name, t->name_bytes, &line);
}

/* Which parts of a split model were found.  is_found has an element for each file. */
struct parts {
	size_t files, found;
	bool *is_found;
};

/* A split model must be complete, since nobody would notice later that a part is missing. */
static bool check_part(struct output *o, const char *file, const struct tensor_map *map,
                       struct parts *parts)
{
	if (map->parts <= 1)
		return true;
	if (map->parts != parts->files)
		return output_refuse(
			o, EXIT_USAGE, file,
			"is part %" PRIu64 " of %" PRIu64
			" of a model, and there are %zu files: name all, or their folder",
			map->part + 1, map->parts, parts->files);
	if (map->part >= map->parts || parts->is_found[map->part])
		return output_refuse(o, EXIT_USAGE, file, "is part %" PRIu64 " of %" PRIu64 "%s",
		                     map->part + 1, map->parts,
		                     map->part < map->parts ? ", and so is another file" : "");
	parts->is_found[map->part] = true;
	parts->found++;
	return true;
}

static bool add_model(struct manifest *m, struct output *o, const char *file, int fd,
                      struct model_file *model, struct parts *parts)
{
	const struct tensor_map *map = &model->tensors;

	if (!model->has_tensors)
		return output_refuse(o, EXIT_USAGE, file, "%s",
		                     model->remark[0] != '\0' ? model->remark
		                                              : "is no safetensors or GGUF file");
	if (strncmp(model->remark, "truncated", 9) == 0)
		return output_refuse(o, EXIT_USAGE, file, "%s", model->remark);
	if (model->remark[0] != '\0')
		message(o->command, file, "%s", model->remark);
	if (!check_part(o, file, map, parts))
		return false;
	m->is_gguf |= strcmp(map->format, "gguf") == 0;
	for (size_t i = 0; i < map->count; i++) {
		if (!add_tensor(m, o, file, fd, &map->tensors[i], i))
			return false;
	}
	model_file_confirm(model, fd);
	return model->has_tensors ||
	       output_refuse(o, EXIT_TROUBLE, file, "was changed while it was read");
}

static bool add_file(struct manifest *m, struct output *o, const char *file, struct parts *parts)
{
	struct stat about;
	CLEANUP(file_close) int fd = file_open_regular(o, file, &about);
	CLEANUP(model_file_close) struct model_file model = {.header = NULL};

	if (fd < 0)
		return false;
	model_file_open(&model, file, fd, (uint64_t)about.st_size);
	return add_model(m, o, file, fd, &model, parts);
}

bool manifest_make(struct manifest *m, struct output *o, char **names, size_t count)
{
	CLEANUP(paths_free) struct paths paths = {0};
	CLEANUP(free_pointer) bool *is_found = NULL;
	struct parts parts = {0};

	if (!paths_expand(&paths, o, names, count))
		return false;
	is_found = calloc(paths.count, sizeof(*is_found));
	if (is_found == NULL)
		return output_no_memory(o, NULL);
	parts = (struct parts){.files = paths.count, .is_found = is_found};
	for (size_t i = 0; i < paths.count; i++) {
		if (!add_file(m, o, paths.items[i], &parts))
			return false;
	}
	if (parts.found > 0 && parts.found < parts.files)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "of %zu files only %zu are parts of a model in %zu parts",
		                     parts.files, parts.found, parts.files);
	return sort_lines(m, o, count == 1 ? names[0] : NULL);
}

static bool read_line(struct manifest *m, struct output *o, const char *file, size_t number,
                      const char *text, size_t n)
{
	const size_t start = strlen(DIGEST_PREFIX), digits = start + DIGEST_DIGITS;
	struct manifest_line line = {0};

	if (n <= digits || memcmp(text, DIGEST_PREFIX, start) != 0 || text[digits] != ' ' ||
	    strspn(text + start, "0123456789abcdef") != DIGEST_DIGITS)
		return output_refuse(o, EXIT_USAGE, file,
		                     "line %zu is not sha256:, 64 digits, a blank and a name",
		                     number);
	memcpy(line.digest, text + start, DIGEST_DIGITS);
	return line_add(m, o, file, number, text + digits + 1, n - digits - 1, &line);
}

static bool read_lines(struct manifest *m, struct output *o, const char *file, const char *text,
                       size_t n)
{
	size_t number = 1;

	for (const char *end; n > 0; number++) {
		end = memchr(text, '\n', n);
		if (end == NULL)
			return output_refuse(o, EXIT_USAGE, file, "line %zu has no end", number);
		if (!read_line(m, o, file, number, text, (size_t)(end - text)))
			return false;
		n -= (size_t)(end - text) + 1;
		text = end + 1;
	}
	return sort_lines(m, o, file);
}

/* Does the file begin like a manifest? */
static bool is_manifest(int fd)
{
	char start[sizeof(DIGEST_PREFIX) - 1];

	return file_read_at(fd, 0, start, sizeof(start)) &&
	       memcmp(start, DIGEST_PREFIX, sizeof(start)) == 0;
}

bool manifest_take(struct manifest *m, struct output *o, char *name)
{
	CLEANUP(file_close) int fd = -1;
	CLEANUP(free_pointer) char *text = NULL;
	struct stat about;

	if (stat(name, &about) == 0 && S_ISDIR(about.st_mode))
		return manifest_make(m, o, &name, 1);
	fd = file_open_regular(o, name, &about);
	if (fd < 0)
		return false;
	if (!is_manifest(fd))
		return manifest_make(m, o, &name, 1);
	if ((uint64_t)about.st_size > MANIFEST_MAX)
		return output_refuse(o, EXIT_USAGE, name, "is too long for a manifest");
	text = malloc((size_t)about.st_size + 1);
	if (text == NULL)
		return output_no_memory(o, name);
	if (!file_read_at(fd, 0, text, (size_t)about.st_size))
		return output_fail_errno(o, name, "cannot be read", errno);
	text[about.st_size] = '\0';
	return read_lines(m, o, name, text, (size_t)about.st_size);
}

void manifest_free(struct manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->lines[i].name);
	free(m->lines);
	*m = (struct manifest){0};
}

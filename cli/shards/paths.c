/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An index is not trusted: it names files of its own folder, or is refused. */
#include "shards/paths.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "shards/model_index_file.h"
#include "ui/files.h"

#define INDEX_END ".safetensors.index.json"

static bool ends_with(const char *name, const char *end)
{
	const size_t n = strlen(name), tail = strlen(end);

	return n >= tail && strcmp(name + n - tail, end) == 0;
}

/* Takes @path over, also when it fails; NULL: memory ran out. */
static bool path_add(struct paths *p, struct output *o, char *path)
{
	if (path != NULL && p->count == p->room) {
		const size_t room = p->room == 0 ? 16 : 2 * p->room;
		char **more = realloc(p->items, room * sizeof(*more));

		if (more == NULL) {
			free(path);
			path = NULL;
		} else {
			p->items = more;
			p->room = room;
		}
	}
	if (path == NULL)
		return output_no_memory(o, NULL);
	p->items[p->count++] = path;
	return true;
}

/* @name in the folder of which the first @n bytes of @path are the name, its slash included. */
static char *path_in(const char *path, size_t n, const char *name)
{
	char *joined = NULL;

	return asprintf(&joined, "%.*s%s%s", (int)n, path, n > 0 && path[n - 1] != '/' ? "/" : "",
	                name) < 0
	               ? NULL
	               : joined;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_index(struct paths *p, struct output *o, const char *path)
{
	struct stat about;
	CLEANUP(file_close) int fd = file_open_regular(o, path, &about);
	CLEANUP(model_index_free) struct model_index index = {0};
	const char *slash = strrchr(path, '/');

	if (fd < 0)
		return false;
	if (!model_index_load(&index, fd))
		return output_refuse(o, EXIT_USAGE, path, "index not readable: %s, at byte %zu",
		                     index.error, index.error_at);
	for (size_t i = 0; i < index.count; i++) {
		if (!path_add(p, o,
		              path_in(path, slash != NULL ? (size_t)(slash - path) + 1 : 0,
		                      index.files[i])))
			return false;
	}
	return true;
}

static void close_folder(DIR **folder)
{
	if (*folder != NULL)
		(void)closedir(*folder);
}

/* The files of a folder whose names end with @end. */
static bool add_files(struct paths *p, struct output *o, const char *path, const char *end)
{
	CLEANUP(close_folder) DIR *folder = opendir(path);
	const struct dirent *entry;

	if (folder == NULL)
		return output_fail_errno(o, path, "cannot be opened", errno);
	for (errno = 0; (entry = readdir(folder)) != NULL; errno = 0) {
		if (entry->d_name[0] != '.' && ends_with(entry->d_name, end) &&
		    !path_add(p, o, path_in(path, strlen(path), entry->d_name)))
			return false;
	}
	return errno == 0 || output_fail_errno(o, path, "cannot be read", errno);
}

static bool add_folder(struct paths *p, struct output *o, const char *path)
{
	CLEANUP(paths_free) struct paths indexes = {0};
	const size_t first = p->count;

	if (!add_files(&indexes, o, path, INDEX_END))
		return false;
	if (indexes.count > 1)
		return output_refuse(o, EXIT_USAGE, path,
		                     "has %zu indexes: name the one that is meant", indexes.count);
	if (indexes.count == 1)
		return add_index(p, o, indexes.items[0]);
	if (!add_files(p, o, path, ".safetensors") || !add_files(p, o, path, ".gguf"))
		return false;
	if (p->count == first)
		return output_refuse(o, EXIT_USAGE, path, "has no safetensors or GGUF file");
	qsort(p->items + first, p->count - first, sizeof(*p->items), compare_paths);
	return true;
}

bool paths_expand(struct paths *p, struct output *o, char **names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct stat about;
		const bool is_folder = stat(names[i], &about) == 0 && S_ISDIR(about.st_mode);
		const bool is_index = !is_folder && ends_with(names[i], INDEX_END);

		p->is_set |= is_folder || is_index;
		if (!(is_folder  ? add_folder(p, o, names[i])
		      : is_index ? add_index(p, o, names[i])
		                 : path_add(p, o, strdup(names[i]))))
			return false;
	}
	return true;
}

void paths_free(struct paths *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->items[i]);
	free(p->items);
	*p = (struct paths){0};
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads an index from a file.  The parser itself knows no files, so it can be fuzzed. */
#include "shards/model_index_file.h"

#include <sys/stat.h>
#include "ui/files.h"

/* An index lists some hundred thousand tensors at most.  A larger file is refused. */
#define INDEX_MAX (UINT64_C(64) << 20)

/* The content of the file, with a NUL behind it.  NULL: *error says why. */
static char *load(int fd, size_t *n, const char **error)
{
	struct stat about;
	char *text;

	*error = "it is larger than 64 MiB";
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) ||
	    (uint64_t)about.st_size > INDEX_MAX)
		return NULL;
	*n = (size_t)about.st_size;
	text = malloc(*n + 1);
	*error = text == NULL ? "out of memory" : "it cannot be read";
	if (text == NULL || !file_read_at(fd, 0, text, *n)) {
		free(text);
		return NULL;
	}
	text[*n] = '\0';
	return text;
}

bool model_index_load(struct model_index *index, int fd)
{
	const char *error;
	size_t n;
	CLEANUP(free_pointer) char *text = load(fd, &n, &error);

	if (text != NULL)
		return model_index_parse(index, text, n);
	*index = (struct model_index){.error = error};
	return false;
}

size_t model_index_files(int fd, char *names, size_t size)
{
	const char *error;
	size_t n;
	CLEANUP(free_pointer) char *text = load(fd, &n, &error);

	names[0] = '\0';
	return text != NULL ? model_index_names(text, n, names, size) : 0;
}

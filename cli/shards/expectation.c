/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A list is what sha256sum or `fsverity digest` printed.  Hugging Face's cache keeps large files in
 * a folder "blobs" under their SHA-256, with links to them elsewhere; Ollama as "sha256-DIGITS".
 */
#include "shards/expectation.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <vres/vres.h>
#include "ui/files.h"
#include "ui/message.h"

#define DIGITS      64
#define VERITY_MARK "sha256:"
#define OLLAMA_MARK "sha256-"

/* 10,000 files with long names. */
#define LIST_MAX ((size_t)4 << 20)

static bool is_digest(const char *text, size_t n)
{
	return n == DIGITS && strspn(text, "0123456789abcdefABCDEF") >= DIGITS;
}

static const char *without(const char *text, const char *mark)
{
	return strncmp(text, mark, strlen(mark)) == 0 ? text + strlen(mark) : text;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The digits alone, or a line that `vres digest` printed; the library says what is wrong. */
static void take_digest(struct input *in, const char *text)
{
	const char *digits = without(text, VERITY_MARK);

	snprintf(in->expect, sizeof(in->expect), "%.*s", (int)strcspn(digits, " "), digits);
}

/* Is a line about @name: by all of its name or, if it says no folder, by the file's own? */
static bool is_about(const char *listed, const char *name)
{
	return strcmp(listed, name) == 0 ||
	       (strchr(listed, '/') == NULL && strcmp(listed, base_of(name)) == 0);
}

/* The name in a line of a list, behind the digits at @digits; NULL: the line is of another kind. */
static const char *listed_name(const char *line, const char *digits)
{
	const size_t n = strcspn(digits, " ");
	const bool is_verity = digits != line;

	if (!is_digest(digits, n) || digits[n] == '\0')
		return NULL;
	if (is_verity)
		return digits + n + 1;
	return digits[n + 1] == ' ' || digits[n + 1] == '*' ? digits + n + 2 : NULL;
}

static bool take_line(struct inputs *in, struct output *o, const struct seal_options *options,
                      size_t number, const char *line)
{
	const char *digits = without(line, VERITY_MARK), *name = listed_name(line, digits);

	if (line[0] == '\\')
		return output_refuse(o, EXIT_USAGE, options->expect,
		                     "line %zu has an escaped name, which is not read", number);
	if (name == NULL)
		return output_refuse(o, EXIT_USAGE, options->expect,
		                     "line %zu is none of sha256sum or `fsverity digest`", number);
	for (size_t i = 0; i < in->count; i++) {
		struct input *one = &in->items[i];

		if (!is_about(name, one->name))
			continue;
		if ((digits != line) != (options->alg == VRES_DIGEST_VERITY))
			return output_refuse(o, EXIT_USAGE, options->expect,
			                     "line %zu is a digest of the other kind: see --alg",
			                     number);
		if (one->expect[0] != '\0' && strncasecmp(one->expect, digits, DIGITS) != 0)
			return output_refuse(o, EXIT_USAGE, options->expect,
			                     "line %zu has another digest of a file than a line "
			                     "before it",
			                     number);
		take_digest(one, digits);
	}
	return true;
}

static bool take_list(struct inputs *in, struct output *o, const struct seal_options *options)
{
	CLEANUP(free_pointer) char *text = malloc(LIST_MAX + 1);
	size_t n, number = 1;
	char *line;

	if (text == NULL)
		return output_no_memory(o, options->expect);
	if (!file_load(o, options->expect, text, LIST_MAX, &n))
		return false;
	text[n] = '\0';
	if (memchr(text, '\0', n) != NULL)
		return output_refuse(o, EXIT_USAGE, options->expect, "has a NUL: it is no list");
	for (char *rest = text; (line = strsep(&rest, "\n")) != NULL; number++) {
		const size_t last = strlen(line);

		if (last > 0 && line[last - 1] == '\r') /* a list that was on Windows */
			line[last - 1] = '\0';
		if (line[0] != '\0' && !take_line(in, o, options, number, line))
			return false;
	}
	for (size_t i = 0; i < in->count; i++) {
		if (in->items[i].expect[0] == '\0')
			return output_refuse(o, EXIT_USAGE, in->items[i].name,
			                     "has no line in the list of --expect");
	}
	return true;
}

/* The digest that the file is named by in a cache, which it may be a link to. */
static void take_cache_name(struct input *in, struct output *o)
{
	CLEANUP(free_pointer) char *path = in->is_stream ? NULL : realpath(in->name, NULL);
	const char *base, *digits;

	if (path == NULL)
		return;
	base = base_of(path);
	digits = without(base, OLLAMA_MARK);
	if (!is_digest(digits, strlen(digits)) || base - path < 7 ||
	    strncmp(base - 7, "/blobs/", 7) != 0)
		return;
	take_digest(in, digits);
	if (o->is_verbose)
		message(o->command, in->name,
		        "expected is the digest that the cache has named it by");
}

bool expectations_find(struct inputs *in, struct output *o, const struct seal_options *options)
{
	const char *text = options->expect;
	struct stat about;

	if (text == NULL) {
		for (size_t i = 0; options->alg == VRES_DIGEST_SHA256 && i < in->count; i++)
			take_cache_name(&in->items[i], o);
		return true;
	}
	if (!is_digest(without(text, VERITY_MARK), strcspn(without(text, VERITY_MARK), " ")) &&
	    stat(text, &about) == 0)
		return take_list(in, o, options);
	if (in->count > 1)
		return output_refuse(o, EXIT_USAGE, NULL,
		                     "--expect HEX goes with one FILE, not with %zu", in->count);
	take_digest(&in->items[0], text);
	return true;
}

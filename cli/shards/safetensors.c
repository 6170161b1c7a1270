/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a header that may be hostile: every number is checked against the file before it is used.
 */
#include "shards/safetensors.h"

#include <string.h>
#include "ui/files.h"

/* The format's own limit. */
#define HEADER_MAX (UINT64_C(100) * 1000 * 1000)

/*
 * Every JSON value is preceded by one of these, and each costs about 100 bytes once parsed, so this
 * bounds the memory a hostile header can take to some 200 MB.  A tensor has 8 of them: a quarter of
 * a million tensors fit.
 */
#define VALUES_MAX (UINT64_C(2) * 1000 * 1000)

static bool has_too_many_values(const char *text, size_t n)
{
	uint64_t values = 0;

	for (size_t i = 0; i < n; i++)
		values += text[i] == ',' || text[i] == ':' || text[i] == '[' || text[i] == '{';
	return values > VALUES_MAX;
}

static uint64_t read_le64(const unsigned char bytes[8])
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | bytes[i];
	return value;
}

bool safetensors_open(struct safetensors *s, int fd, uint64_t bytes)
{
	CLEANUP(free_pointer) char *text = NULL;
	unsigned char length[8];
	uint64_t n;

	*s = (struct safetensors){0};
	if (bytes < sizeof(length) || !file_read_at(fd, 0, length, sizeof(length)))
		return false;
	n = read_le64(length);
	if (n < 2 || n > HEADER_MAX || n > bytes - sizeof(length))
		return false;
	text = malloc((size_t)n);
	if (text == NULL || !file_read_at(fd, sizeof(length), text, (size_t)n) || text[0] != '{' ||
	    has_too_many_values(text, (size_t)n))
		return false;
	s->header = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	s->data_start = sizeof(length) + n;
	s->data_bytes = bytes - s->data_start;
	return json_is_object(s->header);
}

void safetensors_close(struct safetensors *s)
{
	json_decref(s->header);
	s->header = NULL;
}

static bool get_offset(const json_t *offsets, size_t i, uint64_t *out)
{
	const json_t *value = json_array_get(offsets, i);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static bool tensor_get(const struct safetensors *s, const char *name, const json_t *entry,
                       struct tensor *out)
{
	const json_t *offsets = json_object_get(entry, "data_offsets");
	const char *type = json_string_value(json_object_get(entry, "dtype"));
	uint64_t begin, end;

	if (json_array_size(offsets) != 2 || !get_offset(offsets, 0, &begin) ||
	    !get_offset(offsets, 1, &end))
		return false;
	if (begin > end || end > s->data_bytes)
		return false;
	*out = (struct tensor){name, type != NULL ? type : "", s->data_start + begin,
	                       s->data_start + end};
	return true;
}

/* Keep the @max first in the order of the file, by insertion. */
static void insert(struct tensor *out, size_t kept, size_t max, const struct tensor *t)
{
	size_t i = kept < max ? kept : max;

	if (i == max && (max == 0 || out[max - 1].begin <= t->begin))
		return;
	if (i == max)
		i--;
	for (; i > 0 && out[i - 1].begin > t->begin; i--)
		out[i] = out[i - 1];
	out[i] = *t;
}

size_t safetensors_find(const struct safetensors *s, uint64_t begin, uint64_t end,
                        struct tensor *out, size_t max)
{
	size_t found = 0;
	const char *name;
	json_t *entry;

	json_object_foreach(s->header, name, entry)
	{
		struct tensor t;

		if (!tensor_get(s, name, entry, &t) || t.begin >= end || t.end <= begin ||
		    t.begin == t.end)
			continue;
		insert(out, found, max, &t);
		found++;
	}
	return found;
}

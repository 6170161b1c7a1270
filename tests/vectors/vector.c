/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole file is kept in memory; a block is a table of pointers into it. */
#include "vector.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite/alloc.h"

#define KEYS_MAX 40

struct vectors {
	const char *path;
	char *text, *next;
	unsigned blocks;
	size_t n;
	const char *key[KEYS_MAX], *value[KEYS_MAX]; /* of the present block */
};

struct vectors *vectors_open(const char *path)
{
	struct vectors *v = test_alloc(sizeof(*v));
	FILE *file = fopen(path, "rb");
	long size;

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	ck_assert_int_gt(size, 0);
	rewind(file);
	v->path = path;
	v->text = v->next = test_alloc((size_t)size + 1);
	ck_assert_uint_eq(fread(v->text, 1, (size_t)size, file), (size_t)size);
	ck_assert_int_eq(fclose(file), 0);
	return v;
}

static char *line(struct vectors *v)
{
	char *here = v->next, *end = strchrnul(here, '\n');

	v->next = *end ? end + 1 : end;
	*end = '\0';
	return here;
}

static void take(struct vectors *v, char *here)
{
	char *equals = strstr(here, " =");

	ck_assert_msg(equals != NULL && v->n < KEYS_MAX, "%s: block %u is malformed", v->path,
	              v->blocks);
	*equals = '\0';
	v->key[v->n] = here;
	v->value[v->n++] = equals[2] == ' ' ? equals + 3 : equals + 2;
}

bool vectors_next(struct vectors *v)
{
	v->n = 0;
	while (*v->next) {
		char *here = line(v);

		if (*here == '\0' && v->n > 0)
			break;
		if (*here != '\0' && *here != '#')
			take(v, here);
	}
	v->blocks += v->n > 0;
	return v->n > 0;
}

static const char *find(const struct vectors *v, const char *key)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->key[i], key) == 0)
			return v->value[i];
	return NULL;
}

bool vectors_have(const struct vectors *v, const char *key)
{
	return find(v, key) != NULL;
}

const char *vectors_text(const struct vectors *v, const char *key)
{
	const char *value = find(v, key);

	ck_assert_msg(value != NULL, "%s: block %u has no %s", v->path, v->blocks, key);
	return value;
}

uint64_t vectors_number(const struct vectors *v, const char *key)
{
	const char *value = vectors_text(v, key);
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(value, &end, 10);
	ck_assert_msg(errno == 0 && end != value && *end == '\0', "%s: block %u: %s is no number",
	              v->path, v->blocks, key);
	return number;
}

static unsigned digit(const struct vectors *v, char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	ck_assert_msg(at != NULL, "%s: block %u is not all hex", v->path, v->blocks);
	return (unsigned)(at - digits);
}

uint8_t *vectors_bytes(const struct vectors *v, const char *key, size_t *n)
{
	const char *value = vectors_text(v, key);
	uint8_t *bytes;

	*n = strlen(value) / 2;
	bytes = test_alloc(*n);
	for (size_t i = 0; i < *n; i++)
		bytes[i] = (uint8_t)(digit(v, value[2 * i]) << 4 | digit(v, value[2 * i + 1]));
	ck_assert_int_eq(value[2 * *n], '\0');
	return bytes;
}

void vectors_exactly(const struct vectors *v, const char *key, uint8_t *bytes, size_t n)
{
	size_t found;
	uint8_t *value = vectors_bytes(v, key, &found);

	ck_assert_msg(found == n, "%s: block %u: %s has %zu bytes instead of %zu", v->path,
	              v->blocks, key, found, n);
	memcpy(bytes, value, n);
	test_free(value);
}

void vectors_close(struct vectors **at)
{
	struct vectors *v = *at;

	ck_assert_msg(v->blocks > 0 && *v->next == '\0', "%s was not read to its end: %u blocks",
	              v->path, v->blocks);
	test_free(v->text);
	test_free(v);
	*at = NULL;
}

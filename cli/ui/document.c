/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Thin layers over jansson that remember failures in the output. */
#include "ui/document.h"

#include <stdio.h>
#include <string.h>
#include "ui/escape.h"

void output_put(struct output *o, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		o->is_broken = true;
}

void output_add(struct output *o, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		o->is_broken = true;
}

/*
 * JSON integers end at 2^63 - 1 here.  What is above is a broken clock or size, and is shown as the
 * largest.
 */
void output_put_u64(struct output *o, json_t *object, const char *key, uint64_t value)
{
	output_put(o, object, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

void output_put_bool(struct output *o, json_t *object, const char *key, bool value)
{
	output_put(o, object, key, json_boolean(value));
}

static json_t *escaped_string(const char *name)
{
	CLEANUP(free_pointer) char *text = malloc(strlen(name) * ESCAPE_ONE + 1);
	size_t used = 0;

	if (text == NULL)
		return NULL;
	text[0] = '\0';
	while (*name != '\0') {
		name += escape_one(name, text + used);
		used += strlen(text + used);
	}
	return json_string(text);
}

static json_t *hex_string(const char *bytes)
{
	const size_t n = strlen(bytes);
	CLEANUP(free_pointer) char *hex = malloc(2 * n + 1);

	return hex != NULL ? json_string(escape_hex(hex, bytes, n)) : NULL;
}

void output_put_text(struct output *o, json_t *object, const char *key, const char *text)
{
	output_put(o, object, key, utf8_is_valid(text) ? json_string(text) : escaped_string(text));
}

void output_put_file(struct output *o, json_t *object, const char *key, const char *name)
{
	char hex_key[64];

	output_put_text(o, object, key, name);
	if (utf8_is_valid(name))
		return;
	snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	output_put(o, object, hex_key, hex_string(name));
}

void output_put_bits(struct output *o, json_t *object, const char *key,
                     const struct option_word *words, uint64_t bits)
{
	json_t *array = json_array();

	for (; words->word != NULL; words++) {
		if (bits & words->value)
			output_add(o, array, json_string(words->word));
	}
	output_put(o, object, key, array);
}

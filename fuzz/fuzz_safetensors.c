/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: the tool's reader of JSON (cli/shards/json_reader.c) and of safetensors headers
 * (cli/shards/safetensors.c), which read files that nobody vouches for.
 *
 * Whatever the text is, a header is either refused, with a place inside it, or its tensors lie in
 * order and without a gap, with names that end where they say.  A text that the JSON reader takes
 * is written anew from its tokens, with every character escaped, and read again: the tokens are the
 * same.
 */
#include "fuzz.h"
#include <stdio.h>
#include "shards/json_reader.h"
#include "shards/safetensors.h"

/* A text that is being written; it has room for twelve bytes for each byte that was read. */
struct writing {
	char *text;
	size_t n;
};

static void put(struct writing *w, const char *text)
{
	memcpy(w->text + w->n, text, strlen(text));
	w->n += strlen(text);
}

/* ASCII is written as \u escapes, everything else as the UTF-8 that it is. */
static void put_string(struct writing *w, const char *bytes, size_t n)
{
	put(w, "\"");
	for (size_t i = 0; i < n; i++) {
		char escaped[8] = {bytes[i]};

		if ((unsigned char)bytes[i] < 0x80)
			snprintf(escaped, sizeof(escaped), "\\u%04X", (unsigned char)bytes[i]);
		put(w, escaped);
	}
	put(w, "\"");
}

static void write_token(struct writing *w, const struct json_reader *r, enum json_token token,
                        enum json_token before)
{
	static const char *const words[] = {
		[TOKEN_OBJECT] = "{",    [TOKEN_OBJECT_END] = "}", [TOKEN_ARRAY] = "[",
		[TOKEN_ARRAY_END] = "]", [TOKEN_NUMBER] = "-1",    [TOKEN_TRUE] = "true",
		[TOKEN_FALSE] = "false", [TOKEN_NULL] = "null"};
	char number[24], *copy;

	if (before != TOKEN_KEY && before != TOKEN_OBJECT && before != TOKEN_ARRAY &&
	    before != TOKEN_END && token != TOKEN_OBJECT_END && token != TOKEN_ARRAY_END)
		put(w, ", ");
	if (token == TOKEN_KEY || token == TOKEN_STRING) {
		copy = malloc(r->end - r->begin + 1);
		CLAIM(copy != NULL);
		put_string(w, copy, json_reader_copy(r, copy));
		put(w, token == TOKEN_KEY ? ":" : "");
		free(copy);
	} else if (token == TOKEN_INTEGER) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)r->integer);
		put(w, number);
	} else {
		put(w, words[token]);
	}
}

/* The tokens of @text, written as JSON again; NULL if the reader refuses the text. */
static char *rewrite(const char *text, size_t n, size_t *written)
{
	struct writing w = {.text = malloc(12 * n + 32)};
	enum json_token token, before = TOKEN_END;
	struct json_reader r;

	CLAIM(w.text != NULL);
	json_reader_init(&r, text, n);
	while ((token = json_reader_next(&r)) != TOKEN_END && token != TOKEN_ERROR) {
		CLAIM(r.at <= n && r.depth <= JSON_DEPTH_MAX);
		write_token(&w, &r, token, before);
		before = token;
	}
	CLAIM((token == TOKEN_ERROR) == (r.error != NULL) && r.at <= n);
	CLAIM(json_reader_next(&r) == token);
	w.text[w.n] = '\0';
	*written = w.n;
	if (token == TOKEN_END)
		return w.text;
	free(w.text);
	return NULL;
}

static void try_json(const char *text, size_t n)
{
	size_t once, twice;
	char *first = rewrite(text, n, &once), *second;
	struct json_reader r;

	json_reader_init(&r, text, n);
	CLAIM(first == NULL || (json_reader_skip(&r) && json_reader_next(&r) == TOKEN_END));
	if (first == NULL)
		return;
	second = rewrite(first, once, &twice);
	CLAIM(second != NULL && once == twice && memcmp(first, second, once) == 0);
	free(first);
	free(second);
}

static void try_header(const char *text, size_t n)
{
	struct tensor_map s;
	uint64_t end = SAFETENSORS_PREFIX + n;

	if (!safetensors_parse(&s, text, n)) {
		CLAIM(s.error != NULL && s.tensors == NULL && s.count == 0);
		CLAIM(s.error_at >= SAFETENSORS_PREFIX && s.error_at <= SAFETENSORS_PREFIX + n);
		return;
	}
	CLAIM(s.data == end);
	for (size_t i = 0; i < s.count; i++) {
		const struct tensor *t = &s.tensors[i];

		CLAIM(t->begin == end && t->end >= t->begin && t->name_bytes <= n);
		CLAIM(t->name[t->name_bytes] == '\0' && strlen(t->type) <= n);
		CLAIM(t->begin == t->end || tensor_map_from(&s, t->begin) == i);
		end = t->end;
	}
	CLAIM(s.end == end && tensor_map_from(&s, end) == s.count);
	tensor_map_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	CLAIM(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	try_json(text, size);
	try_header(text, size);
	free(text);
	return 0;
}

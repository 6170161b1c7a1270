/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A reader of JSON (RFC 8259) that may be hostile: it hands out one token at a time, does not
 * recurse, allocates nothing, and says at which byte the text is wrong.
 *
 * It is beside jansson because a header of a model may be large (100 MB, hundreds of thousands of
 * objects), and because loaders take what jansson refuses: NUL in strings and repeated keys.
 */
#ifndef VRES_CLI_SHARDS_JSON_READER_H
#define VRES_CLI_SHARDS_JSON_READER_H

#include "ui/base.h"

/* Objects and arrays inside each other; serde_json, which the reference loader uses, takes 127. */
#define JSON_DEPTH_MAX 128

enum json_token {
	TOKEN_ERROR, /* json_reader.error and .at say what is wrong and where */
	TOKEN_END,   /* of the text */
	TOKEN_OBJECT,
	TOKEN_OBJECT_END,
	TOKEN_ARRAY,
	TOKEN_ARRAY_END,
	TOKEN_KEY, /* the next token begins its value */
	TOKEN_STRING,
	TOKEN_INTEGER, /* not negative and below 2^64: json_reader.integer */
	TOKEN_NUMBER,  /* any other number */
	TOKEN_TRUE,
	TOKEN_FALSE,
	TOKEN_NULL
};

struct json_reader {
	const char *text; /* followed by a NUL byte that is not counted */
	size_t n, at;
	size_t begin, end; /* of the last key or string, without its quotes */
	uint64_t integer;
	const char *error; /* NULL: none so far */
	unsigned state, depth;
	bool is_object[JSON_DEPTH_MAX];
};

void json_reader_init(struct json_reader *r, const char *text, size_t n);

enum json_token json_reader_next(struct json_reader *r);

/* Skip the value that begins next, whatever it is; false after an error. */
bool json_reader_skip(struct json_reader *r);

/* Is the last key or string, which is without escapes, this one? */
bool json_reader_is(const struct json_reader *r, const char *text);

/*
 * Decode the last key or string into @out, which has room for end - begin + 1 bytes: its bytes, NUL
 * among them or not, and a NUL behind.  Returns how many bytes there are.
 */
size_t json_reader_copy(const struct json_reader *r, char *out);

/* Remember @what as the error at byte @at, so that the reader stops there. */
enum json_token json_reader_fail(struct json_reader *r, const char *what, size_t at);

#endif

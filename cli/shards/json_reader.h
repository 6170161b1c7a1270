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

/*
 * How deep objects and arrays may be nested.  serde_json, which the reference loader uses, takes
 * 127 levels.
 */
#define JSON_DEPTH_MAX 128

enum json_token {
	TOKEN_ERROR, /* json_reader.error and .at say what is wrong and where */
	TOKEN_END,   /* the text is complete */
	TOKEN_OBJECT,
	TOKEN_OBJECT_END,
	TOKEN_ARRAY,
	TOKEN_ARRAY_END,
	TOKEN_KEY, /* its value follows */
	TOKEN_STRING,
	TOKEN_INTEGER, /* not negative and below 2^64: json_reader.integer */
	TOKEN_NUMBER,  /* any other number */
	TOKEN_TRUE,
	TOKEN_FALSE,
	TOKEN_NULL
};

struct json_reader {
	const char *text; /* a NUL byte follows the @n bytes */
	size_t n, at;
	size_t begin, end; /* where the last key or string is, without its quotes */
	uint64_t integer;
	const char *error; /* what is wrong at byte @at; NULL: nothing so far */
	unsigned state, depth;
	bool is_object[JSON_DEPTH_MAX];
};

void json_reader_init(struct json_reader *r, const char *text, size_t n);

enum json_token json_reader_next(struct json_reader *r);

/* Step over the next value, whatever it is.  False: it is malformed. */
bool json_reader_skip(struct json_reader *r);

/* Is the last key or string @text?  One with escapes never is. */
bool json_reader_is(const struct json_reader *r, const char *text);

/*
 * Decode the last key or string into @out, which has room for end - begin + 1 bytes, and put a NUL
 * behind it.  Returns the number of bytes, of which some may be NUL.
 */
size_t json_reader_copy(const struct json_reader *r, char *out);

/* Report @what as an error at byte @at.  The reader then stops. */
enum json_token json_reader_fail(struct json_reader *r, const char *what, size_t at);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state says what may come next.  A stack of flags says which objects and arrays enclose it. */
#include "shards/json_reader.h"

#include <string.h>
#include "ui/escape.h"

enum state { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COMMA_OR_END, DONE, FAILED };

void json_reader_init(struct json_reader *r, const char *text, size_t n)
{
	*r = (struct json_reader){.text = text, .n = n, .state = VALUE};
}

enum json_token json_reader_fail(struct json_reader *r, const char *what, size_t at)
{
	if (r->error == NULL) {
		r->error = what;
		r->at = at;
	}
	r->state = FAILED;
	return TOKEN_ERROR;
}

/*
 * Steps over white space.  Returns the next character, and NUL at the end of the text.  A NUL byte
 * in the text is a wrong character in either case.
 */
static char peek(struct json_reader *r)
{
	while (r->at < r->n && strchr(" \t\n\r", r->text[r->at]) != NULL && r->text[r->at] != '\0')
		r->at++;
	return r->text[r->at];
}

static enum json_token fail_here(struct json_reader *r, const char *what)
{
	return json_reader_fail(r, r->at < r->n ? what : "the text ends too early", r->at);
}

/* The value of four hex digits; -1: they are not. */
static int hex_unit(const char *text)
{
	int value = 0;

	for (size_t i = 0; i < 4; i++) {
		const char c = text[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

static bool is_low_half(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/*
 * The code point of the \u escape at @text; -1: it is malformed.  *n: its length, 6, or 12 for a
 * surrogate pair.
 */
static int escaped_code(const char *text, size_t *n)
{
	const int first = hex_unit(text + 2);

	*n = 6;
	if (first < 0xd800 || first > 0xdfff)
		return first;
	if (is_low_half(first) || text[6] != '\\' || text[7] != 'u' ||
	    !is_low_half(hex_unit(text + 8)))
		return -1;
	*n = 12;
	return 0x10000 + ((first - 0xd800) << 10) + (hex_unit(text + 8) - 0xdc00);
}

/* The length of one character of a string, which may be an escape or UTF-8; 0: it is malformed. */
static size_t character_bytes(const char *text)
{
	unsigned code;
	size_t n;

	if ((unsigned char)text[0] < 0x20)
		return 0;
	if (text[0] != '\\')
		return (unsigned char)text[0] < 0x80 ? 1 : utf8_decode(text, &code);
	if (text[1] == 'u')
		return escaped_code(text, &n) >= 0 ? n : 0;
	return text[1] != '\0' && strchr("\"\\/bfnrt", text[1]) != NULL ? 2 : 0;
}

static bool read_string(struct json_reader *r)
{
	size_t at = r->at + 1;

	r->begin = at;
	while (r->text[at] != '"') {
		const size_t n = character_bytes(r->text + at);

		if (n == 0) {
			json_reader_fail(r,
			                 at < r->n ? "a string has a character that it may not have"
			                           : "the text ends too early",
			                 at);
			return false;
		}
		at += n;
	}
	r->end = at;
	r->at = at + 1;
	return true;
}

static size_t digits(const char *text)
{
	size_t n = 0;

	while (text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

static enum json_token read_number(struct json_reader *r)
{
	const char *text = r->text + r->at, *end = text + (text[0] == '-');
	const size_t whole = digits(end);
	bool is_integer = end == text;

	if (whole == 0 || (whole > 1 && end[0] == '0'))
		return fail_here(r, "a number is malformed");
	r->integer = 0;
	for (size_t i = 0; i < whole && is_integer; i++)
		is_integer =
			!__builtin_mul_overflow(r->integer, UINT64_C(10), &r->integer) &&
			!__builtin_add_overflow(r->integer, (uint64_t)(end[i] - '0'), &r->integer);
	end += whole;
	if (*end == '.' || (*end | 0x20) == 'e')
		is_integer = false;
	if (*end == '.') {
		if (digits(end + 1) == 0)
			return fail_here(r, "a number is malformed");
		end += 1 + digits(end + 1);
	}
	if ((*end | 0x20) == 'e') {
		end += 1 + (end[1] == '+' || end[1] == '-');
		if (digits(end) == 0)
			return fail_here(r, "a number is malformed");
		end += digits(end);
	}
	r->at += (size_t)(end - text);
	return is_integer ? TOKEN_INTEGER : TOKEN_NUMBER;
}

static enum json_token read_word(struct json_reader *r)
{
	static const struct {
		const char *word;
		enum json_token token;
	} words[] = {{"true", TOKEN_TRUE}, {"false", TOKEN_FALSE}, {"null", TOKEN_NULL}};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		const size_t n = strlen(words[i].word);

		if (strncmp(r->text + r->at, words[i].word, n) == 0) {
			r->at += n;
			return words[i].token;
		}
	}
	return fail_here(r, "a value was expected");
}

static enum json_token open_container(struct json_reader *r, bool is_object)
{
	if (r->depth == JSON_DEPTH_MAX)
		return fail_here(r, "too many objects and arrays inside each other");
	r->is_object[r->depth++] = is_object;
	r->state = is_object ? KEY_OR_END : VALUE_OR_END;
	r->at++;
	return is_object ? TOKEN_OBJECT : TOKEN_ARRAY;
}

static enum json_token close_container(struct json_reader *r)
{
	r->at++;
	r->depth--;
	r->state = r->depth == 0 ? DONE : COMMA_OR_END;
	return r->is_object[r->depth] ? TOKEN_OBJECT_END : TOKEN_ARRAY_END;
}

static enum json_token read_value(struct json_reader *r)
{
	const char c = peek(r);

	if (c == '{' || c == '[')
		return open_container(r, c == '{');
	r->state = r->depth == 0 ? DONE : COMMA_OR_END;
	if (c == '"')
		return read_string(r) ? TOKEN_STRING : TOKEN_ERROR;
	return c == '-' || (c >= '0' && c <= '9') ? read_number(r) : read_word(r);
}

static enum json_token read_key(struct json_reader *r)
{
	if (peek(r) != '"')
		return fail_here(r, "a key was expected");
	if (!read_string(r))
		return TOKEN_ERROR;
	if (peek(r) != ':')
		return fail_here(r, "a colon was expected");
	r->at++;
	r->state = VALUE;
	return TOKEN_KEY;
}

enum json_token json_reader_next(struct json_reader *r)
{
	char c;

	if (r->state == FAILED)
		return TOKEN_ERROR;
	c = peek(r);
	if (r->state == DONE)
		return r->at == r->n ? TOKEN_END : fail_here(r, "something follows the value");
	if (r->state != VALUE && r->state != KEY && c == (r->is_object[r->depth - 1] ? '}' : ']'))
		return close_container(r);
	if (r->state == COMMA_OR_END) {
		if (c != ',')
			return fail_here(r,
			                 "a comma or the end of an object or array was expected");
		r->at++;
		r->state = r->is_object[r->depth - 1] ? KEY : VALUE;
	}
	return r->state == KEY || r->state == KEY_OR_END ? read_key(r) : read_value(r);
}

bool json_reader_skip(struct json_reader *r)
{
	const unsigned depth = r->depth;
	enum json_token token;

	do {
		token = json_reader_next(r);
	} while (token != TOKEN_ERROR && r->depth > depth);
	return token != TOKEN_ERROR;
}

bool json_reader_is(const struct json_reader *r, const char *text)
{
	return r->end - r->begin == strlen(text) &&
	       memcmp(r->text + r->begin, text, r->end - r->begin) == 0;
}

static size_t put_utf8(char *out, unsigned code)
{
	const size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n - 1; i > 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(first[n] | code);
	return n;
}

size_t json_reader_copy(const struct json_reader *r, char *out)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	char *to = out;

	for (const char *c = r->text + r->begin; c < r->text + r->end;) {
		const char *letter;
		size_t n = 2;

		if (*c != '\\') {
			*to++ = *c++;
			continue;
		}
		letter = strchr(letters, c[1]);
		if (c[1] == 'u')
			to += put_utf8(to, (unsigned)escaped_code(c, &n));
		else
			*to++ = letter != NULL ? meanings[letter - letters] : c[1];
		c += n;
	}
	*to = '\0';
	return (size_t)(to - out);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One function decides about one character; every way of showing a name goes through it. */
#include "ui/escape.h"

#include <stdint.h>
#include <string.h>

size_t utf8_decode(const char *text, unsigned *out)
{
	static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char first = (unsigned char)text[0];
	const size_t n = first < 0x80       ? 1
	                 : first >> 5 == 6  ? 2
	                 : first >> 4 == 14 ? 3
	                 : first >> 3 == 30 ? 4
	                                    : 0;
	unsigned code = n == 1 ? first : first & (0x7fu >> n);

	if (n == 0 || first == 0)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*out = code;
	return n;
}

bool utf8_is_valid(const char *text)
{
	unsigned code;

	while (*text != '\0') {
		const size_t n = utf8_decode(text, &code);

		if (n == 0)
			return false;
		text += n;
	}
	return true;
}

/*
 * The one rule of what is not shown as it is: control characters of both sets, line and paragraph
 * separators, marks that change the direction of writing, and invisible characters.
 */
static bool is_unsafe(unsigned code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xe0000 && code <= 0xe0fff);
}

size_t escape_one(const char *text, char out[ESCAPE_ONE])
{
	unsigned code = 0;
	const size_t n = utf8_decode(text, &code);

	if (n == 0 || (n == 1 && is_unsafe(code))) {
		snprintf(out, ESCAPE_ONE, "\\x%02x", (unsigned char)text[0]);
		return 1;
	}
	if (is_unsafe(code)) {
		snprintf(out, ESCAPE_ONE, "\\u%04x", code);
		return n;
	}
	memcpy(out, text, n);
	out[n] = '\0';
	return n;
}

void escape_put(FILE *to, const char *text)
{
	char one[ESCAPE_ONE];

	while (*text != '\0') {
		text += escape_one(text, one);
		fputs(one, to);
	}
}

/*
 * Columns of one printable form.  Characters of three bytes of UTF-8 and more count double: many of
 * them are wide, and a table may come out narrower but not wider.
 */
static size_t one_width(const char *one)
{
	if ((unsigned char)one[0] < 0x80)
		return strlen(one);
	return strlen(one) >= 3 ? 2 : 1;
}

static size_t text_width(const char *text)
{
	char one[ESCAPE_ONE];
	size_t width = 0;

	while (*text != '\0') {
		text += escape_one(text, one);
		width += one_width(one);
	}
	return width;
}

void escape_fit(char *out, size_t columns, const char *text)
{
	char one[ESCAPE_ONE];
	size_t width = text_width(text), used = 0;

	if (width > columns) {
		used = columns < 3 ? columns : 3;
		memcpy(out, "...", used);
		while (width > columns - used && *text != '\0') {
			text += escape_one(text, one);
			width -= one_width(one);
		}
		columns -= used;
	}
	while (*text != '\0') {
		text += escape_one(text, one);
		memcpy(out + used, one, strlen(one));
		used += strlen(one);
	}
	memset(out + used, ' ', columns - width);
	out[used + columns - width] = '\0';
}

const char *escape_hex(char *out, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[from[i] >> 4];
		out[2 * i + 1] = digits[from[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

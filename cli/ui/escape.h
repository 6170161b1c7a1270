/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making names that come from elsewhere (files, tensors, devices) safe to show.  What could move a
 * cursor, change a colour, reverse the direction of writing or break a line is written as \xHH or
 * \uHHHH, and so are bytes that are not UTF-8.
 */
#ifndef VRES_CLI_UI_ESCAPE_H
#define VRES_CLI_UI_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Longest form of one character, NUL included. */
#define ESCAPE_ONE 8

/*
 * The printable form of the first character of @text in @out; returns how many bytes of @text it
 * stands for, at least 1.
 */
size_t escape_one(const char *text, char out[ESCAPE_ONE]);

void escape_put(FILE *to, const char *text);

/*
 * Fit @text into exactly @columns: padded with blanks, or "..." and the end of a longer text.  @out
 * holds at least 4 * @columns + 1 bytes.
 */
void escape_fit(char *out, size_t columns, const char *text);

/*
 * The length of the well-formed UTF-8 character at @text, its code point in *out; 0 when it is
 * malformed or the end of the text.
 */
size_t utf8_decode(const char *text, unsigned *out);
bool utf8_is_valid(const char *text);

/* @n bytes as 2 * @n hex digits and a NUL in @out, which is returned. */
const char *escape_hex(char *out, const void *bytes, size_t n);

#endif

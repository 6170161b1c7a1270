/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cursor over a line of an audit log.  After the first fault it stays where it is and further
 * calls do nothing, so that a grammar reads from top to bottom and is checked once, at the end.
 * What a call returns is valid only while there is no fault.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_CURSOR_H
#define VRES_CORE_AUDIT_FORMAT_CURSOR_H

#include "base/dialect.h"

struct cursor {
	const unsigned char *start, *at, *end;
	const char *fault; /* NULL: none so far */
};

struct slice {
	const char *text;
	size_t n;
};

/* Remember the first fault.  Returns false. */
bool cursor_fail(struct cursor *c, const char *fault);

/* Expect the characters of @text. */
bool cursor_expect(struct cursor *c, const char *text);

/* Expect lower-case hex digits. */
const char *cursor_hex(struct cursor *c, size_t digits);

/* 0 to 2^53 - 1 in shortest decimal. */
uint64_t cursor_integer(struct cursor *c);

/* A string in quotes; the slice is what is between them, with its escapes. */
struct slice cursor_string(struct cursor *c);

/* [A-Za-z0-9_-]{1,max} in quotes. */
void cursor_identifier(struct cursor *c, size_t max);

/* RFC 3339, UTC, nine digits. */
const char *cursor_timestamp(struct cursor *c);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cursor over a line of an audit log.  After the first misfit it stands there and everything else
 * does nothing, so that a grammar reads from top to bottom and the end asks once.  What a call
 * returns means something only while there is no fault.
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

/* Remember the first fault; always false. */
bool cursor_fail(struct cursor *c, const char *fault);

/* The characters of @text, which end before its NUL. */
bool cursor_expect(struct cursor *c, const char *text);

/* So many lower-case hex digits. */
const char *cursor_hex(struct cursor *c, size_t digits);

/* 0 to 2^53 - 1 in shortest decimal. */
uint64_t cursor_integer(struct cursor *c);

/* A string with its quotes; the slice is what stands between them, escapes as they are. */
struct slice cursor_string(struct cursor *c);

/* [A-Za-z0-9_-]{1,max} in quotes. */
void cursor_identifier(struct cursor *c, size_t max);

/* RFC 3339, UTC, nine digits. */
const char *cursor_timestamp(struct cursor *c);

#endif

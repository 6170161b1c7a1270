/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small writer of compact JSON into a buffer the caller owns.  It counts on when the buffer is
 * full, so that one pass tells the size.
 */
#ifndef VRES_CORE_BASE_JSON_H
#define VRES_CORE_BASE_JSON_H

#include "base/dialect.h"

struct json_writer {
	char *buffer;
	size_t capacity, length; /* length may pass capacity: then nothing was written there */
	bool separator;          /* something precedes the next member */
};

void json_open(struct json_writer *w, char bracket);
void json_close(struct json_writer *w, char bracket);
void json_key(struct json_writer *w, const char *key);
/* NULL: null; invalid UTF-8 becomes U+FFFD. */
void json_string(struct json_writer *w, const char *value);
void json_u64(struct json_writer *w, uint64_t value);
void json_bool(struct json_writer *w, bool value);
void json_null(struct json_writer *w);

/* Write the NUL; true if everything fitted, the NUL included. */
bool json_end(struct json_writer *w);

/* RFC 3339, nanoseconds, Z: 30 characters and a NUL. */
void vres_rfc3339(uint64_t wall, char text[31]);

#endif

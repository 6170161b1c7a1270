/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The validators of vres/validate.h in the forms the library needs itself: strings that end with a
 * NUL, read no further than their limit, and text of one line.
 */
#ifndef VRES_CORE_BASE_VALIDATE_H
#define VRES_CORE_BASE_VALIDATE_H

#include <vres/validate.h>

#include "base/error.h"

/* The longest names of each kind, in bytes. */
#define SHARD_ID_MAX  256u
#define MODEL_REF_MAX 512u
#define GROUP_ID_MAX  64u
#define WORKER_ID_MAX 64u

/* [A-Za-z0-9_-]{1,max} */
vres_status vres_check_identifier(const char *string, size_t max, const char *what,
                                  vres_error *err);

/*
 * UTF-8 of at most @max bytes, no control characters (C0, DEL, C1) and no bidirectional overrides;
 * empty is fine.
 */
vres_status vres_check_text(const char *string, size_t max, const char *what, vres_error *err);

/* The same for @n bytes, which need not end with a NUL. */
vres_status vres_check_line(const char *bytes, size_t n, size_t max, const char *what,
                            vres_error *err);

/* A character of an identifier: [A-Za-z0-9_-]. */
static inline bool vres_is_identifier_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* C0, DEL or C1. */
static inline bool vres_is_control(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f);
}

/* Exactly 64 hex digits, either case, into 32 bytes. */
vres_status vres_check_digest(const char *string, uint8_t digest[VRES_SHA256_BYTES],
                              const char *what, vres_error *err);

vres_status vres_check_hex(const char *string, size_t n, uint8_t digest[VRES_SHA256_BYTES],
                           const char *what, vres_error *err);

/*
 * 32 bytes as 64 lower-case hex digits and a NUL.  The bytes may be secret: they decide neither a
 * branch nor an address.
 */
void vres_hex(const uint8_t digest[VRES_SHA256_BYTES], char hex[65]);

/*
 * The next code point at @bytes, of which @n remain: its length in bytes, or 0 if it is not
 * well-formed UTF-8 (Unicode 15, table 3-7).
 */
size_t vres_utf8_next(const unsigned char *bytes, size_t n, uint32_t *code_point);

#endif

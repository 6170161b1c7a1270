/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Validators: is this input what it claims to be?
 *
 * The library checks its own input with them, and programs may check theirs: ids, digests, sizes,
 * texts that end up in a log.
 *
 * Each validator reads its input once, from the start, and stops at the first mistake.  The message
 * says what kind of mistake it is and where (bytes from 0), and never repeats the input.  Lengths
 * are given explicitly, so that a NUL byte is noticed and no terminator is needed.  Input is
 * accepted or refused, never changed.  Validators allocate nothing, keep nothing, and do not depend
 * on the locale.
 *
 * @what is always the name of the input in the message; NULL: "value".
 */
#ifndef VRES_VALIDATE_H
#define VRES_VALIDATE_H

#include <stddef.h>
#include <stdint.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * vres_validate_identifier() - is it an identifier: [A-Za-z0-9_-], at least one byte?
 * @bytes: the input; may be NULL when @n is 0
 * @n:     length of the input
 * @max:   largest length accepted
 *
 * The length is checked first, so that long input costs no time.  "./", "../", ".\" and "..\" are
 * reported as a path traversal at their first byte, any other dot or slash as a character that is
 * not allowed.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT: empty, longer than @max bytes, a NUL, a path traversal, or
 *         a character that is not allowed.
 */
VRES_API VRES_MUST_CHECK vres_status vres_validate_identifier(const char *bytes, size_t n,
                                                              size_t max, const char *what,
                                                              vres_error *err);

/**
 * vres_validate_hex() - is it exactly @digits hexadecimal digits, in upper or lower case?
 * @bytes:  the input; may be NULL when @n is 0
 * @n:      length of the input
 * @digits: how many digits there must be; 0: the input must be empty
 *
 * The length is checked first.  A prefix such as 0x, blanks and separators are refused.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT: shorter or longer than @digits, a NUL, or a character that
 *         is not a digit.
 */
VRES_API VRES_MUST_CHECK vres_status vres_validate_hex(const char *bytes, size_t n, size_t digits,
                                                       const char *what, vres_error *err);

/**
 * vres_validate_range() - is @min <= @value < @end?
 * @value: the input
 * @min:   the smallest value accepted
 * @end:   the first value above the range; when it is not above @min, every value is refused
 *
 * Compares only, so nothing can overflow.  A negative number that was converted to uint64_t is
 * larger than any sensible @end.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT.
 */
VRES_API VRES_MUST_CHECK vres_status vres_validate_range(uint64_t value, uint64_t min, uint64_t end,
                                                         const char *what, vres_error *err);

/**
 * vres_validate_text() - is it UTF-8 text that cannot mislead a terminal or a reader?
 * @bytes: the input; may be NULL when @n is 0
 * @n:     length of the input
 * @max:   largest length accepted; SIZE_MAX: any
 *
 * Accepted are empty text, tab, line feed and carriage return, zero-width characters, and
 * left-to-right and right-to-left marks.  Well-formed UTF-8 is as in the Unicode Standard, table
 * 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT: longer than @max bytes; not valid UTF-8; a NUL; an ANSI
 *         escape (U+001B); another control character (U+0001 to U+001F, U+007F to U+009F) that is
 *         not accepted above; a bidirectional override (U+202A to U+202E, U+2066 to U+2069); a byte
 *         order mark (U+FEFF).
 */
VRES_API VRES_MUST_CHECK vres_status vres_validate_text(const char *bytes, size_t n, size_t max,
                                                        const char *what, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Validators: is this input what it claims to be?  The library judges what it is given with them,
 * and a program around it may do the same with what it is given: ids, digests, sizes, texts that
 * end up in a log.
 *
 * Each reads its input once, from the start, and the first offender decides: its kind and its
 * position (bytes from 0) are in the message, and the input never is.  Lengths are explicit, so
 * that a NUL is seen and no end is needed.  Nothing is repaired: a text is taken or refused.  None
 * of them allocates, keeps anything or looks at a locale; any thread may call any of them.
 *
 * Common to all: @what is how the message calls the input, a short name of the caller's own; NULL:
 * "value".  @err may be NULL.
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
 * vres_validate_identifier() - [A-Za-z0-9_-], at least one byte
 * @bytes: the input; NULL only with @n 0
 * @n:     how many bytes
 * @max:   how many there may be
 * @what:  how the message calls it
 * @err:   what is wrong with it, or NULL
 *
 * Empty and too long are judged before the content, so that a long input costs nothing.  "./",
 * "../", ".\" and "..\" are called a path traversal, at their first byte; a dot or a slash
 * elsewhere is a character like any other that is not allowed.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT: empty, longer than @max bytes, a NUL, a path traversal, or
 *         a character outside the set.
 */
VRES_API VRES_MUST_CHECK vres_status vres_validate_identifier(const char *bytes, size_t n,
                                                              size_t max, const char *what,
                                                              vres_error *err);

/**
 * vres_validate_hex() - exactly @digits hexadecimal digits, of either case
 * @bytes:  the input; NULL only with @n 0
 * @n:      how many bytes
 * @digits: how many there must be; 0: the input must be empty
 * @what:   how the message calls it
 * @err:    what is wrong with it, or NULL
 *
 * The length is judged first.  A prefix such as 0x, blanks and separators are no digits.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT: shorter or longer than @digits, a NUL, or a character that
 *         is not a digit.
 */
VRES_API VRES_MUST_CHECK vres_status vres_validate_hex(const char *bytes, size_t n, size_t digits,
                                                       const char *what, vres_error *err);

/**
 * vres_validate_range() - @min <= @value < @end
 * @value: the input
 * @min:   the least it may be
 * @end:   the least it may not be; at or below @min: nothing is in range
 * @what:  how the message calls it
 * @err:   the bounds, or NULL
 *
 * There is no arithmetic that could overflow, and a negative number that was converted on the way
 * is larger than any sensible @end.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT.
 */
VRES_API VRES_MUST_CHECK vres_status vres_validate_range(uint64_t value, uint64_t min, uint64_t end,
                                                         const char *what, vres_error *err);

/**
 * vres_validate_text() - UTF-8 that cannot forge a line or fool a reader
 * @bytes: the input; NULL only with @n 0
 * @n:     how many bytes
 * @max:   how many there may be; SIZE_MAX: any number
 * @what:  how the message calls it
 * @err:   what is wrong with it, or NULL
 *
 * Taken as it is: empty text, tabulator, line feed and carriage return, zero-width characters,
 * left-to-right and right-to-left marks. Well-formed UTF-8 is that of the Unicode Standard, table
 * 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT: longer than @max bytes, not valid UTF-8, a NUL, an ANSI
 *         escape (U+001B), another control
 * character (U+0000 to U+001F, U+007F to U+009F), a bidirectional override (U+202A to U+202E,
 * U+2066 to U+2069), a byte order mark (U+FEFF).
 */
VRES_API VRES_MUST_CHECK vres_status vres_validate_text(const char *bytes, size_t n, size_t max,
                                                        const char *what, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif

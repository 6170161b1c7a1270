/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The validators: identifiers, text, hex digits, ranges, UTF-8. */
#include "base/validate.h"

#include <inttypes.h>

/* The first offender: what is wrong, and where. */
static vres_status offence(const char *what, const char *kind, size_t at, vres_error *err)
{
	return vres_fail(err, VRES_E_INVALID_INPUT, "%.64s has %s at byte %zu", what, kind, at);
}

/* What every validator of bytes asks first. */
static vres_status check_there(const char *bytes, size_t n, const char **what, vres_error *err)
{
	*what = *what ? *what : "value";
	return n == 0 ? VRES_OK : vres_check_given(bytes, *what, err);
}

static vres_status check_longest(size_t n, size_t max, const char *what, vres_error *err)
{
	return n <= max ? VRES_OK
	                : vres_fail(err, VRES_E_INVALID_INPUT, "%.64s is longer than %zu bytes",
	                            what, max);
}

/*
 * Does the rest, which begins with a dot, go on as a path would?  "./" or "../", with either slash.
 */
static bool is_traversal(const char *rest, size_t n)
{
	const size_t slash = n > 1 && rest[1] == '.' ? 2 : 1;

	return n > slash && (rest[slash] == '/' || rest[slash] == '\\');
}

vres_status vres_validate_identifier(const char *bytes, size_t n, size_t max, const char *what,
                                     vres_error *err)
{
	TRY(check_there(bytes, n, &what, err));
	if (n == 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%.64s is empty", what);
	TRY(check_longest(n, max, what, err));
	for (size_t i = 0; i < n; i++) {
		if (vres_is_identifier_char(bytes[i]))
			continue;
		return offence(what,
		               bytes[i] == '\0' ? "a NUL"
		               : bytes[i] == '.' && is_traversal(bytes + i, n - i)
		                       ? "a path traversal"
		                       : "a character outside [A-Za-z0-9_-]",
		               i, err);
	}
	return VRES_OK;
}

vres_status vres_check_identifier(const char *string, size_t max, const char *what, vres_error *err)
{
	if (string == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is NULL", what);
	return vres_validate_identifier(string, strnlen(string, max + 1), max, what, err);
}

vres_status vres_validate_range(uint64_t value, uint64_t min, uint64_t end, const char *what,
                                vres_error *err)
{
	if (value >= min && value < end)
		return VRES_OK;
	return vres_fail(err, VRES_E_INVALID_INPUT,
	                 "%.64s is out of range: not in %" PRIu64 " to below %" PRIu64,
	                 what ? what : "value", min, end);
}

/*
 * Continuation bytes that follow, and the allowed range of the first of them: over-long forms and
 * surrogates are excluded by it.
 */
struct utf8_lead {
	unsigned char first, last, more, low, high;
};

static const struct utf8_lead utf8_leads[] = {
	{0x00, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
	{0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
	{0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

size_t vres_utf8_next(const unsigned char *bytes, size_t n, uint32_t *code_point)
{
	const struct utf8_lead *lead = NULL;
	uint32_t value;

	for (size_t i = 0; n > 0 && lead == NULL && i < COUNT_OF(utf8_leads); i++)
		if (bytes[0] >= utf8_leads[i].first && bytes[0] <= utf8_leads[i].last)
			lead = &utf8_leads[i];
	if (lead == NULL || lead->more >= n)
		return 0;
	if (lead->more > 0 && (bytes[1] < lead->low || bytes[1] > lead->high))
		return 0;
	value = lead->more ? bytes[0] & (0x3fu >> lead->more) : bytes[0];
	for (size_t i = 1; i <= lead->more; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	*code_point = value;
	return lead->more + 1u;
}

static bool is_line_control(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r';
}

static const char *text_fault(uint32_t c, bool one_line)
{
	if (c == 0)
		return "a NUL";
	if (c == 0x1b)
		return "an ANSI escape";
	if (vres_is_control(c) && (one_line || !is_line_control(c)))
		return "a control character";
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return "a bidirectional override";
	if (c == 0xfeff)
		return "a byte order mark";
	return NULL;
}

static vres_status check_text(const char *bytes, size_t n, size_t max, bool one_line,
                              const char *what, vres_error *err)
{
	uint32_t c = 0;

	TRY(check_longest(n, max, what, err));
	for (size_t i = 0, step; i < n; i += step) {
		step = vres_utf8_next((const unsigned char *)bytes + i, n - i, &c);
		if (step == 0)
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "%.64s is not valid UTF-8 at byte %zu", what, i);
		if (text_fault(c, one_line))
			return offence(what, text_fault(c, one_line), i, err);
	}
	return VRES_OK;
}

vres_status vres_validate_text(const char *bytes, size_t n, size_t max, const char *what,
                               vres_error *err)
{
	TRY(check_there(bytes, n, &what, err));
	return check_text(bytes, n, max, false, what, err);
}

vres_status vres_check_line(const char *bytes, size_t n, size_t max, const char *what,
                            vres_error *err)
{
	return check_text(bytes, n, max, true, what, err);
}

vres_status vres_check_text(const char *string, size_t max, const char *what, vres_error *err)
{
	return check_text(string, strnlen(string, max + 1), max, true, what, err);
}

/* The value of a hex digit; 16 for any other character.  Without a branch or a table: see
 * vres_hex(). */
static unsigned hex_value(char c)
{
	const unsigned digit = (unsigned char)(c - '0'), letter = (unsigned char)((c | 0x20) - 'a');
	const unsigned is_digit = (digit - 10) >> 31, is_letter = (letter - 6) >> 31;

	return is_digit * digit + is_letter * (letter + 10) + (1 - is_digit - is_letter) * 16;
}

vres_status vres_validate_hex(const char *bytes, size_t n, size_t digits, const char *what,
                              vres_error *err)
{
	TRY(check_there(bytes, n, &what, err));
	if (n != digits)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%.64s is %s than %zu hex digits", what,
		                 n < digits ? "shorter" : "longer", digits);
	for (size_t i = 0; i < n; i++)
		if (hex_value(bytes[i]) > 15)
			return offence(what,
			               bytes[i] == '\0' ? "a NUL"
			                                : "a character that is not a hex digit",
			               i, err);
	return VRES_OK;
}

vres_status vres_check_digest(const char *string, uint8_t digest[VRES_SHA256_BYTES],
                              const char *what, vres_error *err)
{
	return vres_check_hex(string, strnlen(string, 2 * VRES_SHA256_BYTES + 1), digest, what,
	                      err);
}

vres_status vres_check_hex(const char *string, size_t n, uint8_t digest[VRES_SHA256_BYTES],
                           const char *what, vres_error *err)
{
	TRY(vres_validate_hex(string, n, 2 * VRES_SHA256_BYTES, what, err));
	for (size_t i = 0; i < VRES_SHA256_BYTES; i++)
		digest[i] = (uint8_t)(hex_value(string[2 * i]) << 4 | hex_value(string[2 * i + 1]));
	return VRES_OK;
}

void vres_hex(const uint8_t digest[VRES_SHA256_BYTES], char hex[65])
{
	for (size_t i = 0; i < 2u * VRES_SHA256_BYTES; i++) {
		const int value = digest[i / 2] >> (i % 2 ? 0 : 4) & 15;

		hex[i] = (char)('0' + value + ((9 - value) >> 8 & ('a' - '0' - 10)));
	}
	hex[2 * VRES_SHA256_BYTES] = '\0';
}

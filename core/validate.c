/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The validators: identifiers, text, hex digests, UTF-8. */
#include "validate.h"

static bool is_identifier_char(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

vres_status vres_check_identifier(const char *string, size_t max, const char *what, vres_error *err)
{
	size_t n;

	if (string == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is NULL", what);
	n = strnlen(string, max + 1);
	if (n == 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is empty", what);
	if (n > max)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is longer than %zu bytes", what, max);
	for (size_t i = 0; i < n; i++)
		if (!is_identifier_char((unsigned char)string[i]))
			return vres_fail(err, VRES_E_INVALID_INPUT, "%s has a character outside [A-Za-z0-9_-] at byte %zu", what, i);
	return VRES_OK;
}

/* Continuation bytes that follow, and the allowed range of the first of them: over-long forms and surrogates are excluded by it. */
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

static const char *text_fault(uint32_t c)
{
	if (c == 0x1b)
		return "an ANSI escape";
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
		return "a control character";
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return "a bidirectional override";
	if (c == 0xfeff)
		return "a byte order mark";
	return NULL;
}

vres_status vres_check_text(const char *string, size_t max, const char *what, vres_error *err)
{
	const size_t n = strnlen(string, max + 1);
	uint32_t c = 0;

	if (n > max)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is longer than %zu bytes", what, max);
	for (size_t i = 0, step; i < n; i += step) {
		step = vres_utf8_next((const unsigned char *)string + i, n - i, &c);
		if (step == 0)
			return vres_fail(err, VRES_E_INVALID_INPUT, "%s is not valid UTF-8 at byte %zu", what, i);
		if (text_fault(c))
			return vres_fail(err, VRES_E_INVALID_INPUT, "%s has %s at byte %zu", what, text_fault(c), i);
	}
	return VRES_OK;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

vres_status vres_check_digest(const char *string, uint8_t digest[VRES_SHA256_BYTES], const char *what, vres_error *err)
{
	const size_t digits = 2 * VRES_SHA256_BYTES, n = strnlen(string, digits + 1);
	uint8_t bytes[VRES_SHA256_BYTES] = {0};

	if (n != digits)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is %s than %zu hex digits", what, n < digits ? "shorter" : "longer", digits);
	for (size_t i = 0; i < digits; i++) {
		const int value = hex_value(string[i]);

		if (value < 0)
			return vres_fail(err, VRES_E_INVALID_INPUT, "%s has a character that is not a hex digit at byte %zu", what, i);
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | value);
	}
	memcpy(digest, bytes, sizeof(bytes));
	return VRES_OK;
}

void vres_hex(const uint8_t digest[VRES_SHA256_BYTES], char hex[65])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < VRES_SHA256_BYTES; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * VRES_SHA256_BYTES] = '\0';
}

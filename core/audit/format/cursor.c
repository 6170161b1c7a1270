/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tokens of a canonical line: literals, hex, integers, strings, identifiers, times. */
#include "audit/format/cursor.h"

#include "audit/format/format.h"
#include "base/validate.h"

#define TIMESTAMP 30u

bool cursor_fail(struct cursor *c, const char *fault)
{
	if (c->fault == NULL)
		c->fault = fault;
	return false;
}

bool cursor_expect(struct cursor *c, const char *text)
{
	const size_t n = strlen(text);

	if (c->fault)
		return false;
	if ((size_t)(c->end - c->at) >= n && memcmp(c->at, text, n) == 0) {
		c->at += n;
		return true;
	}
	while (c->at < c->end && *c->at == (unsigned char)*text) {
		c->at++;
		text++;
	}
	return cursor_fail(c, "another character is expected");
}

static bool is_lower_hex(unsigned char b)
{
	return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'f');
}

const char *cursor_hex(struct cursor *c, size_t digits)
{
	const unsigned char *const text = c->at;
	const size_t left = (size_t)(c->end - text), most = left < digits ? left : digits;
	size_t n = 0;

	while (n < most && is_lower_hex(text[n]))
		n++;
	if (c->fault == NULL) {
		c->at += n;
		if (n < digits)
			(void)cursor_fail(c, "a lower-case hex digit is expected");
	}
	return (const char *)text;
}

uint64_t cursor_integer(struct cursor *c)
{
	const unsigned char *first = c->at;
	uint64_t value = 0;

	if (c->fault)
		return 0;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
		if (c->at > first && *first == '0')
			return cursor_fail(c, "a number begins with 0");
		value = value * 10 + (uint64_t)(*c->at - '0');
		if (value > AUDIT_NUMBER_MAX)
			return cursor_fail(c, "a number is above 2^53 - 1");
	}
	if (c->at == first)
		return cursor_fail(c, "a digit is expected");
	return value;
}

/* Go past one character of a string. */
static bool skip_character(struct cursor *c)
{
	uint32_t code = 0;
	size_t n = 1;

	if (*c->at == '\\') {
		if (c->end - c->at < 2 || (c->at[1] != '"' && c->at[1] != '\\'))
			return cursor_fail(c, "an escape other than \\\" and \\\\");
		n = 2;
	} else if (*c->at < 0x20 || *c->at >= 0x7f) {
		n = vres_utf8_next(c->at, (size_t)(c->end - c->at), &code);
		if (n == 0 || vres_is_control(code))
			return cursor_fail(c, n == 0 ? "not UTF-8" : "a control character");
	}
	c->at += n;
	return true;
}

struct slice cursor_string(struct cursor *c)
{
	struct slice s = {0};

	if (!cursor_expect(c, "\""))
		return s;
	s.text = (const char *)c->at;
	while (c->at < c->end && *c->at != '"')
		if (!skip_character(c))
			return s;
	s.n = (size_t)((const char *)c->at - s.text);
	(void)cursor_expect(c, "\"");
	return s;
}

void cursor_identifier(struct cursor *c, size_t max)
{
	const unsigned char *first = c->at;

	if (!cursor_expect(c, "\""))
		return;
	while (c->at < c->end && vres_is_identifier_char((char)*c->at))
		c->at++;
	if (c->at == first + 1 || (size_t)(c->at - first) > max + 1)
		(void)cursor_fail(c, "an identifier is empty or too long");
	(void)cursor_expect(c, "\"");
}

static unsigned two_digits(const unsigned char *at)
{
	return (unsigned)(at[0] - '0') * 10u + (unsigned)(at[1] - '0');
}

/* Do month, day, hour, minute and second exist? */
static bool is_time(const unsigned char *t)
{
	static const unsigned char lengths[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const unsigned year = two_digits(t) * 100 + two_digits(t + 2), month = two_digits(t + 5),
		       day = two_digits(t + 8);
	const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1] &&
	       (month != 2 || day < 29 || is_leap) && two_digits(t + 11) < 24 &&
	       two_digits(t + 14) < 60 && two_digits(t + 17) < 60;
}

const char *cursor_timestamp(struct cursor *c)
{
	static const char form[] = "0000-00-00T00:00:00.000000000Z";
	const unsigned char *first = c->at;

	_Static_assert(sizeof(form) == TIMESTAMP + 1, "RFC 3339 with nine digits");
	for (size_t i = 0; c->fault == NULL && i < TIMESTAMP; i++) {
		if (c->at < c->end && (form[i] == '0' ? *c->at >= '0' && *c->at <= '9'
		                                      : *c->at == (unsigned char)form[i]))
			c->at++;
		else
			(void)cursor_fail(c, "not a time as 2026-01-31T23:59:59.000000000Z");
	}
	if (c->fault == NULL && !is_time(first)) {
		c->at = first;
		(void)cursor_fail(c, "a time that does not exist");
	}
	return (const char *)first;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compact JSON (RFC 8259) and RFC 3339 times.  The library writes JSON and never reads it. */
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/validate.h"

static void put(struct json_writer *w, const char *bytes, size_t n)
{
	if (w->length < w->capacity && n <= w->capacity - w->length)
		memcpy(w->buffer + w->length, bytes, n);
	w->length += n;
}

static void begin_value(struct json_writer *w)
{
	if (w->separator)
		put(w, ",", 1);
	w->separator = true;
}

void json_open(struct json_writer *w, char bracket)
{
	begin_value(w);
	put(w, &bracket, 1);
	w->separator = false;
}

void json_close(struct json_writer *w, char bracket)
{
	put(w, &bracket, 1);
	w->separator = true;
}

static void put_escaped(struct json_writer *w, const char *string)
{
	const unsigned char *bytes = (const unsigned char *)string;
	size_t left = strlen(string), step;

	put(w, "\"", 1);
	for (; left > 0; bytes += step, left -= step) {
		uint32_t c = 0;
		char escape[8];

		step = vres_utf8_next(bytes, left, &c);
		if (step == 0) {
			step = 1;
			put(w, "\xef\xbf\xbd", 3);
		} else if (c == '"' || c == '\\') {
			put(w, c == '"' ? "\\\"" : "\\\\", 2);
		} else if (c < 0x20 || c == 0x7f) {
			put(w, escape,
			    (size_t)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)c));
		} else {
			put(w, (const char *)bytes, step);
		}
	}
	put(w, "\"", 1);
}

void json_key(struct json_writer *w, const char *key)
{
	begin_value(w);
	put_escaped(w, key);
	put(w, ":", 1);
	w->separator = false;
}

void json_string(struct json_writer *w, const char *value)
{
	if (value == NULL) {
		json_null(w);
		return;
	}
	begin_value(w);
	put_escaped(w, value);
}

void json_u64(struct json_writer *w, uint64_t value)
{
	char digits[24];

	begin_value(w);
	put(w, digits, (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, value));
}

void json_bool(struct json_writer *w, bool value)
{
	begin_value(w);
	put(w, value ? "true" : "false", value ? 4 : 5);
}

void json_null(struct json_writer *w)
{
	begin_value(w);
	put(w, "null", 4);
}

bool json_end(struct json_writer *w)
{
	put(w, "", 1);
	w->length--;
	return w->length < w->capacity;
}

/*
 * Civil date of a day count since 1970-01-01, after the Gregorian rules; gmtime_r() would need a
 * time_t check and a locale-free strftime.
 */
static void civil_date(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	static const unsigned char lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned y = 1970, m = 0;

	for (;; y++) {
		const unsigned leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

		if (days < 365u + leap) {
			for (m = 0; days >= lengths[m] + (m == 1 ? leap : 0u); m++)
				days -= lengths[m] + (m == 1 ? leap : 0u);
			break;
		}
		days -= 365u + leap;
	}
	*year = y;
	*month = m + 1;
	*day = (unsigned)days + 1;
}

void vres_rfc3339(uint64_t wall, char text[31])
{
	const uint64_t seconds = wall / 1000000000u, in_day = seconds % 86400u;
	unsigned year, month, day;

	civil_date(seconds / 86400u, &year, &month, &day);
	(void)snprintf(text, 31, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ", year % 10000u, month % 100u,
	               day % 100u, (unsigned)(in_day / 3600u) % 100u,
	               (unsigned)(in_day / 60u % 60u), (unsigned)(in_day % 60u),
	               (unsigned)(wall % 1000000000u));
}

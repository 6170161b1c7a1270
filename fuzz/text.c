/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reference of what the validators accept and of what is written as text. */
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include "base/json.h"

bool text_is_plain(const char *string)
{
	static const uint32_t refused[][2] = {
		{0, 0x1f}, {0x7f, 0x9f}, {0x202a, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};
	size_t left = strlen(string), n;

	for (; left > 0; string += n, left -= n) {
		uint32_t c = 0;

		n = reference_utf8((const uint8_t *)string, left, &c);
		if (n == 0)
			return false;
		for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
			if (c >= refused[i][0] && c <= refused[i][1])
				return false;
	}
	return true;
}

bool text_is_identifier(const char *string, size_t max)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	const size_t n = strlen(string);

	return n > 0 && n <= max && strspn(string, letters) == n;
}

bool text_is_digest(const char *string)
{
	return strlen(string) == 64 && strspn(string, "0123456789abcdefABCDEF") == 64;
}

/* The string as it should read back: U+FFFD in place of each byte that is not UTF-8. */
static char *repaired(const char *string)
{
	size_t left = strlen(string), n, at = 0;
	char *text = fuzz_alloc(3 * left + 1);

	for (; left > 0; string += n, left -= n) {
		uint32_t c;

		n = reference_utf8((const uint8_t *)string, left, &c);
		if (n > 0)
			memcpy(text + at, string, n);
		else
			memcpy(text + at, "\xef\xbf\xbd", 3);
		at += n > 0 ? n : 3;
		n += n == 0;
	}
	text[at] = '\0';
	return text;
}

/* Read a JSON string from behind its opening quote.  Returns the position behind the closing one.
 */
static const char *unescaped(const char *json, char *text)
{
	for (; *json != '"'; json++) {
		CLAIM((unsigned char)*json >= 0x20);
		if (*json == '\\' && *++json == 'u') {
			unsigned c = 0;

			CLAIM(sscanf(json + 1, "%4x", &c) == 1 && c < 0x80);
			*text++ = (char)c;
			json += 4;
		} else {
			*text++ = *json;
		}
	}
	*text = '\0';
	return json + 1;
}

static size_t write_json(char *buffer, size_t capacity, const char *string, uint64_t number,
                         bool *fits)
{
	struct json_writer w = {.buffer = buffer, .capacity = capacity};

	json_open(&w, '{');
	json_key(&w, string), json_string(&w, string);
	json_key(&w, "n"), json_u64(&w, number);
	json_key(&w, "none"), json_string(&w, NULL);
	json_key(&w, "is"), json_bool(&w, number & 1);
	json_close(&w, '}');
	*fits = json_end(&w);
	return w.length;
}

void text_claim_json(const char *string, uint64_t number)
{
	bool fits = true;
	const size_t n = write_json(NULL, 0, string, number, &fits),
		     caps[] = {1, n / 2 + 1, n, n + 1};
	char *wanted = repaired(string), *text = fuzz_alloc(n + 1), rest[80];

	CLAIM(!fits);
	for (size_t i = 0; i < 4; i++) {
		char *json = fuzz_alloc(caps[i]);

		CLAIM(write_json(json, caps[i], string, number, &fits) == n &&
		      fits == (caps[i] > n));
		if (fits) {
			const char *next = json + 2;

			CLAIM(strlen(json) == n && memcmp(json, "{\"", 2) == 0);
			next = unescaped(next, text);
			CLAIM(strcmp(text, wanted) == 0 && memcmp(next, ":\"", 2) == 0);
			next = unescaped(next + 2, text);
			snprintf(rest, sizeof(rest), ",\"n\":%" PRIu64 ",\"none\":null,\"is\":%s}",
			         number, number & 1 ? "true" : "false");
			CLAIM(strcmp(text, wanted) == 0 && strcmp(next, rest) == 0);
		}
		free(json);
	}
	free(wanted);
	free(text);
}

void text_claim_time(uint64_t wall)
{
	const time_t seconds = (time_t)(wall / 1000000000u);
	char wanted[64], got[31];
	struct tm t;

	CLAIM(gmtime_r(&seconds, &t) != NULL);
	snprintf(wanted, sizeof(wanted), "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ", t.tm_year + 1900,
	         t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
	         (unsigned)(wall % 1000000000u));
	vres_rfc3339(wall, got);
	CLAIM(strcmp(got, wanted) == 0);
}

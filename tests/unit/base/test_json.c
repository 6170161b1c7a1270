/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON writer and RFC 3339 times. */
#include "base/json.h"

#include <stdio.h>
#include <time.h>

#include "support/suite/suite.h"

#define NS UINT64_C(1000000000)

static void write_sample(struct json_writer *w)
{
	json_open(w, '{');
	json_key(w, "a"), json_string(w, "x");
	json_key(w, "b"), json_u64(w, UINT64_MAX);
	json_key(w, "c"), json_open(w, '['), json_bool(w, true), json_bool(w, false), json_null(w),
		json_close(w, ']');
	json_key(w, "d"), json_open(w, '{'), json_close(w, '}');
	json_key(w, "e"), json_string(w, NULL);
	json_close(w, '}');
}

static const char sample[] =
	"{\"a\":\"x\",\"b\":18446744073709551615,\"c\":[true,false,null],\"d\":{},\"e\":null}";

START_TEST(document_is_compact_and_separated_as_json_wants)
{
	char buffer[sizeof(sample)];
	struct json_writer w = {.buffer = buffer, .capacity = sizeof(buffer)};

	write_sample(&w);
	ck_assert(json_end(&w));
	ck_assert_str_eq(buffer, sample);
	ck_assert_uint_eq(w.length, strlen(sample));
}
END_TEST

START_TEST(one_pass_without_a_buffer_tells_the_size)
{
	struct json_writer w = {.buffer = NULL, .capacity = 0};

	write_sample(&w);
	ck_assert(!json_end(&w));
	ck_assert_uint_eq(w.length, strlen(sample));
}
END_TEST

START_TEST(every_buffer_that_is_too_small_is_not_passed_and_still_tells_the_size)
{
	for (size_t capacity = 0; capacity <= sizeof(sample); capacity++) {
		char buffer[sizeof(sample) + 1];
		struct json_writer w = {.buffer = buffer, .capacity = capacity};

		memset(buffer, 0x5a, sizeof(buffer));
		write_sample(&w);
		ck_assert_int_eq(json_end(&w), capacity == sizeof(sample));
		ck_assert_uint_eq(w.length, strlen(sample));
		for (size_t i = capacity; i < sizeof(buffer); i++)
			ck_assert_int_eq(buffer[i], 0x5a);
	}
}
END_TEST

static void ck_written(const char *string, const char *want)
{
	char buffer[256];
	struct json_writer w = {.buffer = buffer, .capacity = sizeof(buffer)};

	json_string(&w, string);
	ck_assert(json_end(&w));
	ck_assert_str_eq(buffer, want);
}

START_TEST(quotes_backslashes_and_controls_are_escaped)
{
	ck_written("a\"b\\c", "\"a\\\"b\\\\c\"");
	ck_written("/", "\"/\"");
	for (int c = 1; c < 0x20; c++) {
		const char string[] = {(char)c, '\0'};
		char want[16];

		(void)snprintf(want, sizeof(want), "\"\\u%04x\"", (unsigned)c);
		ck_written(string, want);
	}
	ck_written("\x7f", "\"\\u007f\"");
}
END_TEST

START_TEST(utf8_passes_and_what_is_not_becomes_the_replacement_character)
{
	ck_written("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	           "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	ck_written("a\xff"
	           "b",
	           "\"a\xef\xbf\xbd"
	           "b\"");
	ck_written("\xc3", "\"\xef\xbf\xbd\"");
	ck_written("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}
END_TEST

static void ck_time(uint64_t wall, const char *want)
{
	char text[31];

	vres_rfc3339(wall, text);
	ck_assert_str_eq(text, want);
}

START_TEST(times_from_1970_to_the_last_that_64_bits_hold)
{
	ck_time(0, "1970-01-01T00:00:00.000000000Z");
	ck_time(1, "1970-01-01T00:00:00.000000001Z");
	ck_time(86400 * NS - 1, "1970-01-01T23:59:59.999999999Z");
	ck_time(951782400 * NS, "2000-02-29T00:00:00.000000000Z");
	ck_time(951868800 * NS, "2000-03-01T00:00:00.000000000Z");
	ck_time(1709164800 * NS + 123456789, "2024-02-29T00:00:00.123456789Z");
	ck_time(UINT64_C(4107542399) * NS, "2100-02-28T23:59:59.000000000Z");
	ck_time(UINT64_C(4107542400) * NS, "2100-03-01T00:00:00.000000000Z");
	ck_time(UINT64_C(9223372036854775807), "2262-04-11T23:47:16.854775807Z");
	ck_time(UINT64_MAX, "2554-07-21T23:34:33.709551615Z");
}
END_TEST

/* Each day that 64 bits of nanoseconds reach, compared with the C library. */
START_TEST(every_day_agrees_with_gmtime)
{
	const unsigned step = 100 / suite_scaled(100, 1);

	for (uint64_t day = 0; day < UINT64_MAX / NS / 86400; day += step) {
		const time_t seconds = (time_t)(day * 86400 + day % 86400);
		char want[40], got[31];
		struct tm tm;

		ck_assert_ptr_nonnull(gmtime_r(&seconds, &tm));
		ck_assert_uint_gt(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000000000Z", &tm),
		                  0);
		vres_rfc3339((uint64_t)seconds * NS, got);
		if (strcmp(got, want) != 0)
			ck_abort_msg("%s instead of %s", got, want);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(document_is_compact_and_separated_as_json_wants, "WORKER-4110", "", ""),
		CASE(one_pass_without_a_buffer_tells_the_size, "WORKER-4150", "", ""),
		CASE(every_buffer_that_is_too_small_is_not_passed_and_still_tells_the_size,
	             "VR-006", "integrity", "a write past a buffer"),
		CASE(quotes_backslashes_and_controls_are_escaped, "VR-005", "integrity",
	             "JSON injection"),
		CASE(utf8_passes_and_what_is_not_becomes_the_replacement_character, "VR-005",
	             "integrity", "ill-formed output"),
		CASE(times_from_1970_to_the_last_that_64_bits_hold, "WORKER-4110", "accountability",
	             ""),
		CASE(every_day_agrees_with_gmtime, "WORKER-4110", "accountability", ""),
	};

	return suite_run("unit.json", "unit", cases, COUNT(cases));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The public validators, byte by byte: what they take, and which fault they report at which byte.
 * A message must never repeat the input.
 */
#include <vres/validate.h>

#include <stdio.h>
#include <string.h>

#include "support/suite/alloc.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define TEXT(literal) (literal), sizeof(literal) - 1

/* @message: NULL if the input must be taken, else the message, in which "it" is the name. */
static void ck_outcome(vres_status status, const vres_error *err, const char *message)
{
	ck_assert_int_eq(status, message ? VRES_E_INVALID_INPUT : VRES_OK);
	if (message)
		ck_assert_str_eq(err->message, message);
}

struct sample {
	const char *bytes;
	size_t n;
	const char *message;
};

START_TEST(identifier_is_judged_by_its_first_offender)
{
#define OUTSIDE "it has a character outside [A-Za-z0-9_-] at byte "
	static const struct sample c[] = {
		{TEXT("shard-abc123"), NULL},
		{TEXT("-"), NULL},
		{TEXT("_"), NULL},
		{TEXT("---"), NULL},
		{TEXT("_x"), NULL},
		{TEXT("0"), NULL},
		{TEXT("ABC-123_xyz"), NULL},
		{TEXT(""), "it is empty"},
		{TEXT(" "), OUTSIDE "0"},
		{TEXT("a b"), OUTSIDE "1"},
		{TEXT("a!\0"), OUTSIDE "1"},
		{TEXT("!../"), OUTSIDE "0"},
		{TEXT("a/../b"), OUTSIDE "1"},
		{TEXT("a./\0"), "it has a path traversal at byte 1"},
		{TEXT("../x"), "it has a path traversal at byte 0"},
		{TEXT("a../x"), "it has a path traversal at byte 1"},
		{TEXT("a..\\x"), "it has a path traversal at byte 1"},
		{TEXT("a.\\x"), "it has a path traversal at byte 1"},
		{TEXT("./"), "it has a path traversal at byte 0"},
		{TEXT("\0../"), "it has a NUL at byte 0"},
		{TEXT("shard\0null"), "it has a NUL at byte 5"},
		{TEXT("shard\0"), "it has a NUL at byte 5"},
		{TEXT("/"), OUTSIDE "0"},
		{TEXT("\\"), OUTSIDE "0"},
		{TEXT("."), OUTSIDE "0"},
		{TEXT(".."), OUTSIDE "0"},
		{TEXT(".../"), OUTSIDE "0"},
		{TEXT("a.b"), OUTSIDE "1"},
		{TEXT("a.."), OUTSIDE "1"},
		/* A Cyrillic letter that looks like a Latin one. */
		{TEXT("sh\xd0\xb0rd"), OUTSIDE "2"},
		{TEXT("caf\xc3\xa9"), OUTSIDE "3"},
		{TEXT("a\xe2\x80\x8b"), OUTSIDE "1"}, /* zero-width space */
		{TEXT("a\x7f"), OUTSIDE "1"},
		{TEXT("a\n"), OUTSIDE "1"},
		{TEXT("a\x1b[31m"), OUTSIDE "1"},
		{TEXT("a\xff"), OUTSIDE "1"},
	};

	for (size_t i = 0; i < COUNT(c); i++) {
		vres_error err = {0};

		ck_outcome(vres_validate_identifier(c[i].bytes, c[i].n, 256, "it", &err), &err,
		           c[i].message);
	}
}
END_TEST

START_TEST(length_of_an_identifier_is_judged_before_its_content)
{
	char bytes[258];
	vres_error err = {0};

	memset(bytes, 'a', sizeof(bytes));
	bytes[0] = '\0';
	ck_outcome(vres_validate_identifier(bytes, 257, 256, "it", &err), &err,
	           "it is longer than 256 bytes");
	ck_outcome(vres_validate_identifier(bytes, 256, 256, "it", &err), &err,
	           "it has a NUL at byte 0");
	bytes[0] = 'a';
	ck_outcome(vres_validate_identifier(bytes, 256, 256, "it", &err), &err, NULL);
	ck_outcome(vres_validate_identifier("a", 1, 0, "it", &err), &err,
	           "it is longer than 0 bytes");
	ck_outcome(vres_validate_identifier(NULL, 0, 256, "it", &err), &err, "it is empty");
	ck_outcome(vres_validate_identifier(NULL, 1, 256, "it", &err), &err, "it is NULL");
}
END_TEST

START_TEST(hex_has_exactly_as_many_digits_as_asked_for)
{
#define NO_DIGIT "it has a character that is not a hex digit at byte "
	static const struct sample c[] = {
		{TEXT("00"), NULL},
		{TEXT("fF"), NULL},
		{TEXT("aA"), NULL},
		{TEXT("9f"), NULL},
		{TEXT(""), "it is shorter than 2 hex digits"},
		{TEXT("0"), "it is shorter than 2 hex digits"},
		{TEXT("000"), "it is longer than 2 hex digits"},
		{TEXT("0x0"), "it is longer than 2 hex digits"},
		{TEXT("0x"), NO_DIGIT "1"},
		{TEXT(" 0"), NO_DIGIT "0"},
		{TEXT("0-"), NO_DIGIT "1"},
		{TEXT("0:"), NO_DIGIT "1"},
		/* "/", "@", "G", "`" and "g" are the neighbours of the digits' ranges */
		{TEXT("/0"), NO_DIGIT "0"},
		{TEXT("@0"), NO_DIGIT "0"},
		{TEXT("G0"), NO_DIGIT "0"},
		{TEXT("`0"), NO_DIGIT "0"},
		{TEXT("g0"), NO_DIGIT "0"},
		{TEXT("\xc3\xa9"), NO_DIGIT "0"}, /* one character, two bytes */
		{TEXT("\xef\xbc\x90"), "it is longer than 2 hex digits"},
		{TEXT("\0g"), "it has a NUL at byte 0"},
		{TEXT("g\0"), NO_DIGIT "0"},
		{TEXT("0\0"), "it has a NUL at byte 1"},
	};
	vres_error err = {0};

	for (size_t i = 0; i < COUNT(c); i++)
		ck_outcome(vres_validate_hex(c[i].bytes, c[i].n, 2, "it", &err), &err,
		           c[i].message);
	ck_outcome(vres_validate_hex("", 0, 0, "it", &err), &err, NULL);
	ck_outcome(vres_validate_hex(NULL, 0, 0, "it", &err), &err, NULL);
	ck_outcome(vres_validate_hex(NULL, 2, 2, "it", &err), &err, "it is NULL");
}
END_TEST

START_TEST(range_begins_at_min_and_ends_before_end)
{
	static const struct {
		uint64_t value, min, end;
		bool is_in;
	} c[] = {{0, 0, 1, true},
	         {1, 0, 1, false},
	         {4, 5, 9, false},
	         {5, 5, 9, true},
	         {8, 5, 9, true},
	         {9, 5, 9, false},
	         {5, 5, 5, false},
	         {5, 9, 5, false},
	         {7, 9, 5, false},
	         {9, 9, 5, false}, /* value - min is below end - min here, as unsigned numbers */
	         {10, 9, 5, false},
	         {UINT64_MAX, 0, UINT64_MAX, false},
	         {UINT64_MAX - 1, 0, UINT64_MAX, true},
	         {(uint64_t)-1, 0, UINT64_C(1) << 40, false}};
	vres_error err = {0};

	for (size_t i = 0; i < COUNT(c); i++)
		ck_assert_int_eq(vres_validate_range(c[i].value, c[i].min, c[i].end, "it", NULL),
		                 c[i].is_in ? VRES_OK : VRES_E_INVALID_INPUT);
	ck_outcome(vres_validate_range(9, 5, 9, "it", &err), &err,
	           "it is out of range: not in 5 to below 9");
}
END_TEST

START_TEST(text_is_judged_by_its_first_offender)
{
	static const struct sample c[] = {
		{TEXT(""), NULL},
		{TEXT("plain text"), NULL},
		{TEXT("tab\tfeed\nreturn\r\n"), NULL},
		/* Zero-width space, non-joiner, joiner. */
		{TEXT("a\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d"), NULL},
		/* left-to-right and right-to-left marks */
		{TEXT("a\xe2\x80\x8e\xe2\x80\x8f"), NULL},
		/* Separators, no-break space. */
		{TEXT("a\xe2\x80\xa8\xe2\x80\xa9\xc2\xa0"), NULL},
		{TEXT("e\xcc\x81 \xf0\x9f\x9a\x80"), NULL},
		{TEXT("a\0b"), "it has a NUL at byte 1"},
		{TEXT("red \x1b[31m"), "it has an ANSI escape at byte 4"},
		{TEXT("a\x07"), "it has a control character at byte 1"},
		{TEXT("a\x0b"), "it has a control character at byte 1"},
		{TEXT("a\x7f"), "it has a control character at byte 1"},
		{TEXT("a\xc2\x80"), "it has a control character at byte 1"},
		{TEXT("a\xc2\x9b"), "it has a control character at byte 1"},
		{TEXT("a\xe2\x80\xaa"), "it has a bidirectional override at byte 1"},
		{TEXT("a\xe2\x80\xae"), "it has a bidirectional override at byte 1"},
		{TEXT("a\xe2\x81\xa6"), "it has a bidirectional override at byte 1"},
		{TEXT("a\xe2\x81\xa9"), "it has a bidirectional override at byte 1"},
		{TEXT("\xef\xbb\xbf"), "it has a byte order mark at byte 0"},
		/* The first fault is reported, even if a later one is graver. */
		{TEXT("\xe2\x80\xae\x1b\0"), "it has a bidirectional override at byte 0"},
		{TEXT("a\x80"), "it is not valid UTF-8 at byte 1"},
		{TEXT("a\xc0\x80"), "it is not valid UTF-8 at byte 1"}, /* an overlong NUL */
		{TEXT("a\xed\xa0\x80"), "it is not valid UTF-8 at byte 1"},
		{TEXT("a\xf4\x90\x80\x80"), "it is not valid UTF-8 at byte 1"},
		{TEXT("a\xe2\x80"), "it is not valid UTF-8 at byte 1"},
	};
	vres_error err = {0};

	for (size_t i = 0; i < COUNT(c); i++)
		ck_outcome(vres_validate_text(c[i].bytes, c[i].n, 64, "it", &err), &err,
		           c[i].message);
	ck_outcome(vres_validate_text(TEXT("\x1b"
	                                   "aa"),
	                              2, "it", &err),
	           &err, "it is longer than 2 bytes");
	ck_outcome(vres_validate_text(TEXT("aa"), SIZE_MAX, "it", &err), &err, NULL);
	ck_outcome(vres_validate_text(NULL, 0, 2, "it", &err), &err, NULL);
	ck_outcome(vres_validate_text(NULL, 1, 2, "it", &err), &err, "it is NULL");
}
END_TEST

/*
 * The input is in a block of exactly its length, so that sanitizers and Valgrind see a read past
 * it.
 */
START_TEST(nothing_beyond_the_length_is_read)
{
	static const char *const samples[] = {"a", "a.", "a..", "\xe2\x80", "\xf0\x9f\x98", "0f"};

	for (size_t i = 0; i < COUNT(samples); i++) {
		const size_t n = strlen(samples[i]);
		char *exact = test_alloc(n);

		memcpy(exact, samples[i], n);
		(void)!vres_validate_identifier(exact, n, 8, "it", NULL);
		(void)!vres_validate_text(exact, n, 8, "it", NULL);
		ck_assert_int_eq(vres_validate_hex(exact, n, n + 1, "it", NULL),
		                 VRES_E_INVALID_INPUT);
		(void)!vres_validate_hex(exact, n, n, "it", NULL);
		test_free(exact);
	}
}
END_TEST

START_TEST(name_in_the_message_is_the_callers_or_value)
{
	char endless[300];
	vres_error err;

	ck_status(vres_validate_identifier("", 0, 8, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "value is empty");
	ck_status(vres_validate_range(1, 0, 1, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "value is out of range: not in 0 to below 1");
	memset(endless, 'x', sizeof(endless)); /* no NUL, so it is read to 64 bytes only */
	ck_status(vres_validate_hex("g", 1, 1, endless, &err), VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(strspn(err.message, "x"), 64);
	ck_assert_ptr_nonnull(strstr(err.message, "at byte 0"));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(identifier_is_judged_by_its_first_offender, "IV-003 IV-005 VR-005",
	             "integrity", "injection by name, path traversal"),
		CASE(length_of_an_identifier_is_judged_before_its_content, "IV-003 VR-005",
	             "availability", "time lost on a long input"),
		CASE(hex_has_exactly_as_many_digits_as_asked_for, "IV-004 IV-005 VR-005",
	             "integrity", ""),
		CASE(range_begins_at_min_and_ends_before_end, "VR-005 RP-002", "integrity",
	             "inverted bounds, negative sizes"),
		CASE(text_is_judged_by_its_first_offender, "IV-005 VR-005", "integrity",
	             "forged log lines, text that reads backwards"),
		CASE(nothing_beyond_the_length_is_read, "MS-007 VR-006", "integrity",
	             "a read past the input"),
		CASE(name_in_the_message_is_the_callers_or_value, "WORKER-4152", "", ""),
	};

	return suite_run("unit.validate_bytes", "unit", cases, COUNT(cases));
}

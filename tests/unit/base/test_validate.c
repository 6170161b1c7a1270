/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The validators, tried with every byte, every length near the limits, and every code point. */
#include "base/validate.h"

#include "support/suite/status.h"
#include "support/suite/suite.h"

static bool in_identifier(int c)
{
	return c != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
	                        c) != NULL;
}

START_TEST(identifier_takes_letters_digits_underscore_and_dash_and_no_other_byte)
{
	vres_error err;

	for (int c = 1; c < 256; c++) {
		const char string[] = {'a', (char)c, 'z', '\0'};

		ck_status(vres_check_identifier(string, 8, "it", &err),
		          in_identifier(c) ? VRES_OK : VRES_E_INVALID_INPUT);
	}
}
END_TEST

START_TEST(identifier_has_one_to_max_bytes)
{
	char string[260];
	vres_error err;

	memset(string, 'a', sizeof(string));
	string[257] = '\0';
	ck_status(vres_check_identifier(string, 256, "it", &err), VRES_E_INVALID_INPUT);
	string[256] = '\0';
	ck_ok(vres_check_identifier(string, 256, "it", &err));
	ck_ok(vres_check_identifier("a", 256, "it", &err));
	ck_status(vres_check_identifier("", 256, "it", &err), VRES_E_INVALID_INPUT);
	ck_status(vres_check_identifier(NULL, 256, "it", &err), VRES_E_INVALID_INPUT);
}
END_TEST

/* A string without a NUL is read up to max + 1 bytes.  Sanitizers would report a longer read. */
START_TEST(string_without_an_end_is_read_no_further_than_its_limit)
{
	const char endless[9] = {'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'};
	uint8_t digest[32];
	char digits[65];
	vres_error err;

	memset(digits, '0', sizeof(digits));
	ck_status(vres_check_identifier(endless, 8, "it", &err), VRES_E_INVALID_INPUT);
	ck_status(vres_check_text(endless, 8, "it", &err), VRES_E_INVALID_INPUT);
	ck_status(vres_check_digest(digits, digest, "it", &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(message_names_the_position_and_does_not_echo_the_input)
{
	vres_error err;

	ck_status(vres_check_identifier("hostile!", 64, "worker_id", &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "worker_id has a character outside [A-Za-z0-9_-] at byte 7");
	ck_status(vres_check_text("secret\n", 64, "model_ref", &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "model_ref has a control character at byte 6");
	ck_status(vres_check_digest("zz", (uint8_t[32]){0}, "expected_digest", &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "expected_digest is shorter than 64 hex digits");
}
END_TEST

/* Encodes a code point as UTF-8 by arithmetic, which is not how the library does it. */
static size_t encode(uint32_t c, char out[5])
{
	const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	out[n] = '\0';
	return n;
}

/* Returns bool, since Check records each assertion that holds, and a million records take long. */
static bool is_read_back(uint32_t c)
{
	const bool is_surrogate = c >= 0xd800 && c <= 0xdfff;
	uint32_t got = UINT32_MAX;
	char bytes[5];
	const size_t n = encode(c, bytes);
	bool good = vres_utf8_next((const unsigned char *)bytes, n, &got) == (is_surrogate ? 0 : n);

	good = good && got == (is_surrogate ? UINT32_MAX : c);
	for (size_t less = 0; less < n; less++)
		good = good && vres_utf8_next((const unsigned char *)bytes, less, &got) == 0;
	return good;
}

START_TEST(every_code_point_but_surrogates_is_read_back)
{
	for (uint32_t c = 0; c < 0x110000; c++)
		if (!is_read_back(c))
			ck_abort_msg("U+%04X", c);
	ck_assert(is_read_back(0x10ffff));
}
END_TEST

/*
 * Tries all sequences of two bytes, and those of three and four bytes that end with 0x80.  Exactly
 * those that encode a code point must be well-formed.
 */
START_TEST(every_other_sequence_is_not_utf8)
{
	size_t two = 0, three = 0, four = 0;
	uint32_t c;

	for (unsigned a = 0x80; a < 0x100; a++)
		for (unsigned b = 0; b < 0x100; b++) {
			const unsigned char s[] = {(unsigned char)a, (unsigned char)b, 0x80, 0x80};

			two += vres_utf8_next(s, 2, &c) == 2;
			three += vres_utf8_next(s, 3, &c) == 3;
			four += vres_utf8_next(s, 4, &c) == 4;
		}
	ck_assert_uint_eq(two, 0x800 - 0x80);
	ck_assert_uint_eq(three, ((0x10000 - 0x800) - 0x800) / 64);
	ck_assert_uint_eq(four, 0x100000 / 4096);
}
END_TEST

START_TEST(bytes_that_do_not_continue_a_sequence_are_not_utf8)
{
	for (unsigned bad = 0; bad < 0x100; bad++) {
		const unsigned char third[] = {0xe2, 0x82, (unsigned char)bad},
				    fourth[] = {0xf0, 0x9f, 0x98, (unsigned char)bad};
		const bool continues = (bad & 0xc0) == 0x80;
		uint32_t c;

		ck_assert_uint_eq(vres_utf8_next(third, 3, &c), continues ? 3 : 0);
		ck_assert_uint_eq(vres_utf8_next(fourth, 4, &c), continues ? 4 : 0);
	}
}
END_TEST

static bool is_refused_in_text(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

START_TEST(text_takes_all_but_controls_overrides_and_byte_order_marks)
{
	for (uint32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 61) {
		char string[8] = "a";

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		(void)encode(c, string + 1);
		if (vres_check_text(string, 8, "it", NULL) !=
		    (is_refused_in_text(c) ? VRES_E_INVALID_INPUT : VRES_OK))
			ck_abort_msg("U+%04X", c);
	}
	ck_assert_int_eq(vres_check_text("a\xef\xbb\xbf", 8, "it", NULL), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(text_may_be_empty_and_has_at_most_max_bytes)
{
	char string[520];
	vres_error err;

	memset(string, 'a', sizeof(string));
	string[513] = '\0';
	ck_status(vres_check_text(string, 512, "it", &err), VRES_E_INVALID_INPUT);
	string[512] = '\0';
	ck_ok(vres_check_text(string, 512, "it", &err));
	ck_ok(vres_check_text("", 512, "it", &err));
}
END_TEST

START_TEST(ill_formed_text_is_refused_where_it_stands)
{
	vres_error err;

	ck_status(vres_check_text("abc\xc3", 64, "it", &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "it is not valid UTF-8 at byte 3");
	ck_status(vres_check_text("\xed\xa0\x80", 64, "it", &err), VRES_E_INVALID_INPUT);
	ck_status(vres_check_text("\xc0\xaf", 64, "it", &err), VRES_E_INVALID_INPUT);
	ck_status(vres_check_text("red \x1b[31m", 64, "it", &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "it has an ANSI escape at byte 4");
}
END_TEST

START_TEST(digest_is_64_hex_digits_of_either_case)
{
	const char *string = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
	uint8_t digest[32];
	char hex[65];
	vres_error err;

	ck_ok(vres_check_digest(string, digest, "it", &err));
	for (unsigned i = 0; i < 32; i++)
		ck_assert_uint_eq(digest[i], (i % 16) * 0x11);
	vres_hex(digest, hex);
	ck_assert_str_eq(hex, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
}
END_TEST

START_TEST(digest_of_another_length_or_with_another_byte_is_refused_and_writes_nothing)
{
	char string[66];
	uint8_t digest[32], before[32];
	vres_error err;

	memset(digest, 0xa5, sizeof(digest));
	memcpy(before, digest, sizeof(before));
	memset(string, 'f', sizeof(string));
	for (size_t n = 0; n <= 65; n++) {
		string[n] = '\0';
		if (n != 64)
			ck_status(vres_check_digest(string, digest, "it", &err),
			          VRES_E_INVALID_INPUT);
		string[n] = 'f';
	}
	string[64] = '\0';
	for (int c = 1; c < 256; c++) {
		string[63] = (char)c;
		if (strchr("0123456789abcdefABCDEF", c) == NULL)
			ck_status(vres_check_digest(string, digest, "it", &err),
			          VRES_E_INVALID_INPUT);
	}
	ck_assert_mem_eq(digest, before, sizeof(digest));
}
END_TEST

START_TEST(hex_of_every_byte_is_lower_case)
{
	uint8_t digest[32];
	char hex[65], want[3];

	for (unsigned value = 0; value < 256; value++) {
		memset(digest, (int)value, sizeof(digest));
		vres_hex(digest, hex);
		ck_assert_uint_eq(strlen(hex), 64);
		want[0] = "0123456789abcdef"[value / 16];
		want[1] = "0123456789abcdef"[value % 16];
		for (unsigned i = 0; i < 64; i++)
			ck_assert_int_eq(hex[i], want[i % 2]);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(identifier_takes_letters_digits_underscore_and_dash_and_no_other_byte,
	             "IV-003 VR-005", "integrity", "injection by name"),
		CASE(identifier_has_one_to_max_bytes, "IV-003 VR-005", "", ""),
		CASE(string_without_an_end_is_read_no_further_than_its_limit, "IV-005 VR-006", "",
	             "a read past a string"),
		CASE(message_names_the_position_and_does_not_echo_the_input, "WORKER-4152",
	             "confidentiality", "input echoed in a message"),
		CASE(every_code_point_but_surrogates_is_read_back, "VR-005", "integrity", ""),
		CASE(every_other_sequence_is_not_utf8, "VR-005", "integrity",
	             "over-long forms, surrogates"),
		CASE(bytes_that_do_not_continue_a_sequence_are_not_utf8, "VR-005", "integrity",
	             "truncated sequences"),
		CASE(text_takes_all_but_controls_overrides_and_byte_order_marks, "VR-005",
	             "integrity",
	             "log lines forged by control characters, text that reads backwards"),
		CASE(text_may_be_empty_and_has_at_most_max_bytes, "VR-005", "", ""),
		CASE(ill_formed_text_is_refused_where_it_stands, "VR-005", "integrity",
	             "ANSI escapes"),
		CASE(digest_is_64_hex_digits_of_either_case, "IV-004", "", ""),
		CASE(digest_of_another_length_or_with_another_byte_is_refused_and_writes_nothing,
	             "IV-004 VR-005", "integrity", ""),
		CASE(hex_of_every_byte_is_lower_case, "CI-004", "", ""),
	};

	return suite_run("unit.validate", "unit", cases, COUNT(cases));
}

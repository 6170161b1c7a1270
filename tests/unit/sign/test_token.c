/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of a file's content is the token or the key, and which content is refused. */
#include "unit/fixture/secret_file.h"

#include "support/suite/alloc.h"

/* Every code point with the property White_Space, by Unicode 15's PropList.txt. */
static const char *const spaces[] = {
	"\t",           "\n",           "\v",
	"\f",           "\r",           " ",
	"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80",
	"\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
	"\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
	"\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
	"\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
	"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
	"\xe3\x80\x80",
};

START_TEST(white_space_at_both_ends_is_not_part_of_the_token)
{
	CLEANUP(end) struct secret_file p = begin();
	char text[64];

	for (size_t i = 0; i < COUNT(spaces); i++) {
		const int n = snprintf(text, sizeof(text), "%s\n%sa b%s\n%s", spaces[i], spaces[i],
		                       spaces[i], spaces[i]);

		put(&p, text, (size_t)n, 0600);
		ck_token(&p, "a b", 3);
	}
}
END_TEST

START_TEST(white_space_inside_that_is_no_control_character_is_part_of_the_token)
{
	CLEANUP(end) struct secret_file p = begin();
	char token[16];

	for (size_t i = 0; i < COUNT(spaces); i++) {
		const int n = snprintf(token, sizeof(token), "a%sb", spaces[i]);
		const bool is_control =
			n == 3 ? token[1] != ' ' : strcmp(spaces[i], "\xc2\x85") == 0;
		vres_error err;

		put(&p, token, (size_t)n, 0600);
		if (!is_control) {
			ck_token(&p, token, (size_t)n);
			continue;
		}
		ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
		ck_assert_str_eq(err.message, "the token has a control character at byte 1");
	}
}
END_TEST

/*
 * The code points beside those above, and a zero-width space.  None of these has White_Space,
 * though some are invisible.
 */
START_TEST(what_is_not_white_space_is_part_of_the_token)
{
	static const char *const others[] = {"!", "\xc2\xa1", "\xe1\x9a\x81", "\xe2\x80\x8b"};
	CLEANUP(end) struct secret_file p = begin();
	char token[16];

	for (size_t i = 0; i < COUNT(others); i++) {
		const int n = snprintf(token, sizeof(token), "%sa%s", others[i], others[i]);

		put(&p, token, (size_t)n, 0600);
		ck_token(&p, token, (size_t)n);
	}
}
END_TEST

/* Nobody sees a byte order mark that an editor wrote, or an escape that a terminal left. */
START_TEST(byte_order_mark_or_control_character_is_refused_instead_of_giving_another_key)
{
	static const struct {
		const char *text, *what;
	} cases[] = {
		{"\xef\xbb\xbfsecret\n", "the token has a byte order mark at byte 0"},
		{"\n\xef\xbb\xbfsecret", "the token has a byte order mark at byte 0"},
		{"secret\x08", "the token has a control character at byte 6"},
		{"sec\x0eret", "the token has a control character at byte 3"},
		{"\x1f"
	         "secret",
	         "the token has a control character at byte 0"},
		{"sec\x7fret", "the token has a control character at byte 3"},
		{"sec\xc2\x84ret", "the token has a control character at byte 3"},
		{"sec\x1b[0mret", "the token has an ANSI escape at byte 3"},
		{"one line\nanother", "the token has a control character at byte 8"},
		{"sec\xe2\x80\xaeret", "the token has a bidirectional override at byte 3"},
	};
	CLEANUP(end) struct secret_file p = begin();
	vres_error err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		put(&p, cases[i].text, strlen(cases[i].text), 0600);
		ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
		ck_assert_str_eq(err.message, cases[i].what);
	}
	put(&p, "sec\0ret", 7, 0600);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "the token has a NUL at byte 3");
}
END_TEST

START_TEST(file_without_a_token_is_refused)
{
	CLEANUP(end) struct secret_file p = begin();
	vres_error err;

	put(&p, "", 0, 0600);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	put(&p, " \n\t\xe3\x80\x80", 6, 0600);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "the token file is empty");
}
END_TEST

START_TEST(file_that_is_not_utf8_is_refused_and_not_echoed)
{
	static const char *const bad[] = {"abc\xff", "\xc3", "secret\xed\xa0\x80", "\xc0\x80",
	                                  "a\x80z"};
	CLEANUP(end) struct secret_file p = begin();
	vres_error err;

	for (size_t i = 0; i < COUNT(bad); i++) {
		put(&p, bad[i], strlen(bad[i]), 0600);
		ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
		ck_assert_ptr_nonnull(strstr(err.message, "not valid UTF-8 at byte"));
		ck_assert_ptr_null(strstr(err.message, "secret"));
	}
}
END_TEST

START_TEST(file_has_at_most_a_mebibyte)
{
	CLEANUP(end) struct secret_file p = begin();
	const size_t most = (size_t)1 << 20;
	char *text = test_alloc(most + 1);
	vres_error err;

	memset(text, 'x', most + 1);
	put(&p, text, most, 0600);
	ck_token(&p, text, most);
	put(&p, text, most + 1, 0600);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "the token file is longer than 1 MiB");
	test_free(text);
}
END_TEST

static vres_status key_file(struct secret_file *p, const void *bytes, size_t n, vres_error *err)
{
	vres_key *key = NULL;
	vres_status status;

	put(p, bytes, n, 0600);
	status = vres_key_from_key_file(p->path, &key, err);
	ck_assert_int_eq(key != NULL, status == VRES_OK);
	if (key) {
		for (size_t i = 0; i < 32; i++)
			ck_assert_uint_eq(key->root[i], 0xe0 + i % 16);
		ck_assert_uint_eq(strlen(key->fingerprint), 6);
	}
	vres_key_destroy(key);
	return status;
}

START_TEST(key_file_is_32_bytes_or_64_hex_digits_and_is_the_key_itself)
{
	static const char hex[] =
		"e0e1e2e3e4e5e6e7e8e9eaebecedeeefE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF";
	CLEANUP(end) struct secret_file p = begin();
	uint8_t raw[32];
	char text[80];
	vres_error err;

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(0xe0 + i % 16);
	ck_ok(key_file(&p, raw, sizeof(raw), &err));
	ck_ok(key_file(&p, hex, 64, &err));
	(void)snprintf(text, sizeof(text), " \t%s\r\n", hex);
	ck_ok(key_file(&p, text, strlen(text), &err));
}
END_TEST

START_TEST(key_file_of_any_other_content_is_refused_and_not_echoed)
{
	static const struct {
		const char *text, *what;
	} cases[] = {
		{"", "the key file is empty"},
		{" \n", "the key file is empty"},
		{"e0e1", "the key is shorter than 64 hex digits"},
		{"e0e1e2e3e4e5e6e7e8e9eaebecedeeefe0e1e2e3e4e5e6e7e8e9eaebecedeeefe",
	         "the key is longer than 64 hex digits"},
		{"e0e1e2e3e4e5e6e7e8e9eaebecedeeefe0e1e2e3e4e5e6e7e8e9eaebecedeeeg",
	         "the key has a character that is not a hex digit at byte 63"},
		{"e0e1e2e3e4e5e6e7e8e9eaebecedeeef e0e1e2e3e4e5e6e7e8e9eaebecedee",
	         "the key is shorter than 64 hex digits"},
		{"0000000000000000000000000000000000000000000000000000000000000000",
	         "the key is zero"},
	};
	static const uint8_t zeros[33];
	CLEANUP(end) struct secret_file p = begin();
	vres_key *key = NULL;
	vres_error err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_status(key_file(&p, cases[i].text, strlen(cases[i].text), &err),
		          VRES_E_INVALID_INPUT);
		ck_assert_str_eq(err.message, cases[i].what);
	}
	ck_status(key_file(&p, zeros, 32, &err), VRES_E_INVALID_INPUT);
	ck_status(key_file(&p, zeros, 31, &err), VRES_E_INVALID_INPUT);
	ck_status(key_file(&p, zeros, 33, &err), VRES_E_INVALID_INPUT);
	put(&p, cases[4].text, 64, 0644);
	ck_status(vres_key_from_key_file(p.path, &key, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "the key file has mode 0644"));
	ck_assert_int_eq(unlink(p.path), 0);
	ck_status(vres_key_from_key_file(p.path, &key, &err), VRES_E_NOT_FOUND);
	ck_status(vres_key_from_key_file(NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_from_key_file(p.path, NULL, &err), VRES_E_INVALID_INPUT);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(white_space_at_both_ends_is_not_part_of_the_token, "CI-005 WORKER-4910", "",
	             ""),
		CASE(white_space_inside_that_is_no_control_character_is_part_of_the_token,
	             "CI-005 WORKER-4910", "", ""),
		CASE(byte_order_mark_or_control_character_is_refused_instead_of_giving_another_key,
	             "CI-005 WORKER-4910", "authenticity", "a key that nobody meant"),
		CASE(what_is_not_white_space_is_part_of_the_token, "CI-005", "authenticity",
	             "two files with one key"),
		CASE(file_without_a_token_is_refused, "CI-005 WORKER-4913", "authenticity",
	             "an empty token"),
		CASE(file_that_is_not_utf8_is_refused_and_not_echoed, "VR-005 WORKER-4152",
	             "confidentiality", "a token in a message"),
		CASE(file_has_at_most_a_mebibyte, "VR-005 VR-006", "availability",
	             "a file without an end"),
		CASE(key_file_is_32_bytes_or_64_hex_digits_and_is_the_key_itself, "SM-LOAD-4001",
	             "", ""),
		CASE(key_file_of_any_other_content_is_refused_and_not_echoed, "SM-LOAD-4001",
	             "confidentiality", "a key in a message"),
	};

	return suite_run("unit.token", "unit", cases, COUNT(cases));
}

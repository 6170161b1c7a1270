/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys made of tokens in memory, and the subkeys made of these.  Known answers are in
 * tests/vectors; token files are in test_key_file.c.
 */
#include "sign/key.h"

#include <vres/vres.h>

#include "support/suite/alloc.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

static void destroy(vres_key **key)
{
	vres_key_destroy(*key);
}

START_TEST(token_and_domain_decide_the_key_and_nothing_else_does)
{
	static const struct {
		const char *token, *domain;
	} c[] = {{"token", NULL},
	         {"token", "llorch-vram-seal-v1"},
	         {"token", "other"},
	         {"Token", NULL},
	         {"token ", NULL}};
	vres_key *keys[COUNT(c)];
	vres_error err;

	for (size_t i = 0; i < COUNT(c); i++)
		ck_ok(vres_key_derive(c[i].token, strlen(c[i].token), c[i].domain, &keys[i], &err));
	ck_assert_mem_eq(keys[0]->root, keys[1]->root, 32);
	for (size_t i = 1; i < COUNT(c); i++)
		for (size_t j = 1; j < i; j++)
			ck_assert_mem_ne(keys[i]->root, keys[j]->root, 32);
	for (size_t i = 0; i < COUNT(c); i++)
		vres_key_destroy(keys[i]);
}
END_TEST

/* A token is bytes, not text, so a NUL does not end it. */
START_TEST(token_is_bytes)
{
	vres_key *a = NULL, *b = NULL;
	vres_error err;

	ck_ok(vres_key_derive("to\0ken", 6, NULL, &a, &err));
	ck_ok(vres_key_derive("to\0kem", 6, NULL, &b, &err));
	ck_assert_mem_ne(a->root, b->root, 32);
	vres_key_destroy(a);
	vres_key_destroy(b);
}
END_TEST

START_TEST(token_has_one_byte_to_a_mebibyte)
{
	uint8_t *token = test_alloc(((size_t)1 << 20) + 1);
	vres_key *key = NULL;
	vres_error err;

	ck_status(vres_key_derive(token, 0, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive(NULL, 0, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive(NULL, 5, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive(token, ((size_t)1 << 20) + 1, NULL, &key, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive(token, SIZE_MAX, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive(token, 5, NULL, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(key);
	ck_ok(vres_key_derive(token, (size_t)1 << 20, NULL, &key, &err));
	vres_key_destroy(key);
	ck_ok(vres_key_derive(token, 1, NULL, &key, &err));
	vres_key_destroy(key);
	test_free(token);
}
END_TEST

START_TEST(domain_is_1_to_64_bytes_of_printable_ascii)
{
	char domain[66];
	vres_key *key = NULL;
	vres_error err;

	memset(domain, 'd', sizeof(domain));
	domain[65] = '\0';
	ck_status(vres_key_derive("t", 1, domain, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive("t", 1, "", &key, &err), VRES_E_INVALID_INPUT);
	domain[64] = '\0';
	ck_ok(vres_key_derive("t", 1, domain, &key, &err));
	vres_key_destroy(key);
	for (int c = 1; c < 256; c++) {
		vres_status status;

		key = NULL;
		domain[63] = (char)c;
		status = vres_key_derive("t", 1, domain, &key, NULL);
		ck_assert_int_eq(status, c >= 0x20 && c <= 0x7e ? VRES_OK : VRES_E_INVALID_INPUT);
		vres_key_destroy(key);
	}
}
END_TEST

START_TEST(message_tells_nothing_of_the_token)
{
	vres_key *key = NULL;
	vres_error err;

	ck_status(vres_key_derive("hunter2", 7, "bad\ndomain", &key, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(strstr(err.message, "hunter2"));
	ck_assert_ptr_null(strstr(err.message, "bad"));
}
END_TEST

/* Of a token above 8192 bytes only the first 8192 count, and a mark. */
START_TEST(fingerprint_is_the_start_of_the_digest_of_the_token)
{
	static const struct {
		const char *token;
		size_t repeat;
		const char *fingerprint;
	} c[] = {{"test", 1, "9f86d0"},
	         {"test-token-42", 1, "09dee7"},
	         {"worker-token-abc123", 1, "a3967c"},
	         {"A", 8192, "f8ca02"},
	         {"A", 9000, "513707"}};

	for (size_t i = 0; i < COUNT(c); i++) {
		const size_t n = strlen(c[i].token);
		char *token = test_alloc(n * c[i].repeat);
		vres_key *key = NULL;
		vres_error err;

		for (size_t j = 0; j < c[i].repeat; j++)
			memcpy(token + j * n, c[i].token, n);
		ck_ok(vres_key_derive(token, n * c[i].repeat, NULL, &key, &err));
		ck_assert_str_eq(key->fingerprint, c[i].fingerprint);
		vres_key_destroy(key);
		test_free(token);
	}
}
END_TEST

START_TEST(subkeys_differ_from_each_other_and_from_their_root)
{
	CLEANUP(destroy) vres_key *key = NULL;
	CLEANUP(vres_subkeys_destroy) struct vres_subkeys *keys = NULL;
	CLEANUP(vres_subkeys_destroy) struct vres_subkeys *again = NULL;
	vres_error err;

	ck_ok(vres_key_derive("token", 5, NULL, &key, &err));
	ck_ok(vres_subkeys_create(key, &keys, &err));
	ck_ok(vres_subkeys_create(key, &again, &err));
	ck_assert_mem_eq(keys->seal, again->seal, 32);
	ck_assert_mem_eq(keys->id, again->id, 32);
	ck_assert_mem_ne(keys->seal, keys->id, 32);
	ck_assert_mem_ne(keys->seal, key->root, 32);
	ck_assert_mem_ne(keys->id, key->root, 32);
}
END_TEST

START_TEST(destroying_nothing_does_nothing)
{
	struct vres_subkeys *keys = NULL;

	vres_key_destroy(NULL);
	vres_subkeys_destroy(&keys);
	ck_assert_ptr_null(keys);
}
END_TEST

/*
 * Keys and subkeys are in pages of their own, never in the heap.  Assertions allocate too, so they
 * come at the end.
 */
START_TEST(keys_take_no_heap)
{
	vres_key *first = NULL, *key = NULL;
	struct vres_subkeys *keys = NULL;
	vres_status derived, made;
	uint64_t before, after;
	vres_error err;

	/* The first key also makes what the process keeps for good. */
	ck_ok(vres_key_derive("token", 5, NULL, &first, &err));
	before = alloc_calls();
	derived = vres_key_derive("token", 5, NULL, &key, NULL);
	made = vres_subkeys_create(key, &keys, NULL);
	vres_subkeys_destroy(&keys);
	vres_key_destroy(key);
	after = alloc_calls();
	ck_assert_int_eq(derived, VRES_OK);
	ck_assert_int_eq(made, VRES_OK);
	ck_assert_uint_eq(after, before);
	vres_key_destroy(first);
}
END_TEST

START_TEST(wiped_memory_is_zero_and_nothing_beside_it_is_touched)
{
	char memory[] = "<a token>";

	vres_wipe(memory + 1, 7);
	ck_assert_mem_eq(memory, "<\0\0\0\0\0\0\0>", 10);
	vres_wipe(memory, 0);
	vres_wipe(NULL, 0);
	ck_assert_int_eq(memory[0], '<');
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(token_and_domain_decide_the_key_and_nothing_else_does, "CI-005 SM-LOAD-4003",
	             "authenticity", "one key for two purposes"),
		CASE(wiped_memory_is_zero_and_nothing_beside_it_is_touched, "", "confidentiality",
	             "a token left in memory"),
		CASE(token_is_bytes, "CI-005", "authenticity", "a token cut at a NUL"),
		CASE(token_has_one_byte_to_a_mebibyte, "CI-005 VR-005", "authenticity",
	             "an empty token"),
		CASE(domain_is_1_to_64_bytes_of_printable_ascii, "CI-005 VR-005", "",
	             "an empty domain"),
		CASE(message_tells_nothing_of_the_token, "CI-006 WORKER-4152", "confidentiality",
	             "a token in a message"),
		CASE(fingerprint_is_the_start_of_the_digest_of_the_token,
	             "WORKER-4800 SEC-AUTH-2002", "accountability", ""),
		CASE(subkeys_differ_from_each_other_and_from_their_root, "CI-005", "authenticity",
	             "one key for two purposes"),
		CASE(destroying_nothing_does_nothing, "MS-005 WORKER-4083", "", ""),
		CASE(keys_take_no_heap, "CI-006", "confidentiality", "keys left in the heap"),
	};

	return suite_run("unit.key", "unit", cases, COUNT(cases));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the library calls of OpenSSL: contexts used again, input in pieces, padding, threads.  Known
 * answers are in tests/vectors.
 */
#include "hash/crypto.h"

#include <pthread.h>

#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

static const uint8_t abc[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};

START_TEST(one_computation_is_used_again_and_again)
{
	CLEANUP(vres_sha256_close) struct sha256 h = {0};
	uint8_t digest[32];
	vres_error err;

	ck_ok(vres_sha256_open(&h, &err));
	for (unsigned i = 0; i < 3; i++) {
		ck_ok(vres_sha256_begin(&h, &err));
		ck_ok(vres_sha256_add(&h, "abc", 3, &err));
		ck_ok(vres_sha256_end(&h, digest, &err));
		ck_assert_mem_eq(digest, abc, 32);
	}
}
END_TEST

START_TEST(opening_begins_and_beginning_forgets_what_was_added)
{
	CLEANUP(vres_sha256_close) struct sha256 h = {0};
	uint8_t digest[32];
	vres_error err;

	ck_ok(vres_sha256_open(&h, &err));
	ck_ok(vres_sha256_add(&h, "abc", 3, &err));
	ck_ok(vres_sha256_end(&h, digest, &err));
	ck_assert_mem_eq(digest, abc, 32);
	ck_ok(vres_sha256_begin(&h, &err));
	ck_ok(vres_sha256_add(&h, "xyz", 3, &err));
	ck_ok(vres_sha256_begin(&h, &err));
	ck_ok(vres_sha256_add(&h, "abc", 3, &err));
	ck_ok(vres_sha256_end(&h, digest, &err));
	ck_assert_mem_eq(digest, abc, 32);
}
END_TEST

START_TEST(pieces_of_every_length_make_the_same_digest_as_the_whole)
{
	CLEANUP(vres_sha256_close) struct sha256 h = {0};
	uint8_t *bytes = content(1000, 1), want[32], got[32];
	vres_error err;

	sha256_of(bytes, 1000, want);
	ck_ok(vres_sha256_open(&h, &err));
	for (size_t step = 1; step <= 1000; step += 7) {
		ck_ok(vres_sha256_begin(&h, &err));
		for (size_t at = 0; at < 1000; at += step)
			ck_ok(vres_sha256_add(&h, bytes + at, step < 1000 - at ? step : 1000 - at,
			                      &err));
		ck_ok(vres_sha256_end(&h, got, &err));
		ck_assert_mem_eq(got, want, 32);
	}
	test_free(bytes);
}
END_TEST

START_TEST(whole_is_begin_add_and_end_and_may_be_used_again)
{
	static const size_t lengths[] = {0, 1, 63, 64, 1023, 1024, 1025, 4096, 65536};
	CLEANUP(vres_sha256_close) struct sha256 h = {0};
	uint8_t *bytes = content(65536, 2), want[32], got[32];
	vres_error err;

	ck_ok(vres_sha256_open(&h, &err));
	for (size_t i = 0; i < COUNT(lengths); i++) {
		sha256_of(bytes, lengths[i], want);
		ck_ok(vres_sha256_add(&h, "left over", 9, &err));
		ck_ok(vres_sha256_whole(&h, bytes, lengths[i], got, &err));
		ck_assert_mem_eq(got, want, 32);
		ck_ok(vres_sha256_begin(&h, &err));
	}
	test_free(bytes);
}
END_TEST

START_TEST(closing_is_harmless_when_never_opened_and_when_done_twice)
{
	struct sha256 h = {0};
	vres_error err;

	vres_sha256_close(&h);
	ck_ok(vres_sha256_open(&h, &err));
	vres_sha256_close(&h);
	ck_assert_ptr_null(h.context);
	vres_sha256_close(&h);
}
END_TEST

START_TEST(hmac_depends_on_key_and_bytes_and_keeps_nothing_between_calls)
{
	uint8_t key[32], other[32], first[32], got[32], want[32];
	vres_error err;

	memset(key, 1, sizeof(key));
	memcpy(other, key, sizeof(other));
	other[31] ^= 1;
	hmac_sha256(key, 32, "message", 7, want);
	ck_ok(vres_crypto_hmac(key, "message", 7, first, &err));
	ck_assert_mem_eq(first, want, 32);
	ck_ok(vres_crypto_hmac(other, "message", 7, got, &err));
	ck_assert_mem_ne(got, first, 32);
	ck_ok(vres_crypto_hmac(key, "messagE", 7, got, &err));
	ck_assert_mem_ne(got, first, 32);
	ck_ok(vres_crypto_hmac(key, "message", 7, got, &err));
	ck_assert_mem_eq(got, first, 32);
}
END_TEST

START_TEST(one_keyed_hmac_serves_message_after_message)
{
	CLEANUP(vres_hmac_close) struct hmac h = {0};
	uint8_t key[32], want[32], got[32];
	uint8_t *bytes = content(500, 3);
	vres_error err;

	memset(key, 7, sizeof(key));
	ck_ok(vres_hmac_open(&h, key, &err));
	memset(key, 8, sizeof(key)); /* the caller's copy of the key may change */
	for (size_t n = 0; n <= 500; n += 25) {
		uint8_t old[32];

		memset(old, 7, sizeof(old));
		hmac_sha256(old, 32, bytes, n, want);
		ck_ok(vres_hmac_begin(&h, &err));
		ck_ok(vres_hmac_add(&h, bytes, n / 3, &err));
		ck_ok(vres_hmac_add(&h, bytes + n / 3, n - n / 3, &err));
		ck_ok(vres_hmac_end(&h, got, &err));
		ck_assert_mem_eq(got, want, 32);
	}
	ck_ok(vres_hmac_begin(&h, &err));
	ck_ok(vres_hmac_add(&h, "left half done", 14, &err));
	ck_ok(vres_hmac_begin(&h, &err));
	ck_ok(vres_hmac_add(&h, bytes, 500, &err));
	ck_ok(vres_hmac_end(&h, got, &err));
	ck_assert_mem_eq(got, want, 32);
	test_free(bytes);
}
END_TEST

START_TEST(hkdf_extracts_only_when_asked)
{
	uint8_t secret[32], prk[32], both[32], steps[32];
	const uint8_t no_salt[32] = {0};
	vres_error err;

	memset(secret, 7, sizeof(secret));
	ck_ok(vres_crypto_hkdf(true, secret, sizeof(secret), "info", 4, both, &err));
	/* RFC 5869, section 2.2 */
	ck_ok(vres_crypto_hmac(no_salt, secret, sizeof(secret), prk, &err));
	ck_ok(vres_crypto_hkdf(false, prk, sizeof(prk), "info", 4, steps, &err));
	ck_assert_mem_eq(steps, both, 32);
	ck_ok(vres_crypto_hkdf(false, secret, sizeof(secret), "info", 4, steps, &err));
	ck_assert_mem_ne(steps, both, 32);
	ck_ok(vres_crypto_hmac(prk, "info\1", 5, steps, &err)); /* section 2.3: T(1) */
	ck_assert_mem_eq(steps, both, 32);
}
END_TEST

START_TEST(equal_sees_a_difference_in_any_bit)
{
	uint8_t a[32], b[32];

	memset(a, 0x5a, sizeof(a));
	memcpy(b, a, sizeof(b));
	ck_assert(vres_crypto_equal(a, b, sizeof(a)));
	for (unsigned bit = 0; bit < 256; bit++) {
		b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(!vres_crypto_equal(a, b, sizeof(a)));
		ck_assert_int_eq(vres_crypto_equal(a, b, bit / 8), 1);
		b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert(vres_crypto_equal(a, b, 0));
}
END_TEST

START_TEST(wiping_overwrites_every_byte_and_no_other)
{
	uint8_t bytes[34];

	memset(bytes, 0xa5, sizeof(bytes));
	vres_crypto_wipe(bytes + 1, 32);
	ck_assert_uint_eq(bytes[0], 0xa5);
	ck_assert_uint_eq(bytes[33], 0xa5);
	for (unsigned i = 1; i < 33; i++)
		ck_assert_uint_eq(bytes[i], 0);
}
END_TEST

static void *hash_abc(void *arg)
{
	struct sha256 h = {0};
	uint8_t digest[32], mac[32];
	uintptr_t bad = 0;

	(void)arg;
	bad += vres_sha256_open(&h, NULL) != VRES_OK;
	bad += vres_sha256_add(&h, "abc", 3, NULL) != VRES_OK ||
	       vres_sha256_end(&h, digest, NULL) != VRES_OK;
	bad += memcmp(digest, abc, 32) != 0;
	bad += vres_crypto_hmac(digest, "abc", 3, mac, NULL) != VRES_OK;
	vres_sha256_close(&h);
	return (void *)bad;
}

/*
 * In Check's fork mode each test has a process of its own, so these threads really race for the
 * first use.
 */
START_TEST(threads_that_all_come_first_share_one_context)
{
	pthread_t threads[8];
	void *bad;

	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hash_abc, NULL), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		ck_assert_int_eq(pthread_join(threads[i], &bad), 0);
		ck_assert_ptr_null(bad);
	}
}
END_TEST

START_TEST(no_memory_for_the_context_is_a_status_and_the_next_call_tries_again)
{
	uint8_t mac[32], key[32] = {0};
	vres_status first;
	vres_error err;

	status_poison(&err);
	alloc_fail(1, false);
	first = vres_crypto_hmac(key, "", 0, mac, &err);
	if (alloc_disarm())
		ck_assert_int_eq(first, VRES_E_NO_MEMORY);
	else
		/* Without forks, an earlier test has already made the context. */
		ck_assert_int_eq(first, VRES_OK);
	ck_assert_ptr_null(status_flaw(first, &err));
	ck_ok(vres_crypto_hmac(key, "", 0, mac, &err));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(one_computation_is_used_again_and_again, "CI-004", "integrity", ""),
		CASE(opening_begins_and_beginning_forgets_what_was_added, "CI-004", "integrity",
	             "bytes of another computation"),
		CASE(pieces_of_every_length_make_the_same_digest_as_the_whole, "CI-004 WORKER-4113",
	             "integrity", ""),
		CASE(whole_is_begin_add_and_end_and_may_be_used_again, "CI-004", "integrity",
	             "bytes of an earlier digest"),
		CASE(closing_is_harmless_when_never_opened_and_when_done_twice,
	             "MS-005 WORKER-4083", "", ""),
		CASE(hmac_depends_on_key_and_bytes_and_keeps_nothing_between_calls, "CI-001 VR-002",
	             "authenticity", "a forged record"),
		CASE(one_keyed_hmac_serves_message_after_message, "CI-001", "authenticity",
	             "bytes of another message"),
		CASE(hkdf_extracts_only_when_asked, "CI-005", "confidentiality", ""),
		CASE(equal_sees_a_difference_in_any_bit, "CI-003 VR-003", "authenticity",
	             "a MAC that nearly fits"),
		CASE(wiping_overwrites_every_byte_and_no_other, "CI-006", "confidentiality",
	             "keys left in memory"),
		CASE(threads_that_all_come_first_share_one_context, "VR-008", "availability",
	             "a race for the first use"),
		CASE(no_memory_for_the_context_is_a_status_and_the_next_call_tries_again,
	             "WORKER-4150 WORKER-4952", "availability", ""),
	};

	return suite_run("unit.crypto", "unit", cases, COUNT(cases));
}

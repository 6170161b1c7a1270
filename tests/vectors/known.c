/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Known answers of FIPS 180-4, FIPS 198-1, RFC 5869 and fs-verity, in whatever file they stand. */
#include "known.h"

#include <stdio.h>
#include <vres/vres.h>

#include "support/suite/alloc.h"
#include "hash/crypto.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "hash/tree.h"
#include "base/validate.h"
#include "vector.h"

#define PERIOD ((size_t)11 * 439 * 1103)

static void release_bytes(uint8_t **bytes)
{
	test_free(*bytes);
}

static void sha256_repeated(const void *message, size_t n, uint64_t times, uint8_t digest[32])
{
	CLEANUP(vres_sha256_close) struct sha256 h = {0};
	vres_error err;

	ck_ok(vres_sha256_open(&h, &err));
	for (uint64_t i = 0; i < times; i++)
		if (vres_sha256_add(&h, message, n, &err) != VRES_OK)
			ck_abort_msg("%s", err.message);
	ck_ok(vres_sha256_end(&h, digest, &err));
}

unsigned known_sha256(const char *path)
{
	CLEANUP(vectors_close) struct vectors *v = vectors_open(path);
	unsigned blocks = 0;

	for (; vectors_next(v); blocks++) {
		size_t n;
		CLEANUP(release_bytes) uint8_t *message = vectors_bytes(v, "message", &n);
		uint8_t got[32], want[32];

		vectors_exactly(v, "digest", want, sizeof(want));
		sha256_repeated(message, n, vectors_number(v, "repeat"), got);
		ck_assert_msg(memcmp(got, want, 32) == 0, "%s: block %u", path, blocks);
	}
	return blocks;
}

/* The Secure Hash Algorithm Validation System, 6.4 */
static void monte_round(uint8_t seed[32])
{
	CLEANUP(vres_sha256_close) struct sha256 h = {0};
	uint8_t last[96];
	vres_error err;

	for (unsigned i = 0; i < 3; i++)
		memcpy(last + (size_t)32 * i, seed, 32);
	ck_ok(vres_sha256_open(&h, &err));
	for (unsigned i = 0; i < 1000; i++) {
		if (vres_sha256_begin(&h, NULL) != VRES_OK ||
		    vres_sha256_add(&h, last, sizeof(last), NULL) != VRES_OK ||
		    vres_sha256_end(&h, seed, NULL) != VRES_OK)
			ck_abort_msg("round %u", i);
		memmove(last, last + 32, 64);
		memcpy(last + 64, seed, 32);
	}
}

unsigned known_sha256_monte(const char *path)
{
	CLEANUP(vectors_close) struct vectors *v = vectors_open(path);
	unsigned blocks = 0;

	for (; vectors_next(v); blocks++) {
		uint8_t seed[32], want[32];

		vectors_exactly(v, "seed", seed, sizeof(seed));
		vectors_exactly(v, "digest", want, sizeof(want));
		monte_round(seed);
		ck_assert_msg(memcmp(seed, want, 32) == 0, "%s: block %u", path, blocks);
	}
	return blocks;
}

/*
 * HMAC pads a key with zeros to the 64 bytes of a SHA-256 block, and hashes one that is longer: so
 * a key of any length but 33 to 64 has an equal of exactly 32 bytes, which is what the core takes.
 */
static void key_of_32(const uint8_t *key, size_t n, uint8_t out[32])
{
	ck_assert_msg(n <= 32 || n > 64, "a key of %zu bytes has no equal of 32", n);
	memset(out, 0, 32);
	if (n > 64)
		sha256_repeated(key, n, 1, out);
	else
		memcpy(out, key, n);
}

static bool is_invalid(const struct vectors *v)
{
	return vectors_have(v, "result") && strcmp(vectors_text(v, "result"), "invalid") == 0;
}

unsigned known_hmac(const char *path)
{
	CLEANUP(vectors_close) struct vectors *v = vectors_open(path);
	unsigned blocks = 0;

	for (; vectors_next(v); blocks++) {
		size_t key_n, data_n, mac_n;
		CLEANUP(release_bytes) uint8_t *key = vectors_bytes(v, "key", &key_n);
		CLEANUP(release_bytes) uint8_t *data = vectors_bytes(v, "data", &data_n);
		CLEANUP(release_bytes) uint8_t *mac = vectors_bytes(v, "mac", &mac_n);
		uint8_t key32[32], got[32];
		vres_error err;

		ck_assert_uint_le(mac_n, 32);
		ck_assert_uint_ge(mac_n, 16);
		key_of_32(key, key_n, key32);
		ck_ok(vres_crypto_hmac(key32, data, data_n, got, &err));
		ck_assert_msg(vres_crypto_equal(got, mac, mac_n) != is_invalid(v), "%s: block %u",
		              path, blocks);
	}
	return blocks;
}

unsigned known_hkdf(const char *path)
{
	CLEANUP(vectors_close) struct vectors *v = vectors_open(path);
	unsigned blocks = 0;

	for (; vectors_next(v); blocks++) {
		size_t ikm_n, salt_n, info_n, okm_n;
		CLEANUP(release_bytes) uint8_t *ikm = vectors_bytes(v, "ikm", &ikm_n);
		CLEANUP(release_bytes) uint8_t *salt = vectors_bytes(v, "salt", &salt_n);
		CLEANUP(release_bytes) uint8_t *info = vectors_bytes(v, "info", &info_n);
		CLEANUP(release_bytes) uint8_t *okm = vectors_bytes(v, "okm", &okm_n);
		uint8_t salt32[32], prk[32], want[32], got[32];
		vres_error err;

		okm_n = okm_n < 32 ? okm_n : 32;
		key_of_32(salt, salt_n, salt32);
		ck_ok(vres_crypto_hmac(salt32, ikm, ikm_n, prk, &err)); /* extract */
		if (vectors_have(v, "prk")) {
			vectors_exactly(v, "prk", want, sizeof(want));
			ck_assert_mem_eq(prk, want, 32);
		}
		ck_ok(vres_crypto_hkdf(false, prk, sizeof(prk), info, info_n, got, &err));
		ck_assert_msg(memcmp(got, okm, okm_n) == 0, "%s: block %u, expand", path, blocks);
		if (salt_n > 0)
			continue;
		ck_ok(vres_crypto_hkdf(true, ikm, ikm_n, info, info_n, got, &err));
		ck_assert_msg(memcmp(got, okm, okm_n) == 0, "%s: block %u, both", path, blocks);
	}
	return blocks;
}

/* The rule's bytes repeat: one period of them serves every size. */
static uint8_t *one_period(void)
{
	uint8_t *bytes = test_alloc(PERIOD);

	for (size_t i = 0; i < PERIOD; i++)
		bytes[i] = (uint8_t)(i % 11 + i % 439 + i % 1103);
	return bytes;
}

struct digests {
	struct tree_builder tree;
	vres_digester *verity, *flat;
};

static void digests_close(struct digests *d)
{
	tree_close(&d->tree);
	vres_digester_destroy(d->verity);
	vres_digester_destroy(d->flat);
}

/* In pieces of a prime length, so that block ends fall anywhere in them. */
static void feed(struct digests *d, const uint8_t *period, uint64_t size)
{
	vres_error err;

	for (uint64_t at = 0; at < size;) {
		const size_t from = (size_t)(at % PERIOD),
			     room = PERIOD - from < 99991 ? PERIOD - from : 99991;
		const size_t n = size - at < room ? (size_t)(size - at) : room;

		if (tree_add(&d->tree, period + from, n, &err) != VRES_OK ||
		    vres_digester_update(d->verity, period + from, n, &err) != VRES_OK ||
		    vres_digester_update(d->flat, period + from, n, &err) != VRES_OK)
			ck_abort_msg("%s", err.message);
		at += n;
	}
}

static void ck_digester(const struct vectors *v, const char *key, vres_digester *d)
{
	char hex[65];
	vres_error err;

	ck_ok(vres_digester_final(d, hex, &err));
	if (vectors_have(v, key))
		ck_assert_msg(strcmp(hex, vectors_text(v, key)) == 0, "%s of %s bytes", key,
		              vectors_text(v, "size"));
}

static void ck_verity(const struct vectors *v, const uint8_t *period)
{
	const uint64_t size = vectors_number(v, "size");
	const uint32_t block_size = (uint32_t)vectors_number(v, "block_size");
	CLEANUP(digests_close) struct digests d = {0};
	uint8_t root[32], digest[32];
	char hex[65];
	vres_error err;

	ck_ok(tree_open(&d.tree, block_size, &err));
	ck_ok(vres_digester_create(VRES_DIGEST_VERITY, block_size, &d.verity, &err));
	ck_ok(vres_digester_create(VRES_DIGEST_SHA256, 0, &d.flat, &err));
	feed(&d, period, size);
	ck_ok(tree_finish(&d.tree, 0, root, &err));
	vres_hex(root, hex);
	if (vectors_have(v, "root"))
		ck_assert_str_eq(hex, vectors_text(v, "root"));
	ck_ok(tree_digest(size, block_size, root, digest, &err));
	vres_hex(digest, hex);
	ck_assert_str_eq(hex, vectors_text(v, "digest"));
	ck_digester(v, "digest", d.verity);
	ck_digester(v, "sha256", d.flat);
}

unsigned known_verity(const char *path)
{
	CLEANUP(vectors_close) struct vectors *v = vectors_open(path);
	CLEANUP(release_bytes) uint8_t *period = one_period();
	unsigned blocks = 0;

	for (; vectors_next(v); blocks++)
		ck_verity(v, period);
	return blocks;
}

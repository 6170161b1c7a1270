/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only door to OpenSSL: SHA-256, HMAC-SHA256, HKDF-SHA256, constant-time comparison, wiping.
 *
 * Everything goes through one explicit library context whose algorithms are fetched once
 * (docs/DESIGN.md, "OpenSSL"): an implicit fetch costs time at every use, and its default context
 * crashes when memory runs out.
 */
#ifndef VRES_CORE_HASH_CRYPTO_H
#define VRES_CORE_HASH_CRYPTO_H

#include "base/error.h"

/* A reusable SHA-256 computation. */
struct sha256 {
	void *context;
};

vres_status vres_sha256_open(struct sha256 *h, vres_error *err);
void vres_sha256_close(struct sha256 *h);
vres_status vres_sha256_begin(struct sha256 *h, vres_error *err);
vres_status vres_sha256_add(struct sha256 *h, const void *bytes, size_t n, vres_error *err);
vres_status vres_sha256_end(struct sha256 *h, uint8_t digest[VRES_SHA256_BYTES], vres_error *err);

/* Begin, add @n bytes, end. */
vres_status vres_sha256_whole(struct sha256 *h, const void *bytes, size_t n,
                              uint8_t digest[VRES_SHA256_BYTES], vres_error *err);

vres_status vres_crypto_hmac(const uint8_t key[VRES_SHA256_BYTES], const void *bytes, size_t n,
                             uint8_t mac[VRES_SHA256_BYTES], vres_error *err);

/*
 * HMAC-SHA256 under one key, again and again: the key is prepared once, which is half of the work
 * for a message of a line's length.
 */
struct hmac {
	void *context;
};

vres_status vres_hmac_open(struct hmac *h, const uint8_t key[VRES_SHA256_BYTES], vres_error *err);
void vres_hmac_close(struct hmac *h);
vres_status vres_hmac_begin(struct hmac *h, vres_error *err);
vres_status vres_hmac_add(struct hmac *h, const void *bytes, size_t n, vres_error *err);
vres_status vres_hmac_end(struct hmac *h, uint8_t mac[VRES_SHA256_BYTES], vres_error *err);

/*
 * HKDF-SHA256, 32 bytes out.  With @extract: extract (no salt) and expand; without: expand only,
 * @secret being the pseudo-random key.
 */
vres_status vres_crypto_hkdf(bool extract, const void *secret, size_t n, const void *info,
                             size_t info_n, uint8_t out[VRES_SHA256_BYTES], vres_error *err);

/* Compare @n bytes in time that does not depend on them. */
bool vres_crypto_equal(const void *a, const void *b, size_t n);

/* Name and version of the libcrypto in use. */
const char *vres_crypto_version(void);

/* Overwrite what the compiler might otherwise leave. */
void vres_crypto_wipe(void *bytes, size_t n);

#endif

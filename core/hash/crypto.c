/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OpenSSL 3 behind a dozen verbs.  Standards: FIPS 180-4 (SHA-256), FIPS 198-1 (HMAC), RFC 5869
 * (HKDF).
 *
 * The library context is the one process-wide object of this library.  The first call makes it and
 * publishes it by one atomic exchange; it is kept until the process ends, because making and
 * freeing it again under memory pressure leaks inside libcrypto.
 */
#include "hash/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdatomic.h>

#include "os/os.h"

struct algorithms {
	OSSL_LIB_CTX *library;
	OSSL_PROVIDER *provider;
	EVP_MD *sha256;
	/*
	 * HMAC-SHA256 without a key: duplicated for each use, which spares the fetch of its digest;
	 * never written again.
	 */
	EVP_MAC_CTX *hmac;
	EVP_KDF *hkdf;
};

/*
 * For CLEANUP: drop what failing calls have put into this thread's OpenSSL error queue, where it
 * would mislead an application that uses OpenSSL itself.
 */
static void errors_restore(const int *mark)
{
	(void)mark;
	(void)ERR_pop_to_mark();
}

static void algorithms_destroy(struct algorithms **slot)
{
	struct algorithms *a = *slot;

	if (a == NULL)
		return;
	EVP_KDF_free(a->hkdf);
	EVP_MAC_CTX_free(a->hmac);
	EVP_MD_free(a->sha256);
	if (a->provider)
		(void)OSSL_PROVIDER_unload(a->provider);
	OSSL_LIB_CTX_free(a->library);
	vres_os_free(a);
}

static vres_status no_openssl(vres_error *err)
{
	return vres_fail(err, VRES_E_NO_MEMORY, "OpenSSL could not get its algorithms ready");
}

static EVP_MAC_CTX *hmac_create(OSSL_LIB_CTX *library)
{
	char digest_name[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
		OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(library, "HMAC", NULL);
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac); /* the context holds a reference of its own */
	if (context && EVP_MAC_CTX_set_params(context, params) != 1) {
		EVP_MAC_CTX_free(context);
		return NULL;
	}
	return context;
}

static vres_status algorithms_create(struct algorithms **out, vres_error *err)
{
	CLEANUP(algorithms_destroy) struct algorithms *a = vres_os_alloc(sizeof(*a));

	if (a == NULL || (a->library = OSSL_LIB_CTX_new()) == NULL ||
	    (a->provider = OSSL_PROVIDER_load(a->library, "default")) == NULL)
		return no_openssl(err);
	a->sha256 = EVP_MD_fetch(a->library, "SHA256", NULL);
	a->hmac = hmac_create(a->library);
	a->hkdf = EVP_KDF_fetch(a->library, "HKDF", NULL);
	if (a->sha256 == NULL || a->hmac == NULL || a->hkdf == NULL)
		return no_openssl(err);
	*out = TAKE(a);
	return VRES_OK;
}

static vres_status algorithms_get(const struct algorithms **out, vres_error *err)
{
	static _Atomic(struct algorithms *) ready;
	CLEANUP(algorithms_destroy) struct algorithms *mine = NULL;
	struct algorithms *published = atomic_load_explicit(&ready, memory_order_acquire);

	if (published == NULL) {
		CLEANUP(errors_restore) const int mark = ERR_set_mark();

		TRY(algorithms_create(&mine, err));
		if (atomic_compare_exchange_strong(&ready, &published, mine))
			published = TAKE(mine);
	}
	*out = published;
	return VRES_OK;
}

/* These calls fail only if memory is short or the provider is broken, never by a caller's fault. */
static vres_status outcome(int ok, const char *what, vres_error *err)
{
	return ok == 1 ? VRES_OK : vres_fail(err, VRES_E_NO_MEMORY, "OpenSSL failed in %s", what);
}

vres_status vres_sha256_open(struct sha256 *h, vres_error *err)
{
	const struct algorithms *a;
	EVP_MD_CTX *context;
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	TRY(algorithms_get(&a, err));
	context = EVP_MD_CTX_new();
	if (context == NULL || EVP_DigestInit_ex2(context, a->sha256, NULL) != 1) {
		EVP_MD_CTX_free(context);
		return outcome(0, "SHA-256", err);
	}
	h->context = context;
	return VRES_OK;
}

void vres_sha256_close(struct sha256 *h)
{
	EVP_MD_CTX_free(h->context);
	h->context = NULL;
}

static vres_status begin(struct sha256 *h, vres_error *err)
{
	return outcome(EVP_DigestInit_ex2(h->context, NULL, NULL), "SHA-256", err);
}

static vres_status add(struct sha256 *h, const void *bytes, size_t n, vres_error *err)
{
	return outcome(EVP_DigestUpdate(h->context, bytes, n), "SHA-256", err);
}

static vres_status end(struct sha256 *h, uint8_t digest[VRES_SHA256_BYTES], vres_error *err)
{
	return outcome(EVP_DigestFinal_ex(h->context, digest, NULL), "SHA-256", err);
}

vres_status vres_sha256_begin(struct sha256 *h, vres_error *err)
{
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	return begin(h, err);
}

vres_status vres_sha256_add(struct sha256 *h, const void *bytes, size_t n, vres_error *err)
{
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	return add(h, bytes, n, err);
}

vres_status vres_sha256_end(struct sha256 *h, uint8_t digest[VRES_SHA256_BYTES], vres_error *err)
{
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	return end(h, digest, err);
}

vres_status vres_sha256_whole(struct sha256 *h, const void *bytes, size_t n,
                              uint8_t digest[VRES_SHA256_BYTES], vres_error *err)
{
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	TRY(begin(h, err));
	TRY(add(h, bytes, n, err));
	return end(h, digest, err);
}

static void mac_free(EVP_MAC_CTX **slot)
{
	EVP_MAC_CTX_free(*slot);
}

static vres_status hmac_add(EVP_MAC_CTX *context, const void *bytes, size_t n, vres_error *err)
{
	return outcome(EVP_MAC_update(context, bytes, n), "HMAC", err);
}

static vres_status hmac_end(EVP_MAC_CTX *context, uint8_t mac[VRES_SHA256_BYTES], vres_error *err)
{
	uint8_t out[VRES_SHA256_BYTES];
	size_t length = 0;

	TRY(outcome(EVP_MAC_final(context, out, &length, sizeof(out)), "HMAC", err));
	TRY(outcome(length == sizeof(out), "HMAC", err));
	memcpy(mac, out, sizeof(out));
	return VRES_OK;
}

/* A context under @key, ready for a message. */
static vres_status hmac_keyed(const uint8_t key[VRES_SHA256_BYTES], EVP_MAC_CTX **out,
                              vres_error *err)
{
	CLEANUP(mac_free) EVP_MAC_CTX *context = NULL;
	const struct algorithms *a;

	TRY(algorithms_get(&a, err));
	context = EVP_MAC_CTX_dup(a->hmac);
	TRY(outcome(context != NULL, "HMAC", err));
	TRY(outcome(EVP_MAC_init(context, key, VRES_SHA256_BYTES, NULL), "HMAC", err));
	*out = TAKE(context);
	return VRES_OK;
}

vres_status vres_crypto_hmac(const uint8_t key[VRES_SHA256_BYTES], const void *bytes, size_t n,
                             uint8_t mac[VRES_SHA256_BYTES], vres_error *err)
{
	CLEANUP(mac_free) EVP_MAC_CTX *context = NULL;
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	TRY(hmac_keyed(key, &context, err));
	TRY(hmac_add(context, bytes, n, err));
	return hmac_end(context, mac, err);
}

vres_status vres_hmac_open(struct hmac *h, const uint8_t key[VRES_SHA256_BYTES], vres_error *err)
{
	EVP_MAC_CTX *context = NULL;
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	TRY(hmac_keyed(key, &context, err));
	h->context = context;
	return VRES_OK;
}

void vres_hmac_close(struct hmac *h)
{
	EVP_MAC_CTX_free(h->context);
	h->context = NULL;
}

/* Without a key EVP_MAC_init() starts anew under the one it has. */
vres_status vres_hmac_begin(struct hmac *h, vres_error *err)
{
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	return outcome(EVP_MAC_init(h->context, NULL, 0, NULL), "HMAC", err);
}

vres_status vres_hmac_add(struct hmac *h, const void *bytes, size_t n, vres_error *err)
{
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	return hmac_add(h->context, bytes, n, err);
}

vres_status vres_hmac_end(struct hmac *h, uint8_t mac[VRES_SHA256_BYTES], vres_error *err)
{
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	return hmac_end(h->context, mac, err);
}

static void kdf_free(EVP_KDF_CTX **slot)
{
	EVP_KDF_CTX_free(*slot);
}

vres_status vres_crypto_hkdf(bool extract, const void *secret, size_t n, const void *info,
                             size_t info_n, uint8_t out[VRES_SHA256_BYTES], vres_error *err)
{
	CLEANUP(kdf_free) EVP_KDF_CTX *context = NULL;
	int mode = extract ? EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND : EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	char digest_name[] = "SHA256";
	/* OpenSSL's parameter arrays are not const, but inputs are only read. */
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name, 0),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info,
	                                          info_n),
		OSSL_PARAM_construct_end(),
	};
	const struct algorithms *a;
	CLEANUP(errors_restore) const int mark = ERR_set_mark();

	TRY(algorithms_get(&a, err));
	context = EVP_KDF_CTX_new(a->hkdf);
	TRY(outcome(context != NULL, "HKDF", err));
	return outcome(EVP_KDF_derive(context, out, VRES_SHA256_BYTES, params), "HKDF", err);
}

bool vres_crypto_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void vres_crypto_wipe(void *bytes, size_t n)
{
	OPENSSL_cleanse(bytes, n);
}

const char *vres_crypto_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands between a request and its answer: calls that take microseconds. */
#include "bench.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>
#include "support/suite/alloc.h"

enum { CALLS = 20000, SMALL = 64 * 1024 };

void bench_calls(struct figures *f, const char *const names[3], work_fn work, void *arg,
                 const char *beside)
{
	uint64_t *ns = malloc(CALLS * sizeof(*ns)), allocations;

	must(ns != NULL, "no memory");
	for (unsigned i = 0; i < CALLS / 10; i++)
		work(arg);
	allocations = alloc_calls();
	for (unsigned i = 0; i < CALLS; i++) {
		const uint64_t start = now();

		work(arg);
		ns[i] = now() - start;
	}
	allocations = alloc_calls() - allocations;
	figures_add(f, names[0], percentile(ns, CALLS, 50) / 1000, "us", beside, NULL);
	figures_add(f, names[1], percentile(ns, CALLS, 99) / 1000, "us", NULL, NULL);
	if (names[2])
		figures_add(f, names[2], (double)allocations / CALLS, "allocations", NULL, NULL);
	free(ns);
}

/* The bare HMAC over as many bytes as are signed, with its algorithm fetched before. */
struct hmac {
	EVP_MAC_CTX *keyless;
	uint8_t bytes[2048], key[32];
	size_t n;
};

static void work_hmac(void *arg)
{
	struct hmac *h = arg;
	EVP_MAC_CTX *c = EVP_MAC_CTX_dup(h->keyless);
	uint8_t mac[32];
	size_t n = 0;

	must(c && EVP_MAC_init(c, h->key, sizeof(h->key), NULL) == 1 &&
	             EVP_MAC_update(c, h->bytes, h->n) == 1 &&
	             EVP_MAC_final(c, mac, &n, sizeof(mac)) == 1,
	     "no HMAC");
	EVP_MAC_CTX_free(c);
}

static void hmac_open(struct hmac *h, size_t n)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	memset(h, 0x5a, sizeof(*h));
	h->n = n;
	h->keyless = EVP_MAC_CTX_new(mac);
	must(h->keyless && EVP_MAC_CTX_set_params(h->keyless, params) == 1, "no HMAC");
	EVP_MAC_free(mac);
}

static void work_signature(void *arg)
{
	bench_verify(arg, VRES_VERIFY_SIGNATURE);
}

static void work_lease(void *arg)
{
	const struct bench *b = arg;
	vres_lease *lease;

	must(vres_lease_acquire(b->shard, &lease, NULL) == VRES_OK, "no lease");
	vres_lease_release(lease);
}

/* What stands between a request and its answer. */
void bench_latency(struct figures *f)
{
	static const char *const of_hmac[] = {"hmac_alone_median", "hmac_alone_p99", NULL};
	static const char *const of_signature[] = {"verify_signature_median",
	                                           "verify_signature_p99", "verify_signature_heap"};
	static const char *const of_lease[] = {"lease_fresh_median", "lease_fresh_p99",
	                                       "lease_fresh_heap"};
	struct bench b = {.bytes = SMALL, .data = calloc(1, SMALL)};
	struct hmac hmac;
	size_t receipt = 0;

	must(b.data != NULL, "no memory");
	bench_open(&b, SMALL, UINT64_C(3600000000000));
	bench_seal(&b, VRES_DIGEST_SHA256, NULL);
	must(vres_shard_receipt(b.shard, NULL, 0, &receipt, NULL) == VRES_E_BUFFER, "no receipt");
	hmac_open(&hmac, receipt - 32);
	bench_calls(f, of_hmac, work_hmac, &hmac, NULL);
	bench_calls(f, of_signature, work_signature, &b, "hmac_alone_median");
	bench_calls(f, of_lease, work_lease, &b, "hmac_alone_median");
	EVP_MAC_CTX_free(hmac.keyless);
	free(b.data);
	bench_close(&b);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hashing on the host: a core, all cores, and readback, beside OpenSSL on the same blocks and
 * beside a copy.
 *
 * What is compared takes turns, so that whatever else the machine does falls on all alike, and the
 * medians are told.
 */
#include "bench.h"

#include <openssl/evp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, SMALL = 1000000, SMALL_ROUNDS = 201 };

struct hashing {
	struct bench bench; /* with a VERITY shard */
	EVP_MD *md;
	EVP_MD_CTX *context;
	uint64_t bytes;
};

static void work_copy(void *arg)
{
	const struct hashing *h = arg;

	memcpy(h->bench.copy, h->bench.data, h->bytes);
}

/* The best OpenSSL can do for a tree: the algorithm fetched before, one context for all blocks. */
static void work_openssl(void *arg)
{
	const struct hashing *h = arg;
	uint8_t digest[32];

	for (uint64_t at = 0; at + BLOCK <= h->bytes; at += BLOCK)
		must(EVP_DigestInit_ex2(h->context, NULL, NULL) == 1 &&
		             EVP_DigestUpdate(h->context, h->bench.data + at, BLOCK) == 1 &&
		             EVP_DigestFinal_ex(h->context, digest, NULL) == 1,
		     "no SHA-256");
}

static void work_tree(void *arg)
{
	const struct hashing *h = arg;
	vres_digester *d;
	char hex[65];

	must(vres_digester_create(VRES_DIGEST_VERITY, BLOCK, &d, NULL) == VRES_OK &&
	             vres_digester_update(d, h->bench.data, h->bytes, NULL) == VRES_OK &&
	             vres_digester_final(d, hex, NULL) == VRES_OK,
	     "no digest");
	vres_digester_destroy(d);
}

/* A digester uses the cores that the thread which creates it may run on. */
static void work_tree_one_core(void *arg)
{
	cpu_set_t all, one;

	must(sched_getaffinity(0, sizeof(all), &all) == 0,
	     "the kernel does not tell which cores there are");
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	must(sched_setaffinity(0, sizeof(one), &one) == 0, "no core for one thread");
	work_tree(arg);
	must(sched_setaffinity(0, sizeof(all), &all) == 0, "the cores are not to be had back");
}

static void work_readback(void *arg)
{
	const struct hashing *h = arg;

	bench_verify(&h->bench, VRES_VERIFY_READBACK);
}

static double cores(void)
{
	cpu_set_t all;

	return sched_getaffinity(0, sizeof(all), &all) == 0 ? CPU_COUNT(&all) : 1;
}

static void hashing_open(struct hashing *h, uint64_t bytes)
{
	*h = (struct hashing){
		.bench = {.bytes = bytes, .data = malloc(bytes), .copy = malloc(bytes)},
		.bytes = bytes};
	must(h->bench.data && h->bench.copy, "no memory");
	for (uint64_t i = 0; i < bytes; i++)
		h->bench.data[i] = (uint8_t)(i * 131 + i / 4093);
	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->context = EVP_MD_CTX_new();
	must(h->md && h->context && EVP_DigestInit_ex2(h->context, h->md, NULL) == 1, "no SHA-256");
	bench_open_without_hash(&h->bench, bytes);
	bench_seal(&h->bench, VRES_DIGEST_VERITY, NULL);
}

static void hashing_close(struct hashing *h)
{
	EVP_MD_CTX_free(h->context);
	EVP_MD_free(h->md);
	free(h->bench.data);
	free(h->bench.copy);
	bench_close(&h->bench);
}

void bench_hashing(struct figures *f, uint64_t bytes)
{
	struct hashing h;
	const struct contest contests[] = {
		{"copy", work_copy, NULL},
		{"openssl_blocks", work_openssl, NULL},
		{"tree_one_core", work_tree_one_core, NULL},
		{"tree_all_cores", work_tree, NULL},
		{"readback_verity", work_readback, NULL},
	};
	double rates[5];

	hashing_open(&h, bytes);
	contest_run(contests, 5, &h, bytes, rates);
	figures_add(f, "cores", cores(), "cores", NULL, NULL);
	figures_add(f, "copy", rates[0], "GB/s", NULL, NULL);
	figures_add(f, "openssl_blocks", rates[1], "GB/s", "copy", NULL);
	figures_add(f, "tree_one_core", rates[2], "GB/s", "openssl_blocks", NULL);
	figures_add(f, "tree_all_cores", rates[3], "GB/s", "tree_one_core", "openssl_blocks");
	figures_add(f, "readback_bound",
	            rates[0] < cores() * rates[2] ? rates[0] : cores() * rates[2], "GB/s", NULL,
	            NULL);
	figures_add(f, "readback_verity", rates[4], "GB/s", "readback_bound", "copy");
	hashing_close(&h);
}

/* A megabyte, where threads, buffers and locks weigh more than bytes. */
void bench_small(struct figures *f)
{
	struct bench b = {.bytes = SMALL, .data = calloc(1, SMALL)};
	uint64_t seal[SMALL_ROUNDS], verify[SMALL_ROUNDS];

	must(b.data != NULL, "no memory");
	bench_open_without_hash(&b, SMALL);
	for (unsigned i = 0; i < SMALL_ROUNDS; i++) {
		uint64_t start;

		bench_release(&b);
		start = now();
		bench_seal(&b, VRES_DIGEST_VERITY, NULL);
		seal[i] = now() - start;
		start = now();
		bench_verify(&b, VRES_VERIFY_READBACK);
		verify[i] = now() - start;
	}
	figures_add(f, "seal_1mb_readback_median", percentile(seal, SMALL_ROUNDS, 50) / 1e6, "ms",
	            NULL, NULL);
	figures_add(f, "verify_1mb_readback_median", percentile(verify, SMALL_ROUNDS, 50) / 1e6,
	            "ms", NULL, NULL);
	free(b.data);
	bench_close(&b);
}

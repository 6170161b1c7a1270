/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work on many bytes, beside the bare copy and the bare hash of them. */
#include "bench.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5 };

/*
 * The fastest of a few rounds, since whatever else the machine does only slows them; @before each
 * of them comes what is not timed.
 */
static void time_bytes(struct figures *f, const char *name, work_fn before, work_fn work,
                       struct bench *b, const char *beside, const char *beside_too)
{
	uint64_t ns[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		before(b);
		const uint64_t start = now();
		work(b);
		ns[i] = now() - start;
	}
	figures_add(f, name, (double)b->bytes / percentile(ns, ROUNDS, 0), "GB/s", beside,
	            beside_too);
}

static void work_none(void *arg)
{
	(void)arg;
}

static void work_memcpy(void *arg)
{
	const struct bench *b = arg;

	memcpy(b->copy, b->data, b->bytes);
}

static void work_sha256(void *arg)
{
	const struct bench *b = arg;
	uint8_t digest[32];

	must(EVP_Digest(b->data, b->bytes, digest, NULL, EVP_sha256(), NULL) == 1, "no SHA-256");
}

static void work_seal_verity(void *arg)
{
	bench_seal(arg, VRES_DIGEST_VERITY, NULL);
}

static void work_seal_expected(void *arg)
{
	struct bench *b = arg;

	bench_seal(b, VRES_DIGEST_VERITY, b->verity);
}

static void work_seal_sha256(void *arg)
{
	bench_seal(arg, VRES_DIGEST_SHA256, NULL);
}

static void work_full(void *arg)
{
	bench_verify(arg, VRES_VERIFY_FULL);
}

static void work_readback(void *arg)
{
	bench_verify(arg, VRES_VERIFY_READBACK);
}

void bench_throughput(struct figures *f, uint64_t bytes)
{
	struct bench b = {.bytes = bytes, .data = malloc(bytes), .copy = malloc(bytes)};
	vres_shard_info info = vres_shard_info_init();

	must(b.data && b.copy, "no memory");
	for (uint64_t i = 0; i < bytes; i++)
		b.data[i] = (uint8_t)(i * 131 + i / 4093);
	bench_open(&b, bytes, 0);
	time_bytes(f, "memcpy", work_none, work_memcpy, &b, NULL, NULL);
	time_bytes(f, "sha256_alone", work_none, work_sha256, &b, "memcpy", NULL);
	time_bytes(f, "seal_verity", bench_release, work_seal_verity, &b, "memcpy", "sha256_alone");
	must(vres_shard_describe(b.shard, &info, NULL) == VRES_OK, "no description");
	memcpy(b.verity, info.verity_digest, sizeof(b.verity));
	time_bytes(f, "seal_verity_expected", bench_release, work_seal_expected, &b, "memcpy",
	           "sha256_alone");
	time_bytes(f, "seal_sha256", bench_release, work_seal_sha256, &b, "memcpy", "sha256_alone");
	time_bytes(f, "verify_full_mock", work_none, work_full, &b, "sha256_alone", NULL);
	time_bytes(f, "verify_readback", work_none, work_readback, &b, "memcpy", "sha256_alone");
	free(b.data);
	free(b.copy);
	bench_close(&b);
}

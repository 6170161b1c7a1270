/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many small shards verified in one call, and one by one, beside one of their size.  By processor
 * time, since the mock hashes on the calling thread and the difference is small.  What is not
 * hashing, signature and residency, by the clock on the wall, since several threads do it.
 */
#include "bench.h"

#include <stdlib.h>

#define SMALL  (UINT64_C(1) << 20)
#define ROUNDS 5

struct crowd {
	struct bench b;
	vres_shard **shards;
	size_t n;
};

static void verify_all(struct crowd *c)
{
	must(vres_verify_many(c->b.manager, c->shards, c->n, NULL, NULL, NULL) == VRES_OK,
	     "a verification failed");
}

static void verify_each(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++)
		must(vres_shard_verify(c->shards[i], NULL, NULL, NULL) == VRES_OK,
		     "a verification failed");
}

static double rate_of(struct crowd *c, void (*verify)(struct crowd *), uint64_t bytes)
{
	uint64_t ns[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		const uint64_t start = processor_time();

		verify(c);
		ns[i] = processor_time() - start;
	}
	return (double)bytes / percentile(ns, ROUNDS, 0);
}

static double signatures(struct crowd *c, bool in_one_call)
{
	vres_verify_params p = vres_verify_params_init();
	uint64_t ns[20 * ROUNDS];

	p.mode = VRES_VERIFY_SIGNATURE;
	for (size_t round = 0; round < 20 * ROUNDS; round++) {
		const uint64_t start = now();

		if (in_one_call)
			must(vres_verify_many(c->b.manager, c->shards, c->n, &p, NULL, NULL) ==
			             VRES_OK,
			     "a verification failed");
		for (size_t i = 0; i < c->n && !in_one_call; i++)
			must(vres_shard_verify(c->shards[i], &p, NULL, NULL) == VRES_OK,
			     "a verification failed");
		ns[round] = now() - start;
	}
	return percentile(ns, 20 * ROUNDS, 50) / 1000;
}

/* @n shards of @each bytes. */
static struct crowd crowd_of(size_t n, uint64_t each)
{
	struct crowd c = {.n = n, .b = {.bytes = each, .data = calloc(1, each)}};

	c.shards = calloc(n, sizeof(*c.shards));
	must(c.b.data && c.shards, "no memory");
	bench_open(&c.b, n * each, 0);
	for (size_t i = 0; i < n; i++) {
		bench_seal(&c.b, VRES_DIGEST_VERITY, NULL);
		c.shards[i] = c.b.shard;
		c.b.shard = NULL;
	}
	return c;
}

static void crowd_free(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++)
		vres_shard_release(c->shards[i]);
	free(c->shards);
	free(c->b.data);
	bench_close(&c->b);
}

void bench_many(struct figures *f, uint64_t bytes)
{
	const size_t n = (size_t)(bytes / SMALL ? bytes / SMALL : 1);
	struct crowd large = crowd_of(1, n * SMALL), small = crowd_of(n, SMALL);

	figures_add(f, "verify_one_large", rate_of(&large, verify_each, n * SMALL), "GB/cpu_s",
	            NULL, NULL);
	figures_add(f, "verify_many_of_1_mib", rate_of(&small, verify_all, n * SMALL), "GB/cpu_s",
	            "verify_one_large", NULL);
	figures_add(f, "verify_each_of_1_mib", rate_of(&small, verify_each, n * SMALL), "GB/cpu_s",
	            "verify_one_large", NULL);
	crowd_free(&large);
	crowd_free(&small);
	small = crowd_of(1000, 4096);
	figures_add(f, "signature_1000_each", signatures(&small, false), "us", NULL, NULL);
	figures_add(f, "signature_1000_in_one_call", signatures(&small, true), "us",
	            "signature_1000_each", NULL);
	crowd_free(&small);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many small shards verified in one call, beside one of their size. */
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
	must(vres_verify_many(c->b.manager, c->shards, c->n, NULL, NULL, NULL) == VRES_OK, "a verification failed");
}

static void verify_each(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++)
		must(vres_shard_verify(c->shards[i], NULL, NULL, NULL) == VRES_OK, "a verification failed");
}

static double rate_of(struct crowd *c, void (*verify)(struct crowd *))
{
	uint64_t ns[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		const uint64_t start = now();

		verify(c);
		ns[i] = now() - start;
	}
	return (double)(c->n * SMALL) / percentile(ns, ROUNDS, 0);
}

void bench_many(struct figures *f, uint64_t bytes)
{
	struct crowd c = {.n = (size_t)(bytes / SMALL ? bytes / SMALL : 1)};

	c.b = (struct bench){.bytes = SMALL, .data = calloc(1, SMALL)};
	c.shards = calloc(c.n, sizeof(*c.shards));
	must(c.b.data && c.shards, "no memory");
	bench_open(&c.b, c.n * SMALL, 0);
	for (size_t i = 0; i < c.n; i++) {
		bench_seal(&c.b, VRES_DIGEST_VERITY, NULL);
		c.shards[i] = c.b.shard;
		c.b.shard = NULL;
	}
	figures_add(f, "verify_many_of_1_mib", rate_of(&c, verify_all), "GB/s", "verify_full_mock", NULL);
	figures_add(f, "verify_each_of_1_mib", rate_of(&c, verify_each), "GB/s", "verify_full_mock", NULL);
	for (size_t i = 0; i < c.n; i++)
		vres_shard_release(c.shards[i]);
	free(c.shards);
	free(c.b.data);
	bench_close(&c.b);
}

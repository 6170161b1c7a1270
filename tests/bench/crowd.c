/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a call costs while there are many shards of one block in one manager. */
#include "bench.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct crowd {
	struct bench b;
	vres_shard **shards;
	size_t n, next;
};

static void id_of(char id[32], size_t i)
{
	snprintf(id, 32, "shard-%zu", i);
}

static vres_shard *pick(struct crowd *c)
{
	/* Not one after the other: neighbours share cache lines. */
	c->next = (c->next + 7919) % c->n;
	return c->shards[c->next];
}

static void call_find(void *arg)
{
	struct crowd *c = arg;
	vres_shard *found;
	char id[32];

	(void)pick(c);
	id_of(id, c->next);
	must(vres_manager_find(c->b.manager, id, &found, NULL) == VRES_OK, "a shard is not found");
	vres_shard_release(found);
}

static void call_signature(void *arg)
{
	vres_verify_params p = vres_verify_params_init();

	p.mode = VRES_VERIFY_SIGNATURE;
	must(vres_shard_verify(pick(arg), &p, NULL, NULL) == VRES_OK, "a verification failed");
}

static void call_lease(void *arg)
{
	vres_lease *lease;

	must(vres_lease_acquire(pick(arg), &lease, NULL) == VRES_OK, "no lease");
	vres_lease_release(lease);
}

static void call_metrics(void *arg)
{
	struct crowd *c = arg;
	vres_metrics m = vres_metrics_init();

	must(vres_manager_metrics(c->b.manager, &m, NULL) == VRES_OK && m.shards_now == c->n,
	     "no metrics");
}

/* One part a step. */
static void call_scrub(void *arg)
{
	struct crowd *c = arg;

	must(vres_scrub_step(c->b.manager, 1, NULL, NULL) == VRES_OK, "a step of the scrub failed");
}

/* Seal until there are @n. */
static void crowd_grow(struct crowd *c, size_t n, const uint8_t *block)
{
	vres_seal_params p = vres_seal_params_init();
	char id[32];

	p.digest_alg = VRES_DIGEST_VERITY;
	p.shard_id = id;
	for (; c->n < n; c->n++) {
		id_of(id, c->n);
		must(vres_seal_memory(c->b.manager, &p, block, 4096, &c->shards[c->n], NULL) ==
		             VRES_OK,
		     "sealing failed");
	}
}

double bench_fastest(work_fn work, void *arg, unsigned times, double *cpu)
{
	double best = INFINITY;
	uint64_t spent = 0;

	for (unsigned round = 0; round < 1 || (round < 3 && spent < UINT64_C(3000000000)) ||
	                         (round < 200 && spent < UINT64_C(200000000));
	     round++) {
		const uint64_t start = now(), cpu_start = processor_time();
		uint64_t took;

		for (unsigned i = 0; i < times; i++)
			work(arg);
		took = now() - start;
		spent += took;
		*cpu = round == 0 ? INFINITY : *cpu;
		*cpu = fmin(*cpu, (double)(processor_time() - cpu_start) / times);
		best = fmin(best, (double)took / times);
	}
	return best;
}

void bench_crowd(size_t most)
{
	static const uint8_t block[4096] = {1, 2, 3};
	struct crowd c = {.shards = calloc(most, sizeof(*c.shards))};
	const struct {
		const char *name;
		work_fn call;
		unsigned times; /* in a round */
	} calls[] = {{"find", call_find, 2000},
	             {"verify_signature", call_signature, 2000},
	             {"lease_fresh", call_lease, 2000},
	             {"metrics", call_metrics, 2000},
	             {"scrub_step", call_scrub, 200}};
	const char *sep = "";
	double heap, ns, cpu;

	must(c.shards != NULL, "no memory");
	bench_open(&c.b, (uint64_t)most * 4096, UINT64_C(3600000000000));
	printf(" \"shards\":[");
	for (size_t n = 1; n <= most; n *= 10) {
		const size_t before = mallinfo2().uordblks, had = c.n;
		const uint64_t start = processor_time();

		crowd_grow(&c, n, block);
		ns = (double)(processor_time() - start) / (double)(n - had);
		heap = (double)(mallinfo2().uordblks - before) / (double)(n - had);
		printf("%s\n  {\"n\":%zu,\"heap_bytes_each\":%.0f,\"seal_each_cpu_ns\":%.0f", sep,
		       n, heap, ns);
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
			(void)bench_fastest(calls[i].call, &c, calls[i].times, &cpu);
			printf(",\"%s_cpu_ns\":%.0f", calls[i].name, cpu);
		}
		printf("}");
		sep = ",";
		fflush(stdout);
	}
	printf("]}\n");
	for (size_t i = 0; i < c.n; i++)
		vres_shard_release(c.shards[i]);
	free(c.shards);
	bench_close(&c.b);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How cost grows: with the bytes of a shard, as time = a + b x bytes, fitted; and with the number
 * of shards, where it should not.
 *
 * Each size has as many rounds as fit a fraction of a second, at least three unless they take
 * seconds, and the fastest counts, since whatever else the machine does only slows them.  The fit
 * is over the processor time of all threads, which a busy machine disturbs less than the clock on
 * the wall; it weighs relative errors, so that small sizes, which show a, are worth as much as
 * large ones, which show b.
 */
#include "bench.h"

#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZES_MAX 8
#define WORKS     8

struct growth {
	struct bench b;
	size_t sizes;
	uint64_t bytes[SIZES_MAX];
	double ns[WORKS][SIZES_MAX], cpu_ns[WORKS][SIZES_MAX];
};

/*
 * What is sealed comes from here again and again, so that it takes no more memory than the mock's
 * VRAM.
 */
#define PIECE ((size_t)16 << 20)

static vres_status read_piece(void *ctx, void *buf, size_t n)
{
	const struct bench *b = ctx;

	memcpy(buf, b->data, n); /* asked for at most 16 MiB at a time */
	return VRES_OK;
}

static void work_seal(void *arg)
{
	struct bench *b = arg;
	vres_seal_params p = vres_seal_params_init();

	bench_release(b);
	p.digest_alg = VRES_DIGEST_VERITY;
	must(vres_seal_stream(b->manager, &p, read_piece, b, b->bytes, &b->shard, NULL) == VRES_OK,
	     "sealing failed");
}

static void work_full(void *arg)
{
	bench_verify(arg, VRES_VERIFY_FULL);
}

static void work_readback(void *arg)
{
	bench_verify(arg, VRES_VERIFY_READBACK);
}

static void work_signature(void *arg)
{
	bench_verify(arg, VRES_VERIFY_SIGNATURE);
}

static void work_describe(void *arg)
{
	const struct bench *b = arg;
	vres_shard_info info = vres_shard_info_init();

	must(vres_shard_describe(b->shard, &info, NULL) == VRES_OK, "no description");
}

static void work_enforce(void *arg)
{
	const struct bench *b = arg;

	must(vres_enforce_vram_only(b->manager, 0, NULL, NULL) == VRES_OK,
	     "the policy is violated");
}

/* The signed record, encoded. */
static void work_receipt(void *arg)
{
	const struct bench *b = arg;
	uint8_t receipt[4096];
	size_t n;

	must(vres_shard_receipt(b->shard, receipt, sizeof(receipt), &n, NULL) == VRES_OK,
	     "no receipt");
}

static const struct {
	const char *name;
	work_fn work;
	bool is_long; /* grows with the bytes */
	bool no_device_hash;
} works[WORKS] = {{"seal_by_readback", work_seal, true, true},
                  {"verify_readback", work_readback, true, true},
                  {"verify_signature", work_signature, false, true},
                  {"describe", work_describe, false, true},
                  {"enforce", work_enforce, false, true},
                  {"receipt", work_receipt, false, true},
                  {"seal_verity", work_seal, true, false},
                  {"verify_full", work_full, true, false}};

/*
 * The fastest of a few rounds, and the least processor time of one; short work many times a round.
 */
static double fastest(work_fn work, void *arg, unsigned times, double *cpu)
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

/* Least squares of (a + b x - y) / y. */
static void fit(const uint64_t *x, const double *y, size_t n, double *a, double *b, double *worst)
{
	double s = 0, sx = 0, sxx = 0, sy = 0, sxy = 0;

	for (size_t i = 0; i < n; i++) {
		const double w = 1 / (y[i] * y[i]), xi = (double)x[i];

		s += w;
		sx += w * xi;
		sxx += w * xi * xi;
		sy += w * y[i];
		sxy += w * xi * y[i];
	}
	*b = (s * sxy - sx * sy) / (s * sxx - sx * sx);
	*a = (sy - *b * sx) / s;
	*worst = 0;
	for (size_t i = 0; i < n; i++)
		*worst = fmax(*worst, fabs((*a + *b * (double)x[i]) / y[i] - 1));
}

/*
 * A device, and once what is sealed there: memory that the system has not handed out before costs
 * more than all that is measured here.
 */
static void open_for(struct bench *b, uint64_t bytes, uint8_t *data, bool no_device_hash)
{
	bench_close(b);
	*b = (struct bench){.bytes = bytes, .data = data};
	if (no_device_hash) {
		bench_open_without_hash(b, bytes);
		work_seal(b);
	} else {
		bench_open(b, bytes, 0);
	}
}

static void measure_sizes(struct growth *g, uint64_t most)
{
	uint8_t *data = malloc(PIECE);

	must(data != NULL, "no memory");
	for (size_t i = 0; i < PIECE; i++)
		data[i] = (uint8_t)(i * 131 + i / 4093);
	for (uint64_t bytes = UINT64_C(1) << 20; bytes <= most && g->sizes < SIZES_MAX;
	     bytes = bytes < most && bytes * 4 > most ? most : bytes * 4) {
		for (size_t w = 0; w < WORKS; w++) {
			if (w == 0 || works[w].no_device_hash != works[w - 1].no_device_hash)
				open_for(&g->b, bytes, data, works[w].no_device_hash);
			g->ns[w][g->sizes] =
				fastest(works[w].work, &g->b, works[w].is_long ? 1 : 1000,
			                &g->cpu_ns[w][g->sizes]);
		}
		g->bytes[g->sizes++] = bytes;
		bench_close(&g->b);
	}
	free(data);
}

static void print_times(const struct growth *g, const char *name, const double ns[WORKS][SIZES_MAX])
{
	printf(" \"%s\":{", name);
	for (size_t w = 0; w < WORKS; w++) {
		printf("%s\n  \"%s\":[", w ? "," : "", works[w].name);
		for (size_t i = 0; i < g->sizes; i++)
			printf("%s%.0f", i ? "," : "", ns[w][i]);
		printf("]");
	}
	printf("},\n");
}

static void print_sizes(const struct growth *g)
{
	printf("{\"bytes\":[");
	for (size_t i = 0; i < g->sizes; i++)
		printf("%s%" PRIu64, i ? "," : "", g->bytes[i]);
	printf("],\n");
	print_times(g, "ns", g->ns);
	print_times(g, "cpu_ns", g->cpu_ns);
	printf(" \"fit\":{");
	for (size_t w = 0; w < WORKS; w++) {
		double a, b, worst;

		if (!works[w].is_long || g->sizes < 3)
			continue;
		fit(g->bytes, g->cpu_ns[w], g->sizes, &a, &b, &worst);
		printf("%s\n  "
		       "\"%s\":{\"a_us\":%.3g,\"b_ns_per_mib\":%.6g,\"gb_per_cpu_s\":%.4g,\"worst_"
		       "deviation\":%.3g}",
		       w ? "," : "", works[w].name, a / 1000, b * 1048576, 1 / b, worst);
	}
	printf("},\n");
}

/* Many shards of one block in one manager; what one call costs while they are there. */
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

static void measure_crowd(size_t most)
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
			(void)fastest(calls[i].call, &c, calls[i].times, &cpu);
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

void bench_growth(uint64_t bytes, uint64_t shards)
{
	struct growth g = {.sizes = 0};

	measure_sizes(&g, bytes);
	print_sizes(&g);
	measure_crowd((size_t)shards);
}

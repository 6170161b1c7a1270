/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How cost grows with the bytes of a shard, as time = a + b x bytes, fitted; with the number of
 * shards it should not: crowd.c.
 *
 * Each size has as many rounds as fit a fraction of a second, at least three unless they take
 * seconds, and the fastest counts, since whatever else the machine does only slows them.  The fit
 * is over the processor time of all threads, which a busy machine disturbs less than the clock on
 * the wall; it weighs relative errors, so that small sizes, which show a, are worth as much as
 * large ones, which show b.
 */
#include "bench.h"

#include <inttypes.h>
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
				bench_fastest(works[w].work, &g->b, works[w].is_long ? 1 : 1000,
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

void bench_growth(uint64_t bytes, uint64_t shards)
{
	struct growth g = {.sizes = 0};

	measure_sizes(&g, bytes);
	print_sizes(&g);
	bench_crowd((size_t)shards);
}

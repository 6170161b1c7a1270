/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A run takes every measure once, without a pause, and the runs follow each other: a machine that
 * slows down slows all measures alike.
 */
#include "commands/bench/measure.h"

#include <stdlib.h>
#include <string.h>
#include "ui/failure.h"
#include "ui/units.h"

/* The buffer that is copied, hashed and sealed: larger than caches, as weights are. */
#define BUFFER_BYTES ((size_t)16 << 20)

/* How many verifications of the signature alone are timed together. */
#define SIGNATURES 100u

const char *const bench_names[MEASURES] = {
	[COPY] = "copy_host_memory",
	[HASH_SHA256] = "sha256_one_core",
	[HASH_VERITY] = "verity_all_cores",
	[SEAL_SHA256] = "seal_sha256",
	[SEAL_VERITY] = "seal_verity",
	[VERIFY_FULL] = "verify_full",
	[VERIFY_READBACK] = "verify_readback",
	[VERIFY_SAMPLED] = "verify_sampled",
	[VERIFY_SIGNATURE] = "verify_signature",
};

double bench_rate(const struct bench *b, int measure)
{
	return gigabytes_a_second(b->hashed[measure], b->took[measure][b->runs / 2]);
}

void bench_free(struct bench *b)
{
	for (int i = 0; i < MEASURES; i++)
		free(b->took[i]);
	free(b->source);
	free(b->target);
}

/* Bytes without a pattern (xorshift64), which nothing on the way can compress or skip. */
static void fill(unsigned char *buffer, size_t n)
{
	uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i + sizeof(x) <= n; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(buffer + i, &x, sizeof(x));
	}
}

bool bench_init(struct bench *b)
{
	bool is_good;

	b->source = malloc(BUFFER_BYTES);
	b->target = malloc(BUFFER_BYTES);
	is_good = b->source != NULL && b->target != NULL;
	for (int i = 0; i < MEASURES; i++) {
		b->took[i] = calloc(b->runs, sizeof(*b->took[i]));
		is_good &= b->took[i] != NULL;
		b->hashed[i] = b->bytes;
	}
	if (!is_good)
		return output_no_memory(b->o, NULL);
	fill(b->source, BUFFER_BYTES);
	memset(b->target, 1, BUFFER_BYTES); /* its pages exist before the clock runs */
	return true;
}

/* False, and a complaint, when the bench was told to stop or its reader is gone. */
static bool keep_on(struct bench *b)
{
	if (stop_requested(b->stop))
		return output_stopped(b->o, NULL);
	return output_has_reader(b->o);
}

static bool measure_copy(struct bench *b, uint64_t *took)
{
	const uint64_t began = clock_now();

	for (uint64_t left = b->bytes; left > 0;) {
		const size_t n = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;

		memcpy(b->target, b->source, n);
		/* Keeps the compiler from leaving out a copy that nobody reads. */
		__asm__ volatile("" : : "r"(b->target) : "memory");
		left -= n;
	}
	*took = clock_now() - began;
	return keep_on(b);
}

static bool hash_all(struct bench *b, vres_digester *d)
{
	char hex[65];
	vres_error err;

	for (uint64_t left = b->bytes; left > 0;) {
		const size_t n = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;

		if (vres_digester_update(d, b->source, n, &err) != VRES_OK)
			return output_fail(b->o, NULL, &err);
		if (!keep_on(b))
			return false;
		left -= n;
	}
	return vres_digester_final(d, hex, &err) == VRES_OK || output_fail(b->o, NULL, &err);
}

static bool measure_hash(struct bench *b, uint32_t alg, uint64_t *took)
{
	const uint64_t began = clock_now();
	vres_digester *d;
	vres_error err;
	bool is_good;

	if (vres_digester_create(alg, 0, &d, &err) != VRES_OK)
		return output_fail(b->o, NULL, &err);
	is_good = hash_all(b, d);
	*took = clock_now() - began;
	vres_digester_destroy(d);
	return is_good;
}

static vres_status on_read(void *ctx, void *buf, size_t n)
{
	struct bench *b = ctx;

	for (size_t done = 0; done < n;) {
		const size_t left = BUFFER_BYTES - b->at, take = n - done < left ? n - done : left;

		memcpy((char *)buf + done, b->source + b->at, take);
		b->at = (b->at + take) % BUFFER_BYTES;
		done += take;
	}
	return VRES_OK;
}

static bool on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct bench *b = ctx;

	(void)done;
	(void)total;
	return !stop_requested(b->stop);
}

bool bench_seal(struct bench *b, uint32_t alg, vres_shard **out, uint64_t *took)
{
	vres_seal_params params = vres_seal_params_init();
	const uint64_t began = clock_now();
	vres_error err;

	params.gpu_device = b->device;
	params.digest_alg = alg;
	params.progress = on_progress;
	params.progress_ctx = b;
	b->at = 0;
	if (vres_seal_stream(b->manager, &params, on_read, b, b->bytes, out, &err) != VRES_OK)
		return err.status == VRES_E_CANCELLED ? output_stopped(b->o, NULL)
		                                      : output_fail(b->o, NULL, &err);
	*took = clock_now() - began;
	return true;
}

bool bench_verify(struct bench *b, vres_shard *shard, uint32_t mode, uint64_t *took,
                  uint64_t *hashed)
{
	vres_verify_params params = vres_verify_params_init();
	vres_verify_report report = vres_verify_report_init();
	const uint64_t began = clock_now();
	vres_error err;

	params.mode = mode;
	if (vres_shard_verify(shard, &params, &report, &err) != VRES_OK)
		return output_fail(b->o, NULL, &err);
	*took = clock_now() - began;
	*hashed = report.bytes_hashed;
	return keep_on(b);
}

/* One call takes about as long as reading the clock twice, so many are timed together. */
static bool measure_signature(struct bench *b, vres_shard *shard, uint64_t run)
{
	const uint64_t began = clock_now();
	uint64_t took;

	for (unsigned i = 0; i < SIGNATURES; i++)
		if (!bench_verify(b, shard, VRES_VERIFY_SIGNATURE, &took,
		                  &b->hashed[VERIFY_SIGNATURE]))
			return false;
	b->took[VERIFY_SIGNATURE][run] = (clock_now() - began) / SIGNATURES;
	return true;
}

static bool measure_shard(struct bench *b, uint64_t run)
{
	vres_shard *shard;
	bool is_good;

	if (!bench_seal(b, VRES_DIGEST_SHA256, &shard, &b->took[SEAL_SHA256][run]))
		return false;
	vres_shard_release(shard);
	if (!bench_seal(b, VRES_DIGEST_VERITY, &shard, &b->took[SEAL_VERITY][run]))
		return false;
	is_good = bench_verify(b, shard, VRES_VERIFY_FULL, &b->took[VERIFY_FULL][run],
	                       &b->hashed[VERIFY_FULL]) &&
	          bench_verify(b, shard, VRES_VERIFY_READBACK, &b->took[VERIFY_READBACK][run],
	                       &b->hashed[VERIFY_READBACK]) &&
	          bench_verify(b, shard, VRES_VERIFY_SAMPLED, &b->took[VERIFY_SAMPLED][run],
	                       &b->hashed[VERIFY_SAMPLED]) &&
	          measure_signature(b, shard, run);
	vres_shard_release(shard);
	return is_good;
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void bench_sort(uint64_t *ns, size_t n)
{
	qsort(ns, n, sizeof(*ns), compare_u64);
}

bool bench_measure(struct bench *b)
{
	for (uint64_t run = 0; run < b->runs; run++) {
		/* The device first: if it is too small, that is said at once. */
		if (!measure_shard(b, run) || !measure_copy(b, &b->took[COPY][run]) ||
		    !measure_hash(b, VRES_DIGEST_SHA256, &b->took[HASH_SHA256][run]) ||
		    !measure_hash(b, VRES_DIGEST_VERITY, &b->took[HASH_VERITY][run]))
			return false;
	}
	for (int i = 0; i < MEASURES; i++)
		bench_sort(b->took[i], b->runs);
	return true;
}

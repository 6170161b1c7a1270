/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the benchmarks share: a manager over a mock that is large enough. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <vres/mock.h>
#include <vres/vres.h>
#include "figures.h"

struct bench {
	vres_audit_sink audit; /* set before bench_open(); zero: none */
	vres_mock *mock;
	vres_key *key;
	vres_manager *manager;
	vres_shard *shard; /* NULL, or what was sealed last */
	uint64_t bytes;
	uint8_t *data, *copy;
	char verity[65];
};

void bench_open(struct bench *b, uint64_t bytes, uint64_t lease_max_age);

/* Over a device that cannot hash: all is done by readback. */
void bench_open_without_hash(struct bench *b, uint64_t bytes);
void bench_close(struct bench *b);

void bench_seal(struct bench *b, uint32_t digest_alg, const char *expected_digest);
void bench_release(void *bench); /* what was sealed */
void bench_verify(const struct bench *b, uint32_t mode);

/* One call of what is timed; @arg is its own. */
typedef void (*work_fn)(void *arg);

/*
 * Time many calls: median and 99th percentile in microseconds, our own heap allocations in each
 * (unless that name is NULL); latency.c.
 */
void bench_calls(struct figures *f, const char *const names[3], work_fn work, void *arg,
                 const char *beside);

void bench_latency(struct figures *f);                    /* latency.c */
void bench_audit(struct figures *f);                      /* audit.c */
void bench_throughput(struct figures *f, uint64_t bytes); /* throughput.c */
void bench_hashing(struct figures *f, uint64_t bytes);    /* hashing.c */
void bench_small(struct figures *f);                      /* hashing.c */
void bench_tools(struct figures *f, uint64_t bytes);      /* tools.c */
void bench_rss(struct figures *f, const char *path);      /* rss.c */

void bench_repair(struct figures *f, uint64_t bytes); /* repair.c */
void bench_tensors(struct figures *f, uint64_t each); /* tensors.c; of 300 tensors */

void bench_many(struct figures *f, uint64_t bytes); /* many.c */
void bench_growth(uint64_t bytes, uint64_t shards); /* growth.c; prints */
void bench_crowd(size_t most);                      /* crowd.c; its part of the same */

/*
 * The fastest of a few rounds, and the least processor time of one; short work many times a round.
 */
double bench_fastest(work_fn work, void *arg, unsigned times, double *cpu);

#endif

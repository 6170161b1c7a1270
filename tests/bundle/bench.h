/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The benchmark of the bundle: what it is about, and its two other files. */
#ifndef TESTS_BUNDLE_BENCH_H
#define TESTS_BUNDLE_BENCH_H

#include <vres/vres.h>
#include "bench/figures.h"

#define MIB      (UINT64_C(1) << 20)
#define GIB      (UINT64_C(1) << 30)
#define PIECE    (16 * MIB)
#define PATIENCE (UINT64_C(60) * 1000 * 1000 * 1000)
#define ROUNDS   5

struct device_bench {
	struct figures figures;
	vres_key *key;
	vres_manager *manager;
	uint64_t bytes;      /* of the largest shard */
	uint64_t host_bytes; /* of what is sealed from memory */
	uint8_t *data;
	/* GB/s that the multiprocessors could hash if they did nothing else; 0: not known. */
	double bound;
};

double gb_per_s(uint64_t bytes, uint64_t ns);

/* Median rate of @ns. */
double rate_of(uint64_t bytes, uint64_t ns[ROUNDS]);

/*
 * The host's cores, the bare copy, and a check the old way: what everything else is compared with.
 */
void bench_plain(struct device_bench *b);

/* Other work on the device, alone and beside verifications. */
void bench_beside(struct device_bench *b);

vres_shard *seal_memory(struct device_bench *b, uint64_t bytes, uint32_t alg, const char *expected);

/* Nanoseconds of a verification. */
uint64_t time_verify(vres_shard *shard, uint32_t mode, bool background);

#endif

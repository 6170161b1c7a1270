/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `vres bench` measures.  The content of a shard is one buffer, repeated, so that no more
 * memory than that is held, however large the shard is.
 */
#ifndef VRES_CLI_COMMANDS_BENCH_MEASURE_H
#define VRES_CLI_COMMANDS_BENCH_MEASURE_H

#include <vres/vres.h>
#include "ui/output.h"
#include "ui/signals.h"

enum measure {
	COPY,
	HASH_SHA256,
	HASH_VERITY,
	SEAL_SHA256,
	SEAL_VERITY,
	VERIFY_FULL,
	VERIFY_READBACK,
	VERIFY_SAMPLED,
	VERIFY_SIGNATURE,
	MEASURES
};

struct bench {
	struct output *o;
	struct stop *stop;
	vres_manager *manager;
	uint32_t device;
	uint64_t bytes, runs;
	unsigned char *source, *target; /* BUFFER_BYTES each */
	size_t at;                      /* where in the source the next byte to seal is */
	uint64_t *took[MEASURES];       /* nanoseconds of each run, sorted after the last */
	uint64_t hashed[MEASURES];      /* bytes that a run is about */
};

/* Allocate memory for the runs.  The fields up to runs are filled in. */
bool bench_init(struct bench *b);

/* All runs, each with every measure.  A stop is reported as a failure. */
bool bench_measure(struct bench *b);

/* For CLEANUP. */
void bench_free(struct bench *b);

/* The rate of the median run, in 10^9 bytes a second. */
double bench_rate(const struct bench *b, int measure);

extern const char *const bench_names[MEASURES];

bool bench_seal(struct bench *b, uint32_t alg, vres_shard **out, uint64_t *took);
bool bench_verify(struct bench *b, vres_shard *shard, uint32_t mode, uint64_t *took,
                  uint64_t *hashed);

/* Sort @n times. */
void bench_sort(uint64_t *ns, size_t n);

#endif

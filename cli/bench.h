/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What vres bench measures.  The content is made from one buffer, again and again, so no more than that is held, however large the shard.
 */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "output.h"
#include "stop.h"

enum measure { COPY, HASH_SHA256, HASH_VERITY, SEAL_SHA256, SEAL_VERITY, VERIFY_FULL, VERIFY_SAMPLED, VERIFY_SIGNATURE, MEASURES };

struct bench {
	struct output *o;
	struct stop *stop;
	vres_manager *manager;
	uint32_t device;
	uint64_t bytes, runs;
	unsigned char *source, *target; /* BUFFER_BYTES each */
	size_t at;                      /* where in the source the next byte to seal is */
	uint64_t *took[MEASURES];       /* nanoseconds, by run */
	uint64_t hashed[MEASURES];      /* bytes that the figure is about */
};

/* Memory for @runs runs; the other fields are filled already. */
bool bench_init(struct bench *b);

/* All runs, each with every measure.  A stop is reported as a failure. */
bool bench_measure(struct bench *b);

/* For CLEANUP. */
void bench_free(struct bench *b);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps of the scrub, a set of shards of many sizes to scrub, and a clock to tell how old a check is. */
#ifndef TESTS_SCRUBBING_H
#define TESTS_SCRUBBING_H

#include "support.h"

#define SCRUB_TINY  UINT64_C(1)            /* one part a step */
#define SCRUB_AMPLE UINT64_C(600000000000) /* ten minutes: as much as there is */

vres_status scrub_step(struct fixture *f, uint64_t budget, vres_scrub_report *out, vres_error *err);

/* A step that finds nothing wrong. */
vres_scrub_report scrub_good(struct fixture *f, uint64_t budget);

/* From one byte to several parts. */
#define SET_SHARDS 6
#define SET_BYTES  (1 + 3 * BLOCK + 2 * GROUP + 1 + MIB(6) + 13) /* of all together */
extern const uint64_t set_sizes[SET_SHARDS];

struct shard_set {
	vres_shard *at[SET_SHARDS];
};

struct shard_set seal_set(struct fixture *f);
void release_set(struct shard_set *s); /* for CLEANUP; what was released already is NULL */

/* The clock of oldest_check_age; and letting it get on. */
uint64_t clock_now(void);
void pause_for(long ns);

#endif

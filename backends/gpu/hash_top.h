/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The levels of a job that the host does: digests of a lower level go in, run by run and in order,
 * those of the asked level come out.  There are few, so the kernel's source does for them, compiled
 * for the host.
 */
#ifndef VRES_BACKENDS_GPU_HASH_TOP_H
#define VRES_BACKENDS_GPU_HASH_TOP_H

#include <stdbool.h>
#include <vres/backend.h>
#include "kernels/leaf_hash.h"

#define TOP_LEVELS_MAX 12u

struct gpu_top {
	const vres_hash_job *job;
	const uint32_t *padding; /* of the block size */
	uint32_t from;           /* the level that goes in */
	size_t run;
	uint64_t run_left;             /* digests of this run that have not come yet */
	uint8_t *blocks;               /* one that is being filled for each level from @from on */
	uint32_t fill[TOP_LEVELS_MAX]; /* digests in each */
	uint8_t *out;                  /* where the next digest goes */
};

/* False: no memory. */
bool gpu_top_open(struct gpu_top *top, const vres_hash_job *job, uint32_t from,
                  const uint32_t padding[LEAF_HASH_ROUNDS]);
void gpu_top_close(struct gpu_top *top);

void gpu_top_add(struct gpu_top *top, const uint8_t *digests, uint64_t n);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See hash_top.h. */
#include "gpu/hash_top.h"

#include <stdlib.h>
#include <string.h>

#include "gpu/hash_plan.h"

/* The first run from @run on that has any bytes. */
static void enter_run(struct gpu_top *top, size_t run)
{
	while (run < top->job->runs_count && top->job->runs[run].bytes == 0)
		run++;
	top->run = run;
	top->run_left = run < top->job->runs_count
	                        ? gpu_plan_nodes(top->job, top->job->runs[run].bytes, top->from)
	                        : 0;
}

bool gpu_top_open(struct gpu_top *top, const vres_hash_job *job, uint32_t from,
                  const uint32_t padding[LEAF_HASH_ROUNDS])
{
	*top = (struct gpu_top){.job = job, .padding = padding, .from = from, .out = job->digests};
	top->blocks = malloc((size_t)(job->level - from) * job->block_size);
	enter_run(top, 0);
	return top->blocks != NULL;
}

void gpu_top_close(struct gpu_top *top)
{
	free(top->blocks);
	top->blocks = NULL;
}

static uint8_t *block_at(const struct gpu_top *top, uint32_t level)
{
	return top->blocks + (size_t)(level - top->from) * top->job->block_size;
}

static void hash_block(struct gpu_top *top, uint32_t level, uint8_t digest[LEAF_HASH_BYTES])
{
	leaf_hash_block(block_at(top, level), top->fill[level] * LEAF_HASH_BYTES,
	                top->job->block_size, top->padding, 1, digest);
	top->fill[level] = 0;
}

/*
 * Adds a digest to its block.  Each block that becomes full by that is hashed into the block above.
 */
static void put(struct gpu_top *top, uint32_t level, uint8_t digest[LEAF_HASH_BYTES])
{
	for (; level < top->job->level; level++) {
		memcpy(block_at(top, level) + (size_t)top->fill[level] * LEAF_HASH_BYTES, digest,
		       LEAF_HASH_BYTES);
		top->fill[level]++;
		if (top->fill[level] < top->job->block_size / LEAF_HASH_BYTES)
			return;
		hash_block(top, level, digest);
	}
	memcpy(top->out, digest, LEAF_HASH_BYTES);
	top->out += LEAF_HASH_BYTES;
}

static void end_run(struct gpu_top *top)
{
	uint8_t digest[LEAF_HASH_BYTES];

	for (uint32_t level = top->from; level < top->job->level; level++) {
		if (top->fill[level] == 0)
			continue;
		hash_block(top, level, digest);
		put(top, level + 1, digest);
	}
	enter_run(top, top->run + 1);
}

void gpu_top_add(struct gpu_top *top, const uint8_t *digests, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint8_t digest[LEAF_HASH_BYTES];

		memcpy(digest, digests + i * LEAF_HASH_BYTES, LEAF_HASH_BYTES);
		put(top, top->from, digest);
		top->run_left--;
		if (top->run_left == 0)
			end_run(top);
	}
}

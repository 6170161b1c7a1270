/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mock's device hash: the kernel that GPUs run, one call a thread.  A level above the leaves is the same kernel over the digests of the
 * level below, which are made a block at a time, so a job needs one block of scratch a level, however many bytes it covers.
 */
#include "model.h"

#include "leaf_hash.h"

struct run {
	const vres_hash_job *job;
	const uint8_t *data;
	uint64_t bytes;
	uint8_t *scratch;
};

static uint64_t div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static uint64_t fanout_of(const struct run *run)
{
	return run->job->block_size / LEAF_HASH_BYTES;
}

static uint64_t nodes_at(const struct run *run, uint32_t level)
{
	uint64_t nodes = div_up(run->bytes, run->job->block_size);

	for (uint32_t i = 0; i < level; i++)
		nodes = div_up(nodes, fanout_of(run));
	return nodes;
}

static void launch(const struct run *run, const uint8_t *data, uint64_t bytes, uint64_t first, uint64_t count, uint8_t *digests)
{
	const vres_leaf_hash_args args = {.data = data,
	                                  .bytes = bytes,
	                                  .first = first,
	                                  .count = count,
	                                  .digests = digests,
	                                  .nonce = run->job->nonce,
	                                  .echo = run->job->echo,
	                                  .block_size = run->job->block_size};

	for (uint64_t thread = 0; thread < count; thread++)
		leaf_hash_thread(&args, thread);
}

/* The digests of @count nodes at @level, from node @first on.  Goes no deeper than the level, which is at most 11. */
static void hash_nodes(const struct run *run, uint32_t level, uint64_t first, uint64_t count, uint8_t *digests)
{
	const uint64_t fanout = fanout_of(run);

	if (level == 0) {
		launch(run, run->data, run->bytes, first, count, digests);
		return;
	}
	for (uint64_t node = first; node < first + count; node++) {
		uint8_t *block = run->scratch + (size_t)(level - 1) * run->job->block_size;
		uint64_t left = nodes_at(run, level - 1) - node * fanout;
		uint64_t children = left < fanout ? left : fanout;

		hash_nodes(run, level - 1, node * fanout, children, block);
		launch(run, block, children * LEAF_HASH_BYTES, 0, 1, digests + (node - first) * LEAF_HASH_BYTES);
	}
}

vres_status vres_mock_hash(vres_mock *mock, const vres_hash_job *job, uint8_t *scratch, vres_error *err)
{
	uint8_t *digests = job->digests;

	for (size_t i = 0; i < job->runs_count; i++) {
		const vres_hash_run *r = &job->runs[i];
		const uint64_t addr = r->mem->addr + r->offset;
		const struct run run = {.job = job, .data = (const uint8_t *)(uintptr_t)addr, .bytes = r->bytes, .scratch = scratch};
		const uint64_t nodes = nodes_at(&run, job->level);
		struct vres_mock_span *span;

		TRY(vres_mock_span_enter(mock, addr, r->bytes, ACCESS_READ, &span, err));
		hash_nodes(&run, job->level, 0, nodes, digests);
		vres_mock_span_leave(mock, span);
		digests += nodes * LEAF_HASH_BYTES;
	}
	return VRES_OK;
}

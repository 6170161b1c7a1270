/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mock's device hash: the kernel that GPUs run, one call for each thread.  A level above the
 * leaves is the same kernel over the digests of the level below.  These are made a block at a time,
 * so a job needs one block of scratch for each level, however many bytes it covers.
 */
#include "mock/hash.h"

#include "kernels/leaf_hash.h"
#include "mock/span.h"

struct run {
	const vres_hash_job *job;
	const uint8_t *data;
	uint64_t bytes;
	uint8_t *scratch;
	vres_leaf_hash_args args; /* what all launches have in common */
};

static uint64_t div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
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

/*
 * A launch of as many threads as there are blocks, all in one piece.  The host reads its digests,
 * so it removes their masks.
 */
static void launch(const struct run *run, const uint8_t *data, uint64_t bytes, uint8_t *digests)
{
	const vres_leaf_hash_piece piece = leaf_hash_sealed(data, bytes, 0, 0, run->args.nonce);
	const uint32_t blocks = (uint32_t)div_up(bytes, run->job->block_size);
	vres_leaf_hash_args args = run->args;

	args.pieces = &piece;
	args.digests = digests;
	args.threads = blocks;
	args.digests_room = blocks;
	for (uint32_t thread = 0; thread < blocks; thread++)
		leaf_hash_thread(&args, args.one, thread);
	for (uint32_t place = 0; place < blocks; place++)
		leaf_hash_reveal(digests + place * LEAF_HASH_BYTES, args.nonce, place);
}

/*
 * The digests of @count nodes at @level, from node @first on.  Goes no deeper than the level, which
 * is at most 11.
 */
static void hash_nodes(const struct run *run, uint32_t level, uint64_t first, uint64_t count,
                       uint8_t *digests)
{
	const uint64_t fanout = fanout_of(run);

	if (level == 0) {
		const uint64_t offset = first * run->job->block_size;

		launch(run, run->data + offset,
		       lower(run->bytes - offset, count * run->job->block_size), digests);
		return;
	}
	for (uint64_t node = first; node < first + count; node++) {
		uint8_t *block = run->scratch + (size_t)(level - 1) * run->job->block_size;
		const uint64_t children = lower(nodes_at(run, level - 1) - node * fanout, fanout);

		hash_nodes(run, level - 1, node * fanout, children, block);
		launch(run, block, children * LEAF_HASH_BYTES,
		       digests + (node - first) * LEAF_HASH_BYTES);
	}
}

/*
 * Runs that lie close together, in ascending order, are hashed with their pages made accessible
 * once: small tensors would else take more time for that than for hashing.
 */
#define NEAR (UINT64_C(2) << 20)

static size_t neighbours(const vres_hash_job *job, size_t first, uint64_t *end)
{
	const vres_hash_run *r = &job->runs[first];
	size_t i = first + 1;

	*end = r->offset + r->bytes;
	for (; i < job->runs_count; i++) {
		const vres_hash_run *next = &job->runs[i];

		if (next->mem != r->mem || next->offset < *end || next->offset - *end > NEAR)
			break;
		*end = next->offset + next->bytes;
	}
	return i - first;
}

static void hash_run(const vres_hash_job *job, const vres_hash_run *r, uint8_t *scratch,
                     const vres_leaf_hash_args *args, uint8_t **digests)
{
	const struct run run = {.job = job,
	                        .data = (const uint8_t *)(uintptr_t)(r->mem->addr + r->offset),
	                        .bytes = r->bytes,
	                        .scratch = scratch,
	                        .args = *args};
	const uint64_t nodes = nodes_at(&run, job->level);

	hash_nodes(&run, job->level, 0, nodes, *digests);
	*digests += nodes * LEAF_HASH_BYTES;
}

vres_status vres_mock_hash(vres_mock *mock, const vres_hash_job *job, uint8_t *scratch,
                           vres_error *err)
{
	vres_leaf_hash_args args = {.nonce = job->nonce,
	                            .echo = job->echo,
	                            .pieces_count = 1,
	                            .block_size = job->block_size,
	                            .one = 1};
	uint8_t *digests = job->digests;

	leaf_hash_know_padding(args.padding, job->block_size);
	for (size_t i = 0, n; i < job->runs_count; i += n) {
		const vres_hash_run *first = &job->runs[i];
		struct vres_mock_span *span;
		uint64_t end;

		n = neighbours(job, i, &end);
		TRY(vres_mock_span_enter(mock, first->mem->addr + first->offset,
		                         end - first->offset, ACCESS_READ, &span, err));
		for (size_t j = 0; j < n; j++)
			hash_run(job, &first[j], scratch, &args, &digests);
		vres_mock_span_leave(mock, span);
	}
	return VRES_OK;
}

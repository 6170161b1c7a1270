/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashing in VRAM, or of VRAM pulled back. */
#include "measure.h"

vres_status vres_measure_open(struct measure *ms, const struct vres_mem *mem, const struct tree_shape *shape, bool by_readback,
                              uint32_t lane_flags, uint64_t deadline, vres_error *err)
{
	const size_t staging = by_readback ? (size_t)min_u64(mem->bytes, LANE_BYTES) : 0;

	*ms = (struct measure){.mem = mem, .shape = shape, .deadline = deadline, .by_readback = by_readback};
	TRY(vres_lane_open(mem->device, staging, lane_flags, &ms->lanes[0], err));
	if (mem->bytes > LANE_BYTES && by_readback)
		TRY(vres_lane_open(mem->device, staging, lane_flags, &ms->lanes[1], err));
	return VRES_OK;
}

void vres_measure_close(struct measure *ms)
{
	vres_lane_close(&ms->lanes[0]);
	vres_lane_close(&ms->lanes[1]);
}

static vres_status hash(struct measure *ms, const struct vres_range *ranges, size_t n, uint32_t level, uint8_t *digests, uint64_t count,
                        vres_error *err)
{
	vres_hash_run runs[RANGES_MAX];

	TRY(vres_lane_hash(&ms->lanes[0], ranges, n, ms->shape->block_size, level, runs, digests, count, err));
	TRY(vres_lane_wait(&ms->lanes[0], ms->deadline, err));
	for (size_t i = 0; i < n; i++)
		ms->bytes_hashed += ranges[i].bytes;
	return VRES_OK;
}

/* Put the pull of the piece at @at on a lane, if there is one left. */
static vres_status pull(struct measure *ms, struct vres_lane *lane, uint64_t at, uint64_t end, vres_error *err)
{
	if (at >= end)
		return VRES_OK;
	return vres_lane_pull(lane, ms->mem, at, (size_t)min_u64(end - at, lane->bytes), err);
}

/* While one lane's piece is hashed, the other's is on its way. */
static vres_status readback(struct measure *ms, uint64_t offset, uint64_t bytes, struct tree_builder *tree, struct sha256 *flat, vres_error *err)
{
	const uint64_t end = offset + bytes;
	const bool two = ms->lanes[1].handle != NULL;
	const size_t piece = ms->lanes[0].bytes;
	unsigned turn = 0;

	TRY(pull(ms, &ms->lanes[0], offset, end, err));
	for (uint64_t at = offset; at < end; at += piece, turn ^= two) {
		struct vres_lane *lane = &ms->lanes[turn];
		const size_t n = (size_t)min_u64(end - at, piece);

		if (two)
			TRY(pull(ms, &ms->lanes[turn ^ 1], at + piece, end, err));
		TRY(vres_lane_wait(lane, ms->deadline, err));
		TRY(tree_add(tree, lane->staging, n, err));
		if (flat)
			TRY(vres_sha256_add(flat, lane->staging, n, err));
		ms->bytes_hashed += n;
		if (!two)
			TRY(pull(ms, lane, at + piece, end, err));
	}
	return VRES_OK;
}

static vres_status readback_nodes(struct measure *ms, const struct vres_range *range, uint32_t level, uint8_t *digests, uint64_t count,
                                  vres_error *err)
{
	CLEANUP(tree_close) struct tree_builder tree = {0};
	uint8_t top[VRES_SHA256_BYTES];

	TRY(tree_open(&tree, ms->shape->block_size, err));
	tree_capture(&tree, level, digests, count);
	TRY(readback(ms, range->offset, range->bytes, &tree, NULL, err));
	return tree_finish(&tree, level, top, err);
}

vres_status vres_measure_level(struct measure *ms, uint32_t level, uint8_t *digests, vres_error *err)
{
	const struct vres_range all = {.mem = ms->mem, .offset = 0, .bytes = ms->shape->bytes};
	const uint64_t count = ms->shape->count[level];

	return ms->by_readback ? readback_nodes(ms, &all, level, digests, count, err) : hash(ms, &all, 1, level, digests, count, err);
}

vres_status vres_measure_nodes(struct measure *ms, uint32_t level, const uint64_t *index, size_t n, uint8_t *digests, vres_error *err)
{
	struct vres_range ranges[RANGES_MAX];

	if (n == 0 || n > RANGES_MAX)
		return vres_fail(err, VRES_E_INTERNAL, "%zu nodes at once", n);
	for (size_t i = 0; i < n; i++) {
		ranges[i].mem = ms->mem;
		tree_node_range(ms->shape, level, index[i], &ranges[i].offset, &ranges[i].bytes);
	}
	if (!ms->by_readback)
		return hash(ms, ranges, n, level, digests, n, err);
	for (size_t i = 0; i < n; i++)
		TRY(readback_nodes(ms, &ranges[i], level, digests + i * VRES_SHA256_BYTES, 1, err));
	return VRES_OK;
}

static vres_status readback_root(struct measure *ms, uint8_t root[VRES_SHA256_BYTES], uint8_t *flat, vres_error *err)
{
	CLEANUP(tree_close) struct tree_builder tree = {0};
	CLEANUP(vres_sha256_close) struct sha256 sha = {0};
	uint8_t computed[VRES_SHA256_BYTES] = {0};

	TRY(tree_open(&tree, ms->shape->block_size, err));
	TRY(vres_sha256_open(&sha, err));
	TRY(readback(ms, 0, ms->shape->bytes, &tree, flat ? &sha : NULL, err));
	TRY(vres_sha256_end(&sha, computed, err));
	TRY(tree_finish(&tree, 0, root, err));
	if (flat)
		memcpy(flat, computed, sizeof(computed));
	return VRES_OK;
}

vres_status vres_measure_root(struct measure *ms, uint8_t root[VRES_SHA256_BYTES], uint8_t *flat, vres_error *err)
{
	const uint32_t level = tree_level_within(ms->shape, HOST_NODES);
	uint8_t digests[HOST_NODES * VRES_SHA256_BYTES];

	if (ms->by_readback)
		return readback_root(ms, root, flat, err);
	TRY(vres_measure_level(ms, level, digests, err));
	return tree_root_of(ms->shape, level, digests, root, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashing in VRAM, or of VRAM pulled back. */
#include "device/vram_digest.h"

#include <inttypes.h>

#include "hash/hasher.h"

static vres_status lane_need(struct vram_digest *ms, uint32_t i, vres_error *err)
{
	const size_t staging =
		ms->by_readback ? (size_t)min_u64(ms->longest, hasher_part_bytes(ms->block_size))
				: 0;

	return ms->lanes[i].handle
	               ? VRES_OK
	               : vres_lane_open(ms->device, staging, ms->lane_flags, &ms->lanes[i], err);
}

vres_status vres_vram_digest_open(struct vram_digest *ms, const struct vres_mem *mem,
                                  const struct tree_shape *shape, bool by_readback,
                                  uint32_t lane_flags, uint32_t threads, uint64_t deadline,
                                  vres_error *err)
{
	*ms = (struct vram_digest){.device = mem->device,
	                           .block_size = shape->block_size,
	                           .longest = mem->bytes,
	                           .mem = mem,
	                           .shape = shape,
	                           .deadline = deadline,
	                           .by_readback = by_readback,
	                           .lane_flags = lane_flags};
	return vres_vram_digest_start(ms, threads, err);
}

vres_status vres_vram_digest_start(struct vram_digest *ms, uint32_t threads, vres_error *err)
{
	TRY(workers_open(&ms->workers, threads, err));
	if (ms->workers.threads > READBACK_LANES)
		ms->workers.threads = READBACK_LANES;
	return lane_need(ms, 0, err);
}

void vres_vram_digest_close(struct vram_digest *ms)
{
	workers_close(&ms->workers);
	for (uint32_t i = 0; i < READBACK_LANES; i++)
		vres_lane_close(&ms->lanes[i]);
}

vres_status vres_vram_digest_agree(const struct vram_digest *ms, const uint8_t *one,
                                   const uint8_t *two, size_t bytes, vres_error *err)
{
	const uint32_t index = ms->device->index;

	return vres_crypto_equal(one, two, bytes)
	               ? VRES_OK
	               : vres_fail_at(err, VRES_E_BACKEND, VRES_REASON_DEVICE, index,
	                              "device %" PRIu32
	                              " gave two digests of the same memory, so the driver did not "
	                              "do all that it reported as done",
	                              index);
}

static vres_status hash(struct vram_digest *ms, const struct vres_range *ranges, size_t n,
                        uint32_t level, uint8_t *digests, uint64_t count, vres_error *err)
{
	vres_hash_run runs[RANGES_MAX];

	TRY(vres_lane_hash(&ms->lanes[0], ranges, n, ms->block_size, level, runs, digests, count,
	                   err));
	TRY(vres_lane_wait(&ms->lanes[0], ms->deadline, err));
	for (size_t i = 0; i < n; i++)
		ms->bytes_hashed += ranges[i].bytes;
	return VRES_OK;
}

/* Each thread pulls through a lane of its own. */
static vres_status pull(void *ctx, uint32_t worker, uint64_t offset, size_t n,
                        const uint8_t **bytes, vres_error *err)
{
	struct vram_digest *ms = ctx;
	struct vres_lane *lane = &ms->lanes[worker];

	TRY(lane_need(ms, worker, err));
	TRY(vres_lane_pull(lane, ms->mem, offset, n, err));
	TRY(vres_lane_wait(lane, ms->deadline, err));
	*bytes = lane->staging;
	return VRES_OK;
}

static vres_status readback(struct vram_digest *ms, uint64_t offset, uint64_t bytes,
                            struct tree_builder *tree, vres_error *err)
{
	CLEANUP(hasher_close) struct hasher pass = {0};
	const struct hasher_source source = {.get = pull, .ctx = ms};

	hasher_open(&pass, &ms->workers, tree, NULL);
	TRY(hasher_take(&pass, &source, offset, bytes, err));
	ms->bytes_hashed += bytes;
	return VRES_OK;
}

/*
 * With a flat digest, whose pieces must come in order: while one lane's piece is hashed, the
 * other's is on its way.
 */
static vres_status readback_both(struct vram_digest *ms, struct tree_builder *tree,
                                 struct sha256 *flat, vres_error *err)
{
	CLEANUP(hasher_close) struct hasher pass = {0};
	const uint64_t end = ms->shape->bytes;
	const uint8_t *bytes = NULL;
	uint32_t turn = 0;

	hasher_open(&pass, &ms->workers, tree, flat);
	for (uint64_t at = 0; at < end; turn ^= 1) {
		const size_t n = (size_t)min_u64(end - at, ms->lanes[0].bytes);

		TRY(pull(ms, turn, at, n, &bytes, err));
		TRY(hasher_end(&pass, err)); /* with the piece before */
		TRY(hasher_begin(&pass, bytes, n, err));
		at += n;
		ms->bytes_hashed += n;
	}
	return hasher_end(&pass, err);
}

vres_status vres_vram_digest_readback(struct vram_digest *ms, const struct vres_range *range,
                                      uint32_t level, uint8_t *digests, uint64_t count,
                                      vres_error *err)
{
	CLEANUP(tree_close) struct tree_builder tree = {0};
	uint8_t top[VRES_SHA256_BYTES];

	TRY(tree_open(&tree, ms->block_size, err));
	tree_capture(&tree, level, digests, count);
	TRY(readback(ms, range->offset, range->bytes, &tree, err));
	return tree_finish(&tree, level, top, err);
}

/* The @count nodes of @level that make up the ranges; by readback each range has as many. */
static vres_status digest(struct vram_digest *ms, const struct vres_range *ranges, size_t n,
                          uint32_t level, uint8_t *digests, uint64_t count, vres_error *err)
{
	if (!ms->by_readback)
		return hash(ms, ranges, n, level, digests, count, err);
	for (size_t i = 0; i < n; i++)
		TRY(vres_vram_digest_readback(ms, &ranges[i], level,
		                              digests + i * (count / n) * VRES_SHA256_BYTES,
		                              count / n, err));
	return VRES_OK;
}

static vres_status digest_twofold(struct vram_digest *ms, const struct vres_range *ranges, size_t n,
                                  uint32_t level, uint8_t *digests, uint64_t count, vres_error *err)
{
	const size_t bytes = (size_t)count * VRES_SHA256_BYTES;
	CLEANUP(vres_os_freep) uint8_t *again = NULL;

	TRY(digest(ms, ranges, n, level, digests, count, err));
	if (!ms->is_twofold)
		return VRES_OK;
	again = vres_os_alloc(bytes);
	if (again == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests", count);
	TRY(digest(ms, ranges, n, level, again, count, err));
	return vres_vram_digest_agree(ms, digests, again, bytes, err);
}

vres_status vres_vram_digest_level(struct vram_digest *ms, uint32_t level, uint8_t *digests,
                                   vres_error *err)
{
	const struct vres_range all = {.mem = ms->mem, .offset = 0, .bytes = ms->shape->bytes};

	return digest_twofold(ms, &all, 1, level, digests, ms->shape->count[level], err);
}

vres_status vres_vram_digest_nodes(struct vram_digest *ms, uint32_t level, const uint64_t *index,
                                   size_t n, uint8_t *digests, vres_error *err)
{
	struct vres_range ranges[RANGES_MAX];

	if (n == 0 || n > RANGES_MAX)
		return vres_fail(err, VRES_E_INTERNAL, "%zu nodes at once", n);
	for (size_t i = 0; i < n; i++) {
		ranges[i].mem = ms->mem;
		tree_node_range(ms->shape, level, index[i], &ranges[i].offset, &ranges[i].bytes);
	}
	return digest_twofold(ms, ranges, n, level, digests, n, err);
}

static vres_status readback_root(struct vram_digest *ms, uint8_t root[VRES_SHA256_BYTES],
                                 uint8_t *flat, vres_error *err)
{
	CLEANUP(tree_close) struct tree_builder tree = {0};
	CLEANUP(vres_sha256_close) struct sha256 sha = {0};
	uint8_t computed[VRES_SHA256_BYTES] = {0};

	TRY(tree_open(&tree, ms->block_size, err));
	TRY(vres_sha256_open(&sha, err));
	TRY(flat ? readback_both(ms, &tree, &sha, err)
	         : readback(ms, 0, ms->shape->bytes, &tree, err));
	TRY(vres_sha256_end(&sha, computed, err));
	TRY(tree_finish(&tree, 0, root, err));
	if (flat)
		memcpy(flat, computed, sizeof(computed));
	return VRES_OK;
}

vres_status vres_vram_digest_root(struct vram_digest *ms, uint8_t root[VRES_SHA256_BYTES],
                                  uint8_t *flat, vres_error *err)
{
	const uint32_t level = tree_level_within(ms->shape, HOST_NODES);
	uint8_t digests[HOST_NODES * VRES_SHA256_BYTES];

	if (ms->by_readback)
		return readback_root(ms, root, flat, err);
	TRY(vres_vram_digest_level(ms, level, digests, err));
	return tree_root_of(ms->shape, level, digests, root, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs over many shards, and jobs over parts of one. */
#include "device/vram_digest_many.h"

#include <inttypes.h>

/*
 * From so many shards on the device hashes each up to its root.  The host takes about 2 us for what
 * is left of one; the device takes about 100 us for what is left of all of them (not yet run on a
 * GPU).
 */
#define MANY 48u

uint32_t vres_vram_digest_job_level(const struct tree_shape *shape, size_t n)
{
	return n < MANY ? tree_level_within(shape, HOST_NODES) : shape->top;
}

vres_status vres_vram_digest_job_open(struct vram_digest_job *job, struct vres_device *d,
                                      uint32_t lane_flags, uint32_t block_size, uint32_t level,
                                      size_t room, vres_error *err)
{
	*job = (struct vram_digest_job){.block_size = block_size, .level = level, .room = room};
	job->ranges = vres_os_alloc(room * sizeof(*job->ranges));
	job->runs = vres_os_alloc(room * sizeof(*job->runs));
	if (job->ranges == NULL || job->runs == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to hash %zu shards at once",
		                 room);
	return vres_lane_open(d, 0, lane_flags, &job->lane, err);
}

void vres_vram_digest_job_close(struct vram_digest_job *job)
{
	vres_lane_close(&job->lane);
	vres_os_free(job->ranges);
	vres_os_free(job->runs);
	vres_os_free(job->digests);
}

void vres_vram_digest_job_add(struct vram_digest_job *job, const struct vres_mem *mem,
                              const struct tree_shape *shape)
{
	job->ranges[job->n++] = (struct vres_range){.mem = mem, .bytes = shape->bytes};
	job->count += shape->count[job->level];
	job->bytes += shape->bytes;
}

vres_status vres_vram_digest_job_run(struct vram_digest_job *job, uint64_t deadline,
                                     vres_error *err)
{
	job->digests = vres_os_alloc((size_t)job->count * VRES_SHA256_BYTES);
	if (job->digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests",
		                 job->count);
	TRY(vres_lane_hash(&job->lane, job->ranges, job->n, job->block_size, job->level, job->runs,
	                   job->digests, job->count, err));
	return vres_lane_wait(&job->lane, deadline, err);
}

vres_status vres_vram_digest_part(struct vram_digest *ms, uint32_t level, uint64_t first,
                                  uint64_t count, uint8_t *digests, vres_error *err)
{
	struct vres_range range = {.mem = ms->mem};
	uint64_t last, bytes;
	vres_hash_run run;

	tree_node_range(ms->shape, level, first, &range.offset, &bytes);
	tree_node_range(ms->shape, level, first + count - 1, &last, &bytes);
	range.bytes = last + bytes - range.offset;
	if (ms->by_readback)
		return vres_vram_digest_readback(ms, &range, level, digests, count, err);
	TRY(vres_lane_hash(&ms->lanes[0], &range, 1, ms->block_size, level, &run, digests, count,
	                   err));
	TRY(vres_lane_wait(&ms->lanes[0], ms->deadline, err));
	ms->bytes_hashed += range.bytes;
	return VRES_OK;
}

vres_status vres_vram_digest_root_in_slices(struct vram_digest *ms, uint8_t root[VRES_SHA256_BYTES],
                                            vres_error *err)
{
	const uint32_t level = ms->shape->top > 0 && tree_span(ms->shape, 1) <= SLICE_BYTES ? 1 : 0;
	const uint64_t nodes = ms->shape->count[level],
		       most = min_u64(nodes, SLICE_BYTES / tree_span(ms->shape, level));
	CLEANUP(vres_os_freep) uint8_t *digests = vres_os_alloc((size_t)most * VRES_SHA256_BYTES);
	CLEANUP(tree_close) struct tree_builder tree = {0};

	if (digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for the digests of a slice");
	TRY(tree_open(&tree, ms->block_size, err));
	for (uint64_t done = 0; done < nodes;) {
		const uint64_t n = min_u64(nodes - done, most);

		TRY(vres_vram_digest_part(ms, level, done, n, digests, err));
		for (uint64_t i = 0; i < n; i++)
			TRY(tree_push(&tree, level, digests + i * VRES_SHA256_BYTES, err));
		done += n;
	}
	return tree_finish(&tree, 0, root, err);
}

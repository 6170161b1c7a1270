/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Measuring more, or less, than one shard at once: many shards of a device in one job, a part of a
 * shard, a shard slice by slice.
 *
 * A launch costs microseconds, and a digest takes one thread of a device a hundred of them; so
 * small shards are hashed together, and what is to give way to other work is hashed in slices.
 */
#ifndef VRES_CORE_DEVICE_VRAM_DIGEST_MANY_H
#define VRES_CORE_DEVICE_VRAM_DIGEST_MANY_H

#include "device/vram_digest.h"

/*
 * Data hashed at once when other work may be waiting: some 64 us of an H200 at its integer limit
 * (not yet run on a GPU).
 */
#define SLICE_BYTES (UINT64_C(64) << 20)

/* Shards of one device that are hashed up to the same level in one job. */
struct vram_digest_job {
	struct vres_lane lane;
	uint32_t block_size, level;
	size_t n, room;
	uint64_t count, bytes; /* digests and data of what was added */
	struct vres_range *ranges;
	vres_hash_run *runs;
	uint8_t *digests; /* one after the other, in the order of the shards */
};

/* @room shards, at most RUNS_MAX. */
vres_status vres_vram_digest_job_open(struct vram_digest_job *job, struct vres_device *d,
                                      uint32_t lane_flags, uint32_t block_size, uint32_t level,
                                      size_t room, vres_error *err);
void vres_vram_digest_job_close(struct vram_digest_job *job);

/* One more; there is room, and its level has at most HOST_NODES digests. */
void vres_vram_digest_job_add(struct vram_digest_job *job, const struct vres_mem *mem,
                              const struct tree_shape *shape);

/* Hash all that was added, once. */
vres_status vres_vram_digest_job_run(struct vram_digest_job *job, uint64_t deadline,
                                     vres_error *err);

/* To which level the device hashes a shard when it is one of @n. */
uint32_t vres_vram_digest_job_level(const struct tree_shape *shape, size_t n);

/* Digests of @count neighbouring nodes of @level, from node @first on. */
vres_status vres_vram_digest_part(struct vram_digest *ms, uint32_t level, uint64_t first,
                                  uint64_t count, uint8_t *digests, vres_error *err);

/* As vres_vram_digest_root(), on the device, never more than SLICE_BYTES at once. */
vres_status vres_vram_digest_root_in_slices(struct vram_digest *ms, uint8_t root[VRES_SHA256_BYTES],
                                            vres_error *err);

#endif

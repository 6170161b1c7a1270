/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lanes: transfers and hashes on a device, in order, with proof that they happened. */
#ifndef VRES_CORE_DEVICE_LANE_H
#define VRES_CORE_DEVICE_LANE_H

#include "device/objects.h"

/*
 * Bytes of one staging buffer.  Large enough that launching a copy costs nothing beside it; two of
 * them are all the host memory a seal needs.
 */
#define LANE_BYTES ((size_t)16 << 20)

/* A queue with its staging buffer.  Value; moved with TAKE. */
struct vres_lane {
	struct vres_device *device;
	vres_blane *handle;
	uint8_t *staging;
	size_t bytes;
	/* Random; what buffers hold before a pull, which flips all its bits, or a hash fills them.
	 */
	uint8_t poison[32];
	/* The pull under way; pulled 0: none. */
	const struct vres_mem *from;
	uint64_t from_offset;
	size_t pulled;
	const uint8_t *digests; /* of the hash job under way, or NULL */
	uint64_t digests_count, nonce, echo;
};

/* @bytes 0: for hashing only.  @flags: VRES_LANE_x */
vres_status vres_lane_open(struct vres_device *d, size_t bytes, uint32_t flags,
                           struct vres_lane *out, vres_error *err);
void vres_lane_close(struct vres_lane *lane);
vres_status vres_lane_push(struct vres_lane *lane, const struct vres_mem *dst, uint64_t offset,
                           size_t n, vres_error *err);
vres_status vres_lane_pull(struct vres_lane *lane, const struct vres_mem *src, uint64_t offset,
                           size_t n, vres_error *err);

/* A range of @mem to hash. */
struct vres_range {
	const struct vres_mem *mem;
	uint64_t offset, bytes;
};

/* Ranges that are hashed at once in arrays on the stack; and shards in one job of several. */
#define RANGES_MAX 64u
#define RUNS_MAX   1024u

/*
 * Digests of @n ranges at @level into @digests, which has room for exactly @count of them; @runs
 * has room for @n.  One job at a time on a lane.
 */
vres_status vres_lane_hash(struct vres_lane *lane, const struct vres_range *ranges, size_t n,
                           uint32_t block_size, uint32_t level, vres_hash_run *runs,
                           uint8_t *digests, uint64_t count, vres_error *err);

/* Wait for all that was put on the lane, and check that it was really done. */
vres_status vres_lane_wait(struct vres_lane *lane, uint64_t deadline, vres_error *err);

#endif

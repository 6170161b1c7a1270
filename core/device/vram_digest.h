/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Digests of what is in VRAM: nodes of the tree, or its root, computed by the device where it can,
 * else by pulling the bytes back and hashing them on the host.  Takes no device memory.
 *
 * Work that a driver left out while it reported success may show as wrong digests, which look like
 * damage.  They depend on random numbers that are new for each job, so they come out differently
 * each time, while damage comes out the same.  Hence the rule for callers: a digest that is not the
 * expected one, or that nothing is expected of, is computed twice, and vres_vram_digest_agree() is
 * asked.
 */
#ifndef VRES_CORE_DEVICE_VRAM_DIGEST_H
#define VRES_CORE_DEVICE_VRAM_DIGEST_H

#include "os/workers.h"
#include "device/device.h"
#include "device/lane.h"
#include "hash/tree.h"

/*
 * The device hashes up to the first level with at most so many digests; what is above takes the
 * host a few microseconds.
 */
#define HOST_NODES 64u

/* So many threads pull and hash at once; with as many, any link to a device is full. */
#define READBACK_LANES 32u

/* Stays where it is opened. */
struct vram_digest {
	struct vres_device *device;
	uint32_t block_size;
	uint64_t longest; /* range that is pulled */
	const struct vres_mem *mem;
	const struct tree_shape *shape; /* of all of @mem; for spans (vram_spans.h) NULL */
	uint64_t deadline;
	bool by_readback;
	bool is_twofold; /* digests of levels and nodes are computed twice, and have to agree */
	uint32_t lane_flags;
	/* For hashing only the first is open; for readback one a thread, opened by it. */
	struct vres_lane lanes[READBACK_LANES];
	struct workers workers; /* for readback */
	uint64_t bytes_hashed;
};

/* @threads: of the host, as workers_open(). */
vres_status vres_vram_digest_open(struct vram_digest *ms, const struct vres_mem *mem,
                                  const struct tree_shape *shape, bool by_readback,
                                  uint32_t lane_flags, uint32_t threads, uint64_t deadline,
                                  vres_error *err);
void vres_vram_digest_close(struct vram_digest *ms);

/* The second half of opening, once the fields say for what. */
vres_status vres_vram_digest_start(struct vram_digest *ms, uint32_t threads, vres_error *err);

/* Digests of all nodes of a level into @digests, which has room for shape->count[level] of them. */
vres_status vres_vram_digest_level(struct vram_digest *ms, uint32_t level, uint8_t *digests,
                                   vres_error *err);

/* Digests of the @count nodes of @level that make up @range, by readback. */
vres_status vres_vram_digest_readback(struct vram_digest *ms, const struct vres_range *range,
                                      uint32_t level, uint8_t *digests, uint64_t count,
                                      vres_error *err);

/* Digests of @n single nodes of a level; n is at most RANGES_MAX. */
vres_status vres_vram_digest_nodes(struct vram_digest *ms, uint32_t level, const uint64_t *index,
                                   size_t n, uint8_t *digests, vres_error *err);

/*
 * Are two outcomes of the same job the same?  VRES_E_BACKEND: no, so at least one of them is not
 * the digest of what is in VRAM, or that was being changed.
 */
vres_status vres_vram_digest_agree(const struct vram_digest *ms, const uint8_t *one,
                                   const uint8_t *two, size_t bytes, vres_error *err);

/* The root of the whole tree, and, by readback only and if not NULL, the flat digest. */
vres_status vres_vram_digest_root(struct vram_digest *ms, uint8_t root[VRES_SHA256_BYTES],
                                  uint8_t *flat, vres_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Digests of many ranges at once, each with a tree of its own and up to a level of its own: what a
 * shard of tensors is made of.  All ranges of a level are hashed in one job, since a launch costs
 * the same for one range as for thousands.
 */
#ifndef VRES_CORE_DEVICE_VRAM_SPANS_H
#define VRES_CORE_DEVICE_VRAM_SPANS_H

#include "device/vram_digest_many.h"

/* Whole nodes of @level of one tree; only the last node of the tree may be cut. */
struct vram_span {
	const struct vres_mem *mem;
	uint64_t offset, bytes; /* in @mem; any offset: blocks count from it */
	uint64_t at;            /* where its first digest goes */
	uint32_t level;         /* 0 or 1 */
};

/*
 * For spans of memory of @d, none of them longer than @longest.  Stays where it is opened; to be
 * closed by vres_vram_digest_close().
 */
vres_status vres_vram_spans_open(struct vram_digest *ms, struct vres_device *d, uint32_t block_size,
                                 uint64_t longest, bool by_readback, uint32_t lane_flags,
                                 uint32_t threads, uint64_t deadline, vres_error *err);

/* The nodes that @bytes bytes have at @level. */
uint64_t vres_vram_span_nodes(uint64_t bytes, uint32_t block_size, uint32_t level);

/*
 * Digests of the spans.  @in_slices: never more than SLICE_BYTES at once, or one node; slices run
 * across spans.
 */
vres_status vres_vram_digest_spans(struct vram_digest *ms, const struct vram_span *spans, size_t n,
                                   bool in_slices, uint8_t *digests, vres_error *err);

#endif

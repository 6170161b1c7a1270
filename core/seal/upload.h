/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass over a source: read, digest, copy to VRAM, and let the device digest what has arrived.
 */
#ifndef VRES_CORE_SEAL_UPLOAD_H
#define VRES_CORE_SEAL_UPLOAD_H

#include "device/device.h"
#include "device/lane.h"
#include "seal/source.h"
#include "hash/tree.h"

struct upload {
	struct source *source;
	const struct vres_mem *destination;
	struct sha256 *flat;       /* fed with every byte, or NULL */
	struct tree_builder *tree; /* fed with every byte, or NULL */
	/* To digest with or, where both are NULL, to read with; as for workers_open(). */
	uint32_t threads;

	/* Room for the digests of @level, which the device computes piece by piece; or NULL. */
	const struct tree_shape *shape;
	uint32_t level;
	uint8_t *arrived;

	vres_progress_fn progress;
	void *progress_ctx;
	uint64_t deadline;
	uint32_t lane_flags;
};

/* Do the pieces of a copy end where nodes of @level end, so the device can hash them one by one? */
bool vres_upload_can_hash(const struct tree_shape *shape, uint32_t level);

vres_status vres_upload(const struct upload *u, vres_error *err);

#endif

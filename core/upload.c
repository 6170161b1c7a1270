/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two lanes: while one copies to the device, the other is being filled and digested. */
#include "upload.h"

#include <inttypes.h>

static vres_status fill(const struct upload *u, struct vres_lane *lane, size_t n, vres_error *err)
{
	TRY(vres_source_next(u->source, lane->staging, n, err));
	if (u->flat)
		TRY(vres_sha256_add(u->flat, lane->staging, n, err));
	if (u->tree)
		TRY(tree_add(u->tree, lane->staging, n, err));
	return VRES_OK;
}

static vres_status tell(const struct upload *u, uint64_t done, vres_error *err)
{
	if (u->progress && !u->progress(u->progress_ctx, done, u->destination->bytes))
		return vres_fail(err, VRES_E_CANCELLED, "cancelled by the caller after %" PRIu64 " bytes", done);
	return VRES_OK;
}

static vres_status copy(const struct upload *u, struct vres_lane *lanes[2], vres_error *err)
{
	const uint64_t bytes = u->destination->bytes;
	unsigned turn = 0;

	for (uint64_t done = 0; done < bytes; turn ^= 1) {
		struct vres_lane *lane = lanes[turn];
		const size_t n = (size_t)min_u64(bytes - done, lane->bytes);

		TRY(vres_lane_wait(lane, u->deadline, err));
		TRY(fill(u, lane, n, err));
		TRY(vres_lane_push(lane, u->destination, done, n, err));
		done += n;
		TRY(tell(u, done, err));
	}
	TRY(vres_lane_wait(lanes[0], u->deadline, err));
	return lanes[1] == lanes[0] ? VRES_OK : vres_lane_wait(lanes[1], u->deadline, err);
}

vres_status vres_upload(const struct upload *u, vres_error *err)
{
	struct vres_device *d = u->destination->device;
	const size_t bytes = (size_t)min_u64(u->destination->bytes, LANE_BYTES);
	CLEANUP(vres_lane_close) struct vres_lane even = {0};
	CLEANUP(vres_lane_close) struct vres_lane odd = {0};
	const bool one_is_enough = u->destination->bytes <= LANE_BYTES;

	TRY(vres_lane_open(d, bytes, u->pinned, &even, err));
	if (!one_is_enough)
		TRY(vres_lane_open(d, bytes, u->pinned, &odd, err));
	TRY(copy(u, (struct vres_lane *[2]){&even, one_is_enough ? &even : &odd}, err));
	return vres_source_finish(u->source, err);
}

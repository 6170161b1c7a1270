/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two lanes: while one copies to the device, which hashes what has arrived, the other is being filled and digested.
 *
 * What the host digests is digested before the driver sees it: a driver that damages a staging buffer must not damage both sides of the
 * comparison.
 */
#include "upload.h"

#include <inttypes.h>

#include "pass.h"

/* Two lanes, what they do, and the piece that is being digested. */
struct copy {
	const struct upload *u;
	struct vres_lane *lanes[2];
	vres_hash_run runs[2][RANGES_MAX];
	struct pass pass;
	unsigned turn; /* whose lane holds the piece */
	uint64_t offset;
	size_t n; /* 0: there is none */
};

bool vres_upload_can_hash(const struct tree_shape *shape, uint32_t level)
{
	return shape->bytes <= LANE_BYTES || LANE_BYTES % tree_span(shape, level) == 0;
}

static vres_status hash(struct copy *c, vres_error *err)
{
	const struct upload *u = c->u;
	const struct vres_range range = {.mem = u->destination, .offset = c->offset, .bytes = c->n};
	const uint64_t span = tree_span(u->shape, u->level);

	return vres_lane_hash(c->lanes[c->turn], &range, 1, u->shape->block_size, u->level, c->runs[c->turn],
	                      u->arrived + c->offset / span * VRES_SHA256_BYTES, div_up_u64(c->n, span), err);
}

/* Send the piece that was digested. */
static vres_status send(struct copy *c, vres_error *err)
{
	const struct upload *u = c->u;
	const uint64_t done = c->offset + c->n;

	if (c->n == 0)
		return VRES_OK;
	TRY(pass_end(&c->pass, err));
	TRY(vres_lane_push(c->lanes[c->turn], u->destination, c->offset, c->n, err));
	if (u->arrived)
		TRY(hash(c, err));
	c->n = 0;
	if (u->progress && !u->progress(u->progress_ctx, done, u->destination->bytes))
		return vres_fail(err, VRES_E_CANCELLED, "cancelled by the caller after %" PRIu64 " bytes", done);
	return VRES_OK;
}

/* A lane is filled while the other's piece is digested, which is sent then; where nothing is digested, it is sent at once. */
static vres_status copy(struct copy *c, vres_error *err)
{
	const struct upload *u = c->u;
	const uint64_t bytes = u->destination->bytes;
	const bool digests = u->flat || u->tree;
	unsigned turn = 0;

	for (uint64_t done = 0; done < bytes; turn ^= 1) {
		struct vres_lane *lane = c->lanes[turn];
		const size_t n = (size_t)min_u64(bytes - done, lane->bytes);

		TRY(vres_lane_wait(lane, u->deadline, err));
		TRY(vres_source_next(u->source, lane->staging, n, err));
		TRY(send(c, err));
		TRY(pass_begin(&c->pass, lane->staging, n, err));
		c->turn = turn;
		c->offset = done;
		c->n = n;
		if (!digests)
			TRY(send(c, err));
		done += n;
	}
	TRY(send(c, err));
	TRY(vres_lane_wait(c->lanes[0], u->deadline, err));
	return c->lanes[1] == c->lanes[0] ? VRES_OK : vres_lane_wait(c->lanes[1], u->deadline, err);
}

static void copy_close(struct copy *c)
{
	pass_close(&c->pass);
}

vres_status vres_upload(const struct upload *u, vres_error *err)
{
	struct vres_device *d = u->destination->device;
	const size_t bytes = (size_t)min_u64(u->destination->bytes, LANE_BYTES);
	CLEANUP(vres_lane_close) struct vres_lane even = {0};
	CLEANUP(vres_lane_close) struct vres_lane odd = {0};
	CLEANUP(crew_close) struct crew crew = {0};
	CLEANUP(copy_close) struct copy c = {.u = u}; /* the last to be declared: nothing reads the staging buffers any more when they go */
	const bool one_is_enough = u->destination->bytes <= LANE_BYTES;

	TRY(vres_lane_open(d, bytes, u->lane_flags, &even, err));
	if (!one_is_enough)
		TRY(vres_lane_open(d, bytes, u->lane_flags, &odd, err));
	TRY(crew_open(&crew, u->threads, err));
	pass_open(&c.pass, &crew, u->tree, u->flat);
	c.lanes[0] = &even;
	c.lanes[1] = one_is_enough ? &even : &odd;
	TRY(copy(&c, err));
	return vres_source_finish(u->source, err);
}

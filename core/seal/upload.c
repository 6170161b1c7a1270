/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two lanes with staging buffers: while one copies to the device, the other is filled and digested.
 * A third lane hashes what has arrived, beside the next copy.
 *
 * One thread fills a buffer more slowly than a link empties it, so all threads fill it together
 * when the host has nothing to digest.
 *
 * The host digests a buffer before the driver sees it.  Otherwise a driver that damages the buffer
 * would damage both sides of the comparison.
 */
#include "seal/upload.h"

#include <inttypes.h>

#include "hash/hasher.h"

/* What one thread reads at a time. */
#define FILL_BYTES ((size_t)1 << 20)

struct piece {
	uint64_t offset;
	size_t n; /* 0: there is none */
};

struct copy {
	const struct upload *u;
	struct workers *workers;
	struct vres_lane *lanes[2], *hasher;
	struct piece sent[2];  /* by each lane, and not hashed by the device yet */
	struct piece digested; /* by the host, perhaps not to its end; the next to be sent */
	unsigned turn;         /* the lane that holds it */
	struct hasher pass;
	uint8_t *staging; /* being filled with `filling` bytes */
	size_t filling;
	vres_hash_run runs[RANGES_MAX];
};

bool vres_upload_can_hash(const struct tree_shape *shape, uint32_t level)
{
	return shape->bytes <= LANE_BYTES || LANE_BYTES % tree_span(shape, level) == 0;
}

/* Wait until what the lane sent has landed; its staging buffer is free then. */
static vres_status land(struct copy *c, unsigned turn, vres_error *err)
{
	return c->sent[turn].n > 0 ? vres_lane_wait(c->lanes[turn], c->u->deadline, err) : VRES_OK;
}

static vres_status hash_landed(struct copy *c, unsigned turn, vres_error *err)
{
	const struct upload *u = c->u;
	const struct piece piece = TAKE(c->sent[turn]);
	const struct vres_range range = {
		.mem = u->destination, .offset = piece.offset, .bytes = piece.n};
	uint64_t span;

	if (u->arrived == NULL || piece.n == 0)
		return VRES_OK;
	span = tree_span(u->shape, u->level);
	TRY(vres_lane_hash(c->hasher, &range, 1, u->shape->block_size, u->level, c->runs,
	                   u->arrived + piece.offset / span * VRES_SHA256_BYTES,
	                   div_up_u64(piece.n, span), err));
	return vres_lane_wait(c->hasher, u->deadline, err);
}

static bool digests(const struct copy *c)
{
	return c->u->flat || c->u->tree;
}

static vres_status fill_part(void *job, uint32_t worker, size_t index, vres_error *err)
{
	const struct copy *c = job;
	const size_t at = index * FILL_BYTES, left = c->filling - at;

	(void)worker;
	return vres_source_part(c->u->source, c->u->source->done + at, c->staging + at,
	                        left < FILL_BYTES ? left : FILL_BYTES, err);
}

/*
 * Where the host digests nothing, the threads fill the buffer while the caller waits for the device
 * to hash.
 */
static vres_status fill_and_hash(struct copy *c, unsigned turn, size_t n, vres_error *err)
{
	const bool in_parts = c->u->source->has_parts && !digests(c);

	c->staging = c->lanes[turn]->staging;
	c->filling = n;
	if (in_parts)
		workers_begin(c->workers, fill_part, c, (size_t)div_up_u64(n, FILL_BYTES));
	TRY(hash_landed(c, turn, err));
	if (!in_parts)
		return vres_source_next(c->u->source, c->staging, n, err);
	TRY(workers_end(c->workers, err));
	vres_source_skip(c->u->source, n);
	return VRES_OK;
}

/* Send the piece that the host has digested. */
static vres_status send(struct copy *c, vres_error *err)
{
	const struct upload *u = c->u;
	const struct piece piece = c->digested;
	const uint64_t done = piece.offset + piece.n;

	if (piece.n == 0)
		return VRES_OK;
	TRY(hasher_end(&c->pass, err));
	TRY(vres_lane_push(c->lanes[c->turn], u->destination, piece.offset, piece.n, err));
	c->sent[c->turn] = piece;
	c->digested.n = 0;
	if (u->progress && !u->progress(u->progress_ctx, done, u->destination->bytes))
		return vres_fail(err, VRES_E_CANCELLED,
		                 "cancelled by the caller after %" PRIu64 " bytes", done);
	return VRES_OK;
}

/*
 * Fill one lane's buffer while the other's is digested, then send that one.  Where nothing is
 * digested, send at once.
 */
static vres_status copy(struct copy *c, vres_error *err)
{
	const uint64_t bytes = c->u->destination->bytes;
	unsigned turn = 0;

	for (uint64_t done = 0; done < bytes; turn ^= 1) {
		const struct piece piece = {
			.offset = done, .n = (size_t)min_u64(bytes - done, c->lanes[turn]->bytes)};

		TRY(land(c, turn, err));
		TRY(fill_and_hash(c, turn, piece.n, err));
		TRY(send(c, err));
		c->digested = piece;
		c->turn = turn;
		TRY(digests(c) ? hasher_begin(&c->pass, c->staging, piece.n, err) : send(c, err));
		done += piece.n;
	}
	TRY(send(c, err));
	for (unsigned i = 0; i < 2; i++, turn ^= 1) {
		TRY(land(c, turn, err));
		TRY(hash_landed(c, turn, err));
	}
	return VRES_OK;
}

static void copy_close(struct copy *c)
{
	hasher_close(&c->pass);
}

vres_status vres_upload(const struct upload *u, vres_error *err)
{
	struct vres_device *d = u->destination->device;
	const size_t bytes = (size_t)min_u64(u->destination->bytes, LANE_BYTES);
	CLEANUP(vres_lane_close) struct vres_lane even = {0};
	CLEANUP(vres_lane_close) struct vres_lane odd = {0};
	CLEANUP(vres_lane_close) struct vres_lane hasher = {0};
	CLEANUP(workers_close) struct workers workers = {0};
	/* Declared last, so closed first: then no thread touches the staging buffers any more. */
	CLEANUP(copy_close) struct copy c = {.u = u};
	const bool one_is_enough = u->destination->bytes <= LANE_BYTES;

	TRY(vres_lane_open(d, bytes, u->lane_flags, &even, err));
	if (!one_is_enough)
		TRY(vres_lane_open(d, bytes, u->lane_flags, &odd, err));
	if (!one_is_enough && u->arrived)
		TRY(vres_lane_open(d, 0, u->lane_flags, &hasher, err));
	TRY(workers_open(&workers, u->threads, err));
	hasher_open(&c.pass, &workers, u->tree, u->flat);
	c.workers = &workers;
	c.lanes[0] = &even;
	c.lanes[1] = one_is_enough ? &even : &odd;
	c.hasher = one_is_enough ? &even : &hasher;
	TRY(copy(&c, err));
	return vres_source_finish(u->source, err);
}

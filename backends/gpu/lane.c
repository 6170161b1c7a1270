/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lanes: a stream of our own, which waits for nobody else's work, and a staging buffer.
 *
 * Copies go to the stream when they are put on the lane.  A hash is done when the lane is waited
 * for, since it may need many launches and has a deadline only then; what is put on the lane behind
 * one waits with it.
 */
#include "gpu/lane.h"

#include <stdlib.h>
#include <string.h>

#include "gpu/context.h"
#include "gpu/hash.h"
#include "gpu/scratch.h"
#include "gpu/staging.h"
#include "gpu/wait.h"

enum work_kind { WORK_PUSH, WORK_PULL, WORK_HASH };

struct gpu_work {
	struct gpu_work *next;
	enum work_kind kind;
	vres_bmem *mem; /* of a copy */
	uint64_t offset;
	size_t n;
	vres_hash_job job; /* of a hash */
};

vres_status gpu_lane_open(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out,
                          void **staging, vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};
	vres_status status;
	vres_blane *lane;

	TRY(gpu_enter(dev, &visit, err));
	lane = calloc(1, sizeof(*lane));
	if (lane == NULL)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, dev->index, "no memory for a lane");
	lane->dev = dev;
	lane->bytes = bytes;
	lane->is_low = (flags & VRES_LANE_LOW_PRIORITY) != 0;
	lane->slot = NO_SLOT;
	status = gpu_staging_take(lane, flags, err);
	if (status == VRES_OK)
		status = gpu_outcome(
			dev, dev->driver->stream_open(dev->binding, lane->is_low, &lane->stream),
			"opening a stream", err);
	if (status != VRES_OK) {
		gpu_staging_give_back(lane, true);
		free(lane);
		return status;
	}
	*out = lane;
	*staging = lane->buffer.at;
	return VRES_OK;
}

static vres_status stuck_check(const vres_blane *lane, vres_error *err)
{
	if (lane->is_stuck)
		return gpu_error(err, VRES_E_BACKEND, 0, lane->dev->index,
		                 "the lane missed a deadline and has not been closed since");
	return VRES_OK;
}

static vres_status copy(vres_blane *lane, const struct gpu_work *work, vres_error *err)
{
	vres_bdev *dev = lane->dev;
	const uint64_t there = work->mem->chunk.addr + work->offset;

	if (work->kind == WORK_PUSH)
		return gpu_outcome(dev,
		                   dev->driver->push(dev->binding, there, lane->buffer.at, work->n,
		                                     lane->stream),
		                   "copying to the device", err);
	return gpu_outcome(
		dev, dev->driver->pull(dev->binding, lane->buffer.at, there, work->n, lane->stream),
		"copying from the device", err);
}

static vres_status queue(vres_blane *lane, const struct gpu_work *work, vres_error *err)
{
	struct gpu_work **last = &lane->queue;
	struct gpu_work *own = malloc(sizeof(*own));

	if (own == NULL)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, lane->dev->index,
		                 "no memory to put work on a lane");
	while (*last)
		last = &(*last)->next;
	*own = *work;
	own->next = NULL;
	*last = own;
	return VRES_OK;
}

static vres_status put(vres_blane *lane, const struct gpu_work *work, vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};

	TRY(gpu_enter(lane->dev, &visit, err));
	TRY(stuck_check(lane, err));
	if (work->kind == WORK_HASH || lane->queue)
		return queue(lane, work, err);
	return copy(lane, work, err);
}

vres_status gpu_lane_push(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n,
                          vres_error *err)
{
	return put(
		lane,
		&(const struct gpu_work){.kind = WORK_PUSH, .mem = dst, .offset = offset, .n = n},
		err);
}

vres_status gpu_lane_pull(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n,
                          vres_error *err)
{
	return put(
		lane,
		&(const struct gpu_work){.kind = WORK_PULL, .mem = src, .offset = offset, .n = n},
		err);
}

vres_status gpu_hash_blocks(vres_blane *lane, const vres_hash_job *job, vres_error *err)
{
	TRY(gpu_hash_prepare(lane, err));
	return put(lane, &(const struct gpu_work){.kind = WORK_HASH, .job = *job}, err);
}

static void forget(vres_blane *lane)
{
	while (lane->queue) {
		struct gpu_work *work = lane->queue;

		lane->queue = work->next;
		free(work);
	}
}

static vres_status finish(vres_blane *lane, uint64_t until, vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};

	TRY(gpu_enter(lane->dev, &visit, err));
	TRY(stuck_check(lane, err));
	for (const struct gpu_work *work = lane->queue; work; work = work->next)
		TRY(work->kind == WORK_HASH ? gpu_hash_run(lane, &work->job, until, err)
		                            : copy(lane, work, err));
	return gpu_stream_wait(lane->dev, lane->stream, until, &lane->is_stuck, err);
}

/* Whatever comes of it, the jobs are forgotten: what they point to is the caller's again. */
vres_status gpu_lane_wait(vres_blane *lane, uint64_t deadline, vres_error *err)
{
	const vres_status status = finish(lane, gpu_until(deadline), err);

	forget(lane);
	return status;
}

/* Hashes not begun are left out: they change nothing on the device. */
void gpu_lane_close(vres_blane *lane)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};
	vres_bdev *dev = lane->dev;
	vres_error unheard;
	bool is_idle;

	gpu_enter_to_close(dev, &visit);
	for (const struct gpu_work *work = lane->queue; work && !lane->is_stuck; work = work->next)
		if (work->kind != WORK_HASH)
			(void)copy(lane, work, &unheard);
	is_idle = dev->driver->stream_finish(dev->binding, lane->stream) == 0;
	gpu_scratch_give_back(dev, &lane->slot);
	(void)dev->driver->stream_close(dev->binding, lane->stream);
	forget(lane);
	gpu_hash_forget(lane);
	gpu_staging_give_back(lane, is_idle);
	free(lane);
}

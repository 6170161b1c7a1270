/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Doing a hash job on a lane: what hash_plan.c planned is put on the lane's stream a batch at a
 * time, waited for, and fetched.
 *
 * The pieces of a batch are copied to the device before its first launch, while nothing of this job
 * runs, so that the copy has nothing to wait for.  Everything is on one stream, so launches need no
 * waiting for each other.
 */
#include "gpu/hash.h"

#include <stdlib.h>

#include "gpu/context.h"
#include "gpu/hash_plan.h"
#include "gpu/hash_top.h"
#include "gpu/scratch.h"
#include "gpu/wait.h"
#include "kernels/leaf_hash.h"

struct hashing {
	vres_bdev *dev;
	vres_blane *lane;
	const vres_hash_job *job;
	uint64_t until;
	struct gpu_plan plan;
	struct gpu_top top;
	vres_leaf_hash_args args; /* what all launches have in common */
	uint64_t done;            /* results that were fetched */
	uint64_t batches;         /* that were put on the lane */
	/* The job's nonce, as long as every launch has echoed its batch's. */
	uint64_t echo;
};

struct buffer {
	uint8_t *bytes;
};

static void buffer_free(struct buffer *buffer)
{
	free(buffer->bytes);
}

static vres_status launch(struct hashing *h, uint32_t i, vres_error *err)
{
	const struct gpu_planned_launch *planned = &h->plan.desk->launches[i];
	vres_leaf_hash_args args = h->args;

	args.pieces =
		(const vres_leaf_hash_piece *)(uintptr_t)h->plan.slot.pieces + planned->first_piece;
	args.echo = (uint64_t *)(uintptr_t)h->plan.slot.echoes + i;
	args.pieces_count = planned->pieces;
	args.threads = planned->threads;
	return gpu_outcome(h->dev,
	                   h->dev->driver->launch(h->dev->binding, h->dev->kernel,
	                                          (planned->threads + GPU_GROUP - 1) / GPU_GROUP,
	                                          GPU_GROUP, &args, h->lane->stream),
	                   "launching the kernel", err);
}

/*
 * Batches write their echoes to the same words, so each has a nonce of its own: a launch that did
 * not run would otherwise leave what was echoed there in the batch before.  Far apart, since the
 * nonces of jobs are beside each other.
 */
static void renew_nonce(struct hashing *h)
{
	h->args.nonce = h->job->nonce + (h->batches++ << 40);
}

static vres_status put_batch(struct hashing *h, vres_error *err)
{
	const struct gpu_plan *plan = &h->plan;

	renew_nonce(h);
	TRY(gpu_outcome(h->dev,
	                h->dev->driver->push(h->dev->binding, plan->slot.pieces, plan->desk->pieces,
	                                     plan->pieces * sizeof(plan->desk->pieces[0]),
	                                     h->lane->stream),
	                "telling the device what to hash", err));
	for (uint32_t i = 0; i < plan->launches; i++)
		TRY(launch(h, i, err));
	return VRES_OK;
}

/*
 * Results and echoes to the host.  Nothing is on its way to host memory any more when this returns,
 * whatever it returns.
 */
static vres_status bring(struct hashing *h, uint8_t *results, uint64_t echoes[PLAN_LAUNCHES],
                         vres_error *err)
{
	const struct gpu_driver *driver = h->dev->driver;
	const struct gpu_plan *plan = &h->plan;
	struct gpu_binding *b = h->dev->binding;
	const uint64_t from = plan->slot.digests + plan->slot.results * LEAF_HASH_BYTES;
	int code = driver->pull(b, results, from, plan->results * LEAF_HASH_BYTES, h->lane->stream);
	int finished;

	if (code == 0)
		code = driver->pull(b, echoes, plan->slot.echoes,
		                    plan->launches * sizeof(echoes[0]), h->lane->stream);
	finished = driver->stream_finish(b, h->lane->stream);
	return gpu_outcome(h->dev, code != 0 ? code : finished, "copying digests from the device",
	                   err);
}

/*
 * The kernels are waited for first, which has a deadline; the copies then take no time to speak of.
 */
static vres_status fetch(struct hashing *h, vres_error *err)
{
	CLEANUP(buffer_free) struct buffer between = {0};
	const bool is_top = h->plan.levels == h->job->level;
	uint64_t echoes[PLAN_LAUNCHES] = {0};
	uint8_t *to = h->job->digests + h->done * LEAF_HASH_BYTES;

	if (!is_top)
		to = between.bytes = malloc(h->plan.results * LEAF_HASH_BYTES);
	TRY(gpu_stream_wait(h->dev, h->lane->stream, h->until, &h->lane->is_stuck, err));
	if (to == NULL)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, h->dev->index, "no memory to hash");
	TRY(bring(h, to, echoes, err));
	for (uint32_t i = 0; i < h->plan.launches; i++)
		if (echoes[i] != h->args.nonce)
			h->echo = ~h->job->nonce;
	h->done += h->plan.results;
	if (!is_top)
		gpu_top_add(&h->top, to, h->plan.results);
	return VRES_OK;
}

static vres_status run(struct hashing *h, vres_error *err)
{
	while (gpu_plan_next(&h->plan)) {
		TRY(put_batch(h, err));
		TRY(fetch(h, err));
	}
	return VRES_OK;
}

static vres_status begin(struct hashing *h, vres_error *err)
{
	const uint64_t slot_bytes = h->dev->scratch.slot_bytes;
	vres_blane *lane = h->lane;

	/*
	 * A job that failed left the slot: what it put on the stream is to be over before its
	 * pieces are overwritten.
	 */
	if (lane->slot == NO_SLOT)
		TRY(gpu_scratch_take(lane->dev, h->until, &lane->slot, err));
	else
		TRY(gpu_stream_wait(lane->dev, lane->stream, h->until, &lane->is_stuck, err));
	gpu_plan_begin(&h->plan, h->job, lane->desk,
	               h->dev->scratch.chunk.addr + lane->slot * slot_bytes, slot_bytes,
	               h->dev->processors, lane->is_low);
	h->args = (vres_leaf_hash_args){.digests = (uint8_t *)(uintptr_t)h->plan.slot.digests,
	                                .digests_room = (uint32_t)h->plan.slot.room,
	                                .block_size = h->job->block_size,
	                                .one = 1};
	leaf_hash_know_padding(h->args.padding, h->job->block_size);
	if (h->plan.levels < h->job->level &&
	    !gpu_top_open(&h->top, h->job, h->plan.levels, h->args.padding))
		return gpu_error(err, VRES_E_NO_MEMORY, 0, h->dev->index, "no memory to hash");
	return VRES_OK;
}

vres_status gpu_hash_run(vres_blane *lane, const vres_hash_job *job, uint64_t until,
                         vres_error *err)
{
	struct hashing h = {
		.dev = lane->dev, .lane = lane, .job = job, .until = until, .echo = job->nonce};
	vres_status status = begin(&h, err);

	if (status == VRES_OK)
		status = run(&h, err);
	gpu_top_close(&h.top);
	if (status != VRES_OK)
		return status;
	*job->echo = h.echo;
	/* After a failure the slot stays this lane's: kernels that may still run write to it. */
	gpu_scratch_give_back(lane->dev, &lane->slot);
	return VRES_OK;
}

vres_status gpu_hash_prepare(vres_blane *lane, vres_error *err)
{
	if (lane->dev->kernel == NULL)
		return gpu_error(err, VRES_E_UNSUPPORTED, 0, lane->dev->index,
		                 "no kernel image fits this device and driver");
	if (lane->desk)
		return VRES_OK;
	lane->desk = calloc(1, sizeof(*lane->desk));
	if (lane->desk && gpu_desk_open(lane->desk, lane->dev->scratch.slot_bytes))
		return VRES_OK;
	gpu_hash_forget(lane);
	return gpu_error(err, VRES_E_NO_MEMORY, 0, lane->dev->index, "no memory to plan a hash");
}

void gpu_hash_forget(vres_blane *lane)
{
	if (lane->desk)
		gpu_desk_close(lane->desk);
	free(lane->desk);
	lane->desk = NULL;
}

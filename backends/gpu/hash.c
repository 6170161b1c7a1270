/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Does a hash job on a lane: what hash_plan.c planned is put on the lane's stream a batch at a
 * time, waited for, and fetched.
 *
 * The pieces of a batch are copied to the device before its first launch, while nothing of this job
 * runs, so the copy waits for nothing.  Everything is on one stream, so launches need not wait for
 * each other.
 *
 * A driver may report success for a copy or a launch that it did not make.  Each launch has a nonce
 * of its own: it is in the pieces that the launch reads, in the masks of the digests that it
 * stores, and in its echo.  Host buffers hold no digest when a copy into them begins.  So whatever
 * was left out is a wrong echo, or a wrong digest that changes with the nonce; it is never a right
 * digest of an earlier job.
 */
#include "gpu/hash.h"
#include <stdlib.h>
#include <string.h>
#include "gpu/context.h"
#include "gpu/hash_plan.h"
#include "gpu/hash_top.h"
#include "gpu/scratch.h"
#include "gpu/wait.h"
#include "kernels/leaf_hash.h"

/* What host memory holds where a digest is to be copied to. */
#define NO_DIGEST 0xa5

struct hashing {
	vres_bdev *dev;
	vres_blane *lane;
	const vres_hash_job *job;
	uint64_t until;
	struct gpu_plan plan;
	struct gpu_top top;
	vres_leaf_hash_args args; /* what all launches have in common */
	uint64_t done;            /* results that were fetched */
	uint64_t batches;         /* that were planned */
	bool is_undone;           /* some work was reported done and was not */
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
	args.nonce = gpu_plan_nonce(&h->plan, i);
	args.pieces_count = planned->pieces;
	args.threads = planned->threads;
	return gpu_outcome(h->dev,
	                   h->dev->driver->launch(h->dev->binding, h->dev->kernel,
	                                          (planned->threads + GPU_GROUP - 1) / GPU_GROUP,
	                                          GPU_GROUP, &args, h->lane->stream),
	                   "launching the kernel", err);
}

static vres_status put_batch(struct hashing *h, vres_error *err)
{
	const struct gpu_plan *plan = &h->plan;

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
static vres_status copy_back(struct hashing *h, uint8_t *results, uint64_t echoes[PLAN_LAUNCHES],
                             vres_error *err)
{
	const struct gpu_driver *driver = h->dev->driver;
	const struct gpu_plan *plan = &h->plan;
	struct gpu_binding *b = h->dev->binding;
	const uint64_t from = plan->slot.digests + plan->slot.results * LEAF_HASH_BYTES;
	const uint64_t bytes = plan->results * LEAF_HASH_BYTES;
	int code, finished;

	memset(results, NO_DIGEST, bytes);
	code = driver->pull(b, results, from, bytes, h->lane->stream);
	for (uint32_t i = 0; i < plan->launches; i++)
		echoes[i] = ~gpu_plan_nonce(plan, i);
	if (code == 0)
		code = driver->pull(b, echoes, plan->slot.echoes,
		                    plan->launches * sizeof(echoes[0]), h->lane->stream);
	finished = driver->stream_finish(b, h->lane->stream);
	return gpu_outcome(h->dev, code != 0 ? code : finished, "copying digests from the device",
	                   err);
}

static bool is_missing(const uint8_t result[LEAF_HASH_BYTES])
{
	bool is_poison = true;

	for (uint32_t i = 0; i < LEAF_HASH_BYTES; i++)
		is_poison &= result[i] == NO_DIGEST;
	return is_poison;
}

/* Digests as the launches stored them become plain ones. */
static void reveal(struct hashing *h, uint8_t *results, const uint64_t echoes[PLAN_LAUNCHES])
{
	uint32_t place = (uint32_t)h->plan.slot.results;

	for (uint32_t i = 0; i < h->plan.launches; i++) {
		const uint64_t nonce = gpu_plan_nonce(&h->plan, i);

		h->is_undone |= echoes[i] != nonce;
		for (uint32_t j = 0; j < h->plan.desk->launches[i].results; j++) {
			h->is_undone |= is_missing(results);
			leaf_hash_reveal(results, nonce, place++);
			results += LEAF_HASH_BYTES;
		}
	}
}

/* Waits for the kernels first, which has a deadline; the copies after them take hardly any time. */
static vres_status fetch(struct hashing *h, vres_error *err)
{
	CLEANUP(buffer_free) struct buffer between = {0};
	const bool is_top = h->plan.levels == h->job->level;
	uint64_t echoes[PLAN_LAUNCHES];
	uint8_t *to = h->job->digests + h->done * LEAF_HASH_BYTES;

	if (!is_top)
		to = between.bytes = malloc(h->plan.results * LEAF_HASH_BYTES);
	TRY(gpu_stream_wait(h->dev, h->lane->stream, h->until, &h->lane->is_stuck, err));
	if (to == NULL)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, h->dev->index, "no memory to hash");
	TRY(copy_back(h, to, echoes, err));
	reveal(h, to, echoes);
	h->done += h->plan.results;
	if (!is_top)
		gpu_top_add(&h->top, to, h->plan.results);
	return VRES_OK;
}

static vres_status run(struct hashing *h, vres_error *err)
{
	/* Batches far apart, so that no launch of one has the nonce of a launch of another. */
	while (gpu_plan_next(&h->plan, h->job->nonce + (h->batches++ << 40))) {
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
	 * An earlier job on this slot failed: its work must be over before its pieces are
	 * overwritten.
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
	struct hashing h = {.dev = lane->dev, .lane = lane, .job = job, .until = until};
	vres_status status = begin(&h, err);

	if (status == VRES_OK)
		status = run(&h, err);
	gpu_top_close(&h.top);
	if (status != VRES_OK)
		return status;
	*job->echo = h.is_undone ? ~job->nonce : job->nonce;
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

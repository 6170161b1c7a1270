/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The injector's slots for lanes: copies, hashes and waiting. */
#include <inttypes.h>
#include "support/suite/alloc.h"
#include "support/injector/injector_model.h"

vres_status injected_lane_open(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out,
                               void **staging, vres_error *err)
{
	vres_blane *inner;

	ANSWERED(VRES_MOCK_OP_LANE_OPEN, dev->injector, dev->index);
	TRY(dev->injector->inner->lane_open(dev->inner, bytes, flags, &inner, staging, err));
	*out = test_alloc(sizeof(**out));
	**out = (struct vres_blane){.dev = dev, .inner = inner};
	atomic_fetch_add(&dev->injector->live, 1);
	return VRES_OK;
}

static vres_status stuck(const vres_blane *lane, vres_error *err)
{
	if (!lane->is_stuck)
		return VRES_OK;
	return injector_error(err, VRES_E_BACKEND, INJECTOR_DEADLINE, lane->dev->index,
	                      "the lane missed a deadline and has not been closed since");
}

vres_status injected_lane_push(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n,
                               vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_LANE_PUSH, lane->dev->injector, lane->dev->index);
	TRY(stuck(lane, err));
	atomic_store(&dst->is_written, true);
	return lane->dev->injector->inner->lane_push(lane->inner, dst->inner, offset, n, err);
}

vres_status injected_lane_pull(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n,
                               vres_error *err)
{
	ANSWERED(VRES_MOCK_OP_LANE_PULL, lane->dev->injector, lane->dev->index);
	TRY(stuck(lane, err));
	return lane->dev->injector->inner->lane_pull(lane->inner, src->inner, offset, n, err);
}

static void jobs_forget(vres_blane *lane)
{
	while (lane->jobs) {
		struct job_runs *next = lane->jobs->next;

		test_free(lane->jobs);
		lane->jobs = next;
	}
}

vres_status injected_hash_blocks(vres_blane *lane, const vres_hash_job *job, vres_error *err)
{
	struct injector *injector = lane->dev->injector;
	vres_hash_job own = *job;
	struct job_runs *kept;

	ANSWERED(VRES_MOCK_OP_HASH_BLOCKS, injector, lane->dev->index);
	TRY(stuck(lane, err));
	if (injector->no_device_hash)
		return injector_error(err, VRES_E_UNSUPPORTED, INJECTOR_INCAPABLE, lane->dev->index,
		                      "device %" PRIu32 " cannot hash", lane->dev->index);
	kept = test_alloc(sizeof(*kept) + job->runs_count * sizeof(kept->runs[0]));
	for (size_t i = 0; i < job->runs_count; i++)
		kept->runs[i] = (vres_hash_run){job->runs[i].mem->inner, job->runs[i].offset,
		                                job->runs[i].bytes};
	kept->next = lane->jobs;
	lane->jobs = kept;
	own.runs = kept->runs;
	return injector->inner->hash_blocks(lane->inner, &own, err);
}

vres_status injected_lane_wait(vres_blane *lane, uint64_t deadline, vres_error *err)
{
	struct injector *injector = lane->dev->injector;
	vres_status status, waited;
	vres_error unheard;

	if (injector_answers(injector, VRES_MOCK_OP_LANE_WAIT, lane->dev->index, deadline, &status,
	                     err)) {
		lane->is_stuck |= status != VRES_OK && err->reason == VRES_REASON_DEADLINE;
		waited = injector->inner->lane_wait(lane->inner, deadline, &unheard);
		(void)waited;
	} else {
		status = stuck(lane, err);
		if (status == VRES_OK)
			status = injector->inner->lane_wait(lane->inner, deadline, err);
	}
	jobs_forget(lane);
	return status;
}

void injected_lane_close(vres_blane *lane)
{
	lane->dev->injector->inner->lane_close(lane->inner);
	jobs_forget(lane);
	atomic_fetch_sub(&lane->dev->injector->live, 1);
	test_free(lane);
}

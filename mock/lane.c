/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lanes: what is put on one is only noted, and done when the lane is waited for; copies, but no
 * hashes, when it is closed.  So a caller that uses staging or digests before it has waited finds
 * old bytes, every time and not only on a busy GPU.
 *
 * A lane whose wait missed its deadline is stuck: what was on it is never done, and it takes
 * nothing more until it is closed.
 */
#include "mock/lane.h"

#include <inttypes.h>
#include <stdlib.h>

#include "mock/error.h"
#include "mock/hash.h"
#include "mock/script.h"
#include "mock/span.h"

enum work_kind { WORK_PUSH, WORK_PULL, WORK_HASH };

struct work {
	enum work_kind kind;
	vres_bmem *mem; /* of a copy */
	uint64_t offset;
	size_t n;
	vres_hash_job job; /* of a hash; what it points to is the caller's until the wait */
	uint8_t *scratch;
};

struct vres_blane {
	vres_mock *mock;
	uint32_t device;
	bool stuck;
	void *block;   /* in which staging begins at a page */
	void *staging; /* or NULL */
	size_t bytes;
	struct work *queue;
	size_t count;
	size_t room;
};

#define QUEUE_FIRST 8

/* Drivers give whole pages: what is copied and hashed in whole cache lines takes less time. */
#define STAGING_ALIGNMENT 4096

/*
 * Not by posix_memalign(): that maps what is as large as this anew each time, and page faults take
 * longer than hashing.
 */
static bool staging_make(struct vres_blane *lane, size_t bytes)
{
	size_t room;

	if (bytes == 0)
		return true;
	if (__builtin_add_overflow(bytes, STAGING_ALIGNMENT - 1, &room))
		return false;
	lane->block = malloc(room);
	if (lane->block == NULL)
		return false;
	lane->staging = (void *)(((uintptr_t)lane->block + STAGING_ALIGNMENT - 1) /
	                         STAGING_ALIGNMENT * STAGING_ALIGNMENT);
	return true;
}

vres_status vres_mocked_lane_open(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out,
                                  void **staging, vres_error *err)
{
	vres_blane *lane;
	vres_status status;

	(void)flags; /* neither page-locking nor priority makes a difference to a mock */
	if (vres_mock_script_answers(dev->mock, VRES_MOCK_OP_LANE_OPEN, dev->index, NO_DEADLINE,
	                             &status, err))
		return status;
	lane = calloc(1, sizeof(*lane));
	if (lane == NULL || !staging_make(lane, bytes)) {
		free(lane);
		return vres_mock_error(err, VRES_E_NO_MEMORY, CODE_HOST, dev->index,
		                       "no memory for a lane of %zu bytes", bytes);
	}
	lane->mock = dev->mock;
	lane->device = dev->index;
	lane->bytes = bytes;
	(void)atomic_fetch_add(&lane->mock->live, 1);
	*out = lane;
	*staging = lane->staging;
	return VRES_OK;
}

/* The core guarantees all of this; a mock that checks it finds the bug. */
static vres_status range_check(const vres_blane *lane, const vres_bmem *mem, uint64_t offset,
                               uint64_t n, vres_error *err)
{
	if (mem->mock != lane->mock || mem->device != lane->device)
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_MISUSE, lane->device,
		                       "memory of another device on a lane of device %" PRIu32,
		                       lane->device);
	if (offset > mem->bytes || n > mem->bytes - offset)
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_MISUSE, lane->device,
		                       "range %" PRIu64 "+%" PRIu64 " leaves memory of %" PRIu64
		                       " bytes",
		                       offset, n, mem->bytes);
	return VRES_OK;
}

static vres_status stuck_check(const vres_blane *lane, vres_error *err)
{
	if (!lane->stuck)
		return VRES_OK;
	return vres_mock_error(err, VRES_E_BACKEND, CODE_DEADLINE, lane->device,
	                       "the lane missed a deadline and has not been closed since");
}

static vres_status put(vres_blane *lane, const struct work *work, vres_error *err)
{
	if (lane->count == lane->room) {
		size_t room = lane->room ? 2 * lane->room : QUEUE_FIRST;
		struct work *queue = realloc(lane->queue, room * sizeof(*queue));

		if (queue == NULL)
			return vres_mock_error(err, VRES_E_NO_MEMORY, CODE_HOST, lane->device,
			                       "no memory for a queue of %zu", room);
		lane->queue = queue;
		lane->room = room;
	}
	lane->queue[lane->count++] = *work;
	return VRES_OK;
}

static vres_status put_copy(vres_blane *lane, enum work_kind kind, vres_bmem *mem, uint64_t offset,
                            size_t n, vres_error *err)
{
	const vres_mock_op op = kind == WORK_PUSH ? VRES_MOCK_OP_LANE_PUSH : VRES_MOCK_OP_LANE_PULL;
	vres_status status;

	if (vres_mock_script_answers(lane->mock, op, lane->device, NO_DEADLINE, &status, err))
		return status;
	TRY(stuck_check(lane, err));
	TRY(range_check(lane, mem, offset, n, err));
	if (n > lane->bytes)
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_MISUSE, lane->device,
		                       "%zu bytes do not fit a staging buffer of %zu", n,
		                       lane->bytes);
	return put(lane, &(struct work){.kind = kind, .mem = mem, .offset = offset, .n = n}, err);
}

vres_status vres_mocked_lane_push(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n,
                                  vres_error *err)
{
	return put_copy(lane, WORK_PUSH, dst, offset, n, err);
}

vres_status vres_mocked_lane_pull(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n,
                                  vres_error *err)
{
	return put_copy(lane, WORK_PULL, src, offset, n, err);
}

vres_status vres_mocked_hash_blocks(vres_blane *lane, const vres_hash_job *job, vres_error *err)
{
	struct work work = {.kind = WORK_HASH, .job = *job};
	vres_status status;

	if (vres_mock_script_answers(lane->mock, VRES_MOCK_OP_HASH_BLOCKS, lane->device,
	                             NO_DEADLINE, &status, err))
		return status;
	if (lane->mock->no_device_hash)
		return vres_mock_error(err, VRES_E_UNSUPPORTED, CODE_INCAPABLE, lane->device,
		                       "mock device %" PRIu32 " cannot hash", lane->device);
	TRY(stuck_check(lane, err));
	for (size_t i = 0; i < job->runs_count; i++)
		TRY(range_check(lane, job->runs[i].mem, job->runs[i].offset, job->runs[i].bytes,
		                err));
	if (job->level > 0) {
		work.scratch = calloc(job->level, job->block_size);
		if (work.scratch == NULL)
			return vres_mock_error(err, VRES_E_NO_MEMORY, CODE_HOST, lane->device,
			                       "no memory to hash at level %" PRIu32, job->level);
	}
	status = put(lane, &work, err);
	if (status != VRES_OK)
		free(work.scratch);
	return status;
}

static vres_status copy(vres_blane *lane, const struct work *work, vres_error *err)
{
	const uint64_t addr = work->mem->addr + work->offset;
	struct vres_mock_span *span;

	if (work->kind == WORK_PUSH) {
		TRY(vres_mock_span_enter(lane->mock, addr, work->n, ACCESS_WRITE, &span, err));
		memcpy((void *)(uintptr_t)addr, lane->staging, work->n);
	} else {
		TRY(vres_mock_span_enter(lane->mock, addr, work->n, ACCESS_READ, &span, err));
		memcpy(lane->staging, (const void *)(uintptr_t)addr, work->n);
	}
	vres_mock_span_leave(lane->mock, span);
	return VRES_OK;
}

/*
 * In order, up to the first that fails.  Once the lane is closing, what a hash would write to may
 * be gone.
 */
static vres_status work_off(vres_blane *lane, bool closing, vres_error *err)
{
	for (size_t i = 0; i < lane->count; i++) {
		const struct work *work = &lane->queue[i];

		if (work->kind != WORK_HASH)
			TRY(copy(lane, work, err));
		else if (!closing)
			TRY(vres_mock_hash(lane->mock, &work->job, work->scratch, err));
	}
	return VRES_OK;
}

static void forget(vres_blane *lane)
{
	while (lane->count > 0)
		free(lane->queue[--lane->count].scratch);
}

vres_status vres_mocked_lane_wait(vres_blane *lane, uint64_t deadline, vres_error *err)
{
	vres_status status;

	if (vres_mock_script_answers(lane->mock, VRES_MOCK_OP_LANE_WAIT, lane->device, deadline,
	                             &status, err)) {
		if (status != VRES_OK && err->reason == VRES_REASON_DEADLINE)
			lane->stuck = true;
	} else {
		status = lane->stuck ? stuck_check(lane, err) : work_off(lane, false, err);
	}
	forget(lane);
	return status;
}

void vres_mocked_lane_close(vres_blane *lane)
{
	vres_error unheard;

	if (!vres_mock_device_lost(lane->mock, lane->device))
		(void)work_off(lane, true, &unheard);
	forget(lane);
	if (lane->staging)
		explicit_bzero(lane->staging, lane->bytes);
	free(lane->block);
	free(lane->queue);
	(void)atomic_fetch_sub(&lane->mock->live, 1);
	free(lane);
}

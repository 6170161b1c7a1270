/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lanes: transfers and hashes on a device, in order, with proof that they happened.
 *
 * Before a pull the staging buffer is marked with random bytes, before a hash the digests are
 * filled with them and the device code is given a nonce to echo.  A backend that reports success
 * without having done the work leaves a mark, and that is an error of the backend; without the
 * marks it would look like damaged weights.
 */
#include "device/device.h"

#include <inttypes.h>

#include "device/backend_call.h"
#include "hash/crypto.h"

#define MARK_EVERY ((size_t)4096)

vres_status vres_lane_open(struct vres_device *d, size_t bytes, uint32_t flags,
                           struct vres_lane *out, vres_error *err)
{
	struct vres_lane lane = {.device = d, .bytes = bytes};
	vres_error detail = {0};
	void *staging = NULL;

	TRY(vres_call_alive(d, err));
	TRY(vres_os_random(lane.poison, sizeof(lane.poison), err));
	TRY(vres_call_outcome(d,
	                      d->driver->table.lane_open(d->handle, bytes, flags, &lane.handle,
	                                                 &staging, &detail),
	                      &detail, "opening a lane", err));
	lane.staging = staging;
	if (bytes > 0 && staging == NULL) {
		vres_lane_close(&lane);
		return vres_fail_at(err, VRES_E_BACKEND, VRES_REASON_DEVICE, d->index,
		                    "the driver gave no staging buffer");
	}
	*out = lane;
	return VRES_OK;
}

void vres_lane_close(struct vres_lane *lane)
{
	if (lane->handle)
		lane->device->driver->table.lane_close(lane->handle);
	lane->handle = NULL;
}

static vres_status fits(const struct vres_lane *lane, const struct vres_mem *mem, uint64_t offset,
                        size_t n, vres_error *err)
{
	TRY(vres_call_alive(lane->device, err));
	if (n > lane->bytes || lane->device != mem->device)
		return vres_fail_at(err, VRES_E_INTERNAL, VRES_REASON_NONE, lane->device->index,
		                    "a transfer of %zu bytes does not fit its lane", n);
	return vres_call_range(mem, offset, n, err);
}

vres_status vres_lane_push(struct vres_lane *lane, const struct vres_mem *dst, uint64_t offset,
                           size_t n, vres_error *err)
{
	vres_error detail = {0};

	TRY(fits(lane, dst, offset, n, err));
	return vres_call_outcome(lane->device,
	                         lane->device->driver->table.lane_push(lane->handle, dst->handle,
	                                                               offset, n, &detail),
	                         &detail, "copying to VRAM", err);
}

/*
 * At the beginning of each page, and at the end.  A piece shorter than a mark has a part of one,
 * instead of what came before.
 */
static void marks_set(struct vres_lane *lane, size_t n)
{
	const size_t last = n < sizeof(lane->poison) ? n : sizeof(lane->poison);

	for (size_t at = 0; at + sizeof(lane->poison) <= n; at += MARK_EVERY)
		memcpy(lane->staging + at, lane->poison, sizeof(lane->poison));
	memcpy(lane->staging + n - last, lane->poison, last);
}

static bool is_mark(const struct vres_lane *lane, size_t at)
{
	return vres_crypto_equal(lane->staging + at, lane->poison, sizeof(lane->poison));
}

/* In a piece shorter than a mark none is looked for: its content could be the mark by chance. */
static bool a_mark_is_left(const struct vres_lane *lane)
{
	for (size_t at = 0; at + sizeof(lane->poison) <= lane->pulled; at += MARK_EVERY)
		if (is_mark(lane, at))
			return true;
	return lane->pulled >= sizeof(lane->poison) &&
	       is_mark(lane, lane->pulled - sizeof(lane->poison));
}

vres_status vres_lane_pull(struct vres_lane *lane, const struct vres_mem *src, uint64_t offset,
                           size_t n, vres_error *err)
{
	vres_error detail = {0};

	TRY(fits(lane, src, offset, n, err));
	marks_set(lane, n);
	TRY(vres_call_outcome(lane->device,
	                      lane->device->driver->table.lane_pull(lane->handle, src->handle,
	                                                            offset, n, &detail),
	                      &detail, "copying from VRAM", err));
	lane->pulled = n;
	return VRES_OK;
}

static bool hash_was_not_done(const struct vres_lane *lane)
{
	if (lane->digests == NULL)
		return false;
	for (uint64_t i = 0; i < lane->digests_count; i++)
		if (vres_crypto_equal(lane->digests + i * VRES_SHA256_BYTES, lane->poison,
		                      VRES_SHA256_BYTES))
			return true;
	return lane->echo != lane->nonce;
}

/* Digests that a run of @bytes yields: nodes of fanout^level blocks. */
static uint64_t run_digests(uint64_t bytes, uint32_t block_size, uint32_t level)
{
	uint64_t n = div_up_u64(bytes, block_size);

	for (uint32_t i = 0; i < level; i++)
		n = div_up_u64(n, block_size / VRES_SHA256_BYTES);
	return n;
}

vres_status vres_lane_hash(struct vres_lane *lane, const struct vres_range *ranges, size_t n,
                           uint32_t block_size, uint32_t level, vres_hash_run *runs,
                           uint8_t *digests, uint64_t count, vres_error *err)
{
	struct vres_device *d = lane->device;
	vres_hash_job job = {.struct_size = sizeof(job),
	                     .runs = runs,
	                     .runs_count = n,
	                     .block_size = block_size,
	                     .level = level,
	                     .digests = digests};
	vres_error detail = {0};
	uint64_t expected = 0;
	bool is_elsewhere = false;

	TRY(vres_call_alive(d, err));
	for (size_t i = 0; i < n && i < RUNS_MAX; i++) {
		is_elsewhere |= ranges[i].mem->device != d;
		TRY(vres_call_range(ranges[i].mem, ranges[i].offset, ranges[i].bytes, err));
		runs[i] = (vres_hash_run){.mem = ranges[i].mem->handle,
		                          .offset = ranges[i].offset,
		                          .bytes = ranges[i].bytes};
		expected += run_digests(ranges[i].bytes, block_size, level);
	}
	if (n == 0 || n > RUNS_MAX || expected != count || is_elsewhere ||
	    !vres_device_can(d, VRES_DEVICE_CAN_HASH))
		return vres_fail_at(err, VRES_E_INTERNAL, VRES_REASON_NONE, d->index,
		                    "a hash job of %zu runs is malformed", n);
	for (uint64_t i = 0; i < count; i++)
		memcpy(digests + i * VRES_SHA256_BYTES, lane->poison, VRES_SHA256_BYTES);
	lane->nonce = atomic_fetch_add(&d->nonce, 1);
	lane->echo = ~lane->nonce;
	job.nonce = lane->nonce;
	job.echo = &lane->echo;
	TRY(vres_call_outcome(d, d->driver->table.hash_blocks(lane->handle, &job, &detail), &detail,
	                      "hashing in VRAM", err));
	lane->digests = digests;
	lane->digests_count = count;
	return VRES_OK;
}

vres_status vres_lane_wait(struct vres_lane *lane, uint64_t deadline, vres_error *err)
{
	struct vres_device *d = lane->device;
	vres_error detail = {0};
	vres_status status;
	bool undone;

	/*
	 * Not vres_call_alive(): the backend must hear that what is on the lane is not wanted any
	 * more, also when another thread has seen the device go.
	 */
	status = d->driver->table.lane_wait(lane->handle, deadline, &detail);
	undone = status == VRES_OK && (hash_was_not_done(lane) || a_mark_is_left(lane));
	lane->digests = NULL;
	lane->pulled = 0;
	TRY(vres_call_outcome(d, status, &detail, "waiting for the device", err));
	if (undone)
		return vres_fail_at(err, VRES_E_BACKEND, VRES_REASON_DEVICE, d->index,
		                    "the driver reported success for work it did not do");
	return VRES_OK;
}

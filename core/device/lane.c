/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lanes: transfers and hashes on a device, in order, with proof that they happened.
 *
 * A backend may report success for work that was not done.  Before a pull the staging buffer is
 * marked with random bytes; before a hash the digests are filled with them, and the device code is
 * given a random nonce, which it echoes and mixes into all that it hands on
 * (backends/kernels/leaf_hash.h).  A mark that is left, or a nonce that does not come back, is an
 * error of the backend.  A digest of other bytes than the job's cannot be seen here: see
 * vram_digest.h for what tells it from damage.
 */
#include "device/lane.h"

#include <inttypes.h>

#include "device/backend_call.h"
#include "device/device.h"
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
 * Marks the first @n bytes: at the beginning of each page, and at the end.  Each time all bits of
 * the mark are others than the time before.
 */
static void marks_set(struct vres_lane *lane, size_t n)
{
	const size_t last = n < sizeof(lane->poison) ? n : sizeof(lane->poison);

	for (size_t i = 0; i < sizeof(lane->poison); i++)
		lane->poison[i] = (uint8_t)~lane->poison[i];
	for (size_t at = 0; at + sizeof(lane->poison) <= n; at += MARK_EVERY)
		memcpy(lane->staging + at, lane->poison, sizeof(lane->poison));
	memcpy(lane->staging + n - last, lane->poison, last);
}

/* A piece shorter than a mark has the beginning of one. */
static bool is_mark(const struct vres_lane *lane, size_t at)
{
	const size_t n = lane->pulled < sizeof(lane->poison) ? lane->pulled : sizeof(lane->poison);

	return vres_crypto_equal(lane->staging + at, lane->poison, n);
}

static bool a_mark_is_left(const struct vres_lane *lane)
{
	for (size_t at = 0; at + sizeof(lane->poison) <= lane->pulled; at += MARK_EVERY)
		if (is_mark(lane, at))
			return true;
	return lane->pulled >= sizeof(lane->poison) &&
	       is_mark(lane, lane->pulled - sizeof(lane->poison));
}

static vres_status start_pull(struct vres_lane *lane, vres_error *err)
{
	vres_error detail = {0};

	marks_set(lane, lane->pulled);
	return vres_call_outcome(
		lane->device,
		lane->device->driver->table.lane_pull(lane->handle, lane->from->handle,
	                                              lane->from_offset, lane->pulled, &detail),
		&detail, "copying from VRAM", err);
}

vres_status vres_lane_pull(struct vres_lane *lane, const struct vres_mem *src, uint64_t offset,
                           size_t n, vres_error *err)
{
	vres_status status;

	TRY(fits(lane, src, offset, n, err));
	lane->from = src;
	lane->from_offset = offset;
	lane->pulled = n;
	status = start_pull(lane, err);
	if (status != VRES_OK)
		lane->pulled = 0;
	return status;
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
	for (size_t i = 0; i < n; i++) {
		is_elsewhere |= ranges[i].mem->device != d;
		TRY(vres_call_range(ranges[i].mem, ranges[i].offset, ranges[i].bytes, err));
		runs[i] = (vres_hash_run){.mem = ranges[i].mem->handle,
		                          .offset = ranges[i].offset,
		                          .bytes = ranges[i].bytes};
		expected += run_digests(ranges[i].bytes, block_size, level);
	}
	if (n == 0 || expected != count || is_elsewhere ||
	    !vres_device_can(d, VRES_DEVICE_CAN_HASH))
		return vres_fail_at(err, VRES_E_INTERNAL, VRES_REASON_NONE, d->index,
		                    "a hash job of %zu runs is malformed", n);
	for (uint64_t i = 0; i < count; i++)
		memcpy(digests + i * VRES_SHA256_BYTES, lane->poison, VRES_SHA256_BYTES);
	TRY(vres_os_random(&lane->nonce, sizeof(lane->nonce), err));
	lane->echo = ~lane->nonce;
	job.nonce = lane->nonce;
	job.echo = &lane->echo;
	TRY(vres_call_outcome(d, d->driver->table.hash_blocks(lane->handle, &job, &detail), &detail,
	                      "hashing in VRAM", err));
	lane->digests = digests;
	lane->digests_count = count;
	return VRES_OK;
}

/* Waits, and then forgets what was under way. *undone: some of it is, whatever the driver says. */
static vres_status wait_once(struct vres_lane *lane, uint64_t deadline, bool *undone,
                             vres_error *err)
{
	struct vres_device *d = lane->device;
	vres_error detail = {0};
	vres_status status;

	/*
	 * Not vres_call_alive(): the backend must hear that what is on the lane is not wanted any
	 * more, also when another thread has seen the device go.
	 */
	status = d->driver->table.lane_wait(lane->handle, deadline, &detail);
	*undone = status == VRES_OK && (hash_was_not_done(lane) || a_mark_is_left(lane));
	lane->digests = NULL;
	return vres_call_outcome(d, status, &detail, "waiting for the device", err);
}

/*
 * A piece shorter than a mark may equal its beginning by chance.  Pulled again with the inverse as
 * mark, it cannot.
 */
static vres_status repeat_short_pull(struct vres_lane *lane, uint64_t deadline, bool *undone,
                                     vres_error *err)
{
	if (lane->pulled == 0 || lane->pulled >= sizeof(lane->poison) || !is_mark(lane, 0))
		return VRES_OK;
	TRY(start_pull(lane, err));
	TRY(wait_once(lane, deadline, undone, err));
	*undone = is_mark(lane, 0);
	return VRES_OK;
}

vres_status vres_lane_wait(struct vres_lane *lane, uint64_t deadline, vres_error *err)
{
	bool undone;
	vres_status status = wait_once(lane, deadline, &undone, err);

	if (status == VRES_OK && !undone)
		status = repeat_short_pull(lane, deadline, &undone, err);
	lane->pulled = 0;
	TRY(status);
	if (undone)
		return vres_fail_at(err, VRES_E_BACKEND, VRES_REASON_DEVICE, lane->device->index,
		                    "the driver reported success for work it did not do");
	return VRES_OK;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See wiped.h. */
#include "device/wiped.h"

#include <inttypes.h>

#include "device/lane.h"
#include "hash/crypto.h"

#define BLOCK 4096u

/* What the device makes of a block of zeros, however many of them are there: it pads with zeros. */
static const uint8_t zeros_digest[VRES_SHA256_BYTES] = {
	0xad, 0x7f, 0xac, 0xb2, 0x58, 0x6f, 0xc6, 0xe9, 0x66, 0xc0, 0x04,
	0xd7, 0xd1, 0xd1, 0x6b, 0x02, 0x4f, 0x58, 0x05, 0xff, 0x7c, 0xb4,
	0x7c, 0x7a, 0x85, 0xda, 0xbd, 0x8b, 0x48, 0x89, 0x2c, 0xa7};

/* One block from each of *count runs of blocks, their lengths equal or one apart. */
static vres_status choose(const struct vres_mem *mem, struct vres_range ranges[RANGES_MAX],
                          size_t *count, vres_error *err)
{
	const uint64_t blocks = div_up_u64(mem->bytes, BLOCK), n = min_u64(blocks, RANGES_MAX);
	uint64_t at[RANGES_MAX], first = 0;

	TRY(vres_os_random(at, sizeof(at), err));
	for (uint64_t i = 0; i < n; i++) {
		const uint64_t length = blocks / n + (i < blocks % n);
		const uint64_t offset = (first + at[i] % length) * BLOCK;

		ranges[i] = (struct vres_range){
			.mem = mem, .offset = offset, .bytes = min_u64(mem->bytes - offset, BLOCK)};
		first += length;
	}
	*count = (size_t)n;
	return VRES_OK;
}

static vres_status was_not(const struct vres_mem *mem, vres_error *err)
{
	return vres_fail_at(err, VRES_E_BACKEND, VRES_REASON_DEVICE, mem->device->index,
	                    "device %" PRIu32 " still has bytes that its driver reported as wiped",
	                    mem->device->index);
}

static vres_status by_hashing(const struct vres_range *ranges, size_t n, uint64_t deadline,
                              vres_error *err)
{
	CLEANUP(vres_lane_close) struct vres_lane lane = {0};
	uint8_t digests[RANGES_MAX * VRES_SHA256_BYTES];
	vres_hash_run runs[RANGES_MAX];

	TRY(vres_lane_open(ranges[0].mem->device, 0, 0, &lane, err));
	TRY(vres_lane_hash(&lane, ranges, n, BLOCK, 0, runs, digests, n, err));
	TRY(vres_lane_wait(&lane, deadline, err));
	for (size_t i = 0; i < n; i++)
		if (!vres_crypto_equal(digests + i * VRES_SHA256_BYTES, zeros_digest,
		                       VRES_SHA256_BYTES))
			return was_not(ranges[0].mem, err);
	return VRES_OK;
}

static vres_status by_reading(const struct vres_range *ranges, size_t n, uint64_t deadline,
                              vres_error *err)
{
	static const uint8_t zeros[BLOCK];
	CLEANUP(vres_lane_close) struct vres_lane lane = {0};

	TRY(vres_lane_open(ranges[0].mem->device, BLOCK, 0, &lane, err));
	for (size_t i = 0; i < n; i++) {
		TRY(vres_lane_pull(&lane, ranges[i].mem, ranges[i].offset, (size_t)ranges[i].bytes,
		                   err));
		TRY(vres_lane_wait(&lane, deadline, err));
		if (!vres_crypto_equal(lane.staging, zeros, (size_t)ranges[i].bytes))
			return was_not(ranges[i].mem, err);
	}
	return VRES_OK;
}

vres_status vres_mem_check_wiped(const struct vres_mem *mem, uint64_t deadline, vres_error *err)
{
	struct vres_range ranges[RANGES_MAX];
	size_t n = 0;

	TRY(choose(mem, ranges, &n, err));
	return vres_device_can(mem->device, VRES_DEVICE_CAN_HASH)
	               ? by_hashing(ranges, n, deadline, err)
	               : by_reading(ranges, n, deadline, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verifying: are the bytes still in VRAM, and still the same?
 */
#ifndef VRES_VERIFY_H
#define VRES_VERIFY_H

#include <vres/damage.h>
#include <vres/manager.h>
#include <vres/policy.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fills all @n bytes of @buf with the bytes at @offset and returns VRES_OK, or fails. */
typedef vres_status (*vres_read_at_fn)(void *ctx, uint64_t offset, void *buf, size_t n);

/**
 * struct vres_verify_params - how to verify
 * @mode:         a vres_verify_mode
 * @sample_units: how many samples SAMPLED takes; 0: as policy says.  With fewer than policy says,
 *                the verification does not count for leases
 * @source:       delivers the bytes as they were sealed, which locates damage to the block; not for
 *                a shard of tensors; NULL: none
 * @source_ctx:   passed to @source
 * @background:   1: give way to other work on the device.  Lanes have low priority, and FULL hashes
 *                at most 64 MiB at a time, so that other work waits for no more than that.  The
 *                result is the same, later
 * @reserved:     0
 * @damage:       room for the damaged ranges; the first element comes from vres_damage_init(), and
 *                its struct_size is the distance between elements; NULL: none.  Filled on failure,
 *                as far as damage_count of the report says
 * @damage_cap:   how many ranges there is room for; 0 when @damage is NULL
 */
typedef struct vres_verify_params {
	size_t struct_size;
	uint32_t mode, sample_units;
	vres_read_at_fn source;
	void *source_ctx;
	uint32_t background, reserved;
	vres_damage *damage;
	size_t damage_cap;
} vres_verify_params;

VRES_DEFINE_INIT(vres_verify_params)

/**
 * struct vres_verify_report - what a verification did and found
 * @status:           as returned for this shard
 * @reason:           a vres_reason
 * @mode:             the mode that was used: READBACK when FULL was asked for on a device that
 *                    cannot hash
 * @reserved:         0
 * @blocks_total:     blocks in the shard
 * @blocks_checked:   of them, hashed by this verification
 * @bytes_hashed:     bytes of the shard that this verification hashed
 * @bad_blocks:       at least this many blocks are damaged
 * @first_bad_offset: where the first damaged range starts, in the shard or in its tensor
 * @first_bad_bytes:  how long it is; 0: no range is known
 * @duration:         how long it took
 * @damage_count:     damaged ranges, also beyond damage_cap.  Neighbours are joined, so between two
 *                    ranges something is undamaged, or was not looked at by SAMPLED.  0 with
 * damage: the digests on the host are damaged too, and nothing can say where
 * @bad_tensors:      damaged tensors; 0 in a shard without tensors
 */
typedef struct vres_verify_report {
	size_t struct_size;
	vres_status status;
	uint32_t reason, mode, reserved;
	uint64_t blocks_total, blocks_checked, bytes_hashed, bad_blocks, first_bad_offset,
		first_bad_bytes, duration, damage_count, bad_tensors;
} vres_verify_report;

VRES_DEFINE_INIT(vres_verify_report)

/**
 * struct vres_set_report - what verifying a set found
 * @verified:     shards found good
 * @failed:       shards damaged, or that could not be checked
 * @first_failed: position, in the array that was given, of the first of them; -1: none
 * @reserved:     0
 */
typedef struct vres_set_report {
	size_t struct_size;
	uint32_t verified, failed;
	int32_t first_failed;
	uint32_t reserved;
} vres_set_report;

VRES_DEFINE_INIT(vres_set_report)

/**
 * vres_shard_verify() - verify a shard
 * @s:   the shard
 * @p:   how; NULL: FULL
 * @out: from vres_verify_report_init(), or NULL; also filled on failure
 *
 * A failed verification quarantines this shard, and no other; see vres_shard_repair().  A seal that
 * is too old (EXPIRED) is only refused.  When something prevents the verification, the status is
 * 3xx: that is never success, and is never reported as tampering.
 *
 * Allocates no device memory.  A successful SIGNATURE allocates no host memory either, except for
 * what libcrypto takes for an HMAC.
 *
 * Return: VRES_OK; VRES_E_SEAL_VERIFICATION_FAILED with reason SIGNATURE, DIGEST, RESIDENCY,
 *         EXPIRED or QUARANTINED; VRES_E_INVALID_INPUT (params); VRES_E_UNSUPPORTED (READBACK
 *         without VRES_ALLOW_READBACK, or the device cannot hash); VRES_E_AUDIT;
 *         VRES_E_DEVICE_LOST; VRES_E_BACKEND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_verify(vres_shard *s, const vres_verify_params *p,
                                                       vres_verify_report *out, vres_error *err);

/**
 * vres_verify_many() - verify several shards in one call, all devices at the same time
 * @m:       the manager, to which all shards belong
 * @shards:  @n references
 * @n:       1 to 2^20
 * @p:       how; NULL: FULL; source and damage must be NULL
 * @reports: @n reports, all with the struct_size of the first, which is the distance between them;
 *           or NULL; also filled on failure
 * @err:     why the shard failed that decides the status, or NULL
 *
 * Every shard is verified, whatever happens to the others, with the result that vres_shard_verify()
 * gives.  Events come in the order of the shards, after the last check.  With FULL, up to 1,024
 * shards of a device share a job, so that many small shards take little longer than a large one of
 * the same size.  A job that exceeds the deadline of the policy leaves all of its shards unchecked.
 *
 * Return: VRES_OK when every shard is good; else the status of the first damaged shard or, if none
 *         is damaged, of the first that could not be checked, as vres_shard_verify().
 */
VRES_API VRES_MUST_CHECK vres_status vres_verify_many(vres_manager *m, vres_shard *const *shards,
                                                      size_t n, const vres_verify_params *p,
                                                      vres_verify_report *reports, vres_error *err);

/**
 * vres_set_verify() - verify the shards of one model
 * @m:      the manager
 * @shards: @n references, in any order
 * @n:      how many
 * @p:      as for vres_verify_many()
 * @out:    from vres_set_report_init(), or NULL; also filled on failure
 *
 * The shards must form one complete set: each index exactly once, and the same model_ref, group_id
 * and total_shards in all.  They are then verified as by vres_verify_many().
 *
 * Return: as vres_verify_many(); VRES_E_INVALID_INPUT when they are not one complete set
 *         (first_failed is the position of the shard that does not fit).
 */
VRES_API VRES_MUST_CHECK vres_status vres_set_verify(vres_manager *m, vres_shard *const *shards,
                                                     size_t n, const vres_verify_params *p,
                                                     vres_set_report *out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
